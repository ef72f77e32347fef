"""A progress bar on stderr."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

Advance = Callable[[int], None]


@contextmanager
def progress(total: int | None) -> Iterator[Callable[[], None]]:
    """Show a bar of documents done (of `total`, if known); yield what advances it."""
    with stages() as begin:
        advance = begin("cleaning", total)
        yield lambda: advance(1)


async def follow(label: str, total: int, done: Callable[[], int]) -> None:
    """Show on a terminal, until cancelled, how much is done."""
    if not Console(stderr=True).is_terminal:
        return
    with stages() as begin:
        advance, seen = begin(label, total), 0
        while True:
            await asyncio.sleep(0.5)
            now = min(done(), total)
            advance(now - seen)
            seen = now


@contextmanager
def stages() -> Iterator[Callable[[str, int | None], Advance]]:
    """Show one bar after another; yield what begins the next, which returns what advances it."""
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:

        def begin(label: str, total: int | None) -> Advance:
            for task in bar.tasks:
                bar.update(task.id, visible=False)
            task_id = bar.add_task(label, total=total)
            return lambda count: bar.advance(task_id, count)

        yield begin
