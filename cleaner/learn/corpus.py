"""Pages with a human's word on what their article is, from a folder of Parquet files.

A file counts as pages if it has the columns ``id``, ``url`` and ``html``; everything else is
optional: the gold text (``main_content`` or ``gold_text``), snippets that must stay or go
(``with_``, ``without``), ``title``, ``publisher``, ``lang``, ``page_type`` and ``role``.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow.parquet as pq
from courlan import extract_domain
from selectolax.lexbor import LexborHTMLParser

from cleaner.errors import InvalidInput
from cleaner.ingest.decode import decode

_BATCH = 64
_NEEDED = {"id", "url", "html"}
_NATIVE = {"id", "url", "raw_text"}
FOLDS = 5
_APART = (
    "h1, title, time, figcaption, [itemprop=headline], [itemprop=author], [rel=author], "
    "[class*=byline], [class*=caption], [class*=dateline], [class*=timestamp], [class*=author], "
    "[class*=date], [class*=standfirst], [class*=subtitle], [class*=credit]"
)
_LONGEST_APART = 400
_LANGUAGE = re.compile(r"""<html\b[^>]*?\blang\s*=\s*["']?([a-zA-Z]{2,3})\b""", re.I)
_HEAD = 20_000


@dataclass(frozen=True, slots=True)
class Page:
    """One page and what is known about its article."""

    dataset: str
    """Stem of the file that it came from."""
    id: str
    url: str
    publisher: str
    """Registered domain; the set's own name for the publisher where the URL gives none."""
    role: str
    """``train`` or ``dev``. Nothing is learned from ``dev``."""
    page_type: str
    """``article``, ``forum``, ``product`` …; ``article`` where the set has only those."""
    language: str
    """As the set says; empty if it doesn't."""
    title: str
    markup: str
    gold: str
    """The article as people copied it out; empty if only snippets are known."""
    stays: tuple[str, ...] = ()
    """Snippets of the article."""
    goes: tuple[str, ...] = ()
    """Snippets of chrome."""

    @property
    def apart(self) -> tuple[str, ...]:
        """Texts that the markup has for headline, byline, date or caption."""
        nodes = LexborHTMLParser(self.markup).css(_APART)
        texts = (" ".join(node.text(separator=" ").split()) for node in nodes)
        return tuple(sorted({text for text in texts if 0 < len(text) <= _LONGEST_APART}))

    @property
    def code(self) -> tuple[str, ...]:
        """Texts that the markup has for program code."""
        nodes = LexborHTMLParser(self.markup).css("pre")
        return tuple(text for node in nodes if (text := node.text().strip()))

    @property
    def fold(self) -> int:
        """Which of `FOLDS` parts it belongs to; pages of one publisher share theirs."""
        return fold_of(self.publisher)


def fold_of(publisher: str) -> int:
    """Return which of `FOLDS` parts a publisher's pages belong to."""
    return hashlib.blake2b(publisher.encode(), digest_size=2).digest()[0] % FOLDS


def read_pages(folder: Path) -> Iterator[Page]:
    """Yield every page of every file in `folder`, by file name, in the files' order.

    A folder of the article-extraction-benchmark's layout (``ground-truth.json`` and
    ``html/*.html.gz``) is read as well; all its pages are ``dev``.

    A page whose publisher has pages of role ``dev`` in any file is ``dev`` too, so that roles
    share no publisher even where a file gives none.

    Raises:
        InvalidInput: there is no file of pages in `folder`.
    """
    if (truth := folder / "ground-truth.json").is_file():
        yield from _benchmark_pages(truth)
        return
    files = _files(folder, _NEEDED)
    if not files:
        raise InvalidInput("folder", f"{folder} holds no Parquet file with columns id, url, html")
    dev = {name for path in files for name in _dev_publishers(path)}
    for path in files:
        for page in _pages(path):
            yield replace(page, role="dev") if page.publisher in dev else page


def read_native(folder: Path) -> Iterator[dict[str, str]]:
    """Yield publisher and text of every native raw text in `folder` that may be learned from.

    Files with the columns ``id``, ``url`` and ``raw_text``; no text of a publisher with pages of
    role ``dev`` in any file.
    """
    files = _files(folder, _NATIVE)
    dev = {name for path in files + _files(folder, _NEEDED) for name in _dev_publishers(path)}
    for path in files:
        for row in pq.read_table(path).to_pylist():
            if (publisher := _publisher(row)) not in dev and row["raw_text"]:
                yield {"publisher": publisher, "text": row["raw_text"]}


def _files(folder: Path, columns: set[str]) -> list[Path]:
    paths = sorted(folder.glob("*.parquet"))
    return [path for path in paths if set(pq.read_schema(path).names) >= columns]


def _benchmark_pages(truth: Path) -> Iterator[Page]:
    for name, row in sorted(json.loads(truth.read_text(encoding="utf-8")).items()):
        raw = gzip.decompress((truth.parent / "html" / f"{name}.html.gz").read_bytes())
        about = {"id": name, "url": row.get("url"), "html": raw, "role": "dev"}
        yield _page(truth.parent.name, about | {"gold_text": row.get("articleBody")})


def _dev_publishers(path: Path) -> Iterator[str]:
    columns = [name for name in pq.read_schema(path).names if name in ("url", "publisher", "role")]
    for row in pq.read_table(path, columns=columns).to_pylist():
        if row.get("role") == "dev":
            yield _publisher(row)


def _pages(path: Path) -> Iterator[Page]:
    for batch in pq.ParquetFile(path).iter_batches(_BATCH):
        for row in batch.to_pylist():
            yield _page(path.stem, row)


def _page(dataset: str, row: dict[str, Any]) -> Page:
    content = row["html"]
    markup = decode(content, html=True)[0] if isinstance(content, bytes) else content
    return Page(
        dataset=dataset,
        id=str(row["id"]),
        url=row["url"] or "",
        publisher=_publisher(row),
        role=row.get("role") or "train",
        page_type=row.get("page_type") or "article",
        language=row.get("lang") or _declared_language(markup),
        title=row.get("title") or "",
        markup=markup,
        gold=row.get("main_content") or row.get("gold_text") or "",
        stays=tuple(row.get("with_") or ()),
        goes=tuple(row.get("without") or ()),
    )


def _declared_language(markup: str) -> str:
    found = _LANGUAGE.search(markup[:_HEAD])
    return found[1].lower() if found else ""


def _publisher(row: dict[str, Any]) -> str:
    url = row["url"] or ""
    return extract_domain(url) or row.get("publisher") or urlsplit(url).hostname or url
