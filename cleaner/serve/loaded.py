"""The rulesets that one worker holds: a Cleaner for each bundle that callers may ask for."""

from __future__ import annotations

from pathlib import Path

from cleaner import Cleaner, Options
from cleaner.detect.templates.bundle import Bundle
from cleaner.errors import UnknownName
from cleaner.ingest.limits import Limits
from cleaner.serve.editions import NOTHING, Editions


class Loaded:
    """Cleaners with default options, by the number of their edition."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._cleaners: dict[int, Cleaner] = {}
        self.load((NOTHING,))

    def load(self, editions: Editions) -> None:
        """Hold these editions and no others.

        Raises:
            BundleError: the copy of one has been damaged.
        """
        held = self._cleaners
        self._cleaners = {
            edition.number: held.get(edition.number) or self._cleaner(edition.path)
            for edition in editions
        }

    def _cleaner(self, path: str) -> Cleaner:
        return Cleaner(Options(), self._limits, Bundle.load(Path(path)) if path else None)

    @property
    def versions(self) -> tuple[str, ...]:
        """The ruleset versions that a caller may pin, the newest first."""
        every = (cleaner.ruleset_version for cleaner in self._cleaners.values())
        return tuple(dict.fromkeys(reversed(list(every))))

    def of(self, number: int) -> Cleaner:
        """Return an edition's Cleaner; where it has gone in the meantime, the newest one."""
        return self._cleaners.get(number) or next(reversed(self._cleaners.values()))

    def pinned(self, version: str) -> Cleaner:
        """Return the Cleaner of a ruleset version.

        Raises:
            UnknownName: it is not loaded; names those that are.
        """
        for cleaner in self._cleaners.values():
            if cleaner.ruleset_version == version:
                return cleaner
        raise UnknownName("ruleset_version", version, self.versions)
