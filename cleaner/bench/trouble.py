"""What a chaos run does to a service while it works."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any

from grpc import aio

from cleaner.bench.load import SERVICE, open_channels
from cleaner.bench.memory import descendants
from cleaner.bench.papers import Authority
from cleaner.detect.templates.bundle import Bundle
from cleaner.serve.hosting import Running

_SERVICE_NAME = "service"
_TAKEN_UP_SECONDS, _EACH = 5.0, 0.25


class Certificates:
    """Those of a service, in a folder, made anew again and again."""

    def __init__(self, folder: Path) -> None:
        """Make the first."""
        self._authority = Authority(folder, "authority")
        self.authority = self._authority.ca.read_bytes()
        """PEM of who vouches for all of them."""
        self.certificate, self.key = self._authority.vouch(_SERVICE_NAME)

    def rotate(self) -> None:
        """Write the next: certificate and key are for a moment not of one pair, as in life."""
        self._authority.vouch(_SERVICE_NAME)

    def shown_by(self, address: str) -> bool:
        """Return whether a service shows the newest to whoever comes now."""
        host, _, port = address.rpartition(":")
        shown = ssl.get_server_certificate((host, int(port)), timeout=_TAKEN_UP_SECONDS)
        return shown.split() == self.certificate.read_text("utf-8").split()


class Trouble:
    """What is done to a service while it works."""

    def __init__(
        self,
        service: Running,
        watched: Path,
        bundles: list[Bundle],
        certificates: Certificates,
        payload: bytes,
        luck: Random,
    ) -> None:
        """Do nothing yet; `payload` is a request for a batch, `watched` the service's bundle."""
        self._service = service
        self._watched = watched
        self._bundles: Iterator[Bundle] = cycle(bundles)
        self._certificates = certificates
        self._payload = payload
        self._luck = luck
        self._under_way: set[asyncio.Task[None]] = set()
        self.stale = 0
        """Certificates that were not taken up within some seconds."""
        self.done: Counter[str] = Counter()
        """How often what was done."""
        self._kinds: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {
            "worker killed": self._kill,
            "worker crashed": self._crash,
            "caller vanished": self._vanish,
            "call cancelled": self._cancel,
            "reader stalled": self._stall,
            "bundle published": self._publish,
            "certificate rotated": self._rotate,
        }

    async def make(self, every: float) -> None:
        """Make trouble, now and then, until cancelled."""
        names = list(self._kinds)
        try:
            while True:
                await asyncio.sleep(every * self._luck.uniform(0.5, 1.5))
                name = self._luck.choice(names)
                self.done[name] += 1
                task = asyncio.create_task(self._kinds[name]())
                self._under_way.add(task)
                task.add_done_callback(self._under_way.discard)
        finally:
            for task in self._under_way:
                task.cancel()

    async def _kill(self) -> None:
        self._signal(signal.SIGKILL)

    async def _crash(self) -> None:
        self._signal(signal.SIGSEGV)

    def _signal(self, number: signal.Signals) -> None:
        if pids := descendants(self._service.process.pid):
            with suppress(ProcessLookupError):
                os.kill(self._luck.choice(pids), number)

    async def _vanish(self) -> None:
        """Shake hands, send half of an HTTP/2 conversation, and go without a word."""
        host, _, port = self._service.address.rpartition(":")
        trusted = ssl.create_default_context(cadata=self._certificates.authority.decode())
        trusted.set_alpn_protocols(["h2"])
        with suppress(OSError):
            _, writer = await asyncio.open_connection(host, int(port), ssl=trusted)
            writer.write(_PREFACE + _SETTINGS + b"\0\xff\xff\1")
            await asyncio.sleep(self._luck.uniform(0, 2))
            writer.transport.abort()

    async def _cancel(self) -> None:
        async with self._channel() as channel:
            method: Any = channel.unary_unary(f"{SERVICE}/BatchClean")
            call = method(self._payload)
            await asyncio.sleep(self._luck.uniform(0, 0.2))
            call.cancel()

    async def _stall(self) -> None:
        """Send to a stream and never read from it."""
        async with self._channel() as channel:
            method: Any = channel.stream_stream(f"{SERVICE}/StreamClean")
            call = method()
            with suppress(TimeoutError, aio.AioRpcError):
                async with asyncio.timeout(5):
                    while True:
                        await call.write(self._payload)
            call.cancel()

    async def _publish(self) -> None:
        await asyncio.to_thread(next(self._bundles).save, self._watched)

    async def _rotate(self) -> None:
        self._certificates.rotate()
        loop = asyncio.get_running_loop()
        end = loop.time() + _TAKEN_UP_SECONDS
        while loop.time() < end:
            await asyncio.sleep(_EACH)
            with suppress(OSError):
                if await asyncio.to_thread(self._certificates.shown_by, self._service.address):
                    return
        self.stale += 1

    def _channel(self) -> aio.Channel:
        return open_channels(self._service.address, 1, self._certificates.authority)[0]


_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_SETTINGS = b"\0\0\0\4\0\0\0\0\0"
