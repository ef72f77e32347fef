"""One corpus, all engines: the same bundle, to the byte."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest

from cleaner.detect.templates.bundle import Bundle
from cleaner.integrations.duckdb import DuckDB
from cleaner.integrations.pages import ParquetPages, as_pages
from cleaner.learn.templates.grouping import Grouping, Rare
from cleaner.learn.templates.miner import Engine, Here, mine
from cleaner.learn.templates.passes import PAGES, UNITS, count

Request = pytest.FixtureRequest


def duckdb(request: Request) -> Engine:
    return DuckDB(workers=2, memory="100MB")


def ray(request: Request) -> Engine:
    request.getfixturevalue("ray_started")
    from cleaner.integrations.ray import Ray

    return Ray(buckets=3)


def spark(request: Request) -> Engine:
    session = request.getfixturevalue("spark_session")
    from cleaner.integrations.spark import Spark

    return Spark(session)


every_engine = pytest.mark.parametrize("engine", [duckdb, ray, spark], ids=lambda e: e.__name__)
MakeEngine = Callable[[Request], Engine]


@every_engine
def test_an_engine_learns_the_same_bundle_to_the_byte(
    engine: MakeEngine, request: Request, pages: ParquetPages, saved: Path, tmp_path: Path
) -> None:
    mined = mine(pages, engine(request))
    Bundle.of(mined.templates).save(tmp_path / "bundle")
    assert (tmp_path / "bundle").read_bytes() == saved.read_bytes()


EXTREMES = Grouping(
    ("a", "b"),
    (("sum", "sum"), ("min", "min"), ("max", "max"), ("or", "or"), ("first", "first")),
    Rare("sum", 0, "b", 9),
)
# The sums are 0, however many batches an engine makes.
LEAST, MOST = -(2**63), 2**63 - 1
ROWS = [
    {"a": LEAST, "b": MOST, "sum": 7, "min": MOST, "max": LEAST, "or": LEAST, "first": "é"},
    {"a": LEAST, "b": MOST, "sum": -4, "min": LEAST, "max": MOST, "or": 1, "first": "z\x01"},
    {"a": LEAST, "b": MOST, "sum": -3, "min": 0, "max": 0, "or": -1, "first": "z"},
    {"a": 7, "b": 9, "sum": -2, "min": 1, "max": 1, "or": 4, "first": "\U00010000"},
    {"a": 7, "b": 9, "sum": 2, "min": 1, "max": 1, "or": 4, "first": "\uff5e"},
    {"a": 0, "b": -1, "sum": 3, "min": 1, "max": 1, "or": 2, "first": ""},
    {"a": 0, "b": -1, "sum": -3, "min": 1, "max": 1, "or": 4, "first": "\U0001f600"},
    {"a": 0, "b": 5, "sum": -9, "min": 1, "max": 1, "or": 4, "first": "rare"},
]


@every_engine
def test_an_engine_groups_signed_extremes_and_texts_by_bytes(
    engine: MakeEngine, request: Request, pages: ParquetPages
) -> None:
    rows = SimpleNamespace(rows=pa.Table.from_pylist(ROWS, schema=EXTREMES.schema))
    step = partial(getattr, rows, "rows")  # the same ones for each batch, in any process
    found = engine(request).run(pages, step, EXTREMES)
    assert found.equals(Here().run(pages, step, EXTREMES))
    assert found["first"].to_pylist() == ["z", "", "\uff5e"]
    assert found["or"].to_pylist() == [-1, 6, 4]
    assert found["a"].to_pylist() == [LEAST, 0, 7]


@every_engine
def test_an_engine_takes_batches_that_are_in_no_file(
    engine: MakeEngine, request: Request, pages: ParquetPages
) -> None:
    some = list(pages())[:4]
    found = engine(request).run(lambda: iter(some), count, UNITS)
    assert found.num_rows > 5
    assert found.equals(Here().run(lambda: iter(some), count, UNITS))


@every_engine
def test_no_pages_are_no_rows(engine: MakeEngine, request: Request) -> None:
    empty = PAGES.empty_table().to_batches() or [pa.RecordBatch.from_pylist([], schema=PAGES)]
    assert engine(request).run(lambda: iter(empty), count, UNITS).equals(UNITS.schema.empty_table())


def test_pages_lack_columns_and_have_others() -> None:
    table = pa.table({"text": ["a"], "url": ["https://example.org"], "day": [3], "size": [1]})
    found = as_pages(table)
    assert found.schema == PAGES
    assert found.to_pylist() == [
        {
            "id": None,
            "url": "https://example.org",
            "publisher": None,
            "day": 3,
            "text": "a",
            "html": None,
        }
    ]
