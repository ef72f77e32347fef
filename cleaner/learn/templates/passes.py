"""The two passes over a publisher's pages: what recurs, and how it stands on the page.

Both take an Arrow batch of pages and return rows for a `Grouping`, already combined within the
batch. What crosses between machines is fingerprints and counts; text only as examples, sixteen of
what recurs at most. Nothing here knows an engine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cleaner.detect.classifier.features import LONG
from cleaner.detect.publisher import publisher_key
from cleaner.detect.templates.fingerprint import (
    EDGES,
    NONE,
    Ints,
    Lines,
    comparable,
    mix,
    name_fingerprints,
)
from cleaner.detect.templates.place import place_of, stretch_of
from cleaner.errors import CleanerError
from cleaner.ingest import Limits, ingest
from cleaner.learn.templates.grouping import Grouping, Rare, marks
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
WHOLE_PAGE = 1
"""The unit that every page has: it counts a publisher's pages, and its example is the name."""
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
    Rare("pages", 2, "unit", WHOLE_PAGE),
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
EXAMPLES = 16
# A longer line may only begin or end with chrome.
_LONGEST_LINE = 60
# With no depth allowed, ingest asks no extractor, which would take 20 times the rest.
_LIMITS = Limits(max_extractor_depth=0)
_DIGITS = 16
_SIDES = 2
_SHORTER_EDGES = _SIDES * (len(EDGES) - 1)
# Pages are taken together up to so many characters, which a processor's cache holds.
_CHARS, _MOST = 1 << 17, 4096


@dataclass(frozen=True)
class Candidates:
    """What recurs enough to be looked at."""

    keys: Ints
    """`key_of` publisher and unit, sorted."""
    pages: Ints
    """How many pages each stands on."""

    def support(self, publishers: Ints, units: Ints) -> Ints:
        """Return the pages that each unit stands on at its publisher; 0 if it is not among them."""
        if not len(self.keys):
            return np.zeros(len(units), np.int64)
        wanted = key_of(publishers, units)
        at = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        return np.where((self.keys[at] == wanted) & (units != NONE), self.pages[at], 0)


def key_of(publishers: Ints, units: Ints) -> Ints:
    """Return one number for publisher and unit."""
    return (mix(publishers, 7) ^ units.view(np.uint64)).view(np.int64)


@dataclass(frozen=True, slots=True)
class _Page:
    publisher: str
    url: str
    day: int
    texts: list[str]


@dataclass(frozen=True)
class _Pages:
    """Some pages, their lines one below the other: numpy's calls cost more than what they do."""

    publishers: list[str]
    urls: Ints
    days: Ints
    bounds: Ints
    """First line of each page, then the number of all lines."""
    texts: list[str]
    lines: Lines

    @classmethod
    def of(cls, pages: list[_Page]) -> _Pages:
        texts = [text for page in pages for text in page.texts]
        return cls(
            publishers=[page.publisher for page in pages],
            urls=name_fingerprints([page.url for page in pages]),
            days=np.array([page.day for page in pages], np.int64),
            bounds=np.cumsum([0, *(len(page.texts) for page in pages)]),
            texts=texts,
            lines=Lines.of(texts),
        )

    @cached_property
    def keys(self) -> Ints:
        """The fingerprint of each page's publisher."""
        return name_fingerprints(self.publishers)

    @cached_property
    def of_line(self) -> NDArray[np.uint16]:
        """The page of each line."""
        return np.repeat(np.arange(len(self.days), dtype=np.uint16), np.diff(self.bounds))

    @cached_property
    def words(self) -> list[_Worded]:
        """The number of words of each line, page by page."""
        return [_Worded(words) for words in np.split(self.lines.words, self.bounds[1:-1])]


@dataclass(frozen=True, slots=True)
class _Worded:
    words: NDArray[np.float64]


def count(batch: pa.RecordBatch) -> pa.Table:
    """Return the `UNITS` of a batch of `PAGES`."""
    return UNITS.combine(_table(UNITS, [_units(pages) for pages in _read(batch)]))


def look(batch: pa.RecordBatch, candidates: Candidates) -> pa.Table:
    """Return the `SIGHTINGS` of `candidates` in a batch of `PAGES`."""
    return SIGHTINGS.combine(
        _table(SIGHTINGS, [_sightings(pages, candidates) for pages in _read(batch)])
    )


