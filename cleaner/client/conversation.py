"""What is asked of a service, and when again: without a socket or a clock of its own.

A conversation is a generator: it yields what to do next, and is sent what came of it. `Client`
does it in a thread and `AsyncClient` in an event loop, so that both have the same manners.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar, cast

from google.protobuf.message import Message

from cleaner.client.batches import Batch, Batcher, sendable
from cleaner.client.convert import needs_source, options_message, result_of
from cleaner.errors import (
    CleanerError,
    DeadlineExceeded,
    InvalidInput,
    Overloaded,
    ServerError,
    TooLarge,
    Unreachable,
)
from cleaner.model import Result
from cleaner.profiles import Options
from cleaner.protocols import Given, Outcome
from cleaner.v1 import cleaner_service_pb2 as pb
from cleaner.v1 import options_pb2, ruleset_service_pb2
from cleaner.v1.cleaner_service_pb2_grpc import CleanerServiceStub
from cleaner.v1.ruleset_service_pb2_grpc import RulesetServiceStub

_T = TypeVar("_T")
_SHORTEST_SECONDS = 0.001
STREAM = "StreamClean"
"""The method that is asked by a stream: its answers come in the order of its requests."""
WINDOW = 8
"""Batches that are on their way, or wait to be taken, at a time."""
CHANNEL_OPTIONS = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # gRPC would wait up to two minutes before it looks whether a service has come back.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 2_000),
)
_rng = random.SystemRandom()  # processes that were forked must not wait in step


@dataclass(frozen=True, slots=True)
class Ask:
    """Call a method and send back the response, or the error that it came to."""

    method: str
    request: Message
    seconds: float
    """The call's deadline, from now."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing for some seconds."""

    seconds: float


class Interrupted(CleanerError):
    """A stream broke over another batch than this one, which may be sent again at once."""


Steps: TypeAlias = Generator[Ask | Wait, Message | CleanerError | None, _T]


@dataclass(slots=True)
class Begun(Generic[_T]):
    """A conversation whose present step is under way."""

    steps: Steps[_T]
    call: Callable[[Ask], Any]
    """Starts a call; what it returns can be cancelled."""
    step: Ask | Wait | None = None
    """What to do now; None at the end."""
    answer: Any = None
    """The call that is under way."""
    result: Any = None
    """What all of it came to, at the end."""

    def __post_init__(self) -> None:
        self.go_on(None)

    def go_on(self, told: Message | CleanerError | None) -> None:
        """Take the next step, given what came of the present one."""
        try:
            self.step = self.steps.send(told)
        except StopIteration as end:
            self.step, self.result = None, end.value
            return
        self.answer = self.call(self.step) if isinstance(self.step, Ask) else None

    @property
    def ready(self) -> bool:
        """Whether there is nothing to wait for."""
        return self.step is None or (self.answer is not None and self.answer.done())

    def cancel(self) -> None:
        """Leave it at that: the service drops what it has not begun."""
        if self.answer is not None:
            self.answer.cancel()


@dataclass(frozen=True, slots=True)
class Retries:
    """How often to ask again. Cleaning changes nothing, so that asking twice does no harm.

    Only what may pass by itself is asked again: a service that is not there, which may be being
    started, and one that says that it has too much to do. What failed, or took too long, would do
    so again.
    """

    unreachable: int = 4
    """How often where no service answers."""
    overloaded: int = 30
    """How often where it has too much to do; the deadline will mostly come first."""
    first_seconds: float = 0.1
    """What to wait at first; each time twice as long, less up to half of it by chance."""
    most_seconds: float = 5.0
    """What to wait at most, besides what the service asks for."""

    def wait(self, error: CleanerError, again: int) -> float | None:
        """Return the seconds to wait after an error, asked `again` times so far; None to stop."""
        asked = error.retry_seconds if isinstance(error, Overloaded) else 0.0
        if again >= self._most(error):
            return None
        backoff = min(self.first_seconds * 2.0 ** min(again, 30), self.most_seconds)
        return asked + backoff * _rng.uniform(0.5, 1.0)

    def _most(self, error: CleanerError) -> int:
        if isinstance(error, Overloaded):
            return self.overloaded
        return self.unreachable if isinstance(error, Unreachable) else 0


