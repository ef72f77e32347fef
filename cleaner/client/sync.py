"""`Client`: the in-process Cleaner's methods, answered by a service."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import SimpleQueue
from types import TracebackType
from typing import Generic, Self, TypeAlias, TypeVar

import grpc

from cleaner.client.convert import as_document, message_of, needs_source, options_message, result_of
from cleaner.client.errors import call_error, error_of
from cleaner.errors import CleanerError, DeadlineExceeded, TooLarge, Unreachable
from cleaner.model import Document, Result
from cleaner.profiles import Options
from cleaner.v1 import cleaner_service_pb2 as pb
from cleaner.v1 import document_pb2, ruleset_service_pb2
from cleaner.v1.cleaner_service_pb2_grpc import CleanerServiceStub
from cleaner.v1.ruleset_service_pb2_grpc import RulesetServiceStub

Given: TypeAlias = str | bytes | Document
_Request = TypeVar("_Request", pb.StreamCleanRequest, pb.BatchCleanRequest)
_MIB = 1024 * 1024
_BATCH_DOCUMENTS = 32
_BATCH_BYTES = _MIB
_WINDOW = 8
_UNLIMITED = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))


class Client:
    """Cleans through a service. Share one between threads; close it or use it as a context.

    A Result differs from the in-process one in this: its ``verdicts`` are those of what was
    removed, and its ``document`` is the caller's, with the text that offsets refer to.
    """

    def __init__(
        self,
        address: str = "127.0.0.1:50051",
        options: Options = Options(),
        *,
        ruleset_version: str = "",
        timeout: float = 60.0,
        max_message_bytes: int = 32 * _MIB,
    ) -> None:
        """Connect lazily: the first call tells whether there is a service.

        `ruleset_version` pins what answers may come from; `timeout` is what one answer may take,
        in seconds; `max_message_bytes` is the service's own limit, kept here so that one document
        over it does not end a stream.
        """
        self._address = address
        self._options = options_message(options, ruleset_version)
        self._timeout = timeout
        self._limit = max_message_bytes
        self._channel = grpc.insecure_channel(address, options=_UNLIMITED)
        self._cleaner = CleanerServiceStub(self._channel)
        self._rulesets = RulesetServiceStub(self._channel)

    def clean(self, document: Given) -> Result:
        """Return the article in `document`, and everything about what was taken out.

        Raises:
            InvalidInput, TooLarge: as `cleaner.Cleaner.clean`.
            UnknownName: options that the service does not know.
            Unreachable, DeadlineExceeded, ServerError: the service did not answer, or failed.
        """
        given = as_document(document)
        request = pb.CleanRequest(options=self._options, document=self._message(given))
        request.options.include_source_text = needs_source(given)
        with self._errors():
            answer = self._cleaner.Clean(request, timeout=self._timeout).answer
        return result_of(answer, given)

    def clean_many(self, documents: Iterable[Given]) -> Iterator[Result | CleanerError]:
        """Yield a Result for each Document, in order; its error for one that cannot be cleaned.

        Streams batches, several on their way at a time; `documents` is read as answers come, so
        it may be endless.

        Raises:
            UnknownName: options that the service does not know.
            Unreachable, DeadlineExceeded, ServerError: the stream broke.
        """
        with self._errors(), _Stream(self._cleaner, self._timeout) as stream:
            pending: deque[_Batch[pb.StreamCleanRequest]] = deque()
            for batch in self._batches(documents):
                stream.send(batch.request)
                pending.append(batch)
                if len(pending) == _WINDOW:
                    yield from pending.popleft().outcomes(stream.receive())
            while pending:
                yield from pending.popleft().outcomes(stream.receive())

    def clean_batch(self, documents: Iterable[Given]) -> list[Result | CleanerError]:
        """Return a Result for each of a few Documents, or its error, by one call.

        Raises:
            UnknownName: options that the service does not know.
            InvalidInput: more documents than the service takes in one batch.
            Unreachable, DeadlineExceeded, ServerError: the service did not answer, or failed.
        """
        batch = _Batch(pb.BatchCleanRequest(options=self._options))
        for given in documents:
            batch.add(*self._prepared(as_document(given)))
        with self._errors():
            response = self._cleaner.BatchClean(batch.request, timeout=self._timeout)
        return list(batch.outcomes(response))

    def ruleset(self) -> ruleset_service_pb2.Ruleset:
        """Return what the service has loaded: its version and the names options may use.

        Raises:
            Unreachable, DeadlineExceeded, ServerError: the service did not answer, or failed.
        """
        request = ruleset_service_pb2.GetRulesetRequest()
        with self._errors():
            return self._rulesets.GetRuleset(request, timeout=self._timeout).ruleset

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

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except grpc.RpcError as error:
            raise call_error(error, self._address) from None

    def _message(self, document: Document) -> document_pb2.Document:
        message = message_of(document)
        # Room for the options beside it.
        if (size := message.ByteSize()) > self._limit - 64 * 1024:
            raise TooLarge("max_message_bytes", f"document of {size} bytes; limit {self._limit}")
        return message

    def _batches(self, documents: Iterable[Given]) -> Iterator[_Batch[pb.StreamCleanRequest]]:
        batch, size = _Batch(pb.StreamCleanRequest(options=self._options)), 0
        for given in documents:
            slot, message = self._prepared(as_document(given))
            cost = message.ByteSize() if message else 0
            full = size + cost > _BATCH_BYTES or len(batch.slots) >= _BATCH_DOCUMENTS
            if batch.slots and full:
                yield batch
                batch, size = _Batch(pb.StreamCleanRequest(options=self._options)), 0
            batch.add(slot, message)
            size += cost
        if batch.slots:
            yield batch

    def _prepared(
        self, document: Document
    ) -> tuple[Document | CleanerError, document_pb2.Document | None]:
        """Return a document and its message, or what is wrong with it."""
        try:
            return document, self._message(document)
        except CleanerError as error:
            return error, None


@dataclass(slots=True)
class _Batch(Generic[_Request]):
    """A request, and what the caller expects in answer to it."""

    request: _Request
    slots: list[Document | CleanerError] = field(default_factory=list)
    """The caller's documents, and errors in the places of those that could not be sent."""

    def add(self, slot: Document | CleanerError, message: document_pb2.Document | None) -> None:
        self.slots.append(slot)
        if isinstance(slot, Document) and needs_source(slot):
            self.request.options.include_source_text = True
        if message is not None:
            self.request.documents.append(message)

    def outcomes(
        self, response: pb.StreamCleanResponse | pb.BatchCleanResponse
    ) -> Iterator[Result | CleanerError]:
        items = iter(response.items)
        for slot in self.slots:
            if isinstance(slot, CleanerError):
                yield slot
                continue
            item = next(items)
            failed = item.HasField("error")
            yield error_of(item.error) if failed else result_of(item.answer, slot)


