"""A store and what is learned from it: everything that the learning service does, in process.

Cleaning never waits for it and never changes by it, but by a version that was published.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from cleaner.detect.publisher import publisher_key
from cleaner.detect.templates.bundle import Template
from cleaner.errors import InvalidInput, UnknownName
from cleaner.learn.templates.store import Observed, Page, Profile, Store, StoreLimits, sample
from cleaner.learn.templates.support import Support
from cleaner.learn.templates.versions import Version, Versions

if TYPE_CHECKING:  # mining imports what observing goes without
    from cleaner.learn.templates.proposal import Elsewhere, Proposal

# Whose pages are looked at for prose, and how many of each.
_OTHERS, _OF_EACH = 200, 20
# Publishers whose names are looked at for the one that was meant.
_COMPARED = 5_000


@dataclass(frozen=True, slots=True)
class Rules:
    """How a learner learns."""

    veto: str = ""
    """File of prose that no template may be, a paragraph a line; '' for none."""
    by_arrival: bool = False
    """Whether days are those on which pages came. Nobody can make these up; but an archive that
    is sent in one day teaches nothing then."""
    support: Support = field(default_factory=lambda: Support(days=2))
    """What must speak for a template."""


class Learner:
    """Learns in the store of a folder."""

    def __init__(
        self, folder: Path, limits: StoreLimits = StoreLimits(), rules: Rules = Rules()
    ) -> None:
        """Open the store in `folder`, or make one there.

        Raises:
            StoreError: it cannot be opened or written, or is damaged.
        """
        self._store = Store(folder, limits)
        self._versions = Versions(folder, self._store.db)
        self._rules = rules

    def close(self) -> None:
        """Close the store."""
        self._store.close()

    def observe(self, pages: Iterable[Page]) -> Observed:
        """Take pages in: all of them that can be taken, or none (StoreError)."""
        return self._store.observe(pages)

    def propose(self, publishers: Sequence[str] = ()) -> Iterator[Proposal]:
        """Yield what would be learned of some publishers, or of all.

        Raises:
            UnknownName: no pages of one of them are held.
        """
        from cleaner.learn.templates.proposal import propose

        rules = self._rules
        for name in self._named(publishers):
            pages = self._store.pages(name, by_arrival=rules.by_arrival)
            yield propose(name, pages, self._elsewhere, rules.support)

    def publish(
        self, publishers: Sequence[str] = (), expected: str = "", note: str = ""
    ) -> Version:
        """Publish what would be learned of some publishers, or of all; others keep what they have.

        With `expected`, the digest of a proposal that was looked at, nothing else is published.

        Raises:
            UnknownName: no pages of one of them are held; or what would be learned is no longer
                what was expected.
            BundleError, StoreError: nothing has changed.
        """
        from cleaner.learn.templates.proposal import merged

        if expected and len(publishers) != 1:
            raise InvalidInput("expected_digest", "a proposal is about one publisher; name it")
        proposals = list(self.propose(publishers))
        if expected and proposals[0].digest != expected:
            raise UnknownName("expected_digest", expected, (proposals[0].digest,))
        what = ", ".join(row.publisher for row in proposals[:3])
        more = f" and {len(proposals) - 3} more" if len(proposals) > 3 else ""
        note = note or f"{what}{more}"
        return self._versions.publish(lambda bundle: merged(bundle, proposals), note)

    def rollback(self, number: int | None = None) -> Version:
        """Go back to the version before the present one, or to one named."""
        return self._versions.rollback(number)

    @property
    def versions(self) -> list[Version]:
        """All versions, the oldest first."""
        return self._versions.all()

    @property
    def current(self) -> Version:
        """The version that counts."""
        return self._versions.current

    def profile(self, publisher: str) -> tuple[Profile, list[Template]]:
        """Return what is held of a publisher, and its templates now.

        Raises:
            UnknownName: nothing is known of it.
        """
        name = publisher_key(publisher)
        bundle = self._versions.bundle()
        rows = [bundle.template(at) for at in bundle.all_of(name)]
        held = self._store.profile(name)
        if held is None and not rows:
            raise self._unknown(publisher)
        return held or Profile(name, 0, 0, -1, -1), rows

    def _named(self, publishers: Sequence[str]) -> list[str]:
        names = [publisher_key(name) for name in publishers]
        for name, given in zip(names, publishers, strict=True):
            if self._store.profile(name) is None:
                raise self._unknown(given)
        return list(dict.fromkeys(names)) or self._store.publishers()

    def _unknown(self, publisher: str) -> UnknownName:
        known = get_close_matches(publisher[:200], self._store.publishers()[:_COMPARED])
        return UnknownName("publisher", publisher, tuple(known))

    @cached_property
    def _elsewhere(self) -> Elsewhere:
        from cleaner.learn.templates.proposal import Elsewhere

        veto = Path(self._rules.veto).read_text("utf-8").splitlines() if self._rules.veto else ()
        return Elsewhere(sample(self._store, _OTHERS, _OF_EACH), veto)
