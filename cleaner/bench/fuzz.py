"""``make fuzz COUNT=1000000``: hostile input into every method of a real service, in bulk.

Raw bytes, real messages with bytes changed, and documents from a grammar of broken markup. Each
must get an answer or a status that blames the caller: INTERNAL, UNKNOWN, UNAVAILABLE or a passed
deadline is a fault, printed with the bytes that caused it. An input is a call of its own, or a
document of a batch, which has a status of its own. The same seed makes the same inputs.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from random import Random
from typing import Any

from google.protobuf.message import Message
from google.rpc.code_pb2 import Code
from google.rpc.error_details_pb2 import RetryInfo
from grpc import aio
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2
from grpc_status.rpc_status import from_call

from cleaner.bench.grammar import document_text, odd_text
from cleaner.bench.load import UNLIMITED
from cleaner.bench.progress import follow
from cleaner.detect.proof import SLOWEST_SECONDS
from cleaner.detect.rulebook import Rule, load_rulebook
from cleaner.ingest.fold import fold_pattern
from cleaner.serve.learner import running_learner
from cleaner.serve.server import running_server
from cleaner.serve.settings import LearnerSettings, ServeSettings
from cleaner.threads import one_thread
from cleaner.v1 import cleaner_service_pb2 as pb
from cleaner.v1 import document_pb2, options_pb2
from cleaner.v1 import learner_service_pb2 as learning
from cleaner.v1 import ruleset_service_pb2 as rulesets

BLAMES_THE_CALLER = frozenset(
    {"OK", "INVALID_ARGUMENT", "NOT_FOUND", "FAILED_PRECONDITION", "RESOURCE_EXHAUSTED"}
)
SECONDS = 60.0
"""An answer that takes longer is a hang."""
_BATCH = 64
_AT_ONCE = 8
_ATTEMPTS, _PAUSE_SECONDS = 100, 0.5


@dataclass(frozen=True, slots=True)
class Target:
    """A method, and messages that it takes."""

    path: str
    seeds: tuple[Message, ...]
    streams_in: bool = False
    streams_out: bool = False
    weight: int = 1
    """How often it is tried beside the others; some start a process."""


def _document(**fields: Any) -> document_pb2.Document:
    return document_pb2.Document(kind=document_pb2.KIND_TEXT, **fields)


_OPTIONS = options_pb2.Options(
    profile="body", remove=["tags"], keep=["share"], reflow=True, min_confidence=0.5,
    offset_unit=options_pb2.OFFSET_UNIT_UTF16, include_quotes=True, include_source_text=True,
)  # fmt: skip
_DOCUMENTS = [
    _document(id="1", text="A story.\n\nRead more\n", url="https://a.example/1", title="A story"),
    _document(id="2", raw=b"<p>Br\xfccke", charset="iso-8859-1", publisher="a", language="de"),
    document_pb2.Document(id="3", kind=document_pb2.KIND_HTML, text="<article><p>x</article>"),
]
CLEANING = (
    Target("/cleaner.v1.CleanerService/Clean",
           tuple(pb.CleanRequest(options=_OPTIONS, document=row) for row in _DOCUMENTS), weight=6),
    Target("/cleaner.v1.CleanerService/BatchClean",
           (pb.BatchCleanRequest(options=_OPTIONS, documents=_DOCUMENTS),), weight=4),
    Target("/cleaner.v1.CleanerService/StreamClean",
           (pb.StreamCleanRequest(options=_OPTIONS, documents=_DOCUMENTS),), True, True, 4),
    Target("/cleaner.v1.RulesetService/GetRuleset", (rulesets.GetRulesetRequest(),)),
    Target("/cleaner.v1.RulesetService/ListRules",
           (rulesets.ListRulesRequest(page_size=3, page_token="x"),)),  # noqa: S106 - a page's
    Target("/cleaner.v1.RulesetService/GetRule", (rulesets.GetRuleRequest(id="en.x"),)),
    Target("/grpc.health.v1.Health/Check", (health_pb2.HealthCheckRequest(service="x"),)),
    Target("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
           (reflection_pb2.ServerReflectionRequest(file_containing_symbol="x"),), True, True),
    Target("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
           (reflection_pb2.ServerReflectionRequest(list_services="x"),), True, True),
)  # fmt: skip
LEARNING = (
    Target("/cleaner.v1.LearnerService/Observe", (learning.ObserveRequest(pages=[
        learning.Page(id="1", url="https://a.example/1", text="x", date="2026-01-02"),
        learning.Page(publisher="b", html=b"<p>x"),
    ]),), True, weight=6),
    Target("/cleaner.v1.LearnerService/ListVersions", (learning.ListVersionsRequest(),), weight=6),
    Target("/cleaner.v1.LearnerService/GetPublisherProfile",
           (learning.GetPublisherProfileRequest(publisher="a"),), weight=6),
    Target("/cleaner.v1.LearnerService/Rollback", (learning.RollbackRequest(number=0),), weight=3),
)  # fmt: skip
# Propose and Publish start a process each: tried in the tests, not a hundred thousand times.


@dataclass(slots=True)
class Findings:
    """What a run has seen."""

    inputs: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    slowest: float = 0.0
    """Seconds of the slowest call."""

    def note(self, code: str, where: str, payload: bytes) -> None:
        """Count an input, and keep it if its status is a fault."""
        self.inputs += 1
        self.statuses[code] += 1
        if code not in BLAMES_THE_CALLER:
            self.faults.append(f"{where}: {code} for {payload[:4000].hex()}")


def main() -> None:
    """Run, print what was seen, and exit with 1 if there is a fault."""
    one_thread()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    start = time.monotonic()
    found = run(given.count, given.seed)
    seconds = time.monotonic() - start
    slow = slow_rules(max(given.count // 100, 100), Random(given.seed))
    sys.stdout.write(
        f"{found.inputs} inputs in {seconds:.0f} s, {found.inputs / seconds:.0f} a second; the "
        f"slowest call took {found.slowest:.2f} s\n{dict(found.statuses.most_common())}\n"
    )
    for fault in [*found.faults[:20], *slow]:
        sys.stdout.write(f"FAULT {fault}\n")
    sys.exit(1 if found.faults or slow else 0)


def run(count: int, seed: int = 0) -> Findings:
    """Start both roles and send `count` inputs to them."""
    with ExitStack() as stack:
        store = stack.enter_context(tempfile.TemporaryDirectory(prefix="fuzz-"))
        cleaning = stack.enter_context(running_server(ServeSettings("127.0.0.1:0", workers=2)))
        learner = stack.enter_context(running_learner(LearnerSettings(store, "127.0.0.1:0")))
        found = Findings()
        asyncio.run(_fuzz(cleaning.address, learner.address, count, Random(seed), found))
        for role, process in (("service", cleaning.process), ("learner", learner.process)):
            if process.poll() is not None:
                found.faults.append(f"the {role} has ended")
    return found


async def _fuzz(cleaning: str, learner: str, count: int, luck: Random, found: Findings) -> None:
    async with (
        aio.insecure_channel(cleaning, options=UNLIMITED) as first,
        aio.insecure_channel(learner, options=UNLIMITED) as second,
    ):
        targets = [(first, t) for t in CLEANING for _ in range(3 * t.weight)]
        targets += [(second, t) for t in LEARNING for _ in range(t.weight)]

        async def work() -> None:
            while found.inputs < count:
                await _batch(first, luck, found)
                for _ in range(_BATCH // 4):
                    channel, target = luck.choice(targets)
                    payload = hostile(target.seeds, luck)
                    found.note(await call(channel, target, payload, found), target.path, payload)

        bar = asyncio.create_task(follow("inputs", count, lambda: found.inputs))
        await asyncio.gather(*(work() for _ in range(_AT_ONCE)))
        bar.cancel()
        await asyncio.wait((bar,))  # it leaves the terminal as it was


async def call(channel: aio.Channel, target: Target, payload: bytes, found: Findings) -> str:
    """Call with raw bytes; return the name of the status."""
    try:
        await _answers(channel, target, payload, found)
    except aio.AioRpcError as error:
        return str(error.code().name)
    return "OK"


async def _answers(channel: Any, target: Target, payload: bytes, found: Findings) -> list[bytes]:
    for _ in range(_ATTEMPTS - 1):
        try:
            return await _heard(channel, target, payload, found)
        except aio.AioRpcError as error:
            if not _no_room(error):
                raise
            await asyncio.sleep(_PAUSE_SECONDS)  # it was not looked at, and has shown nothing
    return await _heard(channel, target, payload, found)


def _no_room(error: Any) -> bool:
    """Whether the service only had too much to do."""
    status = from_call(error)
    return status is not None and any(row.Is(RetryInfo.DESCRIPTOR) for row in status.details)


async def _heard(channel: Any, target: Target, payload: bytes, found: Findings) -> list[bytes]:
    started = time.monotonic()
    try:
        if target.streams_in and target.streams_out:
            answers = channel.stream_stream(target.path)(_once(payload), timeout=SECONDS)
            return [answer async for answer in answers]
        if target.streams_in:
            return [await channel.stream_unary(target.path)(_once(payload), timeout=SECONDS)]
        return [await channel.unary_unary(target.path)(payload, timeout=SECONDS)]
    finally:
        found.slowest = max(found.slowest, time.monotonic() - started)


def _once(payload: bytes) -> Iterator[bytes]:
    yield payload


async def _batch(channel: aio.Channel, luck: Random, found: Findings) -> None:
    """Send a batch whose documents are broken pages and texts, some damaged as messages, too."""
    documents = [_hostile_document(luck) for _ in range(_BATCH)]
    payload = b"".join(b"\x12" + _varint(len(row)) + row for row in documents)
    target = luck.choice(CLEANING[1:3])
    try:
        answers = await _answers(channel, target, payload, found)
    except aio.AioRpcError as error:
        for row in documents:
            found.note(f"batch {error.code().name}", target.path, row)
        return
    items = pb.BatchCleanResponse.FromString(b"".join(answers)).items
    for at, row in enumerate(documents):
        told = items[at].error.code if at < len(items) else Code.Value("UNKNOWN")
        found.note(Code.Name(told), target.path, row)


def _hostile_document(luck: Random) -> bytes:
    what = luck.random()
    if what < 0.6:
        return damaged(luck.choice(_DOCUMENTS).SerializeToString(), luck)
    if what < 0.75:
        html = document_pb2.Document(kind=document_pb2.KIND_HTML, text=document_text(luck))
        return html.SerializeToString()
    return _document(text=odd_text(luck)).SerializeToString()


def hostile(seeds: Sequence[Message], luck: Random) -> bytes:
    """Return raw bytes, or a real message with some of its bytes changed."""
    if luck.random() < 0.3:
        return luck.randbytes(luck.randrange(120))
    return damaged(luck.choice(seeds).SerializeToString(), luck)


def damaged(payload: bytes, luck: Random) -> bytes:
    """Return `payload` with a few bytes changed, cut, doubled or put in."""
    raw = bytearray(payload)
    for _ in range(luck.randrange(1, 6)):
        at = luck.randrange(len(raw) + 1)
        match luck.randrange(5):
            case 0:
                raw[at : at + 1] = luck.randbytes(1)
            case 1:
                del raw[at : at + luck.randrange(1, 9)]
            case 2:
                raw[at:at] = luck.randbytes(luck.randrange(1, 5))
            case 3:
                raw[at:at] = raw[at : at + luck.randrange(1, 40)]
            case _:
                raw[at:at] = _varint(luck.choice((0, 127, 2**31 - 1, 2**32, 2**63, 2**64 - 1)))
    return bytes(raw)


def _varint(number: int) -> bytes:
    made = bytearray()
    while number > 127:
        made.append(number & 127 | 128)
        number >>= 7
    return bytes([*made, number])


def slow_rules(count: int, luck: Random) -> list[str]:
    """Pump pieces of the rules' own texts through their patterns; return those that take long.

    `rules check` does so with fixed pieces; here pieces, repetition and ends are drawn by lot.
    """
    rules = load_rulebook().rules
    found: dict[str, str] = {}
    for _ in range(count):
        rule = luck.choice(rules)
        text = pumped(rule, luck)
        seconds = min(_searched(rule, text) for _ in range(2))
        if seconds > 5 * SLOWEST_SECONDS:
            found[rule.id] = f"{rule.id}: {seconds * 1000:.0f} ms for {text[:200]!r}"
    return sorted(found.values())


def pumped(rule: Rule, luck: Random) -> str:
    """Return a text that may make the pattern backtrack, as long as it is ever given."""
    words = [*rule.keywords, *rule.pattern.split()]
    seed = fold_pattern(" ".join(luck.choices(words, k=3)) if luck.random() < 0.5 else words[0])
    start = luck.randrange(len(seed) + 1)
    piece = seed[start : start + luck.randrange(1, 30)] or " "
    size = min(rule.max_chars, 2_000)
    ends = luck.choice(("", "\x02", " ", ".", "!", "\n"))
    return seed[: luck.randrange(60)] + (piece * (size // len(piece) + 1))[: size - 61] + ends


def _searched(rule: Rule, text: str) -> float:
    start = time.process_time()
    try:
        rule.compiled().search(text, timeout=1)
    except TimeoutError:
        return 1.0
    return time.process_time() - start


if __name__ == "__main__":
    main()
