"""Documents put together: an article with a little chrome inside, as extractors leave it.

Real extractors' outputs hold so little chrome that hundreds of them teach a few appeals. Here
chrome of a page is put back into its article, run by run; a page is thinned to its article and
what stands close to it; an article takes another's place on its page, often cut short; and the
sentences that prove the hand-written rules (what they must hit, what they must miss) make
documents of their own in every language that has rules.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from cleaner.detect.rulebook import PROTECT, RULES
from cleaner.learn.labels import ARTICLE_LINE, CHROME_LINE, HEAD_LINE, Labels

Lines = list[tuple[str, float]]
"""Lines with their labels."""

_MOST_RUNS, _LONGEST_RUN = 4, 5
# Where chrome stands in what extractors leave: behind the article, before it, or inside.
_BEHIND, _BEFORE = 0.5, 0.15
# A run of chrome has a line of so many words: menus are what extractors do leave out.
_TELLING = 5
_SURE = 0.6
_HITS_A_DOCUMENT, _MISSES_A_DOCUMENT = 3, 7
# Of a thinned page: how much less likely a run stays that is away from the article, or of short
# lines; the lines that stay of a run at most; how often those are its first.
_FAR, _TERSE, _STAYS, _FIRST = 0.2, 0.35, 12, 0.6
# An article that takes another's place: how often it is cut short, and to how many lines.
_CUT, _FEWEST, _CUT_LINES = 0.5, 2, 15


def mixed(article: Sequence[str], chrome: Sequence[Lines], luck: np.random.Generator) -> Lines:
    """Return an article with one to `_MOST_RUNS` of the runs of `chrome` put into it."""
    lines: Lines = [(line, ARTICLE_LINE) for line in article]
    chosen = luck.permutation(len(chrome))[: luck.integers(1, _MOST_RUNS + 1)]
    for index in chosen.tolist():
        place = luck.random()
        at = len(lines) if place < _BEHIND else int(luck.integers(len(lines) + 1))
        if _BEHIND <= place < _BEHIND + _BEFORE:
            at = 0
        lines[at:at] = chrome[index]
    return lines


def runs_of(lines: Sequence[str], labels: Sequence[float]) -> Iterator[Lines]:
    """Yield the runs of chrome in a labelled text that an extractor could have left in."""
    run: Lines = []
    for line, label in zip([*lines, ""], [*labels, ARTICLE_LINE], strict=True):
        if label == CHROME_LINE:
            run.append((line, CHROME_LINE))
            if len(run) < _LONGEST_RUN:
                continue
        if any(len(text.split()) >= _TELLING for text, _ in run):
            yield run
        run = []


def thinned(
    labels: Labels, words: NDArray[np.float32], luck: np.random.Generator
) -> NDArray[np.int64]:
    """Return which lines of a page an extractor could have left: the article, and some chrome."""
    stays = labels != CHROME_LINE
    if luck.random() < 0.5:
        stays &= labels != HEAD_LINE
    most = luck.beta(1, 2)
    for first, end in _chrome_runs(labels):
        close = ARTICLE_LINE in labels[max(first - 2, 0) : end + 2]
        terse = words[first:end].mean() < _TELLING
        if luck.random() < most * (1 if close else _FAR) * (_TERSE if terse else 1):
            size = min(int(luck.integers(1, _STAYS + 1)), end - first)
            at = first
            if luck.random() > _FIRST:
                at += int(luck.integers(end - first - size + 1))
            stays[at : at + size] = True
    return np.flatnonzero(stays)


def _chrome_runs(labels: Labels) -> list[tuple[int, int]]:
    chrome = np.concatenate([[False], labels == CHROME_LINE, [False]])
    bounds = np.flatnonzero(chrome[1:] != chrome[:-1]).tolist()
    return list(zip(bounds[::2], bounds[1::2], strict=True))


def transplanted(
    host: Labels, donor: Labels, luck: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the lines of a page before and behind its article, and those of the one put there.

    The article may be cut short: that a page's teasers are longer than its article is what people
    find hardest.
    """
    own, other = (np.flatnonzero(labels == ARTICLE_LINE) for labels in (host, donor))
    chrome = np.flatnonzero(host == CHROME_LINE)
    first, last = int(other[0]), int(other[-1])
    while first > 0 and donor[first - 1] == HEAD_LINE:
        first -= 1
    inside = np.arange(first, last + 1)
    if luck.random() < _CUT:
        inside = inside[: int(luck.integers(_FEWEST, _CUT_LINES))]
    return chrome[chrome < own[0]], chrome[chrome > own[0]], inside


def proofs() -> dict[str, tuple[list[str], list[str]]]:
    """Return the sentences that sure rules hit, and those that rules miss, by language."""
    found: dict[str, tuple[list[str], list[str]]] = {}
    for path in sorted(RULES.glob("*/*.toml")):
        pack = tomllib.loads(path.read_text(encoding="utf-8"))
        hits, misses = found.setdefault(pack["language"], ([], []))
        misses += pack.get("sentences", ())
        for row in pack.get("rule", ()):
            if pack["category"] == PROTECT:
                misses += row["hit"]
                continue
            misses += row["miss"]
            if row.get("confidence", 1.0) >= _SURE:
                hits += row["hit"]
    return {language: (_lines(hits), _lines(misses)) for language, (hits, misses) in found.items()}


def proof_documents(luck: np.random.Generator) -> Iterator[tuple[str, Lines]]:
    """Yield language and lines of documents made of the rules' sentences."""
    for language, (hits, misses) in sorted(proofs().items()):
        if language == "mul" or not hits or not misses:
            continue
        order = luck.permutation(len(hits)).tolist()
        for first in range(0, len(order), _HITS_A_DOCUMENT):
            chrome = [[(hits[n], CHROME_LINE)] for n in order[first : first + _HITS_A_DOCUMENT]]
            size = min(_MISSES_A_DOCUMENT, len(misses))
            article = [misses[n] for n in luck.permutation(len(misses))[:size].tolist()]
            yield language, mixed(article, chrome, luck)


def _lines(texts: Sequence[str]) -> list[str]:
    return [text for text in texts if "\n" not in text.strip()]
