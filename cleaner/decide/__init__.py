"""Decide: claims become Verdicts. Merge, protect, look again at what stands between.

The order: claims that the policy does not ask for fall away; keep rules and guards protect;
claims about a Block are merged with all their evidence, the strongest naming the category; weak
claims are looked at again in the company of what goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from cleaner.decide.context import LIFTED, WEAK, in_company
from cleaner.decide.guard import guarded
from cleaner.detect import Claims, block_at
from cleaner.model import Action, Finding, Verdict
from cleaner.profiles import Policy
from cleaner.segment import Segmented
from cleaner.segment.features import width, words

__all__ = ["decide"]

# Whatever a rule has to say explains a removal better than any number does.
_LEARNED_AT_MOST = WEAK / 2
LEARNED = "classifier"
# Share of a document's text up to which what the classifier claims is doubted.
_FULL_PAGE = 0.1
# How far above the body its head may begin, and how many lines it has.
_HEAD_REACH, _HEAD_LINES = 8, 3
_HEADLINE_WORDS = 3


def decide(page: Segmented, claims: Claims, policy: Policy) -> tuple[Verdict, ...]:
    """Return one Verdict for each Block; more where only a part of it is chrome."""
    if not page.blocks and page.document.text:
        return (_blank(page),)
    asked = [
        finding
        for finding in claims.findings
        if finding.category in policy.categories and finding.confidence >= _least(finding, policy)
    ]
    whole, parts = _by_block(page, _doubted(page, asked, policy))
    _promote(page, whole, parts, policy.min_confidence)
    kept = _kept_by_rule(page, claims) | guarded(page, whole.keys() | parts.keys())
    if "headline" not in policy.categories:
        kept |= _head(page, whole)
    removed, weak = _strong_and_weak(whole, kept, policy.min_confidence)
    lifted = in_company(page.texts, removed, weak, set(kept)) if removed else {}
    verdicts: list[Verdict] = []
    for index, block in enumerate(page.blocks):
        about = _ranked(whole.get(index, ()))
        if index in removed:
            verdicts.append(_verdict(block.start, block.end, Action.REMOVE, about))
        elif index in lifted:
            verdicts.append(_lifted(block.start, block.end, about, lifted[index], removed))
        elif index in parts and index not in kept:
            verdicts += _cut(block.start, block.end, parts[index], policy.min_confidence, about)
        else:
            reason = kept.get(index, "too weak a claim" if about else "")
            verdict = _verdict(block.start, block.end, Action.KEEP, about)
            verdicts.append(replace(verdict, reason=reason) if reason else verdict)
    return tuple(verdicts)


def _least(finding: Finding, policy: Policy) -> float:
    """Return the confidence from which a claim is heard at all."""
    if finding.detector == LEARNED:
        return policy.min_learned
    return min(WEAK, policy.min_confidence)


def _doubted(page: Segmented, asked: list[Finding], policy: Policy) -> list[Finding]:
    """Leave out the classifier's less certain claims in a document that is nearly all article.

    What one claim in twenty is wrong about is little on a full page, and all there is in a poem.
    Where no running text stays that something could be chrome to, it is not heard at all.
    """
    learned = [finding for finding in asked if finding.detector == LEARNED]
    if not learned:
        return asked
    gone = {finding.start for finding in learned}
    blocks = zip(page.blocks, page.prose, strict=True)
    if not any(prose and block.start not in gone for block, prose in blocks):
        return [finding for finding in asked if finding.detector != LEARNED]
    widths = [width(text) for text in page.texts]
    starts = (block.start for block in page.blocks)
    claimed = sum(size for size, start in zip(widths, starts, strict=True) if start in gone)
    if claimed > _FULL_PAGE * sum(widths):
        return asked
    least = (1 + policy.min_learned) / 2
    return [f for f in asked if f.detector != LEARNED or f.confidence >= least]


def _head(page: Segmented, whole: dict[int, list[Finding]]) -> dict[int, str]:
    """Protect from the classifier what may be headline, byline and date: next above the body."""
    body = next((n for n, prose in enumerate(page.prose) if prose and n not in whole), 0)
    above = [
        index
        for index in range(max(body - _HEAD_REACH, 0), body)
        if all(finding.detector == LEARNED for finding in whole.get(index, ()))
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
    for finding in findings:
        index = block_at(page, finding.start)
        while index < len(page.blocks) and page.blocks[index].start < finding.end:
            block = page.blocks[index]
            covers = finding.start <= block.start and finding.end >= block.end
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
        covered = sum({f.start: f.end - f.start for f in strong}.values())
        if covered * 2 >= block.end - block.start:
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
            surest = max(finding.confidence for finding in findings)
            (removed if surest >= least else weak)[index] = min(findings, key=_rank)
    return removed, weak


def _ranked(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=_rank))


def _rank(finding: Finding) -> float:
    """Order claims, strongest first; what a rule or structure can name goes before the learned."""
    learned = finding.detector == LEARNED
    return -min(finding.confidence, _LEARNED_AT_MOST) if learned else -finding.confidence


def _verdict(start: int, end: int, action: Action, findings: tuple[Finding, ...]) -> Verdict:
    if not findings:
        return Verdict(start, end, action)
    best = findings[0]
    surest = max(finding.confidence for finding in findings)
    return Verdict(start, end, action, best.category, surest, findings)


def _lifted(
    start: int, end: int, findings: tuple[Finding, ...], why: str, removed: dict[int, Finding]
) -> Verdict:
    verdict = _verdict(start, end, Action.REMOVE, findings)
    category = verdict.category or removed[max(removed)].category
    return replace(verdict, category=category, confidence=LIFTED, reason=why)


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
