"""The gate and the cache may save work; they may never change an answer."""

from __future__ import annotations

import sqlite3
import tomllib
from functools import cache
from pathlib import Path

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from cleaner.detect import compiled
from cleaner.detect.gate import UNBOUNDED, Extent, extent_of, opening
from cleaner.detect.patterns import _Gate, lower
from cleaner.detect.rulebook import load_rulebook, pack_files
from cleaner.detect.scripts import OWN_SCRIPT, heard_languages
from cleaner.ingest.fold import fold, fold_pattern

_FLAGS = regex.VERBOSE | regex.IGNORECASE
# Every so many rules: compiling all of them takes longer than all else here.
_EACH = 40


def may_match(extent: Extent, unit: str) -> bool:
    low = lower(unit)
    return _Gate.of(extent).lets(len(unit), opening(low), " ".join(low.split()))


@cache
def rules() -> list[tuple[str, str]]:
    """Return rule id and hit of some rules of all packs."""
    packs = [tomllib.loads(file.read_text(encoding="utf-8")) for file in pack_files()]
    rows = [row for pack in packs for row in pack.get("rule", ())][::_EACH]
    return [(row["id"], hit) for row in rows for hit in row["hit"]]


book = cache(load_rulebook)


@given(st.data())
def test_the_gate_lets_through_whatever_its_pattern_matches(data: st.DataObject) -> None:
    rule_id, hit = data.draw(st.deferred(lambda: st.sampled_from(rules())))
    change = data.draw(
        st.sampled_from(
            (str, str.upper, str.title, str.lower, "» {}".format, "{} »".format, "- {}.".format)
        )
    )
    unit = fold(change(hit)).text.strip().replace("\n", " ")
    rule = book().by_id[rule_id]
    if rule.compiled().search(unit):
        assert may_match(rule.extent, unit)


PATTERNS = [
    "^ read \\s more $", "^ (?: read | see ) \\s+ (?: more | all )", "share", "^ [^\\w]{0,4} share $",
    "^ \\d+ \\s comments? $", "(?: ^ | \\. ) tags? : .{0,40} $", "^ (?! no ) (?: yes | no ) $", "^ a{2,3} $",
    "^ (?-i: Tags ) $", "^ (?: more )? \\s* news $", "^ [a-f]+ x $", "^ \\p{Lu}\\w+ \\s says $", "(?<= x ) y",
    "^ share | print $", "^ (?: [>»-] \\s* )* home $", "^ straße $", "^ ΣΑΣ $", "^ İzle $", "^ a [ ] b $",
]  # fmt: skip
WORDS = (*"abxy19:.» -σςß", "read", "see", "more", "all", "share", "print", "tags", "news", "home", "comments",
         "Tags", "aaa", "Anna says", "straße", "STRASSE", "ΣΑΣ", "σας", "izle", "no", "yes", "  ")  # fmt: skip


@given(
    st.sampled_from(PATTERNS),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=4),
    st.sampled_from(("", " ")),
)
def test_no_pattern_matches_beyond_its_extent(pattern: str, words: list[str], between: str) -> None:
    unit = fold(between.join(words)).text.strip()
    folded = fold_pattern(pattern)
    if unit and regex.compile(folded, _FLAGS).search(unit):
        assert may_match(extent_of(folded), unit)


def test_an_extent_knows_length_beginning_and_words() -> None:
    extent = extent_of("^ read \\s more \\W{0,3} $")
    assert (extent.shortest, extent.longest) == (9, 12)
    assert extent.prefixes == ("rea",)
    assert not may_match(extent, "read on now")
    assert not may_match(extent, "Read more books")
    assert not may_match(extent, "We read more")
    assert may_match(extent, "Read more »")
    assert extent_of("more").longest == UNBOUNDED


@pytest.mark.parametrize(
    "pattern", ["(?|a|b)", "\\p{Han}+", "(?<x>a)(?&x)", "a{1,9999999}", "[[a-z]--[b]]", "(?r)a"]
)
def test_what_the_standard_parser_cannot_read_goes_through(pattern: str) -> None:
    extent = extent_of(pattern)
    for unit in ("a", "b", "中"):
        if regex.search(pattern, unit, _FLAGS):
            assert may_match(extent, unit)


@pytest.mark.parametrize(
    ("text", "heard"),
    [("Read more", set()), ("Мост", {"ru", "uk"}), ("日本の", {"ja", "zh"}), ("한", {"ko"}), ("é", set()),
     ("Read σ and ა", {"el", "ka"}), ("", set())],
)  # fmt: skip
def test_languages_with_their_own_script_are_silent_without_it(text: str, heard: set[str]) -> None:
    assert set(heard_languages(text)) == heard <= OWN_SCRIPT
    assert not OWN_SCRIPT & {"en", "de", "tr", "vi", "mul"}


@pytest.fixture
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(compiled, "_FOLDER", tmp_path / "cache")
    monkeypatch.setattr(compiled.sys, "dont_write_bytecode", False)
    monkeypatch.setattr(compiled, "_store", cache(compiled._store.__wrapped__))
    return tmp_path / "cache"


def same(left: regex.Pattern[str], right: regex.Pattern[str]) -> bool:
    texts = ("Read more", "read  more »", "12 comments", "", "x" * 50)
    return (left.pattern, left.flags, left.groups) == (
        right.pattern,
        right.flags,
        right.groups,
    ) and all(
        [m.span() for m in left.finditer(text)] == [m.span() for m in right.finditer(text)]
        for text in texts
    )


@pytest.mark.parametrize(
    "pattern", ["^ read \\s+ more \\W* $", "(?P<n>\\d+) \\s comments?", "x{50}"]
)
def test_a_pattern_from_the_cache_is_the_one_that_was_compiled(
    cache_folder: Path, pattern: str
) -> None:
    fresh = regex.compile(pattern, _FLAGS)
    assert same(compiled.compile_pattern(pattern), fresh)
    compiled._store.cache_clear()
    assert same(compiled.compile_pattern(pattern), fresh)
    assert list(cache_folder.glob("*.sqlite"))


def test_a_broken_cache_is_as_good_as_none(cache_folder: Path) -> None:
    compiled.compile_pattern("a b")
    (file,) = cache_folder.glob("*.sqlite")
    for code in (b"", b"\xff" * 20, b"(\x00\x00\x00\x00"):
        with sqlite3.connect(file) as store:
            store.execute("UPDATE pattern SET code = ?", (code,))
        compiled._store.cache_clear()
        assert compiled.compile_pattern("a b").search("ab")
    compiled._store.cache_clear()
    for extra in cache_folder.glob("*.sqlite-*"):
        extra.unlink()
    file.write_bytes(b"no data base" * 100)
    assert compiled.compile_pattern("a b").search("ab")


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path, cache_folder: Path) -> None:
    cache_folder.write_bytes(b"a file where the folder should be")
    assert compiled.compile_pattern("a b").search("ab")


def test_a_pattern_that_does_not_compile_says_so_with_the_cache_too(cache_folder: Path) -> None:
    for _ in range(2):
        with pytest.raises(regex.error):
            compiled.compile_pattern("( a")
