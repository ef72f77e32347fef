"""What can stand in for a Cleaner, so that a caller need not know where the work is done."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import Protocol, TypeAlias

from cleaner.errors import CleanerError
from cleaner.model import Document, Result

Given: TypeAlias = str | bytes | Document
"""What a caller may have: a ``str`` or ``bytes`` is a text Document without hints."""
Outcome: TypeAlias = Result | CleanerError
"""What becomes of one document among many."""


class AnyCleaner(Protocol):
    """`Cleaner`, `cleaner.client.Client`, and whatever else has their methods."""

    def clean(self, document: Given) -> Result:
        """Return the article in `document`, and everything about what was taken out."""
        ...

    def clean_many(self, documents: Iterable[Given]) -> Iterator[Outcome]:
        """Yield a Result for each Document, in order; its error for one that cannot be cleaned."""
        ...


class AnyAsyncCleaner(Protocol):
    """`cleaner.client.AsyncClient`, and whatever else has its methods."""

    async def clean(self, document: Given) -> Result:
        """Return the article in `document`, and everything about what was taken out."""
        ...

    def clean_many(
        self, documents: Iterable[Given] | AsyncIterable[Given]
    ) -> AsyncIterator[Outcome]:
        """Yield a Result for each Document, in order; its error for one that cannot be cleaned."""
        ...
