"""Workers that die, hang or stumble cost their own document; stopping loses no call."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

import grpc
import pytest
from calls import many, one, reason, status_of, text
from poison import children_of, memory_of, poisoned_server

from cleaner.serve.server import CannotServe, Running, running_server
from cleaner.serve.settings import MIB, ServeSettings
from cleaner.v1 import cleaner_service_pb2 as pb
from cleaner.v1 import document_pb2
from cleaner.v1.cleaner_service_pb2_grpc import CleanerServiceStub

FATES = {
    "row24-kill": ("POISON kill", grpc.StatusCode.INTERNAL),
    "row32-crash": ("POISON crash", grpc.StatusCode.INTERNAL),
    "row24-spin": ("POISON spin", grpc.StatusCode.DEADLINE_EXCEEDED),
    "row24-bug": ("POISON bug", grpc.StatusCode.INTERNAL),
    "row33-memory": ("POISON memory", grpc.StatusCode.RESOURCE_EXHAUSTED),
}


def workers_of(service: Running) -> list[int]:
    """Return the process ids of the workers."""
    return children_of(service.process.pid)


@pytest.mark.fault(24, 33)
@pytest.mark.parametrize(("poison", "code"), FATES.values(), ids=FATES)
def test_one_poison_document_in_64(
    poisoned_stub: CleanerServiceStub, poison: str, code: grpc.StatusCode
) -> None:
    documents = [text(f"Number {number}.", id=str(number)) for number in range(64)]
    documents[37].text = poison
    items = poisoned_stub.BatchClean(many(documents), timeout=60).items
    assert [item.id for item in items] == [document.id for document in documents]
    told = [item.answer.text for item in items]
    assert told[:37] + told[38:] == [row.text for row in documents[:37] + documents[38:]]
    assert items[37].error.code == code.value[0]
    assert poison not in items[37].error.message


@pytest.mark.fault(24, 33)
@pytest.mark.parametrize(("poison", "code"), FATES.values(), ids=FATES)
def test_one_poison_document_alone(
    poisoned_stub: CleanerServiceStub, poison: str, code: grpc.StatusCode
) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        poisoned_stub.Clean(one(text(poison)), timeout=60)
    assert caught.value.code() is code
    assert reason(status_of(caught.value)).domain == "cleaner.v1"
    assert poison not in caught.value.details()


@pytest.mark.fault(32)
def test_unary_neighbours_of_a_poison_document_are_answered(
    poisoned_stub: CleanerServiceStub,
) -> None:
    """Unary calls share round trips; a death among them is one call's alone."""
    contents = [f"Number {number}." for number in range(30)]
    contents[11] = "POISON kill"
    calls = [poisoned_stub.Clean.future(one(text(content)), timeout=60) for content in contents]
    codes = [call.code() for call in calls]
    assert codes[11] is grpc.StatusCode.INTERNAL
    assert codes[:11] + codes[12:] == [grpc.StatusCode.OK] * 29


@pytest.mark.fault(32)
def test_row32_a_killed_worker_costs_a_retry(
    poisoned: Running, poisoned_stub: CleanerServiceStub
) -> None:
    call = poisoned_stub.BatchClean.future(many([text("POISON slow")] * 4), timeout=60)
    time.sleep(0.4)
    for pid in workers_of(poisoned):
        os.kill(pid, signal.SIGKILL)
    assert [item.answer.text for item in call.result().items] == ["POISON slow"] * 4


def test_a_stopped_worker_is_replaced(poisoned: Running, poisoned_stub: CleanerServiceStub) -> None:
    """SIGSTOP looks like a document without end."""
    for pid in workers_of(poisoned):
        os.kill(pid, signal.SIGSTOP)
    with pytest.raises(grpc.RpcError) as caught:
        poisoned_stub.Clean(one(text("Number 1.")), timeout=60)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    # The other worker is stopped as well until a document finds it so.
    for _ in range(3):
        items = poisoned_stub.BatchClean(many([text("Number 1.")]), timeout=60).items
    assert items[0].answer.text == "Number 1."


