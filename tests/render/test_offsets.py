"""Offsets in the units of other languages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaner.render.offsets import Unit, convert

TEXT = "aé日😀z"


@pytest.mark.parametrize(
    ("unit", "offsets"),
    [
        (Unit.CODE_POINT, [0, 1, 2, 3, 4, 5]),
        (Unit.UTF8, [0, 1, 3, 6, 10, 11]),
        (Unit.UTF16, [0, 1, 2, 3, 5, 6]),
    ],
)
def test_every_unit_counts_its_own(unit: Unit, offsets: list[int]) -> None:
    assert convert(TEXT, range(6), unit) == offsets


@given(st.text(), st.data())
def test_converted_offsets_cut_the_encoded_text_there(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    (byte,), (half,) = convert(text, [at], Unit.UTF8), convert(text, [at], Unit.UTF16)
    assert text.encode()[:byte].decode() == text[:at]
    assert text.encode("utf-16-le")[: 2 * half].decode("utf-16-le") == text[:at]


@pytest.mark.parametrize("offsets", [[3, 1], [-1], [6], [0, 9]])
@pytest.mark.parametrize("unit", Unit)
def test_offsets_that_cannot_be_are_refused(offsets: list[int], unit: Unit) -> None:
    with pytest.raises(ValueError, match="offsets"):
        convert(TEXT, offsets, unit)
