"""Documents into requests, and answers back into the places of their documents."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from cleaner.client.convert import as_document, message_of, needs_source, result_of
from cleaner.client.errors import error_of
from cleaner.errors import CleanerError, ServerError, TooLarge
from cleaner.model import Document
from cleaner.protocols import Given, Outcome
from cleaner.v1 import cleaner_service_pb2 as pb
from cleaner.v1 import document_pb2, options_pb2

BATCH_DOCUMENTS = 32
_BATCH_BYTES = 1024 * 1024
LINGER_SECONDS = 0.02
"""How long a document may wait for others to share its request."""
_OPTIONS_BYTES = 64 * 1024
_Request = TypeVar("_Request", pb.BatchCleanRequest, pb.StreamCleanRequest)
Sent: TypeAlias = tuple[Document, document_pb2.Document]
"""A caller's document and its message."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Documents of one request; errors in the places of those that could not be sent."""

    slots: Sequence[Sent | CleanerError]

    @property
    def documents(self) -> list[Sent]:
        """Those that are sent."""
        return [slot for slot in self.slots if not isinstance(slot, CleanerError)]

    def halves(self) -> tuple[Batch, Batch]:
        """Return it as two."""
        middle = len(self.slots) // 2
        return Batch(self.slots[:middle]), Batch(self.slots[middle:])

    def request(self, kind: type[_Request], options: options_pb2.Options) -> _Request:
        """Return the message for it, of one kind or the other."""
        sent = self.documents
        request = kind(options=options, documents=[message for _, message in sent])
        request.options.include_source_text = any(needs_source(given) for given, _ in sent)
        return request

    def outcomes(
        self, response: pb.BatchCleanResponse | pb.StreamCleanResponse
    ) -> Iterator[Outcome]:
        """Yield what became of each document.

        Raises:
            ServerError: the response is to some other request.
        """
        if len(response.items) != len(self.documents):
            raise ServerError(f"{len(response.items)} answers to {len(self.documents)} documents")
        items = iter(response.items)
        for slot in self.slots:
            if isinstance(slot, CleanerError):
                yield slot
                continue
            item = next(items)
            failed = item.HasField("error")
            yield error_of(item.error) if failed else result_of(item.answer, slot[0])

    def failed(self, error: CleanerError) -> Iterator[Outcome]:
        """Yield the same error for all that were sent."""
        for slot in self.slots:
            yield slot if isinstance(slot, CleanerError) else error


@dataclass(slots=True)
class Batcher:
    """Cuts a stream of documents into Batches, by number, by size and by time."""

    limit: int
    """Bytes that a request may have."""
    failure: Exception | None = None
    """What the source of the documents raised: a caller hears of it behind all answers."""
    _slots: list[Sent | CleanerError] = field(default_factory=list)
    _size: int = 0
    _since: float = 0.0

    def batches(self, documents: Iterable[Given]) -> Iterator[Batch]:
        """Yield all documents in Batches; a source that pauses need not fill them."""
        try:
            for given in documents:
                yield from self.add(given)
                if self._slots and self.patience() == 0:
                    yield self.cut()
        except Exception as error:  # noqa: BLE001 - the caller's own, raised to it in its turn
            self.failure = error
        if self._slots:
            yield self.cut()

    def add(self, given: Given) -> Iterator[Batch]:
        """Take a document in; yield the Batches that are full by now."""
        slot = prepared(given, self.limit)
        cost = 0 if isinstance(slot, CleanerError) else slot[1].ByteSize()
        if self._slots and self._size + cost > _BATCH_BYTES:
            yield self.cut()
        if not self._slots:
            self._since = time.monotonic()
        self._slots.append(slot)
        self._size += cost
        if len(self._slots) == BATCH_DOCUMENTS or self._size >= _BATCH_BYTES:
            yield self.cut()

    def patience(self) -> float | None:
        """Return the seconds for which more documents may be waited for; None without end."""
        if not self._slots:
            return None
        return max(self._since + LINGER_SECONDS - time.monotonic(), 0.0)

    def cut(self) -> Batch:
        """Return what has been taken in since the last Batch."""
        batch = Batch(self._slots)
        self._slots, self._size = [], 0
        return batch


def sendable(given: Given, limit: int) -> Sent:
    """Return a document and its message.

    Raises:
        InvalidInput: a lone surrogate in one of its strings.
        TooLarge: the service would not read the message.
    """
    document = as_document(given)
    message = message_of(document)
    if (size := message.ByteSize()) > limit - _OPTIONS_BYTES:
        raise TooLarge("max_message_bytes", f"document of {size} bytes; limit {limit}")
    return document, message


def prepared(given: Given, limit: int) -> Sent | CleanerError:
    """Return a document and its message, or what is wrong with it."""
    try:
        return sendable(given, limit)
    except CleanerError as error:
        return error
