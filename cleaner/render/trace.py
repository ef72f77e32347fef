"""Where each part of a text came from, while passes take parts out of it."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate

from cleaner.model import Join, Removal


@dataclass(frozen=True, slots=True)
class _Piece:
    start: int
    """Range in the original text."""
    end: int
    text: str
    """What stands for it now."""
    joined: bool = False
    """Whether `text` is what a Join put there."""


class Trace:
    """A text as pieces of the original that it was made from."""

    def __init__(self, text: str) -> None:
        self._pieces = [_Piece(0, len(text), text)]
        self._ats = [0]

    @property
    def text(self) -> str:
        """The text as it is now."""
        return "".join(piece.text for piece in self._pieces)

    @property
    def untouched(self) -> bool:
        """Whether offsets are the original's: nothing was joined, or taken out but at the end."""
        return len(self._pieces) == 1 and not (self._pieces[0].start or self._pieces[0].joined)

    @property
    def joins(self) -> tuple[Join, ...]:
        """The joins that still stand, in original offsets."""
        return tuple(Join(p.start, p.end, p.text) for p in self._pieces if p.joined)

    def origins(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return the original ranges of ``[start, end)`` of the present text, in order."""
        found: list[tuple[int, int]] = []
        for index in range(max(0, bisect_right(self._ats, start) - 1), len(self._pieces)):
            at, piece = self._ats[index], self._pieces[index]
            if at >= end:
                break
            after = at + len(piece.text)
            if after <= start:
                continue
            first, last = piece.start, piece.end
            if not piece.joined:
                first, last = first + max(0, start - at), last - max(0, after - end)
            if found and found[-1][1] == first:
                found[-1] = (found[-1][0], last)
            else:
                found.append((first, last))
        return found

    def remove(self, removed: tuple[Removal, ...]) -> None:
        """Take out Spans of the present text, those that touch at once."""
        edits: list[tuple[int, int, str | None]] = []
        for removal in removed:
            touches = edits and edits[-1][1] == removal.start
            start = edits.pop()[0] if touches else removal.start
            edits.append((start, removal.end, None))
        self._edit(edits)

    def join(self, joined: tuple[Join, ...]) -> None:
        """Put joins into the present text."""
        self._edit([(join.start, join.end, join.text) for join in joined])

    def _edit(self, edits: list[tuple[int, int, str | None]]) -> None:
        done: list[_Piece] = []
        queue = self._pieces[::-1]
        at = 0
        for start, end, instead in edits:
            at = _move(queue, done, at, start)
            taken: list[_Piece] = []
            at = _move(queue, taken, at, end)
            if instead is not None:
                done += [
                    _Piece(piece.start, piece.end, "" if number else instead, joined=True)
                    for number, piece in enumerate(taken)
                ]
        self._pieces = done + queue[::-1]
        sizes = (len(piece.text) for piece in self._pieces)
        self._ats = list(accumulate(sizes, initial=0))[:-1]


def _move(queue: list[_Piece], target: list[_Piece], at: int, until: int) -> int:
    """Move pieces from `queue` to `target` up to the offset `until`, splitting the last."""
    while queue and at < until:
        piece = queue.pop()
        size = len(piece.text)
        if at + size <= until:
            target.append(piece)
            at += size
            continue
        cut = until - at
        target.append(_Piece(piece.start, piece.start + cut, piece.text[:cut]))
        queue.append(_Piece(piece.start + cut, piece.end, piece.text[cut:]))
        at = until
    return at
