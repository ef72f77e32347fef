"""``make bench-quality DATA=…``: how much of the article is kept, and how much else, beside peers.

Every page of role ``dev`` is given to everybody as full-page text in four renderings and as the
output of six extractors. Each answer is compared with the gold by shingles of four words.
Headlines, bylines, dates and captions count for nobody, because the gold sets disagree whether
they are of the article.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from cleaner.bench.peers import PEERS
from cleaner.bench.quality_page import page_of
from cleaner.bench.shingles import Match, Score, match, score, shingles
from cleaner.learn.heads import split_head, tokens_of
from cleaner.learn.texts import EXTRACTORS, RENDERINGS, read_texts, write_texts
from cleaner.model import Document
from cleaner.pipeline import Cleaner
from cleaner.profiles import Options
from cleaner.threads import one_thread

OURS = {
    "boilerstrip standard": Options(),
    "boilerstrip body": Options("body"),
    "boilerstrip light": Options("light"),
    "classifier alone": Options("body", detectors=("classifier",)),
}
_WORST = 50
_PACE = "jusText"


@dataclass(frozen=True, slots=True)
class Answer:
    """What one system made of one text of one page."""

    page: str
    page_type: str
    language: str
    source: str
    system: str
    match: Match
    seconds: float
    """Of processor time, for this answer."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What an answer is compared with."""

    gold: Counter[tuple[str, ...]]
    """Shingles of the article's body."""
    aside: frozenset[tuple[str, ...]]
    """Shingles of headline, byline, date and captions."""
    lines: frozenset[int]
    """Hashes of lines that are one of these."""

    @classmethod
    def of(cls, about: dict[str, Any]) -> Truth:
        """Return it for a page of `texts.read_texts`."""
        apart = [*about["apart"], about["title"]]
        head, body = split_head(about["gold"], apart)
        known = [text for text in (*apart, *head, " ".join(head)) if text.strip()]
        aside = frozenset(shingle for text in known for shingle in shingles(text))
        return cls(shingles("\n".join(body)), aside, frozenset(_marks(known)))

    def match(self, answer: str) -> Match:
        """Compare an answer's lines, but for those of the head."""
        lines = [line for line in answer.split("\n") if line.strip()]
        marked = zip(lines, _marks(lines), strict=True)
        text = "\n".join(line for line, mark in marked if mark not in self.lines)
        return match(self.gold, text, self.aside)


def _marks(lines: list[str]) -> list[int]:
    return tokens_of(lines).line_hashes.tolist() if lines else []


def main() -> None:
    """Measure, print the tables, write figures and report."""
    one_thread()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder of pages; or the benchmark's own folder")
    parser.add_argument(
        "--work", type=Path, default=Path("build/quality"), help="texts are kept here"
    )
    parser.add_argument("--out", type=Path, default=Path("build/quality"))
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--only", help="systems to measure, comma separated")
    parser.add_argument("--every", type=int, default=1, help="measure every Nth page alone")
    given = parser.parse_args()
    for name in write_texts(given.data, given.work, given.workers, "dev"):
        sys.stderr.write(f"texts: {name}\n")
    systems = given.only.split(",") if given.only else [*PEERS, *OURS]
    rows = [row for row in read_texts(given.work) if row[0]["role"] == "dev" and row[0]["gold"]]
    rows = rows[:: given.every]
    answers = measure(rows, systems, given.workers)
    given.out.mkdir(parents=True, exist_ok=True)
    with (given.out / "quality.txt").open("w", encoding="utf-8") as file:
        for console in (Console(), Console(file=file, width=110)):
            for table in (*tables(answers, systems), speed(answers, systems)):
                console.print(table)
    took = {name: round(_milliseconds(answers, name), 3) for name in systems}
    found = {"figures": figures(answers), "floors": floors(answers), "milliseconds": took}
    (given.out / "quality.json").write_text(json.dumps(found, indent=1) + "\n")
    worst = [_worst(rows, answers, kind) for kind in (tuple(RENDERINGS), tuple(EXTRACTORS))]
    report = page_of(_points(answers, systems), [row for rows in worst for row in rows])
    (given.out / "quality.html").write_text(report, encoding="utf-8")