@dataclass(slots=True)
class Contact:
    """What one run over many documents has learned of the service."""

    lost: bool = False
    """Whether it was given up: then each batch has one try, not the whole series again."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """All that can be asked, by one caller's policy."""

    options: options_pb2.Options
    timeout: float
    """What an answer may take, retries included, in seconds."""
    limit: int
    """Bytes that a request may have."""
    retries: Retries

    @classmethod
    def of(
        cls, options: Options, version: str, timeout: float, limit: int, retries: Retries
    ) -> Conversation:
        """Return the conversation of a caller who has Options."""
        return cls(options_message(options, version), timeout, limit, retries)

    def clean(self, given: Given) -> Steps[Result]:
        """Ask for one document."""
        document, message = sendable(given, self.limit)
        request = pb.CleanRequest(options=self.options, document=message)
        request.options.include_source_text = needs_source(document)
        response = yield from self._ask("Clean", request)
        return result_of(cast(pb.CleanResponse, response).answer, document)

    def ruleset(self) -> Steps[ruleset_service_pb2.Ruleset]:
        """Ask what is loaded."""
        request = ruleset_service_pb2.GetRulesetRequest()
        response = yield from self._ask("GetRuleset", request)
        return cast(ruleset_service_pb2.GetRulesetResponse, response).ruleset

    def batch(self, batch: Batch) -> Steps[list[Outcome]]:
        """Ask for a few documents, by one call."""
        request = batch.request(pb.BatchCleanRequest, self.options)
        response = yield from self._ask("BatchClean", request)
        return list(batch.outcomes(cast(pb.BatchCleanResponse, response)))

    def part(self, batch: Batch, contact: Contact) -> Steps[list[Outcome]]:
        """Ask for a Batch of many by a stream, and for its halves where it fails as a whole.

        One document that no call survives costs two calls for each halving; a service that fails
        more often than two such documents would make it is not asked to the bitter end.
        """
        outcomes: list[Outcome] = []
        parts, failures = [batch], 2 * len(batch.slots).bit_length()
        while parts:
            part = parts.pop()
            try:
                outcomes += yield from self._told(part, contact, stream=part is batch)
            except (DeadlineExceeded, ServerError, TooLarge, InvalidInput) as error:
                if isinstance(error, InvalidInput) and error.field != "documents":
                    raise  # the options': no document would fare better
                failures -= isinstance(error, DeadlineExceeded | ServerError)
                if len(part.slots) > 1 and failures > 0:
                    parts += reversed(part.halves())
                else:
                    outcomes += part.failed(error)
        return outcomes

    def _told(self, batch: Batch, contact: Contact, stream: bool) -> Steps[list[Outcome]]:
        if not batch.documents:
            return list(batch.outcomes(pb.BatchCleanResponse()))
        told: Message | CleanerError | None = Interrupted() if stream else None
        if stream:
            request = batch.request(pb.StreamCleanRequest, self.options)
            while isinstance(told, Interrupted):
                told = yield Ask(STREAM, request, self.timeout)
        try:
            if not isinstance(told, Message):
                again = batch.request(pb.BatchCleanRequest, self.options)
                told = yield from self._ask("BatchClean", again, contact, told)
        except (Unreachable, Overloaded) as error:
            contact.lost = isinstance(error, Unreachable)
            return list(batch.failed(error))
        contact.lost = False
        return list(batch.outcomes(cast(pb.BatchCleanResponse, told)))

    def _ask(
        self,
        method: str,
        request: Message,
        contact: Contact | None = None,
        failed: CleanerError | None = None,
    ) -> Steps[Message]:
        """Ask until there is an answer, or until there is no sense in it; `failed` counts."""
        end = time.monotonic() + self.timeout
        again = 0
        while True:
            if failed is not None:
                seconds = self.retries.wait(failed, again)
                if contact and contact.lost and isinstance(failed, Unreachable):
                    raise failed
                if seconds is None or time.monotonic() + seconds >= end:
                    raise failed
                yield Wait(seconds)
                again += 1
            left = max(end - time.monotonic(), _SHORTEST_SECONDS)
            told = yield Ask(method, request, left)
            if not isinstance(told, CleanerError):
                return cast(Message, told)
            failed = told

    def batcher(self) -> Batcher:
        """Return what cuts a stream of documents into Batches for this caller."""
        return Batcher(self.limit)


def methods_of(channel: Any) -> dict[str, Any]:
    """Return what `Ask` may name, as a channel of either kind calls it."""
    cleaner, rulesets = CleanerServiceStub(channel), RulesetServiceStub(channel)
    return {
        "Clean": cleaner.Clean,
        "BatchClean": cleaner.BatchClean,
        STREAM: cleaner.StreamClean,
        "GetRuleset": rulesets.GetRuleset,
    }
