"""What is known of each line of a document: some 150 numbers from one pass over its arrays.

A line is described by its own shape, its words' usual company (the n-gram score), its place, what
stands around it, whether it or its like occurs again, and by the document around it. `NAMES`
names the columns of `describe`. Nothing here knows a word of any language.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from cleaner.detect.classifier.characters import PLANE, SORTS, Sort
from cleaner.detect.classifier.scoring import QUESTIONS
from cleaner.detect.classifier.tokens import Tokens, sequence_hashes, tokenise

Floats = NDArray[np.float32]
Columns = tuple[Sequence[str], NDArray[np.generic] | Sequence[NDArray[np.generic]]]
"""Names, and as many columns: of an array, or one array each."""

# Words from which a line reads as running text.
LONG = 15
# What a line must bring into the best contiguous stretch.
_STRETCH = 10
_WINDOWS = (2, 5, 10)
# Characters of a script without spaces that make a word.
_UNSPACED_WORD = 0.6
# As plain numbers: an enumeration's members are slow to look up.
_UNSPACED, _UPPER, _LOWER, _DIGIT, _SPACE = (
    int(sort) for sort in (Sort.UNSPACED, Sort.UPPER, Sort.LOWER, Sort.DIGIT, Sort.SPACE)
)
_STOP, _EXCLAMATION, _QUOTE, _BRACKET = (
    int(sort) for sort in (Sort.STOP, Sort.EXCLAMATION, Sort.QUOTE, Sort.BRACKET)
)


@dataclass(frozen=True)
class Layout:
    """What stands around the lines of a document, beyond their text."""

    gaps: Floats
    """Blank lines before each line."""
    indents: Floats
    """Blank characters before its first."""
    title: frozenset[int] = frozenset()
    """Hashes of the tokens of the title hint."""


def describe(
    tokens: Tokens, layout: Layout, scores: Floats, known: Floats
) -> tuple[tuple[str, ...], Floats]:
    """Return the names of the columns, and one row for each line.

    `scores` are the n-gram scores of each line, a column for each of `scoring.QUESTIONS`; `known`
    is the share of its n-grams that they rest on.
    """
    shape = _Shape(tokens)
    score = scores[:, 0]
    parts = (
        _own(shape),
        (("known n-grams",), [known]),
        *_layout(shape, layout),
        _place(shape),
        *_repeats(shape),
        *_company(shape, score),
        _turns(scores),
        _document(shape, score),
    )
    names = tuple(name for part, _ in parts for name in part)
    out = np.empty((tokens.lines, len(names)), np.float32)
    at = 0
    for part, values in parts:
        if isinstance(values, np.ndarray):
            out[:, at : at + len(part)] = values
            at += len(part)
            continue
        for column in values:
            out[:, at] = column
            at += 1
    return names, out


@cache
def feature_names() -> tuple[str, ...]:
    """Return the names of the columns of `describe`, in order; they are the same for any text."""
    blank = np.zeros(2, np.float32)
    tokens = tokenise(["a", "b"], np.zeros(PLANE, np.uint8), np.zeros(PLANE, np.uint64))
    scores = np.zeros((2, len(QUESTIONS)), np.float32)
    return describe(tokens, Layout(blank, blank), scores, blank)[0]


class _Shape:
    """Counts that several groups of columns need."""

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.lines = tokens.lines
        cells = tokens.line_of_char * SORTS + tokens.sorts
        self.sorts = np.bincount(cells, minlength=self.lines * SORTS).reshape(self.lines, SORTS)
        self.chars = tokens.ends - tokens.starts
        self.sizes = tokens.last - tokens.first
        unspaced = self.sorts[:, _UNSPACED]
        self.words = tokens.counts - (1 - _UNSPACED_WORD) * unspaced
        self.opening = tokens.sorts[tokens.starts]
        self.closing = tokens.sorts[tokens.ends - 1]
        self.ends_sentence = self._ends_sentence()
        self.long = self.words >= LONG
        first, end = _best_stretch(self.words - _STRETCH)
        index = np.arange(self.lines)
        self.stretch = (index >= first) & (index < end)
        initial = tokens.sorts[tokens.first]
        self.capital = initial == _UPPER
        self.number = initial == _DIGIT
        self.titled = self.mean(self.capital)
        self.numbers = self.mean(self.number)

    def _ends_sentence(self) -> NDArray[np.bool_]:
        """Whether a full stop or its like stands at the end, but for a quote or bracket."""
        last = self.tokens.ends - 1
        before = self.tokens.sorts[np.maximum(last - 1, self.tokens.starts)]
        wrapped = (self.closing == _QUOTE) | (self.closing == _BRACKET)
        mark = np.where(wrapped, before, self.closing)
        return (mark == _STOP) | (mark == _EXCLAMATION)

    def sum(self, values: NDArray[np.generic]) -> NDArray[np.float64]:
        """Sum a value of each token over the lines."""
        total = np.concatenate([[0], np.cumsum(values, dtype=np.float64)])
        begin = self.tokens.begin
        return total[begin[1:]] - total[begin[:-1]]

    def mean(self, values: NDArray[np.generic]) -> NDArray[np.float64]:
        """Return the mean of a value of each token over the lines; 0 for lines without tokens."""
        return self.sum(values) / np.maximum(self.tokens.counts, 1)

    def most(self, values: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the greatest value among the tokens of each line; 0 for lines without tokens."""
        out = np.zeros(self.lines, np.int64)
        some = np.flatnonzero(self.tokens.counts)
        if len(some):
            out[some] = np.maximum.reduceat(values, self.tokens.begin[some])
        return out


