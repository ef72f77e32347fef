"""What a worker's answers came to, in numbers: it goes to the front with every frame.

The front reads no answers, and metrics need no more than this. No text is in it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from cleaner.detect import TIMEOUT
from cleaner.model import Result


@dataclass(slots=True)
class Tally:
    """Counts since the last `told`."""

    documents: int = 0
    failures: int = 0
    """Documents that got a status and no answer."""
    timeouts: int = 0
    """Rules that took too long in a document and were skipped."""
    categories: Counter[str] = field(default_factory=Counter)
    """Removals, by category."""
    detectors: Counter[str] = field(default_factory=Counter)
    """Removals that a detector claimed; several may claim the same."""
    characters: Counter[str] = field(default_factory=Counter)
    """Of the texts that came (read), and of what was taken out of them (removed)."""

    def count(self, result: Result) -> Result:
        """Take note of a result; return it."""
        self.documents += 1
        self.timeouts += sum(warning.startswith(TIMEOUT) for warning in result.warnings)
        self.characters["read"] += len(result.document.text)
        for removal in result.removed:
            self.categories[removal.verdict.category] += 1
            self.characters["removed"] += removal.end - removal.start
            self.detectors.update({finding.detector for finding in removal.verdict.findings})
        return result

    def told(self, version: str) -> bytes:
        """Return the counts, with the ruleset version that answered, and begin anew."""
        told = json.dumps(
            {
                "version": version,
                "documents": self.documents,
                "failures": self.failures,
                "timeouts": self.timeouts,
                "categories": self.categories,
                "detectors": self.detectors,
                "characters": self.characters,
            }
        )
        self.__init__()  # type: ignore[misc]
        return told.encode()


@dataclass(frozen=True, slots=True)
class Told:
    """A tally that has arrived."""

    version: str
    documents: int
    failures: int
    timeouts: int
    categories: Mapping[str, int]
    detectors: Mapping[str, int]
    characters: Mapping[str, int]


def heard(told: bytes) -> Told:
    """Return what `Tally.told` put into words."""
    return Told(**json.loads(told))
