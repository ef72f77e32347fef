"""A small rulebook of this suite's own: its tests do not hang on what the packs say today."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cleaner import Document, Limits
from cleaner.detect import Claims, detect
from cleaner.detect.patterns import Matcher
from cleaner.ingest import ingest
from cleaner.segment import segment

Claim = Callable[..., Claims]
HAND_WRITTEN = ("rules", "structure")


@pytest.fixture
def claims_of(small_matcher: Matcher) -> Claim:
    """Return a function that lets the Detectors speak about a text."""

    def claim(text: str | Document, *names: str) -> Claims:
        document = text if isinstance(text, Document) else Document(text=text)
        page = segment(ingest(document, Limits()))
        return detect(page, small_matcher, names or HAND_WRITTEN)

    return claim
