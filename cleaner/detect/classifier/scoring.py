"""The n-gram score of lines: weights of hashed n-grams in a byte, and a byte to know each by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cleaner.detect.classifier.tokens import Hashes, Ints, buckets

BITS = 19
"""The table has two to this power places."""
_LARGEST = 127


@dataclass(frozen=True)
class NgramTable:
    """Weights of n-grams; a line's score is above 0 for article, below for chrome.

    An n-gram that was never learned is told from those that were by its mark; one in 255 passes
    for another.
    """

    weights: NDArray[np.int8]
    marks: NDArray[np.uint8]
    """Of the n-gram that each place belongs to; 0 where it is free."""
    scale: float
    """What one unit of a weight is worth."""
    bias: float

    @classmethod
    def of(cls, hashes: Hashes, weights: NDArray[np.float32], bias: float) -> NgramTable:
        """Return the table of some n-grams, the later ones winning where two have one place."""
        scale = float(np.quantile(np.abs(weights), 0.999)) / _LARGEST
        rounded = np.clip(np.rint(weights / scale), -_LARGEST, _LARGEST)
        places = buckets(hashes, BITS)
        table = cls(np.zeros(1 << BITS, np.int8), np.zeros(1 << BITS, np.uint8), scale, bias)
        table.weights[places] = rounded
        table.marks[places] = _marks(hashes)
        return table

    def score(
        self, line: Ints, hashes: Hashes, lines: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the score of each of `lines` lines, and the share of its n-grams that is known.

        `line` and `hashes` are the line and the hash of each n-gram.
        """
        places = buckets(hashes, BITS)
        known = self.marks[places] == _marks(hashes)
        weights = np.where(known, self.weights[places], 0)
        sums = np.bincount(line, weights=weights, minlength=lines) * self.scale
        count = np.bincount(line, weights=known, minlength=lines)
        total = np.maximum(np.bincount(line, minlength=lines), 1)
        score = sums / np.sqrt(np.maximum(count, 1)) + self.bias
        return score.astype(np.float32), (count / total).astype(np.float32)


def _marks(hashes: Hashes) -> NDArray[np.uint8]:
    return (hashes % np.uint64(255)).astype(np.uint8) + np.uint8(1)
