"""Numbers for Prometheus, and the little HTTP server that it asks on a port of its own.

`Eyes` sees nothing: it stands where nobody asks for metrics, and says what there is to see.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from cleaner.errors import InvalidInput
from cleaner.serve.tally import heard

if TYPE_CHECKING:
    from wsgiref.simple_server import WSGIServer

    from cleaner.serve.watching import Call

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_SIZES = (1, 2, 4, 8, 16, 32, 64)


class Eyes:
    """What the pool lets be seen."""

    def sent(self, documents: int, waits: Sequence[float]) -> None:
        """See a frame go to a worker, and how many seconds each of its requests has waited."""

    def answered(self, told: bytes) -> None:
        """See a worker's tally of a frame."""

    def ended(self, why: str) -> None:
        """See a worker go."""

    def watch(self, name: str, what: str, read: Callable[[], float]) -> None:
        """Look at a number of the present whenever somebody asks."""


class Metrics(Eyes):
    """The numbers, counted in the front."""

    def __init__(self) -> None:
        # Costs a start that has no metrics nothing.
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

        self._registry = own = CollectorRegistry()
        ProcessCollector(registry=own)
        self._gauge = Gauge
        self._calls = Histogram(
            "cleaner_call_seconds", "Calls that have ended, and what they took",
            ("method", "code"), buckets=SECONDS, registry=own,
        )  # fmt: skip
        self._running = Gauge("cleaner_calls_running", "Calls now", ("method",), registry=own)
        self._waits = Histogram(
            "cleaner_queue_wait_seconds", "How long requests waited for a worker",
            buckets=SECONDS, registry=own,
        )  # fmt: skip
        self._frames = Histogram(
            "cleaner_frame_documents", "Documents that went to a worker together",
            buckets=_SIZES, registry=own,
        )  # fmt: skip
        self._ends = Counter("cleaner_worker_ends", "Workers gone", ("why",), registry=own)
        self._documents = Counter("cleaner_documents", "Documents", ("outcome",), registry=own)
        self._timeouts = Counter("cleaner_rule_timeouts", "Rules skipped for time", registry=own)
        self._removals = Counter("cleaner_removals", "Removals", ("category",), registry=own)
        self._hits = Counter(
            "cleaner_detector_hits", "Removals that a detector claimed", ("detector",), registry=own
        )
        self._characters = Counter(
            "cleaner_characters", "Characters read and removed", ("what",), registry=own
        )
        self._ruleset = Gauge(
            "cleaner_ruleset_info", "The ruleset that answers", ("version",), registry=own
        )
        self._version = ""

    def sent(self, documents: int, waits: Sequence[float]) -> None:
        """See a frame go to a worker, and how many seconds each of its requests has waited."""
        self._frames.observe(documents)
        for wait in waits:
            self._waits.observe(wait)

    def answered(self, told: bytes) -> None:
        """See a worker's tally of a frame."""
        tally = heard(told)
        if tally.version != self._version:
            self._ruleset.clear()
            self._ruleset.labels(tally.version).set(1)
            self._version = tally.version
        self._documents.labels("answered").inc(tally.documents)
        if tally.failures:
            self._documents.labels("failed").inc(tally.failures)
        if tally.timeouts:
            self._timeouts.inc(tally.timeouts)
        for counter, counts in (
            (self._removals, tally.categories),
            (self._hits, tally.detectors),
            (self._characters, tally.characters),
        ):
            for name, count in counts.items():
                counter.labels(name).inc(count)

    def ended(self, why: str) -> None:
        """See a worker go."""
        self._ends.labels(why).inc()

    def watch(self, name: str, what: str, read: Callable[[], float]) -> None:
        """Look at a number of the present whenever somebody asks."""

        def steady() -> float:
            # The event loop changes what this thread reads.
            for _ in range(3):
                with suppress(RuntimeError, StopIteration):
                    return read()
            return math.nan

        self._gauge(name, what, registry=self._registry).set_function(steady)

    @contextmanager
    def around(self, call: Call) -> Iterator[None]:
        """See a call."""
        running = self._running.labels(call.method)
        running.inc()
        try:
            yield
        finally:
            running.dec()
            self._calls.labels(call.method, call.code.name).observe(call.seconds)

    def serve(self, address: str) -> tuple[WSGIServer, str]:
        """Answer over HTTP in a thread; return the server, to be shut down, and its address.

        Raises:
            InvalidInput: the address is none, or is taken.
        """
        from prometheus_client import start_http_server

        host, _, port = address.rpartition(":")
        try:
            server, _thread = start_http_server(int(port), host.strip("[]"), self._registry)
        except (OSError, ValueError, OverflowError):
            name = "telemetry.metrics_address"
            why = f"{name}: cannot listen on {address}: taken, or no HOST:PORT of this machine"
            raise InvalidInput(name, why) from None
        return server, f"{host}:{server.server_port}"
