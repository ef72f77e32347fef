"""Pages of publishers that do not exist: articles that never recur, in chrome that does."""

from __future__ import annotations

from random import Random

WHO = [
    "The mayor",
    "A farmer",
    "The old bridge",
    "Her brother",
    "The harbour",
    "A teacher",
    "The orchestra",
    "Their team",
    "A judge",
    "The village",
    "One driver",
    "The library",
]
DID = [
    "opened",
    "sold",
    "painted",
    "lost",
    "found",
    "repaired",
    "counted",
    "left",
    "crossed",
    "bought",
    "moved",
    "praised",
    "closed",
    "followed",
]
WHAT = [
    "seven boats",
    "the northern road",
    "a red barn",
    "every second window",
    "the last train",
    "its own garden",
    "two hundred lamps",
    "a broken clock",
    "the winter market",
    "some empty houses",
    "a box of letters",
    "the wrong door",
]
WHEN = [
    "after the storm",
    "before sunrise",
    "in the third week of the month",
    "while the river rose",
    "without a word to anyone",
    "for the price of a bicycle",
    "during the long strike",
    "when the school was over",
    "on the way to the coast",
    "against all advice",
]
TITLE = "Residents of {place} {did} {what} {when}"
PLACES = [
    "Alder Bay",
    "Brackwater",
    "Cold Spring",
    "Dunmore",
    "Eastfield",
    "Fallow Hill",
    "Greywick",
    "Hollin",
]
OPENING = ("Skip to the reading room", "Weather over the bay", "Write to our night desk")
CLOSING = (
    "The Tidewater Gazette is printed by volunteers who would be glad of your help with the next issue, by post or in person.",
    "Copies of the Tidewater Gazette can be had at the ferry landing.",
    "More from the tower",
)


SYLLABLES = [
    "ba",
    "cor",
    "del",
    "fen",
    "gil",
    "hos",
    "jun",
    "kel",
    "lom",
    "mar",
    "nep",
    "ost",
    "pru",
    "rad",
    "sim",
    "tov",
    "ul",
    "ven",
    "wex",
    "yar",
]


def _name(luck: Random) -> str:
    return "".join(luck.choice(SYLLABLES) for _ in range(3)).title()


def sentence(luck: Random) -> str:
    """Return one sentence of about twelve words."""
    return (
        f"{luck.choice(WHO)} of {_name(luck)} {luck.choice(DID)} {luck.choice(WHAT)} {luck.choice(WHEN)}, "
        f"and {luck.choice(WHO).lower()} near {_name(luck)} {luck.choice(DID)} {luck.choice(WHAT)}."
    )


def article(name: str, number: int, paragraphs: int = 6) -> list[str]:
    """Return the paragraphs of an article, its title first; of no other page by name and number."""
    luck = Random(f"{name} {number}")  # noqa: S311 - tells stories
    title = TITLE.format(
        place=luck.choice(PLACES),
        did=luck.choice(DID),
        what=luck.choice(WHAT),
        when=luck.choice(WHEN),
    )
    return [title, *(" ".join(sentence(luck) for _ in range(4)) for _ in range(paragraphs))]


def page(name: str, number: int, closing: tuple[str, ...] = CLOSING) -> str:
    """Return the text of a page of a publisher."""
    lines = [*OPENING, *article(name, number), *closing]
    return "\n\n".join(lines) + "\n"


def url(name: str, number: int) -> str:
    """Return the address of a page."""
    return f"https://www.{name}/stories/{number}"