_SORTS = [sort for sort in Sort if sort is not Sort.NEWLINE]
_SORT_NAMES = tuple(
    f"{what} {sort.name.lower()}"
    for what in ("share of", "opens with", "closes with")
    for sort in _SORTS
)
_LENGTHS = (3, 6, 10, LONG, 30)


def _own(shape: _Shape) -> Columns:
    """Return what a line says of itself."""
    chars = np.maximum(shape.chars, 1)
    columns = {
        "chars": np.log1p(shape.chars),
        "words": np.log1p(shape.words),
        **{f"words over {least}": shape.words > least for least in _LENGTHS},
        "word length": shape.mean(shape.sizes),
        "longest word": np.log1p(shape.most(shape.sizes)),
        "capital words": shape.titled,
        "numbers": shape.numbers,
        "single characters": shape.mean(shape.sizes == 1),
        "years": shape.sum(_years(shape)) > 0,
        "sentence end": shape.ends_sentence,
        "sentences": np.log1p(_stops(shape)),
        "only capitals": (shape.sorts[:, _UPPER] > 1) & (shape.sorts[:, _LOWER] == 0),
        "first word capital": _nth(shape, shape.capital, 0),
        "second word capital": _nth(shape, shape.capital, 1),
    }
    shares = shape.sorts[:, _SORTS] / chars[:, None]
    opens = shape.opening[:, None] == _SORTS
    closes = shape.closing[:, None] == _SORTS
    return (*columns, *_SORT_NAMES), [*columns.values(), *shares.T, *opens.T, *closes.T]


def _years(shape: _Shape) -> NDArray[np.bool_]:
    return shape.number & (shape.sizes == 4)


def _stops(shape: _Shape) -> NDArray[np.int64]:
    """Count the full stops with a blank behind them."""
    sorts, line = shape.tokens.sorts, shape.tokens.line_of_char
    stop = (sorts[:-1] == _STOP) | (sorts[:-1] == _EXCLAMATION)
    inside = stop & (sorts[1:] == _SPACE)
    unspaced = stop & (sorts[1:] == _UNSPACED)
    return np.bincount(line[:-1][inside | unspaced], minlength=shape.lines)


def _nth(shape: _Shape, values: NDArray[np.bool_], nth: int) -> NDArray[np.bool_]:
    """Return a value of the nth token of each line; False for lines without one."""
    out = np.zeros(shape.lines, bool)
    some = np.flatnonzero(shape.tokens.counts > nth)
    out[some] = values[shape.tokens.begin[some] + nth]
    return out


def _layout(shape: _Shape, layout: Layout) -> Iterator[Columns]:
    """Yield what stands beside the text: blank lines, indentation, the title."""
    gaps = np.minimum(layout.gaps, 4)
    whole = np.ones(shape.lines)
    known = np.zeros(len(shape.tokens.hashes), bool)
    if layout.title:
        known = np.isin(shape.tokens.hashes, np.fromiter(layout.title, np.uint64))
    yield (
        (
            "gap before", "gap after", "indent", "gaps of the document",
            "indents of the document", "words of the title", "has a title",
        ),
        [
            gaps, np.append(gaps[1:], 4), np.log1p(layout.indents),
            whole * np.minimum(gaps, 1).mean(), whole * (layout.indents > 0).mean(),
            shape.mean(known), whole * bool(layout.title),
        ],
    )  # fmt: skip


