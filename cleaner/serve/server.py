"""The service: starts workers and front, tells when it is ready, stops without losing a call."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import grpc
from grpc import aio
from grpc_health.v1 import health, health_pb2_grpc
from grpc_health.v1.health_pb2 import HealthCheckResponse
from grpc_reflection.v1alpha import reflection, reflection_pb2
from grpc_reflection.v1alpha._async import ReflectionServicer

from cleaner.ingest.limits import Limits
from cleaner.serve.editions import Shelf
from cleaner.serve.servicers import CLEANER_SERVICE, RULESET_SERVICE, handlers
from cleaner.serve.settings import ServeSettings
from cleaner.serve.spawn import spawn
from cleaner.serve.workers import Pool, WorkersFailed

# Reflection finds the API only where its descriptors are loaded.
from cleaner.v1 import cleaner_service_pb2, ruleset_service_pb2  # noqa: F401

_SERVICES = (CLEANER_SERVICE, RULESET_SERVICE, health.SERVICE_NAME)
_REFLECTION_V1 = "grpc.reflection.v1.ServerReflection"
_log = logging.getLogger("cleaner.serve")


class CannotServe(RuntimeError):
    """The service could not start; the message says why."""


def run(settings: ServeSettings, ready: Callable[[str], None] | None = None) -> None:
    """Serve until SIGTERM or SIGINT; a second signal ends calls in flight.

    `ready` is called with the address, the port filled in, once calls are answered.

    Raises:
        CannotServe: the address is taken, or no worker starts.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    asyncio.run(serve(settings, ready))


async def serve(settings: ServeSettings, ready: Callable[[str], None] | None = None) -> None:
    """Serve, within a running event loop of the main thread. See `run`."""
    pool, shelf = Pool(settings), Shelf(settings)
    server, checks = _build(settings, pool)
    address = _bind(server, settings.address)
    stops = _signals()
    await asyncio.to_thread(shelf.look)
    pool.renew(shelf.editions)
    watching = asyncio.create_task(shelf.watch(pool.renew))
    try:
        await pool.start()
        for name in ("", *_SERVICES):
            await checks.set(name, HealthCheckResponse.SERVING)
        await server.start()
        _log.info("listening on %s", address)
        if ready:
            ready(address)
        await stops.get()
        await _stop(server, checks, settings.grace_seconds, stops)
    except WorkersFailed as error:
        raise CannotServe(str(error)) from None
    finally:
        watching.cancel()
        await pool.close()
        shelf.close()


async def _stop(
    server: aio.Server,
    checks: health.aio.HealthServicer,
    grace: float,
    stops: asyncio.Queue[signal.Signals],
) -> None:
    _log.info("stopping: calls in flight have %g s", grace)
    await checks.enter_graceful_shutdown()
    graceful = asyncio.create_task(server.stop(grace))
    impatient = asyncio.create_task(stops.get())
    await asyncio.wait((graceful, impatient), return_when=asyncio.FIRST_COMPLETED)
    impatient.cancel()
    if not graceful.done():
        await server.stop(None)
    await graceful


def _build(settings: ServeSettings, pool: Pool) -> tuple[aio.Server, health.aio.HealthServicer]:
    server = aio.server(
        options=(
            ("grpc.max_receive_message_length", settings.max_message_bytes),
            # An answer may be larger than its request: evidence, quotes, the source text.
            ("grpc.max_send_message_length", -1),
            # Two servers on one port would share its connections in silence.
            ("grpc.so_reuseport", 0),
        )
    )
    window = 2 * settings.workers
    server.add_generic_rpc_handlers(handlers(pool, settings.max_items, window))
    checks = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(checks, server)
    _add_reflection(server)
    return server, checks


def _add_reflection(server: aio.Server) -> None:
    names = (*_SERVICES, reflection.SERVICE_NAME, _REFLECTION_V1)
    reflection.enable_server_reflection(names, server)
    # v1 is v1alpha under another name; grpcio-reflection does not offer it yet.
    method = grpc.stream_stream_rpc_method_handler(
        ReflectionServicer(names).ServerReflectionInfo,
        reflection_pb2.ServerReflectionRequest.FromString,
        reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    handler = grpc.method_handlers_generic_handler(_REFLECTION_V1, {"ServerReflectionInfo": method})
    server.add_generic_rpc_handlers((handler,))


def _bind(server: aio.Server, address: str) -> str:
    try:
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
def running_server(settings: ServeSettings) -> Iterator[Running]:
    """Run a service in a process of its own, for as long as the context lasts.

    For the demo, the bench and tests: the client shares no interpreter lock with it.

    Raises:
        CannotServe: it did not come up; its reason is on stderr.
    """
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            fd = theirs.fileno()
            process = spawn(__name__, json.dumps(asdict(settings)), str(fd), pass_fds=(fd,))
        try:
            yield Running(_told(ours, settings.start_seconds), process)
        finally:
            process.terminate()
            process.wait()


def _told(child: socket.socket, seconds: float) -> str:
    child.settimeout(seconds)
    try:
        address = child.recv(1024).decode()
    except TimeoutError:
        raise CannotServe("the service did not start in time") from None
    if not address:
        raise CannotServe("the service did not start; its reason is on stderr")
    return address


def main(settings: str, parent_fd: str) -> None:
    """Serve in a process that `running_server` started, for as long as that one lives."""
    given = json.loads(settings)
    limits = Limits(**given.pop("limits"))
    parent = socket.socket(fileno=int(parent_fd))

    def ready(address: str) -> None:
        parent.sendall(address.encode())
        threading.Thread(target=stop_with_parent, daemon=True).start()

    def stop_with_parent() -> None:
        parent.recv(1)
        os.kill(os.getpid(), signal.SIGTERM)

    try:
        run(ServeSettings(limits=limits, **given), ready)
    except CannotServe as error:
        sys.exit(str(error))
