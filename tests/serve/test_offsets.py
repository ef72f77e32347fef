"""Offsets in three units (`cleaner.render.offsets`): the ranges of an answer replay in each."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaner.render.offsets import Unit, convert
from cleaner.v1 import cleaner_service_pb2 as pb
from cleaner.v1 import document_pb2, options_pb2
from cleaner.v1.cleaner_service_pb2_grpc import CleanerServiceStub

TEXT = (
    "Die Brücke 🌉 wurde am Montag eröffnet.\n\n"
    "Sign up for our newsletter 📬\n\n"
    "𝔗he mayor said that the work had taken three years and\ncost 40 million 💶, which was less than the city had\n"
    "feared when it began in the summer of 2021, when the\nriver took the old one with it.\n\n"
    "Read more »\n"
)
ENCODINGS = {Unit.CODE_POINT: "utf-32-le", Unit.UTF8: "utf-8", Unit.UTF16: "utf-16-le"}
WIDTHS = {Unit.CODE_POINT: 4, Unit.UTF8: 1, Unit.UTF16: 2}


@given(st.text(), st.lists(st.integers(0, 40)), st.sampled_from(Unit))
def test_an_offset_counts_the_units_before_it(text: str, offsets: list[int], unit: Unit) -> None:
    offsets = sorted(min(offset, len(text)) for offset in offsets)
    counts = [len(text[:offset].encode(ENCODINGS[unit])) // WIDTHS[unit] for offset in offsets]
    assert convert(text, offsets, unit) == counts


@pytest.mark.parametrize("offsets", [[2, 1], [4], [-1]])
def test_offsets_that_descend_or_leave_the_text_are_refused(offsets: list[int]) -> None:
    with pytest.raises(ValueError, match="ascend"):
        convert("äöü", offsets, Unit.UTF8)


@pytest.mark.parametrize("reflow", [False, True])
@pytest.mark.parametrize("unit", Unit)
def test_ranges_replay_in_the_callers_unit(
    stub: CleanerServiceStub, unit: Unit, reflow: bool
) -> None:
    """Taking the ranges out of the encoded source gives the encoded text, exactly."""
    wanted = options_pb2.OffsetUnit.Value(f"OFFSET_UNIT_{unit.name}")
    options = options_pb2.Options(offset_unit=wanted, reflow=reflow, include_quotes=True)
    document = document_pb2.Document(kind=document_pb2.KIND_TEXT, text=TEXT)
    answer = stub.Clean(pb.CleanRequest(options=options, document=document)).answer
    encoding, width = ENCODINGS[unit], WIDTHS[unit]
    source = TEXT.encode(encoding)
    edits = [(row.source_range, b"", row.quote) for row in answer.removed]
    edits += [(row.source_range, row.text.encode(encoding), None) for row in answer.joins]
    for where, instead, quote in sorted(edits, key=lambda edit: -edit[0].start):
        assert where.unit == wanted
        start, end = where.start * width, where.end * width
        assert quote is None or source[start:end].decode(encoding) == quote
        source = source[:start] + instead + source[end:]
    assert answer.removed
    assert bool(answer.joins) == reflow
    assert source == answer.text.encode(encoding)
