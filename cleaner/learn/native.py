"""Native raw texts: what scrapers really deliver, without gold, labelled by what recurs.

A line that many texts of one publisher share is its chrome; a long line that no other text of it
has is article. About everything between the two nobody can say. Such texts show whole appeals
and notices as they stand in articles, of which pages with gold have few.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cleaner.detect.classifier.tokens import Tokens
from cleaner.learn.labels import ARTICLE_LINE, CHROME_LINE, Labels

# Texts that a publisher has at least, that are counted, and that are learned from at most.
_LEAST_TEXTS, _COUNTED, MOST = 20, 400, 40
# A line is chrome from this share of a publisher's texts, and at least so many.
_SHARE, _TIMES = 0.03, 5
_WORDS, _HEAD_LINES = 8, 3
# A text with this share of its lines in speakers' turns is a transcript: what recurs there is said.
_TURNS, _TURN = 0.2, re.compile(r"[A-Z][A-Z .,'’-]+:")
_MOST_CHROME = 0.4


@dataclass(frozen=True, slots=True)
class NativeText:
    """One publisher's text, cut into lines."""

    publisher: str
    lines: list[str]
    gaps: Labels
    indents: Labels
    tokens: Tokens


def taught(texts: Sequence[NativeText]) -> Iterator[tuple[NativeText, Labels]]:
    """Yield texts of one publisher with their labels; none if it has too few."""
    counted = [text for text in texts[:: len(texts) // _COUNTED + 1] if not _is_transcript(text)]
    if len(counted) < _LEAST_TEXTS:
        return
    times = Counter(mark for text in counted for mark in set(text.tokens.line_hashes.tolist()))
    often = max(_TIMES, _SHARE * len(counted))
    for text in counted[:: len(counted) // MOST + 1]:
        marks = text.tokens.line_hashes.tolist()
        labels = _labels(text, np.array([times[mark] for mark in marks]), often)
        chrome = text.tokens.counts[labels == CHROME_LINE].sum()
        if chrome < _MOST_CHROME * text.tokens.counts.sum():
            yield text, labels


def _is_transcript(text: NativeText) -> bool:
    turns = sum(_TURN.match(line) is not None for line in text.lines)
    return turns > _TURNS * len(text.lines)


def _labels(text: NativeText, times: NDArray[np.int64], often: float) -> Labels:
    """Return what each line is; `times` is how many texts have it."""
    counts = text.tokens.counts
    labels = np.full(len(text.lines), np.nan, np.float32)
    labels[(times <= 2) & (counts >= _WORDS)] = ARTICLE_LINE
    labels[:_HEAD_LINES] = np.nan
    labels[(times >= often) & (counts > 0)] = CHROME_LINE
    speaks = np.array([line.rstrip().endswith(":") for line in text.lines])
    labels[speaks & (labels == CHROME_LINE)] = np.nan
    _leave_out_tail(labels)
    return labels


def _leave_out_tail(labels: Labels) -> None:
    """Leave out what stands among the chrome at the end: it changes from text to text."""
    chrome = np.flatnonzero(labels == CHROME_LINE)
    behind = chrome[chrome > 0.7 * len(labels)]
    if len(behind):
        tail = labels[behind[0] :]
        tail[tail == ARTICLE_LINE] = np.nan
