"""Labelled documents: every text of every page, cut into the units that the classifier judges.

Beside the page's texts stands the gold itself as a document of its own, in which every line is
article (what is clean must be seen to be clean), again with some chrome put in, the page thinned,
and with another's article in its place (`mixtures`). Native raw texts join them (`native`).
"""

from __future__ import annotations

import hashlib
import multiprocessing
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from cleaner.detect.classifier.tokens import Tokens
from cleaner.errors import CleanerError
from cleaner.ingest import Limits, ingest
from cleaner.learn import mixtures, native
from cleaner.learn.corpus import FOLDS, fold_of
from cleaner.learn.heads import split_head, tokens_of
from cleaner.learn.labels import (
    ARTICLE_LINE,
    CHROME_LINE,
    HEAD_LINE,
    Labels,
    extracted,
    gold_of,
    label,
)
from cleaner.learn.texts import EXTRACTORS, RENDERINGS, read_native_texts, read_texts
from cleaner.model import Document
from cleaner.segment import segment
from cleaner.segment.features import is_title_like, words

_GOLD, _MIXED, _PROOFS = "gold", "mixed", "proofs"
_THINNED, _TRANSPLANTED, _NATIVE = "thinned", "transplanted", "native"
# What pages of a type may teach about articles: the main content of a list of teasers is
# teasers, which on an article's page are chrome.
TYPE_WEIGHTS = {"article": 1.0, "documentation": 0.7, "forum": 0.6, "service": 0.4, "product": 0.3}
_OTHER_TYPE = 0.15
_SILVER_WEIGHT = 0.5
# What documents that nobody delivered count, beside those that somebody did.
_MADE = {_GOLD: 0.5, _MIXED: 1.0, _THINNED: 1.0, _TRANSPLANTED: 0.8, _NATIVE: 0.5, _PROOFS: 0.4}
_MOST_LINES = 4000
_TITLED = 0.3
_MIXTURES, _THINNINGS = 2, 3
# Of what interrupts an article: runs of its page's chrome, teasers; the words of a headline.
_OF_THE_PAGE, _TEASERS, _HEADLINE = 4, 3, range(5, 19)
# Native texts are numbered behind all pages.
_FIRST_NATIVE = 1_000_000


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
    """A name in `texts.SOURCES`, or that of a kind of document made for training."""
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
        natives = enumerate(sorted(read_native_texts(out).items()))
        raw = [sample for some in pool.imap(_natives, natives) for sample in some]
    return [*found, *_transplants(found), *raw, *_proof_samples()]


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
            labels: Labels | None = _gold_labels(about, tokens)
        else:
            labels = (label if source in RENDERINGS else extracted)(tokens, gold)
        if labels is None:
            continue
        found.append(_sample(index, about, source, lines, gaps, indents, labels, gold.silver))
    return [*found, *_mixed(index, found), *_thinned(index, found)]


def _gold_labels(about: dict[str, Any], tokens: Tokens) -> Labels:
    head, _ = split_head(about["gold"], [*about["apart"], about["title"]])
    labels = np.full(tokens.lines, ARTICLE_LINE, np.float32)
    labels[np.isin(tokens.line_hashes, tokens_of(head).line_hashes)] = HEAD_LINE
    return labels


def _thinned(index: int, found: list[Sample]) -> Iterator[Sample]:
    """Yield the page with most of its chrome left out, as extractors do."""
    pages = [sample for sample in found if sample.source in RENDERINGS]
    luck = np.random.default_rng([index, 1])
    for _ in range(_THINNINGS if pages else 0):
        page = pages[int(luck.integers(len(pages)))]
        if page.page_type == "article" and ARTICLE_LINE in page.labels:
            words = np.fromiter((len(line.split()) for line in page.lines), np.float32)
            stays = mixtures.thinned(page.labels, words, luck)
            yield _taken(page, [(page, stays)], _THINNED)


def _transplants(found: Sequence[Sample]) -> Iterator[Sample]:
    """Yield each article's page with an article of another publisher in its place.

    Both are of one fold, so that no publisher is in two, and of one rendering and language.
    """
    luck = np.random.default_rng(2)
    groups: dict[tuple[object, ...], list[Sample]] = {}
    for page in found:
        if (
            page.source in RENDERINGS
            and page.page_type == "article"
            and (page.labels == ARTICLE_LINE).sum() > 1
        ):
            key = (page.role, page.fold, page.source, page.language[:2] or page.dataset)
            groups.setdefault(key, []).append(page)
    for _, pages in sorted(groups.items(), key=lambda item: str(item[0])):
        for host in pages:
            donor = pages[int(luck.integers(len(pages)))]
            if donor.publisher != host.publisher and luck.random() < 0.5:
                before, behind, inside = mixtures.transplanted(host.labels, donor.labels, luck)
                rows = [(host, before), (donor, inside), (host, behind)]
                yield _taken(host, rows, _TRANSPLANTED)


