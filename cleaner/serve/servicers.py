"""The methods of the API: bytes from the wire to the pool, the pool's bytes to the wire.

gRPC hands requests over unparsed, so that garbage is ours to answer (stock grpc.aio answers it
with UNKNOWN and the name of a class) and the event loop stays free.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeAlias

import grpc
from google.rpc.status_pb2 import Status
from grpc import aio

from cleaner.errors import CleanerError, InvalidInput
from cleaner.serve import status, wire
from cleaner.serve.workers import Pool, Reply

CLEANER_SERVICE = "cleaner.v1.CleanerService"
RULESET_SERVICE = "cleaner.v1.RulesetService"
Context: TypeAlias = "aio.ServicerContext[bytes, bytes]"
_CODES = {code.value[0]: code for code in grpc.StatusCode}


def handlers(pool: Pool, max_items: int, window: int) -> tuple[grpc.GenericRpcHandler, ...]:
    """Return the handlers of both services."""
    servicer = CleanerServicer(pool, max_items, window)
    rulesets = {
        "GetRuleset": wire.Method.GET_RULESET,
        "ListRules": wire.Method.LIST_RULES,
        "GetRule": wire.Method.GET_RULE,
    }
    return (
        grpc.method_handlers_generic_handler(
            CLEANER_SERVICE,
            {
                "Clean": _unary(_asking(pool, wire.Method.CLEAN)),
                "BatchClean": _unary(servicer.batch_clean),
                "StreamClean": grpc.stream_stream_rpc_method_handler(servicer.stream_clean),
            },
        ),
        grpc.method_handlers_generic_handler(
            RULESET_SERVICE,
            {name: _unary(_asking(pool, method)) for name, method in rulesets.items()},
        ),
    )


def _unary(answer: Callable[[bytes], Awaitable[Reply]]) -> grpc.RpcMethodHandler[Any, Any]:
    async def handle(request: bytes, context: Context) -> bytes:
        return await sent(await answer(request), context)

    return grpc.unary_unary_rpc_method_handler(handle)


def _asking(pool: Pool, method: wire.Method) -> Callable[[bytes], Awaitable[Reply]]:
    def ask(request: bytes) -> Awaitable[Reply]:
        return pool.ask(method, request)

    return ask


class CleanerServicer:
    """The methods that take batches."""

    def __init__(self, pool: Pool, max_items: int, window: int) -> None:
        self._pool = pool
        self._max_items = max_items
        self._window = window

    async def batch_clean(self, request: bytes) -> Reply:
        """Answer a batch."""
        try:
            batch = wire.split(request)
            self._admit(len(batch.documents))
        except CleanerError as error:
            return Reply(False, status.status_of(error).SerializeToString())
        return await self._pool.ask_batch(batch)

    async def stream_clean(
        self, requests: AsyncIterator[bytes], context: Context
    ) -> AsyncIterator[bytes]:
        """Answer batches in order, several at a time.

        Nothing is read from the stream while the window is full: a client that sends faster than
        it reads is held back by gRPC's flow control, not by our memory.
        """
        window: asyncio.Queue[asyncio.Task[Reply] | None] = asyncio.Queue(self._window)
        reader = asyncio.create_task(self._read(requests, window))
        try:
            while task := await window.get():
                yield await sent(await task, context)
            await reader
        finally:
            reader.cancel()
            while not window.empty():
                if task := window.get_nowait():
                    task.cancel()

    async def _read(
        self, requests: AsyncIterator[bytes], window: asyncio.Queue[asyncio.Task[Reply] | None]
    ) -> None:
        try:
            async for request in requests:
                task = asyncio.create_task(self.batch_clean(request))
                try:
                    await window.put(task)
                except asyncio.CancelledError:
                    task.cancel()
                    raise
        finally:
            await window.put(None)

    def _admit(self, items: int) -> None:
        if items > self._max_items:
            raise InvalidInput(
                "documents", f"{items} documents in one batch; at most {self._max_items}"
            )


async def sent(reply: Reply, context: Context) -> bytes:
    """Return the payload to send, or end the call with the status that it is."""
    if not reply.ok:
        error = Status.FromString(reply.payload)
        details = ("grpc-status-details-bin", reply.payload)
        context.set_code(_CODES[error.code])  # `abort` tells interceptors nothing
        await context.abort(_CODES[error.code], error.message, (details,))
    return reply.payload
