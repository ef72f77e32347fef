"""Decide: claims become Verdicts. Merge, protect, look again at what stands between.

The order: claims that the policy does not ask for fall away; keep rules and guards protect;
claims about a Block are merged with all their evidence, the strongest naming the category; weak
claims are looked at again in the company of what goes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter

from cleaner.decide.context import LIFTED, WEAK, in_company
from cleaner.decide.guard import guarded
from cleaner.decide.learned import LEARNED, heard
from cleaner.detect import Claims, block_at
from cleaner.model import Action, Finding, Verdict
from cleaner.profiles import Policy
from cleaner.segment import Segmented
from cleaner.segment.features import width, words

__all__ = ["decide"]

# Whatever a rule has to say explains a removal better than any number does.
_LEARNED_AT_MOST = WEAK / 2
# How far above the body its head may begin, and how many lines it has.
_HEAD_REACH, _HEAD_LINES = 8, 3
_HEADLINE_WORDS = 3
# From here on the classifier is believed that a line there is chrome.
_CERTAIN = 0.9


def decide(page: Segmented, claims: Claims, policy: Policy) -> tuple[Verdict, ...]:
    """Return one Verdict for each Block; more where only a part of it is chrome."""
    if not page.blocks and page.document.text:
        return (_blank(page),)
    whole, parts = _by_block(page, _asked(page, claims, policy))
    _promote(page, whole, parts, policy.min_confidence)
    kept = _kept_by_rule(page, claims) | guarded(page, whole.keys() | parts.keys())
    if "headline" not in policy.categories:
        kept |= _head(page, whole)
    removed, weak = _strong_and_weak(whole, kept, policy.min_confidence)
    lifted = in_company(page.texts, removed, weak, set(kept)) if removed else {}
    spoken = whole.keys() | parts.keys() | kept.keys() | lifted.keys()
    verdicts: list[Verdict] = []
    keep = Action.KEEP
    for index, block in enumerate(page.blocks):
        if index not in spoken:
            verdicts.append(Verdict(block.start, block.end, keep))
            continue
        about = _ranked(whole.get(index, ()))
        if index in removed:
            verdicts.append(_verdict(block.start, block.end, Action.REMOVE, about))
        elif index in lifted:
            verdicts.append(_lifted(block.start, block.end, about, lifted[index], removed))
        elif index in parts and index not in kept:
            verdicts += _cut(block.start, block.end, parts[index], policy.min_confidence, about)
        else:
            reason = kept.get(index, "too weak a claim" if about else "")
            verdicts.append(_verdict(block.start, block.end, keep, about, reason))
    return tuple(verdicts)


def _asked(page: Segmented, claims: Claims, policy: Policy) -> list[Finding]:
    """Return the claims that the policy wants to know of."""
    named = [finding for finding in claims.findings if finding.category in policy.categories]
    least = min(WEAK, policy.min_confidence)
    ruled = [f for f in named if f.detector != LEARNED and f.confidence >= least]
    learned = [finding for finding in named if finding.detector == LEARNED]
    if not learned:
        return ruled
    sure = [finding for finding in ruled if finding.confidence >= policy.min_confidence]
    return ruled + heard(page, learned, policy, _whole(page, sure))


def _whole(page: Segmented, findings: list[Finding]) -> set[int]:
    """Return the Blocks that some claim is about altogether."""
    found = {block_at(page, finding.start): finding for finding in findings}
    return {index for index, finding in found.items() if finding.end >= page.blocks[index].end}


def _head(page: Segmented, whole: dict[int, list[Finding]]) -> dict[int, str]:
    """Protect from the classifier what may be headline, byline and date: next above the body."""
    body = next((n for n, prose in enumerate(page.prose) if prose and n not in whole), 0)
    above = [
        index
        for index in range(max(body - _HEAD_REACH, 0), body)
        if all(f.detector == LEARNED and f.confidence < _CERTAIN for f in whole.get(index, ()))
    ]
    head = above[-_HEAD_LINES:]
    while head and words(page.texts[head[0]]) < _HEADLINE_WORDS:
        del head[0]
    return dict.fromkeys(head, "guard: may be the head of the article")


def _blank(page: Segmented) -> Verdict:
    size = len(page.document.text)
    return Verdict(0, size, Action.REMOVE, "other", 1.0, reason="nothing but blank space")


def _by_block(
    page: Segmented, findings: Iterable[Finding]
) -> tuple[dict[int, list[Finding]], dict[int, list[Finding]]]:
    """Sort claims by Block: those about all of it, and those about a part."""
    whole: dict[int, list[Finding]] = {}
    parts: dict[int, list[Finding]] = {}
    blocks, ends = page.blocks, page.ends
    for finding in findings:
        start, end = finding.start, finding.end
        index = bisect_right(ends, start)
        while index < len(blocks) and blocks[index].start < end:
            covers = start <= blocks[index].start and end >= ends[index]
            (whole if covers else parts).setdefault(index, []).append(finding)
            index += 1
    return whole, parts


def _promote(
    page: Segmented, whole: dict[int, list[Finding]], parts: dict[int, list[Finding]], least: float
) -> None:
    """Take a Block for chrome where most of it is: the rest of an appeal goes with it."""
    for index, findings in parts.items():
        strong = [finding for finding in findings if finding.confidence >= least]
        block = page.blocks[index]
        text = page.document.text  # in columns: composed or not, a letter takes the same room
        covered = sum({f.start: width(text[f.start : f.end]) for f in strong}.values())
        if covered * 2 >= width(text[block.start : block.end]):
            whole.setdefault(index, []).extend(strong)


def _kept_by_rule(page: Segmented, claims: Claims) -> dict[int, str]:
    return {block_at(page, start): reason for start, _, reason in claims.kept}


def _strong_and_weak(
    whole: dict[int, list[Finding]], kept: dict[int, str], least: float
) -> tuple[dict[int, Finding], dict[int, Finding]]:
    removed: dict[int, Finding] = {}
    weak: dict[int, Finding] = {}
    for index, findings in whole.items():
        if index not in kept:
            sure = max(map(_confidence, findings)) >= least
            (removed if sure else weak)[index] = min(findings, key=_rank)
    return removed, weak


def _ranked(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=_rank) if len(findings) > 1 else findings)


_confidence = attrgetter("confidence")


def _rank(finding: Finding) -> float:
    """Order claims, strongest first; what a rule or structure can name goes before the learned."""
    learned = finding.detector == LEARNED
    return -min(finding.confidence, _LEARNED_AT_MOST) if learned else -finding.confidence


def _verdict(
    start: int, end: int, action: Action, findings: tuple[Finding, ...], reason: str = ""
) -> Verdict:
    if not findings:
        return Verdict(start, end, action, reason=reason)
    surest = max(map(_confidence, findings))
    return Verdict(start, end, action, findings[0].category, surest, findings, reason)


def _lifted(
    start: int, end: int, findings: tuple[Finding, ...], why: str, removed: dict[int, Finding]
) -> Verdict:
    category = findings[0].category if findings else ""
    category = category or removed[max(removed)].category
    return Verdict(start, end, Action.REMOVE, category, LIFTED, findings, why)


def _cut(
    start: int, end: int, findings: list[Finding], least: float, about: tuple[Finding, ...]
) -> Iterator[Verdict]:
    """Yield the Verdicts of a Block of which only parts go; claims that overlap are merged."""
    strong = sorted(
        (f for f in findings if f.confidence >= least), key=lambda finding: finding.start
    )
    at = start
    while strong:
        first, last = strong[0].start, strong[0].end
        group = []
        while strong and strong[0].start <= last:
            last = max(last, strong[0].end)
            group.append(strong.pop(0))
        first, last = max(first, start), min(last, end)
        if at < first:
            yield _verdict(at, first, Action.KEEP, about)
        yield _verdict(first, last, Action.REMOVE, _ranked(group))
        at = last
    if at < end:
        yield _verdict(at, end, Action.KEEP, about)
