"""What the hand-written rules say of a candidate: its category, or that nothing may take it."""

from __future__ import annotations

from functools import lru_cache

from cleaner.detect.patterns import Match, Matcher
from cleaner.detect.rulebook import PROTECT, load_rulebook

OTHER = "other"
"""The category of what no rule knows."""


class Names:
    """The rulebook, asked about single texts."""

    def __init__(self) -> None:
        self._matcher = Matcher(load_rulebook())
        self._asked = lru_cache(4096)(self._ask)

    def category(self, text: str) -> str:
        """Return the category of the surest rule that knows `text`, else ``other``."""
        found = [match.rule for match in self._asked(text) if match.rule.category != PROTECT]
        return max(found, key=lambda rule: rule.confidence).category if found else OTHER

    def protected(self, text: str) -> str:
        """Return why nothing may take `text`; '' if nothing protects it."""
        for match in self._asked(text):
            if match.rule.category == PROTECT:
                return f"keep rule {match.rule.id}: {match.rule.why}"
        return ""

    def _ask(self, text: str) -> tuple[Match, ...]:
        found, _ = self._matcher.scan([text], None)
        return tuple(found[0])
