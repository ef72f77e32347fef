"""The two passes over a publisher's pages: what recurs, and how it stands on the page.

Both take an Arrow batch of pages and return rows for a `Grouping`, already combined within the
batch. What crosses between machines is fingerprints and counts; text only as examples, sixteen of
what recurs at most. Nothing here knows an engine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cleaner.detect.publisher import publisher_key
from cleaner.detect.templates.fingerprint import (
    EDGES,
    NONE,
    Ints,
    Lines,
    comparable,
    mix,
    name_fingerprint,
)
from cleaner.detect.templates.place import LONG, Place, place_of, stretch_of
from cleaner.errors import CleanerError
from cleaner.ingest import Limits, ingest
from cleaner.learn.templates.grouping import Grouping, marks
from cleaner.model import Document, Kind
from cleaner.segment import segment

PAGES = pa.schema(
    [
        ("id", pa.string()),
        ("url", pa.string()),
        ("publisher", pa.string()),
        ("day", pa.int32()),
        ("text", pa.string()),
        ("html", pa.binary()),
    ]
)
"""What a page is: ``day`` in days since 1970, -1 where it is not known; ``text`` or ``html``."""
NO_DAY = -1
SKETCHES = 4
"""How many times a page's story is drawn; near-duplicates nearly always draw alike."""
UNITS = Grouping(
    ("publisher", "unit"),
    (
        ("pages", "sum"),
        ("urls", "or"),
        ("days", "or"),
        ("first", "min"),
        ("last", "max"),
        *((f"story{n}", "or") for n in range(SKETCHES)),
    ),
)
"""What recurs. ``unit`` is a line's fingerprint, that of an edge of it, or `WHOLE_PAGE`."""
SIGHTINGS = Grouping(
    ("publisher", "unit", "nth"),
    (
        *((name, "sum") for name in ("seen", "edge", "head", "tail", "amid", "near")),
        *((name, "sum") for name in ("long", "numeric", "runs", "unsafe", "alone")),
        ("longest", "max"),
        ("example", "first"),
    ),
)
"""How a unit stands on its pages. ``nth`` draws sixteen examples."""
WHOLE_PAGE = 1
"""The unit that every page has: it counts a publisher's pages, and its example is the name."""
EXAMPLES = 16
# A longer line may only begin or end with chrome.
_LONGEST_LINE = 60
# With no depth allowed, ingest asks no extractor, which would take 20 times the rest.
_LIMITS = Limits(max_extractor_depth=0)
_DIGITS = 16


@dataclass(frozen=True)
class Candidates:
    """What recurs enough to be looked at."""

    keys: Ints
    """`_key` of publisher and unit, sorted."""

    def holding(self, publisher: int, units: Ints) -> NDArray[np.bool_]:
        """Whether each unit is among them at that publisher."""
        if not len(self.keys):
            return np.zeros(len(units), bool)
        wanted = key_of(np.full(len(units), publisher, np.int64), units)
        at = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        return np.asarray((self.keys[at] == wanted) & (units != NONE))


def key_of(publishers: Ints, units: Ints) -> Ints:
    """Return one number for publisher and unit."""
    return (mix(publishers, 7) ^ units.view(np.uint64)).view(np.int64)


@dataclass(frozen=True)
class _Page:
    publisher: str
    url: int
    day: int
    lines: Lines
    texts: list[str]

    @property
    def key(self) -> int:
        return name_fingerprint(self.publisher)


def count(batch: pa.RecordBatch) -> pa.Table:
    """Return the `UNITS` of a batch of `PAGES`."""
    return UNITS.combine(_table(UNITS, [_units(page) for page in _read(batch)]))


def look(batch: pa.RecordBatch, candidates: Candidates) -> pa.Table:
    """Return the `SIGHTINGS` of `candidates` in a batch of `PAGES`."""
    return SIGHTINGS.combine(
        _table(SIGHTINGS, [_sightings(page, candidates) for page in _read(batch)])
    )


def _table(grouping: Grouping, parts: list[dict[str, object]]) -> pa.Table:
    if not parts:
        return grouping.schema.empty_table()
    return pa.concat_tables([pa.table(part, schema=grouping.schema) for part in parts])


def _read(batch: pa.RecordBatch) -> Iterator[_Page]:
    """Yield the pages of a batch that have a publisher and can be read."""
    for row in batch.to_pylist():
        publisher = publisher_key(row["publisher"] or row["url"] or "")
        if not publisher:
            continue
        html = row["html"] is not None
        document = Document(
            text="" if html else row["text"] or "",
            raw=row["html"],
            kind=Kind.HTML if html else Kind.TEXT,
        )
        try:
            page = segment(ingest(document, _LIMITS))
        except CleanerError:
            continue
        texts = [comparable(text) for text in page.texts]
        if texts:
            url = name_fingerprint(row["url"] or row["id"] or "")
            day = NO_DAY if row["day"] is None else row["day"]
            yield _Page(publisher, url, day, Lines.of(texts), texts)


