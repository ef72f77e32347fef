"""`AsyncClient`: the same for an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Iterable
from contextlib import aclosing
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from google.protobuf.message import Message
from grpc import aio

from cleaner.client.batches import BATCH_DOCUMENTS, Batch, Batcher, prepared
from cleaner.client.channel import Tls, open_async_channel
from cleaner.client.conversation import (
    CHANNEL_OPTIONS,
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
from cleaner.errors import CleanerError
from cleaner.model import Result
from cleaner.profiles import Options
from cleaner.protocols import Given, Outcome
from cleaner.v1 import ruleset_service_pb2

_T = TypeVar("_T")
_MIB = 1024 * 1024
_END: Final = object()
Documents = Iterable[Given] | AsyncIterable[Given]


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
        batcher = self._talk.batcher()
        # One more is being taken, and one waits to be put in.
        window: asyncio.Queue[Begun[list[Outcome]] | None] = asyncio.Queue(WINDOW - 2)
        reader = asyncio.create_task(self._read(documents, batcher, window))
        try:
            while begun := await window.get():
                for outcome in await self._ended(begun):
                    yield outcome
            await reader
        finally:
            reader.cancel()
            while not window.empty():
                if begun := window.get_nowait():
                    begun.cancel()
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
        self,
        documents: Documents,
        batcher: Batcher,
        window: asyncio.Queue[Begun[list[Outcome]] | None],
    ) -> None:
        contact = Contact()
        try:
            async with aclosing(_batches(documents, batcher)) as batches:
                async for batch in batches:
                    begun = Begun(self._talk.part(batch, contact), self._call)
                    try:
                        await window.put(begun)
                    except asyncio.CancelledError:
                        begun.cancel()
                        raise
        finally:
            await window.put(None)

    async def _done(self, steps: Steps[_T]) -> _T:
        return await self._ended(Begun(steps, self._call))

    async def _ended(self, begun: Begun[_T]) -> _T:
        while begun.step is not None:
            begun.go_on(await self._told(begun))
        result: _T = begun.result
        return result

    def _call(self, ask: Ask) -> Any:
        if self._channel is None:  # a channel belongs to the event loop that it is made in
            token, tls = self._doors
            self._channel = open_async_channel(
                self._address, token=token, tls=tls, options=CHANNEL_OPTIONS
            )
            self._methods = methods_of(self._channel)
        return self._methods[ask.method](ask.request, timeout=ask.seconds)

    async def _told(self, begun: Begun[_T]) -> Message | CleanerError | None:
        if isinstance(begun.step, Wait):
            await asyncio.sleep(begun.step.seconds)
            return None
        try:
            response: Message = await begun.answer
            return response
        except aio.AioRpcError as error:
            return call_error(error, self._address)
        except asyncio.CancelledError:
            begun.cancel()
            raise


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
