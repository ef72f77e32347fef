"""The learning service from a caller's side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Self

import grpc

from cleaner.client.channel import Tls, open_channel
from cleaner.client.errors import call_error
from cleaner.v1 import learner_service_pb2 as pb
from cleaner.v1.learner_service_pb2_grpc import LearnerServiceStub

_BATCH_PAGES = 64
_BATCH_BYTES = 1024 * 1024
_UNLIMITED = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))


class LearnerClient:
    """Sends pages, asks what they teach, publishes. Close it or use it as a context.

    Answers are the messages of ``cleaner.v1``. Every method raises UnknownName for a publisher or
    a version that is not there, InvalidInput for a request that makes no sense, and Unreachable,
    DeadlineExceeded, StoreError or ServerError where the service fails.
    """

    def __init__(
        self,
        address: str = "127.0.0.1:50052",
        *,
        timeout: float = 600.0,
        token: str = "",
        tls: Tls | None = None,
    ) -> None:
        """Connect lazily; `timeout` is what a call may take, in seconds: mining takes its time."""
        self._address = address
        self._timeout = timeout
        self._channel = open_channel(address, token=token, tls=tls, options=_UNLIMITED)
        self._stub = LearnerServiceStub(self._channel)

    def observe(self, pages: Iterable[pb.Page]) -> pb.ObserveResponse:
        """Send pages, read as they are sent; return what became of them."""
        with self._errors():
            response: pb.ObserveResponse = self._stub.Observe(_batches(pages))
            return response

    def propose(self, publishers: Sequence[str] = ()) -> Iterator[pb.ProposeResponse]:
        """Yield what would be learned of some publishers, or of all."""
        request = pb.ProposeRequest(publishers=publishers)
        with self._errors():
            yield from self._stub.Propose(request, timeout=self._timeout)

    def publish(
        self, publishers: Sequence[str] = (), expected_digest: str = "", note: str = ""
    ) -> pb.TemplatesVersion:
        """Publish what would be learned of some publishers, or of all; return the version."""
        request = pb.PublishRequest(
            publishers=publishers, expected_digest=expected_digest, note=note
        )
        with self._errors():
            return self._stub.Publish(request, timeout=self._timeout).version

    def rollback(self, number: int | None = None) -> pb.TemplatesVersion:
        """Go back to the version before the present one, or to one named; return it."""
        with self._errors():
            request = pb.RollbackRequest(number=number)
            return self._stub.Rollback(request, timeout=self._timeout).version

    def versions(self) -> pb.ListVersionsResponse:
        """Return the versions that can be gone back to."""
        with self._errors():
            return self._stub.ListVersions(pb.ListVersionsRequest(), timeout=self._timeout)

    def profile(self, publisher: str) -> pb.GetPublisherProfileResponse:
        """Return what is known of a publisher."""
        request = pb.GetPublisherProfileRequest(publisher=publisher)
        with self._errors():
            return self._stub.GetPublisherProfile(request, timeout=self._timeout)

    def close(self) -> None:
        """Hang up."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except grpc.RpcError as error:
            raise call_error(error, self._address) from None


def _batches(pages: Iterable[pb.Page]) -> Iterator[pb.ObserveRequest]:
    batch, size = pb.ObserveRequest(), 0
    for page in pages:
        cost = page.ByteSize()
        if batch.pages and (size + cost > _BATCH_BYTES or len(batch.pages) == _BATCH_PAGES):
            yield batch
            batch, size = pb.ObserveRequest(), 0
        batch.pages.append(page)
        size += cost
    if batch.pages:
        yield batch
