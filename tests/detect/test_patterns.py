"""The matcher: prefilter, scopes, lengths, time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cleaner import Cleaner, Document, pipeline
from cleaner.detect import Claims, patterns
from cleaner.detect.patterns import Matcher, lower, sentences
from cleaner.detect.proof import matches_of
from cleaner.detect.rulebook import parse_rulebook

Claim = Callable[..., Claims]
ARTICLE = "The council voted on Tuesday to rebuild the old bridge over the river, the mayor said."


def found(claims: Claims, text: str) -> list[tuple[str, str]]:
    return [(row.evidence.source, text[row.start : row.end]) for row in claims.findings]


def one(small_packs: dict[str, bytes], rule: str) -> Matcher:
    content = f'category = "share"\n[[rule]]\nid = "t.share.x"\nwhy = "w"\nhit = ["h"]\nmiss = ["m"]\n{rule}'
    return Matcher(
        parse_rulebook(
            {"categories.toml": small_packs["categories.toml"], "t/t.toml": content.encode()}
        )
    )


def test_a_block_rule_claims_its_whole_block(claims_of: Claim) -> None:
    text = f"{ARTICLE}\n\n  Subscribe to our newsletter \n"
    assert found(claims_of(text, "rules"), text) == [
        ("en.newsletter.subscribe", "Subscribe to our newsletter")
    ]


def test_a_sentence_rule_claims_its_sentence(claims_of: Claim) -> None:
    text = f"{ARTICLE} Sign up for our newsletter. {ARTICLE}"
    assert found(claims_of(text, "rules"), text) == [
        ("en.newsletter.sentence", "Sign up for our newsletter.")
    ]


def test_a_line_rule_claims_its_line_of_a_wrapped_block(claims_of: Claim) -> None:
    text = "In your inbox\nSubscribe"
    assert found(claims_of(text, "rules"), text) == [("en.newsletter.line", "In your inbox")]


def test_patterns_see_wrapped_paragraphs_on_one_line(small_packs: dict[str, bytes]) -> None:
    matcher = one(small_packs, "keywords = [\"one two\"]\npattern = '''^ one[ ]two $'''")
    assert matches_of("one\ntwo", matcher)


def test_letter_case_means_nothing_unless_a_pattern_asks(claims_of: Claim) -> None:
    assert found(claims_of("SUBSCRIBE TO OUR NEWSLETTER", "rules"), "")
    assert found(claims_of("subscribe to our newsletter", "rules"), "")


def test_a_pattern_is_tried_only_where_a_keyword_stands(small_packs: dict[str, bytes]) -> None:
    matcher = one(small_packs, "keywords = [\"absent\"]\npattern = '''.'''")
    assert not matches_of("anything at all", matcher)
    assert matches_of("an ABSENT friend", matcher)


def test_a_short_keyword_counts_only_as_a_whole_word(small_packs: dict[str, bytes]) -> None:
    matcher = one(small_packs, "keywords = [\"ap\"]\npattern = '''ap'''")
    assert matches_of("Photo: AP", matcher)
    assert not matches_of("A map of the town", matcher)


def test_a_unit_longer_than_max_chars_is_not_judged(small_packs: dict[str, bytes]) -> None:
    matcher = one(small_packs, "keywords = [\"word\"]\npattern = '''word'''\nmax_chars = 20")
    assert matches_of("word" * 5, matcher)
    assert not matches_of("word" * 5 + "s", matcher)


def test_keywords_may_overlap_and_repeat(small_packs: dict[str, bytes]) -> None:
    matcher = one(
        small_packs, "keywords = [\"abab\", \"baba\", \"ababab\"]\npattern = '''^ ababab $'''"
    )
    assert len(matches_of("ababab", matcher)) == 1


@pytest.mark.parametrize(
    "text", ["İİİ newsletter", "ẞ ﬀ İ newsletter", "ΑΣ newsletter", "Ⱥ İ newsletter"]
)
def test_letters_whose_lower_case_is_longer_move_nothing(text: str) -> None:
    assert len(lower(text)) == len(text)
    assert lower(text).endswith("newsletter")


@pytest.mark.parametrize(
    ("unit", "parts"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ('He said "No." Then he went.', ['He said "No."', "Then he went."]),
        ("一。二！三", ["一。", "二！", "三"]), ("हाँ। ना।", ["हाँ।", "ना।"]), ("No end", ["No end"]),
        ("3.5 litres", ["3.5 litres"]), ("", []), ("a.  b", ["a.", "b"]),
    ],
)  # fmt: skip
def test_sentences_are_cut_in_every_script(unit: str, parts: list[str]) -> None:
    assert [unit[start:end] for start, end in sentences(unit)] == parts


SLOW = "keywords = [\"aaaa\"]\npattern = '''^ (?: a | a a | a a a )+ $'''"
TRAP = "a" * 390 + "!"


@pytest.mark.fault(25)
def test_a_rule_that_backtracks_times_out_and_the_document_is_answered(
    small_packs: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAULTS 25, at run time."""
    matcher = one(small_packs, SLOW)
    monkeypatch.setattr(pipeline, "_shared", lambda: matcher)
    result = Cleaner().clean(Document(text=f"{ARTICLE}\n\n{TRAP}\n"))
    assert result.text == f"{ARTICLE}\n\n{TRAP}\n"
    assert result.warnings == ("rule_timeout: t.share.x was skipped",)


