"""The engines that templates can be learned with, by name; each is imported when it is wanted."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from cleaner.errors import CleanerError

if TYPE_CHECKING:
    from cleaner.learn.templates.miner import Engine

_QUIET = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
}


@contextmanager
def engine_of(name: str, workers: int) -> Iterator[Engine]:
    """Yield the engine `name`, and stop what was started for it; '' for the usual one.

    Raises:
        CleanerError: what it needs is not installed.
    """
    name = name or ("duckdb" if _is_there("duckdb") else "here")
    start, extra = ENGINES[name]
    with ExitStack() as started:
        with needs(extra, f"the engine {name}"):
            engine = started.enter_context(start(workers))
        yield engine


@contextmanager
def needs(extra: str, what: str) -> Iterator[None]:
    """Tell what to install where an import inside fails.

    Raises:
        CleanerError: in place of the import's error.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise CleanerError(
            f"{what} needs {error.name}; install it with: pip install 'boilerstrip[{extra}]'"
        ) from None


def _is_there(name: str) -> bool:
    return find_spec("cleaner.integrations") is not None and all(
        find_spec(module) is not None for module in (name, f"cleaner.integrations.{name}")
    )


@contextmanager
def _here(workers: int) -> Iterator[Engine]:
    yield import_module("cleaner.learn.templates.miner").Here()


@contextmanager
def _duckdb(workers: int) -> Iterator[Engine]:
    yield import_module("cleaner.integrations.duckdb").DuckDB(workers)


@contextmanager
def _ray(workers: int) -> Iterator[Engine]:
    """Start Ray on this machine, unless the environment names a cluster."""
    ray, made = import_module("ray"), import_module("cleaner.integrations.ray").Ray()
    own = {} if os.environ.get("RAY_ADDRESS") else {"num_cpus": workers, "include_dashboard": False}
    ray.init(log_to_driver=False, configure_logging=False, **own)
    try:
        yield made
    finally:
        ray.shutdown()


@contextmanager
def _spark(workers: int) -> Iterator[Engine]:
    """Start Spark on this machine, unless `spark-submit` has named a master."""
    pyspark, sql = import_module("pyspark"), import_module("pyspark.sql")
    kind = import_module("cleaner.integrations.spark").Spark
    if not shutil.which("java") and "JAVA_HOME" not in os.environ:
        raise CleanerError("the engine spark needs Java 17, from the system's packages")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = sql.SparkSession.builder.config(map=_QUIET)
    if not pyspark.SparkConf().contains("spark.master"):
        builder = builder.master(f"local[{workers}]")
    session = builder.getOrCreate()
    try:
        yield kind(session)
    finally:
        session.stop()


ENGINES: dict[str, tuple[Callable[[int], AbstractContextManager[Engine]], str]] = {
    "here": (_here, "learn"),
    "duckdb": (_duckdb, "learn"),
    "ray": (_ray, "ray"),
    "spark": (_spark, "spark"),
}
"""What starts each with a number of workers, and the extra that brings what it needs."""