class _Stream:
    """A StreamClean call, driven from the caller's thread."""

    def __init__(self, stub: CleanerServiceStub, timeout: float) -> None:
        self._requests: SimpleQueue[pb.StreamCleanRequest | None] = SimpleQueue()
        self._call = stub.StreamClean(iter(self._requests.get, None))
        self._timeout = timeout
        self._waits_since = 0.0
        self._expired = False
        self._closed = threading.Event()

    def send(self, request: pb.StreamCleanRequest) -> None:
        self._requests.put(request)

    def receive(self) -> pb.StreamCleanResponse:
        self._waits_since = time.monotonic()
        try:
            response: pb.StreamCleanResponse = next(iter(self._call))
            return response
        except StopIteration:
            raise Unreachable("the service ended the stream early") from None
        except grpc.RpcError:
            if self._expired:
                raise DeadlineExceeded(f"no answer for {self._timeout:g} s") from None
            raise
        finally:
            self._waits_since = 0.0

    def _watch(self) -> None:
        # A call's deadline counts from its start, which is no measure for a stream without end.
        while not self._closed.wait(self._timeout / 4):
            since = self._waits_since
            if since and time.monotonic() - since > self._timeout:
                self._expired = True
                self._call.cancel()

    def __enter__(self) -> Self:
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._requests.put(None)
        self._call.cancel()
