"""Pages of publishers that do not exist: articles that never recur, in chrome that does."""

from __future__ import annotations

from random import Random

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
WHO = ["Mayor", "Farmer", "Doctor", "Captain", "Teacher", "Judge", "Baker", "Pilot"]
DID = ["opened", "sold", "painted", "lost", "found", "repaired", "counted", "crossed", "praised"]
OPENING = ("Skip to the reading room", "Weather over the bay", "Write to our night desk")
CLOSING = (
    "The Tidewater Gazette is printed by volunteers who would be glad of your help with the next issue, by post or in person.",
    "Copies of the Tidewater Gazette can be had at the ferry landing.",
    "More from the tower",
)


def _word(luck: Random) -> str:
    return "".join(luck.choice(SYLLABLES) for _ in range(3))


def sentence(luck: Random) -> str:
    """Return one sentence, no three words of which stand in another one."""
    names = [_word(luck).title() for _ in range(3)]
    things = [_word(luck) for _ in range(4)]
    return (
        f"{luck.choice(WHO)} {names[0]} {luck.choice(DID)} the {things[0]}, while {names[1]} and "
        f"{things[1]} {luck.choice(DID)} seven {things[2]} of {names[2]} before {things[3]}."
    )


def article(name: str, number: int, paragraphs: int = 6) -> list[str]:
    """Return the paragraphs of an article, its title first; of no other page by name and number."""
    luck = Random(f"{name} {number}")
    title = f"{_word(luck).title()} has {luck.choice(DID)} its {_word(luck)}"
    return [title, *(" ".join(sentence(luck) for _ in range(3)) for _ in range(paragraphs))]


def page(name: str, number: int, closing: tuple[str, ...] = CLOSING) -> str:
    """Return the text of a page of a publisher."""
    lines = [*OPENING, *article(name, number), *closing]
    return "\n\n".join(lines) + "\n"


def url(name: str, number: int) -> str:
    """Return the address of a page."""
    return f"https://www.{name}/stories/{number}"
