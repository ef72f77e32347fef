"""Detect: Detectors claim, none removes. `DETECTORS` is the table of who may speak, in order."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cleaner.detect.patterns import Known, Match, Matcher
from cleaner.detect.rulebook import PROTECT
from cleaner.detect.scripts import heard_languages
from cleaner.detect.structure import structure
from cleaner.model import Evidence, Finding
from cleaner.segment import Segmented

TIMEOUT = "rule_timeout"
"""How the warning of a rule that took too long begins."""

if TYPE_CHECKING:  # numpy costs a command that goes without it
    from cleaner.detect.templates.bundle import Bundle

__all__ = ["DETECTORS", "Claims", "detect"]


@dataclass(frozen=True, slots=True)
class Claims:
    """Everything that was claimed about one Document."""

    findings: tuple[Finding, ...]
    """In the order of their start."""
    kept: tuple[tuple[int, int, str], ...] = ()
    """Spans that keep rules protect, each with the rule's reason."""
    warnings: tuple[str, ...] = field(default=())


def detect(
    page: Segmented,
    matcher: Matcher,
    names: tuple[str, ...],
    known: Known | None = None,
    bundle: Bundle | None = None,
) -> Claims:
    """Return what the Detectors in `names` claim about `page`.

    The structure detector reads the rules' findings even where ``rules`` may not speak: a teaser
    is one because of the "Read more" below it. `known` is `Matcher.scan`'s; `bundle` has the
    templates of publishers.
    """
    blocks = [page.folded.text[start:end] for start, end in page.units]
    # Whatever was folded away, most texts never had a letter that would need a closer look.
    letters = "".join(sign for sign in page.folded.signs if not sign.isascii())
    found, slow = matcher.scan(blocks, known, None if heard_languages(letters) else ())
    placed = [(index, match) for index, matches in enumerate(found) for match in matches]
    ruled = [_finding(page, *row) for row in placed if row[1].rule.category != PROTECT]
    kept = [
        (*_span(page, index, match), f"keep rule {match.rule.id}: {match.rule.why}")
        for index, match in placed
        if match.rule.category == PROTECT
    ]
    findings = [
        finding
        for name, speak in DETECTORS
        if name in names
        for finding in speak(page, ruled, bundle)
    ]
    findings.sort(key=lambda finding: (finding.start, -finding.end, finding.evidence.source))
    warnings = tuple(f"{TIMEOUT}: {rule_id} was skipped" for rule_id in slow)
    return Claims(tuple(findings), tuple(kept), warnings)


Speak = Callable[[Segmented, list[Finding], "Bundle | None"], Iterator[Finding]]
"""What a Detector says of a page, given what the rules found and the templates there are."""


def _rules(page: Segmented, ruled: list[Finding], bundle: Bundle | None) -> Iterator[Finding]:
    yield from ruled


def _structure(page: Segmented, ruled: list[Finding], bundle: Bundle | None) -> Iterator[Finding]:
    yield from structure(page, ruled)


def _templates(page: Segmented, ruled: list[Finding], bundle: Bundle | None) -> Iterator[Finding]:
    if bundle:
        from cleaner.detect.templates import templates

        yield from templates(page, bundle)


def _classifier(page: Segmented, ruled: list[Finding], bundle: Bundle | None) -> Iterator[Finding]:
    from cleaner.detect.classifier import classify

    yield from classify(page)


DETECTORS: tuple[tuple[str, Speak], ...] = (
    ("rules", _rules),
    ("structure", _structure),
    ("templates", _templates),
    ("classifier", _classifier),
)


def _finding(page: Segmented, index: int, match: Match) -> Finding:
    rule = match.rule
    start, end = _span(page, index, match)
    return Finding(
        "rules", start, end, rule.category, rule.confidence, Evidence(rule.id, rule.why), rule.leads
    )


def _span(page: Segmented, index: int, match: Match) -> tuple[int, int]:
    """Return the original range of a match in a Block; a whole Block's is exact."""
    (start, end), block = page.units[index], page.blocks[index]
    first = page.folded.origin(start + match.start) if match.start else block.start
    last = page.folded.origin(start + match.end) if start + match.end < end else block.end
    while last > first and page.document.text[last - 1].isspace():
        last -= 1
    return first, last


def block_at(page: Segmented, offset: int) -> int:
    """Return the index of the first Block that ends behind `offset`."""
    return bisect_right(page.ends, offset)
