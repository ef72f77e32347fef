"""The inside of a worker process: request bytes in, answer or status bytes out.

A worker has one socket to the front and answers one frame after the other. It shares sixteen
bytes of memory, the board, with the front: on it stands which document of the frame it is at, so
that the front knows whom to blame if it dies; which callers have left; and whether the worker has
had enough and asks to be replaced.
"""

from __future__ import annotations

import gc
import json
import logging
import mmap
import signal
import socket
import sys
import traceback
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

from google.protobuf import empty_pb2
from google.protobuf.message import DecodeError, Message
from google.rpc.status_pb2 import Status

from cleaner import Cleaner
from cleaner.errors import CleanerError, InvalidInput
from cleaner.ingest.limits import Limits
from cleaner.serve import logs, ruleset, status, wire
from cleaner.serve.convert import View, answer_of, document_of, options_of, view_of
from cleaner.serve.editions import Editions, heard
from cleaner.serve.loaded import Loaded
from cleaner.serve.memory import Memory
from cleaner.serve.tally import Tally
from cleaner.serve.wire import BOARD_BYTES, DOCUMENT, FAILED, JOB, LEFT, LENGTH, OK, SPENT, TOLD
from cleaner.v1 import answer_pb2, cleaner_service_pb2, document_pb2, options_pb2
from cleaner.v1 import ruleset_service_pb2 as ruleset_pb2

_KEPT_POLICIES = 64

_log = logging.getLogger(__name__)


class Abandoned(Exception):
    """The caller of the request in hand has left."""


class Policy(NamedTuple):
    """What a caller's options come to."""

    cleaner: Cleaner
    view: View


class Answerer:
    """Answers requests, given as bytes. Holds no state that an answer could depend on.

    The front says with every frame which edition it is for, so that a request whose parts are
    answered by several workers is answered from one.
    """

    def __init__(self, limits: Limits, board: memoryview, editions: Editions) -> None:
        self._limits = limits
        self._board = board
        self._loaded = Loaded(limits)
        self._loaded.load(editions)
        self._current = self._loaded.of(editions[-1].number)
        self._current.clean("Loads whatever the first document would have to wait for.")
        self._tally = Tally()
        self._policies: OrderedDict[tuple[str, bytes], Policy] = OrderedDict()
        self._methods: dict[int, Callable[[bytes], Message]] = {
            wire.Method.CLEAN: self._clean,
            wire.Method.BATCH: self._batch,
            wire.Method.LOAD: self._load,
            wire.Method.GET_RULESET: lambda _: ruleset.get_ruleset(
                self._current, self._loaded.versions
            ),
            wire.Method.LIST_RULES: lambda payload: ruleset.list_rules(
                _read(ruleset_pb2.ListRulesRequest(), payload), self._current
            ),
            wire.Method.GET_RULE: lambda payload: ruleset.get_rule(
                _read(ruleset_pb2.GetRuleRequest(), payload), self._current
            ),
        }

    def answer(self, frame: bytes) -> bytes:
        """Return the answers to a frame of requests."""
        edition, requests = wire.unpack_requests(frame)
        self._current = self._loaded.of(edition)
        answers = [self._one(job, *request) for job, request in enumerate(requests)]
        return wire.pack([*answers, (TOLD, self._tally.told(self._current.ruleset_version))])

    def _load(self, payload: bytes) -> Message:
        self._loaded.load(heard(payload))
        self._policies.clear()
        return empty_pb2.Empty()

    def _one(self, job: int, method: int, payload: bytes) -> tuple[int, bytes]:
        self._board[JOB] = job
        self._board[DOCUMENT] = 0
        try:
            self._go_on()
            return OK, self._methods[method](payload).SerializeToString()
        except Abandoned:
            return FAILED, b""
        except Exception as error:  # noqa: BLE001 - whatever it is, it costs this request alone
            return FAILED, self._failed(error).SerializeToString()

    def _clean(self, payload: bytes) -> Message:
        request = _read(cleaner_service_pb2.CleanRequest(), payload)
        policy = self._policy(request.options)
        if not request.HasField("document"):
            raise InvalidInput("document", "document is required")
        result = self._tally.count(policy.cleaner.clean(document_of(request.document)))
        return cleaner_service_pb2.CleanResponse(answer=answer_of(result, policy.view))

    def _batch(self, payload: bytes) -> Message:
        options, documents = _read_batch(payload)
        policy = self._policy(options)
        items = [self._item(at, document, policy) for at, document in enumerate(documents)]
        return cleaner_service_pb2.BatchCleanResponse(items=items)

    def _item(
        self, at: int, document: document_pb2.Document | InvalidInput, policy: Policy
    ) -> answer_pb2.Item:
        self._board[DOCUMENT] = at
        self._go_on()
        if isinstance(document, InvalidInput):
            return answer_pb2.Item(error=status.status_of(document))
        try:
            result = self._tally.count(policy.cleaner.clean(document_of(document)))
            answer = answer_of(result, policy.view)
            return answer_pb2.Item(id=document.id, answer=answer)
        except Abandoned:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it costs this document alone
            return answer_pb2.Item(id=document.id, error=self._failed(error))

    def _go_on(self) -> None:
        """Asked between documents, and between the stages of one."""
        if self._board[LEFT] >> self._board[JOB] & 1:
            raise Abandoned

    def _failed(self, error: Exception) -> Status:
        self._tally.failures += 1
        if isinstance(error, MemoryError):  # what it left behind is anybody's guess
            self._board[SPENT] = 1
        return _status_of(error)

    def _policy(self, message: options_pb2.Options) -> Policy:
        """Return what the options come to; the last few are kept, for a Cleaner costs to build."""
        pinned = message.ruleset_version
        base = self._loaded.pinned(pinned) if pinned else self._current
        key = base.ruleset_version, message.SerializeToString(deterministic=True)
        policy = self._policies.get(key)
        if policy is None:
            policy = self._policies[key] = self._new_policy(message, base)
            if len(self._policies) > _KEPT_POLICIES:
                self._policies.popitem(last=False)
        return policy

    def _new_policy(self, message: options_pb2.Options, base: Cleaner) -> Policy:
        cleaner = Cleaner(options_of(message), self._limits, base.bundle, self._go_on)
        return Policy(cleaner, view_of(message))


