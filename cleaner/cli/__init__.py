"""The program ``cleaner``: one file a command, loaded when it is called.

Exit codes: 0 ok, 1 some documents failed, 2 usage, 3 server unreachable. What goes wrong is one
line on stderr; a traceback is shown only where ``CLEANER_DEBUG`` is set.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import NoReturn

import click

from cleaner.threads import one_thread

_COMMANDS = {
    "clean": "Take the chrome out of text or HTML.",
    "explain": "Show a whole document with what goes, and why.",
    "serve": "Run the gRPC service until told to stop.",
    "top": "Watch a service at work: throughput, latency, queue, removals.",
    "learn": "Learn the templates of publishers from their pages.",
    "templates": "List, show, accept, refuse and compare learned templates.",
    "learner": "Run the learning service, or ask it what it would publish.",
    "rules": "List, show, check and try the hand-written rules.",
    "golden": "Compare golden copies with today's answers.",
    "demo": "Send documents through a real server and show what it took out.",
    "completion": "Print the completion script of a shell.",
}
PROGRAM = "cleaner"
FAILED, USAGE, UNREACHABLE = 1, 2, 3


class _ReaderLeftError(Exception):
    """The pipe behind stdout is closed. Click would take the plain error for a failure."""


class _Lazy(click.Group):
    """A group that imports a command's module only when the command is wanted."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _ReaderLeftError from error

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"cleaner.cli.{name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="boilerstrip", prog_name=PROGRAM)
def program() -> None:
    """Raw scraped text goes in, the article comes out, and whatever was dropped can be put back."""


def main() -> NoReturn:
    """Run the program; the exit codes are the module's."""
    one_thread()
    try:
        code = program.main(prog_name=PROGRAM, standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except click.Abort:
        code = 130
    except (_ReaderLeftError, BrokenPipeError):
        # The reader has what it wanted. Point stdout elsewhere, or Python complains at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        code = 0
    except Exception as error:  # noqa: BLE001  # no traceback ever reaches a user
        code = _told(error)
    sys.exit(code if isinstance(code, int) else 0)


def complain(message: str) -> None:
    """Print one line on stderr in the program's name."""
    click.echo(f"{PROGRAM}: {' '.join(message.split())}", err=True)


def _told(error: Exception) -> int:
    from cleaner.errors import CleanerError, InvalidInput, Unreachable

    if os.environ.get("CLEANER_DEBUG"):
        raise error
    if isinstance(error, CleanerError | OSError):
        complain(str(error))
        usage = isinstance(error, InvalidInput)
        return USAGE if usage else UNREACHABLE if isinstance(error, Unreachable) else FAILED
    complain(f"internal error ({type(error).__name__}); CLEANER_DEBUG=1 shows where")
    return FAILED
