"""The ``classifier`` detector: every line judged from its words, its shape and its neighbours.

It knows no publisher and no phrase, only what was learned from labelled pages of many: which
words stand in articles, and how a document's lines are arranged around one. Full pages and
extractors' output are judged by the same numbers; the document itself tells them apart.

Known misses stand in the model's card, ``cleaner/models/classifier.json``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from cleaner.detect.classifier.features import NAMES, Layout, describe
from cleaner.detect.classifier.network import Network
from cleaner.detect.classifier.scoring import NgramTable
from cleaner.detect.classifier.tokens import tokenise
from cleaner.detect.models import CLASSIFIER, MODELS
from cleaner.model import Block, Evidence, Finding
from cleaner.segment import Segmented

Floats = NDArray[np.float32]

# Below this a line is not even suspected.
_LEAST_CONFIDENCE = 0.5
# Share of n-grams from which a line is in words that the model knows, and how sure it may be else.
_KNOWN, _MOST_OF_UNKNOWN = 0.5, 0.55
# From this probability a line is also claimed as headline, byline, date or caption.
_HEAD = 0.08
_TIME = re.compile(r"\d{1,2}[:.]\d\d")
_LONGEST_TIME = 5
_NAMED = 3


@dataclass(frozen=True)
class Classifier:
    """A trained model: how lines are described, judged and explained."""

    sorts: NDArray[np.uint8]
    """`characters.Sort` of each code point."""
    lower: NDArray[np.uint64]
    """Lower case of each code point, all digits alike."""
    ngrams: NgramTable
    network: Network
    speaks: Floats
    """What each feature adds to the log-odds of article, by the best linear account of them."""
    slope: float
    """Calibration: true log-odds are ``slope * log-odds + offset``."""
    offset: float

    def judge(self, lines: list[str], layout: Layout) -> tuple[Floats, Floats, Floats]:
        """Return each line's probability of article and of head, and its features."""
        _, features = self.features(lines, layout)
        odds = self.network.log_odds(features)
        odds[:, 0] = self.slope * odds[:, 0] + self.offset
        article, head = (1 / (1 + np.exp(-np.clip(odds, -30, 30)))).T
        return article, head, features

    def features(self, lines: list[str], layout: Layout) -> tuple[tuple[str, ...], Floats]:
        """Return the names of the features, and a row of them for each line."""
        tokens = tokenise(lines, self.sorts, self.lower)
        score, known = self.ngrams.score(*tokens.ngrams(), tokens.lines)
        return describe(tokens, layout, score, known)

    def layout(self, page: Segmented) -> Layout:
        """Return what stands around the Blocks of `page`."""
        title = normalize("NFC", page.document.title.replace("\n", " ").strip())
        hashes = tokenise([title], self.sorts, self.lower).hashes.tolist() if title else ()
        gaps, indents = (np.array(row, np.float32) for row in (page.gaps, page.indents))
        return Layout(gaps, indents, frozenset(hashes))


def classify(page: Segmented) -> Iterator[Finding]:
    """Yield what the shipped model says of the Blocks of `page` that it takes for no article.

    A Block may be claimed twice: as chrome, and as headline, byline, date or caption, which only
    some profiles take out. The second claim is as sure as that the Block is not of the body.
    """
    if not any(page.prose):  # there is nothing that anything could be chrome to
        return
    model = shipped()
    # Composed and decomposed letters are the same text and get the same answer; a Block of control
    # characters alone reads as a blank.
    lines = [normalize("NFC", text) or " " for text in page.texts]
    article, head, features = model.judge(lines, model.layout(page))
    most = _most_confidence(features)
    chrome = np.minimum((1 - article) * (1 - head), most)
    beside_body = np.minimum(1 - article * (1 - head), most)
    suspects = np.flatnonzero(beside_body >= _LEAST_CONFIDENCE)
    reasons = _reasons(model.network.standard(features[suspects]), model.speaks)
    rows = (suspects, chrome[suspects], beside_body[suspects], (head >= _HEAD)[suspects])
    for index, other, beside, top, why in zip(
        *(row.tolist() for row in rows), reasons, strict=True
    ):
        text, block = lines[index], page.blocks[index]
        is_time = len(text) <= _LONGEST_TIME and _TIME.fullmatch(text) is not None
        if other >= _LEAST_CONFIDENCE and not is_time:
            yield _claim(block, "other", other, why)
        if top or is_time:
            yield _claim(block, _head_category(text), beside, why)


