"""``cleaner learner``: by the service and on its store, with the same answers."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from newsroom import CLOSING, page, url

from cleaner.learn.templates.learner import Learner
from cleaner.learn.templates.store import Page
from cleaner.serve.learner import running_learner
from cleaner.serve.settings import LearnerSettings

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]
NAME = "tidewater-gazette.org"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    Learner(tmp_path).observe(
        Page(url=url(NAME, n), text=page(NAME, n), day=20_000 + n % 7) for n in range(14)
    )
    return tmp_path


@pytest.fixture(params=["service", "store"])
def where(request: pytest.FixtureRequest, store: Path) -> Iterator[tuple[str, str]]:
    if request.param == "store":
        yield "--store", str(store)
        return
    with running_learner(LearnerSettings(str(store), "127.0.0.1:0")) as running:
        yield "--address", running.address


def test_a_version_is_proposed_published_and_rolled_back(
    run_cleaner: Run, where: tuple[str, str], store: Path
) -> None:
    def said(*arguments: str) -> str:
        done = run_cleaner("learner", *where, *arguments)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    proposed = said("propose", NAME)
    assert proposed.startswith(f"{NAME}: ")
    assert f"+ {CLOSING[1]}" in proposed
    digest = proposed.splitlines()[0].split()[-1]
    assert said("publish", NAME, "--expect", digest, "--note", "the first").split()[0] == "1"
    assert f"+ {CLOSING[1]}" in said("profile", NAME)
    told = said("versions").splitlines()
    assert [line.split()[:2] for line in told if "*" in line] == [["*", "1"]]
    assert told[-1].endswith("the first")
    assert said("rollback").split()[0] == "0"
    assert CLOSING[1] not in said("profile", NAME)
    assert said("rollback", "1").split()[0] == "1"
    assert Learner(store).current.number == 1


def test_what_is_wrong_is_one_line(run_cleaner: Run, tmp_path: Path) -> None:
    done = run_cleaner("learner")
    assert (done.returncode, done.stderr.decode().count("\n")) == (2, 1)
    done = run_cleaner("learner", "--store", str(tmp_path / "none"), "rollback")
    assert (done.returncode, done.stderr.decode().count("\n")) == (2, 1)
    assert not (tmp_path / "none").exists()
    done = run_cleaner("learner", "--address", "127.0.0.1:9", "rollback")
    assert (done.returncode, done.stderr.decode().count("\n")) == (3, 1)
