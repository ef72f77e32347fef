"""Pages to learn from: JSONL, Parquet or a folder of files, read anew as often as asked.

A JSONL line is ``{"id", "text" or "html", "url"?, "publisher"?, "date"?}``, the columns of a
Parquet file are called alike (``raw_text`` is another name for ``text``), and a file in a folder
is a page of the folder's publisher. A page that cannot be used is told once and left out.
"""

from __future__ import annotations

import codecs
import gzip
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast

import pyarrow as pa
import pyarrow.parquet as pq

from cleaner.errors import InvalidInput
from cleaner.ingest.decode import decode
from cleaner.learn.templates.passes import NO_DAY, PAGES
from cleaner.model import Document, Kind

Row = Mapping[str, Any]
Tell = Callable[[str], None]

_BATCH = 128
_PARQUET = (".parquet",)
_LINES = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")
_TEXT, _HTML = (".txt",), (".html", ".htm", ".xhtml")
_COLUMNS = ("id", "url", "publisher", "date", "text", "raw_text", "html")
_EPOCH = date(1970, 1, 1)
_FITTING = ".jsonl, .jsonl.gz, .parquet, .txt, .html, or a folder with .txt and .html files"


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    id: str
    """Of the page, where the file is one."""
    publisher: str
    """Of pages that name none."""


