"""What a bundle of many publishers costs: loading it, holding it, and cleaning with it loaded."""

from __future__ import annotations

import gc
import os
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from cleaner.bench.generated import Corpus, batches
from cleaner.detect.templates.bundle import Bundle
from cleaner.learn.templates.miner import Here, mine
from cleaner.model import Document
from cleaner.pipeline import Cleaner

_PUBLISHERS, _TEMPLATES = 10_000, 50
_ROUNDS = 5
_DOCUMENTS = 60


def measure(publishers: int = _PUBLISHERS, templates: int = _TEMPLATES) -> dict[str, float]:
    """Return the figures of a bundle of that size, and print them."""
    with tempfile.TemporaryDirectory(prefix="bundle-") as name:
        path = Path(name) / "templates.bundle"
        known = _written(path, publishers, templates)
        figures = _loaded(path, known)
    for name, value in figures.items():
        sys.stdout.write(f"{name:<46}{value:>10.3f}\n")
    return figures


def _written(path: Path, publishers: int, templates: int) -> list[Document]:
    """Write a bundle; return pages of publishers that are in it."""
    corpus = Corpus(pages=600, publishers=12, html_each=10**9)
    pages = list(batches(corpus))
    mined = mine(lambda: pages, Here())
    ours = {t.publisher for t in mined.templates}
    accepted = [t for t in mined.templates if t.accepted]
    rng = np.random.default_rng(3)
    made = list(accepted)
    for number in range(publishers - len(ours)):
        host = f"publisher-{number}.example.com"
        # Texts differ between publishers, as they do in life: none is shared.
        made += [
            replace(
                accepted[at % len(accepted)],
                publisher=host,
                text=f"{accepted[at % len(accepted)].text} {host} {at}",
                fingerprint=int(rng.integers(-(2**63), 2**63)),
            )
            for at in range(templates)
        ]
    Bundle.of(made).save(path)
    return _documents(pages)


def _documents(pages: list[pa.RecordBatch]) -> list[Document]:
    rows = [row for batch in pages for row in batch.to_pylist() if row["text"]]
    return [Document(text=row["text"], url=row["url"]) for row in rows[:_DOCUMENTS]]


def _loaded(path: Path, known: list[Document]) -> dict[str, float]:
    before = _resident()
    start = time.perf_counter(), time.process_time()
    bundle = Bundle.load(path)
    wall, cpu = time.perf_counter() - start[0], time.process_time() - start[1]
    gc.collect()
    unknown = [replace(document, url="https://www.example.net/1") for document in known]
    return {
        "bundle: templates": len(bundle),
        "bundle: file, MB": path.stat().st_size / 1e6,
        "bundle: load, seconds": wall,
        "bundle: load, processor seconds": cpu,
        "bundle: memory, MB": _resident() - before,
        "bundle: time with / without, publisher in it": _ratio(bundle, known),
        "bundle: time with / without, publisher not in it": _ratio(bundle, unknown),
    }


def _ratio(bundle: Bundle, documents: list[Document]) -> float:
    """Return the median of paired ratios of processor time."""
    ways = [Cleaner(bundle=bundle), Cleaner()]
    found = []
    for turn in range(_ROUNDS + 1):
        spent = [0.0, 0.0]
        for number, document in enumerate(documents):
            for at in (0, 1) if (number + turn) % 2 else (1, 0):
                start = time.process_time()
                ways[at].clean(document)
                spent[at] += time.process_time() - start
        if turn:  # the first only warms up
            found.append(spent[0] / spent[1])
    return statistics.median(found)


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text("utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
