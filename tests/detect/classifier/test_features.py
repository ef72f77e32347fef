from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaner.detect.classifier import shipped
from cleaner.detect.classifier.features import Layout, feature_names

PARAGRAPH = "The ferry to the islands will not sail before Thursday, the harbour master said on Monday, because the storm has torn the pier apart."


def table(*lines: str, title: str = "") -> dict[str, np.ndarray]:
    model = shipped()
    blank = np.zeros(len(lines), np.float32)
    hashes = frozenset(_hashes(title)) if title else frozenset()
    names, rows = model.features(list(lines), Layout(blank, blank, hashes))
    return dict(zip(names, rows.T, strict=True))


def _hashes(text: str) -> list[int]:
    from cleaner.detect.classifier.tokens import tokenise

    return tokenise([text], shipped().sorts, shipped().lower).hashes.tolist()


def test_every_column_has_a_name_of_its_own() -> None:
    assert len(set(feature_names())) == len(feature_names()) == len(shipped().speaks)


def test_shape() -> None:
    found = table("Read more »", PARAGRAPH, "2024")
    assert found["sentence end"].tolist() == [0, 1, 0]
    assert found["words over 15"].tolist() == [0, 1, 0]
    assert found["numbers"].tolist() == [0, 0, 1]
    assert found["opens with upper"].tolist() == [1, 1, 0]
    assert found["closes with quote"].tolist() == [1, 0, 0]


def test_place() -> None:
    found = table("Home", PARAGRAPH, "Home")
    assert np.expm1(found["lines before"]).round().tolist() == [0, 1, 2]
    assert np.expm1(found["lines after"]).round().tolist() == [2, 1, 0]
    assert found["in the best stretch of words"].tolist() == [0, 1, 0]
    assert np.expm1(found["behind the best stretch of words"]).round().tolist() == [0, 0, 1]


def test_repeats() -> None:
    found = table("Home", "Reply", PARAGRAPH, "Reply", "News")
    assert found["same line before"].tolist() == [0, 0, 0, 1, 0]
    assert found["same lines"].astype(bool).tolist() == [False, True, False, True, False]


def test_words_shared_with_the_running_text() -> None:
    found = table(PARAGRAPH, "Ferry: harbour master speaks", "Subscribe today")
    assert found["words of the running text"][1] > 0.5
    assert found["words of the running text"][2] == 0


def test_words_of_the_title() -> None:
    found = table("Ferry waits for the storm", "Most read", title="Ferry waits for the storm")
    assert found["words of the title"].tolist() == [1, 0]


def test_a_window_is_the_mean_of_the_lines_around() -> None:
    found = table(*[PARAGRAPH] * 3, *["Home"] * 7)
    assert found["long ±2"][0] == pytest.approx(1)
    assert found["long ±2"][3] == pytest.approx(2 / 5)
    assert found["long so far"][9] == pytest.approx(3 / 10)


def test_where_a_line_stands_to_what_reads_like_a_turn_of_the_document() -> None:
    found = table("Home", PARAGRAPH, "Comments", "Leave a reply", "Home")
    end, most = found["wording of end"], found["most wording of end so far"]
    assert most.tolist() == [max(end[: n + 1]) for n in range(len(end))]
    assert found["most wording of end to come"].tolist() == [max(end[n:]) for n in range(len(end))]
    assert np.expm1(found["lines like end so far"]).round().tolist() == np.cumsum(end > 0).tolist()


@given(st.lists(st.text(min_size=1).filter(lambda text: "\n" not in text), min_size=1, max_size=8))
def test_every_document_has_finite_features(lines: list[str]) -> None:
    found = np.stack(list(table(*lines).values()))
    assert found.shape == (len(feature_names()), len(lines))
    assert np.isfinite(found).all()
