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

import sys
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache

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
_SPECIAL = regex.compile(
    rf"[{_INVISIBLE}]+"
    r"|\r\n"
    r"|(?:[^\S\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]|\x00){2,}"
    r"|[\u1100-\u11ff]{2,32}"
    r"|[^\s\p{M}]\p{M}+"
    r"|\p{M}+"
    r"|[…\u1100-\u11ff\ufb00-\ufb4f\ufb50-\ufdff\ufe70-\ufefc\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]"
)
_NEEDS_WORK = regex.compile(
    rf"[{_INVISIBLE}\p{{M}}…\u1100-\u11ff\ufb00-\ufdff\ufe70-\ufefc\uff10-\uff5a]|\r\n"
    r"|(?:[^\S\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]|\x00){2}"
)
_MIXED_WORD = regex.compile(
    r"\b(?=\w*[A-Za-z])(?=\w*[\u0370-\u03ff\u0400-\u04ff\u0500-\u052f])\w{2,64}\b"
)
_LATIN_LOOK_ALIKE = regex.compile(r"[\u0370-\u052f]")
_LATIN = regex.compile(r"[A-Za-z]")
# Marks that spell vowels or tones stay; Latin, Hebrew and Arabic pointing does not change a word.
_POINTING = regex.compile(r"[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u20d0-\u20ff]+")
_LONGEST_CLUSTER = 32


@cache
def _table() -> dict[int, str]:
    return {ord(variant): sign for sign, variants in _VARIANTS.items() for variant in variants}


@dataclass(frozen=True, slots=True)
class Folded:
    """A text's folded view."""

    text: str
    """What patterns see."""
    cuts: tuple[int, ...] = ()
    """Folded offsets from which on `shifts` changes, ascending."""
    shifts: tuple[int, ...] = ()
    """Original offset minus folded offset, from the cut of the same index on."""

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
    if _NEEDS_WORK.search(text) is None:
        return Folded(_plain(text))
    pieces: list[str] = []
    cuts: list[int] = []
    shifts: list[int] = []
    done = length = 0
    for match in _SPECIAL.finditer(text):
        start, end = match.span()
        sign = _replace(match.group())
        if sign is None or (len(sign) == end - start == 1 and sign == match.group()):
            continue
        pieces.append(text[done:start])
        pieces.append(sign)
        length += start - done + len(sign)
        done = end
        shift = end - length
        if not shifts or shifts[-1] != shift:
            cuts.append(length)
            shifts.append(shift)
    pieces.append(text[done:])
    return Folded(_plain("".join(pieces)), tuple(cuts), tuple(shifts))


def fold_pattern(pattern: str) -> str:
    """Fold the signs of a rule's pattern or keyword as texts are folded.

    Only what keeps its length is folded with certainty; write patterns with composed letters
    and without zero-width signs. Dashes and quotes become ``-``, ``'`` and ``"``.
    """
    composed = unicodedata.normalize("NFC", pattern).replace("…", "...")
    lines = composed.split("\n")
    folded = (regex.sub(f"[{_INVISIBLE}]", "", line).translate(_table()) for line in lines)
    return "\n".join(folded)


def _plain(text: str) -> str:
    """Fold what keeps its length."""
    if text.isascii():
        return text.translate(_table()) if _ODD_ASCII.search(text) else text
    text = text.translate(_table())
    if _LATIN_LOOK_ALIKE.search(text) and _LATIN.search(text):
        text = _MIXED_WORD.sub(_latinise, text)
    return text


_ODD_ASCII = regex.compile(r"[\t\r\x0b\x0c\x1c-\x1f\x00`]")


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
