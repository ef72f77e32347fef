"""The n-gram scores of lines: weights of hashed n-grams in a byte, and a byte to know each by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cleaner.detect.classifier.tokens import Hashes, Ints, buckets

Floats = NDArray[np.float32]

BITS = 19
"""The table has two to this power places."""
_LARGEST = 127


QUESTIONS = ("article", "head", "start", "end", "amid", "opening", "closing")
"""What lines are scored for: being article; being of its head; being among the last lines before
the article; being among the first lines of chrome behind it; being chrome between its lines; being
among its own first lines, or its own last."""


@dataclass(frozen=True)
class NgramTable:
    """Weights of n-grams; for each question a line's score is above 0 for yes, below for no.

    An n-gram that was never learned is told from those that were by its mark; one in 255 passes
    for another.
    """

    weights: NDArray[np.int8]
    """A row for each place, a column for each of `QUESTIONS`."""
    marks: NDArray[np.uint8]
    """Of the n-gram that each place belongs to; 0 where it is free."""
    scales: Floats
    """What one unit of a weight is worth, by question."""
    biases: Floats

    @classmethod
    def of(cls, hashes: Hashes, weights: Floats, biases: Floats) -> NgramTable:
        """Return the table of some n-grams, the later ones winning where two have one place."""
        scales = (np.quantile(np.abs(weights), 0.999, axis=0) / _LARGEST).astype(np.float32)
        rounded = np.clip(np.rint(weights / scales), -_LARGEST, _LARGEST)
        places = buckets(hashes, BITS)
        blank = np.zeros((1 << BITS, len(QUESTIONS)), np.int8)
        table = cls(blank, np.zeros(1 << BITS, np.uint8), scales, biases)
        table.weights[places] = rounded
        table.marks[places] = _marks(hashes)
        return table

    def score(self, line: Ints, hashes: Hashes, lines: int) -> tuple[Floats, Floats]:
        """Return the scores of each of `lines` lines, and the share of its n-grams that is known.

        `line` and `hashes` are the line and the hash of each n-gram. Scores have a row for each
        line and a column for each of `QUESTIONS`.
        """
        places = buckets(hashes, BITS)
        known = self.marks[places] == _marks(hashes)
        at, weights = line[known], self.weights[places[known]]
        count = np.bincount(at, minlength=lines)
        sums = [np.bincount(at, column, lines) for column in weights.T]
        root = np.sqrt(np.maximum(count, 1))
        scores = np.stack(sums, axis=1) * self.scales / root[:, None] + self.biases
        share = count / np.maximum(np.bincount(line, minlength=lines), 1)
        return scores.astype(np.float32), share.astype(np.float32)


def _marks(hashes: Hashes) -> NDArray[np.uint8]:
    return (hashes % np.uint64(255)).astype(np.uint8) + np.uint8(1)
