"""What sort of character each code point is: one table look-up for a whole document.

The table covers the Basic Multilingual Plane; ideographs beyond it count as ideographs, all else
there as a symbol. It is made from the running Python's `unicodedata`, of which only properties
that no later Unicode version changes are asked.
"""

from __future__ import annotations

import unicodedata
from enum import IntEnum
from functools import cache

import numpy as np
from numpy.typing import NDArray

PLANE = 0x10000


class Sort(IntEnum):
    """Sorts of characters, as lines are described with them."""

    OTHER = 0
    SPACE = 1
    LOWER = 2
    UPPER = 3
    LETTER = 4
    """A letter without case, or a mark."""
    UNSPACED = 5
    """A letter of a script that puts no space between words."""
    DIGIT = 6
    STOP = 7
    EXCLAMATION = 8
    """Also a question mark."""
    COMMA = 9
    COLON = 10
    """Also a semicolon."""
    QUOTE = 11
    DASH = 12
    SLASH = 13
    """Also a vertical bar."""
    BRACKET = 14
    SYMBOL = 15
    """Bullets, arrows, pictures, mathematics."""
    CURRENCY = 16
    """Also a per cent sign."""
    AT = 17
    """``@ # & _ *``"""
    ELLIPSIS = 18
    RIGHTS = 19
    """Signs of copyright and trade mark."""
    NEWLINE = 20


SORTS = len(Sort)
_SINGLE = {
    Sort.STOP: ".。．｡।॥۔։",
    Sort.EXCLAMATION: "!?！？؟‼⁇",
    Sort.COMMA: ",，、､،",
    Sort.COLON: ":;：；؛",
    Sort.QUOTE: "\"'`´＂＇",
    Sort.SLASH: "/\\|｜／¦",
    Sort.CURRENCY: "%٪％",
    Sort.AT: "@#&_*",
    Sort.ELLIPSIS: "…⋯",
    Sort.RIGHTS: "©®™",
    Sort.NEWLINE: "\n",
    Sort.SYMBOL: "•·‣▪‧・",
}
_BY_CATEGORY = {
    "Ll": Sort.LOWER, "Lu": Sort.UPPER, "Lt": Sort.UPPER, "Lo": Sort.LETTER, "Lm": Sort.LETTER,
    "Mn": Sort.LETTER, "Mc": Sort.LETTER, "Nd": Sort.DIGIT, "Nl": Sort.DIGIT, "No": Sort.DIGIT,
    "Pi": Sort.QUOTE, "Pf": Sort.QUOTE, "Pd": Sort.DASH, "Ps": Sort.BRACKET, "Pe": Sort.BRACKET,
    "Sc": Sort.CURRENCY, "So": Sort.SYMBOL, "Sm": Sort.SYMBOL, "Sk": Sort.SYMBOL,
    "Zs": Sort.SPACE, "Zl": Sort.SPACE, "Zp": Sort.SPACE, "Cc": Sort.SPACE,
}  # fmt: skip
# Thai to Myanmar, Khmer, kana, ideographs.
_UNSPACED = (
    (0x0E00, 0x10A0), (0x1780, 0x1800), (0x3040, 0x3100), (0x31F0, 0x3200), (0x3400, 0x4DC0),
    (0x4E00, 0xA000), (0xF900, 0xFB00),
)  # fmt: skip
_TIBETAN = (0x0F00, 0x1000)


@cache
def tables() -> tuple[NDArray[np.uint8], NDArray[np.uint64]]:
    """Return the sort of each code point, and its lower case with all digits made one."""
    sorts = np.zeros(PLANE, np.uint8)
    lower = np.arange(PLANE, dtype=np.uint64)
    for code in range(PLANE):
        char = chr(code)
        sorts[code] = _BY_CATEGORY.get(unicodedata.category(char), Sort.OTHER)
        if sorts[code] == Sort.UPPER and len(small := char.lower()) == 1:
            lower[code] = ord(small)
    for first, end in _UNSPACED:
        part = sorts[first:end]
        part[part == Sort.LETTER] = Sort.UNSPACED
    part = sorts[slice(*_TIBETAN)]
    part[part == Sort.UNSPACED] = Sort.LETTER
    for sort, chars in _SINGLE.items():
        sorts[[ord(char) for char in chars]] = sort
    sorts[PLANE - 1] = Sort.SYMBOL
    lower[sorts == Sort.DIGIT] = ord("0")
    return sorts, lower


def code_points(text: str) -> NDArray[np.uint32]:
    """Return the code points of `text`, those beyond the table put where the table speaks."""
    codes = np.frombuffer(text.encode("utf-32-le", "replace"), "<u4")
    if len(codes) and codes.max() >= PLANE:
        beyond = codes >= PLANE
        ideograph = (codes >= 0x20000) & (codes < 0x40000)
        codes = np.where(beyond, np.where(ideograph, 0x4E00, PLANE - 1), codes)
    return codes
