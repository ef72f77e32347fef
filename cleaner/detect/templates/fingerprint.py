"""What makes two lines the same to a template: their words, in 64 bits.

Case, white space, punctuation and quotes don't count, and every number is the same number. So
"You have 3 free articles left." and "you have 12 free articles left" have one fingerprint, and a
line without a letter or a digit has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from cleaner.detect.classifier import shipped
from cleaner.detect.classifier.characters import Sort
from cleaner.detect.classifier.features import UNSPACED_WORD
from cleaner.detect.classifier.tokens import Tokens, sequence_hashes, tokenise

Ints = NDArray[np.int64]

# Tokens after which an edge of a line is a fingerprint of its own.
EDGES = (2, 5)
NONE = 0
"""The fingerprint of a line without words; no other line has it."""
_NUMBER = np.uint64(0xC2B2AE3D27D4EB4F)


@dataclass(frozen=True)
class Lines:
    """Some lines, as fingerprints."""

    tokens: Tokens
    hashes: NDArray[np.uint64]
    """Of each token; one for all numbers."""
    whole: Ints
    """The fingerprint of each line."""

    @classmethod
    def of(cls, texts: Sequence[str]) -> Lines:
        """Return the fingerprints of `texts`; see `comparable` for what they must be like."""
        model = shipped()  # the same tables and the same texts are tokenised once
        tokens = tokenise([text or " " for text in texts] or [" "], model.sorts, model.lower)
        is_digit = tokens.sorts == Sort.DIGIT
        digits = np.concatenate([[0], np.cumsum(is_digit)])
        counts = digits[tokens.last] - digits[tokens.first]
        hashes = np.where(counts == tokens.last - tokens.first, _NUMBER, tokens.hashes)
        return cls(tokens, hashes, _signed(hashes, tokens.begin[:-1], tokens.begin[1:]))

    @property
    def sizes(self) -> Ints:
        """The number of tokens of each line."""
        return self.tokens.counts

    @cached_property
    def words(self) -> NDArray[np.float64]:
        """The number of words of each line; some characters of a script without spaces are one."""
        tokens = self.tokens
        unspaced = np.bincount(
            tokens.line_of_char[tokens.sorts == Sort.UNSPACED], minlength=tokens.lines
        )
        return np.asarray(self.sizes - (1 - UNSPACED_WORD) * unspaced)

    @cached_property
    def numeric(self) -> NDArray[np.bool_]:
        """Whether two in five of each line's tokens are numbers, as in dates, scores and prices."""
        tokens = self.tokens
        numbers = np.bincount(tokens.line[self.hashes == _NUMBER], minlength=tokens.lines)
        return numbers * 5 >= 2 * np.maximum(self.sizes, 1)

    def opening(self, size: int) -> Ints:
        """Return the fingerprint of the first `size` tokens of each line; `NONE` if shorter."""
        begin = self.tokens.begin[:-1]
        return self._edge(begin, begin + size, size)

    def closing(self, size: int) -> Ints:
        """Return the fingerprint of the last `size` tokens of each line; `NONE` if shorter."""
        end = self.tokens.begin[1:]
        return self._edge(end - size, end, size)

    def _edge(self, begin: Ints, end: Ints, size: int) -> Ints:
        enough = self.sizes >= size
        out = np.full(self.tokens.lines, NONE, np.int64)
        out[enough] = _signed(self.hashes, begin[enough], end[enough])
        return out

    def of_line(self, index: int) -> NDArray[np.uint64]:
        """Return the hashes of the tokens of one line."""
        begin, end = self.tokens.begin[index : index + 2]
        return self.hashes[begin:end]


def comparable(text: str) -> str:
    """Return `text` as fingerprints are taken of it: composed, on one line."""
    return normalize("NFC", text).replace("\n", " ")


@lru_cache(1 << 14)
def name_fingerprint(name: str) -> int:
    """Return 64 bits, signed, for a name such as a publisher's."""
    return int(name_fingerprints([name])[0])


def name_fingerprints(names: Sequence[str]) -> Ints:
    """Return the same for each of `names`."""
    encoded = [name.encode("utf-8", "surrogatepass") or b"\0" for name in names]
    ends = np.cumsum([0, *map(len, encoded)])
    codes = np.frombuffer(b"".join(encoded), np.uint8)
    return _signed(codes.astype(np.uint64) + np.uint64(1), ends[:-1], ends[1:])


def mix(values: Ints, seed: int) -> NDArray[np.uint64]:
    """Return `values` scattered over 64 bits, differently for each `seed`."""
    out = values.astype(np.uint64) * np.uint64((0x9E3779B97F4A7C15 + 2 * seed * 0x632BE59B) % 2**64)
    out ^= out >> np.uint64(31)
    out *= np.uint64(0x94D049BB133111EB)
    return out ^ (out >> np.uint64(29))


def _signed(hashes: NDArray[np.uint64], begin: Ints, end: Ints) -> Ints:
    """Return fingerprints as engines know 64 bits, with a sign; `NONE` for nothing."""
    found = sequence_hashes(hashes, begin, end).view(np.int64)
    return np.where(end > begin, found, NONE)
