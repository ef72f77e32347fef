"""What a person decided outlives learning anew, and templates are found by the beginning of their id."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cleaner.detect.templates.bundle import Bundle, Template, Where
from cleaner.detect.templates.slots import anchor_print
from cleaner.errors import InvalidInput
from cleaner.learn.templates.decisions import decided, find, with_decisions


def template(text: str, publisher: str = "harbour.example", accepted: bool = True) -> Template:
    room = 12 if "{…}" in text else 0
    return Template(publisher, text, Where.BLOCK, "other", 0.95, 9, 0, 0.9, -1, -1, "tail", 0, room, "recurs", anchor_print(text, Where.BLOCK), accepted)  # fmt: skip


HOME, LEFT = template("Home"), template("You have 3 articles left")


def test_a_decision_keeps_the_miner_s_reason_once() -> None:
    twice = decided(decided(HOME, False), True)
    assert (twice.accepted, twice.by_hand, twice.reason) == (
        True,
        True,
        "accepted by hand (recurs)",
    )


def test_learning_anew_keeps_decisions() -> None:
    old = Bundle.of([decided(HOME, False), decided(LEFT, False), template("News")])
    new = [template("Home"), replace(template("You have 9 articles left"), pages=20), template("Sport")]  # fmt: skip
    kept = {t.text: t for t in with_decisions(new, old)}
    assert {text: (t.accepted, t.by_hand) for text, t in kept.items()} == {
        "Home": (False, True),
        "You have 9 articles left": (False, True),
        "Sport": (True, False),
    }
    assert kept["You have 9 articles left"].pages == 20, "its numbers are today's"


def test_a_decision_about_what_was_not_found_again_stays() -> None:
    old = Bundle.of([decided(template("Home", accepted=False), True)])
    (kept,) = with_decisions([], old)
    assert kept == decided(template("Home", accepted=False), True)


def test_of_patterns_that_begin_alike_a_decision_is_about_one() -> None:
    one, other = template("Written by {…} in Rome"), template("Written by {…} at sea")
    kept = with_decisions([one, other], Bundle.of([decided(one, False)]))
    assert [(t.text, t.accepted) for t in kept] == [(one.text, False), (other.text, True)]


BUNDLE = Bundle.of(
    [HOME, LEFT, template("Home", "harbour.test"), template("News", "river.example")]
)


@pytest.mark.parametrize(
    "name", [HOME.id, HOME.id[:-6], HOME.id.replace("#", "#")[: HOME.id.index("#") + 3]]
)
def test_the_beginning_of_an_id_will_do(name: str) -> None:
    assert [BUNDLE.template(n) for n in find(BUNDLE, name)] == [HOME]


def test_the_digits_alone_will_do_where_one_publisher_has_them() -> None:
    digits = LEFT.id.split("#")[1]
    assert [BUNDLE.template(n) for n in find(BUNDLE, digits)] == [LEFT]
    assert [BUNDLE.template(n) for n in find(BUNDLE, digits[:4])] == [LEFT]
    assert [BUNDLE.template(n).text for n in find(BUNDLE, "river")] == ["News"]


@pytest.mark.parametrize("name", ["harb", "harbour.example", HOME.id.split("#")[1]])
def test_what_begins_several_ids_is_refused_with_their_names(name: str) -> None:
    with pytest.raises(InvalidInput, match="begins") as caught:
        find(BUNDLE, name)
    assert HOME.id in str(caught.value)


@pytest.mark.parametrize("name", ["", "#", "nobody", "river.example#ffff", "fff", "ffffffffffff"])
def test_an_id_that_there_is_not_is_told(name: str) -> None:
    with pytest.raises(InvalidInput, match=r"no template|begins 4 ids"):
        find(BUNDLE, name)
