"""What a unit looks like, whatever its language."""

from __future__ import annotations

import pytest

from cleaner.segment import features


@pytest.mark.parametrize(
    ("text", "columns"), [("abc", 3), ("", 0), ("日本", 4), ("한국어", 6), ("é", 1), ("Ａ", 2)]
)
def test_width_counts_columns_of_a_terminal(text: str, columns: int) -> None:
    assert features.width(text) == columns


@pytest.mark.parametrize(
    ("text", "count"), [("one two", 2), ("", 0), ("it's 2 – yes", 3), ("日本語の本", 3), ("•", 0)]
)
def test_words_are_counted_in_every_script(text: str, count: int) -> None:
    assert features.words(text) == count


@pytest.mark.parametrize(
    "text",
    [
        "Yes.",
        "Yes!",
        "No?",
        'He said: "Yes."',
        "是。",
        "はい」",
        "हाँ।",
        "«Да».",
        "نعم؟",
        "Հա։",
        "Wait…",
    ],
)
def test_sentences_end_in_every_script(text: str) -> None:
    assert features.ends_sentence(text)


@pytest.mark.parametrize("text", ["Home", "Five ways to choose a tent", "1,024", "a, b", ""])
def test_titles_do_not_end_as_sentences_do(text: str) -> None:
    assert not features.ends_sentence(text)


def test_prose_is_long_or_made_of_sentences() -> None:
    assert features.is_prose(
        "The council voted on Tuesday to rebuild the old bridge over the river."
    )
    assert features.is_prose("word " * 50)
    assert not features.is_prose("The council voted.")
    assert not features.is_prose(
        "Council votes on Tuesday to rebuild the old bridge over the river again"
    )


def test_labels_are_as_short_as_buttons() -> None:
    assert features.is_label("About us")
    assert not features.is_label("The council voted on the old bridge")
    assert not features.is_label("Yes.")
    assert not features.is_label("")


def test_titles_are_one_phrase() -> None:
    assert features.is_title_like("Five ways to choose a tent")
    assert features.is_title_like("Who paid for it?")
    assert not features.is_title_like("He paid for it.")
    assert not features.is_title_like("He said:")
    assert not features.is_title_like("word " * 60)


@pytest.mark.parametrize(
    "text",
    [
        '"Subscribe," it said.',
        "“No.”",
        "„Ja“, sagte er.",
        "«Да», — сказал он",
        "「はい」",
        '- "Yes," she said',
    ],
)
def test_quotations_open_and_close(text: str) -> None:
    assert features.is_quotation(text)


@pytest.mark.parametrize("text", ["Subscribe", '"Open', "It's", 'He said "yes"'])
def test_what_does_not_open_with_a_quote_is_none(text: str) -> None:
    assert not features.is_quotation(text)


@pytest.mark.parametrize(
    "text",
    [
        "x = f(1);",
        "def f(x):",
        "$ pip install x",
        "// note",
        "print('a')",
        "<div>",
        "}",
        "return x;",
    ],
)
def test_code_is_seen(text: str) -> None:
    assert features.is_code(text)


@pytest.mark.parametrize(
    "text",
    ["If you go, go now.", "From here to there", "Let it be", "Read more", "For sale: a house"],
)
def test_prose_is_no_code(text: str) -> None:
    assert not features.is_code(text)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("MODERATOR: Thank you.", "MODERATOR"),
        ("Dr. Ada Lund: Yes.", "Dr. Ada Lund"),
        ("Share:", ""),
        ("he said: yes", ""),
        ("Петров: Да.", "Петров"),
    ],
)
def test_speakers_stand_before_a_colon(text: str, label: str) -> None:
    assert features.speaker(text) == label


def test_quick_checks_overlook_nothing() -> None:
    """What decides before a pattern is asked must never decide otherwise."""
    signs = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    odd = [s for s in signs if features._WIDE.match(s) or features._NO_WIDTH.match(s)]
    assert all(features._UNUSUAL.match(sign) for sign in odd)
    ascii_texts = [first + last for first in signs[:128] for last in signs[:128]]
    assert all(features.words(text) == len(features._WORD.findall(text)) for text in ascii_texts)


@pytest.mark.parametrize(
    "text", ["x = {", "}", "f(x);", "# make", "$ ls", "> quoted", "// note", "/* note", "*/", "<br>",
             "print(x)", "def f():", "import x; y", "from a import (b)", "  return x;"]
)  # fmt: skip
def test_code_is_known_by_its_ends(text: str) -> None:
    assert features._CODE.search(text)
    assert features.is_code(text)
