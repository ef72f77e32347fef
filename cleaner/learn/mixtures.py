"""Documents put together: an article with a little chrome inside, as extractors leave it.

Real extractors' outputs hold so little chrome that hundreds of them teach a few appeals. Here
chrome of a page is put back into its article, run by run, and the sentences that prove the
hand-written rules (what they must hit, what they must miss) make documents of their own in every
language that has rules.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence

import numpy as np

from cleaner.detect.rulebook import PROTECT, RULES
from cleaner.learn.labels import ARTICLE_LINE, CHROME_LINE

Lines = list[tuple[str, float]]
"""Lines with their labels."""

_MOST_RUNS, _LONGEST_RUN = 4, 5
# Where chrome stands in what extractors leave: behind the article, before it, or inside.
_BEHIND, _BEFORE = 0.5, 0.15
# A run of chrome has a line of so many words: menus are what extractors do leave out.
_TELLING = 5
_SURE = 0.6
_HITS_A_DOCUMENT, _MISSES_A_DOCUMENT = 3, 7


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
