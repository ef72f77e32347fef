"""Ray Data: learning and cleaning on a cluster, or on this machine as if it were one.

Who calls starts Ray (``ray.init``) as it suits the cluster; each node needs this package.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import ray
import ray.data

from cleaner.detect.templates.fingerprint import mix
from cleaner.integrations.arrow import clean_batch
from cleaner.integrations.pages import as_pages, stored
from cleaner.learn.templates.grouping import Grouping, numbers
from cleaner.learn.templates.miner import Batches, Step
from cleaner.profiles import Options

_BUCKET, _OF_NONE = "bucket", -1


@dataclass(frozen=True, slots=True)
class Ray:
    """An `Engine`: rows are shuffled by a bucket of their keys, and each bucket is combined."""

    buckets: int = 0
    """Groups of keys; one must fit into a worker's memory. 0 for four for each core."""
    folder: Path | None = None
    """Where all nodes see pages that are not in files yet."""

    def run(self, batches: Batches, step: Step, grouping: Grouping) -> pa.Table:
        """Return the rows of `step` over all batches, combined, in order of the keys."""
        buckets = self.buckets or 4 * max(int(ray.cluster_resources().get("CPU", 1)), 1)
        with stored(batches, self.folder) as pages:
            if not len(pages):  # nothing would be mapped, and Ray fails to shuffle nothing
                return grouping.schema.empty_table()
            mapped = ray.data.read_parquet(list(pages.paths)).map_batches(
                partial(_mapped, step=step, grouping=grouping, buckets=buckets),
                batch_format="pyarrow",
                batch_size=pages.rows,
                zero_copy_batch=True,
            )
            grouped = mapped.groupby(_BUCKET, num_partitions=buckets).map_groups(
                partial(_combined, grouping=grouping), batch_format="pyarrow"
            )
            parts = ray.get(grouped.to_arrow_refs())
        return grouping.result(part.cast(grouping.schema) for part in parts if part.num_rows)


def _mapped(pages: pa.Table, step: Step, grouping: Grouping, buckets: int) -> pa.Table:
    table = step(as_pages(pages))
    key = np.zeros(table.num_rows, np.uint64)
    for n, name in enumerate(grouping.keys):
        key ^= mix(numbers(table, name), n)
    bucket = (key % np.uint64(buckets)).astype(np.int64)
    # Nor may pages that have no rows be all there are: each batch brings a row of none.
    blank = [0 if field.type == pa.int64() else "" for field in grouping.schema]
    none = pa.table([[value] for value in blank], schema=grouping.schema)
    rows = pa.concat_tables([table, none])
    return rows.append_column(_BUCKET, pa.array(np.append(bucket, _OF_NONE)))


def _combined(rows: pa.Table, grouping: Grouping) -> pa.Table:
    some = rows.filter(pc.not_equal(rows[_BUCKET], _OF_NONE))
    return grouping.result([some.select(grouping.schema.names).cast(grouping.schema)])


def clean(
    documents: ray.data.Dataset, options: Options = Options(), bundle_path: str = "", rows: int = 64
) -> ray.data.Dataset:
    """Return the answers for a dataset of documents; see `clean_batch` for the columns."""
    return documents.map_batches(
        partial(_cleaned, options=options, bundle_path=bundle_path),
        batch_format="pyarrow",
        batch_size=rows,
    )


def _cleaned(rows: pa.Table, options: Options, bundle_path: str) -> pa.Table:
    return pa.Table.from_batches([clean_batch(rows, options, bundle_path)])
