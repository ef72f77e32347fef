"""The load generator sees what is wrong, is late for nobody, and the chaos run accounts for all."""

from __future__ import annotations

import asyncio
import time
from itertools import cycle
from types import SimpleNamespace

import pytest

from cleaner.bench import chaos
from cleaner.bench.load import (
    MISSING,
    REFUSED,
    RIGHT,
    WRONG,
    Request,
    Sample,
    Tally,
    batch_request,
    closed_loop,
    open_loop,
)
from cleaner.bench.memory import Memory, slope
from cleaner.v1 import answer_pb2, document_pb2
from cleaner.v1 import cleaner_service_pb2 as pb


def sample(number: int) -> Sample:
    return Sample(document_pb2.Document(id=str(number), text="x"), {"v1": f"right {number}"})


def answer(number: int, text: str, version: str = "v1") -> answer_pb2.Item:
    told = answer_pb2.Answer(id=str(number), text=text, ruleset_version=version)
    return answer_pb2.Item(id=str(number), answer=told)


def test_each_document_of_a_batch_is_judged() -> None:
    request = batch_request([sample(number) for number in range(6)])
    failed = answer_pb2.Item(id="3")
    failed.error.code = 13
    items = [answer(0, "right 0"), answer(1, "right 2"), answer(2, "right 2", "v2"), failed, answer(9, "right 4")]  # fmt: skip
    payload = pb.BatchCleanResponse(items=items).SerializeToString()
    assert list(request.judge(payload)) == [RIGHT, WRONG, WRONG, "item INTERNAL", WRONG, MISSING]


def test_what_was_accepted_and_never_answered_is_lost() -> None:
    tally = Tally(sent=10)
    tally.ends.update({RIGHT: 4, WRONG: 1, REFUSED: 2, "item INTERNAL": 1, "call UNAVAILABLE": 1})
    assert tally.lost == 2


def test_an_open_loop_waits_for_nobody_and_times_from_when_it_was_due() -> None:
    tally, asked = Tally(), []

    async def slow(request: Request, due: float) -> None:
        asked.append(time.monotonic())
        await asyncio.sleep(0.4)
        tally.answered(request, b"", due)

    request = Request(b"", 1, lambda _: [RIGHT])
    left = asyncio.run(open_loop(slow, cycle([request]), 100, 0.3, patience=5))
    assert left == 0
    assert len(asked) == len(tally.seconds) > 10
    assert min(tally.seconds) >= 0.4


def test_calls_that_never_end_are_counted_and_given_up() -> None:
    async def never(request: Request, due: float) -> None:
        await asyncio.sleep(60)

    request = Request(b"", 1, lambda _: [])
    assert asyncio.run(open_loop(never, cycle([request]), 50, 0.2, patience=0.1)) > 1


def test_a_closed_loop_keeps_so_many_on_their_way() -> None:
    here = SimpleNamespace(now=0, most=0)

    async def send(request: Request, due: float) -> None:
        here.now += 1
        here.most = max(here.most, here.now)
        await asyncio.sleep(0.01)
        here.now -= 1

    asyncio.run(closed_loop(send, cycle([Request(b"", 1, lambda _: [])]), 3, 0.1))
    assert here.most == 3


def test_a_slope_is_what_is_added_in_a_unit() -> None:
    assert slope([0, 1, 2, 3], [5, 7, 9, 11]) == pytest.approx(2)
    assert slope([0, 1], [5, 9]) == 0


def test_what_comes_and_goes_is_no_leak() -> None:
    memory = Memory(0)
    rows = [(float(at), 80.0 + 60 * (at % 20 > 10), 300.0 + at / 60) for at in range(600)]
    memory._rows = rows
    assert memory.slopes() == {"front": pytest.approx(0), "worker": pytest.approx(1)}


def test_bundles_of_a_chaos_run_make_a_difference() -> None:
    bundles = chaos._bundles()
    samples = chaos._samples(chaos._texts(6), bundles)
    assert len({bundle.digest for bundle in bundles}) > 1
    assert any(len(set(sample.texts.values())) > 1 for sample in samples)


@pytest.mark.fault(28, 29, 32, 34)
def test_a_short_chaos_run_loses_nothing() -> None:
    report = chaos.run(minutes=0.2, rate=6, every=4)
    assert report.sent
    assert report.trouble
    assert report.faults == []
