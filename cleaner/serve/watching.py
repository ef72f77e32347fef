"""Every call of the API, seen from outside: what it was, how it ended, how long it took."""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, aclosing, contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import grpc
from google.protobuf import descriptor_pool
from grpc import aio

from cleaner.serve.logs import FACTS, escaped
from cleaner.serve.metrics import Eyes, Metrics
from cleaner.serve.settings import Telemetry

_REQUEST_ID = "x-request-id"
_log = logging.getLogger("cleaner.calls")


@dataclass(slots=True)
class Call:
    """One call. It is told twice: when it begins, and when it has ended."""

    method: str
    """Service and name, of those that exist: ``cleaner.v1.CleanerService/Clean``."""
    metadata: dict[str, str | bytes]
    peer: str
    code: grpc.StatusCode = grpc.StatusCode.OK
    seconds: float = 0.0


Around = Callable[[Call], AbstractContextManager[None]]
"""What goes on for as long as a call does; at the end, code and seconds are filled in."""


class Watcher(aio.ServerInterceptor):
    """Watches the calls of some services; health and reflection are left alone."""

    def __init__(self, services: Sequence[str], arounds: Sequence[Around]) -> None:
        find = descriptor_pool.Default().FindServiceByName
        # Names of methods that do not exist are without end.
        self._names = {
            f"/{service}/{method.name}" for service in services for method in find(service).methods
        }
        self._arounds = arounds

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        details: grpc.HandlerCallDetails,
    ) -> Any:
        """Return the handler of the call, wrapped."""
        handler = await continuation(details)
        if handler is None or details.method not in self._names:
            return handler
        call = Call(details.method[1:], dict(details.invocation_metadata or ()), "")
        if handler.response_streaming:
            streaming = self._streaming(_behaviour(handler), call)
            if handler.request_streaming:
                return grpc.stream_stream_rpc_method_handler(streaming)
            return grpc.unary_stream_rpc_method_handler(streaming)
        single = self._single(_behaviour(handler), call)
        if handler.request_streaming:
            return grpc.stream_unary_rpc_method_handler(single)
        return grpc.unary_unary_rpc_method_handler(single)

    def _single(self, behaviour: Callable[..., Any], call: Call) -> Callable[..., Any]:
        async def answer(request: Any, context: Any) -> Any:
            with self._watched(call, context):
                return await behaviour(request, context)

        return answer

    def _streaming(self, behaviour: Callable[..., Any], call: Call) -> Callable[..., Any]:
        async def answer(request: Any, context: Any) -> AsyncIterator[Any]:
            with self._watched(call, context):
                async with aclosing(behaviour(request, context)) as responses:
                    async for response in responses:
                        yield response

        return answer

    @contextmanager
    def _watched(self, call: Call, context: Any) -> Iterator[None]:
        call.peer = context.peer()
        started = time.perf_counter()
        with ExitStack() as stack:
            for around in self._arounds:
                stack.enter_context(around(call))
            try:
                yield
            except (asyncio.CancelledError, GeneratorExit):
                left = context.time_remaining()
                late = left is not None and left <= 0
                code = grpc.StatusCode
                call.code = code.DEADLINE_EXCEEDED if late else code.CANCELLED
                raise
            except BaseException:
                told = context.code()
                call.code = told if isinstance(told, grpc.StatusCode) else grpc.StatusCode.UNKNOWN
                raise
            finally:
                call.seconds = time.perf_counter() - started


def _behaviour(handler: Any) -> Callable[..., Any]:
    found: Callable[..., Any] = (
        handler.unary_unary or handler.unary_stream or handler.stream_unary or handler.stream_stream
    )
    assert inspect.iscoroutinefunction(found) or inspect.isasyncgenfunction(found)  # noqa: S101
    return found


@contextmanager
def logged(call: Call) -> Iterator[None]:
    """Write a line for each call that has ended."""
    try:
        yield
    finally:
        request_id = call.metadata.get(_REQUEST_ID, "")
        facts = {
            "method": call.method,
            "code": call.code.name,
            "seconds": round(call.seconds, 6),
            "peer": call.peer,
            "request_id": escaped(str(request_id)[:128]),
        }
        line = " ".join(str(fact) for fact in facts.values() if fact != "")
        _log.info("%s", line, extra={FACTS: facts})


class Watch(NamedTuple):
    """What is looked at."""

    eyes: Eyes
    """For the pool."""
    interceptors: tuple[aio.ServerInterceptor, ...]
    """For the host."""


@contextmanager
def watching(settings: Telemetry, services: Sequence[str]) -> Iterator[Watch]:
    """Look at what the settings ask for, for as long as the context lasts.

    Raises:
        InvalidInput: the address for metrics is taken, or tracing is not installed.
    """
    arounds: list[Around] = [logged] if settings.log_calls else []
    with ExitStack() as stack:
        eyes = Eyes()
        if settings.metrics_address:
            eyes = metrics = Metrics()
            arounds.append(metrics.around)
            server, address = metrics.serve(settings.metrics_address)
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
            logging.getLogger("cleaner.serve").info("metrics on http://%s/metrics", address)
        if settings.tracing:
            from cleaner.serve.tracing import tracing

            arounds.append(stack.enter_context(tracing()))
        yield Watch(eyes, (Watcher(services, arounds),) if arounds else ())
