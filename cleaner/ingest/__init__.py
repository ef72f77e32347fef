"""Ingest: whatever the caller has becomes a Document of Lines."""

from __future__ import annotations

from dataclasses import replace

from cleaner.errors import InvalidInput
from cleaner.ingest.decode import decode
from cleaner.ingest.limits import Limits
from cleaner.ingest.text import lines_of
from cleaner.model import Document, Kind

__all__ = ["Limits", "ingest"]


def ingest(document: Document, limits: Limits) -> Document:
    """Return `document` decoded and with its Lines; HTML becomes the page's visible text.

    Raises:
        InvalidInput: a charset that is none, or a lone surrogate in the text.
        TooLarge: a hard limit.
    """
    text, warnings = document.text, list(document.warnings)
    if document.raw is not None:
        limits.admit(len(document.raw))
        html = document.kind is Kind.HTML
        text, found = decode(document.raw, document.charset, html=html)
        warnings += found
    limits.admit(len(text))
    _refuse_surrogates(text)
    if document.kind is Kind.HTML:
        # Imported here: text needs no parser, and parsers take longest to import.
        from cleaner.ingest.html import read_html

        document, found = read_html(replace(document, text=text, raw=None), limits)
        warnings += found
    else:
        if len(text) > limits.max_lines:
            limits.admit(0, len(text.splitlines()))
        document = replace(document, text=text, raw=None, lines=lines_of(text))
    limits.admit(0, len(document.lines or ()))
    return replace(document, warnings=tuple(warnings))


def _refuse_surrogates(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidInput(
            "text",
            f"lone surrogate U+{ord(text[error.start]):04X} at offset {error.start}; "
            "text must be valid Unicode (decode with errors='replace')",
        ) from None