def _place(shape: _Shape) -> Columns:
    """Return where in the document a line stands."""
    index = np.arange(shape.lines)
    before = np.cumsum(shape.words) - shape.words
    longs = np.cumsum(shape.long)
    columns = {
        "lines before": np.log1p(index),
        "lines after": np.log1p(index[::-1]),
        "place by lines": index / shape.lines,
        "place by words": before / max(shape.words.sum(), 1),
        "long lines before": np.log1p(longs - shape.long),
        "long lines after": np.log1p(longs[-1] - longs),
        "since a long line": np.log1p(_since(shape.long)),
        "until a long line": np.log1p(_since(shape.long[::-1])[::-1]),
    }
    return tuple(columns), list(columns.values())


def _since(marks: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return how many lines ago the last mark stood; the number of lines where none did."""
    index = np.arange(len(marks))
    last = np.maximum.accumulate(np.where(marks, index, -1))
    return np.where(last < 0, len(marks), index - last)


def _repeats(shape: _Shape) -> Iterator[Columns]:
    """Yield whether a line or its like occurs again."""
    tokens = shape.tokens
    times, nth = _occurrences(tokens.line_hashes)
    likes = _signatures(shape)
    alike, _ = _occurrences(likes)
    often = np.cumsum((times > 2) & ~shape.long)
    columns = {
        "same lines": np.log1p(times - 1),
        "same line before": nth > 0,
        "long and twice": (times > 1) & shape.long,
        "lines of this form": np.log1p(alike - 1),
        "form of the line before": _as_before(likes, 1),
        "form of the second line before": _as_before(likes, 2),
        "form of the third line before": _as_before(likes, 3),
        "often repeated lines so far": np.log1p(often),
        "often repeated lines to come": np.log1p(often[-1] - often),
    }
    yield tuple(columns), list(columns.values())
    yield _dated(shape)
    yield _shared_words(shape)


def _dated(shape: _Shape) -> Columns:
    """Return where short lines with a date stood: heads of comments and of teasers have one."""
    dated = ~shape.long & ((shape.sum(_years(shape)) > 0) | (shape.sum(shape.number) > 1))
    total = np.cumsum(dated)
    return (
        ("dated", "dated lines so far", "dated lines to come", "since a dated line"),
        [dated, np.log1p(total), np.log1p(total[-1] - total), np.log1p(_since(dated))],
    )


def _as_before(values: NDArray[np.uint64], distance: int) -> NDArray[np.bool_]:
    """Whether each value is that of the line `distance` before it."""
    out = np.zeros(len(values), bool)
    out[distance:] = values[distance:] == values[: len(values) - distance]
    return out


def _occurrences(hashes: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how often each value occurs, and how often it did before."""
    _, inverse, counts = np.unique(hashes, return_inverse=True, return_counts=True)
    order = np.argsort(inverse, kind="stable")
    nth = np.empty(len(hashes), np.int64)
    nth[order] = np.arange(len(hashes)) - np.repeat(np.cumsum(counts) - counts, counts)
    return counts[inverse], nth


def _signatures(shape: _Shape) -> NDArray[np.uint64]:
    """Return a hash of each line's form: sort and rough size of its first words, and its length."""
    tokens = shape.tokens
    size = np.minimum(shape.sizes, 4) * shape.number
    forms = (tokens.sorts[tokens.first] * 8 + size + 1).astype(np.uint64)
    end = np.minimum(tokens.begin[:-1] + 6, tokens.begin[1:])
    size_of_line = np.log2(shape.words + 1).astype(np.uint64)
    closing = shape.closing.astype(np.uint64) << np.uint64(8)
    return sequence_hashes(forms, tokens.begin[:-1], end) + size_of_line + closing


def _shared_words(shape: _Shape) -> Columns:
    """Return how many of a line's words stand in the running text, or in other lines."""
    tokens = shape.tokens
    _, inverse = np.unique(tokens.hashes, return_inverse=True)
    total = np.bincount(inverse, minlength=1)
    in_long = shape.long[tokens.line]
    long_total = np.bincount(inverse, weights=in_long, minlength=len(total))
    telling = shape.sizes >= 5
    sums = shape.sum(telling)
    count = np.maximum(sums, 1)
    elsewhere = (long_total[inverse] > in_long) & telling
    inside = shape.stretch[tokens.line]
    stretch_total = np.bincount(inverse, weights=inside, minlength=len(total))
    in_stretch = (stretch_total[inverse] > inside) & telling
    return (
        (
            "words of the running text", "words of the best stretch", "words that occur again",
            "telling words",
        ),
        [
            shape.sum(elsewhere) / count,
            shape.sum(in_stretch) / count,
            shape.sum((total[inverse] > 1) & telling) / count,
            sums / np.maximum(tokens.counts, 1),
        ],
    )  # fmt: skip


_SIGNALS = (
    "wording", "words", "long", "short", "sentence end", "capital words", "numbers", "long wording",
)  # fmt: skip
_SIGNAL_NAMES = tuple(
    f"{name} {where}"
    for where in (*(f"±{reach}" for reach in _WINDOWS), "so far")
    for name in _SIGNALS
)
_STRETCHES = ("in", "before", "behind", "share of")
_STRETCH_NAMES = tuple(
    f"{where} the best stretch of {name}" for name in ("words", "wording") for where in _STRETCHES
)


def _company(shape: _Shape, score: Floats) -> Iterator[Columns]:
    """Yield the score and what the lines around are like."""
    long_score = np.where(shape.long, score, 0)
    yield ("wording", "wording of long"), [score, long_score]
    signals = (
        score, np.log1p(shape.words), shape.long, shape.words < 5, shape.ends_sentence,
        shape.titled, shape.numbers, long_score,
    )  # fmt: skip
    total = np.zeros((shape.lines + 1, len(signals)))
    np.cumsum(np.stack(signals, axis=1), axis=0, out=total[1:])
    around = [_around(total, shape.lines, reach) for reach in _WINDOWS]
    so_far = total[1:] / np.arange(1, shape.lines + 1)[:, None]
    yield _SIGNAL_NAMES, np.concatenate([*around, so_far], axis=1)
    gain = np.tanh(score / 2) * np.sqrt(shape.words + 1)
    by_words = _stretch(shape.words - _STRETCH, shape.words)
    yield _STRETCH_NAMES, [*by_words, *_stretch(gain, shape.words)]


def _turns(scores: Floats) -> Columns:
    """Return how much a line, and the lines before and behind, read like a turn of the document.

    The head of an article, the last lines before it, the first lines of chrome behind it.
    """
    names, columns = [], []
    for name, score in zip(QUESTIONS[1:], scores.T[1:], strict=True):
        total = np.zeros((len(score) + 1, 1))
        np.cumsum(score, out=total[1:, 0])
        often = np.cumsum(score > 0)
        names += [
            f"wording of {name}", f"wording of {name} ±2", f"most wording of {name} so far",
            f"most wording of {name} to come", f"lines like {name} so far",
            f"lines like {name} to come",
        ]  # fmt: skip
        columns += [
            score, _around(total, len(score), 2)[:, 0], np.maximum.accumulate(score),
            np.maximum.accumulate(score[::-1])[::-1], np.log1p(often),
            np.log1p(often[-1] - often),
        ]  # fmt: skip
    return names, columns


def _around(total: NDArray[np.float64], lines: int, reach: int) -> NDArray[np.float64]:
    """Return the means over `reach` lines on both sides, the line itself included."""
    index = np.arange(lines)
    first = np.maximum(index - reach, 0)
    end = np.minimum(index + reach + 1, lines)
    means: NDArray[np.float64] = (total[end] - total[first]) / (end - first)[:, None]
    return means


def _stretch(gain: NDArray[np.float64], words: NDArray[np.float64]) -> list[NDArray[np.generic]]:
    """Return where the lines stand to the contiguous stretch with the greatest gain."""
    first, end = _best_stretch(gain)
    index = np.arange(len(gain))
    inside = (index >= first) & (index < end)
    before = np.log1p(np.maximum(first - index, 0))
    behind = np.log1p(np.maximum(index - end + 1, 0))
    share = words[first:end].sum() / max(words.sum(), 1)
    return [inside, before, behind, np.full(len(gain), share)]


def _best_stretch(gain: NDArray[np.float64]) -> tuple[int, int]:
    """Return the bounds of the contiguous stretch with the greatest gain."""
    total = np.concatenate([[0], np.cumsum(gain)])
    low = np.minimum.accumulate(total)
    end = int(np.argmax(total[1:] - low[:-1])) + 1
    return int(np.argmin(total[:end])), end


def _document(shape: _Shape, score: Floats) -> Columns:
    """Return what the document as a whole is like; the same for all of its lines."""
    words = max(shape.words.sum(), 1)
    facts = {
        "lines of the document": np.log1p(shape.lines),
        "words of the document": np.log1p(words),
        "words a line": np.log1p(words / shape.lines),
        "long lines of the document": shape.long.mean(),
        "long words of the document": shape.words[shape.long].sum() / words,
        "sentence ends of the document": shape.ends_sentence.mean(),
        "wording of the document": score.mean(),
        "wording of its words": (score * shape.words).sum() / words,
        "unspaced script": shape.sorts[:, _UNSPACED].sum() / max(shape.chars.sum(), 1),
    }
    return tuple(facts), np.array(list(facts.values()))[None, :]
