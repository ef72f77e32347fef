"""``cleaner clean``: text on standard input or in files, the article on standard output."""

from __future__ import annotations

import json
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
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
from cleaner.model import Document, Kind, Result
from cleaner.profiles import Options

_CHUNK = 16
Answer = tuple[str, str, str]
"""The document's id, what to print, and what went wrong; one of the last two is empty."""
Ruleset = tuple[Options, Path | None]
"""What to clean with: options and where the bundle is."""


@click.command("clean")
@click.argument("files", nargs=-1, type=click.Path(allow_dash=True), metavar="[FILE…|-]")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "jsonl"]),
    default="text",
    show_default=True,
    help="What to print for each document.",
)
@input_option
@policy_options
@source_options
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    help="Processes to clean with.",
)
@click.option(
    "--server",
    default="",
    metavar="ADDRESS",
    help="Send the documents to a running service instead.",
)
def command(
    files: tuple[str, ...], form: str, input_form: str, url: str, publisher: str,
    bundle: Path | None, workers: int, server: str, **policy: Any,
) -> None:  # fmt: skip
    """Take the chrome out of FILEs, or of standard input.

    A JSONL line is {"id", "text" or "html", "url"?, "publisher"?, "language"?}. Answers keep the
    order of the input; with json and jsonl each document is one object.
    """
    options = as_options(**policy)
    documents = read_sources(files, input_form, url, publisher)
    if server and bundle:
        raise click.UsageError("--bundle is for cleaning here; a service has templates of its own")
    if server:
        answers = _by_server(documents, options, form, server)
    elif workers > 1:
        answers = _by_workers(documents, (options, bundle), form, workers)
    else:
        answers = _here(documents, (options, bundle), form)
    failed = False
    alone = len(files) < 2
    with _progress(files, form) as advance:
        for name, printed, error in answers:
            failed = failed or bool(error)
            if error:
                complain(f"{name}: {error}")
            _print(printed, form, alone)
            advance()
    if failed:
        raise click.exceptions.Exit(FAILED)


def _print(printed: str, form: str, alone: bool) -> None:
    """Print an answer: bytes as they are in a pipe, a line end after it anywhere else."""
    out = sys.stdout.buffer
    out.write(printed.encode("utf-8", errors="surrogatepass"))
    bare = form == "text" and alone and not sys.stdout.isatty()
    if printed and not bare and not printed.endswith("\n"):
        out.write(b"\n")
    if sys.stdout.isatty():
        out.flush()


def answer(
    result: Result | CleanerError | Broken, document: Document | Broken, form: str
) -> Answer:
    """Return what to print for one document."""
    name = document.id
    if isinstance(result, Result):
        if form != "text":
            return name, json.dumps(as_json(result), ensure_ascii=False), ""
        row = isinstance(document, Document) and document.raw is None
        ended = not row or not result.text or result.text.endswith("\n")
        return name, result.text if ended else f"{result.text}\n", ""
    message = result.message if isinstance(result, Broken) else str(result)
    shown = "" if form == "text" else json.dumps({"id": name, "error": message}, ensure_ascii=False)
    return name, shown, message


def as_json(result: Result) -> dict[str, Any]:
    """Return a Result as the object that ``--format json`` prints.

    Offsets are in code points of the input; for HTML, of the page's visible text, which then
    stands under ``source``.
    """
    document = result.document
    removed = [
        {
            "start": removal.start,
            "end": removal.end,
            "category": removal.verdict.category,
            "confidence": removal.verdict.confidence,
            "detector": removal.verdict.detector,
            "rule": removal.verdict.source,
            "quote": document.text[removal.start : removal.end],
        }
        for removal in result.removed
    ]
    row: dict[str, Any] = {"id": document.id, "text": result.text, "removed": removed}
    if result.joins:
        row["joined"] = [
            {"start": join.start, "end": join.end, "text": join.text} for join in result.joins
        ]
    if document.kind is Kind.HTML:
        row["source"] = document.text
    row["ruleset_version"] = result.ruleset_version
    row["warnings"] = list(result.warnings)
    return row


def _here(documents: Iterable[Document | Broken], ruleset: Ruleset, form: str) -> Iterator[Answer]:
    clean = _cleaner(ruleset)
    for document in documents:
        yield answer(clean(document), document, form)


def _cleaner(ruleset: Ruleset) -> Callable[[Document | Broken], Result | CleanerError | Broken]:
    from cleaner.pipeline import Cleaner

    options, bundle = ruleset
    cleaner = Cleaner(options, bundle=bundle_of(bundle, options))

    def clean(document: Document | Broken) -> Result | CleanerError | Broken:
        if isinstance(document, Broken):
            return document
        try:
            return cleaner.clean(document)
        except CleanerError as error:
            return error

    return clean


_in_worker: list[Callable[[Document | Broken], Result | CleanerError | Broken]] = []


def _start_worker(ruleset: Ruleset) -> None:
    _in_worker[:] = [_cleaner(ruleset)]


def _chunk(documents: list[Document | Broken], form: str) -> list[Answer]:
    return [answer(_in_worker[0](document), document, form) for document in documents]


def _by_workers(
    documents: Iterator[Document | Broken], ruleset: Ruleset, form: str, workers: int
) -> Iterator[Answer]:
    """Clean in processes; a bounded window of chunks is under way, answers keep the order."""
    import multiprocessing
    from concurrent.futures import Future, ProcessPoolExecutor

    _cleaner(ruleset)  # a wrong option is told once, here
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, _start_worker, (ruleset,)) as pool:
        waiting: deque[Future[list[Answer]]] = deque()
        while chunk := list(islice(documents, _CHUNK)):
            waiting.append(pool.submit(_chunk, chunk, form))
            if len(waiting) > 2 * workers:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()


def _by_server(
    documents: Iterator[Document | Broken], options: Options, form: str, server: str
) -> Iterator[Answer]:
    """Clean through a running service; inputs that are no document are answered here."""
    from cleaner.cli.caller import caller
    from cleaner.client import Client
    from cleaner.errors import Unreachable

    asked: deque[Document | Broken] = deque()

    def sent() -> Iterator[Document]:
        for document in documents:
            asked.append(document)
            if isinstance(document, Document):
                yield document

    def broken() -> Iterator[Answer]:
        while asked and isinstance(asked[0], Broken):
            yield answer(asked[0], asked.popleft(), form)

    with Client(server, options=options, **caller()) as client:
        for result in client.clean_many(sent()):
            if isinstance(result, Unreachable):
                raise result
            yield from broken()
            yield answer(result, asked.popleft(), form)
    yield from broken()


def _unseen() -> None:
    """Advance no bar."""


def _progress(files: tuple[str, ...], form: str) -> AbstractContextManager[Callable[[], None]]:
    """Return a progress bar on stderr, where stderr is a terminal and stdout is not."""
    single = len(files) < 2 and not any(name.endswith((".jsonl", ".ndjson")) for name in files)
    if not sys.stderr.isatty() or sys.stdout.isatty() or single or os.environ.get("TERM") == "dumb":
        return nullcontext(_unseen)
    from cleaner.bench.progress import progress

    return progress(len(files) if len(files) > 1 else None)
