"""``cleaner learn``: a publisher's pages in, its templates out."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cleaner.cli import FAILED, complain
from cleaner.cli.engines import ENGINES, engine_of, needs
from cleaner.errors import CleanerError, InvalidInput
from cleaner.learn.templates.support import DEFAULT

if TYPE_CHECKING:
    import pyarrow as pa

    from cleaner.bench.progress import Advance
    from cleaner.detect.templates.bundle import Bundle
    from cleaner.learn.templates.mined import Mined
    from cleaner.learn.templates.miner import Batches
    from cleaner.learn.templates.report import Learned

# Complaints about single pages that are told; the rest is counted.
_MOST_TOLD = 20
_SAMPLED_PUBLISHERS, _SAMPLED_PAGES = 100, 12
_MOST_ROWS = 40
_PASSES = ("counting", "looking", "showing")


@click.command("learn")
@click.argument("pages", nargs=-1, required=True, metavar="PAGES…", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--out",
    required=True,
    metavar="BUNDLE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write; decisions by hand in one that is there are kept.",
)
@click.option("--publisher", default="", help="Whose pages these are, where a page doesn't say.")
@click.option(
    "--min-pages",
    type=click.IntRange(2),
    default=DEFAULT.pages,
    show_default=True,
    help="Distinct pages that a template must stand on. Two are enough of five or fewer.",
)
@click.option(
    "--min-days",
    type=click.IntRange(1),
    default=DEFAULT.days,
    show_default=True,
    help="Distinct days, for pages with dates.",
)
@click.option(
    "--engine",
    type=click.Choice(list(ENGINES)),
    default=None,
    help="Who counts.  [default: duckdb, or here without it]",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    default=os.cpu_count() or 1,
    show_default="one a core",
    help="Processes or threads of the engine.",
)
@click.option(
    "--report", type=click.Path(dir_okay=False, path_type=Path), metavar="OUT.html",
    help="Also write what was learned, and what was refused, as a page to read.",
)  # fmt: skip
def command(
    pages: tuple[Path, ...], out: Path, publisher: str, min_pages: int, min_days: int,
    engine: str | None, workers: int, report: Path | None,
) -> None:  # fmt: skip
    """Learn the templates of publishers from their PAGES.

    PAGES are JSONL files with {"id", "text" or "html", "url"?, "publisher"?, "date"?} on a line,
    Parquet files with such columns, or folders of .txt and .html files. The publisher is the
    page's own, else --publisher, else the domain of the URL, else the folder's name.
    """
    for path in filter(None, (out, report)):
        if not path.parent.is_dir():
            raise InvalidInput("out", f"{path.parent}: no such folder")
    support = replace(DEFAULT, pages=min_pages, days=min_days)
    with needs("learn", "learning templates"):
        from cleaner.detect.templates.bundle import EMPTY, Bundle
        from cleaner.learn.templates.miner import mine
        from cleaner.learn.templates.pages import read_pages
    old = Bundle.load(out) if out.exists() else EMPTY
    complaints = _Complaints()
    source = read_pages(pages, publisher, complaints.tell)
    with engine_of(engine or "", workers) as runner, _stages() as begin:
        batches = _Counted(source, begin)
        mined = mine(batches, runner, support)
        learned = _kept(mined, old, out, batches)
    complaints.sum_up()
    if report is not None:
        _write_report(report, learned)
    _summary(learned)
    if complaints.count:
        raise click.exceptions.Exit(FAILED)


def _kept(mined: Mined, old: Bundle, out: Path, batches: Batches) -> list[Learned]:
    """Write the bundle and try it on a sample of the pages."""
    from cleaner.detect.templates.bundle import Bundle
    from cleaner.learn.templates.decisions import with_decisions
    from cleaner.learn.templates.report import learned_of
    from cleaner.learn.templates.sample import sample

    if not mined.pages:
        raise CleanerError(
            "nothing to learn from: no page could be read and has a publisher; "
            "name one with --publisher, or give pages a 'url'"
        )
    templates = with_decisions(mined.templates, old)
    bundle = Bundle.of(templates)
    bundle.save(out)
    click.echo(f"wrote {out}: bundle {bundle.digest}", err=True)
    most = sorted(mined.pages, key=lambda name: (-mined.pages[name], name))
    samples = sample(batches, bundle, most[:_SAMPLED_PUBLISHERS], _SAMPLED_PAGES)
    return learned_of(templates, mined, samples)


_Begin = Callable[[str, int | None], "Advance"]


@dataclass
class _Counted:
    """Pages that advance a bar as they are read, one bar for each time."""

    batches: Batches
    begin: _Begin
    passes: int = 0
    total: int | None = None

    def __call__(self) -> Iterator[pa.RecordBatch]:
        label = _PASSES[min(self.passes, len(_PASSES) - 1)]
        self.passes += 1
        advance = self.begin(label, self.total)
        seen = 0
        for batch in self.batches():
            yield batch
            seen += batch.num_rows
            advance(batch.num_rows)
        self.total = seen


@dataclass
class _Complaints:
    """Tells of pages that were left out, up to a number."""

    count: int = 0
    kept: list[str] = field(default_factory=list)

    def tell(self, message: str) -> None:
        self.count += 1
        if self.count <= _MOST_TOLD:
            complain(message)

    def sum_up(self) -> None:
        if self.count > _MOST_TOLD:
            complain(f"… and {self.count - _MOST_TOLD:,} more pages were left out")


def _stages() -> AbstractContextManager[_Begin]:
    """Return progress bars on stderr, where it is a terminal."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        return nullcontext(lambda label, total: lambda count: None)
    from cleaner.bench.progress import stages

    return stages()


def _write_report(out: Path, learned: list[Learned]) -> None:
    from cleaner.detect.rulebook import load_rulebook
    from cleaner.learn.templates.report import page_of

    out.write_text(page_of(learned, load_rulebook().categories), encoding="utf-8")
    click.echo(f"wrote {out}", err=True)


def _summary(learned: list[Learned]) -> None:
    """Print a table on a terminal, and in a pipe a line for each publisher."""
    from cleaner.learn.templates.report import caught

    head = ("publisher", "pages", "templates", "refused", "lines caught")
    rows = [
        (one.publisher, str(one.pages), str(len(one.accepted)), str(len(one.refused)), caught(one))
        for one in learned
    ]
    if not sys.stdout.isatty():
        for row in (head, *rows):
            click.echo("\t".join(row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column(head[0], overflow="fold")
    for name in head[1:]:
        table.add_column(name, justify="right")
    for row in rows[:_MOST_ROWS]:
        table.add_row(*map(Text, row))
    console = Console()
    console.print(table)
    if len(rows) > _MOST_ROWS:
        console.print(f"… and {len(rows) - _MOST_ROWS:,} more publishers", style="dim")