@pytest.mark.fault(28)
def test_row28_a_caller_that_leaves_frees_its_worker(
    poisoned: Running, poisoned_stub: CleanerServiceStub
) -> None:
    """The rest of its batch is dropped."""
    slow = [poisoned_stub.BatchClean.future(many([text("POISON slow")] * 900)) for _ in range(2)]
    time.sleep(0.4)
    for call in slow:
        call.cancel()
    assert poisoned_stub.Clean(one(text("Number 1.")), timeout=30).answer.text == "Number 1."


def test_row27_a_deadline_frees_the_worker_between_stages(
    poisoned: Running, poisoned_stub: CleanerServiceStub
) -> None:
    """Within 100 ms, and the worker lives: it looks for itself before anybody kills it."""
    _settle(poisoned_stub)
    before = set(workers_of(poisoned))
    slow = [poisoned_stub.Clean.future(one(text("POISON stages")), timeout=0.3) for _ in range(2)]
    assert [call.code() for call in slow] == [grpc.StatusCode.DEADLINE_EXCEEDED] * 2
    started = time.monotonic()
    poisoned_stub.Clean(one(text("Number 1.")), timeout=30)
    assert time.monotonic() - started < 0.25  # 100 ms, and what a busy machine needs
    assert set(workers_of(poisoned)) == before


def test_row27_a_worker_with_no_ear_for_it_is_replaced_from_the_reserve(
    poisoned: Running, poisoned_stub: CleanerServiceStub
) -> None:
    _settle(poisoned_stub)
    slow = [poisoned_stub.Clean.future(one(text("POISON spin")), timeout=0.3) for _ in range(2)]
    assert [call.code() for call in slow] == [grpc.StatusCode.DEADLINE_EXCEEDED] * 2
    started = time.monotonic()
    poisoned_stub.Clean(one(text("Number 1.")), timeout=30)
    assert time.monotonic() - started < 0.5


def _settle(stub: CleanerServiceStub) -> None:
    """Wait until both workers are at work and one is in reserve, whatever was before."""
    stub.BatchClean(many([text("POISON slow")] * 32), timeout=60)
    time.sleep(2)


def test_row28_a_cancelled_call_leaves_the_queue(
    poisoned: Running, poisoned_stub: CleanerServiceStub
) -> None:
    """Unary: those that waited are never begun."""
    calls = [poisoned_stub.Clean.future(one(text("POISON slow"))) for _ in range(200)]
    time.sleep(0.4)
    for call in calls:
        call.cancel()
    codes = [call.code() for call in calls]
    assert codes.count(grpc.StatusCode.CANCELLED) > 10
    assert not {grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL} & set(codes)
    started = time.monotonic()
    poisoned_stub.Clean(one(text("Number 1.")), timeout=30)
    assert time.monotonic() - started < 3  # all of them would have taken 30


def test_row28_a_cancelled_stream_leaves_the_queue(poisoned_stub: CleanerServiceStub) -> None:
    leave = threading.Event()

    def requests() -> Iterator[pb.StreamCleanRequest]:
        for _ in range(4):
            yield pb.StreamCleanRequest(documents=[text("POISON slow")] * 200)
        leave.wait()

    call = poisoned_stub.StreamClean(requests())
    time.sleep(0.6)
    call.cancel()
    leave.set()
    assert call.code() is grpc.StatusCode.CANCELLED
    started = time.monotonic()
    poisoned_stub.Clean(one(text("Number 1.")), timeout=30)
    assert time.monotonic() - started < 3


def test_a_large_batch_lets_others_have_their_turn(poisoned_stub: CleanerServiceStub) -> None:
    call = poisoned_stub.BatchClean.future(many([text("POISON slow " + "x" * 40_000)] * 60))
    time.sleep(0.2)
    poisoned_stub.Clean(one(text("Number 1.")), timeout=30)
    assert not call.done()
    call.cancel()


