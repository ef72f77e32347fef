"""Text to Lines: every kind of line end, offsets kept."""

from __future__ import annotations

from itertools import accumulate
from operator import add

from cleaner.model import Line


def lines_of(text: str) -> tuple[Line, ...]:
    """Return the physical lines of `text`, split where `str.splitlines` splits."""
    starts = [0, *accumulate(map(len, text.splitlines(keepends=True)))]
    sizes = map(len, text.splitlines())
    return tuple(map(Line, starts, map(add, starts, sizes)))
