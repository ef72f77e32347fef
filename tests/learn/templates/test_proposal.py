"""What is learned from strangers' pages: chrome that recurs, and no sentence of a story."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from newsroom import CLOSING, OPENING, article, page, url

from cleaner import Cleaner, Document, Options
from cleaner.detect.templates.bundle import Bundle
from cleaner.errors import UnknownName
from cleaner.learn.templates.learner import Learner, Rules
from cleaner.learn.templates.proposal import Elsewhere, Proposal, merged, propose
from cleaner.learn.templates.store import Page

NAME = "tidewater-gazette.org"
DAY = 20_000
NOWHERE = Elsewhere(())
STORY = article("a wire service", 1)


def honest(count: int = 14, name: str = NAME) -> list[Page]:
    return [Page(name, url(name, n), text=page(name, n), day=DAY + n % 7) for n in range(count)]


def accepted(proposal: Proposal) -> set[str]:
    return {row.template.text for row in proposal.proposed if row.template.accepted}


def reasons(proposal: Proposal) -> dict[str, str]:
    return {
        row.template.text: row.template.reason
        for row in proposal.proposed
        if not row.template.accepted
    }


def test_what_recurs_is_proposed_with_its_evidence() -> None:
    proposal = propose(NAME, honest(), NOWHERE)
    assert accepted(proposal) == {*OPENING, *CLOSING}
    assert 12 <= proposal.pages <= 14  # counted by sketches
    for row in proposal.proposed:
        assert 5 <= row.template.days <= 7
        assert len(row.examples) == 3
        assert len({example.url for example in row.examples}) == 3
        assert {example.text for example in row.examples} == {row.template.text}
        assert row.template.reason.startswith(
            f"recurs on {proposal.pages} of {proposal.pages} pages and "
        )


def flooded(how: str) -> list[Page]:
    """Return pages by which someone wants real sentences to be learned."""
    target = STORY[1]
    lines = [*OPENING, "Seen here first", *STORY[1:4], *CLOSING]
    same = "\n\n".join(lines)
    match how:
        case "one day":  # new stories, so that they are no near-duplicates
            texts = [f"{page('flood', n)}\n\n{target}\n" for n in range(60)]
            return [
                Page(NAME, url(NAME, 900 + n), text=text, day=DAY + 30)
                for n, text in enumerate(texts)
            ]
        case "one url":
            return [
                Page(
                    NAME, url(NAME, 900), text=f"{page('flood', n)}\n\n{target}\n", day=DAY + 30 + n
                )
                for n in range(60)
            ]
        case _:
            texts = [f"{same}\n\nUpdated for the {n}th time" for n in range(60)]
            return [
                Page(NAME, url(NAME, 900 + n), text=text, day=DAY + 30 + n)
                for n, text in enumerate(texts)
            ]


@pytest.mark.fault(40)
@pytest.mark.parametrize("how", ["one day", "one url", "near duplicates"])
@pytest.mark.parametrize("victim", ["new", "known"])
def test_row40_a_flood_of_real_sentences_teaches_nothing(
    tmp_path: Path, how: str, victim: str
) -> None:
    learner = Learner(tmp_path)
    if victim == "known":
        learner.observe(honest())
    assert learner.observe(flooded(how)).accepted == 60
    (proposal,) = learner.propose()
    assert not accepted(proposal) & set(STORY)
    if victim == "known":
        assert accepted(proposal) >= set(CLOSING)
    learner.publish()
    bundle = Bundle.load(tmp_path / "current.npz")
    cleaner = Cleaner(Options(detectors=("templates",)), bundle=bundle)
    story = "\n\n".join(STORY)
    assert cleaner.clean(Document(text=story, publisher=NAME)).text == story


@pytest.mark.fault(40)
def test_row40_prose_of_another_publisher_is_no_template() -> None:
    """Over several days, on different pages: what is left is that the sentence stands elsewhere."""
    target = STORY[1]
    pages = [replace(row, text=f"{row.text}\n\n{target}\n") for row in honest()]
    assert target in accepted(propose(NAME, pages, NOWHERE))
    wire = [Page(url=url("wire.org", n), text=page("wire.org", n)) for n in range(3)]
    wire.append(Page(url=url("wire.org", 9), text="\n".join(STORY).upper()))
    told = propose(NAME, pages, Elsewhere([("wire.org", wire)]))
    assert reasons(told)[target] == "is part of a story at wire.org"
    assert accepted(told) == {*OPENING, *CLOSING}
    veto = propose(NAME, pages, Elsewhere((), veto=[target]))
    assert reasons(veto)[target] == "stands in the veto list"


def test_chrome_that_sister_papers_share_is_learned() -> None:
    sisters = [(f"sister{n}.org", [Page(url=url(f"sister{n}.org", m), text=page(f"sister{n}.org", m)) for m in range(4)]) for n in range(2)]  # fmt: skip
    assert CLOSING[1] in accepted(propose(NAME, honest(), Elsewhere(sisters)))


@pytest.mark.fault(40)
def test_a_template_may_not_take_most_of_a_page() -> None:
    bulk = " ".join(article("bulk", 29, paragraphs=4)[1:])
    pages = [replace(row, text=f"{row.text}\n\n{bulk}\n") for row in honest(60)]
    told = propose(NAME, pages, NOWHERE)
    assert bulk not in accepted(told)
    assert reasons(told)[bulk].endswith("% of the pages that it stands on")
    assert accepted(told) >= {*CLOSING}


def test_pages_of_one_day_and_of_two_pages_teach_nothing() -> None:
    one_day = [replace(row, day=DAY) for row in honest()]
    assert accepted(propose(NAME, one_day, NOWHERE)) == set()
    assert accepted(propose(NAME, honest(2), NOWHERE)) == set()


def test_days_may_be_counted_by_arrival(tmp_path: Path) -> None:
    """Days that a stranger tells may be made up; the day of arrival may not."""
    learner = Learner(tmp_path, rules=Rules(by_arrival=True))
    learner.observe(honest())
    (proposal,) = learner.propose()
    assert accepted(proposal) == set()


def test_publishing_keeps_other_publishers_and_decisions_by_hand(tmp_path: Path) -> None:
    learner = Learner(tmp_path)
    learner.observe(honest())
    learner.observe(honest(name="other-gazette.org"))
    proposals = list(learner.propose())
    first = merged(Bundle.of(()), proposals)
    by_hand = [
        replace(row, accepted=row.text != CLOSING[0], by_hand=True)
        if row.text in CLOSING[:1] and row.publisher == NAME
        else row
        for row in first
    ]
    again = merged(Bundle.of(by_hand), [row for row in proposals if row.publisher == NAME])
    assert {row.id for row in again} == {row.id for row in first}
    decided = {row.text: row for row in again if row.by_hand}
    assert set(decided) == {CLOSING[0]}
    assert not decided[CLOSING[0]].accepted
    assert again.digest == Bundle.of(by_hand).digest


def test_what_was_expected_is_published_or_nothing(tmp_path: Path) -> None:
    learner = Learner(tmp_path)
    learner.observe(honest())
    (proposal,) = learner.propose([NAME])
    learner.observe([Page(NAME, url(NAME, 99), text=page(NAME, 99), day=DAY)])
    with pytest.raises(UnknownName, match="expected_digest"):
        learner.publish([NAME], expected=proposal.digest)
    assert learner.current.number == 0
    (proposal,) = learner.propose([NAME])
    assert learner.publish([NAME], expected=proposal.digest).number == 1
    with pytest.raises(UnknownName, match="publisher"):
        learner.publish(["nobody.org"])
