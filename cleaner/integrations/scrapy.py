"""A Scrapy item pipeline that cleans by a running service, without blocking the crawl.

In a project's settings::

    ITEM_PIPELINES = {"cleaner.integrations.scrapy.CleanPipeline": 300}
    BOILERSTRIP_ADDRESS = "127.0.0.1:50051"  # the service; this is the default
    BOILERSTRIP_OPTIONS = {"profile": "light"}  # as `cleaner.Options`; default: the default profile
    BOILERSTRIP_TOKEN = ""  # and BOILERSTRIP_TLS = {"ca": ...}, where the service asks for them

An item's ``html`` (a ``str``, or ``bytes`` such as ``response.body``) is cleaned, or its ``text``
where it has no ``html``; the article becomes its ``text``. Hints are taken from its ``url``,
``publisher``, ``language`` and ``title``. What was taken out is ``removed``, beside
``ruleset_version``, if the item has fields of these names or is a ``dict``. An item that cannot be
cleaned passes as it is, with the reason as ``cleaning_error``: in doubt, keep.

Scrapy's asyncio reactor, which is its default, has to be on.
"""

from __future__ import annotations

from typing import Any, Self

from itemadapter import ItemAdapter
from scrapy.crawler import Crawler

from cleaner.client import AsyncClient, Tls
from cleaner.errors import CleanerError
from cleaner.model import Document, Kind, Result
from cleaner.profiles import Options

_HINTS = ("url", "publisher", "language", "title")


class CleanPipeline:
    """Replaces each item's text by the article in it."""

    def __init__(self, client: AsyncClient, crawler: Crawler) -> None:
        self.client = client
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Return the pipeline that a crawler's settings ask for."""
        settings = crawler.settings
        tls = settings.getdict("BOILERSTRIP_TLS")
        options: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in settings.getdict("BOILERSTRIP_OPTIONS").items()
        }
        client = AsyncClient(
            settings.get("BOILERSTRIP_ADDRESS", "127.0.0.1:50051"),
            Options(**options),
            token=settings.get("BOILERSTRIP_TOKEN", ""),
            tls=Tls(**tls) if tls else None,
        )
        return cls(client, crawler)

    async def open_spider(self, spider: object = None) -> None:
        """Clean nothing, so that wrong settings are told before the first page is fetched."""
        await self.client.clean("")

    async def process_item(self, item: Any, spider: object = None) -> Any:
        """Return `item`, cleaned."""
        adapter = ItemAdapter(item)
        document = _document(adapter)
        if document is None:
            return item
        try:
            result = await self.client.clean(document)
        except CleanerError as error:
            self._count("failed")
            _set(adapter, "cleaning_error", f"{type(error).__name__}: {error}")
            return item
        self._count("cleaned")
        self._count("spans_removed", len(result.removed))
        adapter["text"] = result.text
        _set(adapter, "removed", _removed(result))
        _set(adapter, "ruleset_version", result.ruleset_version)
        return item

    async def close_spider(self, spider: object = None) -> None:
        """Hang up."""
        await self.client.close()

    def _count(self, name: str, count: int = 1) -> None:
        if self.crawler.stats is not None:
            self.crawler.stats.inc_value(f"boilerstrip/{name}", count)


def _document(adapter: ItemAdapter) -> Document | None:
    """Return what an item has to clean, or None where it has nothing."""
    kind = Kind.HTML if adapter.get("html") else Kind.TEXT
    content = adapter.get("html") or adapter.get("text")
    if not content:
        return None
    hints: dict[str, Any] = {name: str(adapter.get(name) or "") for name in _HINTS}
    if isinstance(content, bytes):
        return Document(raw=content, kind=kind, **hints)
    return Document(text=content, kind=kind, **hints)


def _removed(result: Result) -> list[dict[str, Any]]:
    return [
        {
            "start": row.start,
            "end": row.end,
            "category": row.verdict.category,
            "confidence": row.verdict.confidence,
            "quote": result.document.text[row.start : row.end],
        }
        for row in result.removed
    ]


def _set(adapter: ItemAdapter, name: str, value: object) -> None:
    """Set a field, if the item has room for it."""
    try:
        adapter[name] = value
    except KeyError:  # its class declares its fields, and this is none of them
        return
