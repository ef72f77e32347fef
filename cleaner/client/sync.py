"""`Client`: the in-process Cleaner's methods, answered by a service."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator, Iterable
from types import TracebackType
from typing import Any, Self, TypeVar, cast

import grpc

from cleaner.client.batches import Batch, prepared
from cleaner.client.channel import Tls, open_channel
from cleaner.client.conversation import (
    CHANNEL_OPTIONS,
    STREAM,
    WINDOW,
    Ask,
    Begun,
    Contact,
    Conversation,
    Retries,
    Steps,
    Wait,
    methods_of,
)
from cleaner.client.errors import call_error
from cleaner.client.streams import Stream
from cleaner.errors import DeadlineExceeded, Unreachable
from cleaner.model import Result
from cleaner.profiles import Options
from cleaner.protocols import Given, Outcome
from cleaner.v1 import cleaner_service_pb2 as pb
from cleaner.v1 import ruleset_service_pb2

_T = TypeVar("_T")
_MIB = 1024 * 1024


class _Calls:
    """Does what a conversation asks for; one run over many documents has one stream."""

    def __init__(self, methods: dict[str, Any], address: str) -> None:
        self._methods = methods
        self._address = address
        self._stream: Stream | None = None

    def begin(self, ask: Ask) -> Any:
        """Start a call; return its answer to come."""
        if ask.method != STREAM:
            return self._methods[ask.method].future(ask.request, timeout=ask.seconds)
        if self._stream is None or self._stream.broken:
            self._stream = Stream(self._methods[STREAM], self._address)
        return self._stream.ask(cast(pb.StreamCleanRequest, ask.request))

    def end(self, begun: Begun[_T]) -> _T:
        """Take a conversation to its end."""
        while begun.step is not None:
            begun.go_on(self._told(begun.step, begun.answer))
        result: _T = begun.result
        return result

    def _told(self, step: Ask | Wait, answer: Any) -> Any:
        if isinstance(step, Wait):
            time.sleep(step.seconds)
            return None
        try:
            return answer.result(timeout=step.seconds if step.method == STREAM else None)
        except TimeoutError:
            self.close()
            return DeadlineExceeded(f"no answer from {self._address} for {step.seconds:g} s")
        except grpc.RpcError as error:
            return call_error(error, self._address)
        except grpc.FutureCancelledError:
            return Unreachable("the client was closed")

    def close(self) -> None:
        """Take back what is not answered."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None


class Client:
    """Cleans through a service. Share one between threads; close it or use it as a context.

    What may pass by itself is asked again, as `Retries` says. A Result differs from the in-process
    one in this: its ``verdicts`` are those of what was removed, and its ``document`` is the
    caller's, with the text that offsets refer to.
    """

    def __init__(
        self,
        address: str = "127.0.0.1:50051",
        options: Options = Options(),
        *,
        ruleset_version: str = "",
        timeout: float = 60.0,
        max_message_bytes: int = 32 * _MIB,
        retries: Retries = Retries(),
        token: str = "",
        tls: Tls | None = None,
    ) -> None:
        """Connect lazily: the first call tells whether there is a service.

        `ruleset_version` pins what answers may come from; `timeout` is what one answer may take,
        in seconds; `max_message_bytes` is the service's own limit, kept here so that one document
        over it is not sent for nothing.
        """
        self._address = address
        self._talk = Conversation.of(options, ruleset_version, timeout, max_message_bytes, retries)
        self._channel = open_channel(address, token=token, tls=tls, options=CHANNEL_OPTIONS)
        self._methods = methods_of(self._channel)

    def clean(self, document: Given) -> Result:
        """Return the article in `document`, and everything about what was taken out.

        Raises:
            InvalidInput, TooLarge: as `cleaner.Cleaner.clean`.
            UnknownName: options that the service does not know.
            NotAllowed: the service does not let this caller clean.
            Unreachable, Overloaded, DeadlineExceeded, ServerError: it gave no answer, or failed.
        """
        return self._done(self._talk.clean(document))

    def clean_many(self, documents: Iterable[Given]) -> Generator[Outcome, None, None]:
        """Yield a Result for each Document, in order; its error for one that was not cleaned.

        Streams batches, several on their way at a time; `documents` is read as answers come, so it
        may be endless, and what it raises comes behind the answers to all that it gave. A batch
        that fails as a whole is halved until the failure is one document's own. Where the service
        is gone, every document gets its Unreachable.

        Raises:
            UnknownName, InvalidInput: options that the service does not know.
            NotAllowed: the service does not let this caller clean.
        """
        contact, batcher, calls = Contact(), self._talk.batcher(), self._calls()
        window: deque[Begun[list[Outcome]]] = deque()
        try:
            for batch in batcher.batches(documents):
                window.append(Begun(self._talk.part(batch, contact), calls.begin))
                while window and (len(window) == WINDOW or window[0].ready):
                    yield from calls.end(window.popleft())
            while window:
                yield from calls.end(window.popleft())
        finally:
            calls.close()
        if batcher.failure:
            raise batcher.failure

    def clean_batch(self, documents: Iterable[Given]) -> list[Outcome]:
        """Return a Result for each of a few Documents, or its error, by one call.

        Raises:
            UnknownName, InvalidInput: options that the service does not know, or more documents
                than it takes in one batch.
            NotAllowed: the service does not let this caller clean.
            Unreachable, Overloaded, DeadlineExceeded, ServerError: it gave no answer, or failed.
        """
        slots = [prepared(given, self._talk.limit) for given in documents]
        return self._done(self._talk.batch(Batch(slots)))

    def ruleset(self) -> ruleset_service_pb2.Ruleset:
        """Return what the service has loaded: its version and the names options may use.

        Raises:
            Unreachable, Overloaded, DeadlineExceeded, ServerError: it gave no answer, or failed.
        """
        return self._done(self._talk.ruleset())

    def close(self) -> None:
        """Hang up; calls in flight are cancelled."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _calls(self) -> _Calls:
        return _Calls(self._methods, self._address)

    def _done(self, steps: Steps[_T]) -> _T:
        calls = self._calls()
        return calls.end(Begun(steps, calls.begin))
