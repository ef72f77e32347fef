"""What an operator may set."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from cleaner.ingest.limits import Limits
from cleaner.learn.templates.learner import Rules
from cleaner.learn.templates.store import StoreLimits

MIB = 1024 * 1024


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
    document_seconds: float = 30.0
    """A document that takes longer costs its worker, and gets DEADLINE_EXCEEDED."""
    start_seconds: float = 60.0
    """How long a worker may take to start."""
    drain_seconds: float = 0.1
    """How long a worker may go on with a document whose caller has left."""
    grace_seconds: float = 30.0
    """How long calls in flight may go on when the service is told to stop."""
    bundle: str = ""
    """File of learned templates. It is watched, and taken up anew when it changes; '' for none."""
    bundle_seconds: float = 1.0
    """How often to look whether it has changed."""
    kept_rulesets: int = 3
    """Rulesets that stay loaded, the present one included, for callers who pin a version."""

    def __post_init__(self) -> None:
        for name in ("workers", "max_message_bytes", "max_items", "document_seconds",
                     "bundle_seconds", "kept_rulesets"):  # fmt: skip
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be positive, not {getattr(self, name)}")


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
