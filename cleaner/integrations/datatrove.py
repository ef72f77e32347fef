"""A datatrove step that cleans: put it between a reader and whatever comes next.

A document's hints are taken from its metadata (``url``, ``publisher``, ``language``, ``title``);
what was taken out goes there as ``removed``, beside ``ruleset_version``. A document that cannot
be cleaned passes as it is, with the reason as ``cleaning_error``: in doubt, keep.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import pyarrow as pa
from datatrove.data import Document, DocumentsPipeline
from datatrove.pipeline.base import PipelineStep

from cleaner.integrations.arrow import clean_batch
from cleaner.profiles import Options

_HINTS = ("url", "publisher", "language", "title")
_DOCUMENTS = pa.schema([(name, pa.string()) for name in ("id", "text", *_HINTS)])
_ROWS = 64


class Clean(PipelineStep):  # type: ignore[misc] # an extra
    """Replaces each document's text by the article in it."""

    name = "boilerstrip"
    type = "CLEANER"

    def __init__(self, options: Options = Options(), bundle_path: str = "") -> None:
        super().__init__()
        self.options = options
        self.bundle_path = bundle_path

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        """Yield every document of `data`, cleaned, in order."""
        for some in _in_batches(data or ()):
            with self.track_time(unit="batch"):
                rows = pa.RecordBatch.from_pylist([_row(each) for each in some], schema=_DOCUMENTS)
                answers = clean_batch(rows, self.options, self.bundle_path).to_pylist()
            for document, answer in zip(some, answers, strict=True):
                self._take(document, answer)
                yield document

    def _take(self, document: Document, answer: dict[str, Any]) -> None:
        self.stat_update("documents")
        document.metadata["ruleset_version"] = answer["ruleset_version"]
        if answer["error"]:
            self.stat_update("failed")
            document.metadata["cleaning_error"] = answer["error"]
            return
        self.stat_update("removed", value=len(answer["removed"]), unit="spans")
        document.metadata["removed"] = answer["removed"]
        document.text = answer["text"]


def _row(document: Document) -> dict[str, str]:
    hints = {name: document.metadata.get(name) for name in _HINTS}
    told = {name: str(value) for name, value in hints.items() if value}
    return {"id": str(document.id), "text": document.text} | told


def _in_batches(documents: Iterable[Document]) -> Iterator[list[Document]]:
    waiting = iter(documents)
    while some := list(islice(waiting, _ROWS)):
        yield some
