"""``make chaos`` and ``make soak``: a steady load, and everything that may go wrong meanwhile.

Workers are killed, callers vanish, readers stall, certificates rotate and templates are published
while documents go in over TLS by all three methods. Afterwards every document that was accepted
must be accounted for, each text must be the library's with the ruleset version that the answer
names, no process may be left, and memory must be flat. A soak is the same without the trouble.
Linux only, as it looks into ``/proc``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import cycle
from pathlib import Path
from random import Random

from grpc import aio

from cleaner.bench.golden import FOLDER
from cleaner.bench.load import (
    RIGHT,
    SERVICE,
    WRONG,
    Caller,
    Sample,
    StreamCaller,
    Tally,
    UnaryCaller,
    batch_request,
    batch_requests,
    open_channels,
    open_loop,
    statuses,
    unary_request,
)
from cleaner.bench.memory import Memory, alive, descendants
from cleaner.bench.progress import follow
from cleaner.bench.speed import documents
from cleaner.bench.trouble import Certificates, Trouble
from cleaner.detect.templates.bundle import Bundle, Template, Where
from cleaner.detect.templates.fingerprint import Lines
from cleaner.model import Document
from cleaner.pipeline import Cleaner
from cleaner.serve.server import running_server
from cleaner.serve.settings import Access, ServeSettings
from cleaner.threads import one_thread
from cleaner.v1 import document_pb2

_HOST = "chaos-gazette.org"
_SAMPLES, _BATCH = 96, 16
_LINES = tuple(f"{who} of {_HOST} keeps this line at the pier." for who in ("Roe", "Lund", "Voss"))
_SHARES = {"unary": 0.2, "batched": 0.4, "streamed": 0.4}
_LIMIT_MB_A_MINUTE = 1.0


@dataclass(slots=True)
class Report:
    """What a run has shown."""

    minutes: float
    sent: int = 0
    right: int = 0
    wrong: int = 0
    lost: int = 0
    never_ended: int = 0
    """Calls without an end long after the load's."""
    ends: dict[str, int] = field(default_factory=dict)
    trouble: dict[str, int] = field(default_factory=dict)
    """How often what was done to the service."""
    stale: int = 0
    """Certificates that were replaced and went on being shown."""
    leaked: int = 0
    """Processes of the service that outlived it."""
    exit_code: int = -1
    megabytes_a_minute: dict[str, float] = field(default_factory=dict)
    """Slope of `megabytes` after warm-up."""
    megabytes: dict[str, list[float]] = field(default_factory=dict)
    """The least resident memory of each half minute: of the front, and of the median worker."""
    p50: float = 0.0
    p99: float = 0.0

    @property
    def faults(self) -> list[str]:
        """Return what must not be, one line each."""
        bad = {
            "documents lost": self.lost, "documents wrong": self.wrong,
            "calls without an end": self.never_ended, "processes left": self.leaked,
            "certificates not taken up": self.stale, "exit code": self.exit_code,
        }  # fmt: skip
        found = [f"{name}: {number}" for name, number in bad.items() if number]
        # Over a few minutes a slope is mostly what the allocator has not given back yet.
        steep = {k: v for k, v in self.megabytes_a_minute.items() if v > _LIMIT_MB_A_MINUTE}
        if self.minutes >= 10:
            found += [f"memory of the {name}: {slope:+.2f} MB/min" for name, slope in steep.items()]
        return found


def main() -> None:
    """Run, print the report as JSON, and exit with 1 if there is a fault."""
    one_thread()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rate", type=float, default=30.0, help="documents a second")
    parser.add_argument("--soak", action="store_true", help="load alone, without trouble")
    parser.add_argument("--every", type=float, default=4.0, help="seconds between troubles")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    report = run(given.minutes, given.rate, 0 if given.soak else given.every, given.seed)
    told = json.dumps(asdict(report) | {"faults": report.faults}, indent=1)
    sys.stdout.write(told + "\n")
    if given.json:
        given.json.write_text(told, encoding="utf-8")
    sys.exit(1 if report.faults else 0)