def _claim(block: Block, category: str, confidence: float, why: str) -> Finding:
    evidence = Evidence(f"classifier.{category}", why)
    sure = round(confidence, 3)
    return Finding("classifier", block.start, block.end, category, sure, evidence)


def _most_confidence(features: Floats) -> Floats:
    """Return how sure a claim about each line may be.

    In words that the model does not know, the last sentence of an article looks like the first
    line of the chrome behind it.
    """
    known = features[:, _KNOWN_NGRAMS] >= _KNOWN
    sentence = features[:, _SENTENCE_END] > 0
    return np.where(sentence & ~known, _MOST_OF_UNKNOWN, 1.0).astype(np.float32)


_KNOWN_NGRAMS, _SENTENCE_END = NAMES.index("known n-grams"), NAMES.index("sentence end")


def _head_category(text: str) -> str:
    """Name a line of an article's head by its shape."""
    if len(text) < 60 and any(map(str.isdigit, text)):
        return "date"
    words = len(text.split())
    if words <= 4:
        return "byline"
    return "headline" if words <= 20 else "standfirst"


def _reasons(features: Floats, speaks: Floats) -> list[str]:
    """Name for each row the features that speak most against article, and how they stand."""
    spoken = np.multiply(features, speaks, order="C")
    rows = np.arange(len(features))
    found = []
    for _ in range(_NAMED):
        strongest = spoken.argmin(axis=1)
        spoken[rows, strongest] = np.inf
        found.append((2 * strongest + (features[rows, strongest] > 0)).tolist())
    return ["Learned: " + ", ".join([_PHRASES[n] for n in row]) for row in zip(*found, strict=True)]


# How each feature may stand, as an explanation says it: low and high of each in turn.
_PHRASES = [f"{name} {how}" for name in NAMES for how in ("low", "high")]


@cache
def shipped() -> Classifier:
    """Return the model that ships with the package, loaded once."""
    return load(MODELS / CLASSIFIER)


def load(path: Path) -> Classifier:
    """Read a model that `save` wrote."""
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    wide = {
        name: value.astype(np.float32)
        for name, value in arrays.items()
        if value.dtype == np.float16
    }
    layers = range(sum(name.startswith("mix_bias") for name in wide))
    slope, offset = arrays["numbers"].tolist()
    return Classifier(
        sorts=arrays["sorts"],
        lower=arrays["lower"].astype(np.uint64),
        ngrams=NgramTable(*(arrays[name] for name in _TABLE)),
        network=Network(
            mean=arrays["mean"],
            spread=arrays["spread"],
            mixes=tuple(wide[f"mix{n}"] for n in layers),
            mix_biases=tuple(wide[f"mix_bias{n}"] for n in layers),
            **{name: wide[name] for name in _SINGLE},
        ),
        speaks=wide["speaks"],
        slope=slope,
        offset=offset,
    )


_TABLE = ("weights", "marks", "scales", "biases")
_SINGLE = ("dense", "dense_bias", "context", "last", "last_bias")


def save(model: Classifier, path: Path) -> None:
    """Write a model: weights of the network in half precision, n-grams in bytes."""
    network = model.network
    narrow = {name: getattr(network, name) for name in _SINGLE} | {"speaks": model.speaks}
    for index, (mix, bias) in enumerate(zip(network.mixes, network.mix_biases, strict=True)):
        narrow |= {f"mix{index}": mix, f"mix_bias{index}": bias}
    table = model.ngrams
    np.savez(  # compressed it is half as large, and every start would wait for it
        path,
        sorts=model.sorts,
        lower=model.lower.astype(np.uint16),
        mean=network.mean,
        spread=network.spread,
        numbers=np.array([model.slope, model.offset]),
        **{name: getattr(table, name) for name in _TABLE},
        **{name: value.astype(np.float16) for name, value in narrow.items()},
    )
