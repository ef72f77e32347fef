"""``make bench-service``: the service under load, beside what else a user would put up.

For each way to call, size of document and number of channels: first what it can take at most
(closed loop), then an open-loop load of 50%, 80% and 400% of that. Client and load generator share
the cores with the service; the last column says what part of one core they took. The same documents
in-process stand first: "times" is capacity against that. At 400% health is asked from a process of
its own. Machines drift: only ratios within one run mean anything.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

from cleaner.bench import pulse, rivals
from cleaner.bench.golden import FOLDER
from cleaner.bench.load import (
    RIGHT,
    SERVICE,
    WRONG,
    Caller,
    Request,
    Sample,
    StreamCaller,
    Tally,
    UnaryCaller,
    batch_requests,
    closed_loop,
    open_channels,
    open_loop,
    statuses,
    unary_request,
)
from cleaner.bench.peers import as_page
from cleaner.bench.speed import documents
from cleaner.pipeline import Cleaner
from cleaner.serve.server import running_server
from cleaner.serve.settings import ServeSettings
from cleaner.threads import one_thread
from cleaner.v1 import document_pb2

_BATCH = 32
_KB = 1_000
_LEAST_SECONDS = 4.0
_AT_ONCE = {"unary": 32, "batched": 4, "streamed": 8}
_LOADS = (0.5, 0.8, 4.0)
_HEAD = (
    f"{'':<34}{'load':>6}{'offered/s':>11}{'right/s':>9}{'times':>7}{'p50 ms':>9}{'p99 ms':>9}"
    f"{'p99/p50':>9}{'health ms':>10}{'client':>8}  other than right\n"
)


@dataclass(frozen=True, slots=True)
class Way:
    """One way to have documents cleaned."""

    name: str
    address: str
    caller: Callable[[Tally], Caller]
    requests: Sequence[Request]
    at_once: int
    """Requests on their way while capacity is measured."""
    ours: bool = True
    """Whether it has health checks, and can be expected to stand overload."""


def main() -> None:
    """Measure, print as it goes, write the table to ``--out``."""
    one_thread()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each load")
    parser.add_argument("--sizes", type=int, nargs="*", default=[5, 50], help="KB of a document")
    parser.add_argument("--channels", type=int, nargs="*", default=[1, 32])
    parser.add_argument("--ways", nargs="*", choices=[*_AT_ONCE], default=[*_AT_ONCE])
    parser.add_argument("--no-rivals", action="store_true")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    lines = [_HEAD]
    sys.stdout.write(_HEAD)
    for line in _measured(given):
        sys.stdout.write(line)
        sys.stdout.flush()
        lines.append(line)
    if given.out:
        given.out.parent.mkdir(parents=True, exist_ok=True)
        given.out.write_text("".join(lines), encoding="utf-8")


def _measured(given: argparse.Namespace) -> Iterator[str]:
    with running_server(ServeSettings(address="127.0.0.1:0", workers=2)) as service:
        for size in given.sizes:
            texts = documents(FOLDER, 2 * _BATCH * 5 // min(size, 5), size * _KB)
            cleaner = Cleaner()
            base, right = in_process(partial(_text, cleaner), texts)
            yield f"{f'in-process, {size} KB':<40}{'':>11}{base:>9.1f}{1.0:>7.2f}\n"
            samples = _samples(texts, right, cleaner.ruleset_version)
            for count in given.channels:
                for name in given.ways:
                    way = our_way(name, service.address, count, samples, size)
                    yield from asyncio.run(_loads(way, base, given.seconds))
    if not given.no_rivals:
        for size in given.sizes:
            yield from _rivals(given, size)


def _rivals(given: argparse.Namespace, size: int) -> Iterator[str]:
    pages = [as_page(text).encode() for text in documents(FOLDER, _BATCH, size * _KB)]
    base, right = in_process(rivals.extract, pages)
    yield f"{f'trafilatura in-process, {size} KB':<40}{'':>11}{base:>9.1f}{1.0:>7.2f}\n"
    requests = [_expecting(page, text) for page, text in zip(pages, right, strict=True)]
    for count in given.channels:
        with rivals.grpc_rival() as address:
            name = f"trafilatura, grpc.aio, {size} KB x{count}"
            way = Way(name, address, _bare(address, count), requests, 8, False)
            yield from asyncio.run(_loads(way, base, given.seconds))
        with rivals.web_rival() as address:
            name = f"trafilatura, FastAPI, {size} KB x{count}"
            way = Way(name, address, partial(WebCaller, address, count), requests, 8, False)
            yield from asyncio.run(_loads(way, base, given.seconds))


def _bare(address: str, count: int) -> Callable[[Tally], Caller]:
    return lambda tally: UnaryCaller(open_channels(address, count), rivals.PATH, tally)


def _expecting(page: bytes, text: bytes) -> Request:
    return Request(page, 1, lambda payload: [RIGHT if payload == text else WRONG])


def in_process(clean: Callable[[Any], Any], given: Sequence[Any]) -> tuple[float, list[Any]]:
    """Return documents a second in one process that has seen them, and what comes out.

    The service will have seen them, too, when it is measured, and remembers short lines.
    """
    right = [clean(one) for one in given]
    start, done = time.perf_counter(), 0
    while (taken := time.perf_counter() - start) < _LEAST_SECONDS:
        for one in given:
            clean(one)
        done += len(given)
    return done / taken, right


def our_way(name: str, address: str, count: int, samples: list[Sample], size: int) -> Way:
    """Return a way to call our service over so many channels."""

    def caller(tally: Tally) -> Caller:
        channels = open_channels(address, count)
        if name == "streamed":
            return StreamCaller(channels, tally)
        method = "Clean" if name == "unary" else "BatchClean"
        return UnaryCaller(channels, f"{SERVICE}/{method}", tally)

    if name == "unary":
        requests = [unary_request(sample) for sample in samples]
    else:
        requests = batch_requests(samples, _BATCH)
    return Way(f"{name}, {size} KB, {count} channels", address, caller, requests, _AT_ONCE[name])


async def _loads(way: Way, base: float, seconds: float) -> list[str]:
    capacity = await _one(way, None, seconds)
    lines = [_line(way, "max", 0.0, capacity, base, [])]
    each = way.requests[0].documents
    for share in _LOADS:
        rate = share * capacity.goodput
        health = pulse.started(way.address, seconds) if share > 1 and way.ours else None
        tally = await _one(way, rate / each, seconds)
        told = await asyncio.to_thread(pulse.told, health) if health else []
        lines.append(_line(way, f"{share:.0%}", rate, tally, base, told))
    return lines


async def _one(way: Way, rate: float | None, seconds: float) -> Tally:
    """Run one load; None measures what can be taken at most."""
    tally = Tally()
    caller = way.caller(tally)
    requests = cycle(way.requests)
    await closed_loop(caller.send, requests, way.at_once, min(seconds, 1.0))  # connects and warms
    fresh = Tally()
    tally.sent, tally.ends, tally.seconds = 0, fresh.ends, fresh.seconds
    wall, cpu = time.monotonic(), time.process_time()
    if rate is None:
        await closed_loop(caller.send, requests, way.at_once, seconds)
    else:
        # Goodput counts from the first call to the last answer within patience.
        await open_loop(caller.send, requests, rate, seconds, patience=seconds)
    tally.wall = time.monotonic() - wall
    tally.cpu = time.process_time() - cpu
    await caller.close()
    return tally


def _line(way: Way, load: str, rate: float, tally: Tally, base: float, health: list[float]) -> str:
    p50, p99 = tally.percentile(0.5) * 1000, tally.percentile(0.99) * 1000
    worst = f"{health[min(int(0.99 * len(health)), len(health) - 1)]:.0f}" if health else ""
    return (
        f"{way.name:<34}{load:>6}{rate:>11.1f}{tally.goodput:>9.1f}{tally.goodput / base:>7.2f}"
        f"{p50:>9.1f}{p99:>9.1f}{p99 / p50 if p50 else 0:>9.1f}{worst:>10}"
        f"{tally.cpu / tally.wall:>8.0%}  {statuses(tally)}\n"
    )


def _text(cleaner: Cleaner, text: str) -> str:
    return cleaner.clean(text).text


def _samples(texts: list[str], right: list[str], version: str) -> list[Sample]:
    return [
        Sample(
            document_pb2.Document(id=str(n), kind=document_pb2.KIND_TEXT, text=text),
            {version: expected},
        )
        for n, (text, expected) in enumerate(zip(texts, right, strict=True))
    ]


class WebCaller:
    """Posts over so many connections."""

    def __init__(self, address: str, connections: int, tally: Tally) -> None:
        import aiohttp

        self._url = f"http://{address}/clean"
        self._tally = tally
        connector = aiohttp.TCPConnector(limit=max(connections, 8))
        timeout = aiohttp.ClientTimeout(total=60)
        self._session = aiohttp.ClientSession(connector=connector, timeout=timeout)

    async def send(self, request: Request, due: float) -> None:
        """Post and count."""
        self._tally.sent += request.documents
        try:
            async with self._session.post(self._url, data=request.payload) as response:
                payload = await response.read()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is counted by its name
            self._tally.failed(request, error)
            return
        if response.status == 200:
            self._tally.answered(request, payload, due)
        else:
            self._tally.ends[f"call {response.status}"] += request.documents

    async def close(self) -> None:
        """Hang up."""
        await self._session.close()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