def _taken(like: Sample, rows: Sequence[tuple[Sample, Any]], source: str) -> Sample:
    """Return a document of some lines of others."""
    return replace(
        like,
        source=source,
        weight=like.weight * _MADE[source],
        title="",
        lines=[sample.lines[line] for sample, some in rows for line in some.tolist()],
        gaps=np.concatenate([sample.gaps[some] for sample, some in rows]),
        indents=np.concatenate([sample.indents[some] for sample, some in rows]),
        labels=np.concatenate([sample.labels[some] for sample, some in rows]),
    )


def _natives(row: tuple[int, tuple[str, list[str]]]) -> list[Sample]:
    """Return one publisher's native texts, labelled by what recurs in them."""
    number, (publisher, texts) = row
    cut = []
    for text in texts:
        lines, gaps, indents = laid_out(text)
        if lines:
            cut.append(native.NativeText(publisher, lines, gaps, indents, tokens_of(lines)))
    first = _FIRST_NATIVE + number * native.MOST
    return [
        Sample(
            page=first + nth,
            dataset=_NATIVE,
            publisher=publisher,
            page_type="article",
            language="en",
            source=_NATIVE,
            role="train",
            fold=fold_of(publisher),
            weight=_MADE[_NATIVE],
            title="",
            lines=text.lines,
            gaps=text.gaps,
            indents=text.indents,
            labels=labels,
        )
        for nth, (text, labels) in enumerate(native.taught(cut))
    ]


def _mixed(index: int, found: list[Sample]) -> Iterator[Sample]:
    """Yield the page's article with chrome of the page and of its language's rules put in."""
    article = next((sample for sample in found if sample.source == _GOLD), None)
    page = next((sample for sample in found if sample.source in RENDERINGS), None)
    if article is None or page is None:
        return
    luck = np.random.default_rng(index)
    known = _proofs().get(article.language[:2], _proofs()["en"])
    for _ in range(_MIXTURES):
        chrome = _interruptions(page, known, luck)
        yield _put_together(article, mixtures.mixed(article.lines, chrome, luck), luck)


def _interruptions(
    page: Sample, known: mixtures.Proofs, luck: np.random.Generator
) -> list[mixtures.Lines]:
    """Return chrome to be put into an article: some of its page, some made of the rules' proofs."""
    own = list(mixtures.runs_of(page.lines, page.labels.tolist()))
    found = [own[n] for n in luck.permutation(len(own))[:_OF_THE_PAGE].tolist()]
    found += [
        [(known.hits[n], CHROME_LINE)] for n in luck.permutation(len(known.hits))[:2].tolist()
    ]
    headlines = _headlines(page)
    some = luck.permutation(len(headlines))[:_TEASERS].tolist()
    found += mixtures.teasers([headlines[n] for n in some], known, luck)
    return [*found, mixtures.appeal(known, luck)]


def _headlines(page: Sample) -> list[str]:
    """Return the lines of a page's chrome that look like the headline of another article."""
    lines = {
        line
        for line, label in zip(page.lines, page.labels.tolist(), strict=True)
        if label == CHROME_LINE and is_title_like(line) and words(line) in _HEADLINE
    }
    return sorted(lines)


def _put_together(like: Sample, lines: mixtures.Lines, luck: np.random.Generator) -> Sample:
    texts = [line for line, _ in lines]
    gaps = np.full(len(lines), luck.integers(2), np.float32)
    labels = np.array([label for _, label in lines], np.float32)
    return replace(
        like, source=_MIXED, weight=like.weight * _MADE[_MIXED] / _MADE[_GOLD], lines=texts,
        gaps=gaps, indents=np.zeros(len(lines), np.float32), labels=labels,
    )  # fmt: skip


def _proof_samples() -> Iterator[Sample]:
    """Yield documents made of the rules' proofs; each counts as a page and a publisher."""
    luck = np.random.default_rng(0)
    nothing = np.empty(0, np.float32)
    for number, (language, lines) in enumerate(mixtures.proof_documents(luck)):
        blank = Sample(
            -1 - number, _PROOFS, f"{_PROOFS} {number}", "article", language, _PROOFS, "train",
            number % FOLDS, 1.0, "", [], nothing, nothing, nothing,
        )  # fmt: skip
        yield replace(_put_together(blank, lines, luck), source=_PROOFS, weight=_MADE[_PROOFS])


@cache
def _proofs() -> dict[str, mixtures.Proofs]:
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
        * (_SILVER_WEIGHT if silver else 1)
        * _MADE.get(source, 1),
        title=about["title"] if luck < _TITLED else "",
        lines=lines,
        gaps=gaps,
        indents=indents,
        labels=labels,
    )


def kind_of(source: str) -> str:
    """Return ``rendering`` or ``extractor``, or the source itself."""
    if source in RENDERINGS or source == _TRANSPLANTED:
        return "rendering"
    return "extractor" if source in EXTRACTORS else source
