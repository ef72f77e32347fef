"""``python -m cleaner.bench.pulse ADDRESS SECONDS``: how soon health answers, from outside.

In a process of its own: in the load generator's it would measure how busy the generator is. Prints
the milliseconds of each answer on one line; a call that fails counts as endless.
"""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

_EACH = 0.1


def main() -> None:
    """Ask again and again, and print."""
    address, seconds = sys.argv[1], float(sys.argv[2])
    taken: list[float] = []
    with grpc.insecure_channel(address) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        stub.Check(health_pb2.HealthCheckRequest())  # connects
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            taken.append(_asked(stub))
            time.sleep(_EACH)
    sys.stdout.write(" ".join(f"{row * 1000:.1f}" for row in taken))


def _asked(stub: Any) -> float:
    start = time.monotonic()
    try:
        stub.Check(health_pb2.HealthCheckRequest(), timeout=10)
    except grpc.RpcError:
        return float("inf")
    return time.monotonic() - start


def started(address: str, seconds: float) -> subprocess.Popen[bytes]:
    """Start asking."""
    command = [sys.executable, "-m", "cleaner.bench.pulse", address, str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE)  # noqa: S603 - our own command


def told(process: subprocess.Popen[bytes]) -> list[float]:
    """Return the milliseconds, in ascending order."""
    out, _ = process.communicate()
    return sorted(map(float, out.decode().split()))


if __name__ == "__main__":
    main()
