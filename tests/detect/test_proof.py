"""`cleaner rules check` finds every kind of bad rule; `make lint` runs it over the shipped packs."""

from __future__ import annotations

from pathlib import Path

import pytest

from cleaner.detect.proof import check

GOOD = {
    "id": "xx.share.x", "keywords": ["share"], "pattern": "^ share $", "why": "A button",
    "hit": ["Share"], "miss": ["They share the prize.", "A share of it"],
}  # fmt: skip


def faults(folder: Path, small_packs: dict[str, bytes], **fields: object) -> list[str]:
    (folder / "categories.toml").write_bytes(small_packs["categories.toml"])
    rows = {**GOOD, **fields}
    lines = [
        f"{key} = '''{value}'''" if key == "pattern" else f"{key} = {value!r}"
        for key, value in rows.items()
    ]
    for name, text in {
        "xx/share.toml": "\n".join(['category = "share"', "[[rule]]", *lines]),
        "keep/xx.toml": "category = 'keep'\nsentences = ['We share what we have.']",
    }.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return check(folder)


def test_a_good_rule_has_no_fault(tmp_path: Path, small_packs: dict[str, bytes]) -> None:
    assert faults(tmp_path, small_packs) == []


@pytest.mark.fault(25)
@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("hit", ["Share", "Shares"], "does not hit 'Shares'"),
        ("hit", ["Shore"], "none of its keywords"),
        ("hit", ["share " * 80], "max_chars"),
        ("miss", ["Share", "b"], "must miss 'Share'"),
        ("miss", ["one"], "two 'miss'"),
        ("pattern", "^ (share $", "does not compile"),
        ("pattern", "share", "a sentence to be kept"),
        ("pattern", "^ (?: s | h | a | r | e | sh | ar | share | \\s )+ $", "adversarial"),
        ("keywords", [], "keywords"),
    ],
)
def test_every_fault_is_told_with_its_rule(
    tmp_path: Path, small_packs: dict[str, bytes], field: str, value: object, told: str
) -> None:
    """FAULTS 25: a rule that backtracks is one of them."""
    found = faults(tmp_path, small_packs, **{field: value})
    assert any("xx.share.x" in fault and told in fault for fault in found), found
