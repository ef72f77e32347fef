r"""Folding: the view of a text that patterns are matched against, with the way back.

Two spellings that a reader cannot tell apart must get one decision: curly and straight quotes,
NFC and NFD, full-width and ASCII, a zero-width space inside "subscribe", a Cyrillic "с" in a
Latin word. `fold` maps them all to one spelling; `Folded.origin` maps an offset back.

Letter case stays, so that a pattern may ask for capitals. Lines stay lines: every line end
becomes one ``\n``. A run of other blank space becomes one space.

Known misses: confusables other than Cyrillic and Greek look-alikes of Latin letters, and words
that are spelt wholly in look-alikes (they mix no scripts, so they are taken for what they are).
"""

from __future__ import annotations

import re
import sys
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

import regex

# One to one: typographic variants of one sign.
_VARIANTS = {
    "'": "‘’‚‛′ʼʹ＇`´",
    '"': "“”„‟″＂",
    "-": "‐‑‒–—―−－﹣",
    " ": "\t\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u202f\u205f\u3000\x1f\x00",
    "\n": "\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029",
    "i": "ı",
    "I": "İ",
    "ی": "يى",
    "ک": "ك",
    "ه": "ة",
    "ا": "أإآٱ",
    "е": "ё",
    "Е": "Ё",
}

# Look-alikes of Latin letters, folded only inside a word that also has Latin letters.
_CONFUSABLE = dict(
    zip(
        "авсеһіјкмнорԛѕтихуԝАВСЕНІЈКМОРЅТХУαικνορτυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
        "abcehijkmhopqstnxywABCEHIJKMOPSTXYaiknoptuxABEZHIKMNOPTYX",
        strict=True,
    )
)

# What changes length: invisible signs, marks to compose or drop, compatibility forms, runs of
# blank space, \r\n, the ellipsis and ligatures.
_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064"
    "\u2066-\u206f\ufe00-\ufe0f\ufeff\x01-\x08\x0e-\x1b\x7f\u0640"
)
_JAMO = "\u1100-\u11ff"
_COMPATIBLE = (
    f"…{_JAMO}\ufb00-\ufb4f\ufb50-\ufdff\ufe70-\ufefc\uff10-\uff19\uff21-\uff3a\uff41-\uff5a"
)
_BLANKS = _VARIANTS[" "] + " "
_SPECIAL = regex.compile(
    rf"[{_INVISIBLE}]+|\r\n|[{_BLANKS}]{{2,}}|[{_JAMO}]{{2,32}}|[^\s\p{{M}}]\p{{M}}+|\p{{M}}+|[{_COMPATIBLE}]"
)


# Where the basic plane has marks and other signs that change length: not among CJK and Hangul.
_SPANS = ((0, 0x3100), (0xA600, 0xAC00), (0xFB00, 0x10000))


@cache
def _hot() -> tuple[frozenset[str], str]:
    """Return the signs that may change length, as a set and as the inside of a character class.

    The standard library looks them up in a bitmap, `regex` would ask for properties one by one.
    Beyond the basic plane every sign is hot: few texts have one.
    """
    signs = [chr(code) for first, last in _SPANS for code in range(first, last)]
    marks = "".join(sign for sign in signs if unicodedata.category(sign)[0] == "M")
    inside = _INVISIBLE + _COMPATIBLE + marks + "\U00010000-\U0010ffff"
    return frozenset(re.findall(f"[{inside}]", "".join(signs))), inside


@cache
def _places(hot: bool, crlf: bool, runs: bool) -> re.Pattern[str]:
    """Return what finds the places where length may change; each kind costs time."""
    kinds = ((hot, f"[{_hot()[1]}]+"), (crlf, r"\r\n"), (runs, f"[{_BLANKS}]{{2,}}"))
    return re.compile("|".join(kind for asked, kind in kinds if asked) or r"(?!)")


def _pattern_for(text: str, signs: set[str]) -> re.Pattern[str]:
    hot = max(signs, default="") > "\uffff" or not signs.isdisjoint(_hot()[0])
    blank = signs.intersection(_BLANKS)
    runs = "  " in text if blank == {" "} else bool(blank)
    return _places(hot, "\r\n" in text, runs)


_MIXED_WORD = regex.compile(
    r"\b(?=\w*[A-Za-z])(?=\w*[\u0370-\u03ff\u0400-\u04ff\u0500-\u052f])\w{2,64}\b"
)
_LATIN_LOOK_ALIKE = regex.compile(r"[\u0370-\u052f]")
_LATIN = regex.compile(r"[A-Za-z]")
# Marks that spell vowels or tones stay; Latin, Hebrew and Arabic pointing does not change a word.
_POINTING = regex.compile(r"[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u20d0-\u20ff]+")
_LONGEST_CLUSTER = 32


