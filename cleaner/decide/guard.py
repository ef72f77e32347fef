"""Guards: text that no claim may remove, whatever it says.

A quotation is somebody's words, a transcript is a conversation, code is code: "Subscribe to our
newsletter" inside them is content. Guards look at shape alone, so they hold in every language.
"""

from __future__ import annotations

from collections import Counter

import regex

from cleaner.segment import Segmented
from cleaner.segment.features import is_code, is_quotation, speaker

_FENCE = ("'''", "~~~")  # as folded: a backtick is a quote
_STRING = regex.compile(r""""([^"]+)"|'([^']+)'""")
_LEAST_TURNS = 4
# A listing has so many lines of code; a string or a comment may stand between them.
_LEAST_CODE, _CODE_REACH = 3, 3
_LEAST_LINES, _LEAST_PROSE = 3, 2


def guarded(page: Segmented, claimed: set[int]) -> dict[int, str]:
    """Return why Blocks are protected, for those of `claimed` that are."""
    if not claimed:
        return {}
    reasons: dict[int, str] = {}
    speakers = _speakers(page)
    verses = _verses(page, claimed)
    code = _code(page)
    printed = {
        text for index in code for pair in _STRING.findall(page.texts[index]) for text in pair
    }
    for index in claimed:
        text = page.texts[index]
        if index in code:
            reasons[index] = "guard: program code"
        elif text in printed:
            reasons[index] = "guard: what program code prints"
        elif index in verses:
            reasons[index] = "guard: a line of verse or of a list"
        elif speakers and speaker(text) in speakers:
            reasons[index] = "guard: a turn in a conversation"
        elif is_quotation(text):
            reasons[index] = "guard: a quotation"
    return reasons


def _verses(page: Segmented, claimed: set[int]) -> frozenset[int]:
    """Return the lines of stanzas in a text that has no prose: poems, lyrics, plain lists.

    A stanza is three or more short lines without a blank one between, of which a claim knows
    less than half.
    """
    if sum(page.prose) >= _LEAST_PROSE:
        return frozenset()
    found: set[int] = set()
    size = known = 0
    waiting: list[int] = []
    for index, block in enumerate(page.blocks):
        if size and block.first != page.blocks[index - 1].last + 1:
            size = known = 0
            waiting = []
        size += 1
        known += index in claimed
        waiting.append(index)
        if size >= _LEAST_LINES and known * 2 < size:
            found.update(waiting)
            waiting = []
    return frozenset(found)


def _speakers(page: Segmented) -> frozenset[str]:
    """Return the labels of a transcript: two or more that come back, in four or more turns."""
    counts = Counter(label for text in page.texts if (label := speaker(text)))
    back = frozenset(label for label, count in counts.items() if count >= 2)
    turns = sum(counts[label] for label in back)
    return back if len(back) >= 2 and turns >= _LEAST_TURNS else frozenset()


def _code(page: Segmented) -> frozenset[int]:
    """Return the Blocks inside fences and in listings: lines of code close to each other."""
    found: set[int] = set()
    fenced = False
    listing: list[int] = []
    for index, text in enumerate(page.texts):
        if text.startswith(_FENCE):
            fenced = not fenced
            found.add(index)
        elif fenced:
            found.add(index)
        if is_code(text):
            if listing and index - listing[-1] > _CODE_REACH:
                listing = []
            listing.append(index)
            if len(listing) >= _LEAST_CODE:
                known = len(listing) > _LEAST_CODE
                found.update(range(listing[-2] if known else listing[0], index + 1))
    return frozenset(found)
