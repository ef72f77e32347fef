"""The service: starts workers and front, tells when it is ready, stops without losing a call."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from contextlib import AbstractContextManager
from dataclasses import asdict

from cleaner.errors import CleanerError
from cleaner.serve import logs
from cleaner.serve.admission import Admission
from cleaner.serve.configure import from_dict
from cleaner.serve.editions import Shelf
from cleaner.serve.hosting import CannotServe, Host, Ready, Running, answer_to, running
from cleaner.serve.memory import give_back
from cleaner.serve.metrics import Eyes
from cleaner.serve.servicers import CLEANER_SERVICE, RULESET_SERVICE, handlers
from cleaner.serve.settings import ServeSettings
from cleaner.serve.spawn import spawn
from cleaner.serve.watching import Watch, watching
from cleaner.serve.workers import Pool, WorkersFailed

# Reflection finds the API only where its descriptors are loaded.
from cleaner.v1 import cleaner_service_pb2, ruleset_service_pb2  # noqa: F401

__all__ = ["CannotServe", "Running", "run", "running_server", "serve"]

_SERVICES = (CLEANER_SERVICE, RULESET_SERVICE)
_HEALTH_SECONDS = 0.1
_CALM = logging.INFO, "the queue is short again: SERVING"
_OVERDUE = logging.WARNING, "the queue is too long: NOT_SERVING until it is half as long"
_log = logging.getLogger("cleaner.serve")


def run(settings: ServeSettings, ready: Ready | None = None) -> None:
    """Serve until SIGTERM or SIGINT; a second signal ends calls in flight.

    Raises:
        CannotServe: the address is taken, or no worker starts.
    """
    logs.configure(settings.telemetry.log_format)
    asyncio.run(serve(settings, ready))


async def serve(settings: ServeSettings, ready: Ready | None = None) -> None:
    """Serve, within a running event loop of the main thread. See `run`."""
    with watching(settings.telemetry, _SERVICES) as watch:
        await _serve(settings, watch, ready)


async def _serve(settings: ServeSettings, watch: Watch, ready: Ready | None) -> None:
    pool, shelf = Pool(settings, watch.eyes), Shelf(settings)
    admission = Admission(settings, lambda: pool.wait)
    _show(pool, admission, watch.eyes)
    methods = (handlers(pool, admission, settings),)
    host = Host(methods, _SERVICES, settings, watch.interceptors)
    await asyncio.to_thread(shelf.look)
    pool.renew(shelf.editions)
    tasks = [
        asyncio.create_task(shelf.watch(pool.renew)),
        asyncio.create_task(_watch_queue(admission, host)),
        asyncio.create_task(give_back()),
    ]
    try:
        await pool.start()
        await host.serve(settings.grace_seconds, ready, settings.notice_seconds)
    except WorkersFailed as error:
        raise CannotServe(str(error)) from None
    finally:
        for task in tasks:
            task.cancel()
        await pool.close()
        shelf.close()


def _show(pool: Pool, admission: Admission, eyes: Eyes) -> None:
    for name, what, look in (
        ("cleaner_queue_requests", "Requests that wait for a worker", lambda: pool.queued),
        ("cleaner_queue_seconds", "What the queue costs who comes now", lambda: pool.wait),
        ("cleaner_workers", "Workers that are up", lambda: sum(map(bool, pool.pids))),
        ("cleaner_bytes_in_flight", "Of requests", lambda: admission.bytes_in_flight),
        ("cleaner_refused_calls", "Calls that there was no room for", lambda: admission.refused),
    ):
        eyes.watch(name, what, look)


async def _watch_queue(admission: Admission, host: Host) -> None:
    """Tell health checks when the queue is too long, and when it is well below that again."""
    well = True
    while True:
        await asyncio.sleep(_HEALTH_SECONDS)
        now = not admission.overdue if well else admission.calm
        if now is not well:
            _log.log(*(_CALM if now else _OVERDUE))
            await host.tell_health(now)
        well = now


def running_server(settings: ServeSettings) -> AbstractContextManager[Running]:
    """Run a service in a process of its own, for as long as the context lasts.

    For the demo, the bench and tests: the client shares no interpreter lock with it.

    Raises:
        CannotServe: it did not come up; its reason is on stderr.
    """
    given = json.dumps(asdict(settings))
    return running(
        lambda fd: spawn(__name__, given, str(fd), pass_fds=(fd,)), settings.start_seconds
    )


def main(settings: str, parent_fd: str) -> None:
    """Serve in a process that `running_server` started, for as long as that one lives."""
    try:
        run(from_dict(ServeSettings, json.loads(settings)), answer_to(parent_fd))
    except (CannotServe, CleanerError) as error:
        sys.exit(str(error))
