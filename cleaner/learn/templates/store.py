"""The pages that a service has observed, as few as learning needs: bounded in every direction.

What strangers send is limited: one page for each URL, so many for each publisher, so many
publishers. A publisher's pages of one day give way first where there are most of them, so that
whoever floods a day pushes out that day and no other; and publishers too small to learn from go
before all others, so that a flood of names pushes out itself.
"""

from __future__ import annotations

import time
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from cleaner.detect.publisher import publisher_key
from cleaner.learn.templates.database import connect, writing

_SECONDS_A_DAY = 86_400
_LONGEST_URL = 2_000
_LONGEST_ID = 500
_LEVEL = 3
_ROOM = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class StoreLimits:
    """How much a store holds. What is over goes, the oldest first."""

    pages: int = 200
    """Of one publisher."""
    publishers: int = 100_000
    """Whose pages are held."""
    bytes: int = 8 * 1024**3
    """Of all pages, deflated. The database file may be half as large again, and never more."""
    page_bytes: int = 4 * 1024**2
    """Of one page; a larger one is refused."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page as a scraper saw it."""

    publisher: str = ""
    """Name, host or URL; '' to take it from the URL."""
    url: str = ""
    id: str = ""
    """Names it where it has no URL."""
    day: int | None = None
    """Of its publication, in days since 1970; the day of its arrival where nobody knows."""
    text: str | None = None
    html: bytes | None = None
    """Markup, instead of text."""


class Refusal(StrEnum):
    """Why a page is not taken."""

    NO_PUBLISHER = "no_publisher"
    NO_ADDRESS = "no_address"
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    FUTURE = "future"
    BAD_DATE = "bad_date"
    """Told by whoever reads dates; here a day is a number."""


@dataclass(slots=True)
class Observed:
    """What became of pages."""

    accepted: int = 0
    replaced: int = 0
    """Among those accepted: their URL was known, and the new page stands for it now."""
    refused: Counter[Refusal] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Profile:
    """What a store knows of one publisher."""

    publisher: str
    pages: int
    days: int
    first: int
    last: int


