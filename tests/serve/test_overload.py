"""More than can be done, callers that do not read, connections that lead nowhere, the end."""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from collections import Counter
from collections.abc import Iterator

import grpc
import pytest
from calls import many, one, reason, status_of, text
from google.rpc.error_details_pb2 import RetryInfo
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from poison import memory_of, poisoned_server

from cleaner.serve.backlog import Backlog, Job
from cleaner.serve.learner import running_learner
from cleaner.serve.server import running_server
from cleaner.serve.settings import MIB, Connections, LearnerSettings, ServeSettings
from cleaner.serve.wire import Batch, Method
from cleaner.v1 import cleaner_service_pb2 as pb
from cleaner.v1.cleaner_service_pb2_grpc import CleanerServiceStub

EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
STORY = "The council voted on Monday to rebuild the bridge over the river.\n\n"


def retry_seconds(error: grpc.RpcError) -> float:
    """Return when a refusal says to come back."""
    again = RetryInfo()
    assert any(detail.Unpack(again) for detail in status_of(error).details)
    assert reason(status_of(error)).reason == "OVERLOADED"
    return again.retry_delay.seconds + again.retry_delay.nanos / 1e9


def test_row31_four_times_the_load() -> None:
    """Goodput stays, refusals say when to come back, health answers at once."""
    seconds, took = 6, 0.3
    capacity = 2 / took
    with poisoned_server(max_queue_seconds=1.0) as service:
        codes, delays, checks = asyncio.run(_flood(service.address, seconds, 4 * capacity))
    assert set(codes) == {"OK", "RESOURCE_EXHAUSTED"}
    assert codes["OK"] >= 0.8 * seconds * capacity
    assert min(delays) >= 0.25
    assert sorted(checks)[-2] < 0.1


async def _flood(
    address: str, seconds: float, rate: float
) -> tuple[Counter[str], list[float], list[float]]:
    codes: Counter[str] = Counter()
    delays: list[float] = []
    checks: list[float] = []
    async with aio.insecure_channel(address) as channel:
        stub = CleanerServiceStub(channel)
        health = health_pb2_grpc.HealthStub(channel)

        async def call() -> None:
            try:
                answer = await stub.Clean(one(text("POISON slow")), timeout=30)
                assert answer.answer.text == "POISON slow"
                codes["OK"] += 1
            except aio.AioRpcError as error:
                codes[error.code().name] += 1
                delays.append(_delay(error))

        calls = []
        for at in range(round(seconds * rate)):
            calls.append(asyncio.create_task(call()))
            await asyncio.sleep(1 / rate)
            if at % 4 == 0:
                started = time.monotonic()
                await health.Check(health_pb2.HealthCheckRequest())
                checks.append(time.monotonic() - started)
        await asyncio.gather(*calls)
    return codes, delays, checks


def _delay(error: aio.AioRpcError) -> float:
    from google.rpc.status_pb2 import Status

    again = RetryInfo()
    metadata = dict(error.trailing_metadata())
    for detail in Status.FromString(metadata["grpc-status-details-bin"]).details:
        detail.Unpack(again)
    return again.retry_delay.seconds + again.retry_delay.nanos / 1e9


def test_row31_health_tells_of_a_queue_that_is_too_long() -> None:
    with (
        poisoned_server(workers=1, max_queue_seconds=0.5) as service,
        grpc.insecure_channel(service.address) as channel,
    ):
        stub, health = CleanerServiceStub(channel), health_pb2_grpc.HealthStub(channel)
        calls = [stub.Clean.future(one(text("POISON slow"))) for _ in range(8)]
        told = {_health(health) for _ in range(40)}
        for call in calls:
            call.exception()
        time.sleep(0.3)
        assert told == {health_pb2.HealthCheckResponse.SERVING, NOT_SERVING}
        assert _health(health) == health_pb2.HealthCheckResponse.SERVING


def _health(health: health_pb2_grpc.HealthStub) -> int:
    time.sleep(0.05)
    return health.Check(health_pb2.HealthCheckRequest()).status


