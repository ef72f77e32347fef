"""``cleaner completion``: what a shell needs to complete commands, options and categories."""

from __future__ import annotations

import click
from click.shell_completion import ShellComplete, get_completion_class

from cleaner.cli import PROGRAM, program


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script of SHELL.

    For bash: cleaner completion bash > ~/.local/share/bash-completion/completions/cleaner
    """
    complete = get_completion_class(shell) or ShellComplete
    click.echo(complete(program, {}, PROGRAM, f"_{PROGRAM.upper()}_COMPLETE").source())
