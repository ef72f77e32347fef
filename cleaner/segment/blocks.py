"""Lines to Blocks: which line breaks are paragraphs' and which are only a narrow window's.

A text is taken for hard-wrapped when its lines keep to one width and most breaks inside its
paragraphs stand where the next word would no longer have fitted. Poems, lists, menus and one
paragraph a line fail that test: there each Line is a Block.

Known miss: a text of fewer than three wrapped breaks; its lines are judged one by one.
"""

from __future__ import annotations

import regex

from cleaner.model import Block, Line
from cleaner.segment.features import width

_NARROWEST, _WIDEST = 45, 140
# Texts wrapped in a proportional font break up to this share of the width early.
_SLACK = 0.16
_LEAST_BREAKS = 3
_LEAST_SHARE = 0.7
_BULLET = regex.compile(r"(?:[-*•·–—▪◦‣]|\(?\d{1,3}[.)]|[a-z][.)])\s")


def blocks_of(text: str, lines: tuple[Line, ...]) -> tuple[Block, ...]:
    """Return the Blocks of `text`, in order; blank lines belong to none."""
    rows = [text[line.start : line.end] for line in lines]
    bare = [row.strip(_BLANK) if row[:1] in _BLANK or row[-1] in _BLANK else row for row in rows]
    soft = _soft_breaks(bare)
    blocks: list[Block] = []
    begin = first = -1
    for index in filter(bare.__getitem__, range(len(bare))):
        row = bare[index]
        start = lines[index].start
        if len(row) < len(rows[index]):
            start += len(rows[index]) - len(rows[index].lstrip(_BLANK))
        if first < 0:
            begin, first = start, index
        if index not in soft:
            blocks.append(Block(begin, start + len(row), first, index))
            first = -1
    return tuple(blocks)


# What `str.strip` takes, and the invisible signs with which editors pad empty lines.
_BLANK = (
    "".join(
        map(
            chr, [*range(9, 14), *range(28, 33), 0x85, 0xA0, 0x1680, *range(0x2000, 0x200E), 0x2028]
        )
    )
    + "\u2029\u202f\u205f\u2060\u3000\ufeff\x00"
)


def _soft_breaks(rows: list[str]) -> frozenset[int]:
    """Return the indices of lines whose break only wraps a paragraph."""
    breaks = [index for index in range(len(rows) - 1) if rows[index] and rows[index + 1]]
    if len(breaks) < _LEAST_BREAKS:
        return frozenset()
    widths = {index: width(rows[index]) for index in breaks}
    usual = [columns for columns in widths.values() if columns <= _WIDEST]
    if len(usual) < 0.8 * len(widths):
        return frozenset()
    column = sorted(usual)[int(len(usual) * 0.98)]
    if column < _NARROWEST:
        return frozenset()
    least = max(_LEAST_BREAKS, _LEAST_SHARE * len(breaks))
    filled = [index for index in breaks if widths[index] >= 0.5 * column]
    if len(filled) < least:
        return frozenset()
    soft = frozenset(
        index for index in filled if _wraps(rows[index], rows[index + 1], widths[index], column)
    )
    return soft if len(soft) >= least else frozenset()


def _wraps(row: str, after: str, columns: int, column: int) -> bool:
    """Whether `after` continues the paragraph of `row`."""
    if _BULLET.match(after):
        return False
    if after[0].islower() and columns >= 0.6 * column:
        return True
    word = after.split(maxsplit=1)[0]
    return columns + 1 + min(width(word), column // 3) > column * (1 - _SLACK)
