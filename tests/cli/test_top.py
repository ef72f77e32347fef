"""`cleaner top` against a real service, and its arithmetic on numbers that are known."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import grpc
import pytest

from cleaner.cli.top import Change, Samples
from cleaner.serve.server import running_server
from cleaner.serve.settings import ServeSettings, Telemetry
from cleaner.v1 import cleaner_service_pb2 as pb
from cleaner.v1 import document_pb2
from cleaner.v1.cleaner_service_pb2_grpc import CleanerServiceStub


def free_port() -> int:
    import socket

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def test_a_page_tells_what_the_service_did(run_cleaner: Callable[..., Any]) -> None:
    metrics = f"127.0.0.1:{free_port()}"
    settings = ServeSettings(
        address="127.0.0.1:0", workers=1, telemetry=Telemetry(metrics_address=metrics)
    )
    with running_server(settings) as running:
        with grpc.insecure_channel(running.address) as channel:
            document = document_pb2.Document(
                kind=document_pb2.KIND_TEXT, text="A story.\n\nSign up for our newsletter\n"
            )
            answer = CleanerServiceStub(channel).Clean(pb.CleanRequest(document=document)).answer
        done = run_cleaner("top", "--once", metrics)
        shown = done.stdout.decode()
    assert done.returncode == 0, done.stderr
    assert answer.ruleset_version in shown
    assert "CleanerService/Clean" in shown
    assert "newsletter" in shown
    assert "workers    1 up; gone: none" in shown


def test_no_service_is_exit_code_3(run_cleaner: Callable[..., Any]) -> None:
    done = run_cleaner("top", "--once", f"127.0.0.1:{free_port()}")
    assert done.returncode == 3
    assert done.stderr.count(b"\n") == 1


def samples(time: float, **counts: float) -> Samples:
    """Return samples of one histogram, by the edges of its buckets."""
    rows = {
        frozenset({("le", edge.removeprefix("e").replace("_", "."))}): count
        for edge, count in counts.items()
    }
    return Samples(time, {"x_bucket": rows})


def test_quantiles_are_of_the_time_between() -> None:
    before = samples(10, e0_1=100, e1=100, eInf=100)
    now = samples(20, e0_1=101, e1=109, eInf=110)
    change = Change(before, now)
    assert change.quantile("x", 0.1) == 0.1
    assert change.quantile("x", 0.5) == 1
    assert change.quantile("x", 0.99) == math.inf
    assert math.isnan(Change(now, now).quantile("x", 0.5))


@pytest.mark.parametrize(
    ("before", "count", "rate"),
    [((0, 0), 20, 1.0), ((10, 5), 10, 0.5), ((90, 50), 10, 0.5)],
    ids=["since-the-start", "between", "begun-anew"],
)
def test_rates_survive_a_restart(before: tuple[int, int], count: int, rate: float) -> None:
    then, now = (Samples(time, {"n": {frozenset(): n}}) for time, n in (before, (20, count)))
    assert Change(then, now).rate("n") == rate
