"""Rows 38 and 39 of the fault table: who may come in, and where nobody is asked."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import cast

import grpc
import pytest
from calls import one, reason, status_of, text
from grpc_health.v1.health_pb2 import HealthCheckRequest
from grpc_health.v1.health_pb2_grpc import HealthStub
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from cleaner.bench.papers import Authority
from cleaner.client.channel import Tls, open_async_channel, open_channel
from cleaner.errors import InvalidInput
from cleaner.serve.doors import ADMIN, CLEAN, Guard, parse_tokens, server_credentials
from cleaner.serve.learner import running_learner
from cleaner.serve.server import Running, running_server
from cleaner.serve.settings import Access, LearnerSettings, ServeSettings
from cleaner.v1 import cleaner_service_pb2 as pb
from cleaner.v1 import learner_service_pb2, ruleset_service_pb2
from cleaner.v1.cleaner_service_pb2_grpc import CleanerServiceStub
from cleaner.v1.learner_service_pb2_grpc import LearnerServiceStub
from cleaner.v1.ruleset_service_pb2_grpc import RulesetServiceStub

Code = grpc.StatusCode
HERE = "127.0.0.1:0"


def cleans(channel: grpc.Channel) -> bool:
    """Return whether a document is cleaned."""
    return CleanerServiceStub(channel).Clean(one(text("A line.")), timeout=20).answer.text != ""


def code_of(call: Callable[[], object]) -> grpc.StatusCode:
    """Return the status that a call ends with."""
    try:
        call()
    except grpc.RpcError as error:
        return cast(grpc.Call, error).code()
    return Code.OK


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tokens") / "tokens"
    hashed = sha256(b"dig-1").hexdigest()
    path.write_text(f'# people\nclean = "sha256:{hashed}"\nlearn = "feed-1"\nadmin = root-1\n')
    return path


@pytest.fixture(scope="module")
def guarded(tokens: Path) -> Iterator[Running]:
    access = Access(tokens_file=str(tokens))
    with running_server(ServeSettings(address=HERE, workers=1, access=access)) as running:
        yield running


@pytest.mark.parametrize("token", ["dig-1", "root-1"])
def test_a_known_token_comes_in(guarded: Running, token: str) -> None:
    with open_channel(guarded.address, token=token) as channel:
        assert cleans(channel)
        requests = iter([pb.StreamCleanRequest(documents=[text("A line.")])])
        assert len(next(CleanerServiceStub(channel).StreamClean(requests)).items) == 1


@pytest.mark.parametrize("token", ["", "dig-2", "dig-", "x" * 4000])
def test_row38_a_missing_or_wrong_token_is_unauthenticated(guarded: Running, token: str) -> None:
    with open_channel(guarded.address, token=token) as channel:
        stub = CleanerServiceStub(channel)
        with pytest.raises(grpc.RpcError) as caught:
            stub.Clean(one(text("A line.")), timeout=20)
        assert caught.value.code() is Code.UNAUTHENTICATED
        assert reason(status_of(caught.value)).reason == "UNKNOWN_CALLER"
        # Nothing has been sent, and nothing need be: the answer does not wait for a request.
        assert code_of(lambda: next(stub.StreamClean(iter(())))) is Code.UNAUTHENTICATED
        assert code_of(lambda: channel.unary_unary("/no.Such/Method")(b"")) is Code.UNAUTHENTICATED


def test_row38_a_token_of_another_role_is_denied(guarded: Running) -> None:
    with open_channel(guarded.address, token="feed-1") as channel:  # noqa: S106
        assert code_of(lambda: cleans(channel)) is Code.PERMISSION_DENIED
        request = ruleset_service_pb2.GetRulesetRequest()
        assert code_of(lambda: RulesetServiceStub(channel).GetRuleset(request)) is Code.PERMISSION_DENIED  # fmt: skip


def test_other_schemes_are_no_tokens(guarded: Running) -> None:
    with grpc.insecure_channel(guarded.address) as channel:
        stub = CleanerServiceStub(channel)
        for header in ("Basic dig-1", "dig-1", "Bearer", ""):
            metadata = (("authorization", header),)
            call = lambda metadata=metadata: stub.Clean(one(text("x")), metadata=metadata)  # noqa: E731
            assert code_of(call) is Code.UNAUTHENTICATED


def test_health_stays_open(guarded: Running) -> None:
    with grpc.insecure_channel(guarded.address) as channel:
        assert HealthStub(channel).Check(HealthCheckRequest(), timeout=5).status == 1


def test_tokens_are_taken_up_without_a_restart(guarded: Running, tokens: Path) -> None:
    before = tokens.read_text()
    tokens.write_text(f"{before}clean = late-1\n")
    try:
        with open_channel(guarded.address, token="late-1") as channel:  # noqa: S106
            assert comes_to(lambda: code_of(lambda: cleans(channel)) is Code.OK)
            tokens.write_text("nonsense\n")
            time.sleep(1.1)
            assert cleans(channel), "the last good ones stay"
            tokens.write_text(before)
            assert comes_to(lambda: code_of(lambda: cleans(channel)) is Code.UNAUTHENTICATED)
    finally:
        tokens.write_text(before)


def comes_to(true: Callable[[], bool], seconds: float = 10) -> bool:
    """Return whether something comes true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.1)
    return False


