"""Pages to templates: count what recurs, look how it stands, accept or refuse.

The order: `count` groups fingerprints by publisher, `look` goes over the pages once more for those
that recur enough, and `judge` decides on numbers of a size that fits one machine. The first two
run on any engine that can map Arrow batches and group rows; nothing else does heavy work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cleaner.learn.templates.grouping import Grouping, distinct, numbers
from cleaner.learn.templates.judge import judge
from cleaner.learn.templates.mined import Mined
from cleaner.learn.templates.passes import (
    SIGHTINGS,
    SKETCHES,
    UNITS,
    WHOLE_PAGE,
    Candidates,
    count,
    key_of,
    look,
)
from cleaner.learn.templates.support import DEFAULT, Support

Batches = Callable[[], Iterable[pa.RecordBatch]]
"""Yields all pages, as often as it is called."""
Step = Callable[[pa.RecordBatch], pa.Table]


class Engine(Protocol):
    """What can map batches of pages to rows and group these."""

    def run(self, batches: Batches, step: Step, grouping: Grouping) -> pa.Table:
        """Return the rows of `step` over all batches, combined, in order of the keys."""
        ...


class Here:
    """The engine for few pages: this process."""

    def run(self, batches: Batches, step: Step, grouping: Grouping) -> pa.Table:
        """Return the rows of `step` over all batches, combined."""
        return grouping.result(step(batch) for batch in batches())


def mine(batches: Batches, engine: Engine, support: Support = DEFAULT) -> Mined:
    """Return the templates of all publishers of the pages, and the refused candidates."""
    units = engine.run(batches, count, UNITS)
    units = units.filter(pc.or_(pc.equal(units["unit"], WHOLE_PAGE), pc.greater(units["pages"], 1)))
    units = with_support(units)
    often = recurring(units, support)
    sightings = engine.run(batches, partial(look, candidates=often), SIGHTINGS)
    return judge(units, sightings, support)


def with_support(units: pa.Table) -> pa.Table:
    """Return `UNITS` with the number of distinct stories and days in place of their sets."""
    drawn = [distinct(numbers(units, f"story{n}")) for n in range(SKETCHES)]
    # One draw may fall on what all pages share, and tell them all to be one story.
    stories = np.sort(drawn, axis=0)[-2]
    urls = distinct(numbers(units, "urls"))
    pages = numbers(units, "pages")
    # Sets of 64 marks saturate; where they are full, pages tell the number.
    stories = np.where(stories > 100, pages, np.minimum(stories, pages))
    urls = np.where(urls > 100, pages, np.minimum(urls, pages))
    return pa.table(
        {
            "publisher": units["publisher"],
            "unit": units["unit"],
            "pages": np.minimum(stories, urls),
            "days": distinct(numbers(units, "days")),
            "first": units["first"],
            "last": units["last"],
        }
    )


def recurring(units: pa.Table, support: Support) -> Candidates:
    """Return the units that are worth a closer look."""
    pages, unit = numbers(units, "pages"), numbers(units, "unit")
    publisher = numbers(units, "publisher")
    whole = unit == WHOLE_PAGE
    some = (pages >= least_pages(publisher, pages, whole, support)) & ~whole
    keys = key_of(publisher[some], unit[some])
    order = np.argsort(keys)
    return Candidates(keys[order], pages[some][order])


def least_pages(
    publisher: np.ndarray, pages: np.ndarray, whole: np.ndarray, support: Support
) -> np.ndarray:
    """Return for each row how many pages its publisher's templates need."""
    at = np.searchsorted(publisher[whole], publisher)
    total = pages[whole][at]
    return np.where(total <= 5, np.minimum(support.pages, 2), support.pages)
