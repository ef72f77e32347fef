"""A Result as a reader wants to see it: the whole document in order, each part with its fate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cleaner.model import Result, Verdict


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the document that stays, or that goes."""

    text: str
    verdict: Verdict | None
    """Why it goes; None for what stays."""


def parts_of(result: Result) -> Iterator[Part]:
    """Yield the parts of the document; their texts joined are the document's text."""
    text, at = result.document.text, 0
    for removal in result.removed:
        if at < removal.start:
            yield Part(text[at : removal.start], None)
        yield Part(text[removal.start : removal.end], removal.verdict)
        at = removal.end
    if at < len(text):
        yield Part(text[at:], None)


def reason_of(verdict: Verdict) -> str:
    """Return the reason in one line: category, confidence, source, why."""
    why = "" if verdict.why == verdict.source else f" · {verdict.why}"
    return f"{verdict.category} {verdict.confidence:.2f} · {verdict.source}{why}"


def summary_of(result: Result) -> str:
    """Return in one line how much went."""
    total = len(result.document.text)
    gone = sum(removal.end - removal.start for removal in result.removed)
    share = 100 * gone / total if total else 0
    return (
        f"{len(result.removed)} removed, {gone:,} of {total:,} characters ({share:.1f}%) · "
        f"ruleset {result.ruleset_version}"
    )
