"""What the miner returns."""

from __future__ import annotations

from dataclasses import dataclass, field

from cleaner.detect.templates.bundle import Template


@dataclass(frozen=True, slots=True)
class Mined:
    """What was learned."""

    templates: tuple[Template, ...]
    """In order of publisher, then of support; candidates that were refused are among them."""
    pages: dict[str, int]
    """Distinct pages of each publisher."""
    examples: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Some lines that were counted for each template, by its id; not all need be of it."""
