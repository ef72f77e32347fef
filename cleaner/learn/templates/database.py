"""The SQLite file of a store: its tables, and transactions that are whole or not at all.

Write-ahead logging lets one process mine while another observes. A writer that is killed in the
middle leaves nothing behind that a reader could see.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cleaner.errors import StoreError

_WAIT_SECONDS = 30.0
_PAGE_BYTES = 4096
_TABLES = """
CREATE TABLE IF NOT EXISTS publishers (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    pages INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0,
    touched INTEGER NOT NULL DEFAULT 0  -- number of its newest page
);
CREATE INDEX IF NOT EXISTS publishers_by_worth ON publishers (pages >= 3, touched);
CREATE TABLE IF NOT EXISTS pages (
    number INTEGER PRIMARY KEY AUTOINCREMENT,  -- in order of observation
    publisher INTEGER NOT NULL,
    url TEXT NOT NULL,
    id TEXT NOT NULL,
    day INTEGER NOT NULL,      -- of the page, or of its arrival; days since 1970
    arrived INTEGER NOT NULL,  -- day on which its URL was seen first
    html INTEGER NOT NULL,
    body BLOB NOT NULL         -- UTF-8 or markup, deflated
);
CREATE UNIQUE INDEX IF NOT EXISTS pages_by_url ON pages (publisher, url);
CREATE INDEX IF NOT EXISTS pages_by_day ON pages (publisher, day, number);
CREATE TABLE IF NOT EXISTS versions (
    number INTEGER PRIMARY KEY,
    digest TEXT NOT NULL,
    time REAL NOT NULL,
    path TEXT NOT NULL,     -- file name, beside the database
    base INTEGER NOT NULL,  -- the version that it was made from
    note TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS state (key TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""


def connect(folder: Path, most_bytes: int) -> sqlite3.Connection:
    """Open the database of a store, made if it is not there; it never grows beyond `most_bytes`.

    Raises:
        StoreError: no folder of ours, no rights, or a damaged file.
    """
    path = folder / "store.sqlite"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # One thread at a time uses a connection, but not always the same one.
        db = sqlite3.connect(
            path, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False
        )
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute(f"PRAGMA max_page_count = {most_bytes // _PAGE_BYTES}")
        db.executescript(f"BEGIN IMMEDIATE; {_TABLES} COMMIT;")
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{path}: cannot be opened: {error}") from None
    return db


@contextmanager
def writing(db: sqlite3.Connection) -> Iterator[None]:
    """Make what is done within one transaction.

    Raises:
        StoreError: no room, or the file is damaged or held by another for too long.
    """
    try:
        db.execute("BEGIN IMMEDIATE")
        try:
            yield
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
    except sqlite3.Error as error:
        raise StoreError(f"the store took nothing: {error}") from None
