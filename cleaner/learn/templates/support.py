"""How much must speak for a template before it is one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Support:
    """The least of everything. Numbers of pages are of distinct stories at distinct URLs."""

    pages: int = 3
    """Pages that a line must stand on; two are enough where there are no more than five."""
    days: int = 1
    """Distinct days, where pages have dates. A service that strangers feed asks for more."""
    share: float = 0.01
    """Share of the publisher's pages that a line must stand on."""
    share_amid: float = 0.2
    """The same, for what stands between the lines of articles; it must be of a kind that the
    hand-written rules know, too, for a column's subheads recur as often as its advertisements."""
    share_near: float = 0.3
    """The same, for what stands where headline, byline and date do."""
    share_roomy: float = 0.1
    """The same, for patterns whose slots hold a sentence or more."""
    share_numeric: float = 0.3
    """The same, for lines that are mostly numbers: dates, scores, prices."""
    pages_long: int = 5
    """Pages for a line that reads as running text, if it stands outside the articles."""
    share_long: float = 0.02
    """Share of the pages for the same."""
    pages_slots: int = 4
    """Pages for a pattern with slots."""
    most_publishers: int = 3
    """Running text that recurs at this many publishers is quoted, not chrome of one."""
    most_removed: float = 0.5
    """Most of an article's words that templates may take, as a share, on the pages learned from:
    beyond it the weakest are refused."""


DEFAULT = Support()
