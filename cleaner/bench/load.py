"""An open-loop load: calls start when they are due, and every status and every text is looked at.

A load generator that waits for answers before it goes on measures a service that is never late
(coordinated omission). Here a call's time counts from when it was due, also where this process was
late to send it. What comes back is compared with what the library says in-process, document by
document; a status that tells why there is no text is counted by its name.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle
from random import Random
from typing import Any, Protocol, TypeAlias

import grpc
from google.rpc.code_pb2 import Code
from grpc import aio

from cleaner.v1 import answer_pb2, document_pb2
from cleaner.v1 import cleaner_service_pb2 as pb

RIGHT, WRONG, REFUSED, MISSING = "right", "wrong", "refused", "no item"
SERVICE = "/cleaner.v1.CleanerService"
UNLIMITED = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.use_local_subchannel_pool", 1),  # channels to one address would share a connection
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A document and what may come back for it."""

    document: document_pb2.Document
    texts: Mapping[str, str]
    """The right text by ruleset version."""

    def outcome(self, answer: answer_pb2.Answer) -> str:
        """Return `RIGHT` or `WRONG`."""
        same = self.texts.get(answer.ruleset_version) == answer.text
        return RIGHT if same and answer.id == self.document.id else WRONG


@dataclass(frozen=True, slots=True)
class Request:
    """What one call, or one message of a stream, asks for."""

    payload: bytes
    documents: int
    judge: Callable[[bytes], Iterable[str]]
    """Response bytes to an outcome for each document."""


def unary_request(sample: Sample) -> Request:
    """Return a request for `Clean`."""

    def judge(payload: bytes) -> Iterator[str]:
        yield sample.outcome(pb.CleanResponse.FromString(payload).answer)

    payload = pb.CleanRequest(document=sample.document).SerializeToString()
    return Request(payload, 1, judge)


def batch_request(samples: Sequence[Sample]) -> Request:
    """Return a request for `BatchClean` and `StreamClean`, which are the same bytes."""

    def judge(payload: bytes) -> Iterator[str]:
        items = pb.BatchCleanResponse.FromString(payload).items
        for sample, item in zip(samples, items, strict=False):
            told = item.WhichOneof("outcome")
            if told == "answer":
                yield sample.outcome(item.answer)
            else:
                yield f"item {Code.Name(item.error.code)}" if told else MISSING
        yield from [MISSING] * (len(samples) - len(items))

    documents = [sample.document for sample in samples]
    return Request(
        pb.BatchCleanRequest(documents=documents).SerializeToString(), len(samples), judge
    )


def batch_requests(samples: Sequence[Sample], size: int) -> list[Request]:
    """Return `batch_request` for every so many of the samples."""
    starts = range(0, len(samples), size)
    return [batch_request(samples[at : at + size]) for at in starts]


@dataclass(slots=True)
class Tally:
    """What became of the documents of a load."""

    sent: int = 0
    """Documents that left this process."""
    ends: Counter[str] = field(default_factory=Counter)
    """How many ended in which way: `RIGHT`, `WRONG`, `REFUSED`, ``item`` or ``call`` and a code."""
    seconds: list[float] = field(default_factory=list)
    """Of every call that was answered, from when it was due."""
    wall: float = 0.0
    """How long the load went on, its tail included."""
    cpu: float = 0.0
    """Processor seconds of this process meanwhile: what the generator took from the service."""

    @property
    def lost(self) -> int:
        """Documents that were accepted and have neither a text nor a status of their own."""
        told = sum(n for end, n in self.ends.items() if end.startswith("item "))
        return self.sent - self.ends[RIGHT] - self.ends[WRONG] - self.ends[REFUSED] - told

    @property
    def goodput(self) -> float:
        """Right documents a second."""
        return self.ends[RIGHT] / self.wall if self.wall else 0.0

    def percentile(self, share: float) -> float:
        """Return what that share of the answered calls took at most, in seconds."""
        ordered = sorted(self.seconds)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else 0.0

    def answered(self, request: Request, payload: bytes, due: float) -> None:
        """Count a call that ended well."""
        self.seconds.append(time.monotonic() - due)
        self.ends.update(request.judge(payload))

    def failed(self, request: Request, error: BaseException) -> None:
        """Count a call that did not."""
        code = error.code().name if isinstance(error, aio.AioRpcError) else type(error).__name__
        end = REFUSED if code == "RESOURCE_EXHAUSTED" else f"call {code}"
        self.ends[end] += request.documents


Send: TypeAlias = Callable[[Request, float], Coroutine[Any, Any, None]]
"""Sends a request that is due at a time, and counts what becomes of it."""


class Caller(Protocol):
    """A way to call."""

    async def send(self, request: Request, due: float) -> None:
        """Send it and count what became of it."""

    async def close(self) -> None:
        """End what is open."""