def test_a_rule_that_times_out_on_many_units_is_told_once_and_costs_little(
    small_packs: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One bad rule must not take its timeout again for each paragraph of a long document."""
    matcher = one(small_packs, SLOW)
    monkeypatch.setattr(pipeline, "_shared", lambda: matcher)
    result = Cleaner().clean("\n\n".join([TRAP] * 20))
    assert result.warnings == ("rule_timeout: t.share.x was skipped",)


@pytest.mark.parametrize("neighbour", ["", "one", "two", "one two", "!"])
def test_neighbours_change_nothing_of_what_rules_say(
    neighbour: str, small_packs: dict[str, bytes]
) -> None:
    """What is remembered of a Block must hold wherever it stands."""
    matcher = one(small_packs, "keywords = [\"one two\", \"one \"]\npattern = '''one'''")
    alone, _ = matcher.scan(["one"])
    fresh = Matcher(matcher.book)
    assert fresh.scan([neighbour, "one", "two"])[0][1] == alone[0] != ()


def test_short_blocks_are_remembered_across_documents_within_bounds(
    small_packs: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    matcher = one(small_packs, "keywords = [\"word\"]\npattern = '''word'''")
    monkeypatch.setattr(patterns, "_REMEMBERED", 5)
    first, _ = matcher.scan(["word"])
    for number in range(40):
        assert matcher.scan(["word", f"word {number}", "word" * 30])[0][0] is first[0]
    recent = matcher._recent
    assert len(recent._young) + len(recent._old) <= 4 * 5
    assert all(len(block) <= 80 for _, block in recent._young)


def test_nothing_is_remembered_where_a_rule_timed_out(small_packs: dict[str, bytes]) -> None:
    matcher = one(small_packs, SLOW)
    _, slow = matcher.scan([TRAP, "aaaa"])
    assert slow == ["t.share.x"]
    assert matcher._recent.get((), "aaaa") is None
    assert matcher.scan(["aaaa"])[0][0] != ()


def test_keep_rules_are_no_findings(claims_of: Claim) -> None:
    text = "Footnote: Read more"
    claims = claims_of(text)
    assert claims.findings == ()
    assert [(start, end) for start, end, _ in claims.kept] == [(0, len(text))]
    assert claims.kept[0][2].startswith("keep rule keep.en.footnote")


def test_only_the_named_detectors_speak(claims_of: Claim) -> None:
    text = f"{ARTICLE}\n\n{ARTICLE}\n\nFive ways to choose a tent\nRead more\n\n{ARTICLE}"
    assert {row.detector for row in claims_of(text).findings} == {"rules", "structure"}
    assert {row.detector for row in claims_of(text, "rules").findings} == {"rules"}
    assert {row.detector for row in claims_of(text, "structure").findings} == {"structure"}
