"""What a unit looks like, whatever its language: prose, a title, a link, a quotation, code."""

from __future__ import annotations

import re
from functools import lru_cache

import regex

# Texts that are asked about again in the next pass over the same document.
_REMEMBERED = 512
_LEAST_COLUMNS = 50

_WIDE = regex.compile(
    r"(?!\p{M})[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]"
)
# Marks, invisible signs, and all but the first letter of a Korean syllable spelt in letters.
_NO_WIDTH = regex.compile(r"[\p{M}\p{Cf}\u1160-\u11ff]")
# All of these and some more: most texts have none, and the standard library is quick to see that.
_UNUSUAL = re.compile(
    "[\xad\u0300-\u036f\u0483-\u0489\u0591-\u200f\u2028-\u202f\u2060-\u206f\u20d0-\u20ff"
    "\u2c00-\U0010ffff]"
)
_WORD = regex.compile(r"[^\W_](?:[^\s]*)")
_ASCII_WORD = re.compile(r"[A-Za-z0-9][^ \t-\r]*")
# What may stand behind the sign that ends a sentence; what ends one by itself.
_CLOSERS, _CLOSED_BY = "\"'”’»)]」』›“", tuple('"”»」』:')
_STOPS, _FULL_STOPS = tuple(".!?։؟।。！？…︒"), tuple(".։।。…")
_KEYWORDS = "def|class|import|from|return|const|let|var|if|for|while|print|echo|function|public"
_CODE = regex.compile(
    r"[{};]\s*\Z|\A\s*(?:[#$>]\s|//|/\*|\*/|</?\w+[^>]*>\s*\Z|[\w.]+\([^)]*\)\s*[:;{]?\s*\Z|"
    rf"(?:{_KEYWORDS})\b.*[(){{}}:;=])"
)
# One of these ends or opens whatever `_CODE` matches, where it has no bracket.
_CODE_ENDS, _CODE_OPENS = tuple("{};"), (*"#$>/*<", *_KEYWORDS.split("|"))
_QUOTED = regex.compile(r"\A[-\s]*[\"“”„«‹「『]")
_CLOSED = regex.compile(r"[\"“”»›」』]")
_LABEL = regex.compile(
    r"\A\s*(\p{Lu}[\p{Lu}\p{M}.'’ -]{0,30}|"
    r"\p{Lu}[\p{L}.'’-]*(?:\s\p{Lu}[\p{L}.'’-]*){0,3})\s?:\s+\S"
)


def width(text: str) -> int:
    """Return the columns that `text` takes: East Asian letters count twice, marks nothing."""
    if text.isascii() or not _UNUSUAL.search(text):
        return len(text)
    return len(text) + len(_WIDE.findall(text)) - len(_NO_WIDTH.findall(text))


def words(text: str) -> int:
    """Return the number of words; two East Asian letters count as one."""
    if text.isascii():
        return len(_ASCII_WORD.findall(text))
    count = len(_WORD.findall(text))
    if not _UNUSUAL.search(text):
        return count
    wide = len(_WIDE.findall(text))
    return max(count, (wide + 1) // 2)


def is_prose(text: str) -> bool:
    """Whether `text` reads as running text: long, or sentences of some length."""
    return len(text) * 2 >= _LEAST_COLUMNS and _reads_as_prose(text)


@lru_cache(_REMEMBERED)
def _reads_as_prose(text: str) -> bool:
    columns = width(text)
    return columns >= 220 or (
        columns >= _LEAST_COLUMNS and words(text) >= 8 and ends_sentence(text)
    )


def ends_sentence(text: str) -> bool:
    """Whether `text` ends as a sentence or a quotation does."""
    return (
        text.rstrip(_CLOSERS).endswith(_STOPS)
        or text.endswith(_CLOSED_BY)
        or (text.endswith((",", ";")) and text[:-1].endswith(_CLOSED_BY))
    )


def is_title_like(text: str) -> bool:
    """Whether `text` could be the title of a link: one short phrase without a full stop."""
    return (
        0 < width(text) <= 180
        and not text.endswith((":", ","))
        and not text.rstrip(_CLOSERS).endswith(_FULL_STOPS)
    )


def is_label(text: str) -> bool:
    """Whether `text` is as short as a menu entry or a button."""
    return 0 < width(text) <= 32 and words(text) <= 4 and not ends_sentence(text)


def is_quotation(text: str) -> bool:
    """Whether `text` opens with a quotation that it also closes."""
    return _QUOTED.match(text) is not None and _CLOSED.search(text, 3) is not None


def is_code(text: str) -> bool:
    """Whether `text` looks like a line of program code or a shell command."""
    bare = text.strip()
    hint = "(" in bare or bare.endswith(_CODE_ENDS) or bare.startswith(_CODE_OPENS)
    return hint and _CODE.search(text) is not None


def speaker(text: str) -> str:
    """Return the label before the colon of a line such as ``MODERATOR: Thank you.``, or ''."""
    match = _LABEL.match(text) if ":" in text else None
    return match[1] if match else ""
