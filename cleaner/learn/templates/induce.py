"""Lines that share an edge to one pattern: what they have in common stays, the rest is a slot.

Known misses: patterns whose pieces change their order; a piece of one word amid slots.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np

from cleaner.detect.templates.bundle import SLOT, Template, Where
from cleaner.detect.templates.fingerprint import Lines
from cleaner.detect.templates.slots import Pattern, Words, anchor_print, bounds_of, pattern_of

# Of the lines, that must have a word for it to be of the pattern, and that must fit the pattern.
_COMMON, _FITTING = 0.75, 0.5
_SEEDS = 4
_LEAST_LINES = 3
# Words that must be the pattern's own, and their share of a line, by the number of pieces.
_LEAST_WORDS = 4
_LEAST_SHARE, _LEAST_SHARE_ONE = 0.3, 0.6
_MOST_ROOM = 40
_LEAST_PART = 5
_LONGEST_PART = 60
_AT_BOUNDARY = 0.9


@dataclass(frozen=True, slots=True)
class Induced:
    """A candidate's text as a pattern."""

    text: str
    where: Where
    share: float
    """Of the candidate's lines that are of it."""
    room: int
    """Most words that a slot holds, with some to spare; 0 without a slot."""
    fingerprint: int


def induce(texts: Sequence[str]) -> Iterator[Induced]:
    """Yield the patterns that `texts`, lines with a common edge, are of; often there is none."""
    texts = list(dict.fromkeys(texts))
    if len(texts) < _LEAST_LINES:
        return
    lines = Lines.of(texts)
    words = [tuple(lines.of_line(n).tolist()) for n in range(len(texts))]
    if (best := _best_whole(lines, texts, words)) is not None:
        yield best
        return
    for where in (Where.CLOSING, Where.OPENING):
        if (part := _part(lines, texts, words, where)) is not None:
            yield part


def _best_whole(lines: Lines, texts: list[str], words: list[Words]) -> Induced | None:
    """Return the pattern that takes all of most lines, seen from the line that shows it best."""
    found = [
        pattern
        for seed in range(min(_SEEDS, len(texts)))
        if (pattern := _whole(lines, texts, words, seed)) is not None
    ]
    return max(found, key=lambda pattern: (pattern.share, len(pattern.text)), default=None)


def _whole(lines: Lines, texts: list[str], words: list[Words], seed: int) -> Induced | None:
    mine = words[seed]
    shared = np.zeros(len(mine))
    for other in words:
        blocks = SequenceMatcher(None, mine, other, autojunk=False).get_matching_blocks()
        for block in blocks:
            shared[block.a : block.a + block.size] += 1
    pieces = _pieces(shared >= _COMMON * len(words))
    own = sum(end - first for first, end in pieces)
    least = _LEAST_SHARE if len(pieces) > 1 else _LEAST_SHARE_ONE
    mean = sum(map(len, words)) / len(words)
    if own < _LEAST_WORDS or own == len(mine) or own < least * mean:
        return None
    at_edge = pieces[0][0] == 0 or pieces[-1][1] == len(mine)
    return _fitted(_written(lines, texts, seed, pieces), Where.BLOCK, words) if at_edge else None


def _pieces(common: np.ndarray) -> list[tuple[int, int]]:
    """Return the runs of common words; single ones only at an edge of the line."""
    bounds = np.flatnonzero(np.diff(np.concatenate([[0], common.astype(np.int8), [0]])))
    runs = list(zip(bounds[::2].tolist(), bounds[1::2].tolist(), strict=True))
    return [
        (first, end) for first, end in runs if end - first > 1 or first == 0 or end == len(common)
    ]


def _written(lines: Lines, texts: list[str], seed: int, pieces: list[tuple[int, int]]) -> str:
    """Return the seed's text with slots for what is not of a piece."""
    tokens = lines.tokens
    begin, start = int(tokens.begin[seed]), int(tokens.starts[seed])
    size = int(tokens.begin[seed + 1]) - begin
    written = []
    for first, end in pieces:
        if first:
            written.append(SLOT)
        stop = len(texts[seed]) if end == size else int(tokens.last[begin + end - 1]) - start
        opens = 0 if first == 0 else int(tokens.first[begin + first]) - start
        written.append(texts[seed][opens:stop].strip())
    if pieces[-1][1] < size:
        written.append(SLOT)
    return " ".join(written)


def _fitted(text: str, where: Where, words: list[Words]) -> Induced | None:
    """Return the pattern of `text` with the room that its lines need, if enough of them fit."""
    slots = SLOT in text
    trial = _trial(text, where, _MOST_ROOM if slots else 0)
    fits = [line for line in words if trial.length(line)]
    if len(fits) < max(_LEAST_LINES, _FITTING * len(words)):
        return None
    own = sum(map(len, trial.pieces))
    room = min(2 * max(len(line) - own for line in fits) + 2, _MOST_ROOM) if slots else 0
    share = len(fits) / len(words)
    return Induced(text, where, share, room, anchor_print(text, where))


def _trial(text: str, where: Where, room: int) -> Pattern:
    blank = Template("", text, where, "", 0, 0, 0, 0, -1, -1, "", 0, room, "", 0)
    return pattern_of(0, blank)


def _part(lines: Lines, texts: list[str], words: list[Words], where: Where) -> Induced | None:
    """Return the words that most lines have in common at one edge, where a sentence ends there."""
    turned = [line[::-1] for line in words] if where is Where.CLOSING else words
    size = max((_common(turned, seed) for seed in range(min(_SEEDS, len(words)))), default=0)
    if size < _LEAST_PART or size > _LONGEST_PART:
        return None
    heads = [line[:size] for line in turned]
    usual = max(set(heads), key=lambda head: (heads.count(head), head))
    fits = [n for n, head in enumerate(heads) if head == usual and len(words[n]) > size]
    cut = [n for n in fits if bounds_of(lines, n, where, size)]
    if len(fits) < max(_LEAST_LINES, _FITTING * len(words)) or len(cut) < _AT_BOUNDARY * len(fits):
        return None
    first, end = bounds_of(lines, cut[0], where, size) or (0, 0)
    text = texts[cut[0]][first:end].strip()
    share = len(fits) / len(words)
    return Induced(text, where, share, 0, anchor_print(text, where))


def _common(words: list[Words], seed: int) -> int:
    """Return how many first words of one line most of the others have as well."""
    mine, size = words[seed], 0
    while size < len(mine):
        head = mine[: size + 1]
        if sum(line[: size + 1] == head for line in words) < _COMMON * len(words):
            break
        size += 1
    return size
