"""Folding: one spelling for what looks alike (FAULTS 7, 9, 10), and the way back."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaner import clean
from cleaner.ingest.fold import fold, fold_pattern

Seconds = Callable[[Callable[[], object]], float]
ODD = (
    "\u200b\u00ad\u0301\u0323\u064b\u0640\ufeff\ufe0f\u202e…ﬁﷺ\u1100\u1161\u11a8０Ａ \t\u00a0\u3000\n\r\x00"
    "\x1f\u2028éｅсοё‘”—کيİı가がヴड़אַ😀ab"
)


@pytest.mark.parametrize(
    ("spelt", "folded"),
    [
        ("“Don’t”", "\"Don't\""), ("a – b — c", "a - b - c"), ("wait…", "wait..."),
        ("ＡＢＣ１２", "ABC12"), ("ﬁne", "fine"), ("s\u200bubs\u00adcribe", "subscribe"),
        ("cafe\u0301", "café"), ("a\u00a0\u3000 b", "a b"), ("a\tb", "a b"), ("a\r\nb\rc", "a\nb\nc"),
        ("ёлка", "елка"), ("İstanbul ısı", "Istanbul isi"), ("سَلام", "سلام"), ("إيران", "ایران"),
        ("שָׁלוֹם", "שלום"), ("Tổng", "Tổng"), ("नि", "नि"), ("a\x00b", "a b"),
    ],
)  # fmt: skip
def test_spellings_fold_to_one(spelt: str, folded: str) -> None:
    assert fold(spelt).text == folded


@pytest.mark.fault(7)
def test_look_alikes_fold_only_in_words_that_mix_scripts() -> None:
    assert fold("subѕсribе").text == "subscribe"
    assert fold("newslettеr и новости").text == "newsletter и новости"
    assert fold("сом и оса").text == "сом и оса"
    assert fold("και").text == "και"


def test_letter_case_stays() -> None:
    assert fold("Read MORE").text == "Read MORE"


@pytest.mark.parametrize(
    "word",
    ["한국어 뉴스레터", "ニュースを購読する", "Đăng ký bản tin", "Ανακαλύψτε", "Ёжик", "أخبار", "हिन्दी ख़बरें ज़रूर",
     "Élève déjà", "Größe", "İğne", "բաժանորդագրվել", "გამოწერა", "ספרים", "žluťoučký kůň"],
)  # fmt: skip
def test_nfc_and_nfd_fold_to_one(word: str) -> None:
    composed, apart = (unicodedata.normalize(form, word) for form in ("NFC", "NFD"))
    assert fold(composed).text == fold(apart).text


@given(st.text(st.characters(categories=("L", "N", "P", "Zs"), max_codepoint=0xFFFF), max_size=40))
def test_nfc_and_nfd_of_any_letters_fold_to_one(text: str) -> None:
    composed, apart = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    assert fold(composed).text == fold(apart).text


@given(st.one_of(st.text(st.sampled_from(ODD), max_size=60), st.text(max_size=60)))
def test_origin_ascends_within_the_text(text: str) -> None:
    folded = fold(text)
    origins = [folded.origin(offset) for offset in range(len(folded.text) + 1)]
    assert origins == sorted(origins)
    assert all(0 <= origin <= len(text) for origin in origins)


@given(st.text(st.sampled_from(ODD), max_size=30), st.text(st.sampled_from(ODD), max_size=30))
def test_origin_finds_the_way_back_to_an_untouched_word(before: str, after: str) -> None:
    text = f"{before} Quartz. {after}"
    folded = fold(text)
    at = folded.text.index("Quartz.")
    start, end = folded.origin(at), folded.origin(at + len("Quartz."))
    assert start == len(before) + 1
    assert text[start : start + 7] == "Quartz."
    assert end >= start + 7


@given(st.one_of(st.text(st.sampled_from(ODD), max_size=60), st.text(max_size=60)))
def test_number_of_lines_stays(text: str) -> None:
    assert len(fold(text).text.split("\n")) == len((text + "x").splitlines())


def test_patterns_are_folded_as_texts_are() -> None:
    assert fold_pattern("l’été — «…»") == "l'été - «...»"
    assert fold_pattern("^ a\n  b $") == "^ a\n  b $"


@pytest.mark.fault(9)
@pytest.mark.parametrize("marks", ["\u0301", "\u0301\u0323", "\u0334\u0301\u0323\u0345"])
def test_ten_thousand_marks_on_a_letter_are_answered_in_time(marks: str, seconds: Seconds) -> None:
    """FAULTS 9: canonical ordering is quadratic; nobody may wait for it."""
    text = "The bridge opened on Mo" + marks * 10_000 + "nday.\n\nSubscribe to our newsletter\n"
    clean(text.replace(marks, ""))  # compiles what it needs
    assert seconds(lambda: clean(text)) < 0.5
    result = clean(text)
    assert "newsletter" not in result.text
    assert marks * 10_000 in result.text


@pytest.mark.fault(7)
@pytest.mark.parametrize(
    "spelt",
    ["Sub\u200bscribe to our newsletter", "Subsсribe to our newsletter", "Ｓubscribe to our newsletter",
     "Subscribe to our newslet\u00adter", "Subscribe\u00a0to our newsletter", "Subscribe to our news\u2060letter"],
)  # fmt: skip
def test_disguised_chrome_goes_with_its_own_offsets(spelt: str) -> None:
    """FAULTS 7."""
    article = "The bridge opened on Monday, and the mayor said it would stay open all winter long."
    result = clean(f"{article}\n\n{spelt}\n\n{article}\n")
    assert [result.document.text[gone.start : gone.end].strip() for gone in result.removed] == [
        spelt
    ]


@given(st.text(alphabet="ab \t’“\u0301\u0640\u200bيأсеёﬁＡ日…\u05b0ﻻ"))
def test_signs_hold_all_of_the_folded_text_beyond_ascii(text: str) -> None:
    folded = fold(text)
    assert {sign for sign in folded.text if not sign.isascii()} <= folded.signs
