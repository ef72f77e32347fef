"""How much of an article a text has, and how much else: shingles of four words.

The measure of the article-extraction-benchmark: a multiset of runs of four words is compared
with the gold's, each document counts alike, and F1 is that of the mean precision and the mean
recall. One difference: a Chinese or Japanese character is a word here, where that benchmark takes
a whole clause for one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np

SIZE = 4
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\W\u3040-\u30ff\u3400-\u9fff]+")
_DRAWS = 1000


@dataclass(frozen=True, slots=True)
class Match:
    """A text beside the gold, in shingles."""

    both: int
    extra: int
    """In the text alone."""
    missing: int
    """In the gold alone."""

    @property
    def precision(self) -> float:
        """1 where there is nothing to find and nothing was found."""
        if self.extra == self.missing == 0:
            return 1.0
        return self.both / (self.both + self.extra) if self.both + self.extra else 0.0

    @property
    def recall(self) -> float:
        """As `precision`, of the gold."""
        if self.extra == self.missing == 0:
            return 1.0
        return self.both / (self.both + self.missing) if self.both + self.missing else 0.0

    @property
    def f1(self) -> float:
        """Of this document alone."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


@dataclass(frozen=True, slots=True)
class Score:
    """Many documents' matches in one figure each, with half the width of its 95% interval."""

    documents: int
    f1: float
    precision: float
    recall: float
    f1_within: float
    """1.96 standard deviations of F1 over bootstrap samples of the documents."""


def shingles(text: str) -> Counter[tuple[str, ...]]:
    """Return the multiset of runs of four words; a shorter text is one run."""
    words = _WORD.findall(text)
    if not words:
        return Counter()
    return Counter(tuple(words[at : at + SIZE]) for at in range(max(1, len(words) - SIZE + 1)))


def match(
    gold: Counter[tuple[str, ...]], text: str, aside: Set[tuple[str, ...]] = frozenset()
) -> Match:
    """Compare a text with the gold's shingles; those `aside` count neither way."""
    found = shingles(text)
    both = (found & gold).total()
    other = sum(times for shingle, times in (found - gold).items() if shingle not in aside)
    return Match(both, other, gold.total() - both)


def score(matches: Sequence[Match]) -> Score:
    """Return the figures of many documents; those with nothing on one side don't count for it."""
    each = np.array(
        [
            (
                m.precision if m.both + m.extra > 0 else np.nan,
                m.recall if m.both + m.missing > 0 else np.nan,
            )
            for m in matches
        ]
    ).reshape(-1, 2)
    precision, recall = _means(each)
    luck = np.random.default_rng(0)
    drawn = [_f1(*_means(each[luck.integers(0, len(each), len(each))])) for _ in range(_DRAWS)]
    within = 1.96 * float(np.std(drawn))
    return Score(len(matches), _f1(precision, recall), precision, recall, within)


def _means(each: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> tuple[float, float]:
    counted = ~np.isnan(each)
    sums = np.where(counted, each, 0).sum(axis=0) / np.maximum(counted.sum(axis=0), 1)
    return float(sums[0]), float(sums[1])


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
