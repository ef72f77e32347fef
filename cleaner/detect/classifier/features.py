"""What is known of each line of a document: some 200 numbers from one pass over its arrays.

A line is described by its own shape, its words' usual company (the n-gram score), its place, what
stands around it, whether it or its like occurs again, and by the document around it. `NAMES`
names the columns of `describe`. Nothing here knows a word of any language.

Most documents have so few lines that a call of numpy costs more than its arithmetic: so what is
alike is stacked and done at once, and each group of columns is written where it belongs, as rows
of one array that is turned at the end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cleaner.detect.classifier.characters import SORTS, Sort
from cleaner.detect.classifier.scoring import QUESTIONS
from cleaner.detect.classifier.tokens import Ints, Tokens, sequence_hashes

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Marks = NDArray[np.bool_]

# Words from which a line reads as running text.
LONG = 15
# What a line must bring into the best contiguous stretch.
_STRETCH = 10
# Lines on both sides that make a line's company.
_WINDOWS = (2, 5, 10)
# Characters of a script without spaces that make a word.
UNSPACED_WORD = 0.6
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
    shape = _Shape(tokens, layout, scores, known)
    columns = np.empty((len(NAMES), tokens.lines), np.float32)
    at = 0
    for names, tell in _GROUPS:
        tell(shape, columns[at : at + len(names)])
        at += len(names)
    return NAMES, columns.T


class _Shape:
    """Counts that several groups of columns need."""

    def __init__(self, tokens: Tokens, layout: Layout, scores: Floats, known: Floats) -> None:
        self.tokens, self.layout, self.known = tokens, layout, known
        self.scores = np.ascontiguousarray(scores.T)
        self.score = self.scores[0]
        self.lines = tokens.lines
        self.index = np.arange(self.lines)
        cells = tokens.sorts * np.int64(self.lines) + tokens.line_of_char
        counts = np.bincount(cells, minlength=self.lines * SORTS)
        self.sorts = counts.reshape(SORTS, self.lines)
        self.chars = tokens.ends - tokens.starts
        self.sizes = tokens.last - tokens.first
        self.words = tokens.counts - (1 - UNSPACED_WORD) * self.sorts[_UNSPACED]
        self.all_words = max(self.words.sum(), 1)
        self.log_words = np.log1p(self.words)
        self.opening = tokens.sorts[tokens.starts]
        self.closing = tokens.sorts[tokens.ends - 1]
        self.ends_sentence = self._ends_sentence()
        self.long = self.words >= LONG
        gain = np.tanh(self.score / 2) * np.sqrt(self.words + 1)
        self.stretches = best_stretches(np.array([self.words - _STRETCH, gain]))
        initial = tokens.sorts[tokens.first]
        self.capital = initial == _UPPER
        self.number = initial == _DIGIT
        self.sums = self._sums()
        self.means = self.sums / np.maximum(tokens.counts, 1)

    def _ends_sentence(self) -> Marks:
        """Whether a full stop or its like stands at the end, but for a quote or bracket."""
        last = self.tokens.ends - 1
        before = self.tokens.sorts[np.maximum(last - 1, self.tokens.starts)]
        wrapped = (self.closing == _QUOTE) | (self.closing == _BRACKET)
        mark = np.where(wrapped, before, self.closing)
        return (mark == _STOP) | (mark == _EXCLAMATION)

    def _sums(self) -> Doubles:
        """Sum what is known of each token over the lines; the rows are `_SUMS`."""
        tokens, sizes = self.tokens, self.sizes
        each = np.zeros((len(_SUMS), len(sizes) + 1))
        each[0, 1:] = sizes
        each[1, 1:] = self.capital
        each[2, 1:] = self.number
        each[3, 1:] = sizes == 1
        each[4, 1:] = self.number & (sizes == 4)
        if self.layout.title:
            each[5, 1:] = np.isin(tokens.hashes, np.fromiter(self.layout.title, np.uint64))
        telling = each[6, 1:] = sizes >= 5
        each[7:, 1:] = self._again() & telling
        each.cumsum(axis=1, out=each)
        total = each[:, tokens.begin]
        return total[:, 1:] - total[:, :-1]

    def _again(self) -> Marks:
        """Whether each token stands in another long line, in the best stretch, anywhere."""
        line = self.tokens.line
        group, total, _ = _alike(self.tokens.hashes)
        first, end = self.stretches[0]
        here = np.array([self.long[line], (line >= first) & (line < end)])
        there = np.array([np.bincount(group, row, len(total)) for row in here])
        return np.concatenate([there[:, group] > here, (total[group] > 1)[None]])

    def most(self, values: Ints) -> Ints:
        """Return the greatest value among the tokens of each line; 0 for lines without tokens."""
        out = np.zeros(self.lines, np.int64)
        (some,) = self.tokens.counts.nonzero()
        if len(some):
            out[some] = np.maximum.reduceat(values, self.tokens.begin[some])
        return out


# What `_Shape.sums` holds of the tokens of each line.
_SUMS = (
    "characters", "capital", "number", "single character", "year", "in the title", "telling",
    "in running text elsewhere", "in the best stretch elsewhere", "again anywhere",
)  # fmt: skip
_CAPITAL, _NUMBER, _SINGLE, _YEAR, _TITLE, _TELLING = range(1, 7)

_SORTS = [sort for sort in Sort if sort is not Sort.NEWLINE]
_SORT_COLUMN = np.array(_SORTS, np.uint8)[:, None]
_SORT_NAMES = tuple(
    f"{what} {sort.name.lower()}"
    for what in ("share of", "opens with", "closes with")
    for sort in _SORTS
)
_LENGTHS = (3, 6, 10, LONG, 30)
_LENGTH_COLUMN = np.array(_LENGTHS)[:, None]
_OWN = (
    "chars", "words", *(f"words over {least}" for least in _LENGTHS), "word length",
    "longest word", "capital words", "numbers", "single characters", "years", "sentence end",
    "sentences", "only capitals", "first word capital", "second word capital", *_SORT_NAMES,
    "known n-grams",
)  # fmt: skip


def _own(shape: _Shape, out: Floats) -> None:
    """Tell what a line says of itself."""
    longest, sentences = shape.most(shape.sizes), _stops(shape)
    out[0], out[8], out[14] = _log1p(np.array((shape.chars, longest, sentences)))
    out[1] = shape.log_words
    out[2:7] = shape.words > _LENGTH_COLUMN
    out[7] = shape.means[0]
    out[9:12] = shape.means[_CAPITAL : _SINGLE + 1]
    out[12] = shape.sums[_YEAR] > 0
    out[13] = shape.ends_sentence
    out[15] = (shape.sorts[_UPPER] > 1) & (shape.sorts[_LOWER] == 0)
    for nth in (0, 1):
        out[16 + nth] = _nth(shape, shape.capital, nth)
    at, sorts = 18, len(_SORTS)
    out[at : at + sorts] = shape.sorts[:sorts] / np.maximum(shape.chars, 1)
    out[at + sorts : at + 2 * sorts] = shape.opening == _SORT_COLUMN
    out[at + 2 * sorts : -1] = shape.closing == _SORT_COLUMN
    out[-1] = shape.known


def _stops(shape: _Shape) -> Ints:
    """Count the full stops with a blank behind them, or with a letter that needs none."""
    sorts = shape.tokens.sorts
    stops = np.flatnonzero((sorts[:-1] == _STOP) | (sorts[:-1] == _EXCLAMATION))
    behind = sorts[stops + 1]
    inside = stops[(behind == _SPACE) | (behind == _UNSPACED)]
    return np.bincount(shape.tokens.line_of_char[inside], minlength=shape.lines)


def _nth(shape: _Shape, values: Marks, nth: int) -> Marks:
    """Return a value of the nth token of each line; False for lines without one."""
    out = np.zeros(shape.lines, bool)
    some = np.flatnonzero(shape.tokens.counts > nth)
    out[some] = values[shape.tokens.begin[some] + nth]
    return out


_LAYOUT = (
    "gap before", "gap after", "indent", "gaps of the document", "indents of the document",
    "words of the title", "has a title",
)  # fmt: skip


def _layout(shape: _Shape, out: Floats) -> None:
    """Tell what stands beside the text: blank lines, indentation, the title."""
    gaps, indents = shape.layout.gaps, shape.layout.indents
    np.minimum(gaps, 4, out=out[0])
    out[1, :-1], out[1, -1] = out[0, 1:], 4
    np.log1p(indents, out=out[2])
    out[3] = np.minimum(gaps, 1).mean()
    out[4] = np.count_nonzero(indents > 0) / shape.lines
    out[5] = shape.means[_TITLE]
    out[6] = bool(shape.layout.title)


_PLACE = (
    "lines before", "lines after", "place by lines", "place by words", "long lines before",
    "long lines after", "since a long line", "until a long line",
)  # fmt: skip


def _place(shape: _Shape, out: Floats) -> None:
    """Tell where in the document a line stands."""
    longs = shape.long.cumsum()
    since = _since(np.array([shape.long, shape.long[::-1]]))
    counts = (
        shape.index, shape.index[::-1], longs - shape.long, longs[-1] - longs, since[0],
        since[1, ::-1],
    )  # fmt: skip
    logs = _log1p(np.array(counts))
    out[:2] = logs[:2]
    out[2] = shape.index / shape.lines
    out[3] = (shape.words.cumsum() - shape.words) / shape.all_words
    out[4:] = logs[2:]


def _since(marks: Marks) -> Ints:
    """Return how many lines ago the last mark stood; the number of lines where none did."""
    lines = marks.shape[-1]
    index = np.arange(lines)
    last = np.maximum.accumulate(np.where(marks, index, -1), axis=-1)
    return np.where(last < 0, lines, index - last)


_REPEATS = (
    "same lines", "same line before", "long and twice", "lines of this form",
    "form of the line before", "form of the second line before", "form of the third line before",
    "often repeated lines so far", "often repeated lines to come",
    "dated", "dated lines so far", "dated lines to come", "since a dated line",
    "words of the running text", "words of the best stretch", "words that occur again",
    "telling words",
)  # fmt: skip


def _repeats(shape: _Shape, out: Floats) -> None:
    """Tell whether a line or its like occurs again, and where short lines with a date stood.

    Heads of comments and of teasers have a date.
    """
    group, counts, later = _alike(shape.tokens.line_hashes)
    times = counts[group]
    forms = _signatures(shape)
    form, alike, _ = _alike(forms)
    dated = ~shape.long & ((shape.sums[_YEAR] > 0) | (shape.sums[_NUMBER] > 1))
    often = np.array([(times > 2) & ~shape.long, dated]).cumsum(axis=1)
    to_come = often[:, -1:] - often
    rows = [times - 1, alike[form] - 1, often[0], to_come[0], often[1], to_come[1], _since(dated)]
    logs = _log1p(np.array(rows))
    out[0], out[3] = logs[:2]
    out[1] = later
    out[2] = (times > 1) & shape.long
    for distance in (1, 2, 3):
        out[3 + distance, :distance] = 0
        out[3 + distance, distance:] = forms[distance:] == forms[: max(shape.lines - distance, 0)]
    out[7:9] = logs[2:4]
    out[9] = dated
    out[10:13] = logs[4:]
    out[13:16] = shape.sums[_TELLING + 1 :] / np.maximum(shape.sums[_TELLING], 1)
    out[16] = shape.means[_TELLING]


def _alike(hashes: NDArray[np.uint64]) -> tuple[Ints, Ints, Marks]:
    """Return the group of each value, the size of each group, and who is not its first."""
    order = hashes.argsort(kind="stable")
    ranked = hashes[order]
    same = np.zeros(len(hashes), bool)
    np.equal(ranked[1:], ranked[:-1], out=same[1:])
    group = np.empty(len(hashes), np.int64)
    group[order] = ranks = (~same).cumsum() - 1
    later = np.empty(len(hashes), bool)
    later[order] = same
    return group, np.bincount(ranks), later


def _signatures(shape: _Shape) -> NDArray[np.uint64]:
    """Return a hash of each line's form: sort and rough size of its first words, and its length."""
    tokens = shape.tokens
    size = np.minimum(shape.sizes, 4) * shape.number
    forms = (tokens.sorts[tokens.first] * 8 + size + 1).astype(np.uint64)
    end = np.minimum(tokens.begin[:-1] + 6, tokens.begin[1:])
    size_of_line = np.log2(shape.words + 1).astype(np.uint64)
    closing = shape.closing.astype(np.uint64) << np.uint64(8)
    return sequence_hashes(forms, tokens.begin[:-1], end) + size_of_line + closing


