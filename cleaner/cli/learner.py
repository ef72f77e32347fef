"""``cleaner learner``: the learning service, and what one may ask of it or of its store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cleaner.cli import FAILED, complain
from cleaner.cli.serve import pair
from cleaner.errors import InvalidInput
from cleaner.serve.configure import Given

if TYPE_CHECKING:
    from cleaner.client import LearnerClient
    from cleaner.learn.templates.learner import Learner
    from cleaner.v1 import learner_service_pb2 as pb

_ADDRESS = "127.0.0.1:50052"


@dataclass(frozen=True, slots=True)
class _Where:
    """Which learner a command is about."""

    address: str
    store: str
    """Folder of its store; '' to ask the service."""
    veto: str
    by_arrival: bool
    config: str
    """File of the service's settings."""
    show_config: bool
    given: Mapping[str, Given]
    """Settings of the service that flags have set."""


@click.group("learner", invoke_without_command=True)
@click.option(
    "--address",
    default=_ADDRESS,
    show_default=True,
    metavar="HOST:PORT",
    help="Where the service listens; port 0 takes a free one.",
)
@click.option(
    "--store",
    default="",
    type=click.Path(file_okay=False),
    metavar="FOLDER",
    help="Pages and versions. With a command: work on them without a service.",
)
@click.option(
    "--veto",
    type=click.Path(exists=True, dir_okay=False),
    help="Prose that no template may be, a paragraph a line.",
)
@click.option(
    "--by-arrival", is_flag=True, help="Count the days on which pages came, not those they tell."
)
@click.option(
    "--config", type=click.Path(dir_okay=False), default="", envvar="CLEANER_LEARNER_CONFIG",
    help="Settings of the service in a TOML file.",
)  # fmt: skip
@click.option(
    "--set", "more", multiple=True, metavar="NAME=VALUE",
    help="Any setting of the service: access.tokens_file=FILE.",
)  # fmt: skip
@click.option("--show-config", is_flag=True, help="Print all settings with their sources, and end.")
@click.pass_context
def command(
    context: click.Context, /, config: str, more: tuple[str, ...], show_config: bool, **flags: Any
) -> None:
    """Run the learning service, or ask one (or its store) for what it knows.

    Without a command it serves, and needs --store. A service that cleans takes up what is
    published here: cleaner serve --bundle FOLDER/current.npz.
    """
    given = {**dict(map(pair, more)), **_given(context, flags)}
    context.obj = _Where(
        flags["address"], flags["store"], flags["veto"] or "", flags["by_arrival"],
        config, show_config, given,
    )  # fmt: skip
    if context.invoked_subcommand is None:
        _serve(context.obj)


def _given(context: click.Context, flags: dict[str, Any]) -> dict[str, Given]:
    """Return the flags that were set; the defaults are the settings' own."""
    by_default = click.core.ParameterSource.DEFAULT
    return {
        name: Given(value, f"--{name.replace('_', '-')}")
        for name, value in flags.items()
        if context.get_parameter_source(name) is not by_default
    }


def _serve(where: _Where) -> None:
    from cleaner.serve.configure import configured
    from cleaner.serve.hosting import CannotServe
    from cleaner.serve.learner import run
    from cleaner.serve.settings import LearnerSettings

    found = configured(LearnerSettings, where.config, where.given, prefix="CLEANER_LEARNER_")
    if where.show_config:
        click.echo(found.toml())
        return
    try:
        run(found.settings)
    except CannotServe as error:
        complain(str(error))
        raise click.exceptions.Exit(FAILED) from None


publishers_argument = click.argument("publishers", nargs=-1, metavar="[PUBLISHER…]")


@command.command("propose")
@publishers_argument
@click.option("--refused", is_flag=True, help="Show the candidates that would be refused, too.")
@click.pass_obj
def propose(where: _Where, publishers: tuple[str, ...], refused: bool) -> None:
    """Show what would be learned now of PUBLISHERs, or of all, with the evidence."""
    if not where.store:
        with _client(where) as client:
            _show_proposals(client.propose(publishers), refused)
        return
    from cleaner.serve.learner_convert import propose_response

    with closing(_learner(where)) as learner:
        _show_proposals(map(propose_response, learner.propose(publishers)), refused)


