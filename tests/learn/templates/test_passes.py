"""How pages are divided into batches changes nothing."""

from __future__ import annotations

from functools import partial

import pyarrow as pa
import pytest

from cleaner.bench.generated import Corpus, batches
from cleaner.learn.templates.grouping import Grouping
from cleaner.learn.templates.miner import Here, Step, recurring, with_support
from cleaner.learn.templates.passes import SIGHTINGS, UNITS, WHOLE_PAGE, count, look
from cleaner.learn.templates.support import DEFAULT

PAGES = pa.Table.from_batches(batches(Corpus(60, publishers=3, undated_each=4, again_each=5)))


def in_batches(rows: int) -> list[pa.RecordBatch]:
    return PAGES.combine_chunks().to_batches(max_chunksize=rows)


def steps() -> list[tuple[Step, Grouping]]:
    units = with_support(Here().run(lambda: in_batches(60), count, UNITS))
    return [(count, UNITS), (partial(look, candidates=recurring(units, DEFAULT)), SIGHTINGS)]


@pytest.mark.parametrize("number", [0, 1], ids=["count", "look"])
@pytest.mark.parametrize("rows", [1, 7])
def test_pages_together_give_what_they_give_alone(number: int, rows: int) -> None:
    step, grouping = steps()[number]
    whole = step(PAGES.combine_chunks().to_batches()[0])
    parts = [step(batch) for batch in in_batches(rows)]
    assert whole.num_rows > 60
    assert grouping.combine(pa.concat_tables(parts)).equals(whole)
    assert grouping.combine(pa.concat_tables(parts[::-1])).equals(whole)


def test_what_stands_on_one_page_is_left_out_of_the_result_but_for_the_pages_themselves() -> None:
    every = UNITS.combine(pa.concat_tables([count(batch) for batch in in_batches(7)]))
    found = Here().run(lambda: in_batches(7), count, UNITS)
    rows = every.to_pylist()
    assert found.to_pylist() == [r for r in rows if r["pages"] > 1 or r["unit"] == WHOLE_PAGE]
    assert found.num_rows < every.num_rows / 2


def test_pages_that_cannot_be_read_are_passed_over() -> None:
    bad = PAGES.slice(0, 2).to_pylist()
    bad[0]["text"] = "a\n" * 200_001
    bad[1]["url"] = None
    table = pa.Table.from_pylist(bad + PAGES.to_pylist(), schema=PAGES.schema)
    assert count(table.combine_chunks().to_batches()[0]).equals(count(in_batches(60)[0]))
