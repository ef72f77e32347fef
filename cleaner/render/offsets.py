"""Code point offsets to UTF-8 bytes and UTF-16 units, for callers in other languages.

Inside the house every offset counts code points. The unit is converted once, at the edge, for
all offsets of a text together: one pass, and none at all where the text is ASCII.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Unit(StrEnum):
    """What an offset counts."""

    CODE_POINT = "code_point"
    """Unicode code points (Python)."""
    UTF8 = "utf8"
    """Bytes of the text's UTF-8 encoding (Go, Rust, C)."""
    UTF16 = "utf16"
    """16-bit units of the text's UTF-16 encoding (Java, JavaScript, C#)."""


def convert(text: str, offsets: Iterable[int], unit: Unit) -> list[int]:
    """Return `offsets`, code points in ascending order, counted in `unit`.

    Raises:
        ValueError: the offsets descend or leave the text; slices would silently miscount.
    """
    given = list(offsets)
    if any(left > right for left, right in zip([0, *given], [*given, len(text)], strict=True)):
        raise ValueError("offsets must ascend and lie within the text")
    if unit is Unit.CODE_POINT or text.isascii():
        return given
    # Encoding slices costs less than counting characters in Python, whatever the script.
    codec, width = ("utf-8", 1) if unit is Unit.UTF8 else ("utf-16-le", 2)
    converted, before, count = [], 0, 0
    for offset in given:
        count += len(text[before:offset].encode(codec, "surrogatepass")) // width
        before = offset
        converted.append(count)
    return converted
