"""Generates ``cleaner/v1`` from ``protos/cleaner/v1``; ``--check`` only tells whether it is stale.

The code is committed so that an installation needs no compiler. Bytes are compared, so the
versions of grpcio-tools and mypy-protobuf are pinned in pyproject's ``dev`` extra.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

PROTOS = Path(__file__).parent
ROOT = PROTOS.parent
OUT = Path("cleaner/v1")
INIT = '"""Generated from ``protos/cleaner/v1`` by ``make protos``; do not edit."""\n'


def generate(target: Path) -> None:
    """Write the package ``cleaner/v1`` below `target`."""
    (target / OUT).mkdir(parents=True, exist_ok=True)
    sources = sorted(path.relative_to(PROTOS).as_posix() for path in PROTOS.glob(f"{OUT}/*.proto"))
    services = [name for name in sources if name.endswith("_service.proto")]
    for names, outputs in (
        (sources, ["--python_out=", "--mypy_out=quiet:"]),
        (services, ["--grpc_python_out=", "--mypy_grpc_out=quiet:"]),
    ):
        _protoc([f"--proto_path={PROTOS}", *(f"{output}{target}" for output in outputs), *names])
    (target / OUT / "__init__.py").write_text(INIT)


def _protoc(arguments: list[str]) -> None:
    # The mypy plugins stand beside this interpreter, which need not be on the caller's PATH.
    path = os.pathsep.join((sysconfig.get_path("scripts"), os.environ.get("PATH", "")))
    command = [sys.executable, "-m", "grpc_tools.protoc", *arguments]
    subprocess.run(command, check=True, env={**os.environ, "PATH": path})


def drift() -> list[str]:
    """Return what in the committed package differs from what the protos say, by file name."""
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder))
        fresh, committed = _contents(Path(folder)), _contents(ROOT)
    names = fresh.keys() | committed.keys()
    return sorted(name for name in names if fresh.get(name) != committed.get(name))


def _contents(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (root / OUT).glob("*.py*") if path.is_file()}


def main() -> int:
    """Generate, or with ``--check`` compare and fail on drift."""
    if "--check" not in sys.argv[1:]:
        generate(ROOT)
        return 0
    if stale := drift():
        print(f"stale in {OUT}: {', '.join(stale)}; run `make protos`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
