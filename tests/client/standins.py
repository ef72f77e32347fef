"""Stand-ins: a client that a thread can use, and a service that fails as it is told."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from cleaner import Given, Outcome, Result
from cleaner.client import AsyncClient, Client
from cleaner.v1 import answer_pb2
from cleaner.v1 import cleaner_service_pb2 as pb


class Blocking:
    """An AsyncClient for tests that are written for the others."""

    def __init__(self, *given: Any, **more: Any) -> None:
        self.client = AsyncClient(*given, **more)
        self._runner = asyncio.Runner()

    def clean(self, document: Given) -> Result:
        return self._runner.run(self.client.clean(document))

    def clean_many(self, documents: Iterable[Given]) -> Iterator[Outcome]:
        answers = self.client.clean_many(documents)
        try:
            while True:
                yield self._runner.run(anext(answers))  # type: ignore[arg-type]
        except StopAsyncIteration:
            return
        finally:
            self._runner.run(answers.aclose())  # type: ignore[arg-type]

    def clean_batch(self, documents: Iterable[Given]) -> list[Outcome]:
        return self._runner.run(self.client.clean_batch(documents))

    def ruleset(self) -> Any:
        return self._runner.run(self.client.ruleset())

    def __enter__(self) -> Blocking:
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self.client.close())
        self._runner.close()


CLIENTS: dict[str, Any] = {"Client": Client, "AsyncClient": Blocking}
Connect = Callable[..., Any]


@dataclass
class Failing:
    """A service that answers with the text as it came, unless it is told to fail."""

    address: str = ""
    fail: Callable[[list[str]], Status | float | None] = lambda texts: None
    """What to do with a request for some texts: end it with a status, or sleep first."""
    asked: list[list[str]] = field(default_factory=list)
    """The requests so far."""
    streams: int = 0
    """The streams so far."""
    most: int = 0
    """Most requests that were in hand at a time."""
    _now: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def batch(self, request: pb.BatchCleanRequest, context: grpc.ServicerContext) -> Any:
        texts = [document.text for document in request.documents]
        self._meet(texts, context)
        items = [answer_pb2.Item(answer=answer_pb2.Answer(text=text)) for text in texts]
        return pb.BatchCleanResponse(items=items)

    def clean(self, request: pb.CleanRequest, context: grpc.ServicerContext) -> Any:
        self._meet([request.document.text], context)
        return pb.CleanResponse(answer=answer_pb2.Answer(text=request.document.text))

    def stream(
        self, requests: Iterator[pb.StreamCleanRequest], context: grpc.ServicerContext
    ) -> Any:
        self.streams += 1
        for request in requests:
            yield pb.StreamCleanResponse(items=self.batch(request, context).items)

    def _meet(self, texts: list[str], context: grpc.ServicerContext) -> None:
        with self._lock:
            self.asked.append(texts)
            self._now += 1
            self.most = max(self.most, self._now)
        try:
            told = self.fail(texts)
            if isinstance(told, Status):
                context.abort_with_status(rpc_status.to_status(told))
            end = time.monotonic() + (told or 0)
            while time.monotonic() < end and context.is_active():
                time.sleep(0.01)
        finally:
            with self._lock:
                self._now -= 1


def _unary(method: Callable[..., Any], request: Any) -> Any:
    return grpc.unary_unary_rpc_method_handler(
        method, request.FromString, lambda response: response.SerializeToString()
    )


@contextmanager
def failing_service(port: int = 0) -> Iterator[Failing]:
    """Run a service that fails as it is told."""
    service = Failing()
    server = grpc.server(ThreadPoolExecutor(16))
    methods = {
        "Clean": _unary(service.clean, pb.CleanRequest),
        "BatchClean": _unary(service.batch, pb.BatchCleanRequest),
        "StreamClean": grpc.stream_stream_rpc_method_handler(
            service.stream, pb.StreamCleanRequest.FromString, lambda made: made.SerializeToString()
        ),
    }
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("cleaner.v1.CleanerService", methods),)
    )
    service.address = f"127.0.0.1:{server.add_insecure_port(f'127.0.0.1:{port}')}"
    server.start()
    try:
        yield service
    finally:
        server.stop(0).wait()


def status(code: grpc.StatusCode, retry: float | None = None) -> Status:
    """Return a status as a service would send it, with a RetryInfo if wanted."""
    made = Status(code=code.value[0], message="as told")
    if retry is not None:
        packed = Packed()
        packed.Pack(RetryInfo(retry_delay=Duration(nanos=int(retry * 1e9))))
        made.details.append(packed)
    return made


async def slowly(documents: Iterable[Given], seconds: float) -> AsyncIterator[Given]:
    """Yield documents as a crawl finds them."""
    for document in documents:
        yield document
        await asyncio.sleep(seconds)