def test_the_async_channel_carries_the_token(guarded: Running) -> None:
    async def clean() -> int:
        async with open_async_channel(guarded.address, token="dig-1") as channel:  # noqa: S106
            stub = CleanerServiceStub(channel)
            answer = await stub.Clean(one(text("A line.")))  # type: ignore[misc]
            stream = stub.StreamClean(iter([pb.StreamCleanRequest(documents=[text("x")])]))
            items = [len(response.items) async for response in stream]  # type: ignore[attr-defined]
            return len(answer.answer.text) and items[0]  # type: ignore[attr-defined]

    assert asyncio.run(clean()) == 1


def test_feeding_pages_is_not_publishing(tmp_path: Path, tokens: Path) -> None:
    access = Access(tokens_file=str(tokens))
    settings = LearnerSettings(str(tmp_path / "store"), HERE, access=access)
    versions = learner_service_pb2.ListVersionsRequest()
    rollback = learner_service_pb2.RollbackRequest()
    with running_learner(settings) as running:
        for token, lists, rolls in [
            ("dig-1", Code.PERMISSION_DENIED, Code.PERMISSION_DENIED),
            ("feed-1", Code.OK, Code.PERMISSION_DENIED),
            ("root-1", Code.OK, Code.NOT_FOUND),
        ]:
            with open_channel(running.address, token=token) as channel:
                stub = LearnerServiceStub(channel)
                assert code_of(lambda stub=stub: stub.ListVersions(versions)) is lists
                assert code_of(lambda stub=stub: stub.Rollback(rollback)) is rolls


@pytest.mark.parametrize(
    "wrong",
    ["clean dig-1", "reader = x", 'clean = ""', "clean = sha256:12", "clean = sha256:zz", "# none"],
)
def test_a_token_that_cannot_be_read_is_refused_and_not_shown(wrong: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_tokens(wrong, "access.tokens_file")
    assert "access.tokens_file" in str(caught.value)
    assert "dig-1" not in str(caught.value)


def test_tokens_of_the_environment_have_commas_between() -> None:
    guard = Guard(Access(tokens="clean=a,admin=b"))
    assert [guard._roles(f"Bearer {token}") for token in "abc"] == [{CLEAN}, {ADMIN}, set()]
    assert "clean=a" not in repr(Access(tokens="clean=a"))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("papers"), "authority")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("strange"), "stranger")


@pytest.fixture(scope="module")
def mutual(authority: Authority) -> Iterator[Running]:
    certificate, key = authority.vouch("service")
    access = Access(str(certificate), str(key), str(authority.ca))
    with running_server(ServeSettings(address=HERE, workers=1, access=access)) as running:
        yield running


