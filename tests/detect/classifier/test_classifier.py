from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from cleaner import Cleaner, Document, Options
from cleaner.detect.classifier import load, save, shipped
from cleaner.detect.models import CLASSIFIER, MODELS, card
from cleaner.model import Result

BODY = [
    "The ferry to the islands will not sail before Thursday, the harbour master said on Monday, because the storm has torn the pier apart and nobody has looked at the foundations yet.",
    "Divers will go down as soon as the swell allows it. That may take some time: the water in the bay is full of sand, and the wind is forecast to stay in the north until the weekend.",
    "Islanders have been told to expect empty shelves. The last supplies came on Friday, when the mail boat brought bread, milk and the newspapers of three days.",
    '"We have had worse winters," said Maria Okoro, who has kept the shop by the old lighthouse for thirty years. "In 1987 there was no boat for a month, and we ate potatoes."',
    "The council has asked two companies for an offer and hopes to have the pier open again before the summer guests arrive. It expects the repairs to cost about two million.",
]
MENU = [
    "Skip to content",
    "Home",
    "News",
    "Sport",
    "Business",
    "Culture",
    "Travel",
    "Weather",
    "Log in",
    "Subscribe",
]
FOOTER = [
    "Most read",
    "Ten walks for a rainy weekend",
    "Council votes down the new bridge",
    "What to plant in March",
    "Where the seals have gone",
    "About us",
    "Contact",
    "Careers",
    "Advertise with us",
    "Privacy policy",
    "Terms of use",
    "Cookie settings",
    "© 2024 Coast Daily. All rights reserved.",
]
HEADLINE = "Ferry waits for the storm to pass"
PAGE = "\n".join([*MENU, HEADLINE, *BODY, *FOOTER])
ALONE = Options(detectors=("classifier",))


def clean(text: str, options: Options = ALONE) -> Result:
    return Cleaner(options).clean(Document(text=text))


def test_a_page_of_a_publisher_nobody_knows() -> None:
    kept = clean(PAGE).text.split("\n")
    assert set(BODY) <= set(kept)
    assert len([line for line in [*MENU, *FOOTER] if line in kept]) <= 3
    body = clean(PAGE, Options("body", detectors=("classifier",))).text.split("\n")
    assert [line for line in body if line not in ("", HEADLINE)] == BODY


def test_the_headline_stays_in_standard_and_goes_in_body() -> None:
    assert HEADLINE in clean(PAGE).text
    assert HEADLINE not in clean(PAGE, Options("body")).text


def test_an_article_alone_stays_as_it_is() -> None:
    for options in (ALONE, Options(), Options("body", detectors=("classifier",))):
        assert clean("\n\n".join(BODY), options).text == "\n\n".join(BODY)


def test_light_leaves_the_classifier_out() -> None:
    removed = clean(PAGE, Options("light")).removed
    assert {removal.verdict.detector for removal in removed} <= {"rules"}


def test_a_line_says_what_decided_it() -> None:
    (first, *_) = (r.verdict for r in clean(PAGE).removed)
    assert first.detector == "classifier"
    assert first.source == "classifier.other"
    assert first.why.startswith("Learned: ")
    assert 0.5 < first.confidence <= 1


def test_a_rule_that_agrees_names_the_category() -> None:
    verdict = next(
        removal.verdict
        for removal in clean(PAGE, Options()).removed
        if "Cookie settings" in PAGE[removal.start : removal.end]
    )
    assert verdict.category != "other"
    assert {"rules", "classifier"} <= {finding.detector for finding in verdict.findings}


def test_a_caller_may_ask_for_more_certainty() -> None:
    sure = clean(PAGE, Options(detectors=("classifier",), min_confidence=1.0))
    assert len(sure.text) > len(clean(PAGE).text)


def test_an_answer_depends_on_nothing_but_the_document() -> None:
    cleaner = Cleaner(ALONE)
    alone = cleaner.clean(PAGE).text
    assert [row.text for row in cleaner.clean_many([BODY[0], PAGE, "x", PAGE])][1::2] == [alone] * 2  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "text",
    [
        "Yes.",
        "2 cups of flour\n1 cup of sugar\n3 eggs\n\nMix everything and bake it for forty minutes at 180 degrees until a knife comes out clean.",
        "I went down to the water\nbefore the day was long\nand heard an old man singing\nthe middle of a song",
        "def main():\n    for name in names:\n        print(name)\n    return 0",
        "14:32 The bridge is closed to all traffic.\n14:41 Police say that nobody was hurt.\n15:05 The first trains are running again.\n15:20 The minister will speak at four.",
        "\n".join(f"ANNA: Where were you on the night of the {n}th?\nBEN: At home, as I have told you." for n in range(4, 9)),
    ],
)  # fmt: skip
def test_what_looks_like_no_article_and_is_one(text: str) -> None:
    assert clean(text, Options()).text == text


def test_the_card_names_the_file() -> None:
    raw = (MODELS / CLASSIFIER).read_bytes()
    assert hashlib.sha256(raw).hexdigest() == card()["digest"]
    assert len(raw) < 5_000_000
    assert {"data", "folds", "known failures"} <= set(card())


def test_a_model_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    save(shipped(), tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == (MODELS / CLASSIFIER).read_bytes()
    again = load(tmp_path / "again.npz")
    assert np.array_equal(again.network.dense, shipped().network.dense)
