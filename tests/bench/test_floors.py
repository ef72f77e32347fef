from __future__ import annotations

import json
from pathlib import Path

from cleaner.bench import floors
from cleaner.bench.golden import FOLDER, cases


def test_nothing_is_under_its_floor() -> None:
    pinned = json.loads((FOLDER / floors.FILE).read_text())
    measured = {"golden": floors.measure(list(cases()))}
    assert floors.below(pinned, measured) == []
    assert pinned["golden"]["digest"] == measured["golden"]["digest"], "run `make floors`"


def test_a_fall_is_named() -> None:
    pinned = {"golden": {"digest": "a", "f1": {"standard": 0.9}}}
    found = {"golden": {"digest": "a", "f1": {"standard": 0.8}}}
    assert floors.below(pinned, found) == ["golden, standard: F1 0.8 is under its floor of 0.9"]
    assert floors.below(pinned, {"golden": found["golden"] | {"digest": "b"}}) == []


def test_floors_only_rise() -> None:
    pinned = {"golden": {"digest": "a", "f1": {"standard": 0.9, "body": 0.7}}}
    found = {"golden": {"digest": "a", "f1": {"standard": 0.8, "body": 0.8}}}
    assert floors.lifted(pinned, found)["golden"]["f1"] == {"standard": 0.9, "body": 0.8}
    other = {"golden": {"digest": "b", "f1": {"standard": 0.8}}}
    assert floors.lifted(pinned, other)["golden"]["f1"] == {"standard": 0.8}


def test_golden_without_floors_gets_them(tmp_path: Path) -> None:
    assert floors.lifted({}, {"dev": {"digest": "a", "f1": {"x": 1.0}}}) == {
        "dev": {"digest": "a", "f1": {"x": 1.0}}
    }