def test_row31_bytes_in_flight_are_bounded() -> None:
    """A message that may be sent gets in where there is no other, whatever the bound."""
    with (
        poisoned_server(workers=1, max_bytes_in_flight=100_000) as service,
        grpc.insecure_channel(service.address) as channel,
    ):
        stub = CleanerServiceStub(channel)
        large = one(text("POISON slow" + "x" * 200_000))
        first = stub.Clean.future(large, timeout=30)
        time.sleep(0.1)
        with pytest.raises(grpc.RpcError) as caught:
            stub.Clean(one(text("Number 1.")))
        assert caught.value.code() is EXHAUSTED
        assert retry_seconds(caught.value) > 0
        assert first.result().answer.text
        assert stub.Clean(one(text("Number 1."))).answer.text == "Number 1."


def test_row31_streams_wait_and_leave_room() -> None:
    """Four streams want far more than there is: none is refused, and one call gets through."""
    with (
        poisoned_server(max_bytes_in_flight=400_000, max_queue_seconds=3.0) as service,
        grpc.insecure_channel(service.address) as channel,
    ):
        stub = CleanerServiceStub(channel)
        batch = pb.StreamCleanRequest(documents=[text("POISON slow" + "x" * 90_000)])
        streams = [stub.StreamClean(iter([batch] * 6)) for _ in range(4)]
        time.sleep(0.5)
        assert stub.Clean(one(text("Number 1.")), timeout=30).answer.text == "Number 1."
        for stream in streams:
            answers = list(stream)
            assert [row.items[0].WhichOneof("outcome") for row in answers] == ["answer"] * 6


def test_row29_a_reader_that_never_reads_is_bounded_and_ended() -> None:
    settings = ServeSettings(
        address="127.0.0.1:0", workers=1, max_stream_bytes=2 * MIB, stall_seconds=2.0
    )
    with running_server(settings) as service, grpc.insecure_channel(service.address) as channel:
        stub = CleanerServiceStub(channel)
        batch = pb.StreamCleanRequest(documents=[text(STORY * 1500)] * 8)
        sent = 0

        def requests() -> Iterator[pb.StreamCleanRequest]:
            nonlocal sent
            for _ in range(300):
                sent += 1
                yield batch

        before = memory_of(service.process.pid)
        call = stub.StreamClean(requests())
        time.sleep(5)
        assert sent < 100  # what fits into the buffers of two kernels and two gRPCs
        assert memory_of(service.process.pid, "VmHWM") - before < 40 * MIB
        with pytest.raises(grpc.RpcError) as caught:
            list(call)
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert stub.Clean(one(text("Number 1."))).answer.text == "Number 1."


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
PING = b"\x00\x00\x08\x06\x00\x00\x00\x00\x00" + b"12345678"


@pytest.fixture(scope="module", params=["cleaner", "learner"])
def impatient(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, int]]:
    """A service that waits for nobody."""
    connections = Connections(
        keepalive_seconds=1.0, keepalive_timeout_seconds=1.0, handshake_seconds=1.0,
        min_ping_seconds=5.0,
    )  # fmt: skip
    if request.param == "cleaner":
        serving = running_server(ServeSettings("127.0.0.1:0", workers=1, connections=connections))
    else:
        store = str(tmp_path_factory.mktemp("store"))
        serving = running_learner(LearnerSettings(store, "127.0.0.1:0", connections=connections))
    with serving as service:
        host, _, port = service.address.rpartition(":")
        yield host, int(port)


