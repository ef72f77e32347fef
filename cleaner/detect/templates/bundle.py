"""The bundle: learned templates as one immutable file, known by its digest.

A file of plain arrays (numpy's ``.npz``, never pickle), in order of publisher. It is written under
a temporary name, synced and renamed, so a reader sees the old one or the new one; what was damaged
on the way fails its digest and is refused.
"""

from __future__ import annotations

import hashlib
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from enum import IntEnum
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from cleaner.detect.templates.fingerprint import name_fingerprint
from cleaner.errors import BundleError

T = TypeVar("T")

FORMAT = 1
_REMEMBERED, _MOST_MADE = 256, 4096
# What reading an archive raises, by where it is damaged.
_DAMAGED = (
    ValueError, KeyError, IndexError, EOFError, AttributeError, RuntimeError, OverflowError,
    zipfile.BadZipFile, zlib.error, struct.error,
)  # fmt: skip
SLOT = "{…}"
"""What stands in a template's text where its lines differ."""


class Where(IntEnum):
    """Which part of a Block a template is about."""

    BLOCK = 0
    """All of it."""
    OPENING = 1
    """Its first words; the article goes on behind them."""
    CLOSING = 2
    """Its last words, behind the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Template:
    """Something that recurs on a publisher's pages and is chrome."""

    publisher: str
    """As `publisher_key` returns it."""
    text: str
    """What recurs, as it stood on one page; `SLOT` where pages differ. A number stands for any."""
    where: Where
    category: str
    confidence: float
    """0 to 1."""
    pages: int
    """Distinct pages that it was seen on; near-duplicates are one."""
    days: int
    """Distinct days; 0 where no page had a date."""
    share: float
    """Of the publisher's pages, 0 to 1."""
    first: int
    """First day it was seen on, in days since 1970; -1 where no page had a date."""
    last: int
    """Last day it was seen on; -1 likewise."""
    position: str
    """``head``, ``tail`` or ``between``: where on most pages it stands to the article."""
    opens: int
    """How many lines that never recur may follow it and are chrome as well; 0 for none."""
    room: int
    """Most words that a slot has held; 0 without a slot."""
    reason: str
    """Why it was accepted, or refused."""
    fingerprint: int
    """64 bits of its first piece of text, signed: what a line is looked up by."""
    accepted: bool = True
    """Whether it is applied; a candidate that was refused is kept to be shown, and to be
    reconsidered."""
    by_hand: bool = False
    """Whether a person decided; learning anew keeps to that."""

    @property
    def id(self) -> str:
        """The name that findings and commands use: publisher and 12 hexadecimal digits."""
        number = self.fingerprint ^ int(self.where)
        for piece in self.pieces[1:]:
            number = number * 31 ^ name_fingerprint(piece.casefold())
        number &= 0xFFFF_FFFF_FFFF_FFFF
        return f"{self.publisher}#{number:016x}"[: len(self.publisher) + 13]

    @property
    def pieces(self) -> tuple[str, ...]:
        """The text between the slots, in order."""
        return tuple(piece.strip() for piece in self.text.split(SLOT))


_TEXTS = ("publisher", "text", "category", "position", "reason")
_KINDS = {
    "where": np.uint8, "confidence": np.float32, "pages": np.uint32, "days": np.uint16,
    "share": np.float32, "first": np.int32, "last": np.int32, "opens": np.uint16,
    "room": np.uint16, "fingerprint": np.int64, "accepted": np.bool_, "by_hand": np.bool_,
}  # fmt: skip


