"""A real service, the three cleaners that must be alike, and a service that fails as it is told."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from cleaner import AnyCleaner, Cleaner, Options
from cleaner.serve.server import running_server
from cleaner.serve.settings import ServeSettings

sys.path.append(str(Path(__file__).parent))  # importlib mode leaves the folder out
from standins import CLIENTS, Connect, Failing, failing_service


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """Where a service listens."""
    with running_server(ServeSettings(address="127.0.0.1:0", workers=1)) as running:
        yield running.address


@pytest.fixture(params=CLIENTS)
def connect(request: pytest.FixtureRequest) -> Iterator[Connect]:
    """Return a function that makes a client of either kind."""
    with ExitStack() as stack:
        kind = CLIENTS[request.param]
        yield lambda *given, **more: stack.enter_context(kind(*given, **more))


@pytest.fixture(params=["Cleaner", *CLIENTS])
def swap(request: pytest.FixtureRequest, address: str) -> Iterator[Callable[..., AnyCleaner]]:
    """Return a function that makes a cleaner of one of three kinds, given Options."""
    with ExitStack() as stack:

        def make(options: Options = Options()) -> AnyCleaner:
            if request.param == "Cleaner":
                return Cleaner(options)
            return stack.enter_context(CLIENTS[request.param](address, options))

        yield make


@pytest.fixture
def failing() -> Iterator[Failing]:
    """A service that fails as it is told."""
    with failing_service() as service:
        yield service
