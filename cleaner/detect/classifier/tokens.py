"""One tokenisation of a whole document, and the hashed n-grams of its lines.

A token is a run of letters, marks and digits; in scripts without spaces each character is one.
Tokens are known by a 64-bit hash of their characters in lower case with all digits alike. Hash,
length and place of every token come from a handful of array operations, whatever the number of
lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cleaner.detect.classifier.characters import SORTS, Sort, code_points

Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]

_WORD = np.zeros(SORTS, bool)
_WORD[[Sort.LOWER, Sort.UPPER, Sort.LETTER, Sort.UNSPACED, Sort.DIGIT]] = True
_BASE = np.uint64(0x9E3779B97F4A7C15)
_BASE_INVERSE = np.uint64(pow(0x9E3779B97F4A7C15, -1, 1 << 64))
_MIX = np.uint64(0xBF58476D1CE4E5B9)
_PAIR, _OPENS, _CLOSES, _LINE = (
    np.uint64(seed)
    for seed in (0xD6E8FEB86659FD93, 0xA0761D6478BD642F, 0xE7037ED1A0B428DB, 0x8EBC6AF09C88C6E3)
)
# A longer text is not remembered.
_REMEMBERED = 1 << 20
# Whole lines up to this many tokens are n-grams of their own.
_SHORT = 8
_powers: list[Hashes] = []
_last: list[tuple[str, NDArray[np.uint8], Tokens]] = []


@dataclass(frozen=True)
class Tokens:
    """A document's lines, characters and tokens, as arrays."""

    lines: int
    """How many lines there are; each has at least one character."""
    starts: Ints
    """First character of each line."""
    ends: Ints
    """Behind the last character of each line."""
    sorts: NDArray[np.uint8]
    """`Sort` of each character."""
    line_of_char: Ints
    first: Ints
    """First character of each token."""
    last: Ints
    """Behind the last character of each token."""
    line: Ints
    """The line of each token."""
    hashes: Hashes
    """Of each token."""
    begin: Ints
    """First token of each line, by the number of lines plus one."""
    line_hashes: Hashes
    """Of each line's tokens, in order."""

    @cached_property
    def counts(self) -> Ints:
        """The number of tokens of each line."""
        return np.diff(self.begin)

    @property
    def holding_digits(self) -> NDArray[np.bool_]:
        """Whether a digit stands in each line."""
        digits = self.line_of_char[self.sorts == Sort.DIGIT]
        return np.bincount(digits, minlength=self.lines) > 0

    def ngrams(self) -> tuple[Ints, Hashes]:
        """Return the line and the hash of every n-gram.

        Tokens, pairs of tokens in a line, its first and last token as such, and the whole of a
        short line.
        """
        pair = self.line[1:] == self.line[:-1]
        some = np.flatnonzero(self.counts)
        short = np.flatnonzero((self.counts > 0) & (self.counts <= _SHORT))
        parts = (
            (self.line, self.hashes),
            (self.line[1:][pair], (self.hashes[:-1] * _PAIR + self.hashes[1:])[pair]),
            (some, self.hashes[self.begin[some]] * _OPENS),
            (some, self.hashes[self.begin[some + 1] - 1] * _CLOSES),
            (short, self.line_hashes[short] * _LINE),
        )
        return np.concatenate([lines for lines, _ in parts]), np.concatenate([h for _, h in parts])


def tokenise(texts: list[str], sort_of: NDArray[np.uint8], lower: NDArray[np.uint64]) -> Tokens:
    """Return the tokens of `texts`, one line each, none of them empty and none with a line end.

    The last two answers are remembered: two detectors ask about the same document.
    """
    text = "\n".join(texts)
    for known, table, tokens in _last:
        if table is sort_of and known == text:
            return tokens
    tokens = _tokenised(text, len(texts), sort_of, lower)
    if len(text) <= _REMEMBERED:
        _last[:] = [(text, sort_of, tokens), *_last[:1]]
    return tokens


def _tokenised(
    text: str, lines: int, sort_of: NDArray[np.uint8], lower: NDArray[np.uint64]
) -> Tokens:
    codes = code_points(text)
    sorts = sort_of[codes]
    breaks = np.flatnonzero(codes == 10)
    starts = np.concatenate([[0], breaks + 1])
    ends = np.concatenate([breaks, [len(codes)]])
    line_of_char = np.zeros(len(codes), np.int64)
    line_of_char[starts[1:]] = 1
    np.cumsum(line_of_char, out=line_of_char)
    first, last = _bounds(sorts)
    prefix = _prefix(lower[codes] + np.uint64(1))
    hashes = _range_hashes(prefix, first, last)
    line = line_of_char[first]
    begin = np.searchsorted(line, np.arange(lines + 1))
    sequence = _prefix(hashes)
    return Tokens(
        lines=lines,
        starts=starts,
        ends=ends,
        sorts=sorts,
        line_of_char=line_of_char,
        first=first,
        last=last,
        line=line,
        hashes=hashes,
        begin=begin,
        line_hashes=_range_hashes(sequence, begin[:-1], begin[1:]),
    )


def buckets(hashes: Hashes, bits: int) -> Ints:
    """Return the place of each hash in a table of two to the power of `bits`."""
    return (hashes * _MIX >> np.uint64(64 - bits)).astype(np.int64)


def runs_of(hashes: Hashes, size: int) -> Hashes:
    """Return a hash for each run of `size` tokens."""
    first = np.arange(max(len(hashes) - size + 1, 0))
    return sequence_hashes(hashes, first, first + size)


def sequence_hashes(values: Hashes, begin: Ints, end: Ints) -> Hashes:
    """Return a hash of ``values[begin:end]`` for each pair of bounds."""
    return _range_hashes(_prefix(values), begin, end)


def _bounds(sorts: NDArray[np.uint8]) -> tuple[Ints, Ints]:
    """Return where tokens start and end."""
    word = _WORD[sorts]
    alone = sorts == Sort.UNSPACED
    same = word[1:] & word[:-1] & ~alone[1:] & ~alone[:-1]
    opens, closes = word.copy(), word.copy()
    opens[1:] &= ~same
    closes[:-1] &= ~same
    return np.flatnonzero(opens), np.flatnonzero(closes) + 1


def _prefix(values: Hashes) -> Hashes:
    """Return sums of ``values[i] * base**i`` up to each place, modulo 2**64."""
    out = np.zeros(len(values) + 1, np.uint64)
    np.cumsum(values * _powers_to(len(values))[0][: len(values)], out=out[1:])
    return out


def _range_hashes(prefix: Hashes, begin: Ints, end: Ints) -> Hashes:
    hashes = (prefix[end] - prefix[begin]) * _powers_to(len(prefix))[1][begin]
    hashes = (hashes ^ (hashes >> np.uint64(29))) * _MIX
    return hashes ^ (hashes >> np.uint64(32))


def _powers_to(length: int) -> list[Hashes]:
    """Return powers of the base and of its inverse, at least `length` of each."""
    if not _powers or len(_powers[0]) < length:
        size = max(1 << 16, 1 << length.bit_length())
        made = []
        for base in (_BASE, _BASE_INVERSE):
            powers = np.full(size, base, np.uint64)
            powers[0] = 1
            made.append(np.cumprod(powers, dtype=np.uint64))
        _powers[:] = made
    return _powers
