"""The bench of scale runs for real, on few pages."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cleaner.bench import bundles
from cleaner.bench.generated import Corpus, batches, write
from cleaner.bench.tree import watched


def test_engines_are_measured_on_the_same_pages(tmp_path: Path) -> None:
    out = tmp_path / "scale.json"
    command = [sys.executable, "-m", "cleaner.bench.scale", "--pages", "120", "--publishers", "4"]
    command += ["--engines", "here", "duckdb", "--json", str(out)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = json.loads(out.read_text())["engines"]
    assert [row["engine"] for row in rows] == ["here", "duckdb"]
    assert rows[0]["digest"] == rows[1]["digest"]
    assert all(row["count"] > 0 and row["look"] > 0 and row["judge"] > 0 for row in rows)
    assert all(row["megabytes"] > 30 and row["cpu"] > 0.2 for row in rows)
    assert told.count("\n") == 3


def test_what_a_process_starts_is_counted() -> None:
    child = (
        "b = bytearray(80_000_000); b[::4096] = b'x' * len(b[::4096]); import time; time.sleep(2)"
    )
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    code, seconds, taken = watched([sys.executable, "-c", parent])
    assert code == 0
    assert seconds >= 2
    assert taken.megabytes > 80
    assert len(taken.cpu) == 2


def test_generated_pages_are_the_same_each_time(tmp_path: Path) -> None:
    corpus = Corpus(50, publishers=2, html_each=4)
    first, again = list(batches(corpus, 20)), list(batches(corpus, 50))
    rows = [row for batch in first for row in batch.to_pylist()]
    assert rows == again[0].to_pylist()
    assert {row["html"] is None for row in rows} == {True, False}
    assert {row["day"] == -1 for row in rows} == {True, False}
    assert len(write(corpus, tmp_path)) == 1


def test_a_bundle_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "_DOCUMENTS", 3)
    monkeypatch.setattr(bundles, "_ROUNDS", 1)
    figures = bundles.measure(publishers=20, templates=5)
    assert figures["bundle: templates"] >= 40
    assert all(value > 0 for name, value in figures.items() if "memory" not in name)
