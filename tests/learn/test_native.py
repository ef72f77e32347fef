from __future__ import annotations

import numpy as np

from cleaner.learn.heads import tokens_of
from cleaner.learn.labels import ARTICLE_LINE, CHROME_LINE
from cleaner.learn.native import NativeText, taught

APPEAL = (
    "We ask every reader to give what a cup of coffee costs, because that is what keeps us afloat."
)


def text(lines: list[str]) -> NativeText:
    blank = np.zeros(len(lines), np.float32)
    return NativeText("a.example", lines, blank, blank, tokens_of(lines))


def story(number: int) -> list[str]:
    # Words, not digits: to the classifier all digits are alike.
    words = " ".join("abcdefghijklmnopqrstuvwxyz"[number % 26] * size for size in range(2, 12))
    return [
        f"{words} was what paragraph {part} said about it"
        for part in ("one", "two", "three", "four", "five", "six")
    ]


def test_what_recurs_is_chrome_and_what_does_not_is_article() -> None:
    found = list(taught([text([*story(n), APPEAL, *story(n + 26)[:1]]) for n in range(26)]))
    assert len(found) == 26
    _, labels = found[0]
    assert np.isnan(labels[:3]).all()
    assert labels[3] == ARTICLE_LINE
    assert labels[6] == CHROME_LINE
    assert np.isnan(labels[7])


def test_a_few_texts_teach_nothing() -> None:
    assert not list(taught([text([*story(n), APPEAL]) for n in range(5)]))


def test_nothing_is_learned_from_transcripts() -> None:
    turns = ["ANN EXAMPLE: Thank you very much for being with us today", "BOB EXAMPLE: Thank you"]
    assert not list(taught([text([*story(n), *turns]) for n in range(26)]))
