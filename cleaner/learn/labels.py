"""Lines of a page's text, each judged by the gold: article, chrome, head, or nobody can say.

A token counts as the article's if it stands in a run of four tokens that the gold has too; a line
is article if most of its tokens are. Headlines, bylines, dates and captions are the head of an
article; the gold sets disagree whether they belong to it, so they are neither article nor chrome.
Nobody can say, and nothing is learned from it: lines that are half and half, the copy of a line
that stands twice while the gold has it once, and program code inside an article, which some gold
texts lack.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleaner.detect.classifier.tokens import Hashes, Tokens, runs_of
from cleaner.learn.heads import split_head, tokens_of

GRAM = 4
# Shares of a line's tokens from which it is article, and up to which it is chrome.
_ARTICLE, _CHROME = 0.6, 0.3
# A short line so close before the article may be its headline, byline or date.
_HEAD_LINES, _HEAD_WORDS, _LONG = 8, 25, 15
# Less of the gold than this in a text: the text is of something else.
_LEAST_COVERAGE = 0.7

Labels = NDArray[np.float32]
CHROME_LINE, ARTICLE_LINE, HEAD_LINE = 0.0, 1.0, 2.0


@dataclass(frozen=True, slots=True)
class Gold:
    """What is known about the article of a page, in a form that lines can be compared with."""

    grams: Hashes
    """Runs of `GRAM` tokens of the article's body."""
    head: Hashes
    """Runs of its head, where the gold has one."""
    code: Hashes
    """Runs of program code."""
    doubtful: Hashes
    """Runs that some sources take for the article and others don't."""
    stays: tuple[Hashes, ...]
    """Tokens of each snippet that must stay."""
    goes: tuple[Hashes, ...]
    title: Hashes
    """Tokens of the title."""
    apart: frozenset[int]
    """Hashes of whole lines that are headline, byline, date or caption in the page's markup."""
    silver: bool = False
    """Whether extractors' agreement stands in for a person's word."""


def gold_of(about: dict[str, Any], texts: dict[str, str]) -> Gold | None:
    """Return what is known of a page, by `texts.read_texts`; None if it is nothing.

    Where no person copied the article out, the extractors' agreement stands in: what three of
    trafilatura, readability, resiliparse and newspaper4k gave is article, what none gave is not.
    """
    head, body = split_head(about["gold"], [*about["apart"], about["title"]])
    found = _runs(body)
    doubtful = np.empty(0, np.uint64)
    silver = len(found) == 0
    if silver:
        outputs = [texts.get(name) for name in ("trafilatura", "readability", "resiliparse")]
        if not all(outputs):
            return None
        given = [np.unique(_runs((text or "").split("\n"))) for text in outputs]
        grams, times = np.unique(np.concatenate(given), return_counts=True)
        found, doubtful = grams[times == len(outputs)], grams[times < len(outputs)]
    return Gold(
        grams=np.unique(found),
        head=_runs(head),
        code=_runs(about["code"]),
        doubtful=doubtful,
        stays=_snippets(about["stays"]),
        goes=_snippets(about["goes"]),
        title=_hashes(about["title"]),
        apart=frozenset(tokens_of(list(about["apart"])).line_hashes.tolist()),
        silver=silver,
    )


def label(tokens: Tokens, gold: Gold) -> Labels | None:
    """Return what each line is, in the terms above; NaN where nobody can say.

    None if the text has too little of the gold to be of the same page.
    """
    present = runs_of(tokens.hashes, GRAM)
    known = np.isin(gold.grams, present).mean() if len(gold.grams) else 0.0
    if known < (_LEAST_COVERAGE if not gold.silver else 0.5):
        return None
    share = _share(tokens, np.isin(present, gold.grams))
    labels = np.full(tokens.lines, np.nan, np.float32)
    labels[share >= _ARTICLE] = ARTICLE_LINE
    labels[share <= _CHROME] = CHROME_LINE
    labels[tokens.counts == 0] = np.nan
    if gold.silver:
        doubtful = _share(tokens, np.isin(present, gold.doubtful)) > _CHROME
        labels[doubtful & (labels != ARTICLE_LINE)] = np.nan
    _leave_out_code(tokens, np.isin(present, gold.code), labels)
    _mark_head(tokens, gold, labels)
    _leave_out_copies(tokens, labels)
    for pieces, value in ((gold.stays, ARTICLE_LINE), (gold.goes, CHROME_LINE)):
        for piece in pieces:
            labels[_holding(tokens, piece)] = value
    return labels


