"""The program's entry point in the tests' own process, for what needs no process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from cleaner.cli import main

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture
def run_here(
    capfdbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> Run:
    """Return a function that runs the program here, with real files as its standard streams."""

    def run(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        file = tmp_path_factory.mktemp("streams") / "stdin"
        file.write_bytes(stdin)
        monkeypatch.setattr(sys, "argv", ["cleaner", *arguments])
        capfdbinary.readouterr()
        with file.open() as stream:
            monkeypatch.setattr(sys, "stdin", stream)
            with pytest.raises(SystemExit) as ended:
                main()
        return subprocess.CompletedProcess(arguments, ended.value.code, *capfdbinary.readouterr())

    return run
