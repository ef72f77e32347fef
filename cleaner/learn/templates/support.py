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
    share_amid: float = 0.2
    """Share of the publisher's pages, for what stands between the lines of articles."""
    share_near: float = 0.3
    """The same, for what stands where headline, byline and date do."""
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
