"""``make bench``: how fast, in-process and as a service, beside peers on the same documents.

Every row is timed several times in turns with the others and its median is printed: machines
drift, so only ratios within one run mean anything. Peers judge markup; they get each line of the
same text as a paragraph.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from cleaner.bench.golden import FOLDER, cases
from cleaner.bench.peers import as_page
from cleaner.client import Client
from cleaner.model import Kind
from cleaner.pipeline import Cleaner
from cleaner.serve.server import running_server
from cleaner.serve.settings import ServeSettings
from cleaner.threads import one_thread

Texts = list[str]
_WORKERS = 2
_BATCH = 32
_TARGET_CHARS = 5_000


@dataclass(frozen=True, slots=True)
class Row:
    """One way to clean the documents."""

    name: str
    run: Callable[[Texts], object]
    share: float = 1.0
    """Which share of the documents is enough to time it."""


@dataclass(frozen=True, slots=True)
class Timing:
    """What was measured of a Row, medians over the rounds."""

    name: str
    documents_per_second: float
    megabytes_per_second: float
    milliseconds: float
    """A document."""


def main() -> None:
    """Measure, print the table, write it to ``--out``."""
    one_thread()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=1_500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--golden", type=Path, default=FOLDER)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    texts = documents(given.golden, given.documents)
    with ExitStack() as stack:
        server = stack.enter_context(
            running_server(ServeSettings(address="127.0.0.1:0", workers=_WORKERS))
        )
        client = stack.enter_context(Client(server.address))
        timings = measure(rows(client), texts, given.rounds)
    report = table(timings, texts) + figures(timings)
    sys.stdout.write(report)
    if given.out:
        given.out.parent.mkdir(parents=True, exist_ok=True)
        given.out.write_text(report, encoding="utf-8")


def documents(golden: Path, count: int, chars: int = _TARGET_CHARS) -> Texts:
    """Return `count` texts of about `chars` characters, made of golden cases of one language."""
    by_language: dict[str, list[str]] = {}
    for case in cases(golden):
        if case.document.kind is Kind.TEXT and not case.variant and case.document.raw:
            text = case.document.raw.decode("utf-8")
            by_language.setdefault(case.document.language[:2], []).append(text)
    made: Texts = []
    for language in itertools.cycle(sorted(by_language)):
        parts = by_language[language]
        offset, text = len(made), ""
        for number in range(len(parts) * 8 * max(1, chars // _TARGET_CHARS)):
            if len(text) >= chars:
                break
            text += parts[(offset + number) % len(parts)].strip() + "\n\n"
        made.append(text[: chars + 500])
        if len(made) == count:
            return made
    raise AssertionError("cycle() does not end")


def rows(client: Client) -> list[Row]:
    """Return the ways to clean, ours first."""
    cleaner = Cleaner()
    return [
        Row("in-process, one worker", lambda texts: [cleaner.clean(text) for text in texts]),
        Row("gRPC unary, one after the other", lambda texts: [client.clean(t) for t in texts], 0.3),
        Row(f"gRPC batches of {_BATCH}", lambda texts: _batched(client, texts)),
        Row(f"gRPC stream, {_WORKERS} workers", lambda texts: list(client.clean_many(texts))),
        Row(f"cleaner clean --workers {_WORKERS} (with start-up)", _command_line),
        Row("trafilatura", _trafilatura, 0.05),
        Row("jusText", _justext, 0.05),
        Row("boilerpy3", _boilerpy, 0.1),
    ]


def measure(ways: list[Row], texts: Texts, rounds: int) -> list[Timing]:
    """Time all `ways` in turns and return the medians."""
    seconds: dict[str, list[float]] = {way.name: [] for way in ways}
    parts = {way.name: texts[: max(8, int(len(texts) * way.share))] for way in ways}
    for turn in range(rounds + 1):
        for way in ways:
            start = time.perf_counter()
            way.run(parts[way.name] if turn else parts[way.name][:64])
            if turn:  # the first, short turn only warms up
                seconds[way.name].append(time.perf_counter() - start)
            _progress(turn, rounds, way.name)
    return [_timing(way.name, parts[way.name], seconds[way.name]) for way in ways]


def table(timings: list[Timing], texts: Texts) -> str:
    """Return the table, one line a row; the last column is the ratio to the first row."""
    size = sum(len(text.encode()) for text in texts) / len(texts)
    lines = [
        f"{len(texts)} documents of {size / 1000:.1f} KB, {os.cpu_count()} cores, medians",
        f"{'':<44} {'docs/s':>9} {'MB/s':>8} {'ms/doc':>8} {'ratio':>7}",
    ]
    base = timings[0].documents_per_second
    lines += [
        f"{row.name:<44} {row.documents_per_second:>9.0f} {row.megabytes_per_second:>8.2f} "
        f"{row.milliseconds:>8.3f} {row.documents_per_second / base:>7.3f}"
        for row in timings
    ]
    return "\n".join(lines) + "\n"


def figures(timings: list[Timing]) -> str:
    """Return the single figures that we hold ourselves to."""
    text = _seed_like()
    cleaner = Cleaner()
    once = statistics.median(_seconds(lambda: cleaner.clean(text)) for _ in range(300))
    start = statistics.median(_seconds(lambda: _cli_once(text)) for _ in range(7))
    inside, batched, streamed = timings[0], timings[2], timings[3]
    return (
        f"\nclean() of {len(text.encode())} bytes, warm: median {once * 1000:.2f} ms (bar: 2)\n"
        f"cleaner clean, start to end: median {start * 1000:.0f} ms (bar: 400)\n"
        f"batched overhead: {batched.milliseconds - inside.milliseconds:.3f} ms a document "
        "on top of one in-process worker (bar: 0.1)\n"
        f"streamed, two workers: {streamed.documents_per_second / inside.documents_per_second:.2f} "
        "times one in-process worker (bar: 1.5)\n"
    )


def _seed_like() -> str:
    texts = [
        case.document.raw.decode()
        for case in cases(only="seeds/")
        if not case.variant and case.document.raw
    ]
    return (texts[1] + "\n\n" + texts[4])[:_TARGET_CHARS]


def _seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def _cli_once(text: str) -> None:
    subprocess.run(  # runs this program
        [sys.executable, "-m", "cleaner", "clean"], input=text.encode(), check=True,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip


def _batched(client: Client, texts: Texts) -> list[object]:
    return [
        answer
        for start in range(0, len(texts), _BATCH)
        for answer in client.clean_batch(texts[start : start + _BATCH])
    ]


def _command_line(texts: Texts) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
        for number, text in enumerate(texts):
            file.write(json.dumps({"id": str(number), "text": text}) + "\n")
        file.flush()
        subprocess.run(  # noqa: S603  # runs this program
            [sys.executable, "-m", "cleaner", "clean", "--workers", str(_WORKERS),
             "--format", "jsonl", file.name],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip


def _trafilatura(texts: Texts) -> None:
    import trafilatura

    for page in map(as_page, texts):
        trafilatura.extract(page)


def _justext(texts: Texts) -> None:
    import justext

    stop = justext.get_stoplist("English")
    for page in map(as_page, texts):
        justext.justext(page, stop)


def _boilerpy(texts: Texts) -> None:
    from boilerpy3 import extractors

    extractor = extractors.ArticleExtractor(raise_on_failure=False)
    for page in map(as_page, texts):
        extractor.get_content(page)


def _timing(name: str, texts: Texts, seconds: list[float]) -> Timing:
    each = statistics.median(seconds) / len(texts)
    size = sum(len(text.encode()) for text in texts) / len(texts)
    return Timing(name, 1 / each, size / each / 1e6, each * 1000)


def _progress(turn: int, rounds: int, name: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[Kround {turn}/{rounds}  {name}")
        if turn == rounds:
            sys.stderr.write("\r\x1b[K")


if __name__ == "__main__":
    main()
