"""``python -m cleaner.bench.scale``: what learning takes as pages grow, engine by engine.

Each engine learns from the same generated pages in a process of its own. Seconds are of the whole
run but for the start of interpreter, Ray or Java, which stands beside; the memory is the peak of
the process and all it starts. ``--bundle`` measures loading a bundle of many publishers, and
cleaning with it. Machines drift: only ratios within one run mean much.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa

from cleaner.bench.generated import Corpus, write
from cleaner.bench.tree import watched
from cleaner.integrations.pages import ParquetPages
from cleaner.learn.templates.judge import judge
from cleaner.learn.templates.miner import Engine, Here, recurring, with_support
from cleaner.learn.templates.passes import SIGHTINGS, UNITS, count, look
from cleaner.learn.templates.support import DEFAULT
from cleaner.threads import one_thread

_HEAD = (
    f"{'engine':<8}{'pages':>9}{'start s':>9}{'count s':>9}{'look s':>9}{'pages/s':>9}"
    f"{'/ duckdb':>9}{'judge s':>9}{'CPU s':>7}{'peak MB':>9}  rows\n"
)


@dataclass(frozen=True, slots=True)
class Row:
    """One engine on one number of pages."""

    engine: str
    pages: int
    start: float
    """Seconds until it could begin: interpreter, Ray, Java."""
    count: float
    """Seconds of the first pass."""
    look: float
    """Seconds of the second."""
    judge: float
    """Seconds of what happens in one process, whatever the engine; 0 where it was left out."""
    cpu: float
    """Processor seconds of everything."""
    megabytes: float
    """At the peak, of all processes."""
    digest: str
    """Of the rows of both passes: the same for all engines."""

    @property
    def seconds(self) -> float:
        """Of both passes: what the engine is there for."""
        return self.count + self.look


def main() -> None:
    """Measure, print the tables, write the figures to ``--json``."""
    one_thread()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, nargs="*", default=[1_000, 10_000])
    parser.add_argument("--engines", nargs="*", choices=[*ENGINES], default=["duckdb"])
    parser.add_argument("--publishers", type=int, default=100)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--passes", action="store_true", help="leave the judging out")
    parser.add_argument("--bundle", action="store_true", help="measure a bundle, too")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--job", nargs=3, metavar=("ENGINE", "FOLDER", "OUT"), help="one alone")
    given = parser.parse_args()
    if given.job:
        _job(given.job[0], Path(given.job[1]), Path(given.job[2]), given)
        return
    sys.stdout.write(_HEAD)
    rows = [row for pages in given.pages for row in _measure(pages, given)]
    figures: dict[str, object] = {"engines": [asdict(row) for row in rows]}
    if given.bundle:
        from cleaner.bench.bundles import measure

        figures["bundle"] = measure()
    if given.json:
        given.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def _measure(pages: int, given: argparse.Namespace) -> Iterator[Row]:
    """Yield a row for each engine, printing it: a long run shows what it has."""
    with tempfile.TemporaryDirectory(prefix="scale-") as name:
        folder = Path(name)
        write(Corpus(pages, publishers=given.publishers), folder)
        base = 0.0
        for engine in given.engines:
            row = _watched(engine, pages, folder, given)
            base = row.seconds if engine == "duckdb" else base
            sys.stdout.write(_line(row, base))
            sys.stdout.flush()
            yield row


def _line(row: Row, base: float) -> str:
    ratio = f"{row.seconds / base:.2f}" if base else ""
    return (
        f"{row.engine:<8}{row.pages:>9}{row.start:>9.1f}{row.count:>9.1f}{row.look:>9.1f}"
        f"{row.pages / row.seconds:>9.0f}{ratio:>9}{row.judge:>9.1f}{row.cpu:>7.0f}"
        f"{row.megabytes:>9.0f}  {row.digest}\n"
    )


def _watched(engine: str, pages: int, folder: Path, given: argparse.Namespace) -> Row:
    out = folder / f"{engine}.json"
    job = ["--job", engine, str(folder), str(out), "--workers", str(given.workers)]
    job += ["--passes"] if given.passes else []
    code, wall, taken = watched([sys.executable, "-m", "cleaner.bench.scale", *job])
    if code:
        raise SystemExit(f"{engine} ended with {code}")
    told = json.loads(out.read_text("utf-8"))
    start = wall - told["count"] - told["look"] - told["judge"]
    return Row(engine, pages, start, cpu=taken.cpu_seconds, megabytes=taken.megabytes, **told)


def _job(engine: str, folder: Path, out: Path, given: argparse.Namespace) -> None:
    pages = ParquetPages(tuple(str(path) for path in sorted(folder.glob("*.parquet"))))
    with ENGINES[engine](given.workers) as running:
        times = [time.perf_counter()]
        units = running.run(pages, count, UNITS)
        times.append(time.perf_counter())
        supported = with_support(units)
        often = recurring(supported, DEFAULT)
        sightings = running.run(pages, partial(look, candidates=often), SIGHTINGS)
        times.append(time.perf_counter())
        if not given.passes:
            judge(supported, sightings, DEFAULT)
        times.append(time.perf_counter())
    told = {"count": times[1] - times[0], "look": times[2] - times[1], "judge": times[3] - times[2]}
    told["judge"] *= not given.passes
    out.write_text(json.dumps(told | {"digest": _digest(units, sightings)}), encoding="utf-8")


def _digest(*tables: pa.Table) -> str:
    found = hashlib.sha256()
    for table in tables:
        found.update(str(table.num_rows).encode())
        for column in table.itercolumns():
            for buffer in column.combine_chunks().buffers():
                found.update(buffer or b"")
    return found.hexdigest()[:12]


@contextmanager
def _here(workers: int) -> Iterator[Engine]:
    yield Here()


@contextmanager
def _duckdb(workers: int) -> Iterator[Engine]:
    from cleaner.integrations.duckdb import DuckDB

    yield DuckDB(workers=workers)


@contextmanager
def _ray(workers: int) -> Iterator[Engine]:
    import ray

    from cleaner.integrations.ray import Ray

    ray.init(num_cpus=workers, include_dashboard=False, log_to_driver=False)
    ray.data.DataContext.get_current().enable_progress_bars = False
    try:
        yield Ray()
    finally:
        ray.shutdown()


@contextmanager
def _spark(workers: int) -> Iterator[Engine]:
    from pyspark.sql import SparkSession

    from cleaner.integrations.spark import Spark

    os.environ["PYSPARK_PYTHON"] = sys.executable
    settings = {
        "spark.ui.enabled": "false",
        "spark.driver.memory": "2g",
        "spark.sql.shuffle.partitions": str(2 * workers),
        "spark.sql.execution.arrow.maxRecordsPerBatch": "512",
    }
    session = SparkSession.builder.master(f"local[{workers}]").config(map=settings).getOrCreate()
    try:
        yield Spark(session)
    finally:
        session.stop()


ENGINES: dict[str, Callable[[int], AbstractContextManager[Engine]]] = {
    "here": _here,
    "duckdb": _duckdb,
    "ray": _ray,
    "spark": _spark,
}

if __name__ == "__main__":
    main()
