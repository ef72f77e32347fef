"""Quality floors: ``golden/floors.json`` holds what has been reached, and it may only rise.

``golden`` is measured on the golden cases, which everybody has; ``dev`` on the pages of
``make bench-quality``, by whoever has them. Each names the digest of what it was measured on: a
floor holds as long as that is the same.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from cleaner.bench.golden import FOLDER, Case, cases
from cleaner.bench.shingles import match, score, shingles
from cleaner.profiles import PROFILES, Options

FILE = "floors.json"
ALONE = "classifier alone"
_DIGITS = 4

Floors = dict[str, dict[str, Any]]


def main() -> int:
    """Compare with the floors; with ``--raise`` write what is higher. 1 if something is lower."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--golden", type=Path, default=FOLDER)
    parser.add_argument("--quality", type=Path, help="quality.json of `make bench-quality`")
    parser.add_argument("--raise", action="store_true", dest="lift")
    given = parser.parse_args()
    path = given.golden / FILE
    floors: Floors = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    measured = {"golden": measure(list(cases(given.golden)))}
    if given.quality:
        measured["dev"] = json.loads(given.quality.read_text(encoding="utf-8"))["floors"]
    if fallen := below(floors, measured):
        sys.stderr.write("".join(f"{line}\n" for line in fallen))
        return 1
    if given.lift:
        path.write_text(json.dumps(lifted(floors, measured), indent=2, sort_keys=True) + "\n")
    sys.stdout.write(json.dumps(measured, indent=2, sort_keys=True) + "\n")
    return 0


def measure(golden: Sequence[Case]) -> dict[str, Any]:
    """Return the F1 of each profile on its golden cases, of the classifier alone, and a digest."""
    known = [case for case in golden if case.group != "known_failures"]
    figures = {name: _f1([c for c in known if c.options.profile == name]) for name in PROFILES}
    standard = [case for case in known if case.options == Options()]
    alone = Options(detectors=("classifier",))
    figures[ALONE] = _f1([replace(case, options=alone) for case in standard])
    digest = hashlib.sha256()
    for case in known:
        digest.update(f"{case.name}\n{case.expected}\n".encode() + (case.document.raw or b""))
    return {"digest": digest.hexdigest()[:16], "f1": figures}


def below(floors: Mapping[str, Any], measured: Mapping[str, Any]) -> list[str]:
    """Return one line for each figure that is under its floor, where both are of the same data."""
    return [
        f"{part}, {name}: F1 {value} is under its floor of {floor}"
        for part, found in measured.items()
        if floors.get(part, {}).get("digest") == found["digest"]
        for name, floor in floors[part]["f1"].items()
        if (value := found["f1"].get(name, floor)) < floor
    ]


def lifted(floors: Mapping[str, Any], measured: Mapping[str, Any]) -> Floors:
    """Return the floors, each the higher of what it was and what was measured on the same data."""
    out = dict(floors)
    for part, found in measured.items():
        old = floors.get(part, {})
        kept = old.get("f1", {}) if old.get("digest") == found["digest"] else {}
        highest = {name: max(value, kept.get(name, 0)) for name, value in found["f1"].items()}
        out[part] = found | {"f1": kept | highest}
    return out


def _f1(golden: Sequence[Case]) -> float:
    matches = [
        match(shingles(case.expected), case.answer().text)
        for case in golden
        if case.expected is not None
    ]
    return round(score(matches).f1, _DIGITS)


if __name__ == "__main__":
    sys.exit(main())
