"""One worker process, as the front sees it: a socket, a board, and a process to be killed."""

from __future__ import annotations

import asyncio
import json
import mmap
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterable
from dataclasses import asdict
from typing import cast

from cleaner.serve import wire
from cleaner.serve.editions import Editions, told
from cleaner.serve.settings import ServeSettings
from cleaner.serve.spawn import spawn
from cleaner.serve.wire import BOARD_BYTES, LENGTH, OK, SPENT

_PING_SECONDS = 0.5


class WorkersFailed(RuntimeError):
    """No worker could be started; the log has the reason."""


class Worker:
    """A process that cleans. Start one with `started`."""

    def __init__(self, settings: ServeSettings, editions: Editions) -> None:
        self._settings = settings
        self._board_file = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the worker
        self._board_file.truncate(BOARD_BYTES)
        self.board = memoryview(mmap.mmap(self._board_file.fileno(), BOARD_BYTES)).cast("I")
        """What worker and front tell each other while a frame is in hand."""
        self.held = editions
        """What it answers from."""
        self.documents = 0
        """How many it has been given."""
        self._link = Link()
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    async def started(cls, settings: ServeSettings, editions: Editions) -> Worker:
        """Return a new worker that is ready.

        Raises:
            WorkersFailed: it died first, or took too long.
        """
        worker = cls(settings, editions)
        try:
            async with asyncio.timeout(settings.start_seconds):
                await worker._start()
        except (ConnectionError, TimeoutError):
            worker.stop()
            raise WorkersFailed("a worker did not start; see the log") from None
        except asyncio.CancelledError:
            worker.stop()
            raise
        return worker

    async def _start(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            fds = (theirs.fileno(), self._board_file.fileno())
            limits = json.dumps(asdict(self._settings.limits))
            memory = str(self._settings.worker_memory_bytes)
            given = (*map(str, fds), limits, told(self.held), memory)
            self._process = spawn("cleaner.serve.answering", *given, pass_fds=fds)
        ours.setblocking(False)
        loop = asyncio.get_running_loop()
        _, self._link = await loop.create_connection(Link, sock=ours)
        await self._link.expect()

    @property
    def pid(self) -> int:
        """Its process id, 0 once it is stopped."""
        return self._process.pid if self._process else 0

    @property
    def alive(self) -> bool:
        """Whether it has not hung up, as far as is known."""
        return self._link.open

    @property
    def spent(self) -> bool:
        """Whether it asks to be replaced: it holds too much memory."""
        return bool(self.board[SPENT])

    @property
    def old(self) -> bool:
        """Whether it has done its share of documents."""
        return self.documents >= self._settings.worker_documents

    def ask(self, edition: int, requests: Iterable[tuple[int, bytes]]) -> asyncio.Future[bytes]:
        """Return the future body of its answer (ConnectionError: it died)."""
        return self._link.ask(wire.pack_requests(edition, requests))

    async def answers(self) -> bool:
        """Whether it still answers: one that waits in reserve may have been stopped or killed."""
        try:
            async with asyncio.timeout(_PING_SECONDS):
                await self.ask(0, ())
        except (ConnectionError, TimeoutError):
            return False
        return True

    async def load(self, editions: Editions) -> bool:
        """Have it hold these editions; return whether it could."""
        try:
            async with asyncio.timeout(self._settings.start_seconds):
                body = await self.ask(0, [(wire.Method.LOAD, told(editions).encode())])
            done = wire.unpack(body)[0][0] == OK
        except (ConnectionError, TimeoutError):
            done = False
        if done:
            self.held = editions
        return done

    def kill(self) -> None:
        """Kill it; whoever waits for its answer learns that from the socket."""
        if self._process:
            self._process.kill()

    def stop(self, wait: bool = False) -> None:
        """Kill it and collect it.

        The kernel takes a while to free a large process, and the event loop has no time for that.
        """
        process, self._process = self._process, None
        self._link.close()
        self._board_file.close()
        if not process:
            return
        process.kill()
        if wait:
            process.wait()
        else:
            threading.Thread(target=process.wait, daemon=True).start()


class Link(asyncio.Protocol):
    """The front's end of a worker's socket: one frame out, one frame back."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._answer: asyncio.Future[bytes] | None = None

    @property
    def open(self) -> bool:
        """Whether there is anybody at the other end."""
        return self._transport is not None and not self._transport.is_closing()

    def ask(self, body: bytes) -> asyncio.Future[bytes]:
        """Send a frame; return the future body of the answer (ConnectionError: it died)."""
        answer = self.expect()
        if self._transport:
            self._transport.write(LENGTH.pack(len(body)) + body)
        return answer

    def expect(self) -> asyncio.Future[bytes]:
        """Return the future body of the next frame."""
        self._answer = asyncio.get_running_loop().create_future()
        if not self.open:
            self._answer.set_exception(ConnectionResetError("the worker is gone"))
        return self._answer

    def close(self) -> None:
        """Hang up."""
        if self._transport:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Collect what arrives until the frame is whole."""
        self._received += data
        if len(self._received) < LENGTH.size or self._answer is None or self._answer.done():
            return
        whole = LENGTH.size + LENGTH.unpack_from(self._received)[0]
        if len(self._received) >= whole:
            self._answer.set_result(bytes(self._received[LENGTH.size : whole]))
            self._received.clear()

    def connection_lost(self, _: Exception | None) -> None:
        """Tell whoever waits."""
        self._transport = None
        if self._answer and not self._answer.done():
            self._answer.set_exception(ConnectionResetError("the worker is gone"))
