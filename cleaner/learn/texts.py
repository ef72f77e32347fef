"""Pages as scrapers deliver them: the page's text by four renderings, and six extractors' output.

A classifier that saw only one rendering learns that rendering's line breaks. Extractors are
peers in `cleaner.bench.quality` too; here their output is what they leave inside.
"""

from __future__ import annotations

import logging
import multiprocessing
import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cleaner.learn.corpus import Page, read_native, read_pages

_UNSEEN = ["script", "style", "noscript", "template"]
_BATCH = 64
_PROBE = "<html><body><p>The bridge opened on Monday.</p></body></html>"


def _selectolax(markup: str) -> str:
    from selectolax.lexbor import LexborHTMLParser

    parser = LexborHTMLParser(markup)
    parser.strip_tags(_UNSEEN)
    return parser.body.text(separator="\n", strip=True) if parser.body else ""


def _html_text(markup: str) -> str:
    import html_text

    return str(html_text.extract_text(markup))


def _inscriptis(markup: str) -> str:
    from inscriptis import get_text

    return get_text(markup)


def _beautifulsoup(markup: str) -> str:
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(markup, "lxml")
    for tag in soup(_UNSEEN):
        tag.decompose()
    return soup.get_text("\n", strip=True)


def _trafilatura(markup: str) -> str:
    import trafilatura

    return trafilatura.extract(markup, include_comments=False) or ""


def _readability(markup: str) -> str:
    import html_text
    from readability import Document

    return str(html_text.extract_text(Document(markup).summary()))


def _newspaper4k(markup: str) -> str:
    from newspaper import Article

    article = Article("https://example.invalid/", fetch_images=False)
    article.download(input_html=markup)
    article.parse()
    return article.text or ""


def _justext(markup: str) -> str:
    import justext

    words = justext.get_stoplist("English") | justext.get_stoplist("German")
    found = justext.justext(markup, words)
    return "\n".join(part.text for part in found if not part.is_boilerplate)


def _resiliparse(markup: str) -> str:
    from resiliparse.extract.html2text import extract_plain_text

    return extract_plain_text(markup, main_content=True, alt_texts=False)


def _boilerpy3(markup: str) -> str:
    from boilerpy3.extractors import ArticleExtractor

    return ArticleExtractor(raise_on_failure=False).get_content(markup)


RENDERINGS: dict[str, Callable[[str], str]] = {
    "selectolax": _selectolax,
    "html-text": _html_text,
    "inscriptis": _inscriptis,
    "beautifulsoup": _beautifulsoup,
}
EXTRACTORS: dict[str, Callable[[str], str]] = {
    "trafilatura": _trafilatura,
    "readability": _readability,
    "newspaper4k": _newspaper4k,
    "justext": _justext,
    "resiliparse": _resiliparse,
    "boilerpy3": _boilerpy3,
}
SOURCES = RENDERINGS | EXTRACTORS
# The slow ones get only every so many of the training pages: newspaper4k takes longer than all
# others together.
_SPARSE = {"newspaper4k": 6, "trafilatura": 2, "readability": 2, "justext": 2, "boilerpy3": 2}
_ABOUT = pa.schema(
    [
        (name, pa.string())
        for name in (
            "dataset",
            "id",
            "url",
            "publisher",
            "role",
            "page_type",
            "language",
            "title",
            "gold",
        )
    ]
    + [("fold", pa.int8()), ("stays", pa.list_(pa.string())), ("goes", pa.list_(pa.string()))]
    + [("apart", pa.list_(pa.string())), ("code", pa.list_(pa.string()))]
)
_NATIVE = pa.schema([("publisher", pa.string()), ("text", pa.string())])
_TEXT = pa.schema([("dataset", pa.string()), ("id", pa.string()), ("text", pa.string())])


def write_texts(folder: Path, out: Path, workers: int, role: str = "") -> Iterator[str]:
    """Write the pages of `folder`, without their markup, and their texts to files in `out`.

    One file a source, named after it; ``pages.parquet`` holds the rest and ``native.parquet`` the
    native raw texts. A file that exists is
    left as it is. Yields the name of each file once it is there. Takes about two seconds a page.
    With a `role`, only its pages.
    """
    out.mkdir(parents=True, exist_ok=True)
    if not (path := out / "pages.parquet").exists():
        about = (
            {name: getattr(page, name) for name in _ABOUT.names} for page in _pages(folder, role)
        )
        _write(about, path, _ABOUT)
        yield path.stem
    if not (path := out / "native.parquet").exists():
        _write(read_native(folder) if role != "dev" else (), path, _NATIVE)
        yield path.stem
    for name in SOURCES:
        if (path := out / f"{name}.parquet").exists():
            continue
        SOURCES[name](_PROBE)  # a package that is missing shows here, before pages are lost to it
        pages = _chosen(_pages(folder, role), _SPARSE.get(name, 1))
        with multiprocessing.get_context("spawn").Pool(workers, _quiet) as pool:
            _write(pool.imap(partial(_text, name), pages, chunksize=4), path, _TEXT)
        yield path.stem


def read_texts(out: Path) -> Iterator[tuple[dict[str, Any], dict[str, str]]]:
    """Yield what `write_texts` wrote: about each page, and its text by source."""
    texts: dict[tuple[str, str], dict[str, str]] = {}
    for name in SOURCES:
        if (path := out / f"{name}.parquet").exists():
            for row in pq.read_table(path).to_pylist():
                texts.setdefault((row["dataset"], row["id"]), {})[name] = row["text"]
    for row in pq.read_table(out / "pages.parquet").to_pylist():
        yield row, texts.get((row["dataset"], row["id"]), {})


def read_native_texts(out: Path) -> dict[str, list[str]]:
    """Return the native raw texts that `write_texts` wrote, by publisher."""
    found: dict[str, list[str]] = {}
    for row in pq.read_table(out / "native.parquet").to_pylist():
        found.setdefault(row["publisher"], []).append(row["text"])
    return found


def _pages(folder: Path, role: str) -> Iterator[Page]:
    return (page for page in read_pages(folder) if role in ("", page.role))


def _chosen(pages: Iterable[Page], every: int) -> Iterator[Page]:
    for index, page in enumerate(pages):
        if page.role == "dev" or index % every == 0:
            yield page


def _write(rows: Iterable[dict[str, Any]], path: Path, schema: pa.Schema) -> None:
    unfinished = path.with_suffix(".unfinished")
    with pq.ParquetWriter(unfinished, schema) as file:
        some = iter(rows)
        while batch := list(islice(some, _BATCH)):
            file.write_table(pa.Table.from_pylist(batch, schema))
    unfinished.replace(path)


def _quiet() -> None:
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")


def _text(source: str, page: Page) -> dict[str, str]:
    return {"dataset": page.dataset, "id": page.id, "text": text_of(source, page.markup)}


def text_of(source: str, markup: str) -> str:
    """Return a page's text from a source in `SOURCES`; empty where the source failed."""
    try:
        return SOURCES[source](markup)
    except Exception:  # noqa: BLE001  # a peer's crash on one page is an empty answer of that peer
        return ""
