"""A service whose shipped models stand in another folder; the product has no setting for that."""

from typing import Any

from cleaner.serve import server, workers
from cleaner.serve.spawn import spawn


def main(*arguments: str) -> None:
    """Serve with workers of `damaged_worker`."""

    def spawn_damaged(_: str, *given: str, **options: Any) -> Any:
        return spawn("damaged_worker", *given, **options)

    workers.spawn = spawn_damaged
    server.main(*arguments)
