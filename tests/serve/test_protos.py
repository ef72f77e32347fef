"""The protos are clean, and what is committed is what they say."""

from __future__ import annotations

import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_buf_finds_nothing_to_say() -> None:
    """STANDARD and COMMENTS: every message, field, value and method is explained."""
    buf = shutil.which("buf") or shutil.which("buf", path=str(Path(sys.executable).parent))
    if buf is None:
        pytest.skip("buf-bin is not installed")
    told = subprocess.run([buf, "lint", ROOT / "protos"], capture_output=True, text=True)
    assert told.stdout + told.stderr == ""


def test_generated_code_is_what_the_protos_say() -> None:
    pytest.importorskip("grpc_tools")
    assert runpy.run_path(str(ROOT / "protos" / "generate.py"))["drift"]() == []
