"""``cleaner demo``: a real server on loopback, a real client, and what it took out."""

from __future__ import annotations

import click

from cleaner.cli import FAILED, complain
from cleaner.cli.sources import read_sources
from cleaner.model import Document, Result


@click.command("demo")
@click.argument("files", nargs=-1, required=True, type=click.Path())
def command(files: tuple[str, ...]) -> None:
    """Start a server, send FILES through a client, show what went and why, stop the server."""
    from rich.console import Console
    from rich.rule import Rule

    from cleaner.cli.terminal import show
    from cleaner.client import Client
    from cleaner.detect.rulebook import load_rulebook
    from cleaner.serve.server import running_server
    from cleaner.serve.settings import ServeSettings

    console = Console()
    categories = load_rulebook().categories
    documents = [doc for doc in read_sources(files, "auto") if isinstance(doc, Document)]
    if len(documents) < len(files):
        complain("some files cannot be read")
        raise click.exceptions.Exit(FAILED)
    settings = ServeSettings(address="127.0.0.1:0", workers=2)
    with running_server(settings) as server, Client(server.address) as client:
        for document, result in zip(documents, client.clean_many(documents), strict=True):
            console.print(Rule(style="dim"))
            if isinstance(result, Result):
                show(result, categories, document.id, console)
            else:
                complain(f"{document.id}: {result}")
    console.print("[bold]server[/] stopped")
