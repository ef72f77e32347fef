"""The methods of the API: bytes from the wire to the pool, the pool's bytes to the wire.

gRPC hands requests over unparsed, so that garbage is ours to answer (stock grpc.aio answers it
with UNKNOWN and the name of a class) and the event loop stays free.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, TypeAlias

import grpc
from google.rpc.status_pb2 import Status
from grpc import aio

from cleaner.errors import CleanerError, InvalidInput
from cleaner.serve import status, wire
from cleaner.serve.admission import Admission, Refused
from cleaner.serve.settings import ServeSettings
from cleaner.serve.window import Window
from cleaner.serve.workers import Pool, Reply

CLEANER_SERVICE = "cleaner.v1.CleanerService"
RULESET_SERVICE = "cleaner.v1.RulesetService"
Context: TypeAlias = "aio.ServicerContext[bytes, bytes]"
_CODES = {code.value[0]: code for code in grpc.StatusCode}
_RULESET_METHODS = {
    "GetRuleset": wire.Method.GET_RULESET,
    "ListRules": wire.Method.LIST_RULES,
    "GetRule": wire.Method.GET_RULE,
}


def handlers(pool: Pool, admission: Admission, settings: ServeSettings) -> Gate:
    """Return the handler of both services."""
    servicer = CleanerServicer(pool, admission, settings)

    def unary(answer: Callable[[bytes], Awaitable[Reply]]) -> grpc.RpcMethodHandler[Any, Any]:
        return _unary(answer, admission)

    methods = {
        f"/{CLEANER_SERVICE}/Clean": unary(_asking(pool, wire.Method.CLEAN)),
        f"/{CLEANER_SERVICE}/BatchClean": unary(servicer.batch_clean),
        f"/{CLEANER_SERVICE}/StreamClean": grpc.stream_stream_rpc_method_handler(
            servicer.stream_clean
        ),
    }
    for name, method in _RULESET_METHODS.items():
        methods[f"/{RULESET_SERVICE}/{name}"] = unary(_asking(pool, method))
    return Gate(methods, admission)


class Gate(grpc.GenericRpcHandler):
    """The methods, or a refusal while there is no room."""

    def __init__(
        self, methods: Mapping[str, grpc.RpcMethodHandler[Any, Any]], admission: Admission
    ) -> None:
        self._methods = methods
        self._admission = admission
        # To the peer a unary call and a stream of one message look the same, and a handler of
        # streams may answer without having read anything.
        self._closed: grpc.RpcMethodHandler[Any, Any] = grpc.stream_stream_rpc_method_handler(
            self._refuse
        )

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Return the handler of a call that has come in, None where there is no such method."""
        method = self._methods.get(handler_call_details.method)
        return self._closed if method and self._admission.full else method

    async def _refuse(self, _: AsyncIterator[bytes], context: Context) -> AsyncIterator[bytes]:
        yield await sent(_failed(self._admission.refusal()), context)


def _unary(
    answer: Callable[[bytes], Awaitable[Reply]], admission: Admission
) -> grpc.RpcMethodHandler[Any, Any]:
    async def handle(request: bytes, context: Context) -> bytes:
        try:
            with admission.held(len(request)):
                reply = await answer(request)
        except Refused as refused:
            reply = _failed(refused.status)
        return await sent(reply, context)

    return grpc.unary_unary_rpc_method_handler(handle)


def _failed(error: Status) -> Reply:
    return Reply(False, error.SerializeToString())


def _asking(pool: Pool, method: wire.Method) -> Callable[[bytes], Awaitable[Reply]]:
    def ask(request: bytes) -> Awaitable[Reply]:
        return pool.ask(method, request)

    return ask


class CleanerServicer:
    """The methods that take batches."""

    def __init__(self, pool: Pool, admission: Admission, settings: ServeSettings) -> None:
        self._pool = pool
        self._admission = admission
        self._settings = settings

    async def batch_clean(self, request: bytes) -> Reply:
        """Answer a batch."""
        try:
            batch = wire.split(request)
            self._admit(len(batch.documents))
        except CleanerError as error:
            return _failed(status.status_of(error))
        return await self._pool.ask_batch(batch)

    async def stream_clean(
        self, requests: AsyncIterator[bytes], context: Context
    ) -> AsyncIterator[bytes]:
        """Answer batches in order, several at a time.

        Nothing is read from the stream while the window is full: a client that sends faster than
        it reads is held back by gRPC's flow control, not by our memory.
        """
        window = Window(2 * self._settings.workers, self._settings.max_stream_bytes)
        reader = asyncio.create_task(self._read(requests, window))
        try:
            while answer := await window.first():
                payload = await sent(await answer, context)
                with _unless_read_within(self._settings.stall_seconds, window, context):
                    yield payload
                await window.taken()
            await reader
        finally:
            reader.cancel()
            window.drop()

    async def _read(self, requests: AsyncIterator[bytes], window: Window) -> None:
        try:
            async for request in requests:
                await window.room(len(request))
                if window.over:
                    return
                await window.put(await self._begun(request, window), len(request))
        finally:
            await window.end()

    async def _begun(self, request: bytes, window: Window) -> asyncio.Task[Reply]:
        """Return the answer on its way, once there is room for the request."""
        size = len(request)
        try:
            await self._admission.enter_in_turn(size, lambda: window.busy)
        except Refused as refused:
            return asyncio.create_task(_later(_failed(refused.status)))
        answer = asyncio.create_task(self.batch_clean(request))
        answer.add_done_callback(lambda _: self._admission.leave(size))
        return answer

    def _admit(self, items: int) -> None:
        most = self._settings.max_items
        if items > most:
            raise InvalidInput("documents", f"{items} documents in one batch; at most {most}")


async def _later(reply: Reply) -> Reply:
    return reply


@contextmanager
def _unless_read_within(seconds: float, window: Window, context: Context) -> Iterator[None]:
    """End the call if an answer is not taken for so long: its caller has stopped reading.

    The status waits behind the answer that is not read; everything else is dropped.
    """

    async def end() -> None:
        window.drop()
        details = f"no answer was read for {seconds:g} s"
        with suppress(aio.AbortError):
            await context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, details)

    loop = asyncio.get_running_loop()
    ends: list[asyncio.Task[None]] = []
    alarm = loop.call_later(seconds, lambda: ends.append(loop.create_task(end())))
    try:
        yield
    finally:
        alarm.cancel()


async def sent(reply: Reply, context: Context) -> bytes:
    """Return the payload to send, or end the call with the status that it is."""
    if not reply.ok:
        error = Status.FromString(reply.payload)
        details = ("grpc-status-details-bin", reply.payload)
        context.set_code(_CODES[error.code])  # `abort` tells interceptors nothing
        await context.abort(_CODES[error.code], error.message, (details,))
    return reply.payload
