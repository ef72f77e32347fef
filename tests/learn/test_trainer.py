"""Training needs PyTorch, which is an extra: `make test-train` installs it and runs these."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from cleaner.detect.classifier import load, save
from cleaner.learn import trainer
from cleaner.learn.labels import ARTICLE_LINE, CHROME_LINE
from cleaner.learn.samples import Sample

BODY = [
    "The ferry to the islands will not sail before Thursday, the harbour master said on Monday.",
    "Divers will look at the foundations as soon as the swell allows it, and that may take a week.",
    "The town hopes to open the pier again before the summer, she said, and so do the islanders.",
]
MENU = ["Home", "Sport", "Subscribe to our newsletter", "Privacy policy"]


def sample(page: int) -> Sample:
    body = [f"{line} It was day {page} of the storm." for line in BODY]
    lines = [*MENU, *body, *MENU[::-1]]
    labels = [CHROME_LINE] * 4 + [ARTICLE_LINE] * 3 + [CHROME_LINE] * 4
    blank = np.zeros(len(lines), np.float32)
    return Sample(
        page, "made", f"{page}.example", "article", "en", "html-text", "train", page % 5, 1.0, "",
        lines, blank, blank, np.array(labels, np.float32),
    )  # fmt: skip


def test_training_twice_gives_the_same_bytes_and_a_model_that_has_learned(tmp_path: Path) -> None:
    samples = [sample(page) for page in range(15)]
    for name in ("one.npz", "two.npz"):
        model, facts = trainer.train(samples, 30, 1)
        save(model, tmp_path / name)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    first = samples[0]
    article, _, _ = load(tmp_path / "one.npz").judge(first.lines, trainer.layout_of(first))
    body = first.labels == ARTICLE_LINE
    assert article[body].mean() > article[~body].mean()
    assert facts["data"]["pages"] == {"made article": 15}


def test_some_documents_are_shown_as_in_a_language_without_data() -> None:
    samples = [sample(page) for page in range(200)]
    lines = len(samples[0].lines)
    ones = np.ones((lines, 2), np.float32)
    scores = [(ones, ones[:, 0])] * len(samples)
    biases = np.array([-0.5, 0.5], np.float32)
    found = list(trainer.unknown_in_some(samples, scores, biases))
    blank = [score for score, known in found if not known.any()]
    assert 10 < len(blank) < 60
    assert all((score == biases).all() for score in blank)
    assert sum(known.all() for _, known in found) == len(found) - len(blank)