def _silent(message: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Pages:
    """Yields all pages as batches of `PAGES`, as often as it is called."""

    files: tuple[_File, ...]
    tell: Tell = field(default=_silent, compare=False)
    """Is told, the first time, of each page that cannot be used, and why."""
    _told: set[str] = field(default_factory=set, compare=False, repr=False)

    def __call__(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches, of 128 pages at most."""
        pages = self._pages()
        while rows := list(islice(pages, _BATCH)):
            yield pa.RecordBatch.from_pylist(rows, schema=PAGES)

    def _pages(self) -> Iterator[dict[str, Any]]:
        for file in self.files:
            try:
                for where, row in _rows(file):
                    try:
                        yield _page(where, row, file.publisher)
                    except InvalidInput as error:
                        self._complain(f"{where}: {error}")
            except (OSError, EOFError, pa.ArrowException) as error:
                why = getattr(error, "strerror", None) or str(error).partition("\n")[0]
                self._complain(f"{file.path}: cannot be read to its end: {why}")
            except InvalidInput as error:
                self._complain(f"{file.path}: {error}")

    def _complain(self, message: str) -> None:
        if message not in self._told:
            self._told.add(message)
            self.tell(message)


def read_pages(paths: Sequence[Path], publisher: str = "", tell: Tell = _silent) -> Pages:
    """Return the pages in files and folders; `publisher` is that of pages that name none.

    A publisher that is given wins over the URL, a page's own wins over both.

    Raises:
        InvalidInput: a path that does not exist, or that pages cannot be read from.
    """
    files: list[_File] = []
    for path in paths:
        if not path.exists():
            raise InvalidInput("pages", f"{path}: no such file or folder")
        if not path.is_dir():
            if not path.name.lower().endswith((*_PARQUET, *_LINES, *_TEXT, *_HTML)):
                raise InvalidInput("pages", f"{path}: what is in it? Pages come as {_FITTING}")
            files.append(_file(path, path.parent, publisher, ""))
            continue
        # Pages of two folders must not share an id.
        before = f"{path.as_posix()}/" if len(paths) > 1 else ""
        found = [_file(inner, path, publisher, before) for inner in _inside(path)]
        if not found:
            raise InvalidInput("pages", f"{path}: no pages in it; they come as {_FITTING}")
        files += found
    return Pages(tuple(files), tell)


def document_of(page: Mapping[str, Any]) -> Document:
    """Return a row of `PAGES` as a Document."""
    html = page["html"] is not None
    return Document(
        text="" if html else page["text"] or "",
        raw=page["html"],
        kind=Kind.HTML if html else Kind.TEXT,
        id=page["id"],
        url=page["url"] or "",
        publisher=page["publisher"] or "",
    )


def _inside(folder: Path) -> Iterator[Path]:
    fitting = (*_PARQUET, *_LINES, *_TEXT, *_HTML)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name.lower().endswith(fitting):
            yield path


def _file(path: Path, root: Path, publisher: str, before: str) -> _File:
    single = path.name.lower().endswith((*_TEXT, *_HTML))
    named = publisher or (root.resolve().name if single else "")
    return _File(path, before + path.relative_to(root).as_posix(), named)


def _rows(file: _File) -> Iterator[tuple[str, Row | bytes]]:
    """Yield the rows of a file, or lines of JSON, each with where it stands."""
    name = file.path.name.lower()
    if name.endswith(_PARQUET):
        yield from _columns(file.path)
    elif name.endswith(_LINES):
        with _opened(file.path) as stream:
            for number, line in enumerate(stream, 1):
                if line.strip():
                    yield f"{file.path}:{number}", line
    else:
        kind = "html" if name.endswith(_HTML) else "text"
        yield str(file.path), {"id": file.id, kind: file.path.read_bytes()}


def _opened(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path)) if path.suffix.lower() == ".gz" else path.open("rb")


def _columns(path: Path) -> Iterator[tuple[str, Row]]:
    with pq.ParquetFile(path) as file:
        names = [name for name in _COLUMNS if name in file.schema_arrow.names]
        if not {"text", "raw_text", "html"} & set(names):
            known = ", ".join(file.schema_arrow.names)
            raise InvalidInput("pages", f"has no column 'text', 'raw_text' or 'html', only {known}")
        number = 0
        for batch in file.iter_batches(_BATCH, columns=names):
            for row in batch.to_pylist():
                number += 1
                yield f"{path}: row {number}", row


def _page(where: str, row: Row | bytes, publisher: str) -> dict[str, Any]:
    """Return a row of `PAGES`.

    Raises:
        InvalidInput: what is wrong with the row, and what would be right.
    """
    if isinstance(row, bytes):
        row = _parsed(row)
    html = row.get("html")
    text = row.get("text") if row.get("text") is not None else row.get("raw_text")
    if html is None and text is None:
        raise InvalidInput("text", "has neither 'text' nor 'html'")
    given = None if row.get("id") is None else str(row["id"])
    return {
        "id": given or where,
        "url": _string(row, "url"),
        "publisher": _string(row, "publisher") or publisher,
        "day": _day(row.get("date")),
        "text": None if html is not None else _text(text),
        "html": None if html is None else _markup(html),
    }


def _parsed(line: bytes) -> Row:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InvalidInput("line", f"not JSON: {error}") from None
    if not isinstance(row, dict):
        raise InvalidInput("line", f"a JSON object was expected, not {type(row).__name__}")
    return row


def _string(row: Row, name: str) -> str:
    value = row.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidInput(name, f"{name!r} must be a string")
    return _valid(value or "", name)


def _valid(value: str, name: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        code = ord(value[error.start])
        raise InvalidInput(name, f"{name!r} has a lone surrogate U+{code:04X}") from None
    return value


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return decode(value)[0]
    if not isinstance(value, str):
        raise InvalidInput("text", "'text' must be a string")
    return _valid(value, "text")


def _markup(value: object) -> bytes:
    """Return a page's bytes; markup that is decoded already says so by a byte order mark."""
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise InvalidInput("html", "'html' must be a string")
    return codecs.BOM_UTF8 + _valid(value, "html").encode()


def _day(value: object) -> int:
    """Return the day in days since 1970; `NO_DAY` if none is given."""
    if value is None or value == "":
        return NO_DAY
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise InvalidInput("date", f"date {value!r} is not like 2026-05-31") from None
    if isinstance(value, datetime):
        value = value.date()
    if not isinstance(value, date):
        raise InvalidInput("date", "'date' must be a string like 2026-05-31")
    return max((value - _EPOCH).days, NO_DAY)