def extracted(tokens: Tokens, gold: Gold) -> Labels | None:
    """Label an extractor's output: as `label`, but it may lack much of the article."""
    present = runs_of(tokens.hashes, GRAM)
    if not len(present) or np.isin(present, gold.grams).mean() < 0.3:
        return None
    return label(tokens, replace(gold, grams=np.intersect1d(gold.grams, present)))


def _hashes(text: str) -> Hashes:
    return tokens_of([line for line in text.split("\n") if line.strip()]).hashes


def _runs(lines: Iterable[str]) -> Hashes:
    return runs_of(_hashes("\n".join(lines)), GRAM)


def _snippets(texts: Iterable[str]) -> tuple[Hashes, ...]:
    return tuple(piece for text in texts if len(piece := _hashes(text)))


def _share(tokens: Tokens, found: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the share of each line's tokens that stand in one of the runs `found`."""
    covered = np.zeros(len(tokens.hashes), bool)
    for offset in range(GRAM):
        covered[offset : offset + len(found)] |= found
    total = np.concatenate([[0], np.cumsum(covered)])
    return (total[tokens.begin[1:]] - total[tokens.begin[:-1]]) / np.maximum(tokens.counts, 1)


def _leave_out_code(tokens: Tokens, found: NDArray[np.bool_], labels: Labels) -> None:
    """Leave out program code between lines of the article that its gold lacks."""
    article = np.flatnonzero(labels == ARTICLE_LINE)
    if len(article) and found.any():
        inside = slice(int(article[0]), int(article[-1]))
        code = (_share(tokens, found) >= _ARTICLE) & (labels == CHROME_LINE)
        labels[inside][code[inside]] = np.nan


def _mark_head(tokens: Tokens, gold: Gold, labels: Labels) -> None:
    """Mark the head of the article and its captions; leave out what may belong to it."""
    article = np.flatnonzero((labels == ARTICLE_LINE) & (tokens.counts >= _LONG))
    if not len(article):
        return
    first, last = int(article[0]), int(article[-1])
    title = np.isin(tokens.hashes, gold.title)
    total = np.concatenate([[0], np.cumsum(title)])
    like_title = (total[tokens.begin[1:]] - total[tokens.begin[:-1]]) > 0.6 * tokens.counts
    apart = np.fromiter((h in gold.apart for h in tokens.line_hashes.tolist()), bool)
    index = np.arange(tokens.lines)
    near = (index < first) & (index >= first - _HEAD_LINES) & (tokens.counts < _HEAD_WORDS)
    dated = tokens.holding_digits & (tokens.counts < _LONG)
    labels[near & (dated | (labels == ARTICLE_LINE))] = np.nan
    copied = _share(tokens, np.isin(runs_of(tokens.hashes, GRAM), gold.head)) >= _ARTICLE
    copied &= labels != ARTICLE_LINE
    labels[copied] = np.nan
    labels[copied & (index < last) & (index >= first - 2 * _HEAD_LINES)] = HEAD_LINE
    inside = (index >= first) & (index <= last)
    labels[(near & (apart | like_title)) | (inside & apart)] = HEAD_LINE


def _leave_out_copies(tokens: Tokens, labels: Labels) -> None:
    """Of article lines that stand twice, keep the one in the thicker of the article."""
    article = labels == ARTICLE_LINE
    thick = np.convolve(article * np.sqrt(tokens.counts), np.ones(7))[3:-3]
    order = np.argsort(-thick, kind="stable")
    _, best = np.unique(tokens.line_hashes[order], return_index=True)
    copies = np.ones(tokens.lines, bool)
    copies[order[best]] = False
    labels[copies & article & (tokens.counts >= 5)] = np.nan


def _holding(tokens: Tokens, piece: Hashes) -> NDArray[np.int64]:
    """Return the lines of which `piece` is at least half."""
    last = max(len(tokens.hashes) - len(piece) + 1, 0)
    at = np.flatnonzero(tokens.hashes[:last] == piece[0])
    for offset in range(1, len(piece)):
        at = at[tokens.hashes[at + offset] == piece[offset]]
    lines = tokens.line[at]
    whole = tokens.line[at + len(piece) - 1] == lines if len(at) else np.empty(0, bool)
    lines = lines[whole]
    return lines[len(piece) * 2 >= tokens.counts[lines]]
