"""A dilated convolution over the lines of a document, in numpy.

Each line's features go through one dense layer; six layers then let it hear from its neighbours,
1, 2, 4 … 32 lines away, and from the document's mean; the last gives the log-odds that the line
is article, and that it belongs to the article's head.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

DILATIONS = (1, 2, 4, 8, 16, 32)
CONTEXT_BEHIND = 3
"""The layer after which the document's mean is heard."""
CLIP = 5.0
"""Features stand within so many standard deviations of their mean."""


@dataclass(frozen=True)
class Network:
    """Weights in the order of use; rows are inputs and columns outputs."""

    mean: Floats
    spread: Floats
    dense: Floats
    dense_bias: Floats
    mixes: tuple[Floats, ...]
    """One for each of `DILATIONS`: rows for the line before, the line, the line behind."""
    mix_biases: tuple[Floats, ...]
    context: Floats
    last: Floats
    last_bias: Floats

    def log_odds(self, features: Floats) -> Floats:
        """Return for each line (row) the log-odds of article and of head."""
        state = _positive(self.standard(features) @ self.dense, self.dense_bias)
        wide = np.zeros((len(state), 3 * state.shape[1]), np.float32)
        for index, (mix, bias) in enumerate(zip(self.mixes, self.mix_biases, strict=True)):
            _put_beside(state, DILATIONS[index], wide)
            state += _positive(wide @ mix, bias)
            if index + 1 == CONTEXT_BEHIND:
                state += np.maximum(state.mean(axis=0) @ self.context, 0)
        return state @ self.last + self.last_bias

    def standard(self, features: Floats) -> Floats:
        """Return the features by their mean and spread in training."""
        standard = features - self.mean
        standard /= self.spread
        np.minimum(standard, CLIP, out=standard)
        return np.maximum(standard, -CLIP, out=standard)


def _positive(values: Floats, bias: Floats) -> Floats:
    """Add a bias and take what is positive, in place."""
    values += bias
    return np.maximum(values, 0, out=values)


def _put_beside(state: Floats, distance: int, wide: Floats) -> None:
    """Put each row with those `distance` before and behind it into `wide`; 0 beyond the ends."""
    rows, columns = state.shape
    near = min(distance, rows)
    wide[:, columns : 2 * columns] = state
    wide[:near, :columns] = 0
    wide[rows - near :, 2 * columns :] = 0
    if rows > distance:
        wide[distance:, :columns] = state[:-distance]
        wide[:-distance, 2 * columns :] = state[distance:]
