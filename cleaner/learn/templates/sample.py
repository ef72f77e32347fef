"""What templates do to some of the pages that they were learned from: to be shown, not to learn."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from heapq import heappush, heapreplace
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

import numpy as np

from cleaner.detect.publisher import publisher_key
from cleaner.detect.templates.bundle import Bundle, Template, Where
from cleaner.detect.templates.fingerprint import Lines, comparable, name_fingerprint
from cleaner.detect.templates.place import place_of
from cleaner.detect.templates.slots import Words, pattern_of
from cleaner.errors import CleanerError
from cleaner.ingest import Limits
from cleaner.learn.templates.miner import Batches
from cleaner.learn.templates.pages import document_of
from cleaner.model import Action, Result
from cleaner.pipeline import Cleaner
from cleaner.profiles import Options

EXAMPLES = 3
# With no depth allowed, ingest asks no extractor: templates need none.
_LIMITS = Limits(max_extractor_depth=0)
_MOST_PLACES = 40
_SIGNS = re.compile(r"(?<=\s)[^\w\s]+$")


@dataclass(slots=True)
class Sample:
    """Some pages of one publisher, cleaned by its templates alone."""

    results: list[Result] = field(default_factory=list)
    places: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Where a template of this id stood: 0 to 1 above the article, to 2 in it, to 3 below."""
    texts: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """What it took there, each text once."""
    lines: int = 0
    caught: int = 0

    @property
    def share(self) -> float:
        """Share of the lines that templates take."""
        return self.caught / max(self.lines, 1)

    @property
    def shown(self) -> Result | None:
        """The page that shows most templates at work."""

        def used(result: Result) -> int:
            return len({v.source for v in result.verdicts if v.action is Action.REMOVE})

        return max(self.results, key=used, default=None)

    def add(self, result: Result) -> None:
        """Take in a page."""
        # Its warnings are about how it was read here, not about its templates.
        self.results.append(replace(result, warnings=()))
        text = result.document.text
        recurs = np.array([v.action is Action.REMOVE for v in result.verdicts], bool)
        self.lines += len(recurs)
        self.caught += int(recurs.sum())
        if not recurs.any():
            return
        places = _places([text[v.start : v.end] for v in result.verdicts], recurs)
        for verdict, place in zip(result.verdicts, places, strict=True):
            for finding in verdict.findings:
                source, quote = finding.evidence.source, text[finding.start : finding.end]
                if len(self.places[source]) < _MOST_PLACES:
                    self.places[source].append(place)
                if len(self.texts[source]) < _MOST_PLACES and quote not in self.texts[source]:
                    self.texts[source].append(quote)


def sample(
    batches: Batches, bundle: Bundle, publishers: Collection[str], pages: int
) -> dict[str, Sample]:
    """Return up to `pages` pages of each of `publishers`, by chance but always the same ones."""
    cleaner = Cleaner(Options(detectors=("templates",)), _LIMITS, bundle)
    samples: dict[str, Sample] = {publisher: Sample() for publisher in publishers}
    for publisher, rows in _drawn(batches, publishers, pages).items():
        for row in rows:
            try:
                samples[publisher].add(cleaner.clean(document_of(row)))
            except CleanerError:
                continue
    return samples


def _drawn(
    batches: Batches, publishers: Collection[str], pages: int
) -> dict[str, list[dict[str, Any]]]:
    drawn: dict[str, list[tuple[int, int, dict[str, Any]]]] = defaultdict(list)
    number = 0
    for batch in batches():
        for row in batch.to_pylist():
            number += 1
            publisher = publisher_key(row["publisher"] or row["url"] or "")
            if publisher not in publishers:
                continue
            ticket = (name_fingerprint(row["id"]), number, row)
            if len(drawn[publisher]) < pages:
                heappush(drawn[publisher], ticket)
            elif ticket > drawn[publisher][0]:
                heapreplace(drawn[publisher], ticket)
    return {name: [row for _, _, row in sorted(rows)] for name, rows in drawn.items()}


def _places(texts: list[str], recurs: np.ndarray) -> list[float]:
    """Return where each line of a page stands, as `Sample.places` has it."""
    place = place_of(Lines.of([comparable(text) for text in texts]), recurs)
    out = np.zeros(len(texts))
    for zone, inside in enumerate((place.head, place.amid, place.tail)):
        size = int(inside.sum())
        out[inside] = zone + (np.arange(size) + 0.5) / max(size, 1)
    return [round(float(at), 3) for at in out]


class Part(StrEnum):
    """What a stretch of an example is."""

    OWN = "own"
    """The template's words."""
    SLOT = "slot"
    ARTICLE = "article"
    """The article's words on the same line."""


Parts = list[tuple[str, Part]]


def examples(template: Template, texts: Iterable[str]) -> list[Parts]:
    """Return some of `texts`, those that the template is about, each in parts."""
    found = (marked(template, text) for text in dict.fromkeys(texts))
    return list(islice(filter(None, found), EXAMPLES))


def marked(template: Template, text: str) -> Parts:
    """Return `text` in parts; nothing if it is not of `template`.

    Lines below a heading are taken by its template as well, and are not of it.
    """
    text = comparable(text).strip()
    lines = Lines.of([text])
    bounds = _pieces(template, tuple(lines.of_line(0).tolist()))
    first, last = lines.tokens.first, lines.tokens.last
    parts: Parts = []
    at = 0
    for start, end in bounds:
        opens = int(first[start]) if start else 0
        stop = len(text) if end == len(first) else int(last[end - 1])
        parts += [(text[at:opens], Part.SLOT), (text[opens:stop], Part.OWN)]
        at = stop
    if bounds:
        parts.append((text[at:], Part.SLOT))
    if bounds and template.where is Where.CLOSING:
        size = len(_SIGNS.sub("", parts[0][0]))  # a bracket that opens before it is the template's
        own = parts[0][0][size:] + parts[1][0]
        parts[:2] = [(parts[0][0][:size], Part.ARTICLE), (own, Part.OWN)]
    if bounds and template.where is Where.OPENING:
        parts[-1] = (parts[-1][0], Part.ARTICLE)
    tidy = groupby(_tidy(parts), key=itemgetter(1))
    return [("".join(text for text, _ in run), part) for part, run in tidy]


def _tidy(parts: Parts) -> Iterator[tuple[str, Part]]:
    """Yield the parts that hold anything; blank space beside a slot is none of it."""
    for text, part in parts:
        bare = text.strip()
        if part is not Part.SLOT or not bare:
            if text:
                yield text, part if bare else Part.OWN
            continue
        at = text.index(bare)
        end = at + len(bare)
        for piece, kind in ((text[:at], Part.OWN), (bare, part), (text[end:], Part.OWN)):
            if piece:
                yield piece, kind


def _pieces(template: Template, words: Words) -> list[tuple[int, int]]:
    """Return where the pieces of a template stand among `words`; nothing if one is missing."""
    pattern = pattern_of(0, template)
    open_start = pattern.open_start or template.where is Where.CLOSING
    open_end = pattern.open_end or template.where is Where.OPENING
    bounds: list[tuple[int, int]] = []
    at = 0
    for n, piece in enumerate(pattern.pieces):
        final = n == len(pattern.pieces) - 1
        last = len(words) - len(piece)
        least = max(at, last) if final and not open_end else at
        most = 0 if n == 0 and not open_start else last
        fits = (s for s in range(least, most + 1) if words[s : s + len(piece)] == piece)
        start = next(fits, -1)
        if start < 0:
            return []
        at = start + len(piece)
        bounds.append((start, at))
    return bounds
