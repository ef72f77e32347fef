"""`AsyncClient`: the same for an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Iterable
from contextlib import aclosing
from types import TracebackType
from typing import Any, Final, Self, TypeAlias, TypeVar, cast

from grpc import aio

from cleaner.client.batches import BATCH_DOCUMENTS, Batch, Batcher, prepared
from cleaner.client.channel import Tls, open_async_channel
from cleaner.client.conversation import (
    CHANNEL_OPTIONS,
    STREAM,
    WINDOW,
    Ask,
    Begun,
    Contact,
    Conversation,
    Retries,
    Steps,
    Wait,
    methods_of,
)
from cleaner.client.errors import call_error
from cleaner.client.streams import AsyncStream
from cleaner.errors import DeadlineExceeded
from cleaner.model import Result
from cleaner.profiles import Options
from cleaner.protocols import Given, Outcome
from cleaner.v1 import cleaner_service_pb2 as pb
from cleaner.v1 import ruleset_service_pb2

_T = TypeVar("_T")
_MIB = 1024 * 1024
_END: Final = object()
Documents: TypeAlias = Iterable[Given] | AsyncIterable[Given]
_Window: TypeAlias = "asyncio.Queue[Begun[list[Outcome]] | None]"


class _Calls:
    """Does what a conversation asks for; one run over many documents has one stream."""

    def __init__(self, methods: dict[str, Any], address: str) -> None:
        self._methods = methods
        self._address = address
        self._stream: AsyncStream | None = None

    def begin(self, ask: Ask) -> Any:
        """Start a call; return its answer to come."""
        if ask.method != STREAM:
            return self._methods[ask.method](ask.request, timeout=ask.seconds)
        if self._stream is None or self._stream.broken:
            self._stream = AsyncStream(self._methods[STREAM], self._address)
        return self._stream.ask(cast(pb.StreamCleanRequest, ask.request))

    async def end(self, begun: Begun[_T]) -> _T:
        """Take a conversation to its end; whoever is cancelled takes the call back."""
        try:
            while begun.step is not None:
                begun.go_on(await self._told(begun.step, begun.answer))
        except asyncio.CancelledError:
            begun.cancel()
            raise
        result: _T = begun.result
        return result

    async def _told(self, step: Ask | Wait, answer: Any) -> Any:
        if isinstance(step, Wait):
            await asyncio.sleep(step.seconds)
            return None
        try:
            async with asyncio.timeout(step.seconds if step.method == STREAM else None):
                return await answer
        except TimeoutError:
            self.close()
            return DeadlineExceeded(f"no answer from {self._address} for {step.seconds:g} s")
        except aio.AioRpcError as error:
            return call_error(error, self._address)

    def close(self) -> None:
        """Take back what is not answered."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None


