"""A service whose workers die, hang or stumble over documents that say so."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cleaner.serve import server
from cleaner.serve.server import Running, running_server
from cleaner.serve.settings import ServeSettings
from cleaner.serve.spawn import spawn

POISONED = Path(__file__).parent / "poisoned"


@contextmanager
def poisoned_server(**settings: Any) -> Iterator[Running]:
    """Run one with two workers and a second for each document, unless told otherwise."""
    patch = pytest.MonkeyPatch()
    patch.setattr(sys, "path", [*sys.path, str(POISONED)])
    patch.setattr(server, "spawn", lambda _, *given, **fds: spawn("poisoned_front", *given, **fds))
    given = {"address": "127.0.0.1:0", "workers": 2, "document_seconds": 1.0, **settings}
    try:
        with running_server(ServeSettings(**given)) as running:
            yield running
    finally:
        patch.undo()


def children_of(pid: int) -> list[int]:
    """Return the process ids of the workers of a front, the one in reserve included."""
    return [int(row) for row in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def memory_of(pid: int, what: str = "VmRSS") -> int:
    """Return how many bytes a process holds, or (``VmHWM``) has held at most."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{what}:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(what)
