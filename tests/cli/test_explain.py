"""``cleaner explain``: what goes and why, in a pipe, on a terminal and as one page."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]
A = "The council voted on Tuesday to rebuild the old bridge over the river, the mayor said."
TEXT = f"{A}\n\nSubscribe to our newsletter\n\n{A}\n"


def test_in_a_pipe_a_mark_says_what_goes(run_here: Run) -> None:
    done = run_here("explain", stdin=TEXT.encode())
    lines = done.stdout.decode().splitlines()
    assert (done.returncode, done.stderr) == (0, b"")
    assert "- Subscribe to our newsletter" in lines
    assert lines.count(f"  {A}") == 2
    assert re.search(r"^  \[newsletter 0\.\d\d · [\w.-]+", "\n".join(lines), re.MULTILINE)
    assert b"\x1b" not in done.stdout


def test_long_lines_are_not_cut_in_a_pipe(run_here: Run) -> None:
    row = "word " * 100 + "end"
    assert f"  {row}".encode() in run_here("explain", stdin=f"{row}\n".encode()).stdout.splitlines()


def test_markup_in_a_text_is_text(run_here: Run) -> None:
    row = "The [bold]bridge[/bold] [/] :smile: opened."
    assert row.encode() in run_here("explain", stdin=row.encode()).stdout


def on_a_terminal(tmp_path: Path, *arguments: str, **environment: str) -> str:
    """Return what the program writes to a terminal."""
    (tmp_path / "a.txt").write_text(TEXT)
    parent, child = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "cleaner", *arguments, str(tmp_path / "a.txt")],
        stdout=child, stderr=child, env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", **environment},
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
    return shown.decode()


def test_on_a_terminal_what_goes_is_struck_and_coloured(tmp_path: Path) -> None:
    shown = on_a_terminal(tmp_path, "explain")
    assert re.search(r"\x1b\[[\d;]*9[\d;]*m\s*Subscribe to our newsletter", shown)
    assert "newsletter 0." in shown


@pytest.mark.parametrize("command", ["explain", "clean"])
def test_no_color_means_no_colour(tmp_path: Path, command: str) -> None:
    shown = on_a_terminal(tmp_path, command, NO_COLOR="1")
    assert not re.search(r"\x1b\[(?:[\d;]*;)?(?:3[0-7]|9[0-7]|38;)[\d;]*m", shown)


def test_clean_on_a_terminal_ends_its_line(tmp_path: Path) -> None:
    assert on_a_terminal(tmp_path, "clean").endswith("\n")


def test_html_writes_one_page(run_here: Run, tmp_path: Path) -> None:
    out = tmp_path / "out.html"
    done = run_here("explain", "--html", str(out), stdin=TEXT.encode())
    assert (done.returncode, done.stdout) == (0, b"")
    assert str(out) in done.stderr.decode()
    page = out.read_text(encoding="utf-8")
    assert page.lower().count("<!doctype html>") == 1
    assert "<del>Subscribe to our newsletter" in page


def test_html_of_many_documents_is_still_one_page(run_here: Run, tmp_path: Path) -> None:
    out = tmp_path / "out.html"
    stdin = b'{"id": "a", "text": "One."}\n{"id": "b", "text": "Two."}\n'
    assert run_here("explain", "--input", "jsonl", "--html", str(out), stdin=stdin).returncode == 0
    page = out.read_text(encoding="utf-8")
    assert "One." in page
    assert "Two." in page
    assert page.lower().count("<!doctype html>") == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("/none/such.txt",), 1),
        (("--html", "/none/such/out.html", "-"), 1),
        (("--profile", "x"), 2),
        (("--remove", "x"), 2),
    ],
)
def test_what_goes_wrong_is_one_line(run_here: Run, arguments: tuple[str, ...], code: int) -> None:
    done = run_here("explain", *arguments, stdin=b"One.\n")
    assert done.returncode == code
    assert b"Traceback" not in done.stderr
    assert done.stderr
