"""``cleaner templates``: what a bundle holds, changed by hand, compared."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from cleaner.cli import program
from cleaner.detect.templates.bundle import Bundle, Template, Where
from cleaner.detect.templates.slots import anchor_print

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


def template(text: str, publisher: str = "harbour.example", where: Where = Where.BLOCK, **more: object) -> Template:  # fmt: skip
    room = 12 if "{…}" in text else 0
    made = Template(publisher, text, where, "other", 0.95, 9, 4, 0.9, 18000, 18100, "tail", 0, room, "recurs on 9 of 10 pages", anchor_print(text, where))  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]


LEFT = template("You have 3 articles left", pages=10)
POST = template("The post {…} appeared first on Harbour Post.")
CREDIT = template("(Photo: Quay)", where=Where.CLOSING, position="between", pages=5)
SUBHEAD = template("What happens next", accepted=False, reason="stands between the lines of articles, on 4 of 39 pages")  # fmt: skip
RIVER = template("River menu", "river.example")


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "a.bundle"
    Bundle.of([LEFT, POST, CREDIT, SUBHEAD, RIVER]).save(path)
    return path


def lines(done: subprocess.CompletedProcess[bytes]) -> list[str]:
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done.stderr
    return done.stdout.decode().splitlines()


def test_list_has_a_line_for_each_template_that_is_applied(run_here: Run, bundle: Path) -> None:
    rows = [line.split("\t") for line in lines(run_here("templates", "list", str(bundle)))]
    assert [row[0] for row in rows] == [t.id for t in (LEFT, POST, CREDIT, RIVER)]
    assert rows[0][1:] == ["other", "10", "90%", "tail", LEFT.text]


def test_list_narrows_to_a_publisher_and_to_what_was_refused(run_here: Run, bundle: Path) -> None:
    for name in ("river.example", "https://River.Example/news"):
        (row,) = lines(run_here("templates", "list", str(bundle), "--publisher", name))
        assert row.startswith(RIVER.id)
    (row,) = lines(run_here("templates", "list", str(bundle), "--refused"))
    assert row.split("\t")[-2:] == [SUBHEAD.reason, SUBHEAD.text]
    done = run_here("templates", "list", str(bundle), "--publisher", "river.example", "--refused")
    assert (lines(done), done.stderr) == ([], b"no candidate was refused\n")


def test_jsonl_has_every_field(run_here: Run, bundle: Path) -> None:
    rows = [json.loads(line) for line in lines(run_here("templates", "list", str(bundle), "--format", "jsonl"))]  # fmt: skip
    assert list(rows[0]) == ["id", *(field.name for field in fields(Template))]
    assert [(row["where"], row["share"]) for row in rows] == [("block", 0.9), ("block", 0.9), ("closing", 0.9), ("block", 0.9)]  # fmt: skip


def test_show_says_where_it_sits_and_why(run_here: Run, bundle: Path) -> None:
    shown = "\n".join(lines(run_here("templates", "show", str(bundle), CREDIT.id[:-4])))
    for expected in (
        CREDIT.id, "last words of a line, between the article's lines", "2019-04-14", "2019-07-23",
        "recurs on 9 of 10 pages", "90.0% of the publisher's pages",
    ):  # fmt: skip
        assert expected in shown


def test_refuse_and_accept_change_the_bundle_and_what_clean_does(run_here: Run, bundle: Path) -> None:  # fmt: skip
    page = b"The bridge is open again, the mayor of the town said on Tuesday.\n\nWhat happens next\n\nYou have 7 articles left\n"  # fmt: skip
    call = ("clean", "--bundle", str(bundle), "--detectors", "templates", "--publisher", "harbour.example")  # fmt: skip
    old = Bundle.load(bundle).digest
    assert b"articles left" not in run_here(*call, stdin=page).stdout

    done = run_here("templates", "refuse", str(bundle), LEFT.id)
    assert lines(done) == [f"refused {LEFT.id}  {LEFT.text}"]
    new = Bundle.load(bundle)
    assert done.stderr.decode() == f"{bundle}: {old} → {new.digest}\n"
    assert run_here(*call, stdin=page).stdout == page
    (kept,) = (t for t in new if t.text == LEFT.text)
    assert (kept.accepted, kept.by_hand) == (False, True)
    assert kept.reason == f"refused by hand ({LEFT.reason})"

    lines(run_here("templates", "accept", str(bundle), LEFT.id, SUBHEAD.id))
    text = run_here(*call, stdin=page).stdout
    assert b"articles left" not in text
    assert b"happens next" not in text
    assert [path.name for path in bundle.parent.glob("*bundle*")] == [bundle.name]


def test_an_unknown_or_doubtful_id_changes_nothing(run_here: Run, bundle: Path) -> None:
    before = bundle.read_bytes()
    for name, why in (("harb", "begins 4 ids"), ("nobody#12", "no template")):
        done = run_here("templates", "refuse", str(bundle), LEFT.id, name)
        assert (done.returncode, done.stdout) == (2, b"")
        assert why in done.stderr.decode()
    assert bundle.read_bytes() == before


def test_diff_shows_what_came_went_and_changed(run_here: Run, bundle: Path, tmp_path: Path) -> None:
    new = tmp_path / "b.bundle"
    more, other = replace(LEFT, pages=12, share=0.8), template("Quay menu", accepted=False)
    Bundle.of([more, replace(POST, accepted=False), SUBHEAD, RIVER, template("Harbour menu"), other]).save(new)  # fmt: skip
    rows = lines(run_here("templates", "diff", str(bundle), str(new)))
    assert {row.split("  ")[0]: row for row in rows}.keys() == {
        f"~ {LEFT.id}", f"~ {POST.id}", f"- {CREDIT.id}", f"+ {template('Harbour menu').id}"
    }  # fmt: skip
    assert any(row.endswith("[pages 10 → 12, share 0.9 → 0.8]") for row in rows)
    assert any(row.endswith("[refused now]") for row in rows)
    assert any("Quay menu" in row for row in lines(run_here("templates", "diff", str(bundle), str(new), "--refused")))  # fmt: skip
    done = run_here("templates", "diff", str(bundle), str(bundle))
    assert (lines(done), done.stderr.decode().endswith(": 0 differ\n")) == ([], True)


def test_diff_is_coloured_on_a_terminal_only(bundle: Path, tmp_path: Path) -> None:
    empty = tmp_path / "b.bundle"
    Bundle.of([]).save(empty)
    call = ["templates", "diff", str(bundle), str(empty)]
    assert "\x1b[31m- " in CliRunner().invoke(program, call, color=True).stdout
    assert "\x1b" not in CliRunner().invoke(program, call).stdout


@pytest.mark.parametrize(
    "call",
    [
        ("templates", "list", "{}"), ("templates", "show", "{}", "x"), ("templates", "accept", "{}", "x"),
        ("templates", "diff", "{}", "{}"), ("clean", "--bundle", "{}"), ("explain", "--bundle", "{}"),
        ("clean", "--workers", "2", "--bundle", "{}"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("fault", ["missing", "text", "damaged"])
def test_a_bundle_that_cannot_be_used_is_one_line(run_here: Run, bundle: Path, call: tuple[str, ...], fault: str) -> None:  # fmt: skip
    if fault == "missing":
        bundle.unlink()
    elif fault == "text":
        bundle.write_text("no bundle")
    else:
        content = bytearray(bundle.read_bytes())
        at = content.index(b"Harbour Post")
        content[at] ^= 1
        bundle.write_bytes(content)
    done = run_here(*(part.format(bundle) for part in call), stdin=b"A text.")
    assert (done.returncode, done.stdout) == (1, b"")
    (line,) = done.stderr.decode().splitlines()
    assert re.match(rf"cleaner: {re.escape(str(bundle))}: (is|cannot)", line)


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (("clean", "--detectors", "templates"), "--bundle"),
        (("explain", "--detectors", "templates"), "--bundle"),
        (("clean", "--bundle", "{}", "--server", "127.0.0.1:1"), "has templates of its own"),
        (("templates", "list", "{}", "--publisher", "nobody"), "known: harbour.example, river.example"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_a_usage_error(run_here: Run, bundle: Path, call: tuple[str, ...], why: str) -> None:  # fmt: skip
    done = run_here(*(part.format(bundle) for part in call), stdin=b"A text.")
    assert (done.returncode, done.stdout) == (2, b"")
    assert why in done.stderr.decode()


def test_the_table_on_a_terminal_fits_and_keeps_ids_whole(bundle: Path) -> None:
    import pty
    import sys

    parent, child = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "cleaner", "templates", "list", str(bundle)],
        stdout=child, stderr=child, env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "110", "NO_COLOR": "1"},
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
    text = re.sub(r"\x1b\[[\d;]*m", "", shown.decode())
    assert process.returncode == 0, text
    assert LEFT.id in text
    assert max(map(len, text.splitlines())) <= 110
