"""What the operator is told, and row 43 of the fault table: what nobody is told."""

from __future__ import annotations

import json
import logging
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from calls import many, one, raw, text

from cleaner.serve import logs
from cleaner.serve.settings import ServeSettings, Telemetry
from cleaner.v1 import cleaner_service_pb2 as pb
from cleaner.v1.cleaner_service_pb2_grpc import CleanerServiceStub

HERE = "127.0.0.1:0"
HIDDEN = "Zanzibar harbour ledger"
TEXT = f"{HIDDEN} was found on Monday.\n\nSign up for our newsletter\n"
_PROGRAM = "import sys; from {module} import main; main(*sys.argv[1:])"


@dataclass
class Told:
    """A service whose stderr is kept."""

    address: str
    metrics: str
    log: Path

    def stub(self, channel: grpc.Channel) -> CleanerServiceStub:
        return CleanerServiceStub(channel)

    def page(self) -> str:
        with urllib.request.urlopen(f"http://{self.metrics}/metrics", timeout=10) as answer:
            return str(answer.read().decode())

    def number(self, sample: str) -> float:
        """Return the value of a sample, given its name and labels."""
        found = [line for line in self.page().splitlines() if line.startswith(f"{sample} ")]
        return float(found[0].rpartition(" ")[2]) if found else 0.0

    def reaches(self, sample: str, least: float) -> bool:
        """Return whether a sample comes to that; a caller has its answer before it is counted."""
        for _ in range(50):
            if self.number(sample) >= least:
                return True
            time.sleep(0.1)
        return False


@contextmanager
def serving(folder: Path, *flags: str, env: dict[str, str]) -> Iterator[Told]:
    """Run the program as an operator does."""
    log = folder / "log"
    command = [sys.executable, "-m", "cleaner", "serve", "--address", HERE, "--workers", "1"]
    with log.open("w") as stderr:
        process = subprocess.Popen([*command, *flags], stderr=stderr, env=env)
        try:
            yield Told(after("listening on ", log, process), after("http://", log, process), log)
        finally:
            process.terminate()
            process.wait(30)


def after(mark: str, log: Path, process: subprocess.Popen[bytes]) -> str:
    """Return the address that the log tells behind a mark."""
    for _ in range(600):
        assert process.poll() is None, log.read_text()
        if found := re.search(mark + r"([\d.]+:\d+)\D", log.read_text()):
            return found[1]
        time.sleep(0.1)
    raise AssertionError(log.read_text())


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    env = {**os.environ, "CLEANER_TELEMETRY_LOG_CALLS": "true"}
    flags = ("--metrics", HERE, "--set", "telemetry.log_format=json")
    with serving(tmp_path_factory.mktemp("told"), *flags, env=env) as running:
        yield running


def test_every_call_is_counted_with_its_end(told: Told) -> None:
    with grpc.insecure_channel(told.address) as channel:
        stub = told.stub(channel)
        stub.Clean(one(text(TEXT)))
        stub.BatchClean(many([text(TEXT)] * 3))
        list(stub.StreamClean(iter([pb.StreamCleanRequest(documents=[text(TEXT)])])))
        with pytest.raises(grpc.RpcError):
            stub.Clean(one(text("x"), profile="none"))
        with pytest.raises(grpc.RpcError):
            channel.unary_unary("/cleaner.v1.CleanerService/Nothing")(b"")
    service = "cleaner.v1.CleanerService"
    for method, code, least in [
        ("Clean", "OK", 1),
        ("BatchClean", "OK", 1),
        ("StreamClean", "OK", 1),
        ("Clean", "INVALID_ARGUMENT", 1),
    ]:
        labels = f'{{code="{code}",method="{service}/{method}"}}'
        assert told.reaches(f"cleaner_call_seconds_count{labels}", least)
    assert "Nothing" not in told.page(), "what does not exist makes no series"
    assert told.number(f'cleaner_calls_running{{method="{service}/Clean"}}') == 0


def test_what_documents_came_to_is_counted(told: Told) -> None:
    with grpc.insecure_channel(told.address) as channel:
        before = told.number('cleaner_removals_total{category="newsletter"}')
        stub = told.stub(channel)
        stub.BatchClean(many([text(TEXT), text(TEXT), raw(b"x", charset="no-such")]))
    assert told.number('cleaner_removals_total{category="newsletter"}') == before + 2
    assert told.number('cleaner_detector_hits_total{detector="rules"}') > 0
    assert told.number('cleaner_documents_total{outcome="answered"}') >= 2
    assert told.number('cleaner_documents_total{outcome="failed"}') >= 1
    assert told.number("cleaner_frame_documents_count") >= 1
    assert told.number("cleaner_queue_wait_seconds_count") >= 1
    assert told.number("cleaner_workers") == 1
    assert 'cleaner_ruleset_info{version="' in told.page()


def test_row43_no_text_reaches_the_log_and_ids_stay_on_their_line(told: Told) -> None:
    with grpc.insecure_channel(told.address) as channel:
        stub = told.stub(channel)
        metadata = (("x-request-id", 'a"b'), ("other", HIDDEN))
        stub.Clean(one(text(TEXT, id=f"{HIDDEN}\nid")), metadata=metadata)
        for wrong in ({"profile": HIDDEN}, {"remove": [f"{HIDDEN}\n"]}):
            with pytest.raises(grpc.RpcError):
                stub.Clean(one(text(TEXT), **wrong))
        with pytest.raises(grpc.RpcError):
            channel.unary_unary("/cleaner.v1.CleanerService/Clean")(HIDDEN.encode())
    lines = told.log.read_text().splitlines()
    assert HIDDEN not in "".join(lines)
    rows = [json.loads(line) for line in lines]
    calls = [row for row in rows if row["logger"] == "cleaner.calls"]
    assert any(row["request_id"] == 'a"b' and row["code"] == "OK" for row in calls)
    assert HIDDEN not in told.page()


