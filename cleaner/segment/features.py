"""What a unit looks like, whatever its language: prose, a title, a link, a quotation, code."""

from __future__ import annotations

from functools import lru_cache

import regex

# Texts that are asked about again in the next pass over the same document.
_REMEMBERED = 512

_WIDE = regex.compile(
    r"(?!\p{M})[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]"
)
# Marks, invisible signs, and all but the first letter of a Korean syllable spelt in letters.
_NO_WIDTH = regex.compile(r"[\p{M}\p{Cf}\u1160-\u11ff]")
_WORD = regex.compile(r"[^\W_](?:[^\s]*)")
_ENDS_SENTENCE = regex.compile(r"[.!?։؟।。！？…︒][\"'”’»)\]」』›“]*\Z|[\"”»」』:][.,;]?\Z")
_FULL_STOP = regex.compile(r"[.։।。…][\"'”’»)\]」』›“]*\Z")
_CODE = regex.compile(
    r"[{};]\s*\Z|\A\s*(?:[#$>]\s|//|/\*|\*/|</?\w+[^>]*>\s*\Z|[\w.]+\([^)]*\)\s*[:;{]?\s*\Z|"
    r"(?:def|class|import|from|return|const|let|var|if|for|while|print|echo|function|public)\b.*[(){}:;=])"
)
_QUOTED = regex.compile(r"\A[-\s]*[\"“”„«‹「『]")
_CLOSED = regex.compile(r"[\"“”»›」』]")
_LABEL = regex.compile(
    r"\A\s*(\p{Lu}[\p{Lu}\p{M}.'’ -]{0,30}|"
    r"\p{Lu}[\p{L}.'’-]*(?:\s\p{Lu}[\p{L}.'’-]*){0,3})\s?:\s+\S"
)


def width(text: str) -> int:
    """Return the columns that `text` takes: East Asian letters count twice, marks nothing."""
    if text.isascii():
        return len(text)
    return len(text) + len(_WIDE.findall(text)) - len(_NO_WIDTH.findall(text))


def words(text: str) -> int:
    """Return the number of words; two East Asian letters count as one."""
    count = len(_WORD.findall(text))
    if text.isascii():
        return count
    wide = len(_WIDE.findall(text))
    return max(count, (wide + 1) // 2)


@lru_cache(_REMEMBERED)
def is_prose(text: str) -> bool:
    """Whether `text` reads as running text: long, or sentences of some length."""
    columns = width(text)
    return columns >= 220 or (columns >= 50 and words(text) >= 8 and ends_sentence(text))


def ends_sentence(text: str) -> bool:
    """Whether `text` ends as a sentence or a quotation does."""
    return _ENDS_SENTENCE.search(text) is not None


def is_title_like(text: str) -> bool:
    """Whether `text` could be the title of a link: one short phrase without a full stop."""
    return (
        0 < width(text) <= 180 and _FULL_STOP.search(text) is None and not text.endswith((":", ","))
    )


def is_label(text: str) -> bool:
    """Whether `text` is as short as a menu entry or a button."""
    return 0 < width(text) <= 32 and words(text) <= 4 and not ends_sentence(text)


def is_quotation(text: str) -> bool:
    """Whether `text` opens with a quotation that it also closes."""
    return _QUOTED.match(text) is not None and _CLOSED.search(text, 3) is not None


@lru_cache(_REMEMBERED)
def is_code(text: str) -> bool:
    """Whether `text` looks like a line of program code or a shell command."""
    return _CODE.search(text) is not None


@lru_cache(_REMEMBERED)
def speaker(text: str) -> str:
    """Return the label before the colon of a line such as ``MODERATOR: Thank you.``, or ''."""
    match = _LABEL.match(text)
    return match[1] if match else ""