class UnaryCaller:
    """One call for each request, over several channels in turn."""

    def __init__(
        self, channels: Sequence[aio.Channel], path: str, tally: Tally, timeout: float = 60.0
    ) -> None:
        calls: list[Callable[..., Any]] = [channel.unary_unary(path) for channel in channels]
        self._calls = cycle(calls)
        self._tally = tally
        self._timeout = timeout

    async def send(self, request: Request, due: float) -> None:
        """Call and count."""
        self._tally.sent += request.documents
        try:
            payload = await next(self._calls)(request.payload, timeout=self._timeout)
        except aio.AioRpcError as error:
            self._tally.failed(request, error)
        else:
            self._tally.answered(request, payload, due)

    async def close(self) -> None:
        """Nothing is open."""


class StreamCaller:
    """One stream over each channel, opened anew whenever it ends."""

    def __init__(self, channels: Sequence[aio.Channel], tally: Tally) -> None:
        self._streams = [_Stream(channel, tally) for channel in channels]
        self._next = cycle(self._streams)

    async def send(self, request: Request, due: float) -> None:
        """Put it on a stream and wait for its answer."""
        await next(self._next).send(request, due)

    async def close(self) -> None:
        """End all streams."""
        await asyncio.gather(*(stream.close() for stream in self._streams))


class _Stream:
    def __init__(self, channel: aio.Channel, tally: Tally) -> None:
        self._open: Callable[[], Any] = channel.stream_stream(f"{SERVICE}/StreamClean")
        self._tally = tally
        self._todo: asyncio.Queue[tuple[Request, float, asyncio.Future[None]]] = asyncio.Queue()
        self._pending: deque[tuple[Request, float, asyncio.Future[None]]] = deque()
        self._task = asyncio.create_task(self._run())

    async def send(self, request: Request, due: float) -> None:
        done = asyncio.get_running_loop().create_future()
        self._todo.put_nowait((request, due, done))
        await done

    async def close(self) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _run(self) -> None:
        while True:
            call = self._open()
            writer = asyncio.create_task(self._write(call))
            try:
                async for payload in call:
                    request, due, done = self._pending.popleft()
                    self._tally.answered(request, payload, due)
                    _settle(done)
                self._drop(EOFError("ended early"))
            except aio.AioRpcError as error:
                self._drop(error)
                await asyncio.sleep(0.02)
            finally:
                writer.cancel()
                call.cancel()

    async def _write(self, call: Any) -> None:
        while True:
            entry = await self._todo.get()
            self._pending.append(entry)
            self._tally.sent += entry[0].documents
            with suppress(aio.AioRpcError, asyncio.InvalidStateError):  # the reader is told
                await call.write(entry[0].payload)

    def _drop(self, error: BaseException) -> None:
        while self._pending:
            request, _, done = self._pending.popleft()
            self._tally.failed(request, error)
            _settle(done)


def _settle(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)


async def open_loop(
    send: Send,
    requests: Iterator[Request],
    rate: float,
    seconds: float,
    patience: float = 60.0,
) -> int:
    """Send `rate` requests a second, as independent callers would; return how many never ended.

    Gaps between calls are exponential, from a fixed seed: bursts are part of life.
    """
    luck, loop = Random(5), asyncio.get_running_loop()
    due = loop.time()
    end, under_way = due + seconds, set[asyncio.Task[None]]()
    while due < end:
        if (early := due - loop.time()) > 0:
            await asyncio.sleep(early)
        task = asyncio.create_task(send(next(requests), due))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
        due += luck.expovariate(rate)
        if early <= 0:
            await asyncio.sleep(0)  # who is late must let answers in all the same
    left: set[asyncio.Task[None]] = set(under_way)
    if left:
        _, left = await asyncio.wait(left, timeout=patience)
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    return len(left)


async def closed_loop(
    send: Send,
    requests: Iterator[Request],
    at_once: int,
    seconds: float,
) -> None:
    """Keep `at_once` requests on their way: what a service can take at most."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds

    async def one() -> None:
        while (now := loop.time()) < end:
            await send(next(requests), now)

    await asyncio.gather(*(one() for _ in range(at_once)))


def open_channels(address: str, count: int, authority: bytes = b"") -> list[aio.Channel]:
    """Return channels with a connection each; call within a running event loop.

    With the PEM certificate of an `authority`, over TLS.
    """
    if not authority:
        return [aio.insecure_channel(address, options=UNLIMITED) for _ in range(count)]
    trusted = grpc.ssl_channel_credentials(authority)
    return [aio.secure_channel(address, trusted, options=UNLIMITED) for _ in range(count)]


def statuses(tally: Tally) -> str:
    """Return the ends other than right ones, for a report."""
    return ", ".join(f"{n} {end}" for end, n in tally.ends.most_common() if end != RIGHT) or "-"
