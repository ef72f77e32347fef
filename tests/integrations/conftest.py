"""Engines as users start them: really, here, with two workers. What is not installed is skipped."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cleaner.bench.generated import Corpus, batches
from cleaner.detect.templates.bundle import Bundle
from cleaner.integrations.pages import ParquetPages
from cleaner.learn.templates.miner import Here, mine
from cleaner.learn.templates.passes import PAGES

HOW = "make test-engines installs it"


@pytest.fixture(scope="session")
def ray_started() -> Iterator[None]:
    ray = pytest.importorskip("ray", reason=f"Ray is not installed: {HOW}")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False)
    yield
    ray.shutdown()


@pytest.fixture(scope="session")
def spark_session() -> Iterator[object]:
    sql = pytest.importorskip("pyspark.sql", reason=f"PySpark is not installed: {HOW}")
    if not shutil.which("java") and "JAVA_HOME" not in os.environ:
        pytest.skip("Spark needs Java 17: apt-get install openjdk-17-jre-headless")
    os.environ["PYSPARK_PYTHON"] = sys.executable
    settings = {
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "3",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "60",
    }
    session = sql.SparkSession.builder.master("local[2]").config(map=settings).getOrCreate()
    yield session
    session.stop()


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> ParquetPages:
    """Return pages of five publishers: text, markup, stories told twice, no dates, some bad ones."""
    folder = tmp_path_factory.mktemp("pages")
    corpus = Corpus(300, publishers=5, undated_each=4, again_each=6, html_each=5)
    table = pa.Table.from_batches(batches(corpus, 100))
    bad = [
        {"id": "too many lines", "url": "https://www.example.org/1", "text": "a\n" * 200_001},
        {"id": "nobody's", "text": "A page of which nobody tells whose it is."},
        {"id": "empty", "url": "https://www.example.org/2"},
        {"id": "no markup", "url": "https://www.example.org/3", "html": b"\x00\xff<<<"},
    ]
    half = table.num_rows // 2
    paths = []
    for number, part in enumerate((table.slice(0, half), table.slice(half))):
        whole = pa.concat_tables([part, pa.Table.from_pylist(bad, schema=PAGES)])
        paths.append(str(folder / f"{number}.parquet"))
        pq.write_table(whole, paths[-1], row_group_size=70)
    return ParquetPages(tuple(paths), rows=40)


@pytest.fixture(scope="session")
def saved(pages: ParquetPages, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the bundle that this process learns from the pages."""
    mined = mine(pages, Here())
    assert {template.accepted for template in mined.templates} == {True, False}
    path = tmp_path_factory.mktemp("learned") / "here.bundle"
    Bundle.of(mined.templates).save(path)
    return path
