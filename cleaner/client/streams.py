"""StreamClean calls as something to ask one batch after the other, for threads and event loops.

Bulk goes by streams: a busy service lets them wait where it refuses other calls, and keeps room
for callers who have a single document.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, InvalidStateError
from queue import SimpleQueue
from typing import Any, TypeAlias

import grpc
from grpc import aio

from cleaner.client.conversation import Interrupted
from cleaner.client.errors import call_error
from cleaner.errors import CleanerError, Unreachable
from cleaner.v1 import cleaner_service_pb2 as pb

Told: TypeAlias = pb.StreamCleanResponse | CleanerError


class _Waiting:
    """Who waits for a response of one stream, in order."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._answers: deque[Any] = deque()
        self._left = False
        self.broken = False

    def add(self, answer: Any) -> None:
        self._answers.append(answer)

    def tell(self, told: Told) -> None:
        answer = self._answers.popleft()
        try:
            answer.set_result(told)
        except (InvalidStateError, asyncio.InvalidStateError):
            return  # taken back

    def end(self, error: grpc.RpcError | None) -> None:
        """Tell the first what the stream broke over, the others that they were only near."""
        self.broken = True
        failure: CleanerError = Unreachable("the service ended the stream early")
        if error is not None:
            failure = call_error(error, self._address)
        while self._answers:
            self.tell(Interrupted() if self._left else failure)
            self._left = True

    def leave(self) -> None:
        """Blame nobody for the end."""
        self._left = True


class Stream:
    """A stream for a thread. The answers are futures; `close` it."""

    def __init__(self, method: Callable[..., Any], address: str) -> None:
        self._requests: SimpleQueue[pb.StreamCleanRequest | None] = SimpleQueue()
        self._waiting = _Waiting(address)
        self._lock = threading.Lock()
        self._call = method(iter(self._requests.get, None))
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def broken(self) -> bool:
        """Whether there will be no more answers."""
        return self._waiting.broken

    def ask(self, request: pb.StreamCleanRequest) -> Future[Told]:
        """Send a request; return its answer to come."""
        answer: Future[Told] = Future()
        with self._lock:
            self._waiting.add(answer)
            if self.broken:
                self._waiting.tell(Interrupted())
            else:
                self._requests.put(request)
        return answer

    def close(self) -> None:
        """Take back what is not answered."""
        self._waiting.leave()
        self._requests.put(None)
        self._call.cancel()

    def _read(self) -> None:
        failure = None
        try:
            for response in self._call:
                self._waiting.tell(response)
        except grpc.RpcError as error:
            failure = error
        with self._lock:
            self._waiting.end(failure)
        self._requests.put(None)


class AsyncStream:
    """The same for an event loop."""

    def __init__(self, method: Callable[..., Any], address: str) -> None:
        self._requests: asyncio.Queue[pb.StreamCleanRequest | None] = asyncio.Queue()
        self._waiting = _Waiting(address)
        self._call = method(self._sent())
        self._reader = asyncio.create_task(self._read())

    @property
    def broken(self) -> bool:
        """Whether there will be no more answers."""
        return self._waiting.broken

    def ask(self, request: pb.StreamCleanRequest) -> asyncio.Future[Told]:
        """Send a request; return its answer to come."""
        answer: asyncio.Future[Told] = asyncio.get_running_loop().create_future()
        self._waiting.add(answer)
        if self.broken:
            self._waiting.tell(Interrupted())
        else:
            self._requests.put_nowait(request)
        return answer

    def close(self) -> None:
        """Take back what is not answered."""
        self._waiting.leave()
        self._requests.put_nowait(None)
        self._call.cancel()

    async def _sent(self) -> AsyncIterator[pb.StreamCleanRequest]:
        while request := await self._requests.get():
            yield request

    async def _read(self) -> None:
        failure = None
        try:
            async for response in self._call:
                self._waiting.tell(response)
        except aio.AioRpcError as error:
            failure = error
        except asyncio.CancelledError:  # the call's, by `close`
            self._waiting.leave()
        self._waiting.end(failure)
        self._requests.put_nowait(None)
