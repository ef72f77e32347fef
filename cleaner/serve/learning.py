"""What LearnerService does with request bytes, in a thread of the front or in a process.

Mining takes seconds and memory, so that each Propose and Publish has a process of its own: it ends
with its call, and whatever happens to it happens to that call alone.
"""

from __future__ import annotations

import json
import logging
import signal
import socket
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

from google.protobuf.message import DecodeError, Message
from google.rpc.status_pb2 import Status

from cleaner.errors import CleanerError, InvalidInput
from cleaner.learn.templates.learner import Learner
from cleaner.learn.templates.store import Observed
from cleaner.serve import learner_convert as convert
from cleaner.serve import logs, status
from cleaner.serve.configure import from_dict
from cleaner.serve.settings import LearnerSettings
from cleaner.serve.wire import FAILED, LENGTH, OK, pack
from cleaner.threads import one_thread
from cleaner.v1 import learner_service_pb2 as pb

_log = logging.getLogger("cleaner.serve")
_M = TypeVar("_M", bound=Message)
DONE = LENGTH.pack(0)
"""The frame that ends what a process answers; without it, the process died."""


class Lessons:
    """The methods, on one store. One thread at a time."""

    def __init__(self, settings: LearnerSettings) -> None:
        """Open the store (StoreError: that fails)."""
        self._learner = Learner(Path(settings.store), settings.limits, settings.rules)
        self.mined: dict[str, Callable[[bytes], Iterator[Message]]] = {
            "Propose": self._propose,
            "Publish": self._publish,
        }
        self.quick: dict[str, Callable[[bytes], Message]] = {
            "Rollback": self._rollback,
            "ListVersions": lambda _: convert.versions_response(self._learner),
            "GetPublisherProfile": self._profile,
        }

    def observe(self, payload: bytes) -> Observed:
        """Take the pages of one request in."""
        request = _read(pb.ObserveRequest(), payload)
        bad = Observed()
        done = self._learner.observe(convert.pages_of(request.pages, bad.refused))
        done.refused.update(bad.refused)
        return done

    def close(self) -> None:
        """Close the store."""
        self._learner.close()

    def _propose(self, payload: bytes) -> Iterator[Message]:
        request = _read(pb.ProposeRequest(), payload)
        for proposal in self._learner.propose(request.publishers):
            yield convert.propose_response(proposal)

    def _publish(self, payload: bytes) -> Iterator[Message]:
        request = _read(pb.PublishRequest(), payload)
        version = self._learner.publish(request.publishers, request.expected_digest, request.note)
        yield pb.PublishResponse(version=convert.version_message(version))

    def _rollback(self, payload: bytes) -> Message:
        request = _read(pb.RollbackRequest(), payload)
        number = request.number if request.HasField("number") else None
        version = self._learner.rollback(number)
        return pb.RollbackResponse(version=convert.version_message(version))

    def _profile(self, payload: bytes) -> Message:
        request = _read(pb.GetPublisherProfileRequest(), payload)
        if not request.publisher.strip():
            raise InvalidInput("publisher", "publisher is required: a name, a host or a URL")
        return convert.profile_response(self._learner, request.publisher)


def _read(message: _M, payload: bytes) -> _M:
    try:
        message.ParseFromString(payload)
    except DecodeError:
        name = message.DESCRIPTOR.full_name
        raise InvalidInput("request", f"this is no {name}: truncated or garbage") from None
    return message


def failure(error: Exception) -> Status:
    """Return the status for what went wrong; what the caller need not know goes to the log."""
    if isinstance(error, CleanerError):
        told = status.status_of(error)
        if told.message != str(error):
            _log.error("%s", error)
        return told
    where = "".join(traceback.format_tb(error.__traceback__))
    _log.error("%s while learning\n%s", type(error).__name__, where)
    return status.internal()


def told(settings: LearnerSettings) -> str:
    """Return settings in the form in which they go to a process."""
    return json.dumps(asdict(settings))


def heard(raw: str) -> LearnerSettings:
    """Return the settings that `told` has put into words."""
    return from_dict(LearnerSettings, json.loads(raw))


def main(socket_fd: str, settings: str, method: str) -> None:
    """Answer one call: the request from the socket, then frames of answers, then the end."""
    # The front decides when to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logs.configure(level=logging.WARNING)
    one_thread()
    front = socket.socket(fileno=int(socket_fd))
    with front.makefile("rb") as requests:
        (size,) = LENGTH.unpack(requests.read(LENGTH.size))
        payload = requests.read(size)
    try:
        for message in Lessons(heard(settings)).mined[method](payload):
            _send(front, OK, message)
    except Exception as error:  # noqa: BLE001 - whatever it is, it costs this call alone
        _send(front, FAILED, failure(error))
    front.sendall(DONE)


def _send(front: socket.socket, tag: int, message: Message) -> None:
    body = pack([(tag, message.SerializeToString())])
    front.sendall(LENGTH.pack(len(body)) + body)
