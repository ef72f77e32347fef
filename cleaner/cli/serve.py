"""``cleaner serve``: the gRPC service, until it is told to stop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from cleaner.cli import FAILED, complain
from cleaner.errors import InvalidInput
from cleaner.serve.configure import Given, configured
from cleaner.serve.settings import MIB, ServeSettings

_DEFAULT = ServeSettings()
_FILE = click.Path(dir_okay=False)


@click.command("serve")
@click.option(
    "--address", metavar="HOST:PORT", show_default=_DEFAULT.address,
    help="Where to listen; port 0 takes a free one.",
)  # fmt: skip
@click.option("--workers", type=int, show_default="one a core", help="Processes that clean.")
@click.option(
    "--max-items", type=int, show_default=str(_DEFAULT.max_items), help="Documents in one batch."
)
@click.option(
    "--max-message-mib", type=click.IntRange(1, 1024), help="Largest request.",
    show_default=str(_DEFAULT.max_message_bytes // MIB),
)  # fmt: skip
@click.option(
    "--document-seconds", type=float, show_default=str(_DEFAULT.document_seconds),
    help="Longest time for one document.",
)  # fmt: skip
@click.option(
    "--grace-seconds", type=click.FloatRange(0), show_default=str(_DEFAULT.grace_seconds),
    help="How long calls in flight may go on after SIGTERM.",
)  # fmt: skip
@click.option(
    "--bundle", type=_FILE,
    help="Templates learned from publishers' pages; a new file there is taken up at once.",
)  # fmt: skip
@click.option("--certificate", "access__certificate", type=_FILE, help="Serve TLS with this (PEM).")
@click.option("--key", "access__key", type=_FILE, help="The certificate's key (PEM).")
@click.option(
    "--client-ca", "access__client_ca", type=_FILE,
    help="Ask callers for a certificate from one of these authorities (PEM).",
)  # fmt: skip
@click.option(
    "--tokens-file", "access__tokens_file", type=_FILE,
    help='Ask callers for a token; a line each: clean = "sha256:…".',
)  # fmt: skip
@click.option(
    "--allow-public", "access__allow_public", is_flag=True, default=None,
    help="Let everybody in at an address that can be reached from outside.",
)  # fmt: skip
@click.option(
    "--metrics", "telemetry__metrics_address", metavar="HOST:PORT",
    help="Answer Prometheus, and cleaner top, there.",
)  # fmt: skip
@click.option(
    "--set", "more", multiple=True, metavar="NAME=VALUE",
    help="Any other setting, by the name that --show-config prints: limits.max_lines=1000.",
)  # fmt: skip
@click.option(
    "--config", type=_FILE, default="", envvar="CLEANER_CONFIG", help="Settings in a TOML file."
)
@click.option("--show-config", is_flag=True, help="Print all settings with their sources, and end.")
@click.pass_context
def command(
    context: click.Context, /, config: str, show_config: bool, more: tuple[str, ...], **flags: Any
) -> None:
    """Run the gRPC service. SIGTERM and Ctrl-C let calls in flight finish; a second one does not.

    Flags win over the environment (CLEANER_WORKERS, CLEANER_LIMITS_MAX_LINES, …), that over the
    file. Says "listening on ADDRESS" on stderr once calls are answered.
    """
    if (mib := flags["max_message_mib"]) is not None:
        flags["max_message_mib"] = mib * MIB
    given = {**dict(map(pair, more)), **dict(_given(context.command, flags))}
    found = configured(ServeSettings, config, given)
    if show_config:
        click.echo(found.toml())
        return
    from cleaner.serve.server import CannotServe, run

    try:
        run(found.settings)
    except CannotServe as error:
        complain(str(error))
        raise click.exceptions.Exit(FAILED) from None


def _given(command: click.Command, flags: dict[str, Any]) -> Iterator[tuple[str, Given]]:
    """Yield what was set by a flag of its own. In Python's names a dot is ``__``."""
    for flag in command.params:
        if flag.name and (value := flags.get(flag.name)) is not None:
            name = flag.name.replace("__", ".").replace("max_message_mib", "max_message_bytes")
            yield name, Given(value, flag.opts[0])


def pair(text: str) -> tuple[str, Given]:
    """Return a setting by its name, from ``--set NAME=VALUE``."""
    name, equals, value = text.partition("=")
    if not equals:
        raise InvalidInput("set", f"--set {text}: must be NAME=VALUE")
    return name.strip(), Given(value, "--set")