def shaken(address: str, tls: Tls | None) -> grpc.StatusCode:
    """Return the status of a call on a connection of its own."""
    options = (("grpc.use_local_subchannel_pool", 1),)
    with open_channel(address, tls=tls, options=options) as channel:
        return code_of(lambda: cleans(channel))


def test_row38_failed_mtls_gets_no_connection(
    mutual: Running, authority: Authority, stranger: Authority
) -> None:
    ca = str(authority.ca)
    certificate, key = map(str, authority.vouch("caller"))
    assert shaken(mutual.address, Tls(ca, certificate, key)) is Code.OK
    strange = Tls(ca, *map(str, stranger.vouch("caller")))
    for tls in (Tls(ca), strange, Tls(str(stranger.ca), certificate, key), None):
        assert shaken(mutual.address, tls) is Code.UNAVAILABLE


def serial(address: str) -> str:
    """Return the certificate that a service shows."""
    host, port = address.split(":")
    return ssl.get_server_certificate((host, int(port)))


def test_certificates_are_taken_up_without_a_restart(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "authority")
    certificate, key = authority.vouch("service")
    access = Access(str(certificate), str(key))
    tls = Tls(str(authority.ca))
    with (
        running_server(ServeSettings(address=HERE, workers=1, access=access)) as running,
        open_channel(running.address, tls=tls) as old,
    ):
        assert cleans(old)
        first = serial(running.address)
        authority.vouch("service")
        assert comes_to(lambda: serial(running.address) != first)
        assert shaken(running.address, tls) is Code.OK
        second = serial(running.address)
        key.write_text("half written")
        time.sleep(1.1)
        assert serial(running.address) == second, "the last good one stays"
        assert shaken(running.address, tls) is Code.OK
        assert cleans(old), "who is inside stays inside"


def test_certificates_that_cannot_be_used_are_named(authority: Authority, tmp_path: Path) -> None:
    certificate, _ = map(str, authority.vouch("service"))
    _, other = map(str, authority.vouch("other"))
    with pytest.raises(InvalidInput, match=r"access\.key.*no such file|access\.key.*No such file"):
        server_credentials(Access(certificate, str(tmp_path / "none.key")))
    with pytest.raises(InvalidInput, match=r"access\.certificate"):
        server_credentials(Access(certificate, other))


PUBLIC = ["0.0.0.0:0", "[::]:0", "192.0.2.1:50051", "example.org:50051", ":50051"]


@pytest.mark.parametrize("address", PUBLIC)
def test_row39_a_public_address_is_refused(address: str) -> None:
    for make in (ServeSettings, lambda address: LearnerSettings("store", address)):
        with pytest.raises(InvalidInput, match="allow_public"):
            make(address=address)


@pytest.mark.parametrize(
    "access", [Access(allow_public=True), Access(tokens="clean=x"), Access("c.pem", "k.pem")]
)
def test_row39_a_public_address_may_be_asked_for(access: Access) -> None:
    assert ServeSettings(address="0.0.0.0:0", access=access).address == "0.0.0.0:0"


@pytest.mark.parametrize("address", ["localhost:1", "127.8.8.8:1", "[::1]:1", "unix:/tmp/x"])
def test_loopback_is_not_public(address: str) -> None:
    assert ServeSettings(address=address).access.reflects(address)


def test_reflection_is_off_outside_loopback() -> None:
    access = Access(allow_public=True)
    settings = ServeSettings(address="0.0.0.0:0", workers=1, access=access)
    with running_server(settings) as running:
        local = f"127.0.0.1:{running.address.rpartition(':')[2]}"
        with grpc.insecure_channel(local) as channel:
            assert cleans(channel)
            stub = reflection_pb2_grpc.ServerReflectionStub(channel)
            asked = iter([reflection_pb2.ServerReflectionRequest(list_services="")])
            assert code_of(lambda: next(stub.ServerReflectionInfo(asked))) is Code.UNIMPLEMENTED
