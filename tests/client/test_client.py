"""What a client does beyond cleaning: options travel, what fails is told, halved or asked again."""

from __future__ import annotations

import asyncio
import socket
import threading
import time

import grpc
import pytest
from standins import Connect, Failing, failing_service, slowly, status

from cleaner import Cleaner, CleanerError, Document, InvalidInput, Options, Outcome, Result
from cleaner.client import AsyncClient, Client, Retries
from cleaner.errors import (
    DeadlineExceeded,
    NotAllowed,
    Overloaded,
    ServerError,
    TooLarge,
    UnknownName,
    Unreachable,
)

CODE = grpc.StatusCode
QUICK = Retries(unreachable=2, overloaded=4, first_seconds=0.01)
MANY = [f"Number {n}." for n in range(100)]


def told(outcome: Outcome) -> object:
    return outcome.text if isinstance(outcome, Result) else type(outcome)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


@pytest.mark.parametrize("given", [[], ["\ud800"], ["\ud800"] * 100])
def test_nothing_to_send_is_no_reason_to_wait(
    connect: Connect, address: str, given: list[str]
) -> None:
    client = connect(address)
    assert len(list(client.clean_many(given))) == len(client.clean_batch(given)) == len(given)


@pytest.mark.fault(8)
def test_row8_a_lone_surrogate_is_refused_before_it_is_sent(
    connect: Connect, failing: Failing
) -> None:
    client = connect(failing.address)
    with pytest.raises(InvalidInput, match=r"U\+D800 at offset 2") as caught:
        client.clean("ab\ud800")
    first, second = client.clean_many([Document(text="x", url="\udfff"), "ab\ud800"])
    assert (caught.value.field, first.field, second.field) == ("text", "url", "text")
    assert failing.asked == []


@pytest.mark.fault(26)
@pytest.mark.parametrize(
    ("options", "version", "field"),
    [
        (Options(profile="nope"), "", "profile"),
        (Options(remove=("nope",)), "", "category"),
        (Options(detectors=("nope",)), "", "detector"),
        (Options(), "nope", "ruleset_version"),
    ],
)
def test_row26_unknown_names_come_back_as_such(
    connect: Connect, address: str, options: Options, version: str, field: str
) -> None:
    client = connect(address, options, ruleset_version=version)
    with pytest.raises(UnknownName) as alone:
        client.clean("x")
    with pytest.raises(UnknownName):
        list(client.clean_many(["x"] * 3))
    with pytest.raises(UnknownName):
        client.clean_batch(["x"] * 3)
    assert (alone.value.field, alone.value.name) == (field, "nope")
    assert alone.value.known


@pytest.mark.parametrize("options", [Options(profile="\ud800"), Options(keep=(1,))])  # type: ignore[arg-type]
def test_options_that_cannot_be_sent_are_told_at_once(connect: Connect, options: Options) -> None:
    with pytest.raises(InvalidInput) as caught:
        connect("127.0.0.1:1", options)
    assert caught.value.field == "options"


def test_a_run_leaves_no_thread_behind(failing: Failing) -> None:
    with Client(failing.address) as client:
        for _ in range(20):
            assert len(list(client.clean_many(MANY))) == 100
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            left = [one for one in threading.enumerate() if "(_read)" in one.name]
            if not left:
                break
            time.sleep(0.01)
    assert left == []


def test_a_document_over_the_limit_is_an_item_of_its_own(connect: Connect, address: str) -> None:
    client = connect(address, max_message_bytes=200_000)
    first, second, third = client.clean_many(["One.", "y" * 300_000, "Three."])
    assert isinstance(second, TooLarge)
    assert (first.text, third.text) == ("One.", "Three.")


def test_the_ruleset_is_told(connect: Connect, address: str) -> None:
    assert connect(address).ruleset().version == Cleaner().ruleset_version


def test_batches_are_cut_by_number_and_by_size_and_go_by_one_stream(
    connect: Connect, failing: Failing
) -> None:
    failing.fail = lambda texts: 0.05
    given = [*MANY, *("y" * 400_000 for _ in range(5))]
    assert [result.text for result in connect(failing.address).clean_many(given)] == given
    assert max(map(len, failing.asked)) == 32
    assert max(sum(map(len, texts)) for texts in failing.asked) < 1_100_000
    assert failing.streams == 1


def test_a_batch_that_fails_as_a_whole_is_halved_until_one_document_is_to_blame(
    connect: Connect, failing: Failing
) -> None:
    failing.fail = lambda texts: status(CODE.INTERNAL) if "Number 45." in texts else None
    outcomes = list(connect(failing.address).clean_many(MANY))
    wanted = [ServerError if text == "Number 45." else text for text in MANY]
    assert [told(outcome) for outcome in outcomes] == wanted
    assert len(failing.asked) <= 4 + 2 * 5