_SIGNALS = (
    "wording", "words", "long", "short", "sentence end", "capital words", "numbers", "long wording",
)  # fmt: skip
_COMPANY = (
    "wording",
    "wording of long",
    *(
        f"{name} {where}"
        for where in (*(f"±{reach}" for reach in _WINDOWS), "so far")
        for name in _SIGNALS
    ),
)


def _company(shape: _Shape, out: Floats) -> None:
    """Tell the score and what the lines around are like."""
    long_score = np.where(shape.long, shape.score, 0)
    out[0], out[1] = shape.score, long_score
    signals = (
        shape.score, shape.log_words, shape.long, shape.words < 5, shape.ends_sentence,
        shape.means[_CAPITAL], shape.means[_NUMBER], long_score,
    )  # fmt: skip
    total = _totals(np.array(signals))
    around = out[2:].reshape(len(_WINDOWS) + 1, len(signals), shape.lines)
    around[:-1] = _around(total, shape.lines, _WINDOWS)
    around[-1] = total[:, 1:] / (shape.index + 1)


_TURNS = tuple(
    what.format(name)
    for name in QUESTIONS[1:]
    for what in (
        "wording of {}", "wording of {} ±2", "most wording of {} so far",
        "most wording of {} to come", "lines like {} so far", "lines like {} to come",
    )
)  # fmt: skip


