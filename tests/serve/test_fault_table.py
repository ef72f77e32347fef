"""Bad input and faults, row by row: what a request can show as a table, and whether each row is shown.

A test anywhere says which row it shows: with ``@pytest.mark.fault(N)``, or by its name, test_rowN.
"""

from __future__ import annotations

import os
import pickle
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from calls import TEXT, many, one, reason, status_of, text

from cleaner.detect.templates.bundle import Bundle
from cleaner.serve.server import CannotServe, Running, running_server
from cleaner.serve.settings import ServeSettings
from cleaner.v1 import document_pb2
from cleaner.v1.answer_pb2 import Answer
from cleaner.v1.cleaner_service_pb2_grpc import CleanerServiceStub

TESTS = Path(__file__).parent.parent
ROWS = range(1, 44)
OK, EXHAUSTED = grpc.StatusCode.OK, grpc.StatusCode.RESOURCE_EXHAUSTED
STORY = "The council voted on Monday to rebuild the bridge over the river."
ARTICLE = "<article>" + "".join(f"<p>Paragraph {n}. {STORY}</p>" for n in range(6)) + "</article>"
ENTITIES = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(9))
FETCHING = (
    '<!DOCTYPE html SYSTEM "http://127.0.0.1:9/x.dtd" [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    '<meta http-equiv="refresh" content="0;url=http://127.0.0.1:9/"><img src="http://127.0.0.1:9/i">'
)


@dataclass(frozen=True)
class Given:
    """What is sent, and what it must get."""

    content: Callable[[], str | bytes]
    """Made when it is needed: some are many megabytes."""
    holds: str = ""
    """Stands in the answer."""
    code: grpc.StatusCode = OK
    warns: str = ""
    html: bool = True
    seconds: float = 5.0
    """An answer takes no longer; several times what it takes on an idle core."""
    compressed: bool = False


def fault(row: int, name: str, **given: Any) -> Any:
    """Return an entry of the table."""
    return pytest.param(Given(**given), id=f"row{row}-{name}", marks=pytest.mark.fault(row))


TABLE = [
    fault(1, "empty-page", content=lambda: "<html><body> \n </body></html>"),
    fault(4, "invalid-bytes", content=lambda: b"<p>The town \xff hall</p>", holds="hall"),
    fault(6, "controls-in-a-page", content=lambda: f"<p>\x01\x1b{STORY}\u202e</p>", holds=STORY),
    fault(9, "marks", content=lambda: "e" + "\u0301" * 10_000 + STORY, holds=STORY, html=False),
    fault(12, "one-line-page", content=lambda: f"<p>{STORY * 120_000}</p>", holds=STORY, seconds=30),
    fault(14, "million-lines", content=lambda: "x\n" * 1_000_000, html=False, code=EXHAUSTED),
    fault(14, "million-paragraphs", content=lambda: "<p>x" * 1_000_000, code=EXHAUSTED, seconds=15),
    fault(14, "as-many-as-allowed", content=lambda: "x\n" * 199_000, html=False, holds="x", seconds=30),
    fault(15, "nested", content=lambda: f"{'<div>' * 100_000}{STORY}", holds=STORY, warns="html_degraded"),
    fault(16, "attributes", content=lambda: f"<p{''.join(map(' a{}=1'.format, range(200_000)))}>{STORY}</p>", holds=STORY, warns="html_degraded"),
    fault(17, "data-uri", content=lambda: f'<img src="data:image/png;base64,{"A" * 20_000_000}">{ARTICLE}', holds="Paragraph 5"),
    fault(18, "depth-257", content=lambda: f"{'<div>' * 257}{ARTICLE}", holds="Paragraph 5"),
    fault(18, "depth-1999", content=lambda: f"{'<div>' * 1999}{ARTICLE}", holds="Paragraph 5"),
    fault(19, "comment", content=lambda: f"{ARTICLE}<!--{'x' * 5_000_000}", holds="Paragraph 5"),
    fault(19, "cdata", content=lambda: f"{ARTICLE}<![CDATA[{'x' * 5_000_000}", holds="Paragraph 5", seconds=15),
    fault(19, "svg-template", content=lambda: f"{ARTICLE}<svg><template>", holds="Paragraph 5"),
    fault(19, "selects", content=lambda: f"{ARTICLE}{'<select>' * 20_000}", holds="Paragraph 5"),
    fault(20, "entity-bomb", content=lambda: f"<!DOCTYPE html [<!ENTITY e0 'lol'>{ENTITIES}]>{ARTICLE}&e9;", holds="Paragraph 5"),
    fault(20, "external", content=lambda: f"{FETCHING}{ARTICLE}<p>&x;</p>", holds="Paragraph 5"),
    fault(21, "gzip-bomb", content=lambda: bytes(200_000_000), compressed=True, code=EXHAUSTED, seconds=20),
]  # fmt: skip