class AsyncClient:
    """Cleans through a service, without blocking an event loop. `Client` tells the rest.

    Make it anywhere, use it in one event loop; close it or use it as a context. A task that is
    cancelled takes its calls back.
    """

    def __init__(
        self,
        address: str = "127.0.0.1:50051",
        options: Options = Options(),
        *,
        ruleset_version: str = "",
        timeout: float = 60.0,
        max_message_bytes: int = 32 * _MIB,
        retries: Retries = Retries(),
        token: str = "",
        tls: Tls | None = None,
    ) -> None:
        """Connect lazily: the first call tells whether there is a service. As `Client`."""
        self._address = address
        self._talk = Conversation.of(options, ruleset_version, timeout, max_message_bytes, retries)
        self._doors = (token, tls)
        self._channel: aio.Channel | None = None
        self._methods: dict[str, Any] = {}

    async def clean(self, document: Given) -> Result:
        """Return the article in `document`, and everything about what was taken out.

        Raises:
            InvalidInput, TooLarge: as `cleaner.Cleaner.clean`.
            UnknownName: options that the service does not know.
            NotAllowed: the service does not let this caller clean.
            Unreachable, Overloaded, DeadlineExceeded, ServerError: it gave no answer, or failed.
        """
        return await self._done(self._talk.clean(document))

    async def clean_many(self, documents: Documents) -> AsyncGenerator[Outcome, None]:
        """Yield a Result for each Document, in order; its error for one that was not cleaned.

        As `Client.clean_many`. `documents` may be either kind of iterable: it is read ahead in a
        task of its own, so that answers come while it waits for more. One that is not asynchronous
        must not block.

        Raises:
            UnknownName, InvalidInput: options that the service does not know.
            NotAllowed: the service does not let this caller clean.
        """
        batcher, calls = self._talk.batcher(), self._calls()
        # One more is being taken, and one waits to be put in.
        window: _Window = asyncio.Queue(WINDOW - 2)
        reader = asyncio.create_task(self._read(documents, batcher, calls, window))
        try:
            while begun := await window.get():
                for outcome in await calls.end(begun):
                    yield outcome
            await reader
        finally:
            reader.cancel()
            calls.close()
            while not window.empty():  # makes room for the reader's last word
                window.get_nowait()
        if batcher.failure:
            raise batcher.failure

    async def clean_batch(self, documents: Iterable[Given]) -> list[Outcome]:
        """Return a Result for each of a few Documents, or its error, by one call.

        Raises:
            UnknownName, InvalidInput: options that the service does not know, or more documents
                than it takes in one batch.
            NotAllowed: the service does not let this caller clean.
            Unreachable, Overloaded, DeadlineExceeded, ServerError: it gave no answer, or failed.
        """
        slots = [prepared(given, self._talk.limit) for given in documents]
        return await self._done(self._talk.batch(Batch(slots)))

    async def ruleset(self) -> ruleset_service_pb2.Ruleset:
        """Return what the service has loaded: its version and the names options may use.

        Raises:
            Unreachable, Overloaded, DeadlineExceeded, ServerError: it gave no answer, or failed.
        """
        return await self._done(self._talk.ruleset())

    async def close(self) -> None:
        """Hang up; calls in flight are cancelled."""
        if self._channel is not None:
            await self._channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _read(
        self, documents: Documents, batcher: Batcher, calls: _Calls, window: _Window
    ) -> None:
        contact = Contact()
        try:
            async with aclosing(_batches(documents, batcher)) as batches:
                async for batch in batches:
                    await window.put(Begun(self._talk.part(batch, contact), calls.begin))
        finally:
            await window.put(None)

    def _calls(self) -> _Calls:
        if self._channel is None:  # a channel belongs to the event loop that it is made in
            token, tls = self._doors
            self._channel = open_async_channel(
                self._address, token=token, tls=tls, options=CHANNEL_OPTIONS
            )
            self._methods = methods_of(self._channel)
        return _Calls(self._methods, self._address)

    async def _done(self, steps: Steps[_T]) -> _T:
        calls = self._calls()
        return await calls.end(Begun(steps, calls.begin))


async def _batches(documents: Documents, batcher: Batcher) -> AsyncGenerator[Batch, None]:
    """Yield documents in Batches; none waits long for others."""
    arrivals: asyncio.Queue[Any] = asyncio.Queue(BATCH_DOCUMENTS)
    pump = asyncio.create_task(_pump(documents, arrivals, batcher))
    try:
        while True:
            try:
                async with asyncio.timeout(batcher.patience()):
                    given = await arrivals.get()
            except TimeoutError:
                yield batcher.cut()
                continue
            if given is _END:
                break
            for batch in batcher.add(given):
                yield batch
        if batcher.patience() is not None:
            yield batcher.cut()
    finally:
        pump.cancel()


async def _pump(documents: Documents, arrivals: asyncio.Queue[Any], batcher: Batcher) -> None:
    """Read the source in one task from beginning to end, as its own time-outs ask for."""
    try:
        if isinstance(documents, AsyncIterable):
            async for given in documents:
                await arrivals.put(given)
        else:
            for given in documents:
                await arrivals.put(given)
    except Exception as error:  # noqa: BLE001 - the caller's own, raised to it in its turn
        batcher.failure = error
    await arrivals.put(_END)
