"""Profiles: named policies for what goes, and a caller's changes to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cleaner.detect.rulebook import Category
from cleaner.errors import InvalidInput, UnknownName

DETECTORS = ("rules", "structure", "templates", "classifier")
"""Names of the Detectors, in the order in which they speak."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A named policy. Which categories it takes out stands in ``categories.toml``."""

    name: str
    summary: str
    min_confidence: float
    """A claim below this counts only in company."""
    min_learned: float
    """The same for the classifier, whose claims never count in company alone."""
    detectors: tuple[str, ...] = DETECTORS
    """Who may speak."""


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("standard", "The article as it was published, without the chrome", 0.6, 0.8),
        Profile(
            "body", "The article's body: no headline, standfirst, byline, date, caption", 0.5, 0.5
        ),
        Profile(
            "light",
            "Only what is certain: rules and strong templates",
            0.9,
            1.0,
            ("rules", "templates"),
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Options:
    """What a caller asks for. Part of every answer's cause: the same options, the same answer."""

    profile: str = "standard"
    """A name in `PROFILES`."""
    remove: tuple[str, ...] = ()
    """Categories to take out although the profile does not."""
    keep: tuple[str, ...] = ()
    """Categories to leave in although the profile does not."""
    detectors: tuple[str, ...] = ()
    """Which Detectors may speak; empty for the profile's own choice."""
    min_confidence: float | None = None
    """0 to 1, of every Detector alike; None for the profile's own."""
    reflow: bool = False
    """Whether to join the lines of hard-wrapped paragraphs."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Options resolved against the categories that exist."""

    categories: frozenset[str]
    """What goes."""
    min_confidence: float
    min_learned: float
    detectors: tuple[str, ...]
    reflow: bool


def resolve(options: Options, categories: dict[str, Category]) -> Policy:
    """Return the policy that `options` name.

    Raises:
        UnknownName: a profile, category or detector that does not exist.
        InvalidInput: a confidence that is not from 0 to 1, a category both removed and kept.
    """
    if options.profile not in PROFILES:
        raise UnknownName("profile", options.profile, tuple(PROFILES))
    profile = PROFILES[options.profile]
    _known("category", (*options.remove, *options.keep), tuple(categories))
    _known("detector", options.detectors, DETECTORS)
    if both := set(options.remove) & set(options.keep):
        raise InvalidInput("keep", f"category {min(both)!r} is both to be removed and to be kept")
    least = profile.min_confidence if options.min_confidence is None else options.min_confidence
    if not 0 <= least <= 1:
        raise InvalidInput("min_confidence", f"min_confidence {least} is not from 0 to 1")
    goes = {row.id for row in categories.values() if profile.name in row.profiles}
    return Policy(
        categories=frozenset(goes | set(options.remove)) - frozenset(options.keep),
        min_confidence=least,
        min_learned=profile.min_learned if options.min_confidence is None else least,
        detectors=options.detectors or profile.detectors,
        reflow=options.reflow,
    )


def _known(field: str, names: Iterable[str], known: tuple[str, ...]) -> None:
    for name in names:
        if name not in known:
            raise UnknownName(field, name, known)
