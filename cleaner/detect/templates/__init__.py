"""The ``templates`` detector: what recurs on the pages of the document's publisher.

One scan for all of a publisher's templates: the fingerprints of the document's lines are looked
up in one sorted array. A document whose publisher nothing tells is matched against nothing.

Known misses: chrome that stood on fewer pages than support asks for; a teaser whose list has no
heading that recurs.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from cleaner.detect.classifier.features import LONG
from cleaner.detect.publisher import publisher_of
from cleaner.detect.templates.bundle import EMPTY, Bundle, Template, Where
from cleaner.detect.templates.fingerprint import NONE, Ints, Lines, comparable
from cleaner.detect.templates.place import place_of
from cleaner.detect.templates.slots import Slotted, slotted
from cleaner.model import Evidence, Finding
from cleaner.segment import Segmented

__all__ = ["EMPTY", "Bundle", "Template", "Where", "templates"]

DETECTOR = "templates"
# Lines that follow a heading that recurs are a little less sure than the heading.
_FOLLOWS = 0.9
# Share of a document's running text that they may take: closing paragraphs outweigh a short note.
_MOST_TEXT = 0.75


def templates(page: Segmented, bundle: Bundle) -> Iterator[Finding]:
    """Yield what the templates of the document's publisher say of its Blocks."""
    if not len(bundle) or not (publisher := publisher_of(page.document)):
        return
    rows = bundle.of_publisher(publisher)
    if not rows or not page.blocks:
        return
    texts = [comparable(text) for text in page.texts]
    lines = Lines.of(texts)
    found = _exact(bundle, rows, lines)
    patterns = bundle.once(publisher, partial(slotted, bundle))
    for line, template in patterns.whole(lines, np.flatnonzero(found < 0)):
        found[line] = template
    if (found >= 0).any():
        found[_beside(bundle, lines, found)] = -1
        found[_too_much(lines, found)] = -1
        yield from _whole(page, bundle, found)
        yield from _following(page, bundle, lines, found)
    yield from _parts(page, bundle, patterns, lines, np.flatnonzero(found < 0), texts)


def _exact(bundle: Bundle, rows: range, lines: Lines) -> Ints:
    """Return the index of the template that each line is in full; -1 for none."""
    prints = bundle.column("fingerprint", rows)
    plain = (bundle.column("room", rows) == 0) & (bundle.column("where", rows) == Where.BLOCK)
    at = np.searchsorted(prints, lines.whole)
    at = np.minimum(at, len(prints) - 1)
    hit = (prints[at] == lines.whole) & plain[at] & (lines.whole != NONE)
    return np.where(hit, at + rows.start, -1)


def _beside(bundle: Bundle, lines: Lines, found: Ints) -> NDArray[np.bool_]:
    """Whether a line stands in or just above the article, and its template only elsewhere.

    There a pattern for the bylines and dates of teasers would take the article's own.
    """
    hit = found >= 0
    suspect = hit & lines.numeric
    every = range(len(bundle))
    suspect[hit] |= bundle.column("room", every)[found[hit]] > 0
    if not suspect.any():
        return suspect
    place = place_of(lines, hit)
    return np.asarray(suspect & (place.near | place.amid))


def _too_much(lines: Lines, found: Ints) -> NDArray[np.bool_]:
    """Whether a line is running text, where templates would take nearly all of it.

    Somebody may have taught them the articles themselves.
    """
    long = lines.words >= LONG
    text = lines.words * long
    taken = text[found >= 0].sum()
    return np.asarray(long & (found >= 0) & (taken > _MOST_TEXT * text.sum()))


def _whole(page: Segmented, bundle: Bundle, found: Ints) -> Iterator[Finding]:
    for line in np.flatnonzero(found >= 0).tolist():
        template = bundle.template(int(found[line]))
        block = page.blocks[line]
        yield _finding(template, block.start, block.end, template.confidence, template.reason)


def _following(page: Segmented, bundle: Bundle, lines: Lines, found: Ints) -> Iterator[Finding]:
    """Yield the lines between two that recur: lists of teasers, of what is most read, of tags.

    Behind the article and well above it any such run is one; just above it only below a heading
    that opened a list on the pages it was learned from, and was never followed by the article.
    """
    place = place_of(lines, found >= 0)
    hit = found >= 0
    opens = np.zeros(len(found), np.int64)
    opens[hit] = bundle.column("opens", range(len(bundle)))[found[hit]]
    learned = ~place.unsafe & (place.runs <= opens)
    apart = (place.tail & place.closed) | place.far
    lists = (place.runs > 0) & place.slight & (learned | apart)
    for line in np.flatnonzero(lists).tolist():
        template = bundle.template(int(found[line]))
        confidence = round(template.confidence * _FOLLOWS, 3)
        why = f"stands below {template.text!r}, in a list of this publisher's"
        for block in page.blocks[line + 1 : line + 1 + int(place.runs[line])]:
            yield _finding(template, block.start, block.end, confidence, why)


def _parts(
    page: Segmented, bundle: Bundle, patterns: Slotted, lines: Lines, rest: Ints, texts: list[str]
) -> Iterator[Finding]:
    """Yield chrome that stands at the start or the end of a line of the article."""
    for line, index, first, end in patterns.parts(lines, rest):
        (start, stop), block = page.units[line], page.blocks[line]
        if stop - start != len(texts[line]):  # composing has moved the characters
            continue
        at = block.start if first == 0 else page.folded.origin(start + first)
        to = block.end if end == len(texts[line]) else page.folded.origin(start + end)
        template = bundle.template(index)
        yield _finding(template, at, to, template.confidence, template.reason)


def _finding(template: Template, start: int, end: int, confidence: float, why: str) -> Finding:
    evidence = Evidence(template.id, f"{template.publisher}: {why}")
    return Finding(DETECTOR, start, end, template.category, confidence, evidence)