def edges(lines: Lines) -> Iterator[Ints]:
    """Yield the fingerprints of the edges of lines, the shortest first."""
    for size in EDGES:
        yield from _sides(lines, size)


def _sides(lines: Lines, size: int) -> Iterator[Ints]:
    fits = (lines.sizes > size) & ((size > EDGES[0]) | (lines.sizes <= _LONGEST_LINE))
    for side, found in enumerate((lines.opening(size), lines.closing(size))):
        mixed = mix(found, 16 + 2 * size + side).view(np.int64)
        yield np.where(fits & (found != NONE), mixed, NONE)


def _units(page: _Page) -> dict[str, object]:
    lines = page.lines
    found = np.concatenate([lines.whole, *edges(lines), [WHOLE_PAGE]])
    units = np.unique(found[found != NONE])
    size = len(units)
    url = np.full(size, page.url, np.int64)
    day = np.full(size, page.day, np.int64)
    dated = page.day != NO_DAY
    stories = _stories(lines)
    return {
        "publisher": np.full(size, page.key, np.int64),
        "unit": units,
        "pages": np.ones(size, np.int64),
        "urls": marks(url),
        "days": marks(day) if dated else np.zeros(size, np.int64),
        "first": day if dated else np.full(size, np.iinfo(np.int64).max),
        "last": day,
        **{f"story{n}": np.full(size, story) for n, story in enumerate(stories.tolist())},
    }


def _stories(lines: Lines) -> Ints:
    """Return sets with one mark each, the same ones for pages that tell nearly the same.

    Each is the least of the page's runs of three words, scattered anew: two pages have the same
    one as often as they share runs. Only the stretch that reads as the article counts: what
    surrounds it is the same on all pages of a publisher.
    """
    first, end = stretch_of(lines)
    hashes = lines.hashes[lines.tokens.begin[first] : lines.tokens.begin[end]]
    if len(hashes) < 3:
        return marks(np.array([lines.whole.sum()] * SKETCHES))
    runs = hashes[:-2] * np.uint64(3) + hashes[1:-1] * np.uint64(5) + hashes[2:]
    least = [mix(runs.view(np.int64), 40 + n).min() for n in range(SKETCHES)]
    return marks(np.array(least, np.uint64).view(np.int64))


def _sightings(page: _Page, candidates: Candidates) -> dict[str, object]:
    lines = page.lines
    recurs = candidates.holding(page.key, lines.whole)
    units = np.where(recurs, lines.whole, NONE)
    for edge in edges(lines):  # the longest edge that recurs speaks for a line that does not
        holds = ~recurs & candidates.holding(page.key, edge)
        units = np.where(holds, edge, units)
    both = np.ones(len(recurs), bool)  # a long line with slots has two edges that recur
    for edge in _sides(lines, EDGES[-1]):
        both &= candidates.holding(page.key, edge)
    place = place_of(lines, recurs | both)
    some = np.flatnonzero(units != NONE)
    found, at, group = np.unique(units[some], return_index=True, return_inverse=True)
    at = some[at]
    size = len(at) + 1  # and the page itself
    number = int(mix(np.array([page.url]), 3)[0])
    draw = f"{number:0{_DIGITS}x}"
    opens_article = place.near & np.append(place.amid[1:], False)
    alone = ~_flanked(recurs) | opens_article
    columns = {"edge": ~recurs, "alone": alone, **_standing(place, lines)}
    return {
        "publisher": np.full(size, page.key, np.int64),
        "unit": np.append(found, WHOLE_PAGE),
        "nth": np.full(size, number % EXAMPLES, np.int64),
        "seen": np.ones(size, np.int64),
        **{name: _most(column[some], group, size) for name, column in columns.items()},
        "example": [draw + page.texts[n] for n in at.tolist()] + [draw + page.publisher],
    }


def _flanked(recurs: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether the line before or the line behind each recurs, or there is none."""
    return np.append(True, recurs[:-1]) | np.append(recurs[1:], True)


def _most(values: NDArray[np.generic], group: Ints, size: int) -> Ints:
    """Return the greatest value of each group: what holds of a line anywhere holds of the page."""
    out = np.zeros(size, np.int64)
    np.maximum.at(out, group, values.astype(np.int64))
    return out


def _standing(place: Place, lines: Lines) -> dict[str, NDArray[np.generic]]:
    """Return the numbers of `SIGHTINGS` for each line of a page."""
    runs = place.runs
    return {
        "head": place.head, "tail": place.tail, "amid": place.amid, "near": place.near,
        "long": lines.words >= LONG, "numeric": lines.numeric, "runs": runs > 0,
        "unsafe": place.unsafe, "longest": runs,
    }  # fmt: skip


def example_of(drawn: str) -> str:
    """Return the text of an example."""
    return drawn[_DIGITS:]
