"""Ten pages teach a publisher's closing paragraphs, slots included; no hand-written rule is asked."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from cleaner.bench.golden import FOLDER

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]
PAGES = Path(__file__).parent / "alkhaleej.jsonl"
SEED = FOLDER / "seeds" / "003-alkhaleej"
PUBLISHER = "alkhaleejtoday.example"


@pytest.fixture(scope="module")
def bundle(run_cleaner: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("seed") / "a.bundle"
    done = run_cleaner("learn", str(PAGES), "-o", str(out), "--engine", "here")
    assert done.returncode == 0, done.stderr
    return out


def test_the_pages_are_others_than_the_seed() -> None:
    seed = (SEED / "expected.txt").read_text().splitlines()
    rows = [json.loads(line) for line in PAGES.read_text().splitlines()]
    assert len(rows) == 10
    assert not {line for row in rows for line in row["text"].splitlines()} & set(seed)


def test_both_closing_paragraphs_are_learned_with_their_slots(run_cleaner: Run, bundle: Path) -> None:  # fmt: skip
    done = run_cleaner("templates", "list", str(bundle), "--format", "jsonl")
    texts = [json.loads(line)["text"] for line in done.stdout.splitlines()]
    assert len(texts) == 2
    assert any(text.startswith("These were the details of the news {…} for this day. We hope") for text in texts)  # fmt: skip
    assert any("is available at {…} and the editorial team" in text for text in texts)


@pytest.mark.parametrize("detectors", ["templates", "templates,structure,classifier"])
def test_seed_003_comes_out_right(run_cleaner: Run, bundle: Path, detectors: str) -> None:
    done = run_cleaner(
        "clean", "--bundle", str(bundle), "--publisher", PUBLISHER, "--detectors", detectors, str(SEED / "source.txt")
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == (SEED / "expected.txt").read_bytes()


def test_another_publisher_s_page_is_left_as_it_is(run_cleaner: Run, bundle: Path) -> None:
    for publisher in ("", "other.example"):
        done = run_cleaner(
            "clean", "--bundle", str(bundle), "--publisher", publisher, "--detectors", "templates", str(SEED / "source.txt")
        )  # fmt: skip
        assert done.stdout == (SEED / "source.txt").read_bytes()