def _table(grouping: Grouping, parts: list[dict[str, object]]) -> pa.Table:
    if not parts:
        return grouping.schema.empty_table()
    return pa.concat_tables([pa.table(part, schema=grouping.schema) for part in parts])


def _read(batch: pa.RecordBatch) -> Iterator[_Pages]:
    """Yield the pages of a batch that have a publisher and can be read, some at once."""
    some: list[_Page] = []
    chars = 0
    for row in batch.to_pylist():
        if (page := _page(row)) is None:
            continue
        some.append(page)
        chars += sum(map(len, page.texts))
        if chars >= _CHARS or len(some) == _MOST:
            yield _Pages.of(some)
            some, chars = [], 0
    if some:
        yield _Pages.of(some)


def _page(row: dict[str, object]) -> _Page | None:
    publisher = publisher_key(str(row["publisher"] or row["url"] or ""))
    if not publisher:
        return None
    html = row["html"] is not None
    document = Document(
        text="" if html else row["text"] or "",  # type: ignore[arg-type]
        raw=row["html"],  # type: ignore[arg-type]
        kind=Kind.HTML if html else Kind.TEXT,
    )
    try:
        page = segment(ingest(document, _LIMITS))
    except CleanerError:
        return None
    day = row["day"]
    return (
        _Page(
            publisher,
            str(row["url"] or row["id"] or ""),
            day if isinstance(day, int) else NO_DAY,
            [comparable(text) for text in page.texts],
        )
        if page.texts
        else None
    )


def edges(lines: Lines) -> Iterator[Ints]:
    """Yield the fingerprints of the edges of lines, the shortest first."""
    for size in EDGES:
        yield from _sides(lines, size)


def _sides(lines: Lines, size: int) -> Iterator[Ints]:
    fits = (lines.sizes > size) & ((size > EDGES[0]) | (lines.sizes <= _LONGEST_LINE))
    for side, found in enumerate((lines.opening(size), lines.closing(size))):
        mixed = mix(found, 16 + 2 * size + side).view(np.int64)
        yield np.where(fits & (found != NONE), mixed, NONE)


def _units(pages: _Pages) -> dict[str, object]:
    found = [pages.lines.whole, *edges(pages.lines)]
    every = np.arange(len(pages.days), dtype=np.uint16)
    units = np.concatenate([*found, np.full(len(every), WHOLE_PAGE)])
    at = np.concatenate([*[pages.of_line] * len(found), every])
    some = np.flatnonzero(units != NONE)
    order, first = _grouped(at[some], units[some])
    once = some[order[first]]
    at = at[once]
    dated = pages.days != NO_DAY
    stories = _stories(pages)
    return {
        "publisher": pages.keys[at],
        "unit": units[once],
        "pages": np.ones(len(at), np.int64),
        "urls": marks(pages.urls)[at],
        "days": np.where(dated, marks(pages.days), 0)[at],
        "first": np.where(dated, pages.days, np.iinfo(np.int64).max)[at],
        "last": pages.days[at],
        **{f"story{n}": story[at] for n, story in enumerate(stories)},
    }


def _grouped(pages: NDArray[np.uint16], units: Ints) -> tuple[Ints, Ints]:
    """Return the order by page and unit, equals as they stand, and where each group begins."""
    order = np.argsort(units, kind="stable")
    order = order[np.argsort(pages[order], kind="stable")]
    pages, units = pages[order], units[order]
    new = np.ones(len(order), bool)
    new[1:] = (pages[1:] != pages[:-1]) | (units[1:] != units[:-1])
    return order, np.flatnonzero(new)


