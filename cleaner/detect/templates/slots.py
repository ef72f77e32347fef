"""Templates with slots, and those that are glued to a line of the article.

Each has an anchor, its first or its last piece: the fingerprints of that many words at that edge
of all lines are looked up at once, and only a line with an anchor is walked through.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from cleaner.detect.classifier.characters import Sort
from cleaner.detect.templates.bundle import SLOT, Bundle, Template, Where
from cleaner.detect.templates.fingerprint import Ints, Lines

Words = tuple[int, ...]
"""The hashes of some tokens."""

_SPACE = int(Sort.SPACE)
_WORDS = frozenset(int(s) for s in (Sort.LOWER, Sort.UPPER, Sort.LETTER, Sort.UNSPACED, Sort.DIGIT))
# Behind one of these, or before one, an article's line may end and chrome begin.
_ENDS = frozenset(
    int(s) for s in (Sort.STOP, Sort.EXCLAMATION, Sort.QUOTE, Sort.BRACKET, Sort.ELLIPSIS)
)
_DIVIDES = frozenset(int(s) for s in (Sort.DASH, Sort.SLASH, Sort.SYMBOL, Sort.COLON))


@dataclass(frozen=True, slots=True)
class Pattern:
    """A template as it is matched."""

    index: int
    """In its bundle."""
    where: Where
    pieces: tuple[Words, ...]
    """In order; never empty."""
    open_start: bool
    """Whether a slot stands before the first piece."""
    open_end: bool
    """Whether one stands behind the last."""
    room: int
    """Most words in a slot."""

    @property
    def backward(self) -> bool:
        """Whether its last piece is its anchor."""
        return self.open_start or self.where is Where.CLOSING

    @property
    def anchor(self) -> Words:
        """What a line must begin, or end, with."""
        return self.pieces[-1 if self.backward else 0]

    def length(self, words: Words) -> int:
        """Return how many of `words`, from its anchor's edge on, it takes; 0 if it does not fit."""
        pieces, open_far = list(self.pieces), self.open_end
        if self.backward:
            words = words[::-1]
            pieces, open_far = [piece[::-1] for piece in pieces[::-1]], self.open_start
        at = len(pieces[0])
        if words[:at] != pieces[0]:
            return 0
        for piece in pieces[1:]:
            found = _find(words, piece, at + 1, at + self.room)
            if found < 0:
                return 0
            at = found + len(piece)
        if self.where is not Where.BLOCK:
            return at
        rest = len(words) - at
        if open_far:
            return len(words) if 0 < rest <= self.room else 0
        if rest and len(pieces) > 1:  # the last piece may stand once more, at the edge
            last = len(words) - len(pieces[-1])
            room = self.room + len(pieces[-1])
            return len(words) if words[last:] == pieces[-1] and rest <= room else 0
        return 0 if rest else at


def _find(words: Words, piece: Words, least: int, most: int) -> int:
    size = len(piece)
    for at in range(least, min(most, len(words) - size) + 1):
        if words[at : at + size] == piece:
            return at
    return -1


@dataclass(frozen=True)
class Slotted:
    """All patterns of one publisher, by the edge and the size of their anchors."""

    by_anchor: dict[tuple[bool, int], dict[int, list[Pattern]]] = field(default_factory=dict)

    def whole(self, lines: Lines, rest: Ints) -> Iterator[tuple[int, int]]:
        """Yield those of the lines `rest` that a template is all of, and its index."""
        for line, patterns, words in self._anchored(lines, rest):
            for pattern in patterns:
                if pattern.where is Where.BLOCK and pattern.length(words):
                    yield line, pattern.index
                    break

    def parts(self, lines: Lines, rest: Ints) -> Iterator[tuple[int, int, int, int]]:
        """Yield line, template and range of characters where one is a part of a line."""
        for line, patterns, words in self._anchored(lines, rest):
            for pattern in patterns:
                if pattern.where is Where.BLOCK:
                    continue
                size = pattern.length(words)
                if 0 < size < len(words) and (
                    bounds := bounds_of(lines, line, pattern.where, size)
                ):
                    yield line, pattern.index, *bounds
                    break

    def _anchored(self, lines: Lines, rest: Ints) -> Iterator[tuple[int, list[Pattern], Words]]:
        """Yield the lines with an anchor, the anchor's patterns and the line's words."""
        for (backward, size), patterns in self.by_anchor.items():
            prints = (lines.closing(size) if backward else lines.opening(size))[rest]
            wanted = np.fromiter(patterns, np.int64, len(patterns))
            for at in np.flatnonzero(np.isin(prints, wanted)).tolist():
                line = int(rest[at])
                words = tuple(lines.of_line(line).tolist())
                yield line, patterns[int(prints[at])], words


