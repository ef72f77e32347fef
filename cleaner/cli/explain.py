"""``cleaner explain``: the whole document, what goes, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cleaner.cli import FAILED, complain
from cleaner.cli.options import (
    as_options,
    bundle_of,
    input_option,
    policy_options,
    source_options,
)
from cleaner.cli.sources import Broken, read_sources
from cleaner.errors import CleanerError
from cleaner.model import Result


@click.command("explain")
@click.argument("file", type=click.Path(allow_dash=True), default="-")
@input_option
@click.option(
    "--html",
    "out",
    type=click.Path(dir_okay=False, writable=True),
    help="Write one self-contained page to this file instead.",
)
@policy_options
@source_options
def command(
    file: str, input_form: str, out: str | None, url: str, publisher: str, bundle: Path | None,
    **policy: Any,
) -> None:  # fmt: skip
    """Show FILE with what goes struck out and coloured by category, the reason beside it.

    In a pipe, lines that go are marked with "- ".
    """
    from cleaner.pipeline import Cleaner

    options = as_options(**policy)
    cleaner = Cleaner(options, bundle=bundle_of(bundle, options))
    categories = cleaner.rulebook.categories
    results: dict[str, Result] = {}
    failed = False
    for document in read_sources((file,), input_form, url, publisher):
        try:
            if isinstance(document, Broken):
                raise CleanerError(document.message)
            result = cleaner.clean(document)
        except CleanerError as error:
            complain(f"{document.id}: {error}")
            failed = True
            continue
        if out is not None:
            again = f" ({len(results) + 1})" if document.id in results else ""
            results[document.id + again] = result
        else:
            from rich.console import Console

            from cleaner.cli.terminal import show

            show(result, categories, document.id, Console(soft_wrap=False))
    if out is not None and results:
        from cleaner.render.report import page_of

        Path(out).write_text(page_of(results, categories), encoding="utf-8")
        click.echo(f"wrote {out}", err=True)
    if failed:
        raise click.exceptions.Exit(FAILED)
