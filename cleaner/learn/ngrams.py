"""The n-gram scores: logistic regressions over hashed n-grams of single lines, one a question.

They are a few features among many, so training documents must get them from a model that has not
seen their publisher (`scores`), and the shipped table is the one learned from all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from cleaner.detect.classifier.scoring import QUESTIONS, NgramTable
from cleaner.detect.classifier.tokens import Hashes, Ints
from cleaner.learn.corpus import FOLDS
from cleaner.learn.heads import tokens_of
from cleaner.learn.labels import ARTICLE_LINE, HEAD_LINE
from cleaner.learn.samples import Sample
from cleaner.learn.texts import RENDERINGS

# An n-gram of fewer publishers says more about them than about chrome.
_LEAST_PUBLISHERS = 4
_EPOCHS, _BATCH, _RATE = 3, 4096, 0.2
# An article begins and ends where this share of its characters stands before and behind; so many
# lines before and behind it are its surroundings.
_EDGE, _NEAR = 0.01, 6
Scores = tuple[NDArray[np.float32], NDArray[np.float32]]


@dataclass(frozen=True)
class Grams:
    """The n-grams of a document's lines, in the order of the lines."""

    line: Ints
    hashes: Hashes
    line_hashes: Hashes


@dataclass(frozen=True)
class _Rows:
    """Distinct labelled lines: those of line ``i`` are ``places[begin[i]:begin[i + 1]]``."""

    places: NDArray[np.int64]
    begin: NDArray[np.int64]
    answers: NDArray[np.float32]
    """To each of `QUESTIONS`; NaN where nobody can say."""
    folds: NDArray[np.int8]


def grams_of(sample: Sample) -> Grams:
    """Return the n-grams of a sample's lines."""
    tokens = tokens_of(sample.lines)
    line, hashes = tokens.ngrams()
    order = np.argsort(line, kind="stable")
    return Grams(line[order], hashes[order], tokens.line_hashes)


def learn(samples: Sequence[Sample], grams: Sequence[Grams]) -> tuple[NgramTable, list[Scores]]:
    """Return the table learned from all samples of role ``train``, and every sample's scores.

    A training sample's scores come from a table that has not seen its fold.
    """
    known = _known(samples, grams)
    rows = _distinct(samples, grams, known)
    tables = [NgramTable.of(known, *_fit(rows, fold, len(known))) for fold in (*range(FOLDS), -1)]
    found = [
        tables[sample.fold if sample.role == "train" else -1].score(
            gram.line, gram.hashes, len(sample.lines)
        )
        for sample, gram in zip(samples, grams, strict=True)
    ]
    return tables[-1], found


def _known(samples: Sequence[Sample], grams: Sequence[Grams]) -> Hashes:
    """Return the n-grams that enough publishers share, the rarest first."""
    by_publisher: dict[str, list[Hashes]] = {}
    for sample, gram in zip(samples, grams, strict=True):
        if sample.role == "train":
            by_publisher.setdefault(sample.publisher, []).append(gram.hashes)
    each = [np.unique(np.concatenate(parts)) for parts in by_publisher.values()]
    hashes, counts = np.unique(np.concatenate(each), return_counts=True)
    enough = counts >= _LEAST_PUBLISHERS
    return hashes[enough][np.argsort(counts[enough], kind="stable")]


def _distinct(samples: Sequence[Sample], grams: Sequence[Grams], known: Hashes) -> _Rows:
    """Return each page's distinct labelled lines that have a known n-gram.

    Full pages come first among a page's samples, so a line's place there counts.
    """
    order = np.argsort(known)
    ordered = known[order]
    places, counts, answers, folds = [], [], [], []
    seen: set[tuple[int, int, bytes]] = set()
    for sample, gram in zip(samples, grams, strict=True):
        if sample.role != "train":
            continue
        at = np.minimum(np.searchsorted(ordered, gram.hashes), len(ordered) - 1)
        hit = ordered[at] == gram.hashes
        begin = np.searchsorted(gram.line[hit], np.arange(len(sample.lines) + 1))
        found = order[at[hit]]
        given = answers_of(sample)
        for line in np.flatnonzero(~np.isnan(given).all(axis=1) & (np.diff(begin) > 0)).tolist():
            key = (sample.page, int(gram.line_hashes[line]), given[line, :2].tobytes())
            if key not in seen:
                seen.add(key)
                places.append(found[begin[line] : begin[line + 1]])
                counts.append(len(places[-1]))
                answers.append(given[line])
                folds.append(sample.fold)
    bounds = np.concatenate([[0], np.cumsum(counts)])
    return _Rows(np.concatenate(places), bounds, np.stack(answers), np.array(folds, np.int8))


def answers_of(sample: Sample) -> NDArray[np.float32]:
    """Return the answer to each of `QUESTIONS` for each line of a sample; NaN for none.

    Only a full page can tell what stands before an article and behind it.
    """
    labels = sample.labels
    known = ~np.isnan(labels)
    article = labels == ARTICLE_LINE
    out = np.full((len(labels), len(QUESTIONS)), np.nan, np.float32)
    out[:, 0] = np.where(known & (labels != HEAD_LINE), article, np.nan)
    out[:, 1] = np.where(known, labels == HEAD_LINE, np.nan)
    if sample.source in RENDERINGS and article.any():
        share = np.cumsum(article * np.fromiter(map(len, sample.lines), np.int64))
        first, last = np.searchsorted(share / share[-1], (_EDGE, 1 - _EDGE)).tolist()
        index = np.arange(len(labels))
        places = (
            (index >= first - _NEAR) & (index < first) & ~article,
            (index > last) & (index <= last + _NEAR) & ~article,
            (index > first) & (index < last) & ~article,
            (index >= first) & (index < first + _NEAR) & article,
            (index > last - _NEAR) & (index <= last) & article,
        )
        for column, yes in enumerate(places, start=2):
            out[:, column] = np.where(known, yes, np.nan)
    return out


def _fit(rows: _Rows, fold: int, size: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Fit logistic regressions to all rows that are not of `fold`."""
    torch.manual_seed(0)
    table = torch.nn.EmbeddingBag(size, len(QUESTIONS), mode="sum", sparse=True)
    bias = torch.nn.Parameter(torch.zeros(len(QUESTIONS)))
    torch.nn.init.zeros_(table.weight)
    steps = torch.optim.Adagrad([*table.parameters(), bias], lr=_RATE)
    luck = np.random.default_rng(0)
    usable = np.flatnonzero(rows.folds != fold)
    for _ in range(_EPOCHS):
        for batch in np.array_split(luck.permutation(usable), max(len(usable) // _BATCH, 1)):
            counts = rows.begin[batch + 1] - rows.begin[batch]
            offsets = np.cumsum(counts) - counts
            inside = np.repeat(rows.begin[batch] - offsets, counts) + np.arange(counts.sum())
            shares = np.repeat(1 / np.sqrt(counts), counts).astype(np.float32)
            logits = table(
                torch.from_numpy(rows.places[inside]),
                torch.from_numpy(offsets),
                per_sample_weights=torch.from_numpy(shares),
            )
            answers = rows.answers[batch]
            weight = np.log1p(counts)[:, None] * ~np.isnan(answers)
            loss = torch.nn.functional.binary_cross_entropy_with_logits(
                logits + bias,
                torch.from_numpy(np.nan_to_num(answers)),
                weight=torch.from_numpy(weight.astype(np.float32)),
                reduction="sum",
            ) / len(batch)
            steps.zero_grad()
            loss.backward()
            steps.step()
    return table.weight.detach().numpy(), bias.detach().numpy()