def slotted(bundle: Bundle, rows: range) -> Slotted:
    """Return the patterns among some templates of `bundle`."""
    room, where = bundle.column("room", rows), bundle.column("where", rows)
    some = np.flatnonzero((room > 0) | (where != Where.BLOCK)).tolist()
    return compiled([(rows.start + n, bundle.template(rows.start + n)) for n in some])


def compiled(templates: Sequence[tuple[int, Template]]) -> Slotted:
    """Return the patterns of templates, each with its index."""
    made: dict[tuple[bool, int], dict[int, list[Pattern]]] = defaultdict(lambda: defaultdict(list))
    for index, template in templates:
        pattern = pattern_of(index, template)
        anchor = pattern.anchor
        made[pattern.backward, len(anchor)][template.fingerprint].append(pattern)
    return Slotted({key: dict(rows) for key, rows in made.items()})


def pattern_of(index: int, template: Template) -> Pattern:
    """Return a template as it is matched."""
    pieces = [piece for piece in template.pieces if piece]
    lines = Lines.of(pieces)
    text = template.text.strip()
    return Pattern(
        index=index,
        where=template.where,
        pieces=tuple(tuple(lines.of_line(n).tolist()) for n in range(len(pieces))),
        open_start=text.startswith(SLOT),
        open_end=text.endswith(SLOT),
        room=template.room,
    )


def anchor_print(text: str, where: Where) -> int:
    """Return the fingerprint of the anchor of a template of this text."""
    pieces = [piece.strip() for piece in text.split(SLOT)]
    backward = not pieces[0] or where is Where.CLOSING
    piece = [piece for piece in pieces if piece][-1 if backward else 0]
    return int(Lines.of([piece]).whole[0])


def bounds_of(lines: Lines, line: int, where: Where, size: int) -> tuple[int, int] | None:
    """Return the characters that `size` words at an edge of a line take, signs beside included.

    None where the article's part would not end there as a sentence or before a dividing sign.
    """
    tokens = lines.tokens
    begin, end = (int(n) for n in tokens.begin[line : line + 2])
    start, stop = int(tokens.starts[line]), int(tokens.ends[line])
    sorts = tokens.sorts
    if where is Where.OPENING:
        first, last = int(tokens.first[begin + size]), int(tokens.last[begin + size - 1])
        between = sorts[last:first].tolist()
        return (0, first - start) if _ENDS.union(_DIVIDES) & set(between) else None
    at = int(tokens.first[end - size])
    before = int(tokens.last[end - size - 1])
    between = sorts[before:at].tolist()
    cut = _cut(between)
    return None if cut is None else (before + cut - start, stop - start)


def _cut(between: list[int]) -> int | None:
    """Return where, among the signs between article and chrome, the chrome begins."""
    at = len(between)
    while at and between[at - 1] != _SPACE:
        at -= 1
    ended = max((n + 1 for n in range(at) if between[n] != _SPACE), default=0)
    last = between[ended - 1] if ended else _SPACE
    if last in _DIVIDES:  # the dividing sign goes with the chrome
        while ended and between[ended - 1] in _DIVIDES | {_SPACE}:
            ended -= 1
        return ended
    return ended if last in _ENDS or _ENDS & set(between[at : at + 1]) else None
