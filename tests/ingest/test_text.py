"""Text to Lines: FAULTS 1, 6, 8, 11 to 14."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaner import CleanerError, Document, InvalidInput, Limits, Result, TooLarge, clean
from cleaner.ingest import ingest
from cleaner.ingest.text import lines_of

Seconds = Callable[[Callable[[], object]], float]
ENDS = ["\n", "\r\n", "\r", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]


@pytest.mark.parametrize("end", ENDS)
def test_every_line_end_ends_a_line_and_belongs_to_none(end: str) -> None:
    text = f"one{end}{end}three{end}"
    assert [text[line.start : line.end] for line in lines_of(text)] == ["one", "", "three"]


@given(st.text(st.sampled_from([*"ab \t", *"".join(ENDS)]), max_size=60))
def test_lines_are_those_of_splitlines(text: str) -> None:
    lines = lines_of(text)
    assert [text[line.start : line.end] for line in lines] == text.splitlines()
    assert all(left.end < right.start for left, right in itertools.pairwise(lines))


@pytest.mark.parametrize("text", ["", " ", "\n", "\r\n\r\n", "\t \n\u3000\n", "\ufeff", "\u200b\n"])
def test_blank_text_is_answered_with_nothing(text: str) -> None:
    """FAULTS 1."""
    result = clean(text)
    assert (result.text, result.warnings) == ("", ())
    assert "".join(result.document.text[gone.start : gone.end] for gone in result.removed) == text
    assert clean(result.text).text == ""


@pytest.mark.fault(6)
@pytest.mark.parametrize("sign", ["\x00", "\x01", "\x1b", "\x7f", "\u202e", "\u2066", "\ufffe"])
def test_control_signs_move_no_offset(sign: str) -> None:
    article = f"The bridge{sign} opened on Monday, and the mayor of the town said that it would stay open."
    result = clean(f"{sign}{article}\n\nSubscribe to our{sign} newsletter\n")
    assert result.removed
    assert all(
        "newsletter" in result.document.text[gone.start : gone.end] for gone in result.removed
    )
    assert article in result.text


@pytest.mark.fault(8)
@pytest.mark.parametrize("text", ["\ud800", "a\udfffb", "😀\ud83d"])
def test_lone_surrogate_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        clean(text)
    assert caught.value.field == "text"
    assert "offset" in str(caught.value)


def test_too_many_bytes_are_refused_before_they_are_decoded() -> None:
    limits = Limits(max_bytes=1000)
    with pytest.raises(TooLarge) as caught:
        ingest(Document(raw=b"\xff" * 1001), limits)
    assert caught.value.limit == "max_bytes"
    with pytest.raises(TooLarge):
        ingest(Document(text="a" * 1001), limits)
    assert ingest(Document(text="a" * 1000), limits).lines


@pytest.mark.fault(14)
def test_too_many_lines_are_refused() -> None:
    with pytest.raises(TooLarge) as caught:
        clean("a\n" * 1_000_000)
    assert caught.value.limit == "max_lines"
    assert isinstance(caught.value, CleanerError)


@pytest.mark.fault(14)
def test_as_many_lines_as_are_allowed_are_answered_in_time(seconds: Seconds) -> None:
    text = "a\n" * 50_000
    assert seconds(lambda: clean(text)) < 2
    assert clean(text).text == text


@pytest.mark.fault(12)
def test_one_line_of_8_mb_is_answered_in_time(seconds: Seconds) -> None:
    """FAULTS 12."""
    text = "The bridge opened on Monday. " * 276_000
    results: list[Result] = []
    assert seconds(lambda: results.append(clean(text))) < 8
    assert results[0].text == text


@pytest.mark.parametrize("piece", ["x", "newsletter ", "Read more. ", "\u0301a", "\u200b", " "])
def test_no_long_line_costs_more_than_others(piece: str, seconds: Seconds) -> None:
    """A tenth of FAULTS 12 in a tenth of the time, whatever the line says."""
    clean(piece * 9)  # compiles what it needs
    assert seconds(lambda: clean(piece * (800_000 // len(piece)))) < 2
