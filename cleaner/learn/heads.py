"""The head of an article, which gold sets disagree about: headline, byline, date, captions.

Some sets copy it out with the article and some leave it away. What is judged is the article
without it: neither training nor measurement counts it for or against anybody.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from cleaner.detect.classifier.characters import tables
from cleaner.detect.classifier.tokens import Tokens, tokenise

# The headline stands among so many lines; so many short ones behind it are still of the head.
_FIRST_LINES, _BEHIND, _SHORT = 6, 3, 12
_LEAST_WORDS, _ALIKE = 3, 0.9
_STOPS = (".", "!", "?", "。", "！", "？", "”", '"', ":")


def tokens_of(texts: list[str]) -> Tokens:
    """Return the tokens of `texts`, as the classifier sees them."""
    return tokenise(texts or [" "], *tables())


def split_head(gold: str, apart: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the lines of `gold` that are of the head, and those of the body.

    `apart` are the texts that the page has for title, headline, byline, date and captions.
    """
    lines = [line for line in gold.split("\n") if line.strip()]
    known = [text for text in apart if text.strip()]
    if not lines or not known:
        return [], lines
    own, others = tokens_of(lines), tokens_of(known)
    of_head = np.isin(own.line_hashes, others.line_hashes) & (own.counts > 0)
    of_head[: _behind_headline(lines, own, of_head, others)] = True
    marked = list(zip(lines, of_head.tolist(), strict=True))
    return [line for line, head in marked if head], [line for line, head in marked if not head]


def _behind_headline(
    lines: list[str], own: Tokens, known: NDArray[np.bool_],
    others: Tokens,
) -> int:  # fmt: skip
    """Return the number of lines up to the headline and the short ones behind it."""
    at = 0
    for index in range(min(_FIRST_LINES, len(lines))):
        if known[index] or _part_of_one(own, index, others):
            at = index + 1
        elif own.counts[index] >= _SHORT:
            break
    last = min(at + _BEHIND, len(lines)) if at else 0
    while at < last and own.counts[at] < _SHORT and not lines[at].rstrip().endswith(_STOPS):
        at += 1
    return at


def _part_of_one(own: Tokens, index: int, others: Tokens) -> bool:
    """Whether nearly all words of a line stand in one text, as a headline does in a title."""
    words = own.hashes[own.begin[index] : own.begin[index + 1]]
    if not _LEAST_WORDS <= len(words) < 2 * _SHORT:
        return False
    bounds = zip(others.begin[:-1], others.begin[1:], strict=True)
    texts = (others.hashes[first:end] for first, end in bounds)
    return any(np.isin(words, text).mean() >= _ALIKE for text in texts)
