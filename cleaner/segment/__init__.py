"""Segment: the Lines of a Document become Blocks, in the original and in the folded view."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from cleaner.ingest.fold import Folded, fold
from cleaner.model import Block, Document, Line
from cleaner.segment.blocks import blocks_of
from cleaner.segment.features import is_prose

__all__ = ["Segmented", "segment"]


@dataclass(frozen=True)
class Segmented:
    """A Document cut into Blocks."""

    document: Document
    lines: tuple[Line, ...]
    blocks: tuple[Block, ...]
    folded: Folded
    units: list[tuple[int, int]]
    """The range of each Block in ``folded.text``, in the order of `blocks`."""
    texts: list[str]
    """The folded text of each Block, on one line."""

    @property
    def gaps(self) -> list[int]:
        """How many blank lines stand before each Block."""
        last = [-1, *(block.last for block in self.blocks)]
        return [block.first - before - 1 for block, before in zip(self.blocks, last, strict=False)]

    @property
    def indents(self) -> list[int]:
        """How many blank characters stand before each Block in its first Line."""
        return [block.start - self.lines[block.first].start for block in self.blocks]

    @cached_property
    def ends(self) -> list[int]:
        """Where each Block ends."""
        return [block.end for block in self.blocks]

    @cached_property
    def prose(self) -> list[bool]:
        """Whether each Block reads as running text."""
        return [is_prose(text) for text in self.texts]


def segment(document: Document) -> Segmented:
    """Return the Blocks of an ingested Document."""
    lines = document.lines or ()
    blocks = blocks_of(document.text, lines)
    folded = fold(document.text)
    rows = folded.text.split("\n")
    starts = [0, *accumulate(map(len, rows))]  # without the line ends
    units, texts = [], []
    for block in blocks:
        first, last = block.first, block.last
        unit = rows[first] if first == last else "\n".join(rows[first : last + 1])
        start, bare = starts[first] + first, unit.strip()
        if len(bare) < len(unit):
            start += len(unit) - len(unit.lstrip())
        units.append((start, start + len(bare)))
        texts.append(bare if first == last else bare.replace("\n", " "))
    return Segmented(document, lines, blocks, folded, units, texts)