@pytest.mark.parametrize("given", TABLE)
def test_what_is_given_gets_its_answer(stub: CleanerServiceStub, given: Given) -> None:
    content = given.content()
    kind = document_pb2.KIND_HTML if given.html else TEXT
    name = "raw" if isinstance(content, bytes) else "text"
    document = document_pb2.Document(id="one", kind=kind, **{name: content})
    stub.Clean(one(text(STORY)))  # not this document's: a worker's first page loads a parser
    started = time.monotonic()
    code, answer = outcome(stub, document, given.compressed)
    assert time.monotonic() - started < given.seconds * 3  # other tests run beside
    assert code is given.code
    assert given.holds in answer.text
    assert "root:" not in answer.text
    assert len(answer.text) <= len(content)
    assert any(warning.startswith(given.warns) for warning in answer.warnings or ("",))


def outcome(
    stub: CleanerServiceStub, document: document_pb2.Document, compressed: bool = False
) -> tuple[grpc.StatusCode, Answer]:
    """Return the status and, where it is OK, the answer."""
    compression = grpc.Compression.Gzip if compressed else None
    call = stub.Clean.future(one(document), timeout=60, compression=compression)
    return call.code(), Answer() if call.exception() else call.result().answer


@pytest.mark.fault(14)
def test_a_document_over_a_limit_is_an_item_of_its_own(stub: CleanerServiceStub) -> None:
    items = stub.BatchClean(many([text("fine"), text("x\n" * 300_000), text("fine")])).items
    assert [item.answer.text for item in items] == ["fine", "", "fine"]
    assert items[1].error.code == EXHAUSTED.value[0]
    assert reason(items[1].error).metadata["limit"] == "max_lines"


@pytest.mark.fault(21)
def test_a_gzip_bomb_is_not_unpacked(service: Running, stub: CleanerServiceStub) -> None:
    before = most_memory(service)
    bomb = document_pb2.Document(kind=TEXT, raw=bytes(400_000_000))
    assert outcome(stub, bomb, compressed=True)[0] is EXHAUSTED
    assert most_memory(service) - before < 100_000_000


def most_memory(service: Running) -> int:
    told = Path(f"/proc/{service.process.pid}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+)", told)[0]) * 1024


@pytest.mark.fault(26)
def test_what_is_not_known_is_told_with_what_is(stub: CleanerServiceStub) -> None:
    for options, known in (({"profile": "x"}, "standard"), ({"remove": ["x"]}, "newsletter")):
        with pytest.raises(grpc.RpcError) as caught:
            stub.Clean(one(text("x"), **options))
        assert known in reason(status_of(caught.value)).metadata["known"].split(",")


SAVES = """
import sys
from cleaner.detect.templates.bundle import Bundle
made = [Bundle.of([]), Bundle.load(sys.argv[2])]
print("ready", flush=True)
while True:
    for bundle in made:
        bundle.save(sys.argv[1])
"""


@pytest.mark.fault(35)
def test_a_publisher_of_bundles_that_is_killed_leaves_a_whole_one(tmp_path: Path) -> None:
    from test_bundles import CLOSING, bundle

    other, watched = tmp_path / "other.npz", tmp_path / "current.npz"
    bundle(*CLOSING).save(other)
    digests = {Bundle.of([]).digest, Bundle.load(other).digest}
    code = SAVES.replace("sys.argv[1]", f"__import__('pathlib').Path({str(watched)!r})")
    code = code.replace("sys.argv[2]", f"__import__('pathlib').Path({str(other)!r})")
    for after in (0.0, 0.003, 0.011, 0.029, 0.05):
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        while not watched.exists():
            time.sleep(0.001)
        time.sleep(after)
        process.kill()
        process.communicate()
        assert Bundle.load(watched).digest in digests


