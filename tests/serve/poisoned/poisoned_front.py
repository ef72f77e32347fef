"""A service whose workers are poisoned; stands in for `cleaner.serve.server` in a process."""

from typing import Any

from cleaner.serve import server, worker
from cleaner.serve.spawn import spawn


def main(*arguments: str) -> None:
    """Serve with workers of `poisoned_worker`."""

    def spawn_poisoned(_: str, *given: str, **options: Any) -> Any:
        return spawn("poisoned_worker", *given, **options)

    worker.spawn = spawn_poisoned
    server.main(*arguments)
