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
        state = np.maximum(self.standard(features) @ self.dense + self.dense_bias, 0)
        for index, (mix, bias) in enumerate(zip(self.mixes, self.mix_biases, strict=True)):
            state = state + np.maximum(_beside(state, DILATIONS[index]) @ mix + bias, 0)
            if index + 1 == CONTEXT_BEHIND:
                state = state + np.maximum(state.mean(axis=0) @ self.context, 0)
        return state @ self.last + self.last_bias

    def standard(self, features: Floats) -> Floats:
        """Return the features by their mean and spread in training."""
        return np.clip((features - self.mean) / self.spread, -CLIP, CLIP)


def _beside(state: Floats, distance: int) -> Floats:
    """Return each row with those `distance` before and behind it beside it; 0 beyond the ends."""
    rows, columns = state.shape
    out = np.zeros((rows, 3 * columns), np.float32)
    out[:, columns : 2 * columns] = state
    if rows > distance:
        out[distance:, :columns] = state[:-distance]
        out[:-distance, 2 * columns :] = state[distance:]
    return out