def _turns(shape: _Shape, out: Floats) -> None:
    """Tell how much a line, and the lines before and behind, read like a turn of the document.

    The head of an article, the last lines before it, the first lines of chrome behind it.
    """
    scores = shape.scores[1:]
    rows = out.reshape(len(scores), -1, shape.lines).transpose(1, 0, 2)
    rows[0] = scores
    rows[1] = _around(_totals(scores), shape.lines, (2,))[0]
    np.maximum.accumulate(scores, axis=1, out=rows[2])
    rows[3] = np.maximum.accumulate(scores[:, ::-1], axis=1)[:, ::-1]
    often = (scores > 0).cumsum(axis=1)
    rows[4:] = _log1p(np.array([often, often[:, -1:] - often]))


def _totals(values: NDArray[np.generic]) -> Doubles:
    """Return the sums of each row up to each line."""
    rows, lines = values.shape
    total = np.zeros((rows, lines + 1))
    values.cumsum(axis=1, out=total[:, 1:])
    return total


def _around(total: Doubles, lines: int, windows: tuple[int, ...]) -> Doubles:
    """Return the means of each row over so many lines on both sides, the line itself included."""
    index, reach = np.arange(lines), np.array(windows)[:, None]
    first = np.maximum(index - reach, 0)
    end = np.minimum(index + reach + 1, lines)
    means: Doubles = (total[:, end] - total[:, first]) / (end - first)
    return means.transpose(1, 0, 2)


