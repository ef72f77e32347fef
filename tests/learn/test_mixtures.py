from __future__ import annotations

import numpy as np

from cleaner.learn.labels import ARTICLE_LINE, CHROME_LINE, HEAD_LINE
from cleaner.learn.mixtures import (
    Proofs,
    appeal,
    mixed,
    proof_documents,
    proofs,
    runs_of,
    teasers,
    thinned,
    transplanted,
)

ARTICLE = [f"Paragraph number {n} of an article about ferries." for n in range(6)]


def test_the_article_stays_whole_and_in_order() -> None:
    chrome = [[("Subscribe now", CHROME_LINE), ("Thank you", CHROME_LINE)]]
    for seed in range(20):
        lines = mixed(ARTICLE, chrome, np.random.default_rng(seed))
        assert [text for text, label in lines if label == ARTICLE_LINE] == ARTICLE
        assert [text for text, label in lines if label == CHROME_LINE] == [
            "Subscribe now",
            "Thank you",
        ]


def test_runs_have_a_telling_line() -> None:
    lines = ["Home", "Sport", "The article.", "Read our newsletter every single morning", "Sign up"]
    labels = [CHROME_LINE, CHROME_LINE, ARTICLE_LINE, CHROME_LINE, CHROME_LINE]
    assert [[text for text, _ in run] for run in runs_of(lines, labels)] == [lines[3:]]


def test_long_chrome_is_cut_into_runs() -> None:
    lines = [f"Teaser number {n} of a very long list" for n in range(12)]
    found = list(runs_of(lines, [CHROME_LINE] * 12))
    assert [len(run) for run in found] == [5, 5, 2]


def test_a_thinned_page_has_its_article_and_less_chrome() -> None:
    labels = np.array([0, 0, 2, 1, 0, 1, 1, 0, 0, 0, np.nan, 0], np.float32)
    words = np.full(len(labels), 9, np.float32)
    left = set()
    for seed in range(60):
        stays = thinned(labels, words, np.random.default_rng(seed))
        assert {3, 5, 6, 10} <= set(stays.tolist())
        assert stays.tolist() == sorted(stays.tolist())
        left |= set(stays.tolist())
    assert left == set(range(len(labels)))


def test_a_page_gets_another_s_article_and_its_headline() -> None:
    host = np.array([0, 0, 2, 1, 1, 0, 1, 0], np.float32)
    donor = np.array([0, HEAD_LINE, 1, 0, 1, 1, 0], np.float32)
    whole = 0
    for seed in range(20):
        before, behind, inside = transplanted(host, donor, np.random.default_rng(seed))
        assert (before.tolist(), behind.tolist()) == ([0, 1], [5, 7])
        assert inside.tolist() == list(range(1, 1 + len(inside)))
        whole += len(inside) == 5
    assert 0 < whole <= 20


def test_every_language_of_the_rules_has_documents() -> None:
    documents = list(proof_documents(np.random.default_rng(0)))
    assert {language for language, _ in documents} == set(proofs()) - {"mul"}
    for _, lines in documents:
        assert {label for _, label in lines} == {ARTICLE_LINE, CHROME_LINE}


KNOWN = Proofs(
    hits=["Keep reading »", "See also: How it began"],
    of={
        "read_more": ["Keep reading »"],
        "related": ["See also: How it began", "More stories"],
        "donation": [f"Give us {n} a month." for n in range(9)],
    },
)


def test_a_teaser_has_a_label_or_a_button_or_neither() -> None:
    headlines = ["Seven ferries and a funeral"] * 80
    found = [
        tuple(text for text, _ in lines)
        for lines in teasers(headlines, KNOWN, np.random.default_rng(0))
    ]
    headline, button = headlines[0], "Keep reading »"
    assert set(found) == {
        (f"See also: {headline}",),
        (headline, button),
        (button, headline),
        (headline,),
    }


def test_a_language_without_labels_and_buttons_has_bare_teasers() -> None:
    found = list(teasers(["Seven ferries"] * 20, Proofs(), np.random.default_rng(0)))
    assert found == [[("Seven ferries", CHROME_LINE)]] * 20


def test_an_appeal_has_several_sentences_of_one_category() -> None:
    for seed in range(20):
        lines = appeal(KNOWN, np.random.default_rng(seed))
        texts = [text for text, label in lines if label == CHROME_LINE]
        assert 2 <= len(set(texts)) == len(lines) <= 5
        assert set(texts) <= set(KNOWN.of["donation"])
