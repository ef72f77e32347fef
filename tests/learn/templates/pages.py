"""Pages of an invented publisher: stories that differ, around chrome that recurs."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

import pyarrow as pa

from cleaner.learn.templates.mined import Mined
from cleaner.learn.templates.miner import Here, mine
from cleaner.learn.templates.passes import PAGES
from cleaner.learn.templates.support import DEFAULT, Support

_WHO = (
    "baker",
    "mayor",
    "ferryman",
    "teacher",
    "widow",
    "surveyor",
    "beekeeper",
    "printer",
    "judge",
    "gardener",
    "tailor",
    "captain",
)
_DID = (
    "praised",
    "questioned",
    "repaired",
    "measured",
    "painted",
    "sold",
    "moved",
    "counted",
    "described",
    "defended",
    "forgot",
    "drew",
)
_WHAT = (
    "bridge",
    "archive",
    "orchard",
    "harbour",
    "bakery",
    "mill",
    "chapel",
    "library",
    "meadow",
    "quarry",
    "stage",
    "canal",
)
_HOW = ("slowly", "in public", "at dawn", "without help", "twice", "for her brother", "after the storm", "by candlelight", "against advice")  # fmt: skip
_WHERE = ("Oakby", "Lower Fenn", "Marlow End", "Sandwick", "Easter Hill", "Grey Port", "Thornley", "West Ness", "Pinfold", "Ashmere")  # fmt: skip


_SHAPES = (
    "In {a} the {w} {d} the old {t} {h}, while {n} neighbours {d2} a {t2} {h2}",
    "{n} people, among them a {w} from {a}, {d} the {t}; nobody {d2} the {t2} {h}",
    "A {w} {d} her {t} {h}, and the {w2} of {a} {d2} it {h2}",
    "When the {w} {d} the {t} near {a}, his sister {d2} a {t2} {h}",
    "{a} has {n} houses, one {t} and a {w} who {d} the {t2} {h}",
    "Nobody in {a} remembers who {d} the {t}; the {w} says that a {w2} {d2} it {h}",
    "The {t} of {a} was {d} {h} by a {w}, whom the {w2} {d2} {h2}",
    "Asked about the {t}, the {w} {d} the question {h} and {d2} a {t2} in {a}",
    "Twice the {w} and the {w2} {d} the {t} {h}, once with {n} guests from {a}",
)


def sentence(luck: random.Random) -> str:
    """Return one sentence of some twenty words."""
    who, did, what, how = (luck.sample(words, 2) for words in (_WHO, _DID, _WHAT, _HOW))
    told = luck.choice(_SHAPES).format(
        a=luck.choice(_WHERE), w=who[0], w2=who[1], d=did[0], d2=did[1], t=what[0], t2=what[1],
        h=how[0], h2=how[1], n=luck.randrange(3, 90),
    )  # fmt: skip
    return f"{told[0].upper()}{told[1:]}."


def title(luck: random.Random) -> str:
    """Return a headline."""
    return f"{luck.choice(_WHO).capitalize()} of {luck.choice(_WHERE)} {luck.choice(_DID)} {luck.choice(_WHAT)} {luck.choice(_HOW)}"


def story(number: int, paragraphs: int = 6) -> list[str]:
    """Return headline and paragraphs of one story, always the same ones for its number."""
    luck = random.Random(number)
    return [title(luck), *(f"{sentence(luck)} {sentence(luck)}" for _ in range(paragraphs))]


def page(
    number: int, lines: Sequence[str], publisher: str = "lantern.example", day: int | None = None
) -> dict[str, object]:
    """Return a page as a row of `PAGES`."""
    return {
        "id": f"{publisher}/{number}", "url": f"https://{publisher}/{number}", "publisher": publisher,
        "day": 20000 + number if day is None else day, "text": "\n\n".join(lines), "html": None,
    }  # fmt: skip


def mined(pages: Iterable[dict[str, object]], support: Support = DEFAULT, batch: int = 7) -> Mined:
    """Return what is learned of pages, in batches of some size."""
    rows = list(pages)
    batches = [
        pa.RecordBatch.from_pylist(rows[at : at + batch], schema=PAGES)
        for at in range(0, len(rows), batch)
    ]
    return mine(lambda: batches, Here(), support)


def accepted(found: Mined) -> set[str]:
    """Return the texts of the templates."""
    return {template.text for template in found.templates if template.accepted}


def refused(found: Mined) -> dict[str, str]:
    """Return the reasons of the candidates that were refused, by their text."""
    return {template.text: template.reason for template in found.templates if not template.accepted}
