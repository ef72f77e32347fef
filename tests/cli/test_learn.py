"""``cleaner learn``: pages in, a bundle out, a summary for people and for pipes."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cleaner.detect.templates.bundle import Bundle
from cleaner.learn.templates.decisions import decided

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]
Pages = Callable[..., list[dict[str, str]]]


@pytest.fixture
def pages(tmp_path: Path, harbour_pages: Pages) -> Path:
    """Return a file with the pages of two publishers."""
    rows = [*harbour_pages("harbour.example", 12), *harbour_pages("river.example", 8)]
    file = tmp_path / "pages.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def told(done: subprocess.CompletedProcess[bytes]) -> list[str]:
    assert b"Traceback" not in done.stderr
    return done.stderr.decode().splitlines()


def test_a_pipe_gets_a_line_for_each_publisher(run_cleaner: Run, pages: Path, tmp_path: Path) -> None:  # fmt: skip
    out = tmp_path / "a.bundle"
    done = run_cleaner("learn", str(pages), "-o", str(out), "--engine", "here")
    head, *rows = (line.split("\t") for line in done.stdout.decode().splitlines())
    assert done.returncode == 0
    assert head == ["publisher", "pages", "templates", "refused", "lines caught"]
    assert [row[0] for row in rows] == ["harbour.example", "river.example"]
    bundle = Bundle.load(out)
    assert told(done) == [f"wrote {out}: bundle {bundle.digest}"]
    for name, _, templates, refused, caught in rows:
        found = [bundle.template(n) for n in bundle.all_of(name)]
        assert [int(templates), int(refused)] == [sum(t.accepted for t in found), sum(not t.accepted for t in found)]  # fmt: skip
        assert 0 < int(caught.rstrip("%")) <= 100


def test_what_was_learned_is_what_clean_and_explain_apply(run_here: Run, pages: Path, tmp_path: Path) -> None:  # fmt: skip
    out = str(tmp_path / "a.bundle")
    assert run_here("learn", str(pages), "-o", out, "--engine", "here").returncode == 0
    alone = ("--bundle", out, "--detectors", "templates")
    row = json.loads(pages.read_text().splitlines()[0])
    page = row["text"].encode()
    for whose in (("--url", row["url"]), ("--publisher", "harbour.example")):
        text = run_here("clean", *alone, *whose, stdin=page).stdout.decode()
        assert "free articles left" not in text
        assert "Home" not in text.splitlines()
        assert "What happens next" in text, "a subhead stays"
    lines = run_here("explain", *alone, "--publisher", "harbour.example", stdin=page).stdout.decode().splitlines()  # fmt: skip
    assert "- Home" in lines
    assert any("harbour.example#" in line for line in lines)
    assert run_here("clean", *alone, stdin=page).stdout == page, "nobody's page is nobody's chrome"
    assert run_here("clean", *alone, "--publisher", "other.example", stdin=page).stdout == page


def test_workers_apply_the_bundle_too(run_cleaner: Run, pages: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "a.bundle")
    run_cleaner("learn", str(pages), "-o", out, "--engine", "here")
    call = ("clean", "--format", "jsonl", "--bundle", out, "--detectors", "templates", str(pages))
    one, two = run_cleaner(*call), run_cleaner(*call, "--workers", "2")
    assert one.stdout == two.stdout
    assert len(one.stdout.splitlines()) == 20
    assert all(json.loads(line)["removed"] for line in one.stdout.splitlines())


def test_decisions_by_hand_outlive_learning_anew(run_here: Run, pages: Path, tmp_path: Path) -> None:  # fmt: skip
    out = tmp_path / "a.bundle"
    call = ("learn", str(pages), "-o", str(out), "--engine", "here")
    run_here(*call)
    before = list(Bundle.load(out))
    Bundle.of([decided(t, accepted=not t.accepted) for t in before]).save(out)
    assert run_here(*call).returncode == 0
    after = {(t.publisher, t.text): t for t in Bundle.load(out)}
    assert len(after) == len(before)
    assert all(after[t.publisher, t.text].accepted is not t.accepted for t in before)
    assert all(t.by_hand for t in after.values())


def test_a_file_that_is_no_bundle_is_not_overwritten(run_here: Run, pages: Path, tmp_path: Path) -> None:  # fmt: skip
    out = tmp_path / "notes.txt"
    out.write_text("a shopping list")
    done = run_here("learn", str(pages), "-o", str(out), "--engine", "here")
    assert (done.returncode, done.stdout) == (1, b"")
    assert told(done) == [f"cleaner: {out}: is no bundle of templates, or is damaged"]
    assert out.read_text() == "a shopping list"


def test_folders_and_support(run_here: Run, harbour_pages: Pages, tmp_path: Path) -> None:
    folder = tmp_path / "river.example"
    folder.mkdir()
    for n, row in enumerate(harbour_pages("river.example", 8)):
        (folder / f"{n}.txt").write_text(row["text"])
    out = str(tmp_path / "a.bundle")
    call = ("learn", str(folder), "-o", out, "--engine", "here")
    rows = {}
    for name, more in {"all": (), "strict": ("--min-pages", "20"), "named": ("--publisher", "Quay Post")}.items():  # fmt: skip
        done = run_here(*call, *more)
        assert done.returncode == 0
        rows[name] = done.stdout.decode().splitlines()[1].split("\t")
    assert int(rows["all"][2]) > 4
    assert int(rows["strict"][2]) == 0
    assert (rows["all"][0], rows["named"][0]) == ("river.example", "quay post")


def test_days_are_asked_for_where_pages_have_dates(run_here: Run, harbour_pages: Pages, tmp_path: Path) -> None:  # fmt: skip
    rows = [{**row, "date": "2026-05-31"} for row in harbour_pages("river.example", 8)]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    out = str(tmp_path / "a.bundle")
    run_here("learn", str(tmp_path / "a.jsonl"), "-o", out, "--engine", "here", "--min-days", "2")
    assert {t.reason for t in Bundle.load(Path(out))} == {"seen on 1 days only"}


def test_bad_lines_are_told_up_to_a_number_and_the_rest_is_learned_from(run_cleaner: Run, pages: Path, tmp_path: Path) -> None:  # fmt: skip
    bad = tmp_path / "bad.jsonl"
    bad.write_bytes(b"no page\n" * 25)
    out = tmp_path / "a.bundle"
    done = run_cleaner("learn", str(bad), str(pages), "-o", str(out), "--engine", "here")
    lines = [line for line in told(done) if line.startswith("cleaner: ")]
    assert done.returncode == 1
    assert len(lines) == 21
    assert lines[0].startswith(f"cleaner: {bad}:1: not JSON")
    assert lines[-1] == "cleaner: … and 5 more pages were left out"
    assert len(done.stdout.splitlines()) == 3


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (("none.jsonl", "-o", "a.bundle"), 2, "no such file"),
        (("empty.jsonl", "-o", "a.bundle"), 1, "--publisher"),
        (("nobody.jsonl", "-o", "a.bundle"), 1, "--publisher"),
        (("nobody.jsonl", "-o", "no/a.bundle"), 2, "no such folder"),
        (("nobody.jsonl", "-o", "a.bundle", "--report", "no/a.html"), 2, "no such folder"),
    ],
)
def test_what_cannot_be_learned_from_is_one_line(run_here: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int, why: str) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.jsonl").write_text("")
    (tmp_path / "nobody.jsonl").write_text('{"text": "a page without an owner"}\n')
    done = run_here("learn", "--engine", "here", *arguments)
    assert (done.returncode, done.stdout) == (code, b"")
    (line,) = told(done)
    assert why in line
    assert not (tmp_path / "a.bundle").exists()


def test_without_arrow_the_extra_is_named(run_cleaner: Run, pages: Path, tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    missing.mkdir()
    (missing / "pyarrow.py").write_text("raise ModuleNotFoundError('no', name='pyarrow')")
    path = os.pathsep.join([str(missing), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = run_cleaner("learn", str(pages), "-o", str(tmp_path / "a.bundle"), env={"PYTHONPATH": path})  # fmt: skip
    assert done.returncode == 1
    assert told(done) == ["cleaner: learning templates needs pyarrow; install it with: pip install 'boilerstrip[learn]'"]  # fmt: skip


def test_the_usual_engine_learns_what_this_process_does(run_cleaner: Run, pages: Path, tmp_path: Path) -> None:  # fmt: skip
    pytest.importorskip("cleaner.integrations.duckdb", reason="the extra learn is not installed")
    for name, more in (("usual", ()), ("here", ("--engine", "here"))):
        done = run_cleaner("learn", str(pages), "-o", str(tmp_path / name), "--workers", "2", *more)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "usual").read_bytes() == (tmp_path / "here").read_bytes()


@pytest.mark.parametrize(("engine", "missing"), [("duckdb", "duckdb"), ("ray", "ray"), ("spark", "pyspark")])  # fmt: skip
def test_an_engine_that_is_not_installed_names_its_extra(run_cleaner: Run, pages: Path, tmp_path: Path, engine: str, missing: str) -> None:  # fmt: skip
    folder = tmp_path / "missing"
    folder.mkdir()
    (folder / f"{missing}.py").write_text(f"raise ModuleNotFoundError('no', name={missing!r})")
    path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = run_cleaner("learn", str(pages), "-o", str(tmp_path / "a"), "--engine", engine, env={"PYTHONPATH": path})  # fmt: skip
    extra = {"duckdb": "learn"}.get(engine, engine)
    assert done.returncode == 1
    (line,) = told(done)
    assert line.startswith(f"cleaner: the engine {engine} needs ")
    assert line.endswith(f"pip install 'boilerstrip[{extra}]'")


def test_on_a_terminal_there_is_a_table(pages: Path, tmp_path: Path) -> None:
    parent, child = pty.openpty()
    call = [sys.executable, "-m", "cleaner", "learn", str(pages), "-o", str(tmp_path / "a.bundle"), "--engine", "here"]  # fmt: skip
    with subprocess.Popen(
        call, stdout=child, stderr=child, env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"}
    ) as process:  # fmt: skip
        os.close(child)
        shown = b""
        while True:
            try:
                piece = os.read(parent, 65536)
            except OSError:
                break
            if not piece:
                break
            shown += piece
    os.close(parent)
    assert process.returncode == 0, shown
    assert b"\x1b[1m" in shown
    assert b"counting" in shown, "progress"
    assert b"harbour.example" in shown
    assert b"\t" not in shown