def test_a_batch_over_the_services_limits_is_halved_until_it_fits(
    connect: Connect, failing: Failing
) -> None:
    failing.fail = lambda texts: status(CODE.RESOURCE_EXHAUSTED) if len(texts) > 3 else None
    assert [told(outcome) for outcome in connect(failing.address).clean_many(MANY)] == MANY


def test_a_document_that_never_ends_costs_its_neighbours_nothing_but_time(
    connect: Connect, failing: Failing
) -> None:
    failing.fail = lambda texts: 5.0 if "Number 2." in texts else None
    outcomes = list(connect(failing.address, timeout=0.2).clean_many(MANY[:8]))
    wanted = [DeadlineExceeded if text == "Number 2." else text for text in MANY[:8]]
    assert [told(outcome) for outcome in outcomes] == wanted


def test_a_service_that_fails_at_everything_is_not_asked_about_each_document(
    connect: Connect, failing: Failing
) -> None:
    failing.fail = lambda texts: status(CODE.INTERNAL)
    outcomes = list(connect(failing.address).clean_many(MANY[:32]))
    assert [type(outcome) for outcome in outcomes] == [ServerError] * 32
    assert len(failing.asked) < 20


def test_what_may_pass_by_itself_is_asked_again(connect: Connect, failing: Failing) -> None:
    failing.fail = lambda texts: status(CODE.UNAVAILABLE) if len(failing.asked) < 3 else None
    client = connect(failing.address, retries=QUICK)
    assert client.clean("One.").text == "One."
    failing.asked.clear()
    assert [told(outcome) for outcome in client.clean_many(MANY)] == MANY


def test_row31_an_overloaded_service_is_asked_again_when_it_says(
    connect: Connect, failing: Failing
) -> None:
    overload = status(CODE.RESOURCE_EXHAUSTED, retry=0.3)
    failing.fail = lambda texts: overload if len(failing.asked) < 2 else None
    started = time.monotonic()
    assert connect(failing.address, retries=QUICK).clean("One.").text == "One."
    assert 0.3 < time.monotonic() - started < 1.5


def test_no_retry_outlives_the_deadline(connect: Connect, failing: Failing) -> None:
    failing.fail = lambda texts: status(CODE.RESOURCE_EXHAUSTED, retry=0.2)
    client = connect(failing.address, timeout=0.5)
    started = time.monotonic()
    with pytest.raises(Overloaded) as caught:
        client.clean("x")
    assert [type(outcome) for outcome in client.clean_many(["x"])] == [Overloaded]
    assert time.monotonic() - started < 1.5
    assert caught.value.retry_seconds == pytest.approx(0.2)


@pytest.mark.parametrize("code", [CODE.INTERNAL, CODE.RESOURCE_EXHAUSTED, CODE.DEADLINE_EXCEEDED,
                                  CODE.UNKNOWN, CODE.UNIMPLEMENTED, CODE.PERMISSION_DENIED])  # fmt: skip
def test_what_would_fail_again_is_not_asked_again(
    connect: Connect, failing: Failing, code: grpc.StatusCode
) -> None:
    failing.fail = lambda texts: status(code)
    with pytest.raises(CleanerError):
        connect(failing.address, retries=QUICK).clean("x")
    assert len(failing.asked) == 1


@pytest.mark.parametrize("code", [CODE.UNAUTHENTICATED, CODE.PERMISSION_DENIED])
def test_row38_whoever_may_not_come_in_is_told_once(
    connect: Connect, failing: Failing, code: grpc.StatusCode
) -> None:
    failing.fail = lambda texts: status(code)
    client = connect(failing.address)
    for ask in (client.clean, client.clean_batch, lambda text: list(client.clean_many([text]))):
        with pytest.raises(NotAllowed, match="as told"):
            ask("x")


def test_waits_differ_and_grow_up_to_a_limit() -> None:
    waits = [[Retries().wait(Unreachable(""), again) for _ in range(50)] for again in range(4)]
    assert all(len(set(some)) > 1 for some in waits)
    assert [max(some) <= 0.1 * 2**at and min(some) >= 0.05 * 2**at  # type: ignore[type-var,operator]
            for at, some in enumerate(waits)] == [True] * 4  # fmt: skip
    assert Retries().wait(Unreachable(""), 4) is None
    assert Retries(unreachable=10**6).wait(Unreachable(""), 10**5) <= 5.0  # type: ignore[operator]
    assert Retries().wait(Overloaded("", 7.0), 0) >= 7.0  # type: ignore[operator]


def test_no_service_is_unreachable(connect: Connect) -> None:
    client = connect(f"127.0.0.1:{free_port()}", timeout=10, retries=QUICK)
    with pytest.raises(Unreachable):
        client.clean("x")
    with pytest.raises(Unreachable):
        client.clean_batch(["x"])
    assert [type(outcome) for outcome in client.clean_many(MANY)] == [Unreachable] * 100


