"""Commands that ask a guarded service make themselves known by the environment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cleaner.cli.caller import caller
from cleaner.client import Tls
from cleaner.errors import InvalidInput
from cleaner.serve.learner import running_learner
from cleaner.serve.server import running_server
from cleaner.serve.settings import Access, LearnerSettings, ServeSettings

ACCESS = Access(tokens="clean=dig,learn=feed")


def test_clean_shows_its_token(run_cleaner: Callable[..., Any]) -> None:
    settings = ServeSettings(address="127.0.0.1:0", workers=1, access=ACCESS)
    with running_server(settings) as running:
        asked = ("clean", "--server", running.address)
        text = b"A line.\n"
        assert run_cleaner(*asked, stdin=text, env={"CLEANER_TOKEN": "dig"}).stdout == text
        refused = run_cleaner(*asked, stdin=text)
    assert refused.returncode == 1
    assert b"a token is required" in refused.stderr


def test_learner_shows_its_token(run_cleaner: Callable[..., Any], tmp_path: Path) -> None:
    settings = LearnerSettings(str(tmp_path), "127.0.0.1:0", access=ACCESS)
    with running_learner(settings) as running:
        asked = ("learner", "--address", running.address, "versions")
        assert run_cleaner(*asked, env={"CLEANER_TOKEN": "feed"}).returncode == 0
        assert run_cleaner(*asked, env={"CLEANER_TOKEN": "dig"}).returncode == 1


def test_the_environment_says_whom_to_believe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLEANER_CA", "default")
    assert caller() == {"token": "", "tls": Tls()}
    monkeypatch.setenv("CLEANER_CA", "ca.pem")
    assert caller()["tls"] == Tls("ca.pem")
    monkeypatch.setenv("CLEANER_CERTIFICATE", "c.pem")
    with pytest.raises(InvalidInput):
        caller()
