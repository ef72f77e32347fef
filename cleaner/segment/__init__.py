"""Segment: the Lines of a Document become Blocks, in the original and in the folded view."""

from __future__ import annotations

from dataclasses import dataclass

from cleaner.ingest.fold import Folded, fold
from cleaner.model import Block, Document, Line
from cleaner.segment.blocks import blocks_of

__all__ = ["Segmented", "segment"]


@dataclass(frozen=True, slots=True)
class Segmented:
    """A Document cut into Blocks. `units` and `rows` are ranges of ``folded.text``."""

    document: Document
    lines: tuple[Line, ...]
    blocks: tuple[Block, ...]
    folded: Folded
    units: list[tuple[int, int]]
    """The folded range of each Block, in the order of `blocks`."""
    rows: list[tuple[int, int]]
    """The folded range of each Line, in the order of `lines`."""
    texts: list[str]
    """The folded text of each Block, on one line."""


def segment(document: Document) -> Segmented:
    """Return the Blocks of an ingested Document."""
    lines = document.lines or ()
    blocks = blocks_of(document.text, lines)
    folded = fold(document.text)
    rows = []
    at = 0
    for row in folded.text.split("\n"):
        rows.append((at, at + len(row)))
        at += len(row) + 1
    units = [_strip(folded.text, rows[block.first][0], rows[block.last][1]) for block in blocks]
    texts = [folded.text[start:end].replace("\n", " ") for start, end in units]
    return Segmented(document, lines, blocks, folded, units, rows, texts)


def _strip(text: str, start: int, end: int) -> tuple[int, int]:
    unit = text[start:end]
    start += len(unit) - len(unit.lstrip())
    return start, start + len(unit.strip())
