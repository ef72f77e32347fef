"""What tests of several folders share: hypothesis profiles and the golden cases."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings

from cleaner import Cleaner, Options

_LOOSE = (HealthCheck.too_slow, HealthCheck.data_too_large)
settings.register_profile("dev", max_examples=40, deadline=None, suppress_health_check=_LOOSE)
# In CI a red build must be the change's fault: the same examples every time.
settings.register_profile("ci", parent=settings.get_profile("dev"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "dev")

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture(scope="session")
def cleaner_of() -> Callable[[Options], Cleaner]:
    """Return a Cleaner for Options; one for each, as callers are told to keep them."""
    made: dict[Options, Cleaner] = {}

    def get(options: Options = Options()) -> Cleaner:
        return made.setdefault(options, Cleaner(options))

    return get


@pytest.fixture(scope="session")
def run_cleaner() -> Run:
    """Return a function that runs ``python -m cleaner`` as a process of its own."""

    def run(*arguments: str, stdin: bytes = b"", **more: object) -> subprocess.CompletedProcess[bytes]:
        environment = {**os.environ, **more.pop("env", {})}  # type: ignore[dict-item]
        return subprocess.run(
            [sys.executable, "-m", "cleaner", *arguments],
            input=stdin, capture_output=True, env=environment, timeout=120, check=False, **more,  # type: ignore[call-overload]
        )  # fmt: skip

    return run