@pytest.mark.fault(37)
def test_a_full_disk_stops_no_cleaning(tmp_path: Path) -> None:
    """A limit of no bytes a file is what a full disk looks like to a process."""
    from test_bundles import CLOSING, answered, bundle, expected, until

    watched = tmp_path / "current.npz"
    first, second = bundle(CLOSING[0]), bundle(CLOSING[1])
    first.save(watched)
    settings = ServeSettings("127.0.0.1:0", workers=1, bundle=str(watched), bundle_seconds=0.1)
    with running_server(settings) as running, grpc.insecure_channel(running.address) as channel:
        stub = CleanerServiceStub(channel)
        assert answered(stub) == expected(first)
        before = resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, (0, before[1]))
        second.save(watched)
        end = time.monotonic() + 1
        while time.monotonic() < end:
            assert answered(stub) == expected(first)
        resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, before)
        second.save(watched)
        until(lambda: answered(stub) == expected(second))


class Bomb:
    """Makes a folder where it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self.path,)


@pytest.mark.fault(42)
def test_a_pickle_is_never_loaded(tmp_path: Path) -> None:
    import numpy as np

    plain, inside = tmp_path / "plain.npz", tmp_path / "inside.npz"
    plain.write_bytes(pickle.dumps(Bomb(str(tmp_path / "plain"))))
    np.savez(inside, digest=np.array([Bomb(str(tmp_path / "inside"))], dtype=object))
    for path in (plain, inside):
        settings = ServeSettings("127.0.0.1:0", workers=1, bundle=str(path), bundle_seconds=0.1)
        with running_server(settings) as running, grpc.insecure_channel(running.address) as channel:
            assert CleanerServiceStub(channel).Clean(one(text(STORY))).answer.text == STORY
        assert not path.with_suffix("").exists()


@pytest.mark.fault(36)
def test_a_damaged_model_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The service says why and exits; it does not answer without its classifier."""
    from cleaner.detect.models import CARD, CLASSIFIER, MODELS
    from cleaner.serve import server
    from cleaner.serve.spawn import spawn

    (tmp_path / CARD).write_bytes((MODELS / CARD).read_bytes())
    (tmp_path / CLASSIFIER).write_bytes((MODELS / CLASSIFIER).read_bytes()[:-1000])
    monkeypatch.setenv("DAMAGED_MODELS", str(tmp_path))
    monkeypatch.setattr(sys, "path", [*sys.path, str(Path(__file__).parent / "poisoned")])
    monkeypatch.setattr(
        server, "spawn", lambda _, *given, **fds: spawn("damaged_front", *given, **fds)
    )
    with pytest.raises(CannotServe), running_server(ServeSettings("127.0.0.1:0", workers=1)):
        pass
    assert "classifier" in capfd.readouterr().err


@pytest.mark.fault(34)
def test_a_second_signal_ends_it() -> None:
    from poison import poisoned_server

    with poisoned_server(workers=1) as running, grpc.insecure_channel(running.address) as channel:
        call = CleanerServiceStub(channel).BatchClean.future(many([text("POISON slow")] * 200))
        time.sleep(0.5)
        running.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(10) == 0
        assert isinstance(call.exception(5), grpc.RpcError)


SHOWN = re.compile(r"\bfault\(([\d, ]+)|def test_row(\d+)")


def test_every_row_has_a_test() -> None:
    """By what the tests say of themselves; ``pytest -m fault`` runs them all."""
    said = "".join(path.read_text(encoding="utf-8") for path in TESTS.rglob("test_*.py"))
    found = (marked or named for marked, named in SHOWN.findall(said))
    shown = {int(row) for rows in found for row in re.findall(r"\d+", rows)}
    assert shown == set(ROWS)
