"""The engines that templates can be learned with, by name; each is imported when it is wanted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from cleaner.errors import CleanerError

if TYPE_CHECKING:
    from cleaner.learn.templates.miner import Engine

ENGINES = {
    "here": ("cleaner.learn.templates.miner", "Here", "learn"),
    "duckdb": ("cleaner.integrations.duckdb", "DuckDB", "learn"),
    "ray": ("cleaner.integrations.ray", "Ray", "ray"),
    "spark": ("cleaner.integrations.spark", "Spark", "spark"),
}
"""Module, class and the extra that brings what it needs."""


def engine_of(name: str, workers: int) -> Engine:
    """Return the engine `name`; '' for DuckDB or, without it, this process.

    Raises:
        CleanerError: what it needs is not installed.
    """
    name = name or ("duckdb" if _is_there("duckdb") else "here")
    module, kind, extra = ENGINES[name]
    with needs(extra, f"the engine {name}"):
        made = getattr(import_module(module), kind)
        engine: Engine = made() if name == "here" else made(workers)
    return engine


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