def run(minutes: float, rate: float, every: float, seed: int = 0) -> Report:
    """Run a service under load for some minutes, with trouble `every` so many seconds; 0 for none.

    `rate` is in documents a second.
    """
    report = Report(minutes)
    with tempfile.TemporaryDirectory(prefix="chaos-") as name:
        watched, certificates = Path(name) / "current.npz", Certificates(Path(name))
        texts, bundles = _texts(_SAMPLES), _bundles()
        samples = _samples(texts, bundles)
        bundles[0].save(watched)
        settings = ServeSettings(
            address="127.0.0.1:0", workers=2, bundle=str(watched), bundle_seconds=0.2,
            kept_rulesets=len(bundles) + 1, document_seconds=5.0,
            access=Access(str(certificates.certificate), str(certificates.key)),
        )  # fmt: skip
        with running_server(settings) as service:
            memory = Memory(service.process.pid)
            payload = batch_request(samples[: 2 * _BATCH]).payload
            trouble = Trouble(service, watched, bundles, certificates, payload, Random(seed))
            channels = partial(open_channels, service.address, 4, certificates.authority)
            asyncio.run(_under_load(channels, samples, report, rate, memory, trouble, every))
            seen = memory.seen | set(descendants(service.process.pid))
            service.process.send_signal(signal.SIGTERM)
            report.exit_code = service.process.wait(60)
        report.leaked = sum(map(alive, seen))
        report.trouble, report.stale = dict(trouble.done), trouble.stale
        report.megabytes_a_minute, report.megabytes = memory.slopes(), memory.lows()
    return report


async def _under_load(
    opened: Callable[[], list[aio.Channel]],
    samples: list[Sample],
    report: Report,
    rate: float,
    memory: Memory,
    trouble: Trouble,
    every: float,
) -> None:
    seconds = report.minutes * 60
    start = time.monotonic()
    bar = follow("seconds", round(seconds), lambda: round(time.monotonic() - start))
    beside = [asyncio.create_task(memory.watch()), asyncio.create_task(bar)]
    if every:
        beside.append(asyncio.create_task(trouble.make(every)))
    tallies = {name: Tally() for name in _SHARES}
    channels = opened()
    unary = UnaryCaller(channels, f"{SERVICE}/Clean", tallies["unary"])
    batched = UnaryCaller(channels, f"{SERVICE}/BatchClean", tallies["batched"])
    streamed = StreamCaller(channels, tallies["streamed"])
    singles = cycle([unary_request(sample) for sample in samples])
    batches = cycle(batch_requests(samples, _BATCH))
    callers: dict[str, Caller] = {"unary": unary, "batched": batched, "streamed": streamed}
    loads = [
        open_loop(
            callers[name].send, singles if name == "unary" else batches,
            rate * share / (1 if name == "unary" else _BATCH), seconds,
        )
        for name, share in _SHARES.items()
    ]  # fmt: skip
    report.never_ended = sum(await asyncio.gather(*loads))
    for task in beside:
        task.cancel()
    await asyncio.gather(*beside, return_exceptions=True)
    await streamed.close()
    await asyncio.gather(*(channel.close() for channel in channels))
    _add_up(report, tallies)


def _add_up(report: Report, tallies: dict[str, Tally]) -> None:
    for name, tally in tallies.items():
        report.sent += tally.sent
        report.right += tally.ends[RIGHT]
        report.wrong += tally.ends[WRONG]
        report.lost += tally.lost
        report.ends |= {f"{name}: {end}": n for end, n in tally.ends.items()}
        sys.stderr.write(f"{name}: {tally.sent} sent, {statuses(tally)}\n")
    every = Tally(seconds=[second for tally in tallies.values() for second in tally.seconds])
    report.p50, report.p99 = every.percentile(0.5), every.percentile(0.99)


def _texts(count: int) -> list[str]:
    """Return documents that end with what the bundles take out."""
    return [f"{text.rstrip()}\n\n" + "\n\n".join(_LINES) for text in documents(FOLDER, count)]


def _bundles() -> list[Bundle]:
    """Return bundles that differ: each takes out another of the closing lines."""
    lines = list(_LINES)
    prints = Lines.of(lines).whole.tolist()
    made = [
        Template(
            _HOST, line, Where.BLOCK, "other", 0.95, 9, 5, 0.9, 0, 9, "tail", 0, 0, "recurs", known
        )
        for line, known in zip(lines, prints, strict=True)
    ]
    return [Bundle.of([template]) for template in made]


def _samples(texts: list[str], bundles: list[Bundle]) -> list[Sample]:
    cleaners = [Cleaner(), *(Cleaner(bundle=bundle) for bundle in bundles)]
    made = []
    for number, text in enumerate(texts):
        url = f"https://{_HOST}/{number}"
        results = [cleaner.clean(Document(text=text, url=url)) for cleaner in cleaners]
        message = document_pb2.Document(
            id=str(number), kind=document_pb2.KIND_TEXT, text=text, url=url
        )
        made.append(Sample(message, {result.ruleset_version: result.text for result in results}))
    return made


if __name__ == "__main__":
    main()
