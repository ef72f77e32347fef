"""The one computation behind the miner: rows grouped by key, each column combined in one way.

Every way is associative and exact in whole numbers, so rows may be combined early, in any order
and as often as an engine likes, and the result is the same to the bit. Counts of distinct things
are kept as sets of 64 marks, of which `distinct` tells the number.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Ints = NDArray[np.int64]

_REDUCE = {"sum": np.add, "min": np.minimum, "max": np.maximum, "or": np.bitwise_or}


@dataclass(frozen=True, slots=True)
class Rare:
    """Rows that nobody needs once all are combined, and which are most of all rows."""

    column: str
    """Of whole numbers."""
    below: int
    """Rows with less in that column are rare, ..."""
    key: str
    """... but for those whose key of this name ..."""
    but: int
    """... is this one."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """What rows are grouped by, and how each other column is combined."""

    keys: tuple[str, ...]
    """Columns of 64-bit numbers."""
    columns: tuple[tuple[str, str], ...]
    """Name of each further column and its way: ``sum``, ``min``, ``max``, ``or`` of 64-bit
    numbers; ``first``, the smallest of texts by their bytes."""
    rare: Rare | None = None
    """What is left out of the result; None for nothing."""

    @property
    def schema(self) -> pa.Schema:
        """The schema of its rows."""
        kinds = [
            (name, pa.string() if way == "first" else pa.int64()) for name, way in self.columns
        ]
        return pa.schema([*((key, pa.int64()) for key in self.keys), *kinds])

    def combine(self, table: pa.Table) -> pa.Table:
        """Return one row for each key of `table`, in order of the keys."""
        if not table.num_rows:
            return self.schema.empty_table()
        keys = [numbers(table, key) for key in self.keys]
        texts = [table[name].to_pylist() for name, way in self.columns if way == "first"]
        order = np.lexsort(keys[::-1])
        if texts:
            rank = np.argsort(np.argsort(np.array([t.encode() for t in texts[0]], object)))
            order = np.lexsort([rank, *keys[::-1]])
        new = np.zeros(len(order), bool)
        new[0] = True
        for key in keys:
            new[1:] |= key[order][1:] != key[order][:-1]
        first = np.flatnonzero(new)
        columns: list[object] = [key[order][first] for key in keys]
        for name, way in self.columns:
            if way == "first":
                columns.append([texts[0][at] for at in order[first].tolist()])
            else:
                columns.append(_REDUCE[way].reduceat(numbers(table, name)[order], first))
        return pa.table([pa.array(column) for column in columns], schema=self.schema)

    def result(self, parts: Iterable[pa.Table]) -> pa.Table:
        """Return all rows of `parts` combined, without the rare ones."""
        table = self.combine(pa.concat_tables([self.schema.empty_table(), *parts]))
        if (rare := self.rare) is None:
            return table
        often = numbers(table, rare.column) >= rare.below
        return table.filter(pa.array(often | (numbers(table, rare.key) == rare.but)))


def numbers(table: pa.Table, name: str) -> Ints:
    """Return a column of whole numbers."""
    return np.asarray(table[name].to_numpy(), np.int64)


def marks(values: Ints, seed: int = 0) -> Ints:
    """Return for each value a set that holds one of 64 marks."""
    from cleaner.detect.templates.fingerprint import mix

    return (np.uint64(1) << (mix(values, seed) >> np.uint64(58))).view(np.int64)


def distinct(sets: Ints) -> Ints:
    """Return how many distinct values the sets of marks stand for, at least about.

    A few are told exactly but where two share a mark; a full set stands for hundreds.
    """
    filled = np.bitwise_count(sets.view(np.uint64)).astype(np.float64)
    return np.rint(64 * np.log(64 / np.maximum(64 - filled, 0.1))).astype(np.int64)
