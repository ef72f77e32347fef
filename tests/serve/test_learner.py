"""The learning service, and the cleaning service that watches what it publishes."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import grpc
import pytest
from calls import reason, status_of
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2
from newsroom import CLOSING, OPENING, page, url

from cleaner import Document, Options
from cleaner.client import Client, LearnerClient
from cleaner.errors import BundleError, InvalidInput, UnknownName
from cleaner.learn.templates.learner import Learner
from cleaner.serve.hosting import CannotServe, Running
from cleaner.serve.learner import LEARNER_SERVICE, running_learner
from cleaner.serve.server import running_server
from cleaner.serve.settings import LearnerSettings, ServeSettings
from cleaner.v1 import learner_service_pb2 as pb
from cleaner.v1.learner_service_pb2_grpc import LearnerServiceStub

NAME = "tidewater-gazette.org"
FIRST = date(2024, 10, 1)
TEMPLATES = Options(detectors=("templates",))


@pytest.fixture
def learner(tmp_path: Path) -> Iterator[Running]:
    settings = LearnerSettings(str(tmp_path / "store"), "127.0.0.1:0")
    with running_learner(settings) as running:
        yield running


@pytest.fixture
def client(learner: Running) -> Iterator[LearnerClient]:
    with LearnerClient(learner.address) as connected:
        yield connected


def honest(count: int = 14, name: str = NAME) -> Iterator[pb.Page]:
    for n in range(count):
        day = (FIRST + timedelta(days=n % 7)).isoformat()
        yield pb.Page(id=str(n), url=url(name, n), date=day, text=page(name, n))


def until(holds: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it has not happened"
        time.sleep(0.05)


def test_from_observing_to_cleaning_and_back(client: LearnerClient, tmp_path: Path) -> None:
    """observe, propose, publish: the cleaning service answers with it, without a restart; and
    after a rollback as before."""
    watched = str(tmp_path / "store" / "current.npz")
    settings = ServeSettings("127.0.0.1:0", workers=1, bundle=watched, bundle_seconds=0.1)
    document = Document(text=page(NAME, 99), url=url(NAME, 99))
    with running_server(settings) as running, Client(running.address, TEMPLATES) as cleaning:
        before = cleaning.clean(document)
        done = client.observe(honest())
        assert (done.accepted_count, done.replaced_count, list(done.refused)) == (14, 0, [])
        (proposal,) = client.propose()
        assert {row.text for row in proposal.templates if row.accepted} == {*OPENING, *CLOSING}
        assert all(len(row.examples) == 3 for row in proposal.templates)
        assert cleaning.clean(document).text == before.text == document.text  # nothing yet
        version = client.publish([NAME], expected_digest=proposal.digest)
        assert (version.number, version.base_number) == (1, 0)
        until(lambda: cleaning.clean(document).ruleset_version != before.ruleset_version)
        after = cleaning.clean(document)
        assert not any(line in after.text for line in (*OPENING, *CLOSING))
        told = cleaning.ruleset()
        assert (told.bundle_digest, told.template_count) == (version.digest, 6)
        assert before.ruleset_version in told.loaded_versions
        with Client(running.address, TEMPLATES, ruleset_version=before.ruleset_version) as pinned:
            assert pinned.clean(document).text == before.text
        assert client.rollback().number == 0
        until(lambda: cleaning.clean(document).text == before.text)
        with Client(running.address, TEMPLATES, ruleset_version=after.ruleset_version) as pinned:
            assert pinned.clean(document).text == after.text


def test_a_profile_tells_what_is_known(client: LearnerClient) -> None:
    client.observe(honest())
    client.publish()
    told = client.profile(f"https://www.{NAME}/")
    assert (told.publisher, told.page_count, told.day_count) == (NAME, 14, 7)
    assert (told.first_date, told.last_date) == ("2024-10-01", "2024-10-07")
    assert {row.text for row in told.templates} == {*OPENING, *CLOSING}
    assert [row.number for row in client.versions().versions] == [0, 1]
    assert client.versions().current_number == 1


def test_pages_are_replaced_and_refused_by_reason(client: LearnerClient) -> None:
    client.observe(honest())
    done = client.observe(
        [
            pb.Page(url=url(NAME, 1), text="once more"),
            pb.Page(url=url(NAME, 50), text="x", date="yesterday"),
            pb.Page(url=url(NAME, 50), text="x", date="2999-01-01"),
            pb.Page(url=url(NAME, 50)),
            pb.Page(text="nobody's", id="1"),
            pb.Page(publisher=NAME, html=b"<p>no address</p>"),
        ]
    )
    assert (done.accepted_count, done.replaced_count) == (1, 1)
    refused = {
        pb.PageRefusal.Name(row.reason).removeprefix("PAGE_REFUSAL_"): row.count
        for row in done.refused
    }
    assert refused == {"BAD_DATE": 1, "FUTURE": 1, "EMPTY": 1, "NO_PUBLISHER": 1, "NO_ADDRESS": 1}


def test_what_is_not_there_is_told(client: LearnerClient) -> None:
    client.observe(honest(3))
    with pytest.raises(UnknownName, match="tidewater-gazete") as publisher:
        client.profile("tidewater-gazete.org")
    assert publisher.value.known == (NAME,)
    with pytest.raises(UnknownName) as version:
        client.rollback(7)
    assert version.value.known == ("0",)
    for call in (
        lambda: list(client.propose(["nobody.org"])),
        lambda: client.publish(["nobody.org"]),
    ):
        with pytest.raises(UnknownName, match=r"nobody\.org"):
            call()
    with pytest.raises(UnknownName, match="expected_digest"):
        client.publish([NAME], expected_digest="0123")
    with pytest.raises(InvalidInput, match="publisher"):
        client.profile(" ")


def test_refusals_are_statuses_with_details(learner: Running) -> None:
    with grpc.insecure_channel(learner.address) as channel:
        stub = LearnerServiceStub(channel)
        with pytest.raises(grpc.RpcError) as caught:
            stub.Rollback(pb.RollbackRequest(number=7))
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND
        assert reason(status_of(caught.value)).metadata["known"] == "0"
        for method in ("Publish", "Rollback"):
            garbage = channel.unary_unary(f"/{LEARNER_SERVICE}/{method}")
            with pytest.raises(grpc.RpcError) as caught:
                garbage(b"\xff\xff\xff")
            assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        with pytest.raises(grpc.RpcError) as caught:
            channel.stream_unary(f"/{LEARNER_SERVICE}/Observe")(iter([b"\xff\xff"]))
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.fault(36)
def test_a_damaged_bundle_changes_nothing(client: LearnerClient, tmp_path: Path) -> None:
    client.observe(honest())
    version = client.publish()
    path = tmp_path / "store" / version.path
    good = path.read_bytes()
    path.write_bytes(good[:-50])
    client.observe(honest(name="other-gazette.org"))
    with pytest.raises(BundleError):
        client.publish()
    assert (tmp_path / "store" / "current.npz").read_bytes() == good
    assert client.rollback().number == 0
    assert client.publish().number == 2


def test_the_service_answers_while_it_mines(client: LearnerClient, learner: Running) -> None:
    client.observe(row for n in range(6) for row in honest(60, f"paper{n}.org"))
    mining = threading.Thread(target=lambda: list(client.propose()))
    mining.start()
    with grpc.insecure_channel(learner.address) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        asked = 0
        while mining.is_alive():
            health.Check(health_pb2.HealthCheckRequest(service=LEARNER_SERVICE), timeout=10)
            assert client.observe(honest(2)).accepted_count == 2
            asked += 1
    mining.join()
    assert asked > 3


def test_mining_ends_with_its_call(client: LearnerClient, learner: Running) -> None:
    client.observe(row for n in range(6) for row in honest(60, f"paper{n}.org"))
    front = learner.process.pid

    def mining() -> list[str]:
        return Path(f"/proc/{front}/task/{front}/children").read_text().split()

    with grpc.insecure_channel(learner.address) as channel:
        call = LearnerServiceStub(channel).Propose(pb.ProposeRequest())
        until(lambda: bool(mining()))
        call.cancel()
        until(lambda: not mining())
    assert len(list(client.propose(["paper1.org"]))) == 1  # the next one has its turn


@pytest.mark.fault(35)
def test_a_mining_process_that_dies_costs_its_call(client: LearnerClient, learner: Running) -> None:
    client.observe(honest())
    front = learner.process.pid
    with grpc.insecure_channel(learner.address) as channel:
        call = LearnerServiceStub(channel).Publish.future(pb.PublishRequest())
        children = Path(f"/proc/{front}/task/{front}/children")
        until(lambda: bool(children.read_text().split()))
        os.kill(int(children.read_text().split()[0]), signal.SIGKILL)
        with pytest.raises(grpc.RpcError) as caught:
            call.result(60)
    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert client.versions().current_number == 0
    assert client.publish().number == 1


@pytest.mark.fault(35)
def test_a_killed_service_loses_no_page_that_it_confirmed(tmp_path: Path) -> None:
    settings = LearnerSettings(str(tmp_path), "127.0.0.1:0")
    sent = 0

    def endless() -> Iterator[pb.ObserveRequest]:
        nonlocal sent
        while True:
            yield pb.ObserveRequest(
                pages=[
                    pb.Page(id=f"{sent}/{n}", publisher=f"paper{sent % 50}", text="x " * 2_000)
                    for n in range(10)
                ]
            )
            sent += 1

    with running_learner(settings) as running, LearnerClient(running.address) as client:
        assert client.observe(honest()).accepted_count == 14
        with grpc.insecure_channel(running.address) as channel:
            call = LearnerServiceStub(channel).Observe.future(endless())
            until(lambda: sent > 20)
            running.process.send_signal(signal.SIGKILL)
            assert isinstance(call.exception(), grpc.RpcError)
    with running_learner(settings) as running, LearnerClient(running.address) as client:
        assert client.profile(NAME).page_count == 14
        counts = []
        for n in range(50):
            try:
                counts.append(client.profile(f"paper{n}").page_count)
            except UnknownName:
                continue
        assert counts
        assert all(count % 10 == 0 for count in counts)
        assert client.publish([NAME]).number == 1


def test_health_and_reflection_stand_beside_it(learner: Running) -> None:
    with grpc.insecure_channel(learner.address) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        for name in ("", LEARNER_SERVICE):
            told = health.Check(health_pb2.HealthCheckRequest(service=name))
            assert told.status == health_pb2.HealthCheckResponse.SERVING
        call = channel.stream_stream(
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
            response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
        )
        asked = reflection_pb2.ServerReflectionRequest(file_containing_symbol=LEARNER_SERVICE)
        (answer,) = call(iter([asked]))
        assert answer.file_descriptor_response.file_descriptor_proto


@pytest.mark.fault(36)
def test_a_store_that_cannot_be_opened_is_told(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "store.sqlite").write_bytes(b"no database" * 1_000)
    with pytest.raises(CannotServe), running_learner(LearnerSettings(str(tmp_path), "127.0.0.1:0")):
        pass
    assert "cannot be opened" in capfd.readouterr().err


def test_one_store_serves_the_service_and_the_command_line(
    client: LearnerClient, tmp_path: Path
) -> None:
    client.observe(honest())
    assert Learner(tmp_path / "store").publish().number == 1
    assert client.rollback().number == 0