def test_row33_a_worker_that_swells_between_documents_is_replaced() -> None:
    """What it holds is no document's fault: nobody's answer is lost over it."""
    with (
        poisoned_server(workers=1, worker_memory_bytes=400 * MIB, document_seconds=20) as service,
        grpc.insecure_channel(service.address) as channel,
    ):
        stub = CleanerServiceStub(channel)
        before = set(workers_of(service))
        for _ in range(8):
            stub.Clean(one(text("POISON swell")), timeout=60)
        assert before - set(workers_of(service))
        time.sleep(0.5)
        assert all(memory_of(pid) < 400 * MIB for pid in workers_of(service))


@pytest.mark.parametrize("kind", [document_pb2.KIND_TEXT, document_pb2.KIND_HTML])
def test_row33_a_document_that_needs_too_much_memory(kind: document_pb2.Kind) -> None:
    """A real one, in 300 MiB; its neighbours are answered."""
    settings = ServeSettings(address="127.0.0.1:0", workers=1, worker_memory_bytes=300 * MIB)
    with running_server(settings) as service, grpc.insecure_channel(service.address) as channel:
        large = "<p>The council voted on Monday to rebuild the bridge.</p>\n" * 300_000
        documents = [text("Number 1."), document_pb2.Document(kind=kind, text=large)]
        documents.append(text("Number 2."))
        items = CleanerServiceStub(channel).BatchClean(many(documents), timeout=120).items
    assert [item.answer.text for item in items[::2]] == ["Number 1.", "Number 2."]
    assert items[1].error.code == grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]


def test_a_worker_is_replaced_after_its_share() -> None:
    """And no answer is lost over it."""
    settings = ServeSettings(address="127.0.0.1:0", workers=1, worker_documents=50)
    with running_server(settings) as service, grpc.insecure_channel(service.address) as channel:
        stub = CleanerServiceStub(channel)
        pids = set(workers_of(service))
        until = time.monotonic() + 20
        while len(pids) < 4 and time.monotonic() < until:
            items = stub.BatchClean(many([text("Number 1.")] * 40), timeout=60).items
            assert [item.answer.text for item in items] == ["Number 1."] * 40
            pids |= set(workers_of(service))
        assert len(pids) >= 4


@pytest.mark.fault(34)
def test_row34_a_service_told_to_stop_finishes_its_calls() -> None:
    settings = ServeSettings(address="127.0.0.1:0", workers=1)
    with running_server(settings) as service, grpc.insecure_channel(service.address) as channel:
        stub = CleanerServiceStub(channel)
        documents = [text(f"Number {number}.") for number in range(400)]
        with ThreadPoolExecutor() as threads:
            going_on = threading.Event()

            def requests() -> object:
                for start in range(0, 400, 40):
                    yield pb.StreamCleanRequest(documents=documents[start : start + 40])
                    going_on.set()

            call = threads.submit(lambda: list(stub.StreamClean(requests())))
            assert going_on.wait(30)
            service.process.send_signal(signal.SIGTERM)
            items = [item for answer in call.result(60) for item in answer.items]
        assert [item.answer.text for item in items] == [document.text for document in documents]
        assert service.process.wait(30) == 0


def test_a_taken_port_is_refused(service: Running, capfd: pytest.CaptureFixture[str]) -> None:
    """Two services on one port would share its callers in silence."""
    with pytest.raises(CannotServe), running_server(ServeSettings(address=service.address)):
        pass
    assert service.address in capfd.readouterr().err


def test_settings_survive_the_way_to_a_process() -> None:
    assert json.loads(json.dumps(asdict(ServeSettings())))["limits"]["max_bytes"] > 0


@pytest.mark.parametrize(
    "name",
    [
        "workers",
        "max_items",
        "max_message_bytes",
        "document_seconds",
        "bundle_seconds",
        "kept_rulesets",
        "max_bytes_in_flight",
        "max_queue_seconds",
        "max_stream_bytes",
        "worker_documents",
        "worker_memory_bytes",
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        ServeSettings(**{name: 0})
