"""A Result on a terminal, and the same as plain text in a pipe."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cleaner.detect.rulebook import Category
from cleaner.model import Result
from cleaner.render.explain import parts_of, reason_of, summary_of

_NARROWEST = 90


def show(result: Result, categories: dict[str, Category], title: str, console: Console) -> None:
    """Print the whole document; what goes is struck and coloured, the reason beside it."""
    console.print(Text(title, style="bold"), Text(summary_of(result), style="dim"), sep="  ")
    for warning in result.warnings:
        console.print(Text(warning, style="yellow"))
    console.print()
    if not console.is_terminal:
        _plain(result, console)
        return
    beside = console.width >= _NARROWEST
    table = Table.grid(padding=(0, 2))
    table.add_column(ratio=3, overflow="fold")
    if beside:
        table.add_column(ratio=2, overflow="fold")
    table.expand = True
    for part in parts_of(result):
        text = part.text.strip("\n")
        if part.verdict is None:
            table.add_row(Text(text))
        else:
            row = categories.get(part.verdict.category)
            colour = row.colour if row else "red"
            reason = Text(reason_of(part.verdict), style=colour)
            table.add_row(Text(text, style=f"{colour} strike"), *([reason] if beside else []))
            if not beside:
                table.add_row(reason)
        table.add_row("")
    console.print(table)


def _plain(result: Result, console: Console) -> None:
    """Without colour a mark at the start of the line says what goes."""
    for part in parts_of(result):
        mark = "  " if part.verdict is None else "- "
        for line in part.text.strip("\n").splitlines():
            console.out(f"{mark}{line}".rstrip(), highlight=False)
        if part.verdict is not None:
            console.out(f"  [{reason_of(part.verdict)}]", highlight=False)
