"""Garbage sent to services that are not ours: health, reflection.

Stock grpc.aio answers a request that it cannot parse with UNKNOWN, logs a traceback and, by its
message, names a class. Our own services take bytes and judge them; for the others an interceptor
reads requests leniently and ends the call as ours would.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from grpc import aio

_MALFORMED = object()
_WHY = "the request is no such message: truncated, garbage, or a string is not UTF-8"


class MalformedRequests(aio.ServerInterceptor):
    """Answers what cannot be parsed with INVALID_ARGUMENT."""

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        """Return the method's handler; one that has bytes parsed is wrapped."""
        handler = await continuation(handler_call_details)
        if handler is None or handler.request_deserializer is None:
            return handler
        lenient = _lenient(handler.request_deserializer)
        if handler.request_streaming:  # reflection, the only one
            return grpc.stream_stream_rpc_method_handler(
                _checked_stream(handler.stream_stream), lenient, handler.response_serializer
            )
        if handler.response_streaming:
            return grpc.unary_stream_rpc_method_handler(
                _checked_watch(handler.unary_stream), lenient, handler.response_serializer
            )
        return grpc.unary_unary_rpc_method_handler(
            _checked(handler.unary_unary), lenient, handler.response_serializer
        )


def _lenient(parse: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    def read(payload: bytes) -> Any:
        try:
            return parse(payload)
        except DecodeError:
            return _MALFORMED

    return read


def _checked(answer: Callable[[Any, Any], Awaitable[Any]]) -> Any:
    async def handle(request: Any, context: Any) -> Any:
        await _check(request, context)
        return await answer(request, context)

    return handle


def _checked_watch(answer: Callable[[Any, Any], Any]) -> Any:
    async def handle(request: Any, context: Any) -> Any:
        """Hand it over whole: health's Watch sends by its context and yields nothing."""
        await _check(request, context)
        return await answer(request, context)

    return handle


def _checked_stream(answer: Callable[[Any, Any], AsyncIterator[Any]]) -> Any:
    async def handle(requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        async def read() -> AsyncIterator[Any]:
            async for request in requests:
                await _check(request, context)
                yield request

        async for response in answer(read(), context):
            yield response

    return handle


async def _check(request: Any, context: Any) -> None:
    if request is _MALFORMED:
        await context.abort(grpc.StatusCode.INVALID_ARGUMENT, _WHY)
