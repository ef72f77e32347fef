"""A service whose shipped models stand in another folder; the product has no setting for that."""

import sys
from typing import Any

from cleaner.serve import server
from cleaner.serve.spawn import spawn


def main(*arguments: str) -> None:
    """Serve with workers of `damaged_worker`."""

    def spawn_damaged(_: str, *given: str, **options: Any) -> Any:
        return spawn("damaged_worker", *given, **options)

    for name in ("cleaner.serve.worker", "cleaner.serve.workers"):  # whichever starts them
        if hasattr(sys.modules.get(name), "spawn"):
            sys.modules[name].spawn = spawn_damaged  # type: ignore[attr-defined]
    server.main(*arguments)