class Bundle:
    """Templates of many publishers, as they are looked up.

    Holds the arrays of the file; `Template` values are made for those that are asked for.
    """

    def __init__(self, arrays: dict[str, NDArray[Any]], digest: str) -> None:
        self._arrays = arrays
        self.digest = digest
        """Names it: 16 hexadecimal digits of a hash of all its arrays."""
        self._keys = arrays["keys"]
        self._bounds = arrays["bounds"]
        self._ends = arrays["ends"]
        self._ready: dict[str, Any] = {}
        # Not `lru_cache` of a method: it would hold the bundle in a ring, and megabytes with it
        # until the collector comes round, in a service that takes up one after the other.
        self._made: dict[int, Template] = {}

    @classmethod
    def of(cls, templates: Iterable[Template]) -> Bundle:
        """Return a bundle of `templates`; the order does not matter, the same twice is once."""
        rows = sorted(
            {(t.publisher, t.where, t.text): t for t in templates}.values(),
            key=_order,
        )
        keys = np.array([name_fingerprint(t.publisher) for t in rows], np.int64)
        unique, begin = np.unique(keys, return_index=True)
        arrays: dict[str, NDArray[Any]] = {
            "format": np.array([FORMAT]),
            "keys": unique,
            "bounds": np.append(begin, len(rows)).astype(np.int64),
        }
        accepted = np.array([t.accepted for t in rows], np.int64)
        total = np.concatenate([[0], np.cumsum(accepted)])
        arrays["ends"] = begin + total[arrays["bounds"][1:]] - total[arrays["bounds"][:-1]]
        for name, kind in _KINDS.items():
            arrays[name] = np.array([getattr(t, name) for t in rows], kind)
        for name in _TEXTS:
            pool, index = np.unique([getattr(t, name) for t in rows] or [""], return_inverse=True)
            encoded = [text.encode() for text in pool.tolist()]
            arrays[f"{name}_index"] = index[: len(rows)].astype(np.uint32)
            arrays[f"{name}_ends"] = np.cumsum([len(text) for text in encoded]).astype(np.int64)
            arrays[f"{name}_bytes"] = np.frombuffer(b"".join(encoded), np.uint8)
        return cls(arrays, _digest(arrays))

    def __len__(self) -> int:
        return len(self._arrays["fingerprint"])

    @property
    def publishers(self) -> list[str]:
        """All publishers, in order of their names."""
        first = self._bounds[:-1].tolist()
        return sorted(self._text("publisher", at) for at in first)

    def __iter__(self) -> Iterator[Template]:
        return map(self.template, range(len(self)))

    def of_publisher(self, publisher: str) -> range:
        """Return the indices of a publisher's accepted templates, in order of fingerprints."""
        every = self.all_of(publisher)
        if not every:
            return every
        at = int(np.searchsorted(self._bounds, every.start))
        return range(every.start, int(self._ends[at]))

    def once(self, publisher: str, make: Callable[[range], T]) -> T:
        """Return what `make` makes of a publisher's templates; made once for each, for a while."""
        if publisher not in self._ready:
            if len(self._ready) >= _REMEMBERED:
                self._ready.clear()
            self._ready[publisher] = make(self.of_publisher(publisher))
        made: T = self._ready[publisher]
        return made

    def all_of(self, publisher: str) -> range:
        """Return the indices of a publisher's templates, those that were refused included."""
        key = name_fingerprint(publisher)
        at = int(np.searchsorted(self._keys, key))
        if at == len(self._keys) or self._keys[at] != key:
            return range(0)
        return range(int(self._bounds[at]), int(self._bounds[at + 1]))

    def column(self, name: str, rows: range) -> NDArray[Any]:
        """Return the numbers of some templates by the name of the field."""
        return self._arrays[name][rows.start : rows.stop]

    def template(self, index: int) -> Template:
        """Return one template."""
        if index not in self._made:
            if len(self._made) >= _MOST_MADE:
                self._made.clear()
            self._made[index] = self._read(index)
        return self._made[index]

    def _read(self, index: int) -> Template:
        row: dict[str, object] = {
            name: self._arrays[name][index].item() for name in _KINDS if name != "where"
        }
        for name in _TEXTS:
            row[name] = self._text(name, index)
        row["confidence"] = round(float(self._arrays["confidence"][index]), 3)
        row["share"] = round(float(self._arrays["share"][index]), 4)
        return Template(where=Where(int(self._arrays["where"][index])), **row)  # type: ignore[arg-type]

    def _text(self, name: str, index: int) -> str:
        ends = self._arrays[f"{name}_ends"]
        at = int(self._arrays[f"{name}_index"][index])
        start = int(ends[at - 1]) if at else 0
        return bytes(self._arrays[f"{name}_bytes"][start : int(ends[at])]).decode()

    def save(self, path: Path) -> None:
        """Write the bundle to `path`, whole or not at all."""
        with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            try:
                np.savez(file, digest=np.frombuffer(self.digest.encode(), np.uint8), **self._arrays)  # type: ignore[arg-type]
                file.flush()
                os.fsync(file.fileno())
                Path(file.name).chmod(0o666 & ~_umask())
                Path(file.name).replace(path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
        _sync_folder(path.parent)

    @classmethod
    def load(cls, path: Path) -> Bundle:
        """Read a bundle.

        Raises:
            BundleError: the file is missing, damaged, of another format or no bundle at all.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            said = bytes(arrays.pop("digest")).decode("ascii")
            known = int(arrays["format"][0])
        except OSError as error:
            raise BundleError(f"{path}: cannot be read: {error.strerror or error}") from None
        except _DAMAGED:
            raise BundleError(f"{path}: is no bundle of templates, or is damaged") from None
        if known != FORMAT:
            raise BundleError(f"{path}: is of format {known}; this version reads format {FORMAT}")
        if _digest(arrays) != said:
            raise BundleError(f"{path}: is damaged: its digest is not that of what it holds")
        return cls(arrays, said)


def _order(template: Template) -> tuple[object, ...]:
    """Order templates as they are looked up: those without a slot first of one fingerprint."""
    key = name_fingerprint(template.publisher)
    room = template.room
    refused, prints = not template.accepted, template.fingerprint
    return key, template.publisher, refused, prints, template.where, room, template.text


def _digest(arrays: dict[str, NDArray[Any]]) -> str:
    whole = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        whole.update(f"{name}:{array.dtype.str}:{array.shape}".encode())
        whole.update(array.data)
    return whole.hexdigest()[:16]


def _umask() -> int:
    """Return the process's mask; to read it, it has to be set."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


FIELDS = tuple(field.name for field in fields(Template))
EMPTY = Bundle.of(())
"""No templates: what a service starts with."""
