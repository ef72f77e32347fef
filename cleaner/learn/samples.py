"""Labelled documents: every text of every page, cut into the units that the classifier judges.

Beside the page's texts stands the gold itself as a document of its own, in which every line is
article (what is clean must be seen to be clean), and again with some chrome put in (`mixtures`).
"""

from __future__ import annotations

import hashlib
import multiprocessing
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from cleaner.errors import CleanerError
from cleaner.ingest import Limits, ingest
from cleaner.learn import mixtures
from cleaner.learn.corpus import FOLDS
from cleaner.learn.labels import CHROME_LINE, Labels, extracted, gold_of, label, tokens_of
from cleaner.learn.texts import EXTRACTORS, RENDERINGS, read_texts
from cleaner.model import Document
from cleaner.segment import segment

_GOLD, _MIXED, _PROOFS = "gold", "mixed", "proofs"
# What pages of a type may teach about articles: the main content of a list of teasers is
# teasers, which on an article's page are chrome.
TYPE_WEIGHTS = {"article": 1.0, "documentation": 0.7, "forum": 0.6, "service": 0.4, "product": 0.3}
_OTHER_TYPE = 0.15
_SILVER_WEIGHT = 0.5
# A page's weight goes to its renderings and to its extracted texts in these parts.
_PARTS = {"rendering": 0.6, "extractor": 0.35, _MIXED: 0.25, _GOLD: 0.1}
_PROOF_WEIGHT = 0.1
_MOST_LINES = 4000
_TITLED = 0.3
_MIXTURES = 2


@dataclass(frozen=True, slots=True)
class Sample:
    """One labelled document."""

    page: int
    """Which page it shows; pages are counted from 0."""
    dataset: str
    publisher: str
    page_type: str
    language: str
    source: str
    """A name in `texts.SOURCES`, or ``gold``, ``mixed`` or ``proofs``."""
    role: str
    fold: int
    weight: float
    """How much it counts in training."""
    title: str
    """The title hint; empty in most documents, as in life."""
    lines: list[str]
    gaps: Labels
    indents: Labels
    labels: Labels
    """What each line is, in the terms of `cleaner.learn.labels`."""


def read_samples(out: Path, workers: int) -> list[Sample]:
    """Return the samples of all that `texts.write_texts` wrote to `out`, in a fixed order."""
    rows = ((index, about, texts) for index, (about, texts) in enumerate(read_texts(out)))
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        found = [sample for page in pool.imap(_samples, rows, chunksize=8) for sample in page]
    return found + list(_proof_samples())


def laid_out(text: str, title: str = "") -> tuple[list[str], Labels, Labels]:
    """Return a text's units, the blank lines before each, and the indentation of each."""
    page = segment(ingest(Document(text=text, title=title), Limits()))
    return page.texts, np.array(page.gaps, np.float32), np.array(page.indents, np.float32)


def _samples(row: tuple[int, dict[str, Any], dict[str, str]]) -> list[Sample]:
    index, about, texts = row
    gold = gold_of(about, texts)
    if gold is None:
        return []
    found = []
    for source, text in _sources(about, texts):
        try:
            lines, gaps, indents = laid_out(text)
        except CleanerError:
            continue
        if not 0 < len(lines) <= _MOST_LINES:
            continue
        tokens = tokens_of(lines)
        if source == _GOLD:
            labels: Labels | None = np.ones(tokens.lines, np.float32)
        else:
            labels = (label if source in RENDERINGS else extracted)(tokens, gold)
        if labels is None:
            continue
        found.append(_sample(index, about, source, lines, gaps, indents, labels, gold.silver))
    return found + list(_mixed(index, found))


def _mixed(index: int, found: list[Sample]) -> Iterator[Sample]:
    """Yield the page's article with chrome of the page and of its language's rules put in."""
    article = next((sample for sample in found if sample.source == _GOLD), None)
    page = next((sample for sample in found if sample.source in RENDERINGS), None)
    if article is None or page is None:
        return
    luck = np.random.default_rng(index)
    hits = _proofs().get(article.language[:2] or "en", ([], []))[0]
    for _ in range(_MIXTURES):
        chrome = list(mixtures.runs_of(page.lines, page.labels.tolist()))
        chosen = luck.permutation(len(hits))[: len(chrome) + 2].tolist()
        chrome += [[(hits[number], CHROME_LINE)] for number in chosen]
        if chrome:
            yield _put_together(article, mixtures.mixed(article.lines, chrome, luck), luck)


def _put_together(like: Sample, lines: mixtures.Lines, luck: np.random.Generator) -> Sample:
    texts = [line for line, _ in lines]
    gaps = np.full(len(lines), luck.integers(2), np.float32)
    labels = np.array([label for _, label in lines], np.float32)
    return replace(
        like, source=_MIXED, weight=like.weight / _PARTS[_GOLD] * _PARTS[_MIXED], lines=texts,
        gaps=gaps, indents=np.zeros(len(lines), np.float32), labels=labels,
    )  # fmt: skip


def _proof_samples() -> Iterator[Sample]:
    """Yield documents made of the rules' proofs; each counts as a page and a publisher."""
    luck = np.random.default_rng(0)
    nothing = np.empty(0, np.float32)
    for number, (language, lines) in enumerate(mixtures.proof_documents(luck)):
        blank = Sample(
            -1 - number, _PROOFS, f"{_PROOFS} {number}", "article", language, _PROOFS, "train",
            number % FOLDS, _PROOF_WEIGHT / _PARTS[_MIXED] * _PARTS[_GOLD], "", [],
            nothing, nothing, nothing,
        )  # fmt: skip
        yield replace(_put_together(blank, lines, luck), source=_PROOFS)


@cache
def _proofs() -> dict[str, tuple[list[str], list[str]]]:
    return mixtures.proofs()


def _sources(about: dict[str, Any], texts: dict[str, str]) -> Iterable[tuple[str, str]]:
    yield from ((name, text) for name, text in texts.items() if text)
    if about["gold"] and about["page_type"] == "article":
        yield _GOLD, about["gold"]


def _sample(
    index: int, about: dict[str, Any], source: str, lines: list[str], gaps: Labels,
    indents: Labels, labels: Labels, silver: bool,
) -> Sample:  # fmt: skip
    luck = hashlib.blake2b(f"{index}:{source}".encode(), digest_size=1).digest()[0] / 256
    return Sample(
        page=index,
        dataset=about["dataset"],
        publisher=about["publisher"],
        page_type=about["page_type"],
        language=about["language"],
        source=source,
        role=about["role"],
        fold=about["fold"],
        weight=TYPE_WEIGHTS.get(about["page_type"], _OTHER_TYPE)
        * (_SILVER_WEIGHT if silver else 1),
        title=about["title"] if luck < _TITLED else "",
        lines=lines,
        gaps=gaps,
        indents=indents,
        labels=labels,
    )


def kind_of(source: str) -> str:
    """Return ``rendering`` or ``extractor``, or the source itself."""
    if source in RENDERINGS:
        return "rendering"
    return "extractor" if source in EXTRACTORS else source
