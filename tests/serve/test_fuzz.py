"""Hostile input never gets more than a status that blames it; `make fuzz` tries far more of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import grpc
import pytest
from calls import many, text
from hypothesis import given
from hypothesis import strategies as st

from cleaner import Cleaner, Document, Kind
from cleaner.bench import fuzz
from cleaner.bench.fuzz import BLAMES_THE_CALLER, CLEANING, LEARNING, Target
from cleaner.bench.grammar import document_text, odd_text
from cleaner.serve.hosting import Running
from cleaner.serve.learner import running_learner
from cleaner.serve.settings import LearnerSettings
from cleaner.v1 import cleaner_service_pb2 as pb
from cleaner.v1 import document_pb2
from cleaner.v1 import learner_service_pb2 as learning
from cleaner.v1.cleaner_service_pb2_grpc import CleanerServiceStub

SECONDS = 60
LONGER = (  # start a process each
    Target("/cleaner.v1.LearnerService/Propose", (learning.ProposeRequest(publishers=["a"]),), streams_out=True),
    Target("/cleaner.v1.LearnerService/Publish", (learning.PublishRequest(note="x"),)),
)  # fmt: skip
WATCH = Target("/grpc.health.v1.Health/Watch", (), streams_out=True)


@pytest.fixture(scope="module")
def learner_channel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[grpc.Channel]:
    store: Path = tmp_path_factory.mktemp("fuzz")
    with (
        running_learner(LearnerSettings(str(store), "127.0.0.1:0")) as running,
        grpc.insecure_channel(running.address) as channel,
    ):
        yield channel


def code_of(channel: grpc.Channel, target: Target, payload: bytes) -> str:
    """Return the name of the status that raw bytes get."""
    try:
        if target.streams_in and target.streams_out:
            list(channel.stream_stream(target.path)(iter([payload]), timeout=SECONDS))
        elif target.streams_in:
            channel.stream_unary(target.path)(iter([payload]), timeout=SECONDS)
        elif target.streams_out:
            list(channel.unary_stream(target.path)(payload, timeout=SECONDS))
        else:
            channel.unary_unary(target.path)(payload, timeout=SECONDS)
    except grpc.RpcError as error:
        return str(error.code().name)
    return "OK"


def payloads(target: Target) -> st.SearchStrategy[bytes]:
    """Return raw bytes, and real messages with bytes changed."""
    seeds = [seed.SerializeToString() for seed in target.seeds]
    changed = st.builds(fuzz.damaged, st.sampled_from(seeds), st.randoms(use_true_random=False))
    return st.binary(max_size=200) | changed


@pytest.mark.fault(3)
@pytest.mark.parametrize("target", CLEANING, ids=lambda target: target.path.split(".")[-1])
@given(data=st.data())
def test_any_bytes_into_cleaning(channel: grpc.Channel, target: Target, data: Any) -> None:
    assert code_of(channel, target, data.draw(payloads(target))) in BLAMES_THE_CALLER


@pytest.mark.fault(3)
@pytest.mark.parametrize("target", LEARNING, ids=lambda target: target.path.split(".")[-1])
@given(data=st.data())
def test_any_bytes_into_learning(learner_channel: grpc.Channel, target: Target, data: Any) -> None:
    assert code_of(learner_channel, target, data.draw(payloads(target))) in BLAMES_THE_CALLER


@pytest.mark.fault(3)
@pytest.mark.parametrize("target", LONGER, ids=lambda target: target.path.split(".")[-1])
@pytest.mark.parametrize("payload", [b"\xff", b"\x0a\x05a", b"\x0a\x02\xff\xfe", b"\x12\x01"])
def test_garbage_starts_no_mining(
    learner_channel: grpc.Channel, target: Target, payload: bytes
) -> None:
    assert code_of(learner_channel, target, payload) == "INVALID_ARGUMENT"


@pytest.mark.fault(3)
@pytest.mark.parametrize("payload", [b"\xff", b"\x0a\x05a", b"\x0a\x02\xff\xfe"])
def test_garbage_into_health_is_told_so(channel: grpc.Channel, payload: bytes) -> None:
    """Stock grpc.aio answers UNKNOWN."""
    assert code_of(channel, WATCH, payload) == "INVALID_ARGUMENT"
    check = next(target for target in CLEANING if target.path.endswith("Health/Check"))
    assert code_of(channel, check, payload) == "INVALID_ARGUMENT"


@given(st.lists(st.integers(0, 2**32), min_size=1, max_size=16))
def test_broken_pages_are_answered_by_a_service(stub: CleanerServiceStub, seeds: list[int]) -> None:
    documents = [
        document_pb2.Document(kind=document_pb2.KIND_HTML, text=document_text(Random(seed)))
        for seed in seeds
    ]
    documents += [text(odd_text(Random(seed))) for seed in seeds]
    items = stub.BatchClean(many(documents), timeout=SECONDS).items
    assert [item.WhichOneof("outcome") for item in items] == ["answer"] * len(documents)


@given(st.integers(0, 2**32))
def test_broken_pages_are_cleaned_by_taking_out(seed: int) -> None:
    """Ingest makes a text of any markup; cleaning takes spans out of it and nothing else."""
    page = Document(text=document_text(Random(seed)), kind=Kind.HTML)
    result = Cleaner().clean(page)
    letters = iter(result.document.text)
    assert all(letter in letters for letter in result.text if not letter.isspace())


@pytest.mark.fault(25)
def test_no_rule_is_slow_on_what_is_made_to_slow_it_down() -> None:
    """Beside `rules check`: other pieces each time, the same for everybody."""
    assert fuzz.slow_rules(300, Random(7)) == []


def test_a_fault_is_kept_with_its_bytes() -> None:
    found = fuzz.Findings()
    for code in ("OK", "INVALID_ARGUMENT", "UNKNOWN"):
        found.note(code, "/a/B", b"\x01\xff")
    assert found.inputs == 3
    assert found.faults == ["/a/B: UNKNOWN for 01ff"]


def test_the_service_lives(service: Running, channel: grpc.Channel) -> None:
    """Last in this file: after all of it."""
    assert service.process.poll() is None
    request = pb.CleanRequest(document=text("Number 1."))
    assert CleanerServiceStub(channel).Clean(request).answer.text == "Number 1."