@command.command("publish")
@publishers_argument
@click.option("--expect", default="", metavar="DIGEST", help="Publish this proposal or nothing.")
@click.option("--note", default="", help="What to remember the version by.")
@click.pass_obj
def publish(where: _Where, publishers: tuple[str, ...], expect: str, note: str) -> None:
    """Publish what would be learned now of PUBLISHERs, or of all; others keep what they have."""
    _tell_version(
        where,
        lambda client: client.publish(publishers, expect, note),
        lambda learner: learner.publish(publishers, expect, note),
    )


@command.command("rollback")
@click.argument("number", type=int, required=False)
@click.pass_obj
def rollback(where: _Where, number: int | None) -> None:
    """Go back to the version before the present one, or to version NUMBER."""
    _tell_version(
        where,
        lambda client: client.rollback(number),
        lambda learner: learner.rollback(number),
    )


@command.command("versions")
@click.pass_obj
def versions(where: _Where) -> None:
    """List the versions that can be gone back to; a star marks the present one."""
    if where.store:
        from cleaner.serve.learner_convert import versions_response

        with closing(_learner(where)) as learner:
            told = versions_response(learner)
    else:
        with _client(where) as client:
            told = client.versions()
    for row in told.versions:
        star = "*" if row.number == told.current_number else " "
        click.echo(f"{star} {_line(row)}")


@command.command("profile")
@click.argument("publisher")
@click.pass_obj
def profile(where: _Where, publisher: str) -> None:
    """Show what is known of PUBLISHER: its pages, and its templates now."""
    if where.store:
        from cleaner.serve.learner_convert import profile_response

        with closing(_learner(where)) as learner:
            told = profile_response(learner, publisher)
    else:
        with _client(where) as client:
            told = client.profile(publisher)
    dates = f", {told.first_date} to {told.last_date}" if told.page_count else ""
    click.echo(f"{told.publisher}: {told.page_count} pages of {told.day_count} days{dates}")
    for template in told.templates:
        _show_template(template)


def _tell_version(
    where: _Where,
    ask: Callable[[LearnerClient], pb.TemplatesVersion],
    do: Callable[[Learner], object],
) -> None:
    if where.store:
        with closing(_learner(where)) as learner:
            do(learner)
            from cleaner.serve.learner_convert import version_message

            told = version_message(learner.current)
    else:
        with _client(where) as client:
            told = ask(client)
    click.echo(_line(told))


def _line(version: pb.TemplatesVersion) -> str:
    return f"{version.number:>6}  {version.digest}  {version.time}  {version.note}"


def _show_proposals(proposals: Iterable[pb.ProposeResponse], refused: bool) -> None:
    for proposal in proposals:
        head = f"{proposal.publisher}: {proposal.page_count} pages, proposal {proposal.digest}"
        click.echo(click.style(head, bold=True))
        for template in proposal.templates:
            if template.accepted or refused:
                _show_template(template)


def _show_template(template: pb.Template) -> None:
    mark = "+" if template.accepted else "-"
    click.echo(f"{mark} {template.text}\n    [{template.category}: {template.reason}]")
    for example in template.examples:
        click.echo(f"    {example.url}: {' '.join(example.text.split())}")


def _client(where: _Where) -> LearnerClient:
    from cleaner.cli.caller import caller
    from cleaner.client import LearnerClient

    return LearnerClient(where.address, **caller())


def _learner(where: _Where) -> Learner:
    from cleaner.learn.templates.learner import Learner, Rules

    if not Path(where.store, "store.sqlite").exists():
        raise InvalidInput("store", f"{where.store} is no store")
    return Learner(Path(where.store), rules=Rules(where.veto, where.by_arrival))
