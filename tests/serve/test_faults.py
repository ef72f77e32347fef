"""Bad input and what it gets: the rows of FAULTS.md that a request can show, through the wire."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import grpc
import pytest
from calls import fields, many, one, raw, reason, status_of, text

from cleaner.serve.server import Running
from cleaner.v1 import document_pb2, options_pb2
from cleaner.v1.answer_pb2 import Answer
from cleaner.v1.cleaner_service_pb2_grpc import CleanerServiceStub

INVALID = grpc.StatusCode.INVALID_ARGUMENT
APPEAL = "Sign up for our newsletter"
STORY = "The council voted on Monday to rebuild the bridge over the river."


def cleaned(stub: CleanerServiceStub, document: document_pb2.Document, **options: Any) -> Answer:
    """Return the answer; a bad one fails the test by its status."""
    return stub.Clean(one(document, **options), timeout=30).answer


def replayed(answer: Answer, source: str) -> str:
    """Return `source` without the ranges of the answer."""
    for row in reversed(answer.removed):
        source = source[: row.source_range.start] + source[row.source_range.end :]
    return source


@pytest.mark.fault(1)
@pytest.mark.parametrize("content", ["", " \n\t \r\n"], ids=["row1-empty", "row1-blank"])
def test_nothing_in_nothing_out(stub: CleanerServiceStub, content: str) -> None:
    assert cleaned(stub, text(content)).text == ""


MADE_WRONG = {
    "row2-kind": (document_pb2.Document(text="x"), {}, "document.kind"),
    "row2-content": (document_pb2.Document(kind=document_pb2.KIND_TEXT), {}, "document.text"),
    "row2-kind-of-the-future": (document_pb2.Document(kind=9, text="x"), {}, "document.kind"),  # type: ignore[arg-type]
    "row5-bogus-charset": (raw(b"x", charset="no-such"), {}, "document.charset"),
    "row26-profile": (text("x"), {"profile": "nope"}, "options.profile"),
    "row26-category": (text("x"), {"remove": ["nope"]}, "options.remove"),
    "row26-detector": (text("x"), {"detectors": ["nope"]}, "options.detectors"),
    "row26-confidence": (text("x"), {"min_confidence": 2}, "options.min_confidence"),
    "row26-unit": (text("x"), {"offset_unit": 9}, "options.offset_unit"),
}


@pytest.mark.fault(2, 5, 26)
@pytest.mark.parametrize(("document", "options", "field"), MADE_WRONG.values(), ids=MADE_WRONG)
def test_a_wrong_request_names_its_field(
    stub: CleanerServiceStub, document: document_pb2.Document, options: Any, field: str
) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        stub.Clean(one(document, **options))
    assert caught.value.code() is INVALID
    assert fields(status_of(caught.value)) == [field]
    assert reason(status_of(caught.value)).domain == "cleaner.v1"


@pytest.mark.fault(2)
def test_a_document_is_required(stub: CleanerServiceStub) -> None:
    """Row 2, the whole document left out."""
    with pytest.raises(grpc.RpcError) as caught:
        stub.Clean(one(None))  # type: ignore[arg-type]
    assert caught.value.code() is INVALID


def _not_utf8() -> bytes:
    return one(text("XXXX")).SerializeToString().replace(b"XXXX", b"\xff\xfe\xfd\xfc")


GARBAGE = {
    "row3-garbage": b"\xff\xff\xff\xff",
    "row3-truncated": one(text("a text that goes on")).SerializeToString()[:-5],
    "row3-invalid-utf8": _not_utf8(),
}


@pytest.mark.fault(3)
@pytest.mark.parametrize("method", ["Clean", "BatchClean", "StreamClean"])
@pytest.mark.parametrize("payload", [GARBAGE["row3-garbage"], GARBAGE["row3-truncated"]])
def test_what_is_no_protobuf_is_told_so(channel: grpc.Channel, method: str, payload: bytes) -> None:
    """Row 3. Nothing of the inside is told."""
    with pytest.raises(grpc.RpcError) as caught:
        _raw_call(channel, method, payload)
    assert caught.value.code() is INVALID
    assert "Error" not in caught.value.details()


@pytest.mark.fault(3)
def test_invalid_utf8_in_a_string_is_told_so(channel: grpc.Channel) -> None:
    """Row 3."""
    with pytest.raises(grpc.RpcError) as caught:
        _raw_call(channel, "Clean", GARBAGE["row3-invalid-utf8"])
    assert caught.value.code() is INVALID


def _raw_call(channel: grpc.Channel, method: str, payload: bytes) -> bytes:
    path = f"/cleaner.v1.CleanerService/{method}"
    if method == "StreamClean":
        return next(channel.stream_stream(path)(iter([payload])))
    return channel.unary_unary(path)(payload)


@pytest.mark.fault(3)
def test_invalid_utf8_costs_only_its_own_item(channel: grpc.Channel) -> None:
    """Row 3 in a batch."""
    from cleaner.v1.cleaner_service_pb2 import BatchCleanResponse

    payload = many([text("one"), text("XXXX"), text("three")]).SerializeToString()
    payload = payload.replace(b"XXXX", b"\xff\xfe\xfd\xfc")
    items = BatchCleanResponse.FromString(_raw_call(channel, "BatchClean", payload)).items
    assert [item.WhichOneof("outcome") for item in items] == ["answer", "error", "answer"]
    assert items[1].error.code == INVALID.value[0]


REPAIRED = {
    "row4-invalid-bytes": (raw(b"The town hall \xff opened.", charset="utf-8"), "invalid_bytes"),
    "row5-wrong-charset": (raw("Brücke".encode(), charset="us-ascii"), ""),
    "row5-latin": (raw("Brücke".encode("latin-1"), charset="iso-8859-1"), None),
    "row5-mismatch": (raw("Brücke".encode(), charset="utf-16"), ""),
}


@pytest.mark.fault(4, 5)
@pytest.mark.parametrize(("document", "warning"), REPAIRED.values(), ids=REPAIRED)
def test_bad_bytes_are_cleaned_with_a_warning(
    stub: CleanerServiceStub, document: document_pb2.Document, warning: str | None
) -> None:
    """None: nothing had to be repaired."""
    answer = cleaned(stub, document)
    assert answer.text
    if warning:
        assert any(told.startswith(warning) for told in answer.warnings)
    if warning is None:
        assert not answer.warnings


KEPT = {
    "row6-controls": f"{STORY}\x00\x01\x1b[31m\n\n{APPEAL}\n\n\u202e{STORY}\u2066\n",
    "row11-crlf": f"{STORY}\r\n\r\n{APPEAL}\r\n\r\n{STORY}\r\n",
    "row11-cr": f"{STORY}\r\r{APPEAL}\r\r{STORY}\r",
    "row11-ls": f"{STORY}\u2028\u2028{APPEAL}\u2028\u2028{STORY}",
    "row11-nel": f"{STORY}\u0085\u0085{APPEAL}\u0085\u0085{STORY}",
}


@pytest.mark.fault(6, 11)
@pytest.mark.parametrize("content", KEPT.values(), ids=KEPT)
def test_odd_characters_are_kept_and_offsets_hold(stub: CleanerServiceStub, content: str) -> None:
    answer = cleaned(stub, text(content))
    assert answer.text == replayed(answer, content)
    assert answer.text.count(STORY) == 2
    assert APPEAL not in answer.text


@pytest.mark.fault(7)
@pytest.mark.parametrize(
    "appeal",
    ["Sign up for our news\u200bletter", "S\u200big\u200bn u\u2060p for our newsletter"],
    ids=["row7-zero-width", "row7-split"],
)
def test_split_words_are_matched(stub: CleanerServiceStub, appeal: str) -> None:
    source = f"{STORY}\n\n{appeal}\n\n{STORY}\n"
    answer = cleaned(stub, text(source), include_quotes=True)
    assert any(appeal in row.quote for row in answer.removed)
    assert answer.text == replayed(answer, source)


@pytest.mark.fault(9)
def test_row9_ten_thousand_combining_marks(stub: CleanerServiceStub) -> None:
    source = "e" + "\u0301" * 10_000 + f" {STORY}"
    assert cleaned(stub, text(source)).text == source


@pytest.mark.fault(10)
def test_row10_composed_and_decomposed_get_the_same_decisions(stub: CleanerServiceStub) -> None:
    import unicodedata

    source = f"{STORY}\n\nAbonnieren Sie unseren täglichen Newsletter\n\n{STORY}\n"
    answers = [
        cleaned(stub, text(unicodedata.normalize(form, source)), include_quotes=True)
        for form in ("NFC", "NFD")
    ]
    told = [
        [(row.category, unicodedata.normalize("NFC", row.quote)) for row in answer.removed]
        for answer in answers
    ]
    assert told[0] == told[1]


@pytest.mark.fault(12)
def test_row12_one_line_of_8_mb(stub: CleanerServiceStub) -> None:
    source = (STORY + " ") * (8_000_000 // (len(STORY) + 1))
    assert len(cleaned(stub, text(source)).text) >= len(source) - 1


@pytest.mark.fault(13)
def test_row13_100_mb_are_refused_and_not_held(service: Running, stub: CleanerServiceStub) -> None:
    before = _most_memory(service)
    with pytest.raises(grpc.RpcError) as caught:
        stub.Clean(one(raw(b" " * 100_000_000)))
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert _most_memory(service) - before < 50_000_000


def test_row14_a_million_lines_are_too_many(stub: CleanerServiceStub) -> None:
    """The item says so, and its neighbours are answered."""
    documents = [text("Number 1."), text("x\n" * 1_000_000), text("Number 2.")]
    items = stub.BatchClean(many(documents), timeout=30).items
    assert [item.answer.text for item in items[::2]] == ["Number 1.", "Number 2."]
    assert items[1].error.code == grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
    assert reason(items[1].error).metadata["limit"] == "max_lines"


def _most_memory(service: Running) -> int:
    for line in Path(f"/proc/{service.process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmHWM")


@pytest.mark.fault(22)
def test_row22_a_batch_over_the_cap_names_the_cap(stub: CleanerServiceStub) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        stub.BatchClean(many([text("x")] * 1001))
    assert caught.value.code() is INVALID
    assert "1000" in caught.value.details()
    assert fields(status_of(caught.value)) == ["documents"]


@pytest.mark.fault(23)
def test_row23_duplicate_ids_keep_their_order(stub: CleanerServiceStub) -> None:
    documents = [text(f"Number {number}.", id="same") for number in range(100)]
    items = stub.BatchClean(many(documents)).items
    assert [item.answer.text for item in items] == [document.text for document in documents]
    assert {item.id for item in items} == {item.answer.id for item in items} == {"same"}


@pytest.mark.fault(26)
def test_row26_another_ruleset_version_is_refused(stub: CleanerServiceStub) -> None:
    loaded = cleaned(stub, text("x")).ruleset_version
    assert cleaned(stub, text("x"), ruleset_version=loaded).ruleset_version == loaded
    with pytest.raises(grpc.RpcError) as caught:
        stub.Clean(one(text("x"), ruleset_version="0123"))
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert loaded in caught.value.details()


@pytest.mark.fault(26)
def test_an_error_about_a_huge_name_arrives(stub: CleanerServiceStub) -> None:
    """Row 26. Errors travel in trailers of 8 KiB."""
    with pytest.raises(grpc.RpcError) as caught:
        stub.Clean(one(text("x"), profile="ж" * 100_000))
    assert caught.value.code() is INVALID
    assert "standard" in caught.value.details()


@pytest.mark.fault(2)
def test_bad_items_leave_the_others_alone(stub: CleanerServiceStub) -> None:
    documents = [text("fine"), document_pb2.Document(id="bad", text="x"), text("fine")]
    items = stub.BatchClean(many(documents)).items
    assert [item.WhichOneof("outcome") for item in items] == ["answer", "error", "answer"]
    assert items[1].id == "bad"
    assert fields(items[1].error) == ["document.kind"]


def test_bad_options_fail_the_batch(stub: CleanerServiceStub) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        stub.BatchClean(many([text("x")] * 40, profile="nope"))
    assert caught.value.code() is INVALID


@pytest.mark.fault(27)
def test_row27_a_short_deadline_frees_its_worker(stub: CleanerServiceStub) -> None:
    big = (STORY + "\n\n") * 20_000
    with pytest.raises(grpc.RpcError) as caught:
        stub.Clean(one(text(big)), timeout=0.001)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    started = time.monotonic()
    cleaned(stub, text("x"))
    assert time.monotonic() - started < 20


def test_units_of_the_wire_are_all_known() -> None:
    """A unit added to the proto must be added to the conversion."""
    from cleaner.serve.convert import view_of

    for number in options_pb2.OffsetUnit.values():
        view_of(options_pb2.Options(offset_unit=number))
