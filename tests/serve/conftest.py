"""Real services on real ports, shared by all tests of a run."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from cleaner.serve.server import Running, running_server
from cleaner.serve.settings import ServeSettings
from cleaner.v1.cleaner_service_pb2_grpc import CleanerServiceStub

HERE = Path(__file__).parent
sys.path.append(str(HERE))  # `calls`, `poison`: pytest's importlib mode leaves the folder out
UNLIMITED = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))


@pytest.fixture(scope="session")
def service() -> Iterator[Running]:
    """A service with two workers and default limits."""
    with running_server(ServeSettings(address="127.0.0.1:0", workers=2)) as running:
        yield running


@pytest.fixture(scope="session")
def channel(service: Running) -> Iterator[grpc.Channel]:
    """A channel to it."""
    with grpc.insecure_channel(service.address, options=UNLIMITED) as opened:
        yield opened


@pytest.fixture(scope="session")
def stub(channel: grpc.Channel) -> CleanerServiceStub:
    """The methods of CleanerService, as a stranger's client has them."""
    return CleanerServiceStub(channel)


@pytest.fixture(scope="session")
def poisoned() -> Iterator[Running]:
    """A service whose workers die, hang or stumble over documents that say so."""
    from poison import poisoned_server

    with poisoned_server() as running:
        yield running


@pytest.fixture(scope="session")
def poisoned_stub(poisoned: Running) -> Iterator[CleanerServiceStub]:
    """The methods of the poisoned service."""
    with grpc.insecure_channel(poisoned.address) as opened:
        yield CleanerServiceStub(opened)
