"""What the detector takes by a bundle, and what it leaves."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from cleaner import Cleaner, Options
from cleaner.detect.templates import Bundle, Template, Where
from cleaner.detect.templates.bundle import SLOT
from cleaner.model import Action, Document

from .test_bundle import template

BODY = (
    "The ferry to the outer islands was cancelled on Monday, the operator said in a short note.",
    "Some forty passengers spent the night in the school, where volunteers cooked a soup for them.",
    "A spokesman for the harbour said that the pier had been closed since a storm broke its lamps.",
)
ALONE = Options(detectors=("templates",))


def cleaned(lines: Iterable[str], *templates: Template, publisher: str = "lantern.example") -> str:
    cleaner = Cleaner(ALONE, bundle=Bundle.of(templates))
    return cleaner.clean(Document(text="\n\n".join(lines), publisher=publisher)).text


@pytest.mark.parametrize(
    "line",
    [
        "You have 3 free articles left",
        "you have 12 FREE articles left.",
        "» You have 1 free articles left …",
    ],
)
def test_case_digits_and_quotes_do_not_matter(line: str) -> None:
    known = template("You have 3 free articles left")
    assert cleaned([*BODY, line], known) == "\n\n".join(BODY)


def test_other_publishers_and_unknown_ones_are_left_alone() -> None:
    known = template("Sign up for the Lantern letter")
    lines = [*BODY, "Sign up for the Lantern letter"]
    assert cleaned(lines, known, publisher="other.example") == "\n\n".join(lines)
    assert cleaned(lines, known, publisher="") == "\n\n".join(lines)


def test_the_publisher_is_known_by_its_url() -> None:
    cleaner = Cleaner(ALONE, bundle=Bundle.of([template("Sign up now", "lantern.co.uk")]))
    text = "\n\n".join([*BODY, "Sign up now"])
    url = "https://www.news.lantern.co.uk/2026/ferry"
    assert cleaner.clean(Document(text=text, url=url)).text == "\n\n".join(BODY)


def test_slots_hold_what_varies() -> None:
    known = template(f"The post {SLOT} appeared first on Lantern")
    line = "The post Storm closes the pier appeared first on Lantern."
    assert cleaned([*BODY, line], known) == "\n\n".join(BODY)
    near_miss = "The post office closed in May; the news appeared first on a notice board."
    assert near_miss in cleaned([*BODY, near_miss], known)


def test_a_slot_does_not_grow_beyond_its_room() -> None:
    known = template(f"The post {SLOT} appeared first on Lantern")
    line = "The post " + "very " * 30 + "appeared first on Lantern"
    assert line in cleaned([*BODY, line], known)


def test_chrome_glued_to_the_end_of_a_sentence_goes_and_the_sentence_stays() -> None:
    known = template("Read the Lantern app for more of this.", where=Where.CLOSING)
    glued = [*BODY[:2], f"{BODY[2]} Read the Lantern app for more of this."]
    assert cleaned(glued, known) == "\n\n".join(BODY)
    inside = "He told them to read the Lantern app for more of this."
    assert inside in cleaned([*BODY, inside], known)


def test_chrome_glued_to_the_start_goes() -> None:
    known = template("Harbour desk, all day long.", where=Where.OPENING)
    glued = [f"Harbour desk, all day long. {BODY[0]}", *BODY[1:]]
    assert cleaned(glued, known) == "\n\n".join(BODY)


def test_the_list_between_two_templates_goes() -> None:
    known = (template("Most read this week", opens=5), template("About the Lantern"))
    teasers = ["Bakers ask for cheaper flour", "Museum finds its lost key", "Frost in the orchards"]
    lines = [*BODY, "Most read this week", *teasers, "About the Lantern"]
    assert cleaned(lines, *known) == "\n\n".join(BODY)


def test_the_article_between_two_templates_stays() -> None:
    known = (template("Home", opens=9), template("About the Lantern"))
    lines = ["Home", "Storm cancels the ferry", "By Ada Quill", *BODY, "About the Lantern"]
    kept = "\n\n".join(["Storm cancels the ferry", "By Ada Quill", *BODY])
    assert cleaned(lines, *known) == kept


def test_bylines_of_teasers_do_not_take_the_articles_own() -> None:
    known = template(f"By {SLOT} for the Lantern desk")
    line = "By Ada Quill for the Lantern desk"
    assert cleaned([line, *BODY, "Also today", line], known).startswith(line)


def test_templates_that_would_take_most_of_the_text_take_none_of_it() -> None:
    poison = [template(line, pages=50) for line in BODY]
    assert cleaned(BODY, *poison) == "\n\n".join(BODY)
    assert cleaned([*BODY, "Sign up"], *poison, template("Sign up")) == "\n\n".join(BODY)


def test_a_claim_names_its_template_and_its_support() -> None:
    known = template("Sign up for the Lantern letter")
    result = Cleaner(ALONE, bundle=Bundle.of([known])).clean(
        Document(text="\n\n".join([*BODY, known.text]), publisher="lantern.example")
    )
    (gone,) = [verdict for verdict in result.verdicts if verdict.action is Action.REMOVE]
    assert (gone.detector, gone.source) == ("templates", known.id)
    assert "lantern.example" in gone.why
    assert result.ruleset_version != Cleaner(ALONE).ruleset_version


def test_weak_templates_are_not_certain_enough_for_light() -> None:
    lines = [*BODY, "Sign up for the Lantern letter"]
    for confidence, stays in ((0.95, False), (0.7, True)):
        known = template(lines[-1], confidence=confidence)
        light = Cleaner(Options(profile="light"), bundle=Bundle.of([known]))
        document = Document(text="\n\n".join(lines), publisher="lantern.example")
        assert (lines[-1] in light.clean(document).text) is stays


def test_keep_rules_protect_from_templates() -> None:
    correction = "Correction: An earlier version of this article misstated the name of the pier."
    assert correction in cleaned([*BODY, correction], template(correction))
