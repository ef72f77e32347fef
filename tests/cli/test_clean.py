"""``cleaner clean`` as a user meets it: real processes, bytes, exit codes, one line for an error."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from cleaner import Options, clean
from cleaner.cli import program

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]
A = "The council voted on Tuesday to rebuild the old bridge over the river, the mayor said."
TEXT = f"{A}\n\nSubscribe to our newsletter\n\n{A}\n"
CLEAN = f"{A}\n\n{A}\n"


def told(done: subprocess.CompletedProcess[bytes]) -> list[str]:
    """Return the lines on stderr; there is never a traceback among them."""
    assert b"Traceback" not in done.stderr
    return done.stderr.decode().splitlines()


@pytest.mark.parametrize("arguments", [(), ("-",), ("--input", "text", "-")])
def test_text_on_stdin_is_the_article_on_stdout(
    run_cleaner: Run, arguments: tuple[str, ...]
) -> None:
    done = run_cleaner("clean", *arguments, stdin=TEXT.encode())
    assert (done.returncode, done.stdout, told(done)) == (0, CLEAN.encode(), [])


@pytest.mark.parametrize(
    "stdin",
    [b"", b"\n", b"no line end", b"crlf\r\n", b"\xff\xfe\x00garbage\x80\n", bytes(range(256))],
)
def test_bytes_in_a_pipe_are_the_library_s(run_here: Run, stdin: bytes) -> None:
    done = run_here("clean", "--input", "text", stdin=stdin)
    assert (done.returncode, done.stdout) == (0, clean(stdin).text.encode())
    told(done)


def test_json_is_one_object_with_offsets_that_replay(run_here: Run, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(f"😀 {TEXT}", encoding="utf-8")
    done = run_here("clean", "--format", "json", str(tmp_path / "a.txt"))
    row = json.loads(done.stdout)
    assert list(row) == ["id", "text", "removed", "ruleset_version", "warnings"]
    (gone,) = row["removed"]
    assert list(gone) == ["start", "end", "category", "confidence", "detector", "rule", "quote"]
    source = f"😀 {TEXT}"
    assert source[gone["start"] : gone["end"]] == gone["quote"]
    assert source[: gone["start"]] + source[gone["end"] :] == row["text"] == f"😀 {CLEAN}"
    assert (gone["category"], gone["detector"]) == ("newsletter", "rules")
    assert row["id"] == str(tmp_path / "a.txt")


LINES = [
    {"id": "one", "text": TEXT}, {"id": 2, "text": ""}, {"id": "html", "html": f"<p>{A}<p>{A}"},
    {"text": A, "url": "https://a.example/", "publisher": "p", "language": "en"}, {"id": "one", "text": A},
]  # fmt: skip


def test_jsonl_answers_keep_the_order_and_the_ids(run_here: Run) -> None:
    stdin = "\n".join(map(json.dumps, LINES)).encode() + b"\n\n"
    done = run_here("clean", "--format", "jsonl", stdin=stdin)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, told(done)) == (0, [])
    assert [row["id"] for row in rows] == ["one", "2", "html", "-:4", "one"]
    assert [row["text"] for row in rows[:2]] == [CLEAN, ""]
    assert rows[2]["source"] == f"{A}\n\n{A}\n"


BAD = [
    "not json", "[1]", '"text"', "{}", '{"text": 7}', '{"text": null}', '{"id": "x", "html": []}', '{"text": "\\ud800"}',
    "{" * 100_000, '{"text": "' + "\\u0000" * 3 + '"}', "\udcff",
]  # fmt: skip


@pytest.mark.parametrize("workers", ["1", "2"])
def test_bad_lines_are_answered_in_their_place_and_named(run_cleaner: Run, workers: str) -> None:
    lines = [json.dumps({"id": "good", "text": A})]
    for number, bad in enumerate(BAD):
        lines += [bad, json.dumps({"id": f"good {number}", "text": TEXT})]
    stdin = "\n".join(lines).encode("utf-8", "surrogateescape")
    done = run_cleaner(
        "clean", "--format", "jsonl", "--input", "jsonl", "--workers", workers, stdin=stdin
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert len(rows) == len(lines)
    assert [row["id"] for row in rows[::2]] == ["good", *(f"good {n}" for n in range(len(BAD)))]
    failed = [row for row in rows[1::2] if "error" in row]
    assert len(failed) == len(BAD) - 1
    assert len(told(done)) == len(failed)
    assert all(line.startswith("cleaner: ") for line in told(done))


def test_bad_documents_print_nothing_in_text_form(run_here: Run) -> None:
    done = run_here(
        "clean",
        "--input",
        "jsonl",
        stdin=b'{"id": "bad", "text": 7}\n{"id": "good", "text": "Yes."}\n',
    )
    assert (done.returncode, done.stdout) == (1, b"Yes.\n")
    assert told(done) == ["cleaner: bad: 'text' must be a string"]


def test_missing_file_is_named_and_the_others_are_cleaned(run_here: Run, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXT)
    missing = str(tmp_path / "none.txt")
    done = run_here("clean", missing, str(tmp_path / "a.txt"), str(tmp_path))
    assert (done.returncode, done.stdout) == (1, CLEAN.encode())
    lines = told(done)
    assert len(lines) == 2
    assert missing in lines[0]
    assert "No such file" in lines[0]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--profile", "strict"), ["strict", "standard", "light"]),
        (("--remove", "adverts"), ["adverts", "advertisement", "newsletter"]),
        (("--keep", "adverts"), ["adverts", "advertisement"]),
        (("--detectors", "magic"), ["magic", "rules", "structure"]),
        (("--format", "xml"), ["xml", "jsonl"]),
        (("--min-confidence", "7"), ["7"]),
        (("--workers", "0"), ["0"]),
        (("--keep", "share", "--remove", "share"), ["share"]),
        (("--nonsense",), ["--nonsense"]),
    ],
)
def test_usage_errors_exit_with_2_and_list_what_is_known(
    run_here: Run, arguments: tuple[str, ...], named: list[str]
) -> None:
    done = run_here("clean", *arguments, stdin=TEXT.encode())
    assert (done.returncode, done.stdout) == (2, b"")
    assert all(name in " ".join(told(done)) for name in named)


def test_usage_errors_are_told_once_with_workers_too(run_cleaner: Run) -> None:
    done = run_cleaner("clean", "--workers", "2", "--remove", "adverts", stdin=TEXT.encode())
    assert (done.returncode, done.stdout, len(told(done))) == (2, b"", 1)


def test_policy_options_do_what_the_library_does(run_here: Run) -> None:
    text = f"The Old Bridge Opens Again\n\n{TEXT}\nTags: bridge, river\n"
    for arguments, options in (
        (("--profile", "body"), Options("body")),
        (("--keep", "newsletter"), Options(keep=("newsletter",))),
        (("--remove", "headline", "--keep", "newsletter", "--keep", "tags"),
         Options(remove=("headline",), keep=("newsletter", "tags"))),
        (("--detectors", "structure"), Options(detectors=("structure",))),
        (("--detectors", "rules, structure", "--min-confidence", "1"),
         Options(detectors=("rules", "structure"), min_confidence=1.0)),
    ):  # fmt: skip
        done = run_here("clean", *arguments, stdin=text.encode())
        assert done.stdout == clean(text, options).text.encode()


def test_two_workers_give_what_one_gives(run_cleaner: Run) -> None:
    rows = [{"id": str(n), "text": f"{A} {n}\n\nSubscribe to our newsletter\n"} for n in range(100)]
    stdin = "\n".join(map(json.dumps, rows)).encode()
    one, two = (
        run_cleaner("clean", "--format", "jsonl", "--workers", n, stdin=stdin) for n in "12"
    )
    assert one.returncode == two.returncode == 0
    assert one.stdout == two.stdout
    assert len(one.stdout.splitlines()) == 100


def piped(shell: str, tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    script = f"set -o pipefail; {shell.format(cleaner=f'{sys.executable} -m cleaner')}"
    return subprocess.run(
        ["bash", "-c", script], capture_output=True, env={**os.environ, **environment}, cwd=tmp_path,
        timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("more", ["", "--workers 2", "--format json"])
def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path, more: str) -> None:
    line = json.dumps({"id": "x", "text": A * 20})
    (tmp_path / "many.jsonl").write_text(f"{line}\n" * 400)
    done = piped(f"{{cleaner}} clean {more} many.jsonl | head -1", tmp_path)
    assert (done.returncode, told(done)) == (0, [])
    assert done.stdout.count(b"\n") == 1


def test_full_disk_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    done = piped("yes 'The bridge opened.' | head -5000 | {cleaner} clean > /dev/full", tmp_path)
    assert done.returncode == 1
    assert len(told(done)) == 1


def test_closed_stdin_and_stdout_show_no_traceback(tmp_path: Path) -> None:
    for shell in ("{cleaner} clean <&-", "echo x | {cleaner} clean >&-"):
        assert piped(shell, tmp_path).returncode in (0, 1)
        told(piped(shell, tmp_path))


def test_interrupt_ends_with_130_and_no_traceback(tmp_path: Path) -> None:
    row = json.dumps({"id": "long", "text": f"{A}\n\n" * 4000}).encode() + b"\n"
    # A runner in the background ignores interrupts, and its children would inherit that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "cleaner", "clean", "--input", "jsonl"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path,
        )  # fmt: skip
    finally:
        signal.signal(signal.SIGINT, before)
    with process:
        process.stdin.write(row)
        process.stdin.flush()
        assert process.stdout.read(1) == A[:1].encode()  # it is at work, and waits for more
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"Traceback" not in stderr


def test_html_is_known_by_suffix_and_by_its_beginning(run_here: Run, tmp_path: Path) -> None:
    page = f"<!DOCTYPE html><p>{A}</p><p>{A}</p>".encode()
    (tmp_path / "a.HTML").write_bytes(page.partition(b">")[2])
    assert run_here("clean", str(tmp_path / "a.HTML")).stdout.count(A.encode()) == 2
    for stdin in (page, b"\xef\xbb\xbf \n" + page):
        assert b"<p>" not in run_here("clean", stdin=stdin).stdout
    assert b"<p>" in run_here("clean", "--input", "text", stdin=page).stdout


def test_every_command_has_help_and_the_program_a_version(run_here: Run) -> None:
    for command in (
        (),
        ("clean",),
        ("explain",),
        ("rules",),
        ("golden",),
        ("serve",),
        ("completion",),
    ):
        done = CliRunner().invoke(program, [*command, "--help"], prog_name="cleaner")
        assert (done.exit_code, done.stderr) == (0, "")
        assert "Usage: cleaner" in done.stdout
    assert b"cleaner" in run_here("--version").stdout
    assert run_here("nonsense").returncode == 2


def test_unreachable_server_exits_with_3(run_cleaner: Run) -> None:
    done = run_cleaner("clean", "--server", "127.0.0.1:1", stdin=TEXT.encode())
    assert done.returncode == 3
    assert len(told(done)) == 1
    assert "127.0.0.1:1" in told(done)[0]
