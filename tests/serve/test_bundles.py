"""A service takes up new bundles without a restart, keeps the last ones, and refuses bad ones."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc
import pytest
from calls import many, one, reason, status_of, text
from newsroom import CLOSING, page, url

from cleaner import Cleaner, Document, Options, clean
from cleaner.client import Client
from cleaner.detect.templates.bundle import Bundle, Template, Where
from cleaner.detect.templates.fingerprint import Lines
from cleaner.errors import UnknownName
from cleaner.serve.convert import View, answer_of
from cleaner.serve.server import Running, running_server
from cleaner.serve.settings import ServeSettings
from cleaner.v1 import cleaner_service_pb2 as pb
from cleaner.v1 import ruleset_service_pb2 as rulesets
from cleaner.v1.cleaner_service_pb2_grpc import CleanerServiceStub
from cleaner.v1.ruleset_service_pb2_grpc import RulesetServiceStub

NAME = "tidewater-gazette.org"
PAGE = page(NAME, 1)


def bundle(*lines: str) -> Bundle:
    """Return a bundle of lines that are chrome at one publisher."""
    prints = Lines.of(lines).whole.tolist() if lines else []
    return Bundle.of(
        Template(
            NAME, line, Where.BLOCK, "other", 0.95, 9, 5, 0.9, 0, 9, "tail", 0, 0, "recurs", found
        )
        for line, found in zip(lines, prints, strict=True)
    )


@pytest.fixture
def watched(tmp_path: Path) -> Path:
    path = tmp_path / "current.npz"
    bundle(CLOSING[0]).save(path)
    return path


@pytest.fixture
def service(watched: Path) -> Iterator[Running]:
    settings = ServeSettings(
        address="127.0.0.1:0", workers=2, bundle=str(watched), bundle_seconds=0.1
    )
    with running_server(settings) as running:
        yield running


@pytest.fixture
def stub(service: Running) -> Iterator[CleanerServiceStub]:
    with grpc.insecure_channel(service.address) as opened:
        yield CleanerServiceStub(opened)


def document() -> Any:
    return text(PAGE, url=url(NAME, 1))


def until(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait for something that happens soon."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it has not happened"
        time.sleep(0.02)


def answered(stub: CleanerServiceStub, **options: Any) -> tuple[str, str]:
    answer = stub.Clean(one(document(), **options)).answer
    return answer.text, answer.ruleset_version


def expected(held: Bundle | None) -> tuple[str, str]:
    result = Cleaner(bundle=held).clean(Document(text=PAGE, url=url(NAME, 1)))
    return result.text, result.ruleset_version


def test_a_new_bundle_is_answered_from_without_a_restart(
    service: Running, stub: CleanerServiceStub, watched: Path
) -> None:
    first, second = bundle(CLOSING[0]), bundle(CLOSING[0], CLOSING[1])
    assert answered(stub) == expected(first)
    assert CLOSING[0] not in expected(first)[0]
    second.save(watched)
    until(lambda: answered(stub) == expected(second))
    with Client(service.address) as client:
        told = client.ruleset()
    assert (told.bundle_digest, told.template_count, told.publisher_count) == (second.digest, 2, 1)
    assert told.version == expected(second)[1]
    versions = [expected(held)[1] for held in (second, first, None)]
    assert list(told.loaded_versions) == versions
    first.save(watched)  # back to where it was
    until(lambda: answered(stub) == expected(first))


def test_all_surfaces_agree_about_a_bundle(
    stub: CleanerServiceStub, service: Running, run_cleaner: Any
) -> None:
    held = bundle(CLOSING[0])
    documents = [text(page(NAME, n), id=str(n), url=url(NAME, n)) for n in range(20)]
    documents.append(text(page("other-gazette.org", 1), id="other", publisher="other-gazette.org"))
    for profile in ("standard", "body", "light"):
        cleaner = Cleaner(Options(profile), bundle=held)
        library = [
            answer_of(
                cleaner.clean(Document(row.text, id=row.id, url=row.url, publisher=row.publisher)),
                View(),
            )
            for row in documents
        ]
        unary = [stub.Clean(one(row, profile=profile)).answer for row in documents]
        request = many(documents, profile=profile)
        batch = [item.answer for item in stub.BatchClean(request).items]
        stream = pb.StreamCleanRequest(options=request.options, documents=documents)
        streamed = [item.answer for row in stub.StreamClean(iter([stream])) for item in row.items]
        told = [
            [answer.SerializeToString(deterministic=True) for answer in answers]
            for answers in (library, unary, batch, streamed)
        ]
        assert told[0] == told[1] == told[2] == told[3]
        rows = [
            {"id": row.id, "text": row.text, "url": row.url, "publisher": row.publisher}
            for row in documents
        ]
        printed = run_cleaner(
            "clean", "--server", service.address, "--profile", profile, "--input", "jsonl", "--format", "jsonl",
            stdin="\n".join(map(json.dumps, rows)).encode(),
        ).stdout.decode()  # fmt: skip
        command = [json.loads(line) for line in printed.splitlines()]
        assert [(row["text"], row["ruleset_version"]) for row in command] == [
            (answer.text, answer.ruleset_version) for answer in library
        ]
        assert profile == "light" or CLOSING[0] not in library[0].text
        assert CLOSING[0] in library[-1].text


def test_a_pinned_version_answers_the_same_until_it_is_no_longer_kept(
    service: Running, stub: CleanerServiceStub, watched: Path
) -> None:
    first = bundle(CLOSING[0])
    pinned = expected(first)
    for held in (bundle(CLOSING[1]), bundle(CLOSING[0], CLOSING[1])):
        held.save(watched)
        until(lambda held=held: answered(stub) == expected(held))
        assert answered(stub, ruleset_version=pinned[1]) == pinned
    last = bundle()
    last.save(watched)
    until(lambda: answered(stub)[1] == expected(last)[1])
    with pytest.raises(grpc.RpcError) as caught:
        stub.Clean(one(document(), ruleset_version=pinned[1]))
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert expected(held)[1] in reason(status_of(caught.value)).metadata["known"].split(",")
    with Client(service.address, ruleset_version=pinned[1]) as client:
        with pytest.raises(UnknownName) as refused:
            client.clean(PAGE)
        assert expected(held)[1] in refused.value.known


@pytest.mark.fault(36)
@pytest.mark.parametrize("damage", ["cut", "flipped", "text", "gone", "empty"])
def test_a_bundle_that_cannot_be_used_is_refused_once_and_the_last_good_one_stays(
    watched: Path, capfd: pytest.CaptureFixture[str], damage: str
) -> None:
    first, second = bundle(CLOSING[0]), bundle(CLOSING[1])
    raw = bytearray(watched.read_bytes())
    raw[raw.index(b"Gazette")] ^= 0xFF  # in what a digest is over, not in what zip fills up with
    bad = {"cut": raw[:-200], "flipped": raw, "text": b"no bundle", "empty": b""}
    settings = ServeSettings(
        address="127.0.0.1:0", workers=1, bundle=str(watched), bundle_seconds=0.1
    )
    with running_server(settings) as running, grpc.insecure_channel(running.address) as channel:
        stub, told = CleanerServiceStub(channel), capfd.readouterr().err
        if damage in bad:  # at once: a file that is gone for a moment would be told as well
            fresh = watched.with_suffix(".fresh")
            fresh.write_bytes(bad[damage])
            fresh.replace(watched)
        else:
            watched.unlink()

        def refused() -> bool:
            nonlocal told
            told += capfd.readouterr().err
            return "refused" in told

        until(refused)
        assert answered(stub) == expected(first)
        time.sleep(0.5)
        refused()
        assert str(watched) in told
        assert told.count("\n") == 3  # taken up, listening, refused
        second.save(watched)
        until(lambda: answered(stub) == expected(second))


def test_a_service_starts_before_its_first_bundle(tmp_path: Path) -> None:
    settings = ServeSettings(
        address="127.0.0.1:0", workers=1, bundle=str(tmp_path / "later.npz"), bundle_seconds=0.1
    )
    with running_server(settings) as running, grpc.insecure_channel(running.address) as channel:
        stub = CleanerServiceStub(channel)
        assert answered(stub) == expected(None)
        bundle(CLOSING[0]).save(tmp_path / "later.npz")
        until(lambda: answered(stub) == expected(bundle(CLOSING[0])))


def test_answers_are_pure_while_bundles_are_published(
    stub: CleanerServiceStub, watched: Path, tmp_path: Path
) -> None:
    """Whatever version an answer names, it says what the library says with that version; all
    answers of one batch are of one version."""
    every = [bundle(CLOSING[0]), bundle(CLOSING[1]), bundle(CLOSING[0], CLOSING[1])]
    right = {version: told for told, version in map(expected, every)}
    done = threading.Event()

    def publish() -> None:
        files = [tmp_path / f"{n}.npz" for n in range(len(every))]
        for file, held in zip(files, every, strict=True):
            held.save(file)
        for round_ in range(24):
            shutil.copyfile(files[round_ % 3], tmp_path / "fresh")
            (tmp_path / "fresh").replace(watched)
            time.sleep(0.15)
        done.set()

    publisher = threading.Thread(target=publish)
    publisher.start()
    seen = set()
    while not done.is_set():
        items = stub.BatchClean(many([document()] * 24)).items
        versions = {item.answer.ruleset_version for item in items}
        assert len(versions) == 1
        seen |= versions
        assert {item.answer.text for item in items} == {right[version] for version in versions}
    publisher.join()
    assert len(seen) > 1


def test_a_worker_that_starts_later_holds_what_the_others_hold(
    service: Running, stub: CleanerServiceStub, watched: Path
) -> None:
    first, second = bundle(CLOSING[0]), bundle(CLOSING[1])
    second.save(watched)
    until(lambda: answered(stub) == expected(second))
    watched.unlink()
    front = service.process.pid
    for pid in Path(f"/proc/{front}/task/{front}/children").read_text().split():
        os.kill(int(pid), signal.SIGKILL)

    def answers() -> bool:
        with suppress(grpc.RpcError):  # a call has one retry, and both workers are dead
            return answered(stub) == expected(second)
        return False

    until(answers)
    assert answered(stub, ruleset_version=expected(first)[1]) == expected(first)


def test_without_a_bundle_the_ruleset_says_so(tmp_path: Path) -> None:
    settings = ServeSettings(address="127.0.0.1:0", workers=1)
    with running_server(settings) as running, grpc.insecure_channel(running.address) as channel:
        told = RulesetServiceStub(channel).GetRuleset(rulesets.GetRulesetRequest()).ruleset
    assert (told.bundle_digest, told.template_count, told.publisher_count) == ("", 0, 0)
    assert list(told.loaded_versions) == [told.version] == [clean("x").ruleset_version]
