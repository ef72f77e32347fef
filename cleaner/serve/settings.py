"""What an operator may set."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields
from ipaddress import ip_address

from cleaner.errors import InvalidInput
from cleaner.ingest.limits import Limits
from cleaner.learn.templates.learner import Rules
from cleaner.learn.templates.store import StoreLimits

MIB = 1024 * 1024
SMALLEST_WORKER = 256 * MIB
"""With less, a worker has no room for anything but itself."""


@dataclass(frozen=True, slots=True)
class Access:
    """Who may come in. Files are looked at anew when they change; a broken one changes nothing."""

    certificate: str = ""
    """PEM file of the service's certificate, the leaf first. With it, callers must use TLS."""
    key: str = ""
    """PEM file of its key."""
    client_ca: str = ""
    """PEM file of authorities; callers must then show a certificate from one of them."""
    tokens_file: str = ""
    """File of tokens, a line each: ``role = "sha256:…"`` or the token itself."""
    tokens: str = field(default="", repr=False, metadata={"secret": True})
    """The same lines, or ``role=token`` with commas between. Meant for the environment."""
    allow_public: bool = False
    """Whether a public address will do with neither certificate nor tokens."""
    reflection: str = "auto"
    """Whether strangers may ask for the API's descriptors: on, off, or auto: on loopback."""

    def __post_init__(self) -> None:
        if bool(self.certificate) != bool(self.key):
            name = "certificate" if self.certificate else "key"
            raise InvalidInput(
                name, "access.certificate and access.key go together: set both or none"
            )
        if self.client_ca and not self.certificate:
            raise InvalidInput(
                "client_ca",
                "access.client_ca is part of TLS: set access.certificate and access.key",
            )
        if self.reflection not in _SWITCH:
            raise InvalidInput(
                "reflection", f"access.reflection must be one of {', '.join(_SWITCH)}"
            )

    def admit(self, address: str) -> None:
        """Refuse a public address that everybody may use.

        Raises:
            InvalidInput: which settings would make it right.
        """
        if not (self.certificate or self.wants_tokens or self.allow_public or is_local(address)):
            raise InvalidInput(
                "address",
                f"address {address} can be reached from outside: set access.certificate and "
                "access.key, or access.tokens_file, or ask for it with access.allow_public",
            )

    @property
    def wants_tokens(self) -> bool:
        """Whether callers need a token."""
        return bool(self.tokens_file or self.tokens)

    def reflects(self, address: str) -> bool:
        """Return whether to offer reflection there."""
        return self.reflection == "on" or (self.reflection == "auto" and is_local(address))


@dataclass(frozen=True, slots=True)
class Telemetry:
    """What the service tells its operator. Documents are no part of it."""

    metrics_address: str = ""
    """Where Prometheus may ask over HTTP, ``host:port``; '' for nowhere."""
    log_format: str = "text"
    """How lines on stderr look: text or json."""
    log_calls: bool = False
    """Whether each call has a line: method, status, seconds, caller, request id."""
    tracing: bool = False
    """Whether calls are OpenTelemetry spans; needs the extra ``tracing``."""

    def __post_init__(self) -> None:
        if self.log_format not in ("text", "json"):
            raise InvalidInput("log_format", "telemetry.log_format must be text or json")


_SWITCH = ("auto", "on", "off")


@dataclass(frozen=True, slots=True)
class Connections:
    """What a caller's connection has to put up with."""

    max_streams: int = 1_000
    """Calls at a time on one connection; a caller's next one waits on the caller's side."""
    keepalive_seconds: float = 60.0
    """A connection that is silent for so long is asked for a sign of life."""
    keepalive_timeout_seconds: float = 20.0
    """How long it then has to answer."""
    min_ping_seconds: float = 10.0
    """A caller that asks us for a sign of life more often than this is sent away."""
    handshake_seconds: float = 20.0
    """How long a new connection has until it speaks HTTP/2."""

    def __post_init__(self) -> None:
        for row in fields(self):
            _positive(row.name, getattr(self, row.name))

    @property
    def options(self) -> tuple[tuple[str, int], ...]:
        """The same in gRPC's words."""
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


def _positive(name: str, value: float) -> None:
    if not value > 0:  # NaN is none of both
        raise InvalidInput(name, f"{name} must be positive, not {value}")


def is_local(address: str) -> bool:
    """Return whether only this machine reaches an address."""
    host = address.rpartition(":")[0].strip("[]")
    if address.startswith(("unix:", "unix-abstract:")) or host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


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
    bundle: str = ""
    """File of learned templates. It is watched, and taken up anew when it changes; '' for none."""
    bundle_seconds: float = 1.0
    """How often to look whether it has changed."""
    kept_rulesets: int = 3
    """Rulesets that stay loaded, the present one included, for callers who pin a version."""
    connections: Connections = field(default_factory=Connections)
    """What a caller's connection has to put up with."""
    access: Access = field(default_factory=Access)
    """Who may come in."""
    telemetry: Telemetry = field(default_factory=Telemetry)
    """What the operator is told."""

    def __post_init__(self) -> None:
        self.access.admit(self.address)
        for name in ("workers", "max_message_bytes", "max_items", "document_seconds",
                     "bundle_seconds", "kept_rulesets", "max_bytes_in_flight",
                     "max_queue_seconds", "max_stream_bytes", "stall_seconds",
                     "worker_documents"):  # fmt: skip
            _positive(name, getattr(self, name))
        if self.worker_memory_bytes < SMALLEST_WORKER:
            least = f"{SMALLEST_WORKER} or more"
            raise InvalidInput("worker_memory_bytes", f"worker_memory_bytes must be {least}")
        for name in ("drain_seconds", "notice_seconds", "grace_seconds"):
            if not getattr(self, name) >= 0:
                raise InvalidInput(name, f"{name} must not be negative")


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
    connections: Connections = field(default_factory=Connections)
    """What a caller's connection has to put up with."""
    access: Access = field(default_factory=Access)
    """Who may come in."""
    telemetry: Telemetry = field(default_factory=Telemetry)
    """What the operator is told."""

    def __post_init__(self) -> None:
        self.access.admit(self.address)

    @property
    def rules(self) -> Rules:
        """How to learn."""
        return Rules(self.veto, self.by_arrival)