@cache
def _table() -> dict[str, str]:
    return {variant: sign for sign, variants in _VARIANTS.items() for variant in variants}


@dataclass(frozen=True, slots=True)
class Folded:
    """A text's folded view."""

    text: str
    """What patterns see."""
    cuts: tuple[int, ...] = ()
    """Folded offsets from which on `shifts` changes, ascending."""
    shifts: tuple[int, ...] = ()
    """Original offset minus folded offset, from the cut of the same index on."""
    signs: frozenset[str] = frozenset()
    """All signs of `text` beyond ASCII and any others that it was folded from: telling them apart
    takes another look."""

    def origin(self, offset: int) -> int:
        """Return the original offset of the code point that was folded to `offset`."""
        if not self.cuts:
            return offset
        index = bisect_right(self.cuts, offset)
        found = offset + self.shifts[index - 1] if index else offset
        if index < len(self.cuts):
            # One sign may fold to several: all of them stand where it stood.
            found = min(found, self.cuts[index] + self.shifts[index])
        return found


def fold(text: str) -> Folded:
    """Return the folded view of `text`.

    The number of lines (`str.splitlines`) is the same before and after.
    """
    pieces: list[str] = []
    cuts: list[int] = []
    shifts: list[int] = []
    done = length = 0
    signs = set(text)
    for hot in _pattern_for(text, signs).finditer(text):
        # Marks belong to the sign before them.
        begin = max(done, hot.start() - 1)
        for first, last, sign in _edits(text[begin : hot.end()]):
            start, end = begin + first, begin + last
            pieces.append(text[done:start])
            pieces.append(sign)
            signs.update(sign)
            length += start - done + len(sign)
            done = end
            shift = end - length
            if not shifts or shifts[-1] != shift:
                cuts.append(length)
                shifts.append(shift)
    pieces.append(text[done:])
    folded = _plain("".join(pieces), signs)
    return Folded(folded, tuple(cuts), tuple(shifts), frozenset(signs))


def _edits(piece: str) -> tuple[tuple[int, int, str], ...]:
    """Return what is replaced in a hot place: ranges and what stands there instead."""
    return _few_edits(piece) if len(piece) <= _LONGEST_CLUSTER else tuple(_find_edits(piece))


@lru_cache(maxsize=8192)
def _few_edits(piece: str) -> tuple[tuple[int, int, str], ...]:
    return tuple(_find_edits(piece))


def _find_edits(piece: str) -> Iterator[tuple[int, int, str]]:
    for match in _SPECIAL.finditer(piece):
        sign = _replace(match.group())
        if sign is not None and sign != match.group():
            yield *match.span(), sign


def fold_pattern(pattern: str) -> str:
    """Fold the signs of a rule's pattern or keyword as texts are folded.

    Only what keeps its length is folded with certainty; write patterns with composed letters
    and without zero-width signs. Dashes and quotes become ``-``, ``'`` and ``"``.
    """
    composed = unicodedata.normalize("NFC", pattern).replace("…", "...")
    lines = composed.split("\n")
    variants: dict[str, str | int | None] = {**_table()}
    table = str.maketrans(variants)
    visible = (regex.sub(f"[{_INVISIBLE}]", "", line) for line in lines)
    folded = (line.translate(table) for line in visible)
    return "\n".join(folded)


def _plain(text: str, signs: set[str]) -> str:
    """Fold what keeps its length. `signs` holds all signs of `text`, then the answer's too."""
    for variant in signs & _table().keys():
        text = text.replace(variant, _table()[variant])
        signs.add(_table()[variant])
    if not text.isascii() and _LATIN_LOOK_ALIKE.search(text) and _LATIN.search(text):
        text = _MIXED_WORD.sub(_latinise, text)
    return text


def _latinise(match: regex.Match[str]) -> str:
    return "".join(_CONFUSABLE.get(sign, sign) for sign in match.group())


def _replace(special: str) -> str | None:
    """Return what a special sequence folds to; None to leave it as it is."""
    if special == "\r\n":
        return "\n"
    if special[0] == "\x00" or special[0].isspace():
        return " "
    if _IS_INVISIBLE.match(special):
        return ""
    if special == "…":
        return "..."
    if len(special) > _LONGEST_CLUSTER:
        # Canonical ordering is quadratic in the number of marks; nobody spells like that.
        return special[0]
    composed = unicodedata.normalize("NFKC" if len(special) == 1 else "NFC", special)
    composed = sys.intern(_POINTING.sub("", composed))
    return None if composed == special else composed


_IS_INVISIBLE = regex.compile(rf"[{_INVISIBLE}]+\Z")
