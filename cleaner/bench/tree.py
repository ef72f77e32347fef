"""What a process and all it starts take: peak memory and processor time, from ``/proc`` (Linux).

Memory that processes share counts once (proportional set size). What a process took after the
last look at it is missed, a fraction of a second each.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_EACH = 0.3


@dataclass(slots=True)
class Taken:
    """What was taken so far."""

    megabytes: float = 0.0
    """The most at one time."""
    cpu: dict[int, float] = field(default_factory=dict)
    """Seconds by process."""

    @property
    def cpu_seconds(self) -> float:
        """Of all processes together."""
        return sum(self.cpu.values())


def watched(command: list[str]) -> tuple[int, float, Taken]:
    """Run `command` to its end; return its exit code, wall seconds, and what its tree took."""
    start, taken = time.perf_counter(), Taken()
    process = subprocess.Popen(command)  # noqa: S603 # our own command
    while process.poll() is None:
        _look(process.pid, taken)
        time.sleep(_EACH)
    return process.returncode, time.perf_counter() - start, taken


def _look(root: int, taken: Taken) -> None:
    memory = 0.0
    for pid in _tree(root):
        try:
            after = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
            taken.cpu[pid] = (int(after[11]) + int(after[12])) / _TICK
            memory += _proportional(pid)
        except OSError:
            continue  # it has ended
    taken.megabytes = max(taken.megabytes, memory)


def _proportional(pid: int) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1000
    return 0.0


def _tree(root: int) -> list[int]:
    """Return `root` and all that descend from it."""
    children: dict[int, list[int]] = defaultdict(list)
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                after = (entry / "stat").read_text("utf-8").rpartition(")")[2].split()
            except OSError:
                continue
            children[int(after[1])].append(int(entry.name))
    found = [root]
    for pid in found:
        found += children[pid]
    return found
