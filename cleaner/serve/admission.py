"""Who gets in: by the bytes that are held and by what the queue costs, never by a count.

A count of calls takes a batch of a thousand pages for one sentence, and gRPC's own also keeps out
health checks. Calls are refused before their message is read, so that a flood costs little. Streams
are made to wait and have half of the room at most: they have no end, and would leave none for
anybody else.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from google.rpc.status_pb2 import Status

from cleaner.serve import status
from cleaner.serve.settings import ServeSettings

_LOOK_SECONDS = 0.05
_STREAMS_SHARE = 0.5
_SOONEST_RETRY = 0.25


class Refused(Exception):
    """There is no room; `status` tells the caller when to try again."""

    def __init__(self, status: Status) -> None:
        super().__init__()
        self.status = status


class Admission:
    """The room there is. `wait` tells what the queue costs a newcomer, in seconds."""

    def __init__(self, settings: ServeSettings, wait: Callable[[], float]) -> None:
        self._most_bytes = settings.max_bytes_in_flight
        self._most_seconds = settings.max_queue_seconds
        self._wait = wait
        self.bytes_in_flight = 0
        """Of requests that are being answered or wait for it."""
        self.bytes_outside = 0
        """Of requests whose streams wait for room."""
        self.refused = 0
        """How many calls there was no room for, ever."""

    @property
    def full(self) -> bool:
        """Whether nobody gets in."""
        return self.bytes_in_flight >= self._most_bytes or self.overdue

    @property
    def overdue(self) -> bool:
        """Whether the queue is too long."""
        return self._wait() > self._most_seconds

    @property
    def calm(self) -> bool:
        """Whether the queue is well below what it may be."""
        return self._wait() <= self._most_seconds / 2

    def refusal(self) -> Status:
        """Return the status for a call that does not get in, and count it."""
        self.refused += 1
        seconds = self._wait() - self._most_seconds / 2
        return status.overloaded(min(max(seconds, _SOONEST_RETRY), 2 * self._most_seconds))

    @contextmanager
    def held(self, size: int) -> Iterator[None]:
        """Hold a request of so many bytes.

        Raises:
            Refused: there is no room.
        """
        if self.full or self._lacks_room(size, self._most_bytes):
            raise Refused(self.refusal())
        self.bytes_in_flight += size
        try:
            yield
        finally:
            self.leave(size)

    async def enter_in_turn(self, size: int, busy: Callable[[], bool]) -> None:
        """Let a stream's request in once there is room; `leave` gives it back.

        A stream that has others on their way waits as long as need be. One that has none is a
        caller like any other: it gets in where that would, and does not wait for ever.

        Raises:
            Refused: there was no room for as long as a queue may last, or too many wait already.
        """
        if self.bytes_outside and self.bytes_outside + size > self._most_bytes:
            raise Refused(self.refusal())
        self.bytes_outside += size
        try:
            until = time.monotonic() + self._most_seconds
            while not self._lets_in(size, busy()):
                if busy():
                    until = time.monotonic() + self._most_seconds
                elif time.monotonic() > until:
                    raise Refused(self.refusal())
                await asyncio.sleep(_LOOK_SECONDS)
        finally:
            self.bytes_outside -= size
        self.bytes_in_flight += size

    def _lets_in(self, size: int, busy: bool) -> bool:
        if busy:
            return self.calm and not self._lacks_room(size, self._most_bytes * _STREAMS_SHARE)
        return not self.full and not self._lacks_room(size, self._most_bytes)

    def leave(self, size: int) -> None:
        """Give back the room of a request."""
        self.bytes_in_flight -= size

    def _lacks_room(self, size: int, most: float) -> bool:
        # Whatever its size, a message that may be sent gets in where there is no other.
        return bool(self.bytes_in_flight) and self.bytes_in_flight + size > most