def test_a_service_that_is_gone_costs_one_series_of_retries_not_one_a_batch(
    connect: Connect,
) -> None:
    client = connect(f"127.0.0.1:{free_port()}", retries=Retries(unreachable=2, first_seconds=1.0))
    started = time.monotonic()
    assert len(list(client.clean_many(MANY * 10))) == 1_000
    assert time.monotonic() - started < 24  # 32 series would take 48 s


def test_a_service_that_comes_back_loses_no_document(connect: Connect) -> None:
    port = free_port()
    client = connect(f"127.0.0.1:{port}", retries=Retries(unreachable=20))
    outcomes: list[Outcome] = []
    running = threading.Thread(target=lambda: outcomes.extend(client.clean_many(MANY)))
    running.start()
    time.sleep(0.5)
    with failing_service(port):
        running.join(20)
    assert [told(outcome) for outcome in outcomes] == MANY


def test_a_service_that_goes_in_the_middle_and_comes_back_loses_no_document(
    connect: Connect,
) -> None:
    port = free_port()
    client = connect(f"127.0.0.1:{port}", retries=Retries(unreachable=20))
    outcomes = client.clean_many(MANY * 10)
    with failing_service(port):
        some = [next(outcomes) for _ in range(40)]
    started = threading.Event()

    def again() -> None:
        with failing_service(port):
            started.wait(30)

    later = threading.Timer(0.5, again)
    later.start()
    some += outcomes
    started.set()
    later.join()
    assert [told(outcome) for outcome in some] == MANY * 10


def test_one_bad_batch_of_a_stream_leaves_its_neighbours_unblamed(
    connect: Connect, failing: Failing
) -> None:
    """They are sent again at once, although retries are off."""
    failing.fail = lambda texts: status(CODE.UNAVAILABLE) if "Number 40." in texts else None
    client = connect(failing.address, retries=Retries(unreachable=0))
    others = [text for text in MANY * 2 if text != "Number 40."]
    outcomes = list(client.clean_many(MANY + others))
    blamed = sum(len(texts) for texts in failing.asked if "Number 40." in texts)
    assert sum(isinstance(outcome, Unreachable) for outcome in outcomes) == blamed <= 96
    assert [told(outcome) for outcome in outcomes[:4]] == MANY[:4]


def test_a_service_that_never_answers_is_given_up(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = connect(f"127.0.0.1:{silent.getsockname()[1]}", timeout=0.3, retries=QUICK)
        started = time.monotonic()
        with pytest.raises((DeadlineExceeded, Unreachable)):
            client.clean("x")
        assert not any(isinstance(outcome, Result) for outcome in client.clean_many(["x"] * 40))
        assert time.monotonic() - started < 20


def test_leaving_early_takes_calls_back(connect: Connect, failing: Failing) -> None:
    failing.fail = lambda texts: 0.0 if "Number 0." in texts else 30.0
    outcomes = connect(failing.address).clean_many(MANY * 5)
    assert next(outcomes).text == "Number 0."
    outcomes.close()
    deadline = time.monotonic() + 5
    while failing._now and time.monotonic() < deadline:
        time.sleep(0.01)
    assert failing._now == 0


def test_a_slow_source_does_not_keep_answers_waiting(failing: Failing) -> None:
    """Asynchronous: an answer comes while the source waits for its next page."""

    async def first() -> float:
        async with AsyncClient(failing.address) as client:
            started = time.monotonic()
            async for outcome in client.clean_many(slowly(["One.", "Two."], 2.0)):
                assert told(outcome) == "One."
                return time.monotonic() - started
        raise AssertionError

    assert asyncio.run(first()) < 1.5


def test_a_slow_source_does_not_wait_for_a_full_batch(failing: Failing) -> None:
    """In a thread: an answer comes when the source has given the next few pages."""
    given = 0

    def slow() -> object:
        nonlocal given
        for text in MANY:
            time.sleep(0.03)
            given += 1
            yield text

    with Client(failing.address) as client:
        outcomes = client.clean_many(slow())  # type: ignore[arg-type]
        assert told(next(outcomes)) == "Number 0."
        assert given < 10


def test_both_kinds_of_iterable_will_do(failing: Failing) -> None:
    async def run() -> list[list[object]]:
        async with AsyncClient(failing.address) as client:
            sources = (MANY, slowly(MANY, 0.0))
            return [[told(one) async for one in client.clean_many(source)] for source in sources]

    assert asyncio.run(run()) == [MANY, MANY]


def test_a_task_that_is_cancelled_takes_its_call_back(failing: Failing) -> None:
    failing.fail = lambda texts: 30.0

    async def run() -> None:
        async with AsyncClient(failing.address) as client:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.clean("x"), 0.3)
            while failing._now:
                await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(run(), 10))


def test_many_tasks_share_one_client(address: str) -> None:
    async def run() -> list[Result]:
        async with AsyncClient(address) as client:
            return await asyncio.gather(*(client.clean(text) for text in MANY))

    assert [result.text for result in asyncio.run(run())] == MANY
