"""Resident memory of a service over time, and which of its processes live (Linux, ``/proc``)."""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from pathlib import Path

_EACH = 1.0
_WARM_UP = 0.3
_WINDOW_SECONDS = 30.0
_PAGE = os.sysconf("SC_PAGE_SIZE") / 1e6


class Memory:
    """Looks at a front and its workers once a second."""

    def __init__(self, front: int) -> None:
        self._front = front
        self._rows: list[tuple[float, float, float]] = []
        self.seen: set[int] = set()
        """Every worker that there has been."""

    async def watch(self) -> None:
        """Look until cancelled."""
        while True:
            workers = descendants(self._front)
            self.seen.update(workers)
            sizes = [size for size in map(resident, workers) if size]
            # One that is starting is still small.
            row = time.monotonic(), resident(self._front), statistics.median(sizes or [0.0])
            if row[1] and sizes:
                self._rows.append(row)
            await asyncio.sleep(_EACH)

    def lows(self) -> dict[str, list[float]]:
        """Return the least megabytes of each half minute, of the front and of the median worker.

        A stalled stream may hold tens of megabytes, as it may; a leak is what stays after it.
        """
        windows: dict[int, list[tuple[float, float, float]]] = {}
        for row in self._rows:
            windows.setdefault(int((row[0] - self._rows[0][0]) / _WINDOW_SECONDS), []).append(row)
        return {
            name: [round(min(row[at] for row in rows), 2) for rows in windows.values()]
            for at, name in ((1, "front"), (2, "worker"))
        }

    def slopes(self) -> dict[str, float]:
        """Return by how many megabytes a minute the `lows` rise after warm-up."""
        found = {}
        for name, lows in self.lows().items():
            late = lows[int(len(lows) * _WARM_UP) :]
            minutes = [at * _WINDOW_SECONDS / 60 for at in range(len(late))]
            found[name] = slope(minutes, late)
        return found


def slope(times: list[float], values: list[float]) -> float:
    """Return the least-squares slope; 0 for fewer than three points."""
    if len(times) < 3:
        return 0.0
    return statistics.linear_regression(times, values).slope


def resident(pid: int) -> float:
    """Return megabytes; 0 for a process that has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text("utf-8").split()[1]) * _PAGE
    except OSError:
        return 0.0


def descendants(pid: int) -> list[int]:
    """Return the children of a process, whichever of its threads started them."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, task.read_text("utf-8").split())
        except OSError:
            continue
    return found


def alive(pid: int) -> bool:
    """Whether a process lives; one that has ended and was not collected counts as well."""
    return Path(f"/proc/{pid}").exists()