def test_row43_a_failing_worker_tells_nothing_of_its_document(tmp_path: Path) -> None:
    """The poisoned worker's exception quotes the document."""
    here = Path(__file__).parent / "poisoned"
    settings = ServeSettings(address=HERE, workers=1, document_seconds=1.0)
    code = (
        "import json, sys; sys.path[:0] = json.loads(sys.argv[1]); import poisoned_front; "
        "poisoned_front.main(*sys.argv[2:])"
    )
    ours, theirs = socket.socketpair()
    log = tmp_path / "log"
    with ours, log.open("w") as stderr:
        with theirs:
            fd = str(theirs.fileno())
            paths = json.dumps([str(here), *sys.path])
            process = subprocess.Popen(
                [sys.executable, "-c", code, paths, json.dumps(asdict(settings)), fd],
                pass_fds=[theirs.fileno()], stderr=stderr,
            )  # fmt: skip
        ours.settimeout(60)
        with grpc.insecure_channel(ours.recv(1024).decode()) as channel:
            documents = [
                text(f"POISON {what} {HIDDEN}", id=f"{HIDDEN}\n{what}")
                for what in ("bug", "kill", "memory")
            ]
            items = CleanerServiceStub(channel).BatchClean(many(documents), timeout=60).items
        process.terminate()
        process.wait(30)
    assert all(item.HasField("error") for item in items)
    assert HIDDEN not in "".join(item.error.message for item in items)
    assert "RuntimeError" in log.read_text()
    assert HIDDEN not in log.read_text()


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("a\nb\r\tc", "a\\nb\\r\\tc"),
        ("\x1b[31m\x9b", "\\x1b[31m\\x9b"),
        ("a\u2028b\u202ec", "a\\u2028b\\u202ec"),
        ("Käse", "Käse"),
        ("x" * 5000, "x" * 4000 + "…"),
    ],
)
def test_what_comes_from_outside_stays_on_its_line(given: str, shown: str) -> None:
    assert logs.escaped(given) == shown
    for form in (logs.Text(), logs.Json()):
        record = logging.LogRecord("x", logging.INFO, "", 0, "%s", (given,), None)
        assert len(form.format(record).splitlines()) == 1


def test_an_exception_in_the_log_keeps_what_it_quotes() -> None:
    try:
        raise ValueError(HIDDEN)
    except ValueError:
        record = logging.LogRecord("x", 40, "", 0, "failed", (), sys.exc_info())
    assert logs.Text().format(record) == "failed: ValueError"


_LEFT = """
import logging
from grpc._cython.cygrpc import ExecuteBatchError
from cleaner.serve import logs

logs.configure()
for kind in (ExecuteBatchError, ValueError):
    try:
        raise kind("hidden")
    except Exception:
        logging.getLogger("grpc").exception("failed")
"""


def test_a_caller_who_left_is_no_error_of_the_service() -> None:
    done = subprocess.run([sys.executable, "-c", _LEFT], capture_output=True, check=True)
    assert done.stderr == b"failed: ValueError\n"


def test_refused_callers_are_counted(tmp_path: Path) -> None:
    env = {**os.environ, "CLEANER_ACCESS_TOKENS": "clean=a"}
    with serving(tmp_path, "--metrics", HERE, env=env) as running:
        with grpc.insecure_channel(running.address) as channel, pytest.raises(grpc.RpcError):
            running.stub(channel).Clean(one(text("x")))
        labels = '{code="UNAUTHENTICATED",method="cleaner.v1.CleanerService/Clean"}'
        assert running.reaches(f"cleaner_call_seconds_count{labels}", 1)


def test_an_address_for_metrics_that_is_taken_is_named(
    told: Told, run_cleaner: Callable[..., Any]
) -> None:
    done = run_cleaner("serve", "--address", HERE, "--metrics", told.metrics)
    assert done.returncode == 2
    assert f"telemetry.metrics_address: cannot listen on {told.metrics}" in done.stderr.decode()
    assert done.stderr.count(b"\n") == 1


def test_calls_are_spans_of_their_callers_trace() -> None:
    """A stand-in for the exporter would show little; the SDK's own keeps spans in memory."""
    pytest.importorskip("opentelemetry.sdk")
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from cleaner.serve.tracing import tracing
    from cleaner.serve.watching import Call

    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    trace.set_tracer_provider(provider)
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with tracing() as around:
        call = Call("cleaner.v1.CleanerService/Clean", {"traceparent": parent}, "")
        with around(call):
            call.code = grpc.StatusCode.NOT_FOUND
    (span,) = kept.get_finished_spans()
    assert f"{span.context.trace_id:032x}" == parent[3:35]
    assert span.attributes["rpc.grpc.status_code"] == 5


def test_tracing_without_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from cleaner.errors import InvalidInput
    from cleaner.serve.watching import watching

    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with (
        pytest.raises(InvalidInput, match=r"telemetry\.tracing"),
        watching(Telemetry(tracing=True), ()),
    ):
        pass  # fmt: skip
