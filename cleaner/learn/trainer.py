"""``python -m cleaner.learn.trainer DATA``: pages to the shipped classifier, and its card.

Everything is fixed: the order of pages, every draw of luck, the number of threads. The same data
and the same versions of the libraries give the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from cleaner.detect.classifier import Classifier, save
from cleaner.detect.classifier.characters import tables
from cleaner.detect.classifier.features import Layout, describe, feature_names
from cleaner.detect.classifier.network import Network
from cleaner.detect.models import CARD, CLASSIFIER, MODELS
from cleaner.learn import convolution, ngrams
from cleaner.learn.convolution import Example
from cleaner.learn.corpus import FOLDS
from cleaner.learn.heads import tokens_of
from cleaner.learn.labels import ARTICLE_LINE
from cleaner.learn.samples import Sample, kind_of, read_samples
from cleaner.learn.texts import write_texts

Floats = NDArray[np.float32]
EPOCHS = 12
# The fold that calibration and the card's figures come from.
_HELD_OUT = 0
# Share of documents shown as if the table knew no n-gram of theirs: languages without data.
_UNKNOWN = 0.15


@dataclass(frozen=True)
class _Described:
    """A sample with its features."""

    sample: Sample
    features: NDArray[np.float16]
    words: Floats

    @property
    def example(self) -> Example:
        sample = self.sample
        group = (sample.page, kind_of(sample.source))
        return Example(self.features, sample.labels, self.words, sample.weight, group)


def main() -> None:
    """Train, measure on the held-out fold, write model and card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder of Parquet files of pages")
    parser.add_argument(
        "--work", type=Path, default=Path("build/learn"), help="texts are kept here"
    )
    parser.add_argument("--out", type=Path, default=MODELS)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    given = parser.parse_args()
    for name in write_texts(given.data, given.work, given.workers):
        _say(f"texts: {name}")
    samples = read_samples(given.work, given.workers)
    _say(f"{len(samples)} documents, {sum(len(s.lines) for s in samples)} lines")
    model, facts = train(samples, given.epochs, given.workers)
    given.out.mkdir(parents=True, exist_ok=True)
    path = given.out / CLASSIFIER
    save(model, path)
    facts["digest"] = hashlib.sha256(path.read_bytes()).hexdigest()
    card = json.dumps(facts, indent=2, ensure_ascii=False, sort_keys=True)
    (given.out / CARD).write_text(card + "\n", encoding="utf-8")
    _say(f"{path}: {path.stat().st_size} bytes")


def train(
    samples: Sequence[Sample], epochs: int, workers: int
) -> tuple[Classifier, dict[str, object]]:
    """Return a model learned from the samples of role ``train``, and what its card says."""
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    samples = [sample for sample in samples if sample.role == "train"]
    table, scores = ngrams.learn(samples, [ngrams.grams_of(sample) for sample in samples])
    _say("n-grams learned")
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        pairs = zip(samples, unknown_in_some(samples, scores, table.biases), strict=True)
        described = list(pool.imap(_described, pairs, chunksize=16))
    network, held_out = _networks(described, epochs, workers)
    apart = [row for row in described if row.sample.fold == _HELD_OUT]
    odds = [held_out.log_odds(row.features.astype(np.float32)) for row in apart]
    slope, offset = _calibrated(apart, odds)
    sort_of, lower = tables()
    model = Classifier(sort_of, lower, table, network, _speaks(described, network), slope, offset)
    return model, _facts(samples, apart, [slope * row[:, 0] + offset for row in odds], epochs)


def unknown_in_some(
    samples: Sequence[Sample], scores: Sequence[ngrams.Scores], biases: Floats
) -> Iterator[ngrams.Scores]:
    """Yield the scores of each sample; of some, those that no known n-gram gives."""
    for sample, (score, known) in zip(samples, scores, strict=True):
        name = f"{sample.page}:{sample.source}:{len(sample.lines)}".encode()
        luck = hashlib.blake2b(name, digest_size=1).digest()[0] / 256
        if luck < _UNKNOWN:
            yield np.full_like(score, biases), np.zeros_like(known)
        else:
            yield score, known


def _networks(
    described: Sequence[_Described], epochs: int, workers: int
) -> tuple[Network, Network]:
    """Return the network learned from everything, and the one that has not seen `_HELD_OUT`."""
    everything = [row.example for row in described]
    without = [row.example for row in described if row.sample.fold != _HELD_OUT]
    fit = partial(_fit, epochs=epochs)
    with multiprocessing.get_context("spawn").Pool(min(workers, 2)) as pool:
        both = pool.map(fit, [everything, without], chunksize=1)
    return both[0], both[1]


