"""Every golden case gives its reviewed copy; the copies cover what the product promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from cleaner import Kind, Options, clean
from cleaner.bench.golden import FOLDER, GROUPS, Case, cases, removed_table
from cleaner.detect.rulebook import load_rulebook

CASES = {case.name: case for case in cases()}
LANGUAGES = frozenset(
    [
        "en",
        "de",
        "fr",
        "es",
        "it",
        "pt",
        "nl",
        "pl",
        "ru",
        "uk",
        "tr",
        "ar",
        "fa",
        "he",
        "hi",
        "zh",
        "ja",
        "ko",
        "hy",
        "az",
        "ka",
        "el",
        "sv",
        "ro",
        "cs",
        "hu",
        "id",
        "vi",
    ]
)
# Not chrome by itself, or chrome of no certain kind: no case can be asked to show it.
_BESIDE = frozenset({"other", "headline", "standfirst", "byline", "date", "caption"})
every_case = pytest.mark.parametrize("name", CASES)


def of_group(*groups: str) -> list[Case]:
    return [case for case in CASES.values() if case.group in groups]


@every_case
def test_case_gives_its_reviewed_copy(name: str) -> None:
    """``known_failures`` is strict: a case that passes there has to move."""
    case = CASES[name]
    assert case.expected is not None, f"no reviewed copy: {case.expected_file}"
    if case.group == "known_failures":
        assert case.answer().text != case.expected, "passes now: move it out of known_failures"
    else:
        assert case.answer().text == case.expected


@every_case
def test_what_the_reviewer_reads_is_today_s_answer(name: str) -> None:
    case = CASES[name]
    if case.group == "untouched" and not case.removed_file.exists():
        assert case.answer().removed == ()
    else:
        assert case.removed_file.read_bytes().decode() == removed_table(case.answer())


@pytest.mark.parametrize(
    "name", [case.name for case in of_group("untouched") if case.document.kind is Kind.TEXT]
)
def test_untouched_output_is_its_source_byte_for_byte(name: str) -> None:
    case = CASES[name]
    assert case.answer().text.encode() == case.document.raw
    assert not case.expected_file.exists()


def test_groups_are_those_that_are_known() -> None:
    assert {place.name for place in FOLDER.iterdir() if place.is_dir()} <= set(GROUPS)


def test_every_folder_is_a_case_with_one_source() -> None:
    for group in GROUPS:
        for place in sorted((FOLDER / group).glob("*/")):
            sources = [place / name for name in ("source.txt", "source.html")]
            assert sum(source.is_file() for source in sources) == 1, place
            assert (place / "case.toml").is_file(), place


def test_five_seeds_are_reviewed_in_every_profile() -> None:
    seeds = {case.folder.name[:3]: set() for case in of_group("seeds")}
    for case in of_group("seeds"):
        seeds[case.folder.name[:3]].add(case.variant)
    assert sorted(seeds) == ["000", "001", "002", "003", "004"]
    for variants in seeds.values():
        assert {"", "body", "light"} <= variants
    assert "reflow" in seeds["000"]


def test_there_are_sixty_cases_beside_the_seeds_and_twenty_traps() -> None:
    assert len({case.folder for case in of_group("synthetic", "untouched")}) >= 60
    assert len({case.folder for case in of_group("untouched")}) >= 20


def test_every_category_is_shown_by_a_synthetic_case() -> None:
    shown = {
        removal.verdict.category
        for case in of_group("synthetic", "seeds")
        for removal in case.answer().removed
    }
    assert set(load_rulebook().categories) - _BESIDE - shown == set()


def test_every_language_has_a_synthetic_case() -> None:
    assert LANGUAGES - {case.document.language for case in of_group("synthetic")} == set()


def paragraphs(text: str) -> list[str]:
    return [row.strip() for row in text.splitlines() if row.strip()]


def seed(number: str) -> Path:
    return next((FOLDER / "seeds").glob(f"{number}-*")) / "source.txt"


def test_seeds_000_and_001_are_one_story() -> None:
    """Both carry the same wire story: cleaned, and 000 reflowed, headline apart."""
    wrapped = paragraphs(clean(seed("000").read_bytes(), Options(reflow=True)).text)
    plain = paragraphs(clean(seed("001").read_bytes()).text)
    shared = [row for row in wrapped if row in plain]
    assert len(shared) >= 5
    for rows in (wrapped, plain):
        beside = [row for row in rows if row not in shared]
        assert beside in ([], rows[:1]), beside
    assert shared == [row for row in plain if row in wrapped]
