"""Messages of LearnerService to the values of `cleaner.learn` and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from cleaner.detect.templates.bundle import Template, Where
from cleaner.learn.templates.learner import Learner
from cleaner.learn.templates.store import Observed, Page, Refusal
from cleaner.learn.templates.versions import Version
from cleaner.v1 import learner_service_pb2 as pb

if TYPE_CHECKING:  # mining imports what observing goes without
    from cleaner.learn.templates.proposal import Proposal, Proposed

_EPOCH = date(1970, 1, 1)
_REFUSALS = {
    Refusal.NO_PUBLISHER: pb.PAGE_REFUSAL_NO_PUBLISHER,
    Refusal.NO_ADDRESS: pb.PAGE_REFUSAL_NO_ADDRESS,
    Refusal.EMPTY: pb.PAGE_REFUSAL_EMPTY,
    Refusal.TOO_LARGE: pb.PAGE_REFUSAL_TOO_LARGE,
    Refusal.FUTURE: pb.PAGE_REFUSAL_FUTURE,
    Refusal.BAD_DATE: pb.PAGE_REFUSAL_BAD_DATE,
}
_PARTS = {
    Where.BLOCK: pb.TEMPLATE_PART_WHOLE,
    Where.OPENING: pb.TEMPLATE_PART_OPENING,
    Where.CLOSING: pb.TEMPLATE_PART_CLOSING,
}


def pages_of(messages: Iterable[pb.Page], refused: Counter[Refusal]) -> Iterator[Page]:
    """Yield the pages of messages; count those whose date is none."""
    for message in messages:
        try:
            day = (date.fromisoformat(message.date) - _EPOCH).days if message.date else None
        except ValueError:
            refused[Refusal.BAD_DATE] += 1
            continue
        html = message.html if message.WhichOneof("content") == "html" else None
        text = None if html is not None else message.text
        yield Page(message.publisher, message.url, message.id, day, text, html)


def observe_response(observed: Observed) -> pb.ObserveResponse:
    """Return what became of pages."""
    return pb.ObserveResponse(
        accepted_count=observed.accepted,
        replaced_count=observed.replaced,
        refused=[
            pb.RefusedPages(reason=_REFUSALS[reason], count=count)
            for reason, count in sorted(observed.refused.items())
        ],
    )


def propose_response(proposal: Proposal) -> pb.ProposeResponse:
    """Return what would be learned of one publisher."""
    return pb.ProposeResponse(
        publisher=proposal.publisher,
        page_count=proposal.pages,
        templates=[template_message(row.template, row) for row in proposal.proposed],
        digest=proposal.digest,
    )


def template_message(template: Template, proposed: Proposed | None = None) -> pb.Template:
    """Return a template, with its examples where there are any."""
    examples = proposed.examples if proposed else ()
    return pb.Template(
        id=template.id,
        text=template.text,
        part=_PARTS[template.where],
        category=template.category,
        confidence=template.confidence,
        position=template.position,
        page_count=template.pages,
        day_count=template.days,
        share=template.share,
        first_date=_date(template.first),
        last_date=_date(template.last),
        opened_lines=template.opens,
        accepted=template.accepted,
        reason=template.reason,
        by_hand=template.by_hand,
        examples=[pb.TemplateExample(url=row.url, text=row.text) for row in examples],
    )


def version_message(version: Version) -> pb.TemplatesVersion:
    """Return one published version."""
    return pb.TemplatesVersion(
        number=version.number,
        digest=version.digest,
        time=datetime.fromtimestamp(version.time, UTC).isoformat(timespec="seconds"),
        path=version.path,
        base_number=version.base,
        note=version.note,
    )


def versions_response(learner: Learner) -> pb.ListVersionsResponse:
    """Return all versions."""
    rows = [version_message(version) for version in learner.versions]
    return pb.ListVersionsResponse(versions=rows, current_number=learner.current.number)


def profile_response(learner: Learner, publisher: str) -> pb.GetPublisherProfileResponse:
    """Return what is known of a publisher."""
    held, templates = learner.profile(publisher)
    return pb.GetPublisherProfileResponse(
        publisher=held.publisher,
        page_count=held.pages,
        day_count=held.days,
        first_date=_date(held.first),
        last_date=_date(held.last),
        templates=[template_message(template) for template in templates],
        bundle_digest=learner.current.digest,
    )


def _date(day: int) -> str:
    return (_EPOCH + timedelta(days=day)).isoformat() if day >= 0 else ""
