"""The learning service: its own role and port. It cleans nothing, and cleaning needs none of it."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, aclosing
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message

from cleaner.errors import CleanerError
from cleaner.learn.templates.store import Observed
from cleaner.serve import learning, logs, status
from cleaner.serve.hosting import CannotServe, Host, Ready, Running, answer_to, running
from cleaner.serve.learner_convert import observe_response
from cleaner.serve.learning import Lessons
from cleaner.serve.servicers import Context, sent
from cleaner.serve.settings import LearnerSettings
from cleaner.serve.spawn import spawn
from cleaner.serve.watching import Watch, watching
from cleaner.serve.wire import LENGTH, OK, unpack
from cleaner.serve.workers import Reply

LEARNER_SERVICE = "cleaner.v1.LearnerService"
_T = TypeVar("_T")


def run(settings: LearnerSettings, ready: Ready | None = None) -> None:
    """Serve until SIGTERM or SIGINT; a second signal ends calls in flight.

    Raises:
        CannotServe: the address is taken, or the store cannot be opened.
    """
    logs.configure(settings.telemetry.log_format)
    with watching(settings.telemetry, (LEARNER_SERVICE,)) as watch:
        asyncio.run(_serve(settings, watch, ready))


async def _serve(settings: LearnerSettings, watch: Watch, ready: Ready | None) -> None:
    try:
        servicer = LearnerServicer(settings)
    except CleanerError as error:
        raise CannotServe(str(error)) from None
    try:
        methods = (servicer.handler(),)
        host = Host(methods, (LEARNER_SERVICE,), settings, watch.interceptors)
        await host.serve(settings.grace_seconds, ready)
    finally:
        servicer.close()


class LearnerServicer:
    """The methods: what is quick in a thread, what mines in a process, never in the event loop."""

    def __init__(self, settings: LearnerSettings) -> None:
        """Open the store (StoreError: that fails)."""
        self._settings = settings
        self._lessons = Lessons(settings)
        self._thread = ThreadPoolExecutor(1)
        self._mining = asyncio.Semaphore(1)

    def close(self) -> None:
        """Close the store."""
        self._thread.shutdown()
        self._lessons.close()

    def handler(self) -> grpc.GenericRpcHandler:
        """Return the handler of the service."""
        quick = {name: self._quick(name) for name in self._lessons.quick}
        return grpc.method_handlers_generic_handler(
            LEARNER_SERVICE,
            {
                "Observe": grpc.stream_unary_rpc_method_handler(self._observe),
                "Propose": grpc.unary_stream_rpc_method_handler(self._propose),
                "Publish": grpc.unary_unary_rpc_method_handler(self._publish),
                **quick,
            },
        )

    async def _observe(self, requests: AsyncIterator[bytes], context: Context) -> bytes:
        total = Observed()
        try:
            async for request in requests:
                done = await self._in_thread(self._lessons.observe, request)
                total.accepted += done.accepted
                total.replaced += done.replaced
                total.refused.update(done.refused)
        except CleanerError as error:
            return await sent(_failed(error), context)
        return observe_response(total).SerializeToString()

    def _quick(self, name: str) -> grpc.RpcMethodHandler[Any, Any]:
        method: Callable[[bytes], Message] = self._lessons.quick[name]

        async def handle(request: bytes, context: Context) -> bytes:
            try:
                message = await self._in_thread(method, request)
                reply = Reply(True, message.SerializeToString())
            except Exception as error:  # noqa: BLE001 - whatever it is, it costs this call alone
                reply = _failed(error)
            return await sent(reply, context)

        return grpc.unary_unary_rpc_method_handler(handle)

    async def _in_thread(self, method: Callable[[bytes], _T], request: bytes) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, method, request)

    async def _propose(self, request: bytes, context: Context) -> AsyncIterator[bytes]:
        async with aclosing(self._mined("Propose", request)) as replies:
            async for reply in replies:
                yield await sent(reply, context)

    async def _publish(self, request: bytes, context: Context) -> bytes:
        replies = [reply async for reply in self._mined("Publish", request)]
        return await sent(replies[-1], context)

    async def _mined(self, method: str, request: bytes) -> AsyncGenerator[Reply]:
        """Yield what a process of its own answers; it dies with the call."""
        async with self._mining:
            ours, theirs = socket.socketpair()
            with theirs:
                fd = theirs.fileno()
                given = (str(fd), learning.told(self._settings), method)
                process = spawn("cleaner.serve.learning", *given, pass_fds=(fd,))
            reader, writer = await asyncio.open_connection(sock=ours, limit=1 << 20)
            try:
                writer.write(LENGTH.pack(len(request)) + request)
                while size := LENGTH.unpack(await reader.readexactly(LENGTH.size))[0]:
                    ((tag, payload),) = unpack(await reader.readexactly(size))
                    yield Reply(tag == OK, payload)
            except (asyncio.IncompleteReadError, ConnectionError):
                yield Reply(False, status.internal().SerializeToString())
            finally:
                writer.close()
                process.kill()
                process.wait()


def _failed(error: Exception) -> Reply:
    return Reply(False, learning.failure(error).SerializeToString())


def running_learner(settings: LearnerSettings) -> AbstractContextManager[Running]:
    """Run a learning service in a process of its own, for as long as the context lasts.

    Raises:
        CannotServe: it did not come up; its reason is on stderr.
    """
    given = learning.told(settings)
    return running(
        lambda fd: spawn(__name__, given, str(fd), pass_fds=(fd,)), settings.start_seconds
    )


def main(settings: str, parent_fd: str) -> None:
    """Serve in a process that `running_learner` started, for as long as that one lives."""
    try:
        run(learning.heard(settings), answer_to(parent_fd))
    except (CannotServe, CleanerError) as error:
        sys.exit(str(error))
