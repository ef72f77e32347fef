"""Where on a page a line stands: before, in or behind the article, told by the lines that recur.

What recurs is a page's skeleton; the article is the stretch of running text that hangs in it. The
runs of lines between two that recur are teasers and lists, if they lie outside that stretch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cleaner.detect.classifier.features import LONG, best_stretches
from cleaner.detect.templates.fingerprint import Ints

Bools = NDArray[np.bool_]

# What a line must bring into the article's stretch, and what one that recurs costs it.
_STRETCH, _RECURS = 10, 12
# How many times the running text of a list must go into the article's.
_SLIGHT = 3
# Lines above the article in which its headline, byline and date stand.
_HEAD = 6


class Worded(Protocol):
    """The lines of one page."""

    @property
    def words(self) -> NDArray[np.float64]:
        """The number of words of each."""
        ...


@dataclass(frozen=True)
class Place:
    """Of each line of a page."""

    head: Bools
    """Whether it stands before the article."""
    tail: Bools
    """Whether it stands behind the article."""
    amid: Bools
    """Whether it stands in the article."""
    near: Bools
    """Whether it stands just above the article, among its headline, byline and date."""
    runs: Ints
    """For a line that recurs: how many that do not follow it directly."""
    unsafe: Bools
    """For a line that recurs: whether the article, or its head, is among those that follow."""
    slight: Bools
    """For a line that recurs: whether those that follow read as running text far less than the
    article does."""
    closed: Bools
    """For a line that recurs: whether they end at another that does."""
    far: Bools
    """For a line that recurs: whether they end well above the article."""


def place_of(lines: Worded, recurs: Bools) -> Place:
    """Return where the lines of one page stand, given which of them recur."""
    words = lines.words
    first, end = stretch_of(lines, recurs)
    index = np.arange(len(words))
    last = following(recurs)
    runs = np.where(recurs, last - index - 1, 0)
    overlaps = (index + 1 < end) & (last > first - _HEAD)
    text = np.concatenate([[0], np.cumsum(np.where(words >= LONG, words, 0))])
    article = text[end] - text[first]
    return Place(
        head=index < first,
        tail=index >= end,
        amid=(index >= first) & (index < end),
        near=(index >= first - _HEAD) & (index < first),
        runs=runs,
        unsafe=(runs > 0) & overlaps,
        slight=(text[last] - text[np.minimum(index + 1, last)]) * _SLIGHT <= article,
        closed=last < len(words),
        far=last <= first - 2 * _HEAD,
    )


def stretch_of(lines: Worded, recurs: Bools | None = None) -> tuple[int, int]:
    """Return the bounds of the lines that read as the article, given which of all recur."""
    gain = lines.words - _STRETCH
    return best_stretches((gain if recurs is None else np.where(recurs, -_RECURS, gain))[None])[0]


def following(recurs: Bools) -> Ints:
    """Return for each line the next one that recurs; the number of lines where none does."""
    size = len(recurs)
    at = np.where(recurs, np.arange(size), size)
    after = np.append(at[1:], size)
    return np.asarray(np.minimum.accumulate(after[::-1])[::-1])
