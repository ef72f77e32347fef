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
from dataclasses import dataclass, field

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
# How teasers stand in an article: shares up to which one has a label, and one a button.
_LABELLED, _BUTTONED, _BUTTON_BELOW = 0.35, 0.75, 0.7
_LONGEST_LABEL = 40
_APPEALS, _LONGEST_APPEAL = frozenset({"donation", "newsletter", "aggregator", "republishing"}), 5


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


@dataclass(frozen=True, slots=True)
class Proofs:
    """The sentences beside the rules of one language."""

    hits: list[str] = field(default_factory=list)
    """What sure rules hit."""
    misses: list[str] = field(default_factory=list)
    """What no rule may hit."""
    of: dict[str, list[str]] = field(default_factory=dict)
    """The hits by category."""

    @property
    def labels(self) -> list[str]:
        """What stands before the colon where a link to another story begins with one."""
        heads = (hit.split(": ")[0] for hit in self.of.get("related", ()) if ": " in hit)
        return sorted({head for head in heads if len(head) <= _LONGEST_LABEL})


def proofs() -> dict[str, Proofs]:
    """Return the rules' sentences by language."""
    found: dict[str, Proofs] = {}
    for path in sorted(RULES.glob("*/*.toml")):
        pack = tomllib.loads(path.read_text(encoding="utf-8"))
        known = found.setdefault(pack["language"], Proofs())
        known.misses.extend(_lines(pack.get("sentences", ())))
        for row in pack.get("rule", ()):
            if pack["category"] == PROTECT:
                known.misses.extend(_lines(row["hit"]))
                continue
            known.misses.extend(_lines(row["miss"]))
            if row.get("confidence", 1.0) >= _SURE:
                known.hits.extend(_lines(row["hit"]))
                known.of.setdefault(pack["category"], []).extend(_lines(row["hit"]))
    return found


def teasers(headlines: Sequence[str], known: Proofs, luck: np.random.Generator) -> Iterator[Lines]:
    """Yield links to other stories as articles are interrupted by them.

    A headline behind a label, above a button, below one, or alone.
    """
    buttons, labels = known.of.get("read_more", ()), known.labels
    for headline in headlines:
        way = luck.random()
        if labels and way < _LABELLED:
            yield [(f"{_one(labels, luck)}: {headline}", CHROME_LINE)]
        elif buttons and way < _BUTTONED:
            lines = [(headline, CHROME_LINE), (_one(buttons, luck), CHROME_LINE)]
            yield lines if luck.random() < _BUTTON_BELOW else lines[::-1]
        else:
            yield [(headline, CHROME_LINE)]


def appeal(known: Proofs, luck: np.random.Generator) -> Lines:
    """Return an appeal of several sentences, each a line."""
    category = _one(sorted(known.of.keys() & _APPEALS), luck)
    sentences = known.of[category]
    size = int(luck.integers(2, _LONGEST_APPEAL + 1))
    return [(sentences[n], CHROME_LINE) for n in luck.permutation(len(sentences))[:size].tolist()]


def _one(texts: Sequence[str], luck: np.random.Generator) -> str:
    return texts[int(luck.integers(len(texts)))]


def proof_documents(luck: np.random.Generator) -> Iterator[tuple[str, Lines]]:
    """Yield language and lines of documents made of the rules' sentences."""
    for language, known in sorted(proofs().items()):
        hits, misses = known.hits, known.misses
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
