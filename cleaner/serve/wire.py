"""Bytes that the front handles without parsing them.

The front never parses a document: that is work, and bad bytes are a worker's to judge. Two facts
of the protobuf encoding let it cut and join batches all the same: every field of a message stands
behind a tag and a length, and the concatenation of two messages is the message with both lists.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from struct import Struct

from cleaner.errors import InvalidInput

LENGTH = Struct("<I")
"""What stands before every frame between front and worker."""
OK, FAILED, TOLD = 0, 1, 2
"""Tags of a worker's answers: a response message, a ``google.rpc.Status``, and, once, behind the
others, the tally of the frame."""
BOARD_BYTES = 16
JOB, DOCUMENT, LEFT, SPENT = 0, 1, 2, 3
"""Places on the board that front and worker share: the request of the frame and the document of
the request that are in hand; a bit for each request whose caller has left; and whether the worker
asks to be replaced."""
FRAME_JOBS = 32
"""Requests in one frame at most: `LEFT` has a bit for each."""


class Method(IntEnum):
    """What a worker can be asked for."""

    CLEAN = 0
    BATCH = 1
    GET_RULESET = 2
    LIST_RULES = 3
    GET_RULE = 4
    LOAD = 5
    """Not a caller's: hold these editions from now on."""


_DOCUMENTS = 2 << 3 | 2  # field 2, length-delimited, of Batch- and StreamCleanRequest
_FIXED = {1: 8, 5: 4}
_PART = Struct("<BI")


@dataclass(frozen=True, slots=True)
class Batch:
    """A BatchCleanRequest or StreamCleanRequest, cut open."""

    head: bytes
    """Its fields other than documents, as they came."""
    documents: tuple[bytes, ...]
    """Its documents, each with tag and length."""

    def part(self, start: int, end: int) -> Batch:
        """Return the request for some of the documents."""
        return Batch(self.head, self.documents[start:end])

    def parts(self, documents: int, size: int) -> Iterator[Batch]:
        """Yield it in requests of so many documents, or of so many bytes if that comes first."""
        start = held = 0
        for at, document in enumerate(self.documents):
            if at - start == documents or (held and held + len(document) > size):
                yield self.part(start, at)
                start, held = at, 0
            held += len(document)
        yield self.part(start, len(self.documents))

    def payload(self) -> bytes:
        """Return it as one message again."""
        return b"".join((self.head, *self.documents))


def split(raw: bytes) -> Batch:
    """Cut a batch request open.

    Raises:
        InvalidInput: the bytes are no protobuf message.
    """
    head: list[bytes] = []
    documents: list[bytes] = []
    at, size = 0, len(raw)
    while at < size:
        start = at
        tag, at = _varint(raw, at)
        if (kind := tag & 7) == 2:
            length, at = _varint(raw, at)
            at += length
        elif kind == 0:
            _, at = _varint(raw, at)
        else:
            at += _FIXED.get(kind, size)  # groups are no part of proto3
        if at > size:
            raise _malformed()
        (documents if tag == _DOCUMENTS else head).append(raw[start:at])
    return Batch(b"".join(head), tuple(documents))


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift, byte in enumerate(raw[at : at + 10]):
        value |= (byte & 0x7F) << 7 * shift
        if byte < 0x80:
            return value, at + shift + 1
    raise _malformed()


def _malformed() -> InvalidInput:
    return InvalidInput("request", "the request is not a protobuf message: truncated or garbage")


def pack(parts: Iterable[tuple[int, bytes]]) -> bytes:
    """Return tagged parts as the body of one frame from worker to front."""
    pieces: list[bytes] = []
    for tag, payload in parts:
        pieces += (_PART.pack(tag, len(payload)), payload)
    return b"".join(pieces)


def pack_requests(edition: int, parts: Iterable[tuple[int, bytes]]) -> bytes:
    """Return requests to one edition as the body of a frame from front to worker."""
    return LENGTH.pack(edition) + pack(parts)


def unpack_requests(body: bytes) -> tuple[int, list[tuple[int, bytes]]]:
    """Return the edition and the requests of a frame's body."""
    return LENGTH.unpack_from(body)[0], unpack(body, LENGTH.size)


def unpack(body: bytes, at: int = 0) -> list[tuple[int, bytes]]:
    """Return the tagged parts of a frame's body, from offset `at` on."""
    parts = []
    while at < len(body):
        tag, length = _PART.unpack_from(body, at)
        at += _PART.size + length
        parts.append((tag, body[at - length : at]))
    return parts