_M = TypeVar("_M", bound=Message)


def _read(message: _M, payload: bytes) -> _M:
    try:
        message.ParseFromString(payload)
    except DecodeError:
        name = message.DESCRIPTOR.full_name
        raise InvalidInput(
            "request", f"the request is not a {name}: truncated, or a string is not UTF-8"
        ) from None
    return message


def _read_batch(
    payload: bytes,
) -> tuple[options_pb2.Options, Iterable[document_pb2.Document | InvalidInput]]:
    try:
        request = cleaner_service_pb2.BatchCleanRequest.FromString(payload)
    except DecodeError:
        return _read_singly(wire.split(payload))
    return request.options, request.documents


def _read_singly(
    batch: wire.Batch,
) -> tuple[options_pb2.Options, list[document_pb2.Document | InvalidInput]]:
    """Read a request that cannot be read as a whole: the documents that can be, and errors."""
    head = _read(cleaner_service_pb2.BatchCleanRequest(), batch.head)
    documents: list[document_pb2.Document | InvalidInput] = []
    for document in batch.documents:
        try:
            read = _read(cleaner_service_pb2.BatchCleanRequest(), document)
            documents.append(read.documents[0])
        except InvalidInput as error:
            documents.append(error)
    return head.options, documents


def _status_of(error: Exception) -> Status:
    if isinstance(error, CleanerError):
        return status.status_of(error)
    if isinstance(error, MemoryError):
        return status.out_of_memory()
    # An exception's message may quote the document, which is nobody's business but the caller's.
    where = "".join(traceback.format_tb(error.__traceback__))
    _log.error("%s in a worker\n%s", type(error).__name__, where)
    return status.internal()


def main(socket_fd: str, board_fd: str, limits: str, editions: str, memory: str) -> None:
    """Serve the front at the other end of a socket until it goes away."""
    # The front decides when to stop; an operator's signal to the whole group must not lose work.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    logs.configure(level=logging.WARNING)
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # it quotes pages it cannot read
    board = memoryview(mmap.mmap(int(board_fd), BOARD_BYTES)).cast("I")
    front = socket.socket(fileno=int(socket_fd))
    try:
        answerer = Answerer(Limits(**json.loads(limits)), board, heard(editions))
    except CleanerError as error:
        sys.exit(f"a worker cannot start: {error}")
    gc.collect()
    gc.freeze()
    held = Memory(int(memory))
    held.cap()
    front.sendall(LENGTH.pack(0))  # ready
    try:
        while True:
            (size,) = LENGTH.unpack(_receive(front, LENGTH.size))
            body = answerer.answer(_receive(front, size))
            board[SPENT] |= held.swollen()
            front.sendall(LENGTH.pack(len(body)) + body)
    except (EOFError, ConnectionError):
        return


def _receive(front: socket.socket, size: int) -> bytes:
    buffer = bytearray(size)
    view, have = memoryview(buffer), 0
    while have < size:
        if not (count := front.recv_into(view[have:])):
            raise EOFError
        have += count
    return bytes(buffer)
