"""Text to Lines: every kind of line end, offsets kept."""

from __future__ import annotations

from cleaner.model import Line

_ENDS = "\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"


def lines_of(text: str) -> tuple[Line, ...]:
    """Return the physical lines of `text`, split where `str.splitlines` splits."""
    lines = []
    start = 0
    for piece in text.splitlines(keepends=True):
        after = start + len(piece)
        lines.append(Line(start, start + len(piece.rstrip(_ENDS))))
        start = after
    return tuple(lines)
