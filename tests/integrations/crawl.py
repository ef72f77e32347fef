"""A crawl as a user would start it; prints its items and what it counted. Reactors run once."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Any

import scrapy
from scrapy.crawler import CrawlerProcess


@dataclass
class Page:
    """An item whose class has no room for what was removed."""

    url: str
    text: str = ""
    html: bytes = b""


class Site(scrapy.Spider):
    """Follows the links of a site."""

    name = "site"

    def parse(self, response: Any) -> Any:
        """Yield a page and what it links to."""
        kind = response.url.rpartition("/")[2].partition("-")[0]
        if kind == "html":
            yield {"url": response.url, "html": response.body}
        elif kind == "text":
            yield {"url": response.url, "text": "\n\n".join(response.css("p::text").getall())}
        elif kind == "typed":
            yield Page(response.url, html=response.body)
        elif kind == "broken":
            yield {"url": response.url, "text": "\ud800"}
        yield from response.follow_all(css="a.page")


def main(start: str, address: str, options: str) -> None:
    """Crawl from a URL, clean by the service at an address."""
    process = CrawlerProcess(
        {
            "ITEM_PIPELINES": {"cleaner.integrations.scrapy.CleanPipeline": 300},
            "BOILERSTRIP_ADDRESS": address,
            "BOILERSTRIP_OPTIONS": json.loads(options),
            "TELNETCONSOLE_ENABLED": False,
            "LOG_LEVEL": "ERROR",
        }
    )
    items = []
    crawler = process.create_crawler(Site)
    crawler.signals.connect(
        lambda item: items.append(item), scrapy.signals.item_scraped, weak=False
    )
    process.crawl(crawler, start_urls=[start])
    process.start()
    rows = [vars(item) if isinstance(item, Page) else item for item in items]
    stats = {name: value for name, value in crawler.stats.get_stats().items()
             if name.startswith("boilerstrip/")}  # fmt: skip
    sys.stdout.write(json.dumps({"items": rows, "stats": stats}, default=repr))


if __name__ == "__main__":
    main(*sys.argv[1:])
