"""The bundles that a service answers from, as its front sees them: watched, copied, verified.

Workers read the front's own copy, never the file that is watched: that one may be replaced at any
time, and a worker that starts later must find the same bytes. The last few stay, for callers who
pin a ruleset version.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path

from cleaner.serve.settings import ServeSettings

_log = logging.getLogger("cleaner.serve")


@dataclass(frozen=True, slots=True)
class Edition:
    """One bundle that a service has taken up."""

    number: int
    """Names it between front and workers."""
    path: str
    """The front's copy; '' for no templates at all."""
    digest: str
    """Of the bundle; '' likewise."""


Editions = tuple[Edition, ...]
"""What is loaded, in order of taking up: the last one answers whoever pins nothing."""
NOTHING = Edition(0, "", "")


def told(editions: Editions) -> str:
    """Return editions in the form in which they go to a worker."""
    return json.dumps([asdict(edition) for edition in editions])


def heard(raw: str | bytes) -> Editions:
    """Return the editions that `told` has put into words."""
    return tuple(Edition(**row) for row in json.loads(raw))


class Shelf:
    """The last few bundles, and the eye on the file that the next one comes from."""

    def __init__(self, settings: ServeSettings) -> None:
        self._source = settings.bundle
        self._seconds = settings.bundle_seconds
        self._kept = settings.kept_rulesets
        self._folder = tempfile.TemporaryDirectory(prefix="cleaner-") if self._source else None
        self._numbers = count(1)
        self._seen: tuple[int, ...] | None = None
        self.editions: Editions = (NOTHING,)
        """What is loaded; replaced as a whole when that changes."""

    def close(self) -> None:
        """Delete the copies."""
        if self._folder:
            self._folder.cleanup()

    async def watch(self, changed: Callable[[Editions], None]) -> None:
        """Look at the file now and then, for ever; call `changed` when there is a new edition."""
        while self._source:
            await asyncio.sleep(self._seconds)
            if await asyncio.to_thread(self.look):
                changed(self.editions)

    def look(self) -> bool:
        """Take the file up if it has changed; return whether there is a new edition.

        What cannot be used is told once, and the last good edition goes on answering.
        """
        if not self._folder or (state := state_of(self._source)) == self._seen:
            return False
        self._seen = state
        number = next(self._numbers)
        copy = Path(self._folder.name, f"{number}.npz")
        try:
            if not state:
                raise FileNotFoundError(f"{self._source}: there is no such file")
            shutil.copyfile(self._source, copy)
            new = self._add(number, copy)
        except Exception as error:  # noqa: BLE001 - a damaged file may fail in any way
            why = str(error).replace(str(copy), self._source)
            _log.warning("bundle refused, the last good one stays: %s", why)
            new = False
        self._tidy()
        return new

    def _add(self, number: int, copy: Path) -> bool:
        from cleaner.detect.rulebook import load_rulebook
        from cleaner.detect.templates.bundle import Bundle
        from cleaner.pipeline import ruleset_version

        bundle = Bundle.load(copy)
        if bundle.digest == self.editions[-1].digest:
            return False
        known = [edition for edition in self.editions if edition.digest == bundle.digest]
        others = tuple(edition for edition in self.editions if edition not in known)
        edition = known[0] if known else Edition(number, str(copy), bundle.digest)
        self.editions = (*others, edition)[-self._kept :]
        version = ruleset_version(load_rulebook(), bundle)
        _log.info("bundle %s taken up: ruleset version %s", bundle.digest, version)
        return True

    def _tidy(self) -> None:
        """Delete copies that no edition is read from."""
        kept = {edition.path for edition in self.editions}
        for path in Path(self._folder.name).iterdir() if self._folder else ():
            if str(path) not in kept:
                path.unlink()


def state_of(path: str) -> tuple[int, ...]:
    """Return what changes whenever a file does; () without a file."""
    try:
        found = os.stat(path)
    except OSError:
        return ()
    return found.st_ino, found.st_mtime_ns, found.st_size
