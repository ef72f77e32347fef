"""Every exception that a caller may see. All derive from `CleanerError`."""

from __future__ import annotations


class CleanerError(Exception):
    """Base of all: the message says what was wrong, where, and what would be right."""


class InvalidInput(CleanerError, ValueError):
    """The caller's document or option cannot be used.

    `field` names the offending field in the caller's own words (``charset``, ``profile``).
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class UnknownName(InvalidInput):
    """A profile, category, detector or ruleset version that does not exist.

    `known` lists the names that do.
    """

    def __init__(self, field: str, name: str, known: tuple[str, ...]) -> None:
        super().__init__(field, f"unknown {field} {name!r}; known: {', '.join(known)}")
        self.name = name
        self.known = known


class TooLarge(CleanerError):
    """The document is over a limit; `limit` is the setting's name."""

    def __init__(self, limit: str, message: str) -> None:
        super().__init__(message)
        self.limit = limit


class RuleError(CleanerError):
    """A rule pack cannot be loaded or a rule fails its proof."""


class ServerError(CleanerError):
    """The service failed at this document through no fault of the caller's."""


class Unreachable(CleanerError):
    """No service answers at the address, or the connection broke."""


class Overloaded(CleanerError):
    """The service has more to do than it can; it may be asked again after `retry_seconds`."""

    def __init__(self, message: str, retry_seconds: float = 0.0) -> None:
        super().__init__(message)
        self.retry_seconds = retry_seconds


class NotAllowed(CleanerError):
    """The service does not know the caller, or does not let this one do what it asks for."""


class DeadlineExceeded(CleanerError):
    """The service gave no answer in time."""


class BundleError(CleanerError):
    """A bundle of learned templates cannot be used; the last good one stays."""


class StoreError(CleanerError):
    """The store of observed pages cannot be opened, or cannot take more; nothing was written."""
