"""What every role of the service has in common: a port, health, reflection, and an orderly end."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import grpc
from grpc import aio
from grpc_health.v1 import health, health_pb2_grpc
from grpc_health.v1.health_pb2 import HealthCheckResponse
from grpc_reflection.v1alpha import reflection, reflection_pb2
from grpc_reflection.v1alpha._async import ReflectionServicer

from cleaner.serve.doors import Guard, server_credentials
from cleaner.serve.malformed import MalformedRequests
from cleaner.serve.settings import LearnerSettings, ServeSettings

_REFLECTION_V1 = "grpc.reflection.v1.ServerReflection"
_log = logging.getLogger("cleaner.serve")
Ready = Callable[[str], None]
"""Called with the address, the port filled in, once calls are answered."""


class CannotServe(RuntimeError):
    """The service could not start; the message says why."""


class Host:
    """A gRPC server for some services, with health and reflection beside them.

    `watchers` see every call, those of the uninvited included.

    Raises:
        CannotServe: the address is taken, or is none of this machine.
        InvalidInput: certificates or tokens cannot be used.
    """

    def __init__(
        self,
        handlers: Sequence[grpc.GenericRpcHandler],
        services: Sequence[str],
        settings: ServeSettings | LearnerSettings,
        watchers: Sequence[aio.ServerInterceptor] = (),
    ) -> None:
        address, access = settings.address, settings.access
        self._server = aio.server(
            interceptors=(
                MalformedRequests(),
                *watchers,
                *([Guard(access)] if access.wants_tokens else ()),
            ),
            options=(
                *settings.connections.options,
                ("grpc.max_receive_message_length", settings.max_message_bytes),
                # An answer may be larger than its request: evidence, quotes, the source text.
                ("grpc.max_send_message_length", -1),
                # Two servers on one port would share its connections in silence.
                ("grpc.so_reuseport", 0),
            ),
        )
        self._server.add_generic_rpc_handlers(tuple(handlers))
        self._names = (*services, health.SERVICE_NAME)
        self._checks = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._checks, self._server)
        if access.reflects(address):
            _add_reflection(self._server, self._names)
        self._address = _bind(self._server, address, server_credentials(access))
        self._stops = _signals()

    async def serve(self, grace: float, ready: Ready | None, notice: float = 0.0) -> None:
        """Answer calls until a signal; calls in flight then have `grace` seconds.

        Before that, calls are let in for `notice` seconds more, while health is NOT_SERVING: gRPC
        drops what is on its way when the port closes.
        """
        await self.tell_health(True)
        await self._server.start()
        _log.info("listening on %s", self._address)
        if ready:
            ready(self._address)
        await self._stops.get()
        await self._stop(grace, notice)

    async def tell_health(self, well: bool) -> None:
        """Tell health checks whether to send anybody here."""
        health = HealthCheckResponse.SERVING if well else HealthCheckResponse.NOT_SERVING
        for name in ("", *self._names):
            await self._checks.set(name, health)

    async def _stop(self, grace: float, notice: float) -> None:
        _log.info("stopping: calls in flight have %g s", grace)
        await self._checks.enter_graceful_shutdown()
        impatient = asyncio.create_task(self._stops.get())
        await asyncio.wait((impatient,), timeout=notice)
        graceful = asyncio.create_task(self._server.stop(grace))
        await asyncio.wait((graceful, impatient), return_when=asyncio.FIRST_COMPLETED)
        impatient.cancel()
        if not graceful.done():
            await self._server.stop(None)
        await graceful


def _add_reflection(server: aio.Server, services: Sequence[str]) -> None:
    names = (*services, reflection.SERVICE_NAME, _REFLECTION_V1)
    reflection.enable_server_reflection(names, server)
    # v1 is v1alpha under another name; grpcio-reflection does not offer it yet.
    method = grpc.stream_stream_rpc_method_handler(
        ReflectionServicer(names).ServerReflectionInfo,
        reflection_pb2.ServerReflectionRequest.FromString,
        reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    handler = grpc.method_handlers_generic_handler(_REFLECTION_V1, {"ServerReflectionInfo": method})
    server.add_generic_rpc_handlers((handler,))


def _bind(server: aio.Server, address: str, credentials: grpc.ServerCredentials | None) -> str:
    try:
        if credentials:
            port = server.add_secure_port(address, credentials)
        else:
            port = server.add_insecure_port(address)
    except RuntimeError:
        port = 0
    if not port:
        raise CannotServe(f"cannot listen on {address}: taken, or no address of this machine")
    return f"{address.rpartition(':')[0]}:{port}"


def _signals() -> asyncio.Queue[signal.Signals]:
    received: asyncio.Queue[signal.Signals] = asyncio.Queue()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, received.put_nowait, number)
    return received


@dataclass(frozen=True, slots=True)
class Running:
    """A service in a process of its own."""

    address: str
    """Where it listens."""
    process: subprocess.Popen[bytes]
    """Its front."""


@contextmanager
def running(start: Callable[[int], subprocess.Popen[bytes]], seconds: float) -> Iterator[Running]:
    """Run a service in a process of its own, for as long as the context lasts.

    `start` starts the process, given the file descriptor for `answer_to`.

    Raises:
        CannotServe: it did not come up in time; its reason is on stderr.
    """
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            process = start(theirs.fileno())
        try:
            yield Running(_told(ours, seconds), process)
        finally:
            process.terminate()
            process.wait()


def answer_to(parent_fd: str) -> Ready:
    """Return what tells the parent of `running` the address, and stops this service with it."""
    parent = socket.socket(fileno=int(parent_fd))

    def ready(address: str) -> None:
        parent.sendall(address.encode())
        threading.Thread(target=stop_with_parent, daemon=True).start()

    def stop_with_parent() -> None:
        parent.recv(1)
        os.kill(os.getpid(), signal.SIGTERM)

    return ready


def _told(child: socket.socket, seconds: float) -> str:
    child.settimeout(seconds)
    try:
        address = child.recv(1024).decode()
    except TimeoutError:
        raise CannotServe("the service did not start in time") from None
    if not address:
        raise CannotServe("the service did not start; its reason is on stderr")
    return address
