"""``cleaner serve``: the gRPC service, until it is told to stop."""

from __future__ import annotations

import click

from cleaner.cli import FAILED, complain
from cleaner.serve.settings import MIB, ServeSettings

_DEFAULT = ServeSettings()


@click.command("serve")
@click.option(
    "--address",
    default=_DEFAULT.address,
    show_default=True,
    metavar="HOST:PORT",
    help="Where to listen; port 0 takes a free one.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    default=_DEFAULT.workers,
    show_default="one a core",
    help="Processes that clean.",
)
@click.option(
    "--max-items",
    type=click.IntRange(1),
    default=_DEFAULT.max_items,
    show_default=True,
    help="Documents in one batch.",
)
@click.option(
    "--max-message-mib",
    type=click.IntRange(1, 1024),
    default=_DEFAULT.max_message_bytes // MIB,
    show_default=True,
    help="Largest request.",
)
@click.option(
    "--document-seconds",
    type=click.FloatRange(0.01),
    default=_DEFAULT.document_seconds,
    show_default=True,
    help="Longest time for one document.",
)
@click.option(
    "--grace-seconds",
    type=click.FloatRange(0),
    default=_DEFAULT.grace_seconds,
    show_default=True,
    help="How long calls in flight may go on after SIGTERM.",
)
@click.option(
    "--bundle",
    type=click.Path(dir_okay=False),
    default="",
    help="Templates learned from publishers' pages; a new file there is taken up at once.",
)
def command(
    address: str, workers: int, max_items: int, max_message_mib: int, document_seconds: float,
    grace_seconds: float, bundle: str,
) -> None:  # fmt: skip
    """Run the gRPC service. SIGTERM and Ctrl-C let calls in flight finish; a second one does not.

    Says "listening on ADDRESS" on stderr once calls are answered.
    """
    from cleaner.serve.server import CannotServe, run

    settings = ServeSettings(
        address=address,
        workers=workers,
        max_items=max_items,
        max_message_bytes=max_message_mib * MIB,
        document_seconds=document_seconds,
        grace_seconds=grace_seconds,
        bundle=bundle,
    )
    try:
        run(settings)
    except CannotServe as error:
        complain(str(error))
        raise click.exceptions.Exit(FAILED) from None