def _fit(examples: Sequence[Example], epochs: int) -> Network:
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    return _halved(convolution.fit(examples, epochs))


def _halved(network: Network) -> Network:
    """Return the network as it is shipped, its weights in half precision."""

    def half(value: Floats) -> Floats:
        return value.astype(np.float16).astype(np.float32)

    return replace(
        network,
        dense=half(network.dense),
        dense_bias=half(network.dense_bias),
        mixes=tuple(map(half, network.mixes)),
        mix_biases=tuple(map(half, network.mix_biases)),
        context=half(network.context),
        last=half(network.last),
        last_bias=half(network.last_bias),
    )


def _described(row: tuple[Sample, ngrams.Scores]) -> _Described:
    sample, (score, known) = row
    tokens = tokens_of(sample.lines)
    _, features = describe(tokens, layout_of(sample), score, known)
    return _Described(sample, features.astype(np.float16), tokens.counts.astype(np.float32))


def layout_of(sample: Sample) -> Layout:
    """Return what stands around a sample's lines."""
    title = tokens_of([sample.title]).hashes.tolist() if sample.title else ()
    return Layout(sample.gaps, sample.indents, frozenset(title))


def _calibrated(rows: Sequence[_Described], odds: Sequence[Floats]) -> tuple[float, float]:
    """Fit slope and offset of log-odds on documents that the network has not seen."""
    labels = np.concatenate([row.sample.labels for row in rows])
    usable = labels <= ARTICLE_LINE
    x = torch.from_numpy(np.concatenate(odds)[usable, 0])
    y = torch.from_numpy(labels[usable])
    numbers = torch.tensor([1.0, 0.0], requires_grad=True)
    steps = torch.optim.LBFGS([numbers], max_iter=50)

    def closure() -> torch.Tensor:
        steps.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(numbers[0] * x + numbers[1], y)
        loss.backward()
        return loss

    steps.step(closure)
    slope, offset = numbers.detach().tolist()
    return slope, offset


def _speaks(rows: Sequence[_Described], network: Network) -> Floats:
    """Fit the linear account of the network that names a line's strongest features."""
    some = [row.features.astype(np.float32) for row in rows[::17]]
    standard = np.concatenate([network.standard(features) for features in some]).astype(np.float64)
    odds = np.concatenate([network.log_odds(features)[:, 0] for features in some])
    ridge = standard.T @ standard + 0.01 * len(odds) * np.eye(standard.shape[1])
    return np.linalg.solve(ridge, standard.T @ (odds - odds.mean())).astype(np.float32)


def _facts(
    samples: Sequence[Sample], apart: Sequence[_Described], odds: Sequence[Floats], epochs: int
) -> dict[str, object]:
    """Return what the card says of data, folds and figures."""
    return {
        "what": "Probability that a line of a text is part of its article, from 0 to 1",
        "data": {
            "pages": dict(Counter(_first_of_each_page(samples))),
            "documents by source": dict(sorted(Counter(s.source for s in samples).items())),
            "lines": sum(len(sample.lines) for sample in samples),
        },
        "folds": f"{FOLDS}, by publisher; figures and calibration from fold {_HELD_OUT}, by a "
        f"network that was trained without it, {_UNKNOWN:.0%} of the documents in words unknown",
        "epochs": epochs,
        "features": len(feature_names()),
        "figures of the held-out fold, by words": {
            source: _figures(apart, odds, source)
            for source in sorted({row.sample.source for row in apart})
        },
        "known failures": [
            "A short post under many comments of the same length and tone",
            "Lists of dates, ingredients or products that are the article",
            "Teasers as long as paragraphs; lists of teasers longer than the article",
            "Languages far from those of the data: there only shape and place speak",
        ],
    }


def _first_of_each_page(samples: Sequence[Sample]) -> list[str]:
    seen: dict[int, str] = {}
    for sample in samples:
        seen.setdefault(sample.page, f"{sample.dataset} {sample.page_type}")
    return list(seen.values())


def _figures(rows: Sequence[_Described], odds: Sequence[Floats], source: str) -> dict[str, float]:
    """Return mean precision and recall of the articles' words, each document counting alike."""
    each = []
    for row, odd in zip(rows, odds, strict=True):
        sample = row.sample
        if sample.source == source and sample.page_type == "article":
            usable, article = sample.labels <= ARTICLE_LINE, sample.labels == ARTICLE_LINE
            kept = (odd > 0) & usable
            both = row.words[kept & article].sum()
            each.append(
                (both / max(row.words[kept].sum(), 1), both / max(row.words[article].sum(), 1))
            )
    precision, recall = np.mean(each, axis=0).tolist()
    return {"precision": round(precision, 4), "recall": round(recall, 4), "documents": len(each)}


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
