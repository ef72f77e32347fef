from __future__ import annotations

import pytest

from cleaner.bench.shingles import Match, match, score, shingles


def test_runs_of_four_words() -> None:
    assert shingles("a b c d e") == {("a", "b", "c", "d"): 1, ("b", "c", "d", "e"): 1}
    assert shingles("a b") == {("a", "b"): 1}
    assert not shingles(" – ")


def test_ideographs_are_words() -> None:
    assert shingles("港口关闭了") == {tuple("港口关闭"): 1, tuple("口关闭了"): 1}


def test_a_match_counts_what_both_have() -> None:
    found = match(shingles("one two three four five"), "zero one two three four")
    assert found == Match(1, 1, 1)
    assert (found.precision, found.recall, found.f1) == (0.5, 0.5, 0.5)


def test_repetition_counts_against_a_text() -> None:
    assert match(shingles("a b c d"), "a b c d. A. a b c d").extra > 0


def test_f1_is_that_of_the_means() -> None:
    found = score([Match(4, 0, 0), Match(1, 1, 0), Match(0, 0, 5)])
    assert found.precision == pytest.approx(0.75)  # the third found nothing that could be wrong
    assert found.recall == pytest.approx(2 / 3)
    assert found.f1 == pytest.approx(2 * 0.75 * (2 / 3) / (0.75 + 2 / 3))
    assert found.f1_within > 0
