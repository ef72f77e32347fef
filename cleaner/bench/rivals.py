"""What a user would otherwise put up: trafilatura behind a web framework, and behind bare grpc.aio.

Each in the ten lines that it takes, with two processes that extract, as ours has. They have no
limits, no deadlines and no retry: only speed is compared. Both are given a text's lines as the
paragraphs of a page, and answer with what trafilatura says in-process.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any

import grpc
from grpc import aio

PATH = "/rival.Extractor/Extract"
_WORKERS = 2
_START_SECONDS = 60.0


def extract(page: bytes) -> bytes:
    """Return the article of a page."""
    import trafilatura

    return (trafilatura.extract(page.decode()) or "").encode()


def web_application() -> Any:
    """Return the FastAPI application; each of uvicorn's workers makes its own."""
    from fastapi import Request, Response
    from fastapi.applications import FastAPI

    application = FastAPI()

    async def clean(request: Request) -> Response:
        page = await request.body()
        return Response(await asyncio.to_thread(extract, page), media_type="text/plain")

    # The annotations above are names of this function's, which the framework cannot look up.
    clean.__annotations__ = {"request": Request, "return": Response}
    application.add_api_route("/clean", clean, methods=["POST"], response_model=None)
    return application


async def serve_grpc(port: str) -> None:
    """Serve for ever; a pool of processes extracts."""
    pool = ProcessPoolExecutor(_WORKERS, get_context("spawn"))
    loop = asyncio.get_running_loop()

    async def handle(page: bytes, _: Any) -> bytes:
        return await loop.run_in_executor(pool, extract, page)

    server = aio.server()
    service, _, method = PATH[1:].partition("/")
    handlers: dict[str, Any] = {method: grpc.unary_unary_rpc_method_handler(handle)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    await server.wait_for_termination()


@contextmanager
def web_rival() -> Iterator[str]:
    """Run FastAPI under uvicorn with two workers; yield its address."""
    yield from _running(
        lambda port: ["-m", "uvicorn", "cleaner.bench.rivals:web_application", "--factory",
                      "--workers", str(_WORKERS), "--port", port, "--log-level", "error"]
    )  # fmt: skip


@contextmanager
def grpc_rival() -> Iterator[str]:
    """Run the bare grpc.aio server; yield its address."""
    yield from _running(lambda port: ["-m", "cleaner.bench.rivals", port])


def _running(arguments: Callable[[str], list[str]]) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, *arguments(str(port))]
    process = subprocess.Popen(command, process_group=0)  # noqa: S603 - our own command
    try:
        _wait_for(port)
        yield f"127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # a pool outlives its owner
        process.wait()


def _wait_for(port: int) -> None:
    end = time.monotonic() + _START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
        else:
            return


if __name__ == "__main__":
    asyncio.run(serve_grpc(sys.argv[1]))
