"""Structure: what stands where. Each detector with what it claims and what it must not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cleaner import Document, Line
from cleaner.detect import Claims

Claim = Callable[..., Claims]
A = "The council voted on Tuesday to rebuild the old bridge over the river, the mayor said."
B = "The work is to begin in spring and to take a year, if the river lets the workers have it."
TITLE = "Five ways to choose a tent"


def claimed(claims: Claims, text: str, source: str) -> list[str]:
    return [text[row.start : row.end] for row in claims.findings if row.evidence.source == source]


def text_of(*blocks: str) -> str:
    return "\n\n".join(blocks) + "\n"


@pytest.mark.parametrize(
    ("text", "teasers"),
    [
        (text_of("Bridge opens", A, B, f"{TITLE}\nRead more", A), [TITLE]),
        (text_of("Bridge opens", A, B, TITLE, "Read more »"), [TITLE]),
        (text_of(TITLE, "Read more", A, B), []),
        (text_of(A, B, "Read more"), []),
        (text_of(A, B, "Two words", "Read more", A), []),
        (text_of(A, B, "What the mayor said:", "Read more", A), []),
        (text_of("Headline of the story", f"{TITLE}\nRead more", A, B), [TITLE]),
        (text_of(A, B, "Rating Sound 8 Fit 6 Battery 9.5 Controls 7\nRead more", A), []),
    ],
    ids=[
        "close",
        "apart",
        "own-headline",
        "prose-above",
        "two-words",
        "colon",
        "above-the-body",
        "marks",
    ],
)
def test_teaser_is_a_title_directly_above_a_read_more(
    claims_of: Claim, text: str, teasers: list[str]
) -> None:
    assert claimed(claims_of(text), text, "structure.teaser") == teasers


@pytest.mark.parametrize(
    ("text", "items"),
    [
        (text_of(A, B, f"Most read\n{TITLE}\nWho paid for it\nA tale of two towns"),
         [TITLE, "Who paid for it", "A tale of two towns"]),
        (text_of(A, "Most read", TITLE, "Who paid for the old bridge", A, B),
         [TITLE, "Who paid for the old bridge"]),
        (text_of(A, "Most read", A, B, TITLE), []),
        (text_of(A, f"Most read\n{TITLE}\nWho paid for it\n", TITLE, A, B), [TITLE, "Who paid for it"]),
        (text_of(A, B, "Most read it twice.", TITLE), []),
    ],
    ids=["tight", "until-prose", "prose-at-once", "until-the-gap", "no-heading"],
)  # fmt: skip
def test_list_runs_from_its_heading_to_the_first_text(
    claims_of: Claim, text: str, items: list[str]
) -> None:
    assert claimed(claims_of(text), text, "structure.list") == items


def test_list_leaves_the_subhead_of_the_text_below_it(claims_of: Claim) -> None:
    text = text_of(A, "Most read", "Five ways to choose a tent for winter", "Who paid for the old bridge, and why",
                   "A new start", B, A)  # fmt: skip
    assert "A new start" not in claimed(claims_of(text), text, "structure.list")


APPEAL = "As you have read this far, we have a small favor to ask."


@pytest.mark.parametrize(
    ("blocks", "rest"),
    [
        ([A, B, APPEAL, "It takes a minute.", "Support our journalism today."],
         ["It takes a minute.", "Support our journalism today."]),
        ([A, APPEAL, A, B, A, B], []),
        ([A, B, APPEAL], []),
        ([APPEAL, *([A] * 15), "Support our journalism today."], []),
    ],
    ids=["to-the-end", "only-quoted", "alone", "too-far-from-the-end"],
)  # fmt: skip
def test_appeal_runs_from_its_opening_to_the_end(
    claims_of: Claim, blocks: list[str], rest: list[str]
) -> None:
    text = text_of(*blocks)
    assert claimed(claims_of(text), text, "structure.appeal") == rest


@pytest.mark.parametrize(
    ("text", "menu"),
    [
        ("Home\nNews\nWeather\nSport\n\n" + text_of(A, B), ["Home", "News", "Weather", "Sport"]),
        (text_of(A, B) + "\nHome\nWeather\nNews\n", ["Home", "Weather", "News"]),
        (text_of(A) + "\nHome\nNews\nSport\n\n" + text_of(B), []),
        (text_of(A, B) + "\nHome\nApples\nPears\nPlums\nNuts\n", []),
        ("Home\nNews\nSport\n", []),
        (text_of(A, B) + "\nHome\nNews\n", []),
    ],
    ids=["head", "tail", "inside", "too-few-known", "no-article", "two"],
)
def test_menu_is_a_run_of_labels_at_an_end(claims_of: Claim, text: str, menu: list[str]) -> None:
    assert claimed(claims_of(text), text, "structure.menu") == menu


def test_headline_caption_and_standfirst_stand_above_the_body(claims_of: Claim) -> None:
    text = text_of(
        "the bridge in winter",
        "The Old Bridge Opens Again",
        "Two years of work come to an end",
        A,
        B,
    )
    claims = claims_of(text)
    assert claimed(claims, text, "structure.headline") == ["The Old Bridge Opens Again"]
    assert claimed(claims, text, "structure.standfirst") == ["Two years of work come to an end"]
    assert claimed(claims, text, "structure.caption") == ["the bridge in winter"]


def test_title_hint_names_the_headline(claims_of: Claim) -> None:
    text = text_of("The bridge that came back", "Two Years Of Work Come To An End", A, B)
    hinted = Document(text=text, title="The bridge that came back | Talpost")
    assert claimed(claims_of(hinted), text, "structure.headline") == ["The bridge that came back"]


def test_text_without_a_body_has_no_headline(claims_of: Claim) -> None:
    text = text_of("The Old Bridge Opens Again", A)
    assert not claimed(claims_of(text), text, "structure.headline")


def test_lines_that_the_extractor_left_out_are_claimed(claims_of: Claim) -> None:
    text = "in\nout\nunknown"
    lines = (Line(0, 2, True), Line(3, 6, False), Line(7, 14, None))
    from cleaner.detect.structure import structure
    from cleaner.segment import segment

    page = segment(Document(text=text, lines=lines))
    found = [(row.category, text[row.start : row.end]) for row in structure(page, [])]
    assert found == [("other", "out")]


@pytest.mark.parametrize("text", ["", "\n", "Read more", "Most read", APPEAL, "Home\n"])
def test_hardly_any_text_breaks_nothing(claims_of: Claim, text: str) -> None:
    assert not [row for row in claims_of(text).findings if row.detector == "structure"]


def test_every_structure_explains_itself(claims_of: Claim) -> None:
    text = (
        text_of("The Old Bridge Opens Again", A, B, f"{TITLE}\nRead more", "Most read", TITLE)
        + "Home\nNews\nSport"
    )
    for row in claims_of(text).findings:
        assert 0 < row.confidence <= 1
        assert row.evidence.source
        assert row.evidence.why


HEADLINE = "Old bridge over the river to be rebuilt"


@pytest.mark.parametrize(
    ("blocks", "copies"),
    [
        ((HEADLINE, A + " " + B, B, A, A + " " + B), [A + " " + B]),
        ((A + " " + B, TITLE, HEADLINE, A + " " + B, A, B), [A + " " + B]),
        ((HEADLINE, "Coast Daily", HEADLINE, A, B), [HEADLINE]),
        ((HEADLINE, A, B, HEADLINE), []),
        ((A, B, "Yes, she said.", A, "Yes, she said."), []),
    ],
    ids=["paragraph", "teaser-above", "headline", "headline-below", "short"],
)
def test_what_stands_twice_goes_once(
    claims_of: Claim, blocks: tuple[str, ...], copies: list[str]
) -> None:
    text = text_of(*blocks)
    assert claimed(claims_of(text), text, "structure.repeated") == copies


def test_of_two_copies_the_one_in_the_article_stays(claims_of: Claim) -> None:
    opening = (f"{A} {B}", f"{B} {A}")
    between = (TITLE, "Who paid for it", "A tale of two towns", HEADLINE)
    text = text_of(*opening, *between, *opening, A, B)
    copies = [
        row.start for row in claims_of(text).findings if row.evidence.source == "structure.repeated"
    ]
    assert copies == [0, text.index(opening[1])]


def test_what_comes_back_alone_was_written_so(claims_of: Claim) -> None:
    exercise = f"{A} {B}"
    for blocks in ((exercise, A, B, TITLE, A, exercise), (exercise, TITLE, A, B, TITLE) * 4):
        text = text_of(*blocks)
        assert not claimed(claims_of(text), text, "structure.repeated")


def test_buttons_throughout_the_article_make_no_teasers(claims_of: Claim) -> None:
    products = [text_of(A, f"{TITLE}\nRead more") for _ in range(5)]
    text = "\n".join([*products, text_of(A, B)])
    assert not claimed(claims_of(text), text, "structure.teaser")
