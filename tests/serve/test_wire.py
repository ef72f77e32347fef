"""Cutting and joining bytes without parsing them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaner.errors import InvalidInput
from cleaner.serve import wire
from cleaner.v1 import cleaner_service_pb2 as pb
from cleaner.v1 import document_pb2, options_pb2


@given(st.lists(st.text(max_size=300)), st.text())
def test_a_batch_is_cut_into_its_documents_and_put_together(texts: list[str], name: str) -> None:
    request = pb.BatchCleanRequest(
        options=options_pb2.Options(profile=name),
        documents=[document_pb2.Document(text=text) for text in texts],
    )
    batch = wire.split(request.SerializeToString())
    assert len(batch.documents) == len(texts)
    assert pb.BatchCleanRequest.FromString(batch.payload()) == request
    part = pb.BatchCleanRequest.FromString(batch.part(1, 3).payload())
    assert [document.text for document in part.documents] == texts[1:3]
    assert part.options == request.options


@given(st.binary())
def test_any_bytes_are_cut_or_refused(raw: bytes) -> None:
    try:
        batch = wire.split(raw)
    except InvalidInput:
        return
    assert len(batch.payload()) == len(raw)


@pytest.mark.parametrize("raw", [b"\x12\x05abc", b"\xff" * 12, b"\x0b", b"\x12"])
def test_what_is_no_message_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidInput):
        wire.split(raw)


@given(st.lists(st.tuples(st.integers(0, 255), st.binary())))
def test_a_frame_gives_back_its_parts(parts: list[tuple[int, bytes]]) -> None:
    assert wire.unpack(wire.pack(parts)) == parts


@given(st.integers(0, 2**32 - 1), st.lists(st.tuples(st.integers(0, 255), st.binary())))
def test_requests_keep_their_edition(edition: int, parts: list[tuple[int, bytes]]) -> None:
    assert wire.unpack_requests(wire.pack_requests(edition, parts)) == (edition, parts)
