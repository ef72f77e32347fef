"""DuckDB groups, worker processes map: one machine, whatever the number of pages.

The rows go to a database file in a temporary folder, and what does not fit into memory while they
are grouped is spilled beside it. A script that uses this needs the usual ``if __name__ ==
"__main__":``, for its workers import it.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa

from cleaner.integrations.pages import ParquetPages, read_part
from cleaner.learn.templates.grouping import Grouping
from cleaner.learn.templates.miner import Batches, Step
from cleaner.threads import one_thread

_SQL = {"sum": "sum", "min": "min", "max": "max", "or": "bit_or", "first": "min"}
# Starting workers takes as long as this many batches, or parts of files.
_NOT_WORTH_IT = 2
_AHEAD = 3

Source = Callable[..., Iterable[pa.RecordBatch]]


@dataclass(frozen=True, slots=True)
class DuckDB:
    """An `Engine`."""

    workers: int = 0
    """Processes that map; 0 for one on each core."""
    memory: str = "1GB"
    """What DuckDB may take before it spills; the workers and the result come on top."""
    folder: Path | None = None
    """Where the temporary folder is made; None for the system's place."""

    def run(self, batches: Batches, step: Step, grouping: Grouping) -> pa.Table:
        """Return the rows of `step` over all batches, combined, in order of the keys."""
        with (
            TemporaryDirectory(dir=self.folder, prefix="templates-") as folder,
            duckdb.connect(f"{folder}/rows.duckdb", config=self._settings(folder)) as database,
        ):
            database.execute(_create(grouping))
            for rows in _mapped(batches, step, self.workers or os.cpu_count() or 1):
                database.register("part", rows)
                database.execute("INSERT INTO mapped SELECT * FROM part")
                database.unregister("part")
            found = database.sql(_select(grouping)).to_arrow_table()
        return found.cast(grouping.schema)

    def _settings(self, folder: str) -> dict[str, str | bool | int | float | list[str]]:
        return {
            "memory_limit": self.memory,
            "temp_directory": f"{folder}/spilled",
            "preserve_insertion_order": False,
        }


def _create(grouping: Grouping) -> str:
    columns = [f'"{key}" BIGINT' for key in grouping.keys]
    columns += [
        f'"{name}" {"VARCHAR" if way == "first" else "BIGINT"}' for name, way in grouping.columns
    ]
    return f"CREATE TABLE mapped ({', '.join(columns)})"


def _select(grouping: Grouping) -> str:
    """Return the grouping in SQL; its names are a programmer's, not a caller's."""
    keys = ", ".join(f'"{key}"' for key in grouping.keys)
    combined = {
        name: f'{_SQL[way]}(mapped."{name}")' + ("" if way == "first" else "::BIGINT")
        for name, way in grouping.columns
    }
    columns = ", ".join(f'{combined[name]} AS "{name}"' for name in combined)
    sql = f"SELECT {keys}, {columns} FROM mapped GROUP BY {keys}"  # noqa: S608 # as said
    if rare := grouping.rare:
        sql += f' HAVING {combined[rare.column]} >= {rare.below} OR "{rare.key}" = {rare.but}'
    return f"{sql} ORDER BY {keys}"


def _mapped(batches: Batches, step: Step, workers: int) -> Iterator[pa.Table]:
    """Yield the rows of `step`, as they come."""
    tasks: Iterator[tuple[object, ...]]
    if isinstance(batches, ParquetPages):
        source: Source = read_part
        tasks = ((*part, batches.rows) for part in batches.parts())
    else:
        source, tasks = _given, ((batch,) for batch in batches())
    first = list(islice(tasks, _NOT_WORTH_IT + 1))
    if workers == 1 or len(first) <= _NOT_WORTH_IT:
        for task in chain(first, tasks):
            yield from map(step, source(*task))
        return
    one_thread()
    with ProcessPoolExecutor(workers, get_context("spawn"), _take, (step, source)) as pool:
        waiting: deque[Future[list[pa.Table]]] = deque()
        for task in chain(first, tasks):
            waiting.append(pool.submit(_work, *task))
            if len(waiting) >= _AHEAD * workers:  # no more batches in memory than that
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()


def _given(batch: pa.RecordBatch) -> Iterable[pa.RecordBatch]:
    return (batch,)


_taken: list[tuple[Step, Source]] = []


def _take(step: Step, source: Source) -> None:
    """Keep what a worker does with all its tasks: candidates are sent once."""
    _taken[:] = [(step, source)]


def _work(*task: object) -> list[pa.Table]:
    step, source = _taken[0]
    return [step(batch) for batch in source(*task)]
