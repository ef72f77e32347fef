"""PySpark: learning and cleaning in a Spark session that the caller has made.

Each executor's Python needs this package. Spark needs Java 17 or later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 # as everybody calls it

from cleaner.integrations.arrow import clean_batch
from cleaner.integrations.pages import as_pages, stored
from cleaner.learn.templates.grouping import Grouping
from cleaner.learn.templates.miner import Batches, Step
from cleaner.learn.templates.passes import PAGES
from cleaner.profiles import Options

_AGGREGATE: dict[str, Callable[[str], Column]] = {
    "sum": F.sum,
    "min": F.min,
    "max": F.max,
    "or": F.bit_or,
    "first": F.min,
}
_CLEANED = (
    "id string, text string, removed array<struct<start: bigint, end: bigint, category: string, "
    "confidence: double, detector: string, rule: string>>, ruleset_version string, "
    "warnings array<string>, error string"
)


@dataclass(frozen=True, slots=True)
class Spark:
    """An `Engine`: Spark's own aggregates, which combine before and after the shuffle.

    The session's ``spark.sql.execution.arrow.maxRecordsPerBatch`` says how many pages a batch has.
    """

    session: SparkSession
    folder: Path | None = None
    """Where all nodes see pages that are not in files yet."""

    def run(self, batches: Batches, step: Step, grouping: Grouping) -> pa.Table:
        """Return the rows of `step` over all batches, combined, in order of the keys."""
        with stored(batches, self.folder) as pages:
            frame = self.session.read.parquet(*pages.paths)
            mapped = frame.select([name for name in PAGES.names if name in frame.columns])
            rows = mapped.mapInArrow(partial(_mapped, step=step), _schema(grouping))
            grouped = rows.groupBy(*grouping.keys).agg(
                *(_AGGREGATE[way](name).alias(name) for name, way in grouping.columns)
            )
            if rare := grouping.rare:
                often = F.col(rare.column) >= rare.below
                grouped = grouped.where(often | (F.col(rare.key) == rare.but))
            found = grouped.select(*grouping.schema.names).toArrow()
        return grouping.result([found.cast(grouping.schema)])


def _schema(grouping: Grouping) -> str:
    return ", ".join(
        f"{field.name} {'string' if field.type == pa.string() else 'bigint'}"
        for field in grouping.schema
    )


def _mapped(batches: Iterable[pa.RecordBatch], step: Step) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        yield from step(as_pages(batch)).combine_chunks().to_batches()


def clean(documents: DataFrame, options: Options = Options(), bundle_path: str = "") -> DataFrame:
    """Return the answers for a table of documents; see `clean_batch` for the columns."""
    return documents.mapInArrow(
        partial(_cleaned, options=options, bundle_path=bundle_path), _CLEANED
    )


def _cleaned(
    batches: Iterable[pa.RecordBatch], options: Options, bundle_path: str
) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        yield clean_batch(batch, options, bundle_path)
