"""What the command line reads: files, standard input, JSONL; each a stream of Documents."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cleaner.model import Document, Kind

STDIN = "-"
_SUFFIXES = {
    ".html": "html", ".htm": "html", ".xhtml": "html", ".jsonl": "jsonl", ".ndjson": "jsonl",
}  # fmt: skip
_STRINGS = ("text", "html", "url", "publisher", "language", "title")


@dataclass(frozen=True, slots=True)
class Broken:
    """An input that is no document; `message` says why."""

    id: str
    message: str


def read_sources(
    files: tuple[str, ...], form: str, url: str = "", publisher: str = ""
) -> Iterator[Document | Broken]:
    """Yield the Documents of `files` in order; `url` and `publisher` are of those that name none.

    `form` is ``auto``, ``text``, ``html`` or ``jsonl``; auto goes by the file's suffix, then by
    how its content begins.
    """
    for name in files or (STDIN,):
        try:
            with _open(name) as stream:
                yield from _documents(name, stream, form, {"url": url, "publisher": publisher})
        except OSError as error:
            yield Broken(name, error.strerror or str(error))


def _open(name: str) -> io.BufferedReader:
    if name == STDIN:
        return open(sys.stdin.fileno(), "rb", closefd=False)
    return Path(name).open("rb")


def _documents(
    name: str, stream: io.BufferedReader, form: str, hints: dict[str, str]
) -> Iterator[Document | Broken]:
    if form == "auto":
        form = _SUFFIXES.get(Path(name).suffix.lower()) or _sniffed(stream)
    if form == "jsonl":
        for number, line in enumerate(stream, 1):
            if line.strip():
                yield _row(name, number, line, hints)
        return
    yield Document(
        raw=stream.read(), kind=Kind(form), id=name, url=hints["url"], publisher=hints["publisher"]
    )


def _sniffed(stream: io.BufferedReader) -> str:
    begin = stream.peek(1024)[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if begin.startswith((b"<!doctype html", b"<html", b"<head", b"<body", b"<?xml")):
        return "html"
    if begin.startswith(b"{") and (b'"text"' in begin or b'"html"' in begin or b'"id"' in begin):
        return "jsonl"
    return "text"


def _row(name: str, number: int, line: bytes, hints: dict[str, str]) -> Document | Broken:
    where = f"{name}:{number}"
    try:
        row = json.loads(line)
    except ValueError as error:
        return Broken(where, f"not JSON: {error}")
    if not isinstance(row, dict):
        return Broken(where, f"a JSON object was expected, not {type(row).__name__}")
    key = str(row.get("id", where))
    given = {field: value for field in _STRINGS if (value := row.get(field)) is not None}
    if wrong := [field for field, value in given.items() if not isinstance(value, str)]:
        return Broken(key, f"{wrong[0]!r} must be a string")
    if "text" not in given and "html" not in given:
        return Broken(key, "has neither 'text' nor 'html'")
    html = given.pop("html", None)
    if html is not None:
        given["text"] = html
    kind = Kind.TEXT if html is None else Kind.HTML
    return Document(**{**hints, **given}, id=key, kind=kind)
