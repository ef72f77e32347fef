"""Rows combined early, late, in any order: the same to the bit."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaner.learn.templates.grouping import Grouping, distinct, marks

GROUPING = Grouping(
    ("key", "part"),
    (("n", "sum"), ("set", "or"), ("low", "min"), ("high", "max"), ("text", "first")),
)
number = st.integers(-(2**62), 2**62)
rows = st.lists(
    st.fixed_dictionaries(
        {"key": st.integers(-2, 2), "part": st.integers(0, 1), "n": st.integers(0, 9), "set": number, "low": number, "high": number, "text": st.text(st.characters(codec="utf-8"), max_size=3)}
    ),
    max_size=30,
)  # fmt: skip


@given(rows, st.integers(0, 30), st.randoms())
def test_combining_twice_is_combining_once(
    found: list[dict[str, object]], cut: int, luck: object
) -> None:
    whole = pa.Table.from_pylist(found, schema=GROUPING.schema)
    once = GROUPING.combine(whole)
    shuffled = list(found)
    luck.shuffle(shuffled)  # type: ignore[attr-defined]
    parts = [
        GROUPING.combine(pa.Table.from_pylist(part, schema=GROUPING.schema))
        for part in (shuffled[:cut], shuffled[cut:])
    ]
    assert GROUPING.combine(pa.concat_tables(parts)).equals(once)
    keys = list(zip(once["key"].to_pylist(), once["part"].to_pylist(), strict=True))
    assert keys == sorted(set(keys))
    assert sum(once["n"].to_pylist()) == sum(row["n"] for row in found)  # type: ignore[misc]


@pytest.mark.parametrize("count", [1, 2, 3, 5, 10, 30])
def test_sets_of_marks_tell_about_how_many(count: int) -> None:
    values = np.arange(count * 7, step=7, dtype=np.int64)
    whole = np.bitwise_or.reduce(marks(values))
    (told,) = distinct(np.array([whole]))
    assert abs(told - count) <= max(1, count // 5)
    assert distinct(np.array([0])) == 0
