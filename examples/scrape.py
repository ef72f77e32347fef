"""Fetch pages and print their articles: python scrape.py ADDRESS URL...

Fetches with what Python brings. With `requests` it is ``requests.get(url, timeout=30).content``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from urllib.request import urlopen

from cleaner import CleanerError, Document, Kind
from cleaner.client import Client


def fetched(urls: Iterable[str]) -> Iterator[Document]:
    """Yield each page as it came: the service finds out its charset."""
    for url in urls:
        with urlopen(url, timeout=30) as response:  # noqa: S310 - the caller's own URLs
            yield Document(raw=response.read(), kind=Kind.HTML, url=url, id=url)


def main(address: str, *urls: str) -> None:
    """Clean pages as they come; one that cannot be cleaned is told on stderr."""
    with Client(address) as cleaner:  # or, without a service: cleaner = Cleaner()
        for url, outcome in zip(urls, cleaner.clean_many(fetched(urls)), strict=True):
            if isinstance(outcome, CleanerError):
                sys.stderr.write(f"{url}: {outcome}\n")
            else:
                sys.stdout.write(f"{outcome.text}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