def _stories(pages: _Pages) -> list[Ints]:
    """Return sets with one mark each, the same ones for pages that tell nearly the same.

    Each is the least of the page's runs of three words, scattered anew: two pages have the same
    one as often as they share runs. Only the stretch that reads as the article counts: what
    surrounds it is the same on all pages of a publisher.
    """
    lines, begin = pages.lines, pages.lines.tokens.begin
    stretches = np.array([stretch_of(words) for words in pages.words]) + pages.bounds[:-1, None]
    first, end = begin[stretches[:, 0]], begin[stretches[:, 1]]
    few = end - first < 3
    hashes = lines.hashes
    runs = hashes[:-2] * np.uint64(3) + hashes[1:-1] * np.uint64(5) + hashes[2:]
    whole = np.add.reduceat(lines.whole, pages.bounds[:-1])
    found = []
    for n in range(SKETCHES):
        values = whole.copy()
        if not few.all():
            scattered = np.append(mix(runs.view(np.int64), 40 + n), np.uint64(0))
            ranges = np.stack([first[~few], end[~few] - 2], axis=1).ravel()
            values[~few] = np.minimum.reduceat(scattered, ranges)[::2].view(np.int64)
        found.append(marks(values))
    return found


def _sightings(pages: _Pages, candidates: Candidates) -> dict[str, object]:
    lines, publishers = pages.lines, pages.keys[pages.of_line]
    recurs = candidates.support(publishers, lines.whole) > 0
    units = np.where(recurs, lines.whole, NONE)
    both = np.ones(len(recurs), bool)  # a long line with slots has two edges that recur
    most = np.zeros(len(recurs), np.int64)
    for n, edge in enumerate(edges(lines)):
        # For a line that does not recur its edge speaks that recurs the most, by words.
        support = candidates.support(publishers, edge) * EDGES[n // _SIDES]
        units = np.where(~recurs & (support > most), edge, units)
        most = np.maximum(most, support)
        if n >= _SHORTER_EDGES:
            both &= support > 0
    columns = {"edge": ~recurs, **_standing(pages, recurs, both)}
    some = np.flatnonzero(units != NONE)
    order, first = _grouped(pages.of_line[some], units[some])
    order = some[order]
    once = order[first]
    every = np.arange(len(pages.days), dtype=np.uint16)  # and the pages themselves
    at = np.concatenate([pages.of_line[once], every])
    numbers = mix(pages.urls, 3)
    draws = [f"{number:0{_DIGITS}x}" for number in numbers.tolist()]
    texts = [pages.texts[line] for line in once.tolist()] + pages.publishers
    return {
        "publisher": pages.keys[at],
        "unit": np.append(units[once], np.full(len(every), WHOLE_PAGE)),
        "nth": (numbers % np.uint64(EXAMPLES)).astype(np.int64)[at],
        "seen": np.ones(len(at), np.int64),
        **{
            name: np.append(_most(column[order], first), np.zeros(len(every), np.int64))
            for name, column in columns.items()
        },
        "example": [draws[page] + text for page, text in zip(at.tolist(), texts, strict=True)],
    }


def _most(values: NDArray[np.generic], first: Ints) -> Ints:
    """Return the greatest value of each group: what holds of a line anywhere holds of the page."""
    if not len(first):
        return np.zeros(0, np.int64)
    return np.maximum.reduceat(values.astype(np.int64), first)


def _standing(
    pages: _Pages, recurs: NDArray[np.bool_], both: NDArray[np.bool_]
) -> dict[str, NDArray[np.generic]]:
    """Return the numbers of `SIGHTINGS` for each line."""
    lines, inner = pages.lines, pages.bounds[1:-1]
    split = np.split(recurs | both, inner)
    places = [place_of(words, some) for words, some in zip(pages.words, split, strict=True)]
    of_place = {
        name: np.concatenate([getattr(place, name) for place in places])
        for name in ("head", "tail", "amid", "near", "runs", "unsafe")
    }
    runs = of_place["runs"]
    # Whether the line before or the line behind each recurs, or there is none on its page.
    flanked = np.append(True, recurs[:-1]) | np.append(recurs[1:], True)
    flanked[pages.bounds[:-1]] = flanked[pages.bounds[1:] - 1] = True
    below = np.append(of_place["amid"][1:], False)
    below[pages.bounds[1:] - 1] = False
    return of_place | {
        "long": lines.words >= LONG, "numeric": lines.numeric, "runs": runs > 0, "longest": runs,
        "alone": ~flanked | (of_place["near"] & below),
    }  # fmt: skip


def example_of(drawn: str) -> str:
    """Return the text of an example."""
    return drawn[_DIGITS:]
