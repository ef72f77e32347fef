"""``cleaner rules``, ``cleaner golden`` and ``cleaner completion``."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from cleaner.bench.golden import FOLDER
from cleaner.detect.rulebook import load_rulebook

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


def test_list_shows_every_rule_and_narrows(run_here: Run) -> None:
    book = load_rulebook()
    assert len(run_here("rules", "list").stdout.splitlines()) == len(book.rules)
    done = run_here(
        "rules", "list", "--language", "de", "--category", "cookie", "--format", "jsonl"
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["id"] for row in rows] == [
        rule.id for rule in book.rules if (rule.language, rule.category) == ("de", "cookie")
    ]
    assert rows


def test_unknown_category_and_rule_are_told_with_what_is_known(run_here: Run) -> None:
    done = run_here("rules", "list", "--category", "adverts")
    assert done.returncode == 2
    assert b"advertisement" in done.stderr
    known = load_rulebook().rules[0].id
    done = run_here("rules", "show", known[:8] + "nonsense")
    assert done.returncode == 2
    assert known[:6].encode() in done.stderr


def test_show_shows_the_pattern_and_the_proof(run_here: Run) -> None:
    rule = next(rule for rule in load_rulebook().rules if rule.language == "fr")
    shown = run_here("rules", "show", rule.id).stdout.decode()
    for part in (rule.id, rule.category, rule.why, rule.keywords[0], "hit", "miss"):
        assert part in shown


def test_test_names_the_rules_that_match(run_here: Run) -> None:
    done = run_here("rules", "test", "Subscribe to our newsletter")
    assert done.returncode == 0
    assert b"newsletter" in done.stdout
    for text in ("The bridge opened on Monday.", ""):
        done = run_here("rules", "test", text)
        assert (done.returncode, done.stdout) == (0, b"")
        assert b"no rule matches" in done.stderr


def test_check_of_a_prefix_says_how_many_were_proved(run_here: Run) -> None:
    rules = [rule for rule in load_rulebook().rules if rule.id.startswith("ka.copyright")]
    done = run_here("rules", "check", "ka.copyright")
    assert (done.returncode, done.stderr.decode().strip()) == (0, f"{len(rules)} rules proved")


def test_check_of_a_prefix_that_no_rule_has_is_an_error(run_here: Run) -> None:
    """A typing error must not look like a proof."""
    assert run_here("rules", "check", "xx.nonsense").returncode != 0


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    for name in ("synthetic/de-imkerei", "untouched/faq-deutsch"):
        shutil.copytree(FOLDER / name, tmp_path / name)
    return tmp_path


def test_diff_of_reviewed_cases_is_empty(run_here: Run, golden: Path) -> None:
    done = run_here("golden", "diff", "--folder", str(golden))
    assert (done.returncode, done.stdout) == (0, b"")
    assert b"2 cases, 0 would change" in done.stderr


def test_diff_shows_what_would_change_and_accept_takes_one(run_here: Run, golden: Path) -> None:
    expected = golden / "synthetic/de-imkerei/expected.txt"
    reviewed = expected.read_bytes()
    expected.write_bytes(reviewed + b"Another line.\n")
    folder = ("--folder", str(golden))
    done = run_here("golden", "diff", *folder)
    assert done.returncode == 1
    assert b"-Another line." in done.stdout
    assert run_here("golden", "diff", *folder, "untouched").returncode == 0
    done = run_here("golden", "accept", *folder, "synthetic/de-imkerei")
    assert done.returncode == 0, done.stderr
    assert expected.read_bytes() == reviewed
    assert (
        (golden / "synthetic/de-imkerei/removed.tsv").read_text().startswith("start\tend\tcategory")
    )
    assert run_here("golden", "diff", *folder).returncode == 0


def test_diff_sees_a_change_of_line_ends_alone(run_here: Run, golden: Path) -> None:
    expected = golden / "synthetic/de-imkerei/expected.txt"
    expected.write_bytes(expected.read_bytes().replace(b"\n", b"\r\n"))
    done = run_here("golden", "diff", "--folder", str(golden))
    assert done.returncode == 1
    assert b"only line ends differ" in done.stdout


def test_accept_of_a_new_variant_writes_it(run_here: Run, golden: Path) -> None:
    done = run_here("golden", "accept", "--folder", str(golden), "synthetic/de-imkerei@body")
    assert done.returncode == 0, done.stderr
    assert (golden / "synthetic/de-imkerei/expected.body.txt").read_bytes()
    assert (golden / "synthetic/de-imkerei/removed.body.tsv").read_bytes()


@pytest.mark.parametrize(
    "name", ["synthetic/de-imkere", "nonsense", "", "synthetic", "synthetic/de-imkerei@strict"]
)
def test_accept_takes_no_name_that_is_not_exactly_one_case(
    run_here: Run, golden: Path, name: str
) -> None:
    before = sorted(path.relative_to(golden) for path in golden.rglob("*"))
    done = run_here("golden", "accept", "--folder", str(golden), name)
    assert done.returncode == 2
    assert b"no case" in done.stderr
    assert sorted(path.relative_to(golden) for path in golden.rglob("*")) == before


def test_accept_refuses_an_untouched_case_that_is_touched(run_here: Run, golden: Path) -> None:
    """``untouched`` has no reviewed copy to overwrite: accepting a wrong removal must not pass."""
    source = golden / "untouched/faq-deutsch/source.txt"
    source.write_bytes(source.read_bytes() + b"\n\nSubscribe to our newsletter\n")
    folder = ("--folder", str(golden))
    assert run_here("golden", "diff", *folder, "faq").returncode == 1
    run_here("golden", "accept", *folder, "untouched/faq-deutsch")
    assert run_here("golden", "diff", *folder, "faq").returncode == 1


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_of_their_shell(run_here: Run, shell: str) -> None:
    done = run_here("completion", shell)
    assert done.returncode == 0
    assert b"_CLEANER_COMPLETE" in done.stdout
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=done.stdout, check=True, timeout=30)


def test_completion_knows_categories(run_cleaner: Run) -> None:
    environment = {
        "_CLEANER_COMPLETE": "bash_complete",
        "COMP_WORDS": "cleaner clean --remove adv",
        "COMP_CWORD": "3",
    }
    done = run_cleaner(env={**os.environ, **environment})
    assert b"advertisement" in done.stdout
