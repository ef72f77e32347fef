"""`Client`: the in-process Cleaner's methods, answered by a service."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator, Iterable
from types import TracebackType
from typing import Any, Self, TypeVar

import grpc
from google.protobuf.message import Message

from cleaner.client.batches import Batch, prepared
from cleaner.client.channel import Tls, open_channel
from cleaner.client.conversation import (
    CHANNEL_OPTIONS,
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
from cleaner.errors import CleanerError, Unreachable
from cleaner.model import Result
from cleaner.profiles import Options
from cleaner.protocols import Given, Outcome
from cleaner.v1 import ruleset_service_pb2

_T = TypeVar("_T")
_MIB = 1024 * 1024


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

        Sends batches, several on their way at a time; `documents` is read as answers come, so it
        may be endless, and what it raises comes behind the answers to all that it gave. A batch
        that fails as a whole is halved until the failure is one document's own. Where the service
        is gone, every document gets its Unreachable.

        Raises:
            UnknownName, InvalidInput: options that the service does not know.
            NotAllowed: the service does not let this caller clean.
        """
        contact, batcher = Contact(), self._talk.batcher()
        window: deque[Begun[list[Outcome]]] = deque()
        try:
            for batch in batcher.batches(documents):
                window.append(Begun(self._talk.part(batch, contact), self._call))
                while window and (len(window) == WINDOW or window[0].ready):
                    yield from self._ended(window.popleft())
            while window:
                yield from self._ended(window.popleft())
        finally:
            for begun in window:
                begun.cancel()
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

    def _done(self, steps: Steps[_T]) -> _T:
        return self._ended(Begun(steps, self._call))

    def _ended(self, begun: Begun[_T]) -> _T:
        while begun.step is not None:
            begun.go_on(self._told(begun))
        result: _T = begun.result
        return result

    def _call(self, ask: Ask) -> Any:
        return self._methods[ask.method].future(ask.request, timeout=ask.seconds)

    def _told(self, begun: Begun[_T]) -> Message | CleanerError | None:
        if isinstance(begun.step, Wait):
            time.sleep(begun.step.seconds)
            return None
        try:
            response: Message = begun.answer.result()
            return response
        except grpc.RpcError as error:
            return call_error(error, self._address)
        except grpc.FutureCancelledError:
            return Unreachable("the client was closed")
