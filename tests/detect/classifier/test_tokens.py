from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cleaner.detect.classifier import shipped
from cleaner.detect.classifier.characters import Sort, tables
from cleaner.detect.classifier.tokens import Tokens, buckets, runs_of, tokenise

LINES = st.lists(st.text(min_size=1).filter(lambda text: "\n" not in text), min_size=1)


def tokens(*lines: str) -> Tokens:
    return tokenise(list(lines), shipped().sorts, shipped().lower)


def test_a_token_has_its_hash_wherever_it_stands() -> None:
    found = tokens("the harbour", "a long way from the old harbour wall").hashes
    assert found[1] == found[-2]
    assert len(set(found.tolist())) == 8  # "the" and "harbour" twice


def test_case_and_digits_are_alike() -> None:
    assert tokens("CHAPTER 12").hashes.tolist() == tokens("chapter 47").hashes.tolist()
    assert tokens("chapter 12").hashes[1] != tokens("chapter 123").hashes[1]


def test_in_scripts_without_spaces_each_character_is_a_token() -> None:
    assert tokens("港口の灯").counts.tolist() == [4]
    assert tokens("порт и маяк").counts.tolist() == [3]


def test_lines_keep_their_tokens_apart() -> None:
    found = tokens("one two", "...", "three")
    assert found.counts.tolist() == [2, 0, 1]
    assert found.line.tolist() == [0, 0, 2]


def test_no_pair_crosses_a_line() -> None:
    line, hashes = tokens("one two", "three").ngrams()
    # two tokens, a pair, first, last, whole; one token, first, last, whole
    assert np.bincount(line).tolist() == [6, 4]
    assert len(set(hashes.tolist())) == len(hashes)


def test_runs_are_the_same_in_one_text_as_in_another() -> None:
    first = runs_of(tokens("the old harbour wall fell").hashes, 4)
    second = runs_of(tokens("yesterday the old harbour wall fell again").hashes, 4)
    assert set(first.tolist()) < set(second.tolist())


@given(LINES)
def test_every_text_is_tokenised(lines: list[str]) -> None:
    found = tokens(*lines)
    assert found.lines == len(lines)
    assert found.counts.sum() == len(found.hashes)
    assert (found.first < found.last).all()
    assert (buckets(found.ngrams()[1], 19) < 1 << 19).all()


def test_the_shipped_table_says_what_this_python_says_of_latin() -> None:
    sorts, lower = tables()
    assert (shipped().sorts[:0x250] == sorts[:0x250]).all()
    assert (shipped().lower[:0x250] == lower[:0x250]).all()
    assert sorts[ord("。")] == Sort.STOP
