from __future__ import annotations

import numpy as np
import pytest

from cleaner.learn.labels import (
    ARTICLE_LINE,
    CHROME_LINE,
    HEAD_LINE,
    Gold,
    extracted,
    gold_of,
    label,
    tokens_of,
)

BODY = [
    "The ferry to the islands will not sail before Thursday, the harbour master said, because the storm tore the pier apart.",
    "Divers will look at the foundations as soon as the swell allows it, which may take until the end of next week.",
    "Repairs",
    "The town has asked two companies for an offer, and hopes to have the pier open again before the summer guests arrive.",
]
MENU = ["Home", "Sport", "Weather"]
HEADLINE, BYLINE = "Ferry waits for the storm to pass", "By Ann Example"


def gold(**changes: object) -> Gold:
    about = {"gold": "\n".join(BODY), "stays": [], "goes": [], "title": HEADLINE, "apart": [BYLINE], "code": []}  # fmt: skip
    found = gold_of(about | changes, {})
    assert found is not None
    return found


def labelled(lines: list[str], **changes: object) -> list[float]:
    found = label(tokens_of(lines), gold(**changes))
    assert found is not None
    return found.tolist()


def test_article_and_chrome() -> None:
    found = labelled([*MENU, *BODY, "Subscribe to our newsletter"])
    assert found == [CHROME_LINE] * 3 + [ARTICLE_LINE] * 4 + [CHROME_LINE]


def test_a_short_line_inside_the_article_is_article_and_elsewhere_it_is_not() -> None:
    found = labelled(["Repairs", *MENU, *BODY])
    assert found[0] == CHROME_LINE
    assert found[6] == ARTICLE_LINE


def test_headline_and_byline_are_the_head() -> None:
    found = labelled([*MENU, HEADLINE, BYLINE, *BODY])
    assert found[3:5] == [HEAD_LINE, HEAD_LINE]


def test_headline_and_byline_are_the_head_where_the_gold_has_them_too() -> None:
    pieces = [*HEADLINE.split(" waits "), "By", "Ann Example"]
    found = labelled([*MENU, *pieces, *BODY], gold="\n".join([HEADLINE, BYLINE, *BODY]))
    assert found[:3] == [CHROME_LINE] * 3
    assert ARTICLE_LINE not in found[3:7]
    assert HEAD_LINE in found[3:7]
    assert found[7:] == [ARTICLE_LINE] * 4


def test_nobody_can_say_what_code_is_that_the_gold_lacks() -> None:
    code = "open the pier for every boat in the list"
    found = labelled([*BODY[:2], code, *BODY[2:], code], code=[code])
    assert np.isnan(found[2])
    assert found[-1] == CHROME_LINE


def test_nobody_can_say_what_a_date_before_the_article_is() -> None:
    found = labelled([*MENU, "12 March 2024", *BODY])
    assert np.isnan(found[3])


def test_the_copy_in_a_list_of_teasers_is_left_out() -> None:
    found = labelled([BODY[0], *MENU, *BODY])
    assert np.isnan(found[0])
    assert found[4] == ARTICLE_LINE


@pytest.mark.parametrize(
    ("snippets", "label_of_it"), [("stays", ARTICLE_LINE), ("goes", CHROME_LINE)]
)
def test_snippets_have_the_last_word(snippets: str, label_of_it: float) -> None:
    line = "A line that half of all people would keep"
    assert labelled([*BODY, line], **{snippets: [line]})[4] == label_of_it


def test_a_snippet_longer_than_the_text_is_not_in_it() -> None:
    assert labelled(BODY, goes=[" ".join([*BODY, *BODY])]) == [ARTICLE_LINE] * 4


def test_a_text_of_something_else_is_not_labelled() -> None:
    assert label(tokens_of([*MENU, *BODY[:1]]), gold()) is None


def test_what_an_extractor_left_out_is_no_mistake_of_the_text() -> None:
    found = extracted(tokens_of([*BODY[:2], "Share this story"]), gold())
    assert found is not None
    assert found.tolist() == [ARTICLE_LINE, ARTICLE_LINE, CHROME_LINE]


def test_extractors_agreement_stands_in_for_gold() -> None:
    given = {"trafilatura": "\n".join(BODY), "readability": "\n".join(BODY), "resiliparse": "\n".join([*BODY, "Half of the extractors believe in this line"])}  # fmt: skip
    about = {"gold": "", "stays": [], "goes": [], "title": "", "apart": [], "code": []}
    silver = gold_of(about, given)
    assert silver is not None
    lines = [*MENU, *BODY, "Half of the extractors believe in this line", "Nobody takes this one"]
    found = label(tokens_of(lines), silver)
    assert found is not None
    assert found[:7].tolist() == [CHROME_LINE] * 3 + [ARTICLE_LINE] * 4
    assert np.isnan(found[7])
    assert found[8] == CHROME_LINE
    assert gold_of(about, given | {"readability": ""}) is None
