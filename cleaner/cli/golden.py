"""``cleaner golden``: what today's answers would change in the reviewed copies."""

from __future__ import annotations

import difflib
from pathlib import Path

import click

from cleaner.bench.golden import FOLDER, VARIANTS, Case, accept, cases
from cleaner.cli import FAILED
from cleaner.errors import InvalidInput

_FOLDER = click.option(
    "--folder", type=click.Path(exists=True, file_okay=False, path_type=Path), default=FOLDER,
    help="The golden folder.",
)  # fmt: skip
_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


@click.group("golden")
def command() -> None:
    """Compare golden copies with today's answers; take one after review."""


@command.command("diff")
@click.argument("name", default="")
@_FOLDER
def diff(name: str, folder: Path) -> None:
    """Show what would change, for all cases or those whose name contains NAME.

    Exit code 1 where anything would change.
    """
    total = changed = 0
    for case in cases(folder, name):
        total += 1
        if lines := _changes(case):
            changed += 1
            for line in lines:
                click.secho(line, fg=_COLOURS.get(line[0]))
    click.echo(f"{total} cases, {changed} would change", err=True)
    if changed:
        raise click.exceptions.Exit(FAILED)


@command.command("accept")
@click.argument("name")
@_FOLDER
def accept_one(name: str, folder: Path) -> None:
    """Take today's answer for the one case NAME (group/slug or group/slug@variant)."""
    found = [case for case in cases(folder) if case.name == name]
    slug, _, variant = name.partition("@")
    if not found and variant in VARIANTS[1:] and (folder / slug / "case.toml").is_file():
        (folder / slug / f"expected.{variant}.txt").touch()
        found = [case for case in cases(folder) if case.name == name]
    if not found:
        near = difflib.get_close_matches(name, [case.name for case in cases(folder)], 5, 0.3)
        raise InvalidInput("case", f"no case {name!r}; near: {', '.join(near) or 'none'}")
    for line in _changes(found[0]):
        click.secho(line, fg=_COLOURS.get(line[0]))
    accept(found[0])
    click.echo(f"accepted {name}", err=True)


def _changes(case: Case) -> list[str]:
    expected, answer = case.expected, case.answer().text
    if expected == answer:
        return []
    return [
        line.rstrip("\n")
        for line in difflib.unified_diff(
            (expected or "").splitlines(), answer.splitlines(), case.name, "today's answer",
            lineterm="", n=0,
        )
    ] or [f"@ {case.name}: only line ends differ"]  # fmt: skip
