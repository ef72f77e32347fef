"""Pages in Parquet files: read where they are worked on, not by who starts the work."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq

from cleaner.learn.templates.miner import Batches
from cleaner.learn.templates.passes import PAGES

ROWS = 512
"""Pages of a batch. More of one publisher's make fewer rows; each costs a worker some memory."""


@dataclass(frozen=True, slots=True)
class ParquetPages:
    """Pages in Parquet files with columns of `PAGES`; those that a file lacks are empty."""

    paths: tuple[str, ...]
    """Where every worker can read them."""
    rows: int = ROWS

    def __call__(self) -> Iterator[pa.RecordBatch]:
        """Yield all pages."""
        for part in self.parts():
            yield from read_part(*part, self.rows)

    def __len__(self) -> int:
        """Return how many pages there are."""
        return sum(pq.read_metadata(path).num_rows for path in self.paths)

    def parts(self) -> Iterator[tuple[str, int]]:
        """Yield the file and number of each row group: what one worker reads at once."""
        for path in self.paths:
            with pq.ParquetFile(path) as file:
                groups = file.num_row_groups
            yield from ((path, group) for group in range(groups))


def read_part(path: str, group: int, rows: int) -> Iterator[pa.RecordBatch]:
    """Yield the pages of one row group."""
    with pq.ParquetFile(path) as file:
        known = [name for name in PAGES.names if name in file.schema_arrow.names]
        for batch in file.iter_batches(rows, row_groups=[group], columns=known):
            yield as_pages(batch)


def as_pages(batch: pa.RecordBatch | pa.Table) -> pa.RecordBatch:
    """Return `batch` with the columns of `PAGES` and no other."""
    columns = [
        _column(batch, field) if field.name in batch.schema.names
        else pa.nulls(batch.num_rows, field.type)
        for field in PAGES
    ]  # fmt: skip
    return pa.RecordBatch.from_arrays(columns, schema=PAGES)


def _column(batch: pa.RecordBatch | pa.Table, field: pa.Field) -> pa.Array:
    column = batch.column(field.name).cast(field.type)
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


@contextmanager
def stored(batches: Batches, folder: Path | None) -> Iterator[ParquetPages]:
    """Give `batches` as Parquet files, writing them to a folder in `folder` unless they are.

    On several machines `folder` is one that all of them see.
    """
    if isinstance(batches, ParquetPages):
        yield batches
        return
    with TemporaryDirectory(dir=folder, prefix="pages-") as name:
        path = str(Path(name) / "pages.parquet")
        _write(batches(), path)
        yield ParquetPages((path,))


def _write(batches: Iterable[pa.RecordBatch], path: str) -> None:
    with pq.ParquetWriter(path, PAGES, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(as_pages(batch))