@pytest.mark.parametrize("said", [b"", PREFACE[:9], b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01"])
def test_row30_a_connection_that_says_nothing_is_closed(
    impatient: tuple[str, int], said: bytes
) -> None:
    with socket.create_connection(impatient) as peer:
        peer.sendall(said)
        assert _closed_within(peer, 5)


def test_row30_a_peer_that_has_vanished_is_closed(impatient: tuple[str, int]) -> None:
    """It has shaken hands and then shows no sign of life."""
    with socket.create_connection(impatient) as peer:
        peer.sendall(PREFACE + SETTINGS)
        assert _closed_within(peer, 8)


def test_row30_a_flood_of_pings_is_sent_away(impatient: tuple[str, int]) -> None:
    with socket.create_connection(impatient) as peer:
        peer.sendall(PREFACE + SETTINGS)
        heard = b""
        try:
            peer.settimeout(5)
            for _ in range(100):
                peer.sendall(PING)
                heard += peer.recv(4096)
        except ConnectionError:
            pass
        assert b"too_many_pings" in heard


def _closed_within(peer: socket.socket, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        peer.settimeout(left)
        try:
            if not peer.recv(4096):
                return True
        except ConnectionError:
            return True
        except TimeoutError:
            break
    return False


def test_row34_health_tells_first_and_calls_still_get_in() -> None:
    with (
        poisoned_server(notice_seconds=1.5) as service,
        grpc.insecure_channel(service.address) as channel,
    ):
        stub, health = CleanerServiceStub(channel), health_pb2_grpc.HealthStub(channel)
        waiting = [stub.Clean.future(one(text("POISON slow"))) for _ in range(20)]
        time.sleep(0.2)
        service.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert _health(health) == NOT_SERVING
        late = stub.Clean.future(one(text("Number 1.")))
        assert [call.result().answer.text for call in waiting] == ["POISON slow"] * 20
        assert late.result().answer.text == "Number 1."
        assert service.process.wait(30) == 0


def test_row34_a_second_signal_ends_it() -> None:
    with (
        poisoned_server(document_seconds=60.0) as service,
        grpc.insecure_channel(service.address) as channel,
    ):
        call = CleanerServiceStub(channel).BatchClean.future(many([text("POISON spin")]))
        time.sleep(0.5)
        service.process.send_signal(signal.SIGTERM)
        time.sleep(1.5)
        assert not call.done()
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(5) == 0
        assert call.exception()


def test_a_queue_is_judged_by_what_its_tail_has_to_expect() -> None:
    """Before its head is old; a short one is not."""

    async def queued(jobs: int) -> float:
        backlog = Backlog(2)
        for _ in range(jobs):
            backlog.put(Job(Method.CLEAN, b"x" * 1000, 1, 0))
        backlog.learn(2024, 1.0)
        return backlog.wait

    assert asyncio.run(queued(0)) == 0
    assert asyncio.run(queued(8)) < 0.5
    assert asyncio.run(queued(40)) == pytest.approx(20, rel=0.1)


def test_batches_come_in_order_and_count_while_they_stand_in_line() -> None:
    async def run() -> None:
        backlog, begun, ends = Backlog(1), list[int](), [asyncio.Event() for _ in range(5)]

        async def batch(number: int) -> None:
            async with backlog.turn(Batch(b"", (b"x" * 1000,) * 10)):
                begun.append(number)
                await ends[number].wait()

        tasks = [asyncio.create_task(batch(number)) for number in range(5)]
        await asyncio.sleep(0)
        backlog.learn(20240, 1.0)
        assert (begun, backlog.waiting) == ([0, 1], 3)
        assert backlog.wait == pytest.approx(3, rel=0.1)
        tasks[2].cancel()  # its caller has left
        ends[1].set()
        await asyncio.wait(tasks[1:3])
        await asyncio.sleep(0)
        assert (begun, backlog.waiting) == ([0, 1, 3], 1)
        for end in ends:
            end.set()
        await asyncio.wait(tasks)
        assert (begun, backlog.waiting, backlog.wait) == ([0, 1, 3, 4], 0, 0)

    asyncio.run(run())


def test_a_handful_is_dealt_out_and_never_mixed() -> None:
    async def taken(sizes: list[tuple[int, int]]) -> list[int]:
        backlog = Backlog(2)
        for documents, size in sizes:
            backlog.put(Job(Method.CLEAN, b"x" * size, documents, 0))
        frames = []
        while backlog:
            frames.append(len(backlog.take()))
        return frames

    assert asyncio.run(taken([(1, 10)] * 10)) == [6, 3, 1]
    assert asyncio.run(taken([(1, 200_000)] * 4)) == [1] * 4
    assert asyncio.run(taken([(1, 10), (64, 10), (1, 10), (1, 10)])) == [1, 1, 2]
    assert asyncio.run(taken([(1, 1)] * 200))[0] == 32