def measure(
    rows: Sequence[tuple[dict[str, Any], dict[str, str]]], systems: Sequence[str], workers: int
) -> list[Answer]:
    """Return every system's answer for every text of every page."""
    tasks = [(about, texts, tuple(systems)) for about, texts in rows]
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        found = []
        for index, answers in enumerate(pool.imap(_answers, tasks, chunksize=2)):
            found += answers
            if sys.stderr.isatty():
                sys.stderr.write(f"\r{index + 1} of {len(tasks)} pages")
        return found


def _answers(task: tuple[dict[str, Any], dict[str, str], tuple[str, ...]]) -> list[Answer]:
    about, texts, systems = task
    truth = Truth.of(about)
    found = []
    for source, text in texts.items():
        for system in systems if text else ():
            start = time.process_time()
            answer = answer_of(system, text, about["language"])
            seconds = time.process_time() - start
            found.append(
                Answer(
                    about["id"], about["page_type"], about["language"][:2], source, system,
                    truth.match(answer), seconds,
                )
            )  # fmt: skip
    return found


def answer_of(system: str, text: str, language: str) -> str:
    """Return what a system in `OURS` or `PEERS` leaves of a text."""
    if system in PEERS:
        return PEERS[system](text, language)
    return _cleaner(system).clean(Document(text=text)).text


@cache
def _cleaner(system: str) -> Cleaner:
    return Cleaner(OURS[system])


def tables(answers: Sequence[Answer], systems: Sequence[str]) -> Iterator[Table]:
    """Yield F1 by source, then the two kinds by page type and language."""
    articles = [answer for answer in answers if answer.page_type == "article"]
    sources = [
        name for name in (*RENDERINGS, *EXTRACTORS) if any(a.source == name for a in articles)
    ]
    yield _table("F1, articles", systems, sources, articles, lambda answer: answer.source)
    full = [answer for answer in answers if answer.source in RENDERINGS]
    kinds = sorted({answer.page_type for answer in full})
    yield _table("F1, full pages by type", systems, kinds, full, lambda answer: answer.page_type)
    tongues = [tongue for tongue in sorted({a.language for a in full}) if tongue]
    mine = [answer for answer in full if answer.page_type == "article"]
    yield _table("F1, article pages by language", systems, tongues, mine, lambda a: a.language)


def speed(answers: Sequence[Answer], systems: Sequence[str]) -> Table:
    """Return how long each system takes for a full page; only ratios travel between machines."""
    table = Table("", "ms a page", "pages a second, jusText = 1", title="One core, full pages")
    took = {name: _milliseconds(answers, name) for name in systems}
    for system, each in took.items():
        ratio = f"{took[_PACE] / each:.2f}" if _PACE in took else ""
        table.add_row(system, f"{each:.2f}", ratio)
    return table


def _milliseconds(answers: Sequence[Answer], system: str) -> float:
    """Return the mean time for a full page, the slowest hundredth left out: it loads and stalls."""
    seconds = sorted(a.seconds for a in answers if a.system == system and a.source in RENDERINGS)
    most = seconds[: math.ceil(len(seconds) * 0.99)]
    return max(1000 * sum(most) / max(len(most), 1), 1e-3)


def _table(
    title: str,
    systems: Sequence[str],
    columns: Sequence[str],
    answers: Iterable[Answer],
    column_of: Callable[[Answer], str],
) -> Table:
    cells: dict[tuple[str, str], list[Match]] = {}
    for answer in answers:
        cells.setdefault((answer.system, column_of(answer)), []).append(answer.match)
    table = Table("", *columns, title=title)
    for system in systems:
        found = [cells.get((system, column)) for column in columns]
        table.add_row(system, *(_cell(score(cell)) if cell else "" for cell in found))
    sizes = [len(cells.get((systems[0], column), ())) for column in columns]
    table.add_row("documents", *map(str, sizes), style="dim")
    return table


