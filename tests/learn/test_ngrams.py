from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from cleaner.detect.classifier.scoring import QUESTIONS
from cleaner.learn.labels import ARTICLE_LINE, CHROME_LINE, HEAD_LINE
from cleaner.learn.ngrams import answers_of
from cleaner.learn.samples import Sample

LABELS = [0] * 9 + [2] + [1] * 10 + [0, np.nan] + [1] * 10 + [0] * 9


def answers(source: str) -> dict[str, np.ndarray]:
    labels = np.array(LABELS, np.float32)
    blank = np.zeros(len(labels), np.float32)
    lines = ["A line of some words"] * len(labels)
    sample = Sample(
        0, "made", "a.example", "article", "en", source, "train", 0, 1.0, "", lines, blank, blank,
        labels,
    )  # fmt: skip
    return dict(zip(QUESTIONS, answers_of(sample).T, strict=True))


def yes(column: np.ndarray) -> list[int]:
    return np.flatnonzero(column == 1).tolist()


def test_where_a_line_stands_to_the_article() -> None:
    found = answers("html-text")
    assert yes(found["article"]) == [n for n, label in enumerate(LABELS) if label == ARTICLE_LINE]
    assert yes(found["head"]) == [9] == [LABELS.index(HEAD_LINE)]
    assert yes(found["start"]) == [4, 5, 6, 7, 8, 9]
    assert yes(found["end"]) == [32, 33, 34, 35, 36, 37]
    assert yes(found["amid"]) == [20]
    assert yes(found["opening"]) == [10, 11, 12, 13, 14, 15]
    assert yes(found["closing"]) == [26, 27, 28, 29, 30, 31]


def test_nobody_can_say_is_no_answer() -> None:
    found = answers("html-text")
    assert all(np.isnan(column[21]) for column in found.values())
    assert np.isnan(found["article"][9])
    assert found["article"][LABELS.index(CHROME_LINE)] == 0


def test_only_a_full_page_tells_what_stands_around_an_article() -> None:
    found = answers("trafilatura")
    assert not np.isnan(found["article"][0])
    assert all(np.isnan(found[name]).all() for name in QUESTIONS[2:])
