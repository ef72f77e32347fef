"""Packs: each fault is told with file, rule and field; the stored book is used only when fresh."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cleaner import RuleError
from cleaner.detect.rulebook import (
    COMPILED,
    is_stored,
    load_rulebook,
    pack_files,
    parse_rulebook,
    store_rulebook,
)

RULE = {
    "id": '"en.share.x"', "keywords": '["share"]', "pattern": "'''^ share $'''", "why": '"A button"',
    "hit": '["Share"]', "miss": '["They share it.", "A share"]',
}  # fmt: skip


def pack(head: str = 'category = "share"', **fields: str) -> bytes:
    rows = {key: value for key, value in {**RULE, **fields}.items() if value}
    return (
        head + "\n[[rule]]\n" + "\n".join(f"{key} = {value}" for key, value in rows.items())
    ).encode()


def parsed(small_packs: dict[str, bytes], content: bytes, name: str = "xx/share.toml"):
    return parse_rulebook({"categories.toml": small_packs["categories.toml"], name: content})


def test_a_rule_has_the_fields_of_its_pack(small_packs: dict[str, bytes]) -> None:
    book = parsed(
        small_packs, pack('category = "share"\nlanguage = "xx"', confidence="0.7", leads='"list"')
    )
    (rule,) = book.rules
    assert (rule.id, rule.category, rule.language) == ("en.share.x", "share", "xx")
    assert (rule.scope, rule.confidence, rule.leads, rule.max_chars) == ("block", 0.7, "list", 400)
    assert book.by_id == {"en.share.x": rule}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (pack(id=""), "id"), (pack(keywords=""), "keywords"), (pack(keywords="[]"), "keywords"),
        (pack(pattern=""), "pattern"), (pack(why='""'), "why"), (pack(hit="[]"), "hit"),
        (pack(miss=""), "miss"), (pack(scope='"page"'), "page"), (pack(leads='"all"'), "all"),
        (pack(keywords='["share", " "]'), "keyword"), (pack(colour='"red"'), "colour"),
        (pack(confidence="1.5"), "confidence"), (pack(confidence='"high"'), "confidence"),
        (pack(max_chars="0"), "max_chars"), (pack(max_chars='"many"'), "max_chars"),
        (pack(keywords='"share"'), "keywords"), (pack(keywords="[1]"), "keywords"),
        (pack(pattern="7"), "pattern"), (pack(hit='"Share"'), "hit"), (pack(id="7"), "id"),
    ],
)  # fmt: skip
def test_faults_name_file_rule_and_field(
    small_packs: dict[str, bytes], content: bytes, told: str
) -> None:
    with pytest.raises(RuleError) as caught:
        parsed(small_packs, content)
    message = str(caught.value)
    assert "xx/share.toml" in message
    assert told in message
    assert "en.share.x" in message or told == "id"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"category = ", "Invalid"), (b'category = "share"\n\xff', "utf-8"),
        (pack('category = "sharing"'), "sharing"), (pack(""), "category"),
        (pack('category = "share"\ncolour = "red"'), "colour"),
        (b'category = "share"\nrule = 7', "rule"),
    ],
)  # fmt: skip
def test_faults_of_a_pack_name_the_file(
    small_packs: dict[str, bytes], content: bytes, told: str
) -> None:
    with pytest.raises(RuleError) as caught:
        parsed(small_packs, content)
    assert "xx/share.toml" in str(caught.value)
    assert told in str(caught.value)


def test_an_id_that_stands_twice_is_refused(small_packs: dict[str, bytes]) -> None:
    with pytest.raises(RuleError, match=r"en\.share\.x"):
        parse_rulebook(
            {
                "categories.toml": small_packs["categories.toml"],
                "a/a.toml": pack(),
                "b/b.toml": pack(),
            }
        )


def test_a_pattern_that_does_not_compile_is_told(small_packs: dict[str, bytes]) -> None:
    book = parsed(small_packs, pack(id='"en.share.open"', pattern="'''( share'''"))
    with pytest.raises(RuleError, match=r"en\.share\.open.*compile"):
        book.rules[0].compiled()


def test_rules_are_immutable(small_packs: dict[str, bytes]) -> None:
    with pytest.raises(AttributeError):
        parsed(small_packs, pack()).rules[0].confidence = 0.1


@pytest.fixture
def folder(tmp_path: Path, small_packs: dict[str, bytes]) -> Path:
    for name, content in small_packs.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_the_stored_book_is_the_parsed_one(folder: Path) -> None:
    parsed_book = load_rulebook(folder)
    assert store_rulebook(folder)
    assert is_stored(folder)
    assert load_rulebook(folder) == parsed_book
    assert not store_rulebook(folder)


def test_the_stored_book_is_used_where_it_is_fresh(folder: Path) -> None:
    store_rulebook(folder)
    stored = json.loads((folder / COMPILED.name).read_bytes())
    for part in ("rules", "extents", "longest"):
        stored[part] = stored[part][:1]
    (folder / COMPILED.name).write_text(json.dumps(stored))
    assert len(load_rulebook(folder).rules) == 1


def test_the_stored_book_is_not_used_where_a_pack_has_changed(folder: Path) -> None:
    store_rulebook(folder)
    (folder / "xx").mkdir()
    (folder / "xx/share.toml").write_bytes(pack())
    assert "en.share.x" in load_rulebook(folder).by_id
    assert not is_stored(folder)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"digest": 1}', b"\xff\xfe"])
def test_a_broken_stored_book_is_as_good_as_none(folder: Path, content: bytes) -> None:
    (folder / COMPILED.name).write_bytes(content)
    assert load_rulebook(folder).rules


def test_the_digest_names_names_and_contents(folder: Path) -> None:
    before = load_rulebook(folder).digest
    (folder / "en/read_more.toml").rename(folder / "en/read_on.toml")
    renamed = load_rulebook(folder).digest
    (folder / "en/read_on.toml").write_bytes(
        (folder / "en/read_on.toml").read_bytes() + b"\n# more"
    )
    assert len({before, renamed, load_rulebook(folder).digest}) == 3


def test_the_shipped_book_loads_and_its_ids_say_language_and_category() -> None:
    book = load_rulebook()
    assert len(book.rules) > 100
    for rule in book.rules:
        language, _, rest = rule.id.partition(".")
        assert language in (rule.language, "keep", "mul"), rule.id
        assert rest
    assert len(pack_files()) > 100