def _cell(found: Score) -> str:
    return f"{found.f1:.3f}±{found.f1_within:.3f}"


def figures(answers: Sequence[Answer]) -> dict[str, dict[str, dict[str, float]]]:
    """Return F1, precision, recall and the words lost and left, by system and source.

    Articles alone. ``chrome_left`` and ``article_lost`` are shares of what stood in the text.
    """
    groups: dict[tuple[str, str], list[Answer]] = {}
    for answer in answers:
        if answer.page_type == "article":
            groups.setdefault((answer.system, answer.source), []).append(answer)
    out: dict[str, dict[str, dict[str, float]]] = {}
    for (system, source), found in groups.items():
        total = score([answer.match for answer in found])
        before = groups.get(("no cleaning", source), found)
        out.setdefault(system, {})[source] = {
            "f1": round(total.f1, 4),
            "f1_within": round(total.f1_within, 4),
            "precision": round(total.precision, 4),
            "recall": round(total.recall, 4),
            "chrome_left": _share(found, before, "extra"),
            "article_lost": round(1 - _share(found, before, "both"), 4),
            "documents": total.documents,
        }
    return out


def floors(answers: Sequence[Answer]) -> dict[str, Any]:
    """Return what `cleaner.bench.floors` pins: our F1 by source, and a digest of the pages."""
    pages = sorted({f"{answer.page} {answer.source} {answer.match.both + answer.match.missing}"
                    for answer in answers})  # fmt: skip
    return {
        "digest": hashlib.sha256("\n".join(pages).encode()).hexdigest()[:16],
        "f1": {
            f"{system}, {source}": row["f1"]
            for system, rows in figures(answers).items()
            if system in OURS
            for source, row in rows.items()
        },
    }


def _share(found: Sequence[Answer], before: Sequence[Answer], part: str) -> float:
    was = sum(getattr(answer.match, part) for answer in before)
    return round(sum(getattr(answer.match, part) for answer in found) / was, 4) if was else 1.0


def _points(answers: Sequence[Answer], systems: Sequence[str]) -> list[tuple[str, str, Score]]:
    """Return precision and recall of every system on both kinds of input."""
    points = []
    for kind, sources in (("full page", RENDERINGS), ("extractor output", EXTRACTORS)):
        for system in systems:
            found = [
                answer.match
                for answer in answers
                if answer.system == system
                and answer.source in sources
                and answer.page_type == "article"
            ]
            if found:
                points.append((kind, system, score(found)))
    return points


def _worst(
    rows: Sequence[tuple[dict[str, Any], dict[str, str]]],
    answers: Sequence[Answer],
    sources: tuple[str, ...],
) -> list[tuple[str, str, str, str]]:
    """Return title, gold, text and answer of the pages that our first system does worst on."""
    system = next((name for name in OURS if any(a.system == name for a in answers)), "")
    mine = [
        answer
        for answer in answers
        if answer.system == system and answer.source in sources and answer.page_type == "article"
    ]
    lowest: dict[str, Answer] = {}
    for answer in sorted(mine, key=lambda answer: answer.match.f1):
        lowest.setdefault(answer.page, answer)
    by_page = {about["id"]: (about, texts) for about, texts in rows}
    found = []
    for answer in list(lowest.values())[:_WORST]:
        about, texts = by_page[answer.page]
        title = f"{answer.match.f1:.3f} {answer.source} {about['url']}"
        text = texts[answer.source]
        found.append((title, about["gold"], text, answer_of(system, text, about["language"])))
    return found


if __name__ == "__main__":
    main()
