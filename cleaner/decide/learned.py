"""Which of the classifier's claims are heard, by what kind of document they are about.

What one claim in twenty is wrong about is little on a full page, and all there is in a poem. So in
a document that is nearly all article a claim about a short line has to be surer, and a less sure
one is heard only beside a surer one. Long lines of chrome are what extractors leave behind.
"""

from __future__ import annotations

from cleaner.detect import block_at
from cleaner.model import Finding
from cleaner.profiles import Policy
from cleaner.segment import Segmented
from cleaner.segment.features import width, words

LEARNED = "classifier"
# Share of a document's text up to which what the classifier claims is doubted.
_FULL_PAGE = 0.1
# A short line has fewer words, and this share of the usual doubt must do for it.
_SHORT, _DOUBT = 8, 0.125
# How much surer a claim about running text must be.
_OF_PROSE = 0.05
# How sure a claim must be beside one that is heard, or beside a Block that goes without the
# classifier, and how many lines from it.
_BESIDE, _BESIDE_RULED, _REACH = 0.7, 0.6, 3
# How sure above the chrome that a document ends with: what stands behind an article all goes.
_ENDING, _ENDING_PROSE = 0.65, 0.8


def heard(page: Segmented, claims: list[Finding], policy: Policy, ruled: set[int]) -> list[Finding]:
    """Return the claims that count; `ruled` are the Blocks that go whatever the classifier says.

    Where no running text stays that something could be chrome to, none does.
    """
    by_block: dict[int, Finding] = {}
    for claim in claims:
        index = block_at(page, claim.start)
        if index not in by_block or claim.confidence > by_block[index].confidence:
            by_block[index] = claim
    sure = {
        n
        for n, claim in by_block.items()
        if claim.confidence >= policy.min_learned + _OF_PROSE * page.prose[n]
    }
    if not any(prose for index, prose in enumerate(page.prose) if index not in sure):
        return []
    widths = [width(text) for text in page.texts]
    if sum(widths[index] for index in sure) <= _FULL_PAGE * sum(widths):
        least = 1 - _DOUBT * (1 - policy.min_learned)
        sure = {
            index
            for index in sure
            if by_block[index].confidence >= least or words(page.texts[index]) >= _SHORT
        }
        sure |= _beside(page, sure, by_block, min(policy.min_learned, _BESIDE))
    sure |= _beside(page, ruled, by_block, min(policy.min_learned, _BESIDE_RULED))
    sure |= _above_ending(page, sure | ruled, by_block)
    return [by_block[index] for index in sorted(sure)]


def _above_ending(page: Segmented, gone: set[int], by_block: dict[int, Finding]) -> set[int]:
    """Return the Blocks claimed next above those that go at the end, and so on upwards."""
    found: set[int] = set()
    last = len(page.texts) - 1
    for index in range(last, -1, -1):
        if index in gone:
            continue
        least = _ENDING_PROSE if page.prose[index] else _ENDING
        if index == last or index not in by_block or by_block[index].confidence < least:
            break
        found.add(index)
    return found


def _beside(
    page: Segmented, sure: set[int], by_block: dict[int, Finding], least: float
) -> set[int]:
    found = set()
    for index in sure:
        for step in (1, -1):
            at = index + step
            while abs(at - index) <= _REACH and at in by_block and by_block[at].confidence >= least:
                if not page.prose[at]:  # running text has to be chrome by itself
                    found.add(at)
                at += step
    return found
