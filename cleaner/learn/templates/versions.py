"""The bundles that have been published, each a file of its own, and the one that counts now.

The database says which one that is; ``current.npz``, which a service watches, is a copy of it,
replaced as a whole. Whoever is killed between the two leaves the old copy, and the next who opens
the store puts it right.
"""

from __future__ import annotations

import fcntl
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cleaner.detect.templates.bundle import EMPTY, Bundle
from cleaner.errors import BundleError, StoreError, UnknownName
from cleaner.learn.templates.database import writing

CURRENT = "current.npz"
_KEPT = 50
_NONE_BEFORE = -1
_COLUMNS = "number, digest, time, path, base, note"


@dataclass(frozen=True, slots=True)
class Version:
    """One published bundle."""

    number: int
    """Counts up; 0 is the bundle without a template that every store begins with."""
    digest: str
    time: float
    """When it was published, in seconds since 1970."""
    path: str
    """Its file's name, in the store's folder."""
    base: int
    """The version that it was made from, to which a rollback leads."""
    note: str
    """What it was published for."""


class Versions:
    """The published versions of a store. Processes take turns; the last good one always stays."""

    def __init__(self, folder: Path, db: sqlite3.Connection) -> None:
        self._folder = folder
        self._db = db
        with self._turn():
            if not self.all():
                self._add(0, EMPTY, 0, "nothing learned yet")
            self._heal(self.current)

    @property
    def path(self) -> Path:
        """The file that a service watches."""
        return self._folder / CURRENT

    def all(self) -> list[Version]:
        """Return the versions that can be gone back to, the oldest first."""
        rows = self._db.execute(f"SELECT {_COLUMNS} FROM versions ORDER BY number")  # noqa: S608
        return [Version(*row) for row in rows]

    @property
    def current(self) -> Version:
        """The version that counts."""
        (number,) = self._db.execute("SELECT value FROM state WHERE key = 'current'").fetchone()
        return self.version(number)

    def version(self, number: int) -> Version:
        """Return one version.

        Raises:
            UnknownName: there is none of this number, or no longer.
        """
        every = {version.number: version for version in self.all()}
        if number not in every:
            raise UnknownName("version", str(number), tuple(map(str, every)))
        return every[number]

    def bundle(self) -> Bundle:
        """Return what counts now.

        Raises:
            BundleError: its file is damaged.
        """
        return Bundle.load(self._folder / self.current.path)

    def publish(self, change: Callable[[Bundle], Bundle], note: str) -> Version:
        """Make what `change` makes of the present bundle a new version; none if it is the same.

        Raises:
            BundleError: the present bundle is damaged.
            StoreError: no room.
        """
        with self._turn():
            base = self.current
            bundle = change(self.bundle())
            if bundle.digest == base.digest:
                return base
            # A number is never used again: an attempt that was cut short may have left a file.
            number = max(version.number for version in self.all()) + 1
            version = self._add(number, bundle, base.number, note)
            self._point(version)
            self._forget()
            return version

    def rollback(self, number: int | None = None) -> Version:
        """Go back to the version before the present one, or to one named; return it.

        Raises:
            UnknownName: there is none of this number, or none before.
            BundleError: its file is damaged; nothing changes.
        """
        with self._turn():
            if number is None:
                number = self.current.base if self.current.number else _NONE_BEFORE
            version = self.version(number)
            if _digest(self._folder / version.path) != version.digest:
                raise BundleError(f"{version.path}: is not what was published")
            with writing(self._db):
                self._set_current(version.number)
            self._point(version)
            return version

    def _add(self, number: int, bundle: Bundle, base: int, note: str) -> Version:
        name = f"templates-{number}-{bundle.digest}.npz"
        bundle.save(self._folder / name)
        version = Version(number, bundle.digest, time.time(), name, base, note)
        row = (number, bundle.digest, version.time, name, base, note)
        with writing(self._db):
            self._db.execute(
                f"INSERT INTO versions ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",  # noqa: S608
                row,
            )
            self._set_current(number)
        return version

    def _set_current(self, number: int) -> None:
        self._db.execute("INSERT OR REPLACE INTO state VALUES ('current', ?)", (number,))

    def _heal(self, current: Version) -> None:
        """Have the watched file be the present version, unless that one's own file is damaged."""
        if _digest(self.path) == current.digest:
            return
        if _digest(self._folder / current.path) == current.digest:
            self._point(current)

    def _point(self, version: Version) -> None:
        """Have the file that is watched be a version."""
        fresh = self._folder / f".{CURRENT}.fresh"
        shutil.copyfile(self._folder / version.path, fresh)
        fresh.replace(self.path)

    def _forget(self) -> None:
        """Let the oldest versions go; not the first, and none that a rollback may lead to next."""
        every = self.all()
        needed = {0, self.current.number, self.current.base}
        for version in every[: max(len(every) - _KEPT, 0)]:
            if version.number not in needed:
                with writing(self._db):
                    self._db.execute("DELETE FROM versions WHERE number = ?", (version.number,))
                (self._folder / version.path).unlink(missing_ok=True)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Keep other processes from publishing; one that dies gives its turn back.

        Raises:
            StoreError: no room, or no rights.
        """
        try:
            with open(self._folder / "turn.lock", "ab") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{self._folder}: cannot be written: {error}") from None


def _digest(path: Path) -> str:
    """Return the digest of a bundle's file; '' for one that is damaged."""
    try:
        return Bundle.load(path).digest
    except BundleError:
        return ""
