"""What an operator may set."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from cleaner.ingest.limits import Limits
from cleaner.learn.templates.learner import Rules
from cleaner.learn.templates.store import StoreLimits

MIB = 1024 * 1024
SMALLEST_WORKER = 256 * MIB
"""With less, a worker has no room for anything but itself."""


@dataclass(frozen=True, slots=True)
class ServeSettings:
    """How the service runs. The defaults suit one machine and trusted callers on loopback."""

    address: str = "127.0.0.1:50051"
    """Where to listen, ``host:port``. Port 0 takes a free one."""
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)
    """Processes that clean."""
    limits: Limits = field(default_factory=Limits)
    """What one document may be."""
    max_message_bytes: int = 32 * MIB
    """A larger request is refused before it is held in memory."""
    max_items: int = 1_000
    """Documents in one batch."""
    max_bytes_in_flight: int = 256 * MIB
    """Requests that are being answered or wait for it; more get RESOURCE_EXHAUSTED."""
    max_queue_seconds: float = 5.0
    """A queue that costs longer than this lets nobody in, and the service calls itself unwell."""
    max_stream_bytes: int = 32 * MIB
    """Requests of one stream, and answers that its caller has not read, before reading stops."""
    max_streams: int = 1_000
    """Calls at a time on one connection; a caller's next one waits on the caller's side."""
    stall_seconds: float = 60.0
    """A stream whose caller reads nothing for so long is ended."""
    document_seconds: float = 30.0
    """A document that takes longer costs its worker, and gets DEADLINE_EXCEEDED."""
    worker_memory_bytes: int = 2048 * MIB
    """A document for which a worker would need more gets RESOURCE_EXHAUSTED; a worker that holds
    half of it between documents is replaced."""
    worker_documents: int = 100_000
    """A worker that has had so many documents is replaced: nothing that leaks does so for long."""
    reserve: bool = True
    """Whether to keep one worker more than work, so that a lost one is replaced at once."""
    start_seconds: float = 60.0
    """How long a worker may take to start."""
    drain_seconds: float = 0.1
    """How long a worker may go on with a document whose caller has left."""
    notice_seconds: float = 0.5
    """How long a service that is told to stop still lets calls in, with its health NOT_SERVING
    already, so that callers can turn elsewhere. A load balancer may need more."""
    grace_seconds: float = 30.0
    """How long calls in flight may go on when the service is told to stop."""
    keepalive_seconds: float = 60.0
    """A connection that is silent for so long is asked for a sign of life."""
    keepalive_timeout_seconds: float = 20.0
    """How long it then has to answer."""
    min_ping_seconds: float = 10.0
    """A caller that asks us for a sign of life more often than this is sent away."""
    handshake_seconds: float = 20.0
    """How long a new connection has until it speaks HTTP/2."""
    bundle: str = ""
    """File of learned templates. It is watched, and taken up anew when it changes; '' for none."""
    bundle_seconds: float = 1.0
    """How often to look whether it has changed."""
    kept_rulesets: int = 3
    """Rulesets that stay loaded, the present one included, for callers who pin a version."""

    def __post_init__(self) -> None:
        for name in ("workers", "max_message_bytes", "max_items", "document_seconds",
                     "bundle_seconds", "kept_rulesets", "max_bytes_in_flight",
                     "max_queue_seconds", "max_stream_bytes", "max_streams", "stall_seconds",
                     "worker_documents", "keepalive_seconds", "keepalive_timeout_seconds",
                     "min_ping_seconds", "handshake_seconds"):  # fmt: skip
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be positive, not {getattr(self, name)}")
        if self.notice_seconds < 0:
            raise ValueError(f"notice_seconds must not be negative, but is {self.notice_seconds}")
        if self.worker_memory_bytes < SMALLEST_WORKER:
            least = SMALLEST_WORKER // MIB
            raise ValueError(f"worker_memory_bytes must be {least} MiB or more")

    @property
    def connection_options(self) -> tuple[tuple[str, int], ...]:
        """What connections have to put up with, in gRPC's words."""
        return (
            ("grpc.max_concurrent_streams", self.max_streams),
            ("grpc.keepalive_time_ms", _ms(self.keepalive_seconds)),
            ("grpc.keepalive_timeout_ms", _ms(self.keepalive_timeout_seconds)),
            ("grpc.http2.ping_timeout_ms", _ms(self.keepalive_timeout_seconds)),
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.http2.min_recv_ping_interval_without_data_ms", _ms(self.min_ping_seconds)),
            ("grpc.http2.max_ping_strikes", 2),
            ("grpc.server_handshake_timeout_ms", _ms(self.handshake_seconds)),
        )


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


@dataclass(frozen=True, slots=True)
class LearnerSettings:
    """How the learning service runs. The defaults suit trusted callers on loopback."""

    store: str
    """Folder of pages and versions; made if it is not there."""
    address: str = "127.0.0.1:50052"
    """Where to listen, ``host:port``. Port 0 takes a free one."""
    veto: str = ""
    """File of prose that no template may be, a paragraph a line; '' for none."""
    by_arrival: bool = False
    """Whether to count the days on which pages came, not those that callers tell."""
    limits: StoreLimits = field(default_factory=StoreLimits)
    """How much the store holds."""
    max_message_bytes: int = 32 * MIB
    """A larger request is refused before it is held in memory."""
    start_seconds: float = 60.0
    """How long the service may take to start."""
    grace_seconds: float = 30.0
    """How long calls in flight may go on when the service is told to stop."""

    @property
    def rules(self) -> Rules:
        """How to learn."""
        return Rules(self.veto, self.by_arrival)