class Store:
    """The pages. Several processes may open one store; one thread at a time uses an object."""

    def __init__(self, folder: Path, limits: StoreLimits = StoreLimits()) -> None:
        """Open the store in `folder`, or make one there.

        Raises:
            StoreError: it cannot be opened, or is damaged.
        """
        self.folder = folder
        self.limits = limits
        self.db = connect(folder, limits.bytes + limits.bytes // 2 + _ROOM)

    def close(self) -> None:
        """Close it."""
        self.db.close()

    def observe(self, pages: Iterable[Page]) -> Observed:
        """Take pages in: all of them that can be taken, or, where this fails, none.

        Raises:
            StoreError: no room on the disk, or the file is damaged.
        """
        done = Observed()
        today = int(time.time() // _SECONDS_A_DAY)
        ready = [row for page in pages if (row := _prepared(page, today, self.limits, done))]
        with writing(self.db):
            for row in ready:
                done.replaced += self._put(row, today)
            done.accepted = len(ready)
            self._evict()
        return done

    def publishers(self) -> list[str]:
        """Return the names of all publishers that pages are held of."""
        return [name for (name,) in self.db.execute("SELECT name FROM publishers ORDER BY name")]

    def pages(self, publisher: str, most: int = -1, by_arrival: bool = False) -> list[Page]:
        """Return the pages of a publisher, the newest first; `most` of them.

        With `by_arrival` a page's day is that on which it came, which nobody can make up.
        """
        day = "arrived" if by_arrival else "day"
        rows = self.db.execute(
            f"SELECT url, id, {day}, html, body FROM pages WHERE publisher ="  # noqa: S608 - one of two names
            " (SELECT number FROM publishers WHERE name = ?) ORDER BY number DESC LIMIT ?",
            (publisher_key(publisher), most),
        )
        return [_page(publisher, *row) for row in rows]

    def profile(self, publisher: str) -> Profile | None:
        """Return what is held of a publisher; None if it is nothing."""
        name = publisher_key(publisher)
        row = self.db.execute(
            "SELECT count(*), count(DISTINCT day), min(day), max(day) FROM pages"
            " WHERE publisher = (SELECT number FROM publishers WHERE name = ?)",
            (name,),
        ).fetchone()
        return Profile(name, *row) if row[0] else None

    def _put(self, row: _Row, today: int) -> bool:
        """Put one page in; return whether it replaced one."""
        db = self.db
        db.execute("INSERT OR IGNORE INTO publishers (name) VALUES (?)", (row.publisher,))
        (owner,) = db.execute(
            "SELECT number FROM publishers WHERE name = ?", (row.publisher,)
        ).fetchone()
        old = db.execute(
            "SELECT number, arrived, length(body) FROM pages WHERE publisher = ? AND url = ?",
            (owner, row.url),
        ).fetchone()
        arrived, less = today, 0
        if old:
            number, arrived, less = old
            db.execute("DELETE FROM pages WHERE number = ?", (number,))
        added = db.execute(
            "INSERT INTO pages (publisher, url, id, day, arrived, html, body)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (owner, row.url, row.id, row.day, arrived, row.html, row.body),
        )
        self._count(owner, 0 if old else 1, len(row.body) - less, added.lastrowid or 0)
        self._thin(owner)
        return bool(old)

    def _count(self, owner: int, pages: int, size: int, touched: int) -> None:
        self.db.execute(
            "UPDATE publishers SET pages = pages + ?, bytes = bytes + ?, touched = max(touched, ?)"
            " WHERE number = ?",
            (pages, size, touched, owner),
        )

    def _thin(self, owner: int) -> None:
        """Take a publisher's pages that are too many out."""
        (held,) = self.db.execute(
            "SELECT pages FROM publishers WHERE number = ?", (owner,)
        ).fetchone()
        for _ in range(held - self.limits.pages):
            number, size = self.db.execute(
                "SELECT number, length(body) FROM pages WHERE publisher = :owner AND day ="
                " (SELECT day FROM pages WHERE publisher = :owner"
                "  GROUP BY day ORDER BY count(*) DESC, day LIMIT 1) ORDER BY number LIMIT 1",
                {"owner": owner},
            ).fetchone()
            self.db.execute("DELETE FROM pages WHERE number = ?", (number,))
            self._count(owner, -1, -size, 0)

    def _evict(self) -> None:
        """Take the publishers out that are too many."""
        count, size = self.db.execute(
            "SELECT count(*), coalesce(sum(bytes), 0) FROM publishers"
        ).fetchone()
        while count > self.limits.publishers or (size > self.limits.bytes and count > 1):
            number, held = self.db.execute(
                "SELECT number, bytes FROM publishers ORDER BY pages >= 3, touched LIMIT 1"
            ).fetchone()
            self.db.execute("DELETE FROM pages WHERE publisher = ?", (number,))
            self.db.execute("DELETE FROM publishers WHERE number = ?", (number,))
            count, size = count - 1, size - held


@dataclass(frozen=True, slots=True)
class _Row:
    publisher: str
    url: str
    id: str
    day: int
    html: bool
    body: bytes


def _prepared(page: Page, today: int, limits: StoreLimits, done: Observed) -> _Row | None:
    """Return a page as it is stored, or None and the reason counted."""
    publisher = publisher_key(page.publisher or page.url)
    address = _address(page.url) or page.id[:_LONGEST_ID]
    body = page.html if page.html is not None else (page.text or "").encode()
    refusals = {
        Refusal.NO_PUBLISHER: not publisher,
        Refusal.NO_ADDRESS: not address,
        Refusal.EMPTY: not body.strip(),
        Refusal.TOO_LARGE: len(body) > limits.page_bytes or len(address) > _LONGEST_URL,
        # A day on for those who are ahead of us. A day of one's own would be support for nothing.
        Refusal.FUTURE: page.day is not None and page.day > today + 1,
    }
    for refusal, holds in refusals.items():
        if holds:
            done.refused[refusal] += 1
            return None
    day = today if page.day is None else max(page.day, 0)
    packed = zlib.compress(body, _LEVEL)
    return _Row(publisher, address, page.id[:_LONGEST_ID], day, page.html is not None, packed)


def _address(url: str) -> str:
    """Return a URL without what leads to the same page."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return url
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.netloc.casefold().removeprefix('www.')}{parts.path.rstrip('/')}{query}"


def _page(publisher: str, url: str, name: str, day: int, html: int, body: bytes) -> Page:
    raw = zlib.decompress(body)
    text = None if html else raw.decode()
    return Page(publisher, url, name, day, text, raw if html else None)


def sample(store: Store, publishers: int, pages: int) -> Iterator[tuple[str, Sequence[Page]]]:
    """Yield the newest pages of the publishers that were observed last."""
    rows = store.db.execute(
        "SELECT name FROM publishers ORDER BY touched DESC LIMIT ?", (publishers,)
    ).fetchall()
    for (name,) in rows:
        yield name, store.pages(name, pages)
