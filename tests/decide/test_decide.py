"""Decide: guards and keep rules protect, claims merge with all their evidence, company counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from cleaner import Action, Document, Evidence, Finding, Limits, Options, Verdict
from cleaner.decide import decide
from cleaner.detect import Claims, detect
from cleaner.detect.patterns import Matcher
from cleaner.ingest import ingest
from cleaner.profiles import Policy, resolve
from cleaner.segment import Segmented, segment

A = "The council voted on Tuesday to rebuild the old bridge over the river, the mayor said."
B = "The work is to begin in spring and to take a year, if the river lets the workers have it."
SUBSCRIBE = "Subscribe to our newsletter"
Decide = Callable[..., tuple[Verdict, ...]]


@pytest.fixture
def policy(small_matcher: Matcher) -> Policy:
    return resolve(Options(), small_matcher.book.categories)


@pytest.fixture
def verdicts_of(small_matcher: Matcher) -> Decide:
    """Return a function that decides about a text under Options."""

    def of(text: str, options: Options = Options()) -> tuple[Verdict, ...]:
        asked = resolve(options, small_matcher.book.categories)
        page = page_of(text)
        names = options.detectors or ("rules", "structure")
        return decide(page, detect(page, small_matcher, names), asked)

    return of


def page_of(text: str) -> Segmented:
    return segment(ingest(Document(text=text), Limits()))


def gone(verdicts: tuple[Verdict, ...], text: str) -> list[str]:
    return [text[row.start : row.end] for row in verdicts if row.action is Action.REMOVE]


def text_of(*blocks: str) -> str:
    return "\n\n".join(blocks) + "\n"


def claim(
    start: int, end: int, category: str = "share", confidence: float = 0.9, name: str = "t"
) -> Finding:
    return Finding("rules", start, end, category, confidence, Evidence(name, f"why {name}"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (text_of(A, f'"{SUBSCRIBE}"', B), "guard: a quotation"),
        (text_of(A, f"“{SUBSCRIBE}”", B), "guard: a quotation"),
        (text_of("MAYOR: We open today.", "CLERK: Read more", "MAYOR: Thank you.", "CLERK: Good.", "MAYOR: Home."),
         "guard: a turn in a conversation"),
        (text_of(A, "```", SUBSCRIBE, "```", B), "guard: program code"),
        ("def f(x):\n    x = g(1);\nRead more\n    return x;\n", "guard: program code"),
    ],
    ids=["straight", "curly", "transcript", "fence", "listing"],
)  # fmt: skip
def test_guards_protect_from_every_claim(text: str, reason: str, policy: Policy) -> None:
    page = page_of(text)
    found = Claims(tuple(claim(block.start, block.end) for block in page.blocks))
    protected = [row for row in decide(page, found, policy) if row.reason == reason]
    assert protected
    assert all(row.action is Action.KEEP and row.findings for row in protected)


def test_guards_reach_no_further_than_their_text(verdicts_of: Decide) -> None:
    text = text_of(A, f'"{SUBSCRIBE}"', B, "```", SUBSCRIBE, "```", SUBSCRIBE)
    assert gone(verdicts_of(text), text) == [SUBSCRIBE]
    assert verdicts_of(text)[-1].action is Action.REMOVE


def test_keep_rule_protects_and_says_which(verdicts_of: Decide) -> None:
    text = text_of(A, "Footnote: Sign up for our newsletter.", B)
    kept = verdicts_of(text)[1]
    assert kept.action is Action.KEEP
    assert kept.reason == "keep rule keep.en.footnote: Footnotes stay"


def test_claims_about_a_block_merge_strongest_first(policy: Policy) -> None:
    text = text_of(A, "Share", B)
    start = text.index("Share")
    weak, strong = (
        claim(start, start + 5, "share", 0.7, "w"),
        claim(start, start + 5, "navigation", 0.9, "s"),
    )
    found = decide(page_of(text), Claims((weak, strong)), policy)
    assert found[1].findings == (strong, weak)
    assert (found[1].category, found[1].confidence, found[1].source, found[1].why) == (
        "navigation",
        0.9,
        "s",
        "why s",
    )


def test_overlapping_parts_merge_with_all_their_evidence(policy: Policy) -> None:
    text = f"{A} {B} {A}\n"
    rows = (claim(10, 30, name="a"), claim(20, 40, name="b"), claim(60, 70, name="c"))
    found = decide(page_of(text), Claims(rows), policy)
    assert [(row.start, row.end, row.action) for row in found] == [
        (0, 10, Action.KEEP), (10, 40, Action.REMOVE), (40, 60, Action.KEEP),
        (60, 70, Action.REMOVE), (70, len(text) - 1, Action.KEEP),
    ]  # fmt: skip
    assert {finding.evidence.source for finding in found[1].findings} == {"a", "b"}


def test_a_block_that_is_mostly_chrome_goes_whole(verdicts_of: Decide) -> None:
    text = text_of(A, "Sign up for our newsletter. It is free.", B)
    assert gone(verdicts_of(text), text) == ["Sign up for our newsletter. It is free."]


def test_a_sentence_in_a_paragraph_goes_alone(verdicts_of: Decide) -> None:
    text = text_of(f"{A} Sign up for our newsletter. {B}")
    assert gone(verdicts_of(text), text) == ["Sign up for our newsletter."]


def test_claims_that_cross_blocks_are_cut_at_their_ends(policy: Policy) -> None:
    text = text_of(A, "Share", B)
    found = decide(page_of(text), Claims((claim(len(A) - 5, text.index(B) + 4),)), policy)
    assert gone(found, text) == [text[len(A) - 5 : len(A)], "Share", B[:4]]


@pytest.mark.parametrize(
    ("blocks", "removed"),
    [
        ([A, B, SUBSCRIBE, "Thank you.", SUBSCRIBE], [SUBSCRIBE, "Thank you.", SUBSCRIBE]),
        ([A, B, "Support our journalism today.", "Thank you."], ["Support our journalism today.", "Thank you."]),
        ([A, "Thank you.", B], []),
        ([A, "Thank you.", SUBSCRIBE, B], [SUBSCRIBE]),
        ([A, "Thank you."], []),
        ([A, "Support our journalism today.", "Thank you.", B], ["Support our journalism today.", "Thank you."]),
        ([A, B, "Home"], []),
        ([A, B, SUBSCRIBE, "Home"], [SUBSCRIBE, "Home"]),
    ],
    ids=["between", "at-the-end", "alone", "one-side", "last-alone", "same-kind", "label", "label-at-end"],
)  # fmt: skip
def test_weak_claims_count_only_in_company(
    verdicts_of: Decide, blocks: list[str], removed: list[str]
) -> None:
    text = text_of(*blocks)
    assert gone(verdicts_of(text), text) == removed


def test_company_says_so(verdicts_of: Decide) -> None:
    text = text_of(A, SUBSCRIBE, "Thank you.", SUBSCRIBE)
    lifted = verdicts_of(text)[2]
    assert lifted.reason == "a weak claim in company"
    assert lifted.findings[0].evidence.source == "en.donation.thanks"


def test_a_claim_that_is_too_weak_says_so(verdicts_of: Decide) -> None:
    kept = verdicts_of(text_of(A, "Thank you.", B))[1]
    assert (kept.action, kept.reason, kept.category) == (
        Action.KEEP,
        "too weak a claim",
        "donation",
    )


def test_a_heading_over_a_removed_list_goes_with_it(policy: Policy) -> None:
    text = text_of(A, B, "You may also want:", "One", "Two")
    page = page_of(text)
    rows = tuple(claim(block.start, block.end, "related") for block in page.blocks[3:])
    found = decide(page, Claims(rows), policy)
    assert gone(found, text) == ["You may also want:", "One", "Two"]
    assert found[2].reason == "a heading over what was removed"
    assert (found[2].detector, found[2].category) == ("context", "related")


def test_a_sentence_over_a_removed_list_stays(policy: Policy) -> None:
    text = text_of(A, B, "The mayor had the last word.", "One", "Two")
    page = page_of(text)
    rows = tuple(claim(block.start, block.end, "related") for block in page.blocks[3:])
    assert gone(decide(page, Claims(rows), policy), text) == ["One", "Two"]


def test_categories_that_are_not_asked_for_fall_away(verdicts_of: Decide) -> None:
    text = text_of(A, SUBSCRIBE, "Read more")
    assert gone(verdicts_of(text, Options(keep=("newsletter",))), text) == ["Read more"]
    assert gone(verdicts_of(text, Options(keep=("newsletter", "read_more"))), text) == []


def test_headline_goes_only_where_it_is_asked_for(verdicts_of: Decide) -> None:
    text = text_of("The Old Bridge Opens Again", A, B)
    assert gone(verdicts_of(text), text) == []
    for options in (Options("body"), Options(remove=("headline",))):
        assert gone(verdicts_of(text, options), text) == ["The Old Bridge Opens Again"]


def test_light_listens_to_rules_alone(verdicts_of: Decide) -> None:
    text = text_of("Headline of the story", A, B, "Five ways to choose a tent\nRead more")
    assert gone(verdicts_of(text, Options("light")), text) == ["Read more"]
    assert len(gone(verdicts_of(text), text)) == 2


def test_detectors_and_least_confidence_are_the_caller_s(verdicts_of: Decide) -> None:
    text = text_of("Headline of the story", A, B, "Five ways to choose a tent\nRead more")
    assert gone(verdicts_of(text, Options(detectors=("structure",))), text) == [
        "Five ways to choose a tent"
    ]
    assert gone(verdicts_of(text, Options(min_confidence=0.99)), text) == []
    assert gone(
        verdicts_of(text_of(A, "Thank you.", B), Options(min_confidence=0.4)),
        text_of(A, "Thank you.", B),
    ) == ["Thank you."]


def test_nothing_claimed_nothing_decided(policy: Policy) -> None:
    page = page_of(text_of(A, B))
    assert [row.action for row in decide(page, Claims(()), policy)] == [Action.KEEP] * 2
    assert decide(page_of(""), Claims(()), policy) == ()


def test_policy_below_zero_confidence_takes_all_claims(policy: Policy) -> None:
    text = text_of(A, "Share", B)
    start = text.index("Share")
    found = Claims((claim(start, start + 5, confidence=0.1),))
    assert gone(decide(page_of(text), found, replace(policy, min_confidence=0.0)), text) == [
        "Share"
    ]


def test_two_lines_of_code_protect_nothing_behind_them(
    verdicts_of: Decide,
) -> None:
    text = text_of("x = f(1);", "y = g(2);", A, B, SUBSCRIBE, A)
    assert gone(verdicts_of(text), text) == [SUBSCRIBE]
    listing = text_of(*["x = f(1);", '"Subscribe now"', "y = g(2);"] * 3, A, B, SUBSCRIBE)
    assert gone(verdicts_of(listing), listing) == [SUBSCRIBE]


def learned(page: Segmented, index: int, confidence: float, category: str = "other") -> Finding:
    block = page.blocks[index]
    return Finding(
        "classifier", block.start, block.end, category, confidence, Evidence("classifier.other", "")
    )


@pytest.mark.parametrize(
    ("profile", "confidence", "goes"),
    [
        ("standard", 0.99, True),
        ("standard", 0.6, False),
        ("body", 0.6, True),
        ("body", 0.4, False),
    ],
)
def test_the_classifier_is_heard_from_the_profile_s_own_threshold(
    small_matcher: Matcher, profile: str, confidence: float, goes: bool
) -> None:
    text = text_of(A, "Ten walks for a rainy weekend", B)
    page = page_of(text)
    claims = Claims((learned(page, 1, confidence),))
    verdicts = decide(page, claims, resolve(Options(profile), small_matcher.book.categories))
    assert gone(verdicts, text) == (["Ten walks for a rainy weekend"] if goes else [])


def test_a_rule_s_name_is_better_than_none(small_matcher: Matcher) -> None:
    text = text_of(A, SUBSCRIBE, B)
    page = page_of(text)
    block = page.blocks[1]
    ruled = Finding("rules", block.start, block.end, "newsletter", 0.7, Evidence("x", "y"))
    claims = Claims((learned(page, 1, 0.99), ruled))
    verdicts = decide(page, claims, resolve(Options(), small_matcher.book.categories))
    assert (verdicts[1].category, verdicts[1].confidence) == ("newsletter", 0.99)
    assert [row.detector for row in verdicts[1].findings] == ["rules", "classifier"]


def test_a_keep_rule_and_a_guard_protect_from_the_classifier(small_matcher: Matcher) -> None:
    quote = '"Ten walks for a rainy weekend," she said.'
    text = text_of(A, quote, B)
    page = page_of(text)
    claims = Claims((learned(page, 0, 0.99), learned(page, 1, 0.99)), ((0, len(A), "keep rule x"),))
    verdicts = decide(page, claims, resolve(Options("body"), small_matcher.book.categories))
    assert gone(verdicts, text) == []


def test_where_no_running_text_stays_the_classifier_is_not_heard(small_matcher: Matcher) -> None:
    text = text_of("By Jane Doe", "Ten walks for a rainy weekend")
    page = page_of(text)
    claims = Claims((learned(page, 0, 0.99), learned(page, 1, 0.99)))
    verdicts = decide(page, claims, resolve(Options("body"), small_matcher.book.categories))
    assert gone(verdicts, text) == []


def test_the_head_is_protected_unless_a_line_there_is_certainly_chrome(
    small_matcher: Matcher,
) -> None:
    text = text_of("Ten walks for a rainy weekend", A, B, A, B)
    page = page_of(text)
    policy = replace(resolve(Options(), small_matcher.book.categories), min_learned=0.5)
    for confidence, goes in ((0.85, []), (0.99, ["Ten walks for a rainy weekend"])):
        claims = Claims((learned(page, 0, confidence),))
        assert gone(decide(page, claims, policy), text) == goes


def test_in_a_document_that_is_nearly_all_article_the_classifier_has_to_be_surer(
    small_matcher: Matcher,
) -> None:
    policy = resolve(Options(), small_matcher.book.categories)
    sure = policy.min_learned + 0.01
    for paragraphs, goes in (([A, B], ["Ten walks"]), ([A, B] * 9, [])):
        text = text_of(*paragraphs, "Ten walks")
        page = page_of(text)
        claims = Claims((learned(page, len(paragraphs), sure),))
        page_is_full = Claims(
            (*claims.findings, *((learned(page, 1, sure + 0.05),) if goes else ()))
        )
        verdicts = decide(page, page_is_full if goes else claims, policy)
        assert ("Ten walks" in gone(verdicts, text)) == bool(goes)


def test_in_such_a_document_a_less_sure_claim_is_heard_beside_a_surer_one(
    small_matcher: Matcher,
) -> None:
    policy = resolve(Options(), small_matcher.book.categories)
    text = text_of(*[A, B] * 9, "Ten walks", "Five more walks", "Nine walks")
    page = page_of(text)
    less = policy.min_learned - 0.1
    alone = Claims((learned(page, 19, less),))
    assert gone(decide(page, alone, policy), text) == []
    together = Claims((learned(page, 18, 0.99), learned(page, 19, less), learned(page, 2, less)))
    assert gone(decide(page, together, policy), text) == ["Ten walks", "Five more walks"]


def test_beside_what_a_rule_takes_a_less_sure_claim_is_heard(small_matcher: Matcher) -> None:
    policy = resolve(Options(), small_matcher.book.categories)
    text = text_of(A, B, SUBSCRIBE, "Ten walks for a rainy weekend", A, B)
    page = page_of(text)
    less = policy.min_learned - 0.15
    block = page.blocks[2]
    ruled = Finding("rules", block.start, block.end, "newsletter", 0.7, Evidence("x", "y"))
    together = Claims((ruled, learned(page, 3, less), learned(page, 1, less)))
    assert gone(decide(page, together, policy), text) == [
        SUBSCRIBE,
        "Ten walks for a rainy weekend",
    ]
    alone = Claims((learned(page, 3, less),))
    assert gone(decide(page, alone, policy), text) == []


def test_above_the_chrome_at_the_end_running_text_goes_on_a_less_sure_claim(
    small_matcher: Matcher,
) -> None:
    policy = resolve(Options(), small_matcher.book.categories)
    text = text_of(*[A, B] * 9, "Ten walks")
    page = page_of(text)
    less = policy.min_learned + 0.02  # less than running text alone must have
    ending = learned(page, 18, 0.99)
    claims = Claims((ending, learned(page, 17, less), learned(page, 15, less)))
    assert gone(decide(page, claims, policy), text) == [B, "Ten walks"]
    assert gone(decide(page, Claims((learned(page, 17, less),)), policy), text) == []