_STRETCHES = tuple(
    f"{where} the best stretch of {name}"
    for name in ("words", "wording")
    for where in ("in", "before", "behind", "share of")
)


def _stretches(shape: _Shape, out: Floats) -> None:
    """Tell where the lines stand to the contiguous stretches with the greatest gain."""
    rows = out.reshape(len(shape.stretches), -1, shape.lines)
    for row, (first, end) in zip(rows, shape.stretches, strict=True):
        ahead = np.array([first - shape.index, shape.index - (end - 1)])
        row[0] = (ahead <= 0).all(axis=0)
        row[1:3] = _log1p(np.maximum(ahead, 0))
        row[3] = shape.words[first:end].sum() / shape.all_words


def best_stretches(gains: Doubles) -> list[tuple[int, int]]:
    """Return for each row the bounds of the contiguous stretch with the greatest gain."""
    total = _totals(gains)
    low = np.minimum.accumulate(total, axis=1)
    ends = (total[:, 1:] - low[:, :-1]).argmax(axis=1) + 1
    return [(int(row[:end].argmin()), end) for row, end in zip(total, ends.tolist(), strict=True)]


_DOCUMENT = (
    "lines of the document", "words of the document", "words a line",
    "long lines of the document", "long words of the document", "sentence ends of the document",
    "wording of the document", "wording of its words", "unspaced script",
)  # fmt: skip


def _document(shape: _Shape, out: Floats) -> None:
    """Tell what the document as a whole is like; the same for all of its lines."""
    words, lines = shape.all_words, shape.lines
    facts = np.array((
        lines, words, words / lines, np.count_nonzero(shape.long) / lines,
        shape.words[shape.long].sum() / words, np.count_nonzero(shape.ends_sentence) / lines,
        shape.score.mean(), (shape.score * shape.words).sum() / words,
        shape.sorts[_UNSPACED].sum() / max(shape.chars.sum(), 1),
    ))  # fmt: skip
    facts[:3] = np.log1p(facts[:3])
    out[:] = facts[:, None]


# Logarithms of one more than each small number: nearly all counts are small.
_LOGS = np.log1p(np.arange(4096))


def _log1p(counts: Ints) -> Doubles:
    """Return `np.log1p` of whole numbers, looked up where all of them are small."""
    return _LOGS[counts] if counts.max(initial=0) < len(_LOGS) else np.log1p(counts)


_GROUPS: tuple[tuple[tuple[str, ...], Callable[[_Shape, Floats], None]], ...] = (
    (_OWN, _own),
    (_LAYOUT, _layout),
    (_PLACE, _place),
    (_REPEATS, _repeats),
    (_COMPANY, _company),
    (_STRETCHES, _stretches),
    (_TURNS, _turns),
    (_DOCUMENT, _document),
)
NAMES = tuple(name for names, _ in _GROUPS for name in names)
"""The columns of `describe`, in order; they are the same for any text."""


def feature_names() -> tuple[str, ...]:
    """Return `NAMES`."""
    return NAMES
