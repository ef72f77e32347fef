"""Pages of publishers that don't exist, as many as wanted and the same ones each time.

For how long a thing takes, not for how well it does: the words are made of syllables. A page has
about 20 lines; those around the article recur at its publisher, some with a slot that varies.
Publishers take turns, as in a crawl. Some pages have no date, some are told twice with a paragraph
more, some are markup.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cleaner.learn.templates.passes import NO_DAY, PAGES

_SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]
_WORDS = 6_000
_FIRST_DAY = 19_000
_ROWS = 2_000
_ROWS_OF_FILE = 20_000


@dataclass(frozen=True, slots=True)
class Corpus:
    """Which pages are made."""

    pages: int
    publishers: int = 100
    seed: int = 1
    undated_each: int = 10
    """One page in so many has no date."""
    again_each: int = 50
    """One in so many tells the story of its publisher's page before once more."""
    html_each: int = 20
    """One in so many is markup."""


def write(corpus: Corpus, folder: Path) -> list[Path]:
    """Write the pages to Parquet files in `folder` and return these."""
    paths: list[Path] = []
    writer: pq.ParquetWriter | None = None
    for number, batch in enumerate(batches(corpus)):
        if number % (_ROWS_OF_FILE // _ROWS) == 0:
            if writer:
                writer.close()
            paths.append(folder / f"pages-{len(paths):05}.parquet")
            writer = pq.ParquetWriter(paths[-1], PAGES, compression="zstd")
        if writer:
            writer.write_batch(batch)
    if writer:
        writer.close()
    return paths


def batches(corpus: Corpus, rows: int = _ROWS) -> Iterator[pa.RecordBatch]:
    """Yield the pages."""
    made = _pages(corpus)
    for first in range(0, corpus.pages, rows):
        some = [next(made) for _ in range(min(rows, corpus.pages - first))]
        yield pa.RecordBatch.from_pylist(some, schema=PAGES)


@dataclass(frozen=True, slots=True)
class _Publisher:
    host: str
    head: list[str]
    tail: list[str]
    glued: tuple[str, str]
    """What surrounds a slot."""


class _Writer:
    """Puts words together."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        lexicon = np.random.default_rng(0)  # one language for all
        drawn = lexicon.integers(0, len(_SYLLABLES), (_WORDS, 4))
        sizes = lexicon.integers(1, 5, _WORDS)
        self._words = [
            "".join(_SYLLABLES[n] for n in row[:size])
            for row, size in zip(drawn.tolist(), sizes.tolist(), strict=True)
        ]

    def phrase(self, least: int, most: int) -> str:
        size = int(self.rng.integers(least, most + 1))
        # As in a language, a few words are many of all.
        drawn = (self.rng.random(size) ** 3 * _WORDS).astype(np.int64)
        return " ".join([self._words[n] for n in drawn.tolist()]).capitalize()

    def paragraph(self) -> str:
        return ". ".join(self.phrase(8, 22) for _ in range(int(self.rng.integers(1, 4)))) + "."


def _publishers(corpus: Corpus) -> list[_Publisher]:
    writer = _Writer(corpus.seed)
    return [
        _Publisher(
            host=f"{writer.phrase(2, 2).lower().replace(' ', '-')}-{number}.example.org",
            head=[writer.phrase(1, 4) for _ in range(5)],
            tail=[writer.phrase(2, 12) for _ in range(5)],
            glued=(writer.phrase(5, 7), writer.phrase(6, 9).lower() + "."),
        )
        for number in range(corpus.publishers)
    ]


def _pages(corpus: Corpus) -> Iterator[dict[str, object]]:
    publishers, writer = _publishers(corpus), _Writer(corpus.seed + 1)
    told: dict[str, list[str]] = {}
    for number in range(corpus.pages):
        publisher = publishers[number % corpus.publishers]
        turn = number // corpus.publishers
        story = [writer.paragraph() for _ in range(int(writer.rng.integers(5, 10)))]
        if turn % corpus.again_each == 1 and publisher.host in told:
            story = told[publisher.host] + story[:1]
        told[publisher.host] = story
        lines = _lines(publisher, story, writer, turn)
        html = turn % corpus.html_each == 3
        yield {
            "id": str(number),
            "url": f"https://www.{publisher.host}/{number}",
            "publisher": None,
            "day": NO_DAY if turn % corpus.undated_each == 7 else _FIRST_DAY + turn % 400,
            "text": None if html else "\n".join(lines),
            "html": _markup(lines) if html else None,
        }


def _lines(publisher: _Publisher, story: list[str], writer: _Writer, turn: int) -> list[str]:
    title = writer.phrase(5, 10)
    opens, closes = publisher.glued
    return [
        *publisher.head,
        title,
        writer.phrase(2, 2).title(),
        *story,
        f"{opens} {title} {closes}",
        *publisher.tail[:4],
        f"{publisher.tail[4]} {turn}",
    ]


def _markup(lines: list[str]) -> bytes:
    body = "".join(f"<p>{escape(line)}</p>" for line in lines)
    return f"<!doctype html><title>{escape(lines[0])}</title><body>{body}</body>".encode()
