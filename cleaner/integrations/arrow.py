"""Cleaning over Arrow batches: what every engine maps.

Columns that are asked for by name, in any order, all but ``id`` optional: ``id``, ``text`` or
``html`` (text or bytes), ``url``, ``publisher``, ``language``, ``title``, ``charset``. Others are
passed over.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from cleaner.detect.templates.bundle import Bundle
from cleaner.errors import CleanerError
from cleaner.model import Document, Kind, Result
from cleaner.pipeline import Cleaner
from cleaner.profiles import Options

REMOVED = pa.struct(
    [
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("category", pa.string()),
        ("confidence", pa.float64()),
        ("detector", pa.string()),
        ("rule", pa.string()),
    ]
)
"""What was taken out: code points ``[start, end)`` of the text, or of a page's visible text."""
CLEANED = pa.schema(
    [
        ("id", pa.string()),
        ("text", pa.string()),
        ("removed", pa.list_(REMOVED)),
        ("ruleset_version", pa.string()),
        ("warnings", pa.list_(pa.string())),
        ("error", pa.string()),
    ]
)
"""An answer. Where ``error`` says why there is none, ``text`` is null."""
_HINTS = ("url", "publisher", "language", "title", "charset")


def clean_batch(
    batch: pa.RecordBatch | pa.Table, options: Options = Options(), bundle_path: str = ""
) -> pa.RecordBatch:
    """Return the `CLEANED` rows of a batch of documents, in order.

    One bad document never fails its batch. The bundle is loaded once in a process: whoever learns
    anew writes it to another path.

    Raises:
        UnknownName, InvalidInput: `options` name something that does not exist.
        BundleError: the bundle cannot be used.
    """
    cleaner = cleaner_of(options, bundle_path)
    wanted = [name for name in ("id", "text", "html", *_HINTS) if name in batch.schema.names]
    rows = batch.select(wanted).to_pylist()
    return pa.RecordBatch.from_pylist([_answer(cleaner, row) for row in rows], schema=CLEANED)


@lru_cache(4)
def cleaner_of(options: Options, bundle_path: str) -> Cleaner:
    """Return the process's Cleaner for these options and that bundle; '' for no bundle."""
    return Cleaner(options, bundle=Bundle.load(Path(bundle_path)) if bundle_path else None)


def _answer(cleaner: Cleaner, row: dict[str, Any]) -> dict[str, object]:
    answer: dict[str, object] = {
        "id": row.get("id"),
        "ruleset_version": cleaner.ruleset_version,
        "removed": [],
        "warnings": [],
    }
    try:
        result = cleaner.clean(_document(row))
    except CleanerError as error:
        return answer | {"error": f"{type(error).__name__}: {error}"}
    except Exception as error:  # noqa: BLE001 # a fault of ours costs a document, not the job
        return answer | {"error": f"internal: {type(error).__name__}"}
    removed = _removed(result)
    return answer | {"text": result.text, "removed": removed, "warnings": list(result.warnings)}


def _document(row: dict[str, Any]) -> Document:
    hints = {name: str(row[name]) for name in _HINTS if row.get(name) is not None}
    content = row.get("html")
    kind = Kind.TEXT if content is None else Kind.HTML
    if content is None:
        content = row.get("text") or ""
    if isinstance(content, bytes):
        return Document(raw=content, kind=kind, **hints)  # type: ignore[arg-type]
    return Document(text=content, kind=kind, **hints)  # type: ignore[arg-type]


def _removed(result: Result) -> list[dict[str, object]]:
    return [
        {
            "start": removal.start,
            "end": removal.end,
            "category": removal.verdict.category,
            "confidence": removal.verdict.confidence,
            "detector": removal.verdict.detector,
            "rule": removal.verdict.source,
        }
        for removal in result.removed
    ]
