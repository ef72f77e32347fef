"""The queue before the workers: what waits, for how long, and what goes together in one frame."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from cleaner.serve import wire

FRAME_BYTES = 256 * 1024
"""A frame holds no more than this, unless it is one document."""
_FRAME_SECONDS = 0.05
"""Nor what is expected to take longer: its replies come back together."""
_DOCUMENT_COST = 1024
_MEMORY = 0.9
_FEW = 4


class Reply(NamedTuple):
    """A worker's answer."""

    ok: bool
    payload: bytes
    """A response message, or a ``google.rpc.Status``."""


def _new_future() -> asyncio.Future[Reply]:
    return asyncio.get_running_loop().create_future()


@dataclass(eq=False, slots=True)
class Job:
    """A request for one worker."""

    method: wire.Method
    payload: bytes
    documents: int
    """How many there are in it."""
    edition: int
    """What answers it unless it pins another: the newest when it came, for all of its parts."""
    reply: asyncio.Future[Reply] = field(default_factory=_new_future)
    since: float = 0.0
    """When it was queued, the last time."""

    @property
    def cost(self) -> int:
        """What it weighs."""
        return _weight(len(self.payload), self.documents)


def _weight(size: int, documents: int) -> int:
    """Return what a request weighs: its bytes, and something for each document."""
    return size + documents * _DOCUMENT_COST


class Backlog:
    """Jobs in the order in which they came, and the line of batches before them.

    A batch in its turn is queued part by part, so that a single document need not wait for all of
    it. If all batches had their turn at once, they would all be done late and none of them soon.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._jobs: OrderedDict[Job, None] = OrderedDict()
        self._line: OrderedDict[object, float] = OrderedDict()
        self._turns = asyncio.Semaphore(workers + 1)
        self._cost = self._in_line = 0
        self._done = self._seconds = 0.0

    def __len__(self) -> int:
        return len(self._jobs)

    def put(self, job: Job) -> None:
        """Queue a job behind all others."""
        job.since = time.monotonic()
        self._jobs[job] = None
        self._cost += job.cost

    def put_back(self, jobs: Sequence[Job]) -> None:
        """Queue jobs again, before all others."""
        for job in reversed(jobs):
            self.put(job)
            self._jobs.move_to_end(job, last=False)

    def drop(self, job: Job) -> None:
        """Forget a job, if it still waits."""
        if job in self._jobs:
            del self._jobs[job]
            self._cost -= job.cost

    @property
    def waiting(self) -> int:
        """Jobs and batches that wait."""
        return len(self._jobs) + len(self._line)

    @asynccontextmanager
    async def turn(self, batch: wire.Batch) -> AsyncIterator[None]:
        """Stand in line until it is the batch's turn, which lasts as long as the context."""
        place, documents = object(), len(batch.documents)
        cost = _weight(sum(map(len, batch.documents)), documents)
        self._line[place] = time.monotonic()
        self._cost += cost
        self._in_line += documents
        try:
            await self._turns.acquire()
        finally:
            del self._line[place]
            self._cost -= cost
            self._in_line -= documents
        try:
            yield
        finally:
            self._turns.release()

    def take(self) -> list[Job]:
        """Return the next job, or a handful of unary ones so that they share a round trip.

        A handful is what each worker would get if all that waits were dealt out. So a frame is as
        full as the queue is long, and nobody is made to wait for a frame to fill: a pause of 2 ms
        for company only ever hits those who find a worker idle.
        """
        share = min(wire.FRAME_JOBS, 1 + len(self._jobs) // self._workers)
        most: float = FRAME_BYTES
        if self._seconds:
            most = min(most, _FRAME_SECONDS * self._done / self._seconds)
        taken: list[Job] = []
        size = 0
        for job in self._jobs:
            if taken and (
                job.documents > 1
                or taken[0].documents > 1
                or job.edition != taken[0].edition
                or size + job.cost > most
            ):
                break
            taken.append(job)
            size += job.cost
            if len(taken) == share:
                break
        for job in taken:
            self.drop(job)
        return taken

    def learn(self, cost: int, seconds: float) -> None:
        """Take note that a worker was done with so much in so many seconds."""
        self._done = self._done * _MEMORY + cost
        self._seconds = self._seconds * _MEMORY + seconds

    @property
    def wait(self) -> float:
        """Seconds that the queue costs: the age of its head, or what its tail has to expect.

        The age alone tells of a flood only when it is too late, and then of all that it has let
        in. A short queue is judged by its age only: one slow document says little of the next, and
        one large batch, of which only a few parts are queued, locks nobody out.
        """
        if not self.waiting:
            return 0.0
        heads = [job.since for job in islice(self._jobs, 1)] + [*islice(self._line.values(), 1)]
        age = time.monotonic() - min(heads)
        if len(self._jobs) + self._in_line <= _FEW * self._workers or not self._done:
            return age
        return max(age, self._cost / self._workers * self._seconds / self._done)
