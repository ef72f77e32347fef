"""Which candidates are templates: the reasons to accept one, and those to refuse.

In doubt, refuse: what recurs on a few pages between the lines of articles is a subhead, a quote, a
dateline; what recurs as running text there is the story itself, updated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from cleaner.detect.templates.bundle import Template, Where
from cleaner.detect.templates.fingerprint import Lines
from cleaner.learn.templates.grouping import numbers
from cleaner.learn.templates.induce import Induced, induce
from cleaner.learn.templates.mined import Mined
from cleaner.learn.templates.naming import OTHER, Names
from cleaner.learn.templates.passes import SIGHTINGS, WHOLE_PAGE, example_of, key_of
from cleaner.learn.templates.support import Support

_STRONG, _FAIR, _WEAK = 0.95, 0.85, 0.7
# How much longer than those seen a list may be, and how long at most.
_ROOMIER, _MOST_OPENED = 3, 150
_NO_DAY = -1
# Words in a slot from which it may hold a sentence.
_ROOMY = 14
# Some words in quotation marks.
_QUOTED = re.compile(r"[\"“„«「『]\S+(?:\s+\S+){3,}?[\"”“»」』]")


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that recurs at one publisher, with all that is known of it."""

    publisher: str
    total: int
    """Distinct pages of the publisher."""
    dated: bool
    """Whether its pages have dates."""
    texts: tuple[str, ...]
    """Examples, drawn by chance but always the same ones."""
    pages: int
    days: int
    first: int
    last: int
    seen: int
    edge: bool
    """Whether only the first or last words recur."""
    head: int
    tail: int
    amid: int
    near: int
    long: int
    numeric: int
    runs: int
    unsafe: int
    alone: int
    """Between lines that don't recur, or directly above the article."""
    longest: int
    publishers: int
    """At how many publishers it recurs."""

    @property
    def share(self) -> float:
        """Share of the publisher's pages."""
        return min(self.pages / max(self.total, 1), 1.0)

    @property
    def position(self) -> str:
        """Where on most pages it stands."""
        places = {"tail": self.tail, "head": self.head, "between": self.amid}
        return max(places, key=lambda name: places[name])

    def mostly(self, times: int, share: float = 0.5) -> bool:
        """Whether something holds on at least that share of the pages it was seen on."""
        return times >= share * self.seen


def judge(units: pa.Table, sightings: pa.Table, support: Support) -> Mined:
    """Return the templates among the candidates, from the tables of both passes."""
    templates: list[Template] = []
    names = Names()
    totals: dict[str, int] = {}
    for candidate in candidates(units, sightings):
        totals[candidate.publisher] = candidate.total
        found = list(_patterns(candidate, support)) if candidate.edge else [_line(candidate)]
        for one in found:
            category = names.category(one.text)
            why = _refusal(candidate, one, category, support) or names.protected(one.text)
            templates.append(_template(candidate, one, category, why))
    templates.sort(key=lambda t: (t.publisher, -t.pages, t.where, t.text))
    return Mined(tuple(templates), dict(sorted(totals.items())))


def candidates(units: pa.Table, sightings: pa.Table) -> Iterator[Candidate]:
    """Yield every candidate, in order of publisher and unit."""
    examples = _examples(sightings)
    merged = sightings.group_by(["publisher", "unit"]).aggregate(
        [(name, "max" if way == "max" else "sum") for name, way in SIGHTINGS.columns[:-1]]
    )
    merged = merged.rename_columns(
        [name.removesuffix("_sum").removesuffix("_max") for name in merged.column_names]
    )
    merged = merged.sort_by([("publisher", "ascending"), ("unit", "ascending")])
    known = {
        key: n
        for n, key in enumerate(
            key_of(numbers(units, "publisher"), numbers(units, "unit")).tolist()
        )
    }
    facts = units.select(["pages", "days", "first", "last"]).to_pylist()
    spread = dict(
        zip(*(v.to_pylist() for v in pc.value_counts(merged["unit"]).flatten()), strict=True)
    )
    keys = key_of(numbers(merged, "publisher"), numbers(merged, "unit")).tolist()
    whole: dict[int, tuple[str, int, bool]] = {}
    rows = merged.to_pylist()
    for key, row in zip(keys, rows, strict=True):
        if row["unit"] == WHOLE_PAGE:
            fact = facts[known[key]]
            whole[row["publisher"]] = (examples[key][0], fact["pages"], fact["last"] != _NO_DAY)
    for key, row in zip(keys, rows, strict=True):
        publisher, unit = row.pop("publisher"), row.pop("unit")
        if unit == WHOLE_PAGE or key not in known:
            continue
        name, total, dated = whole[publisher]
        row["edge"] = row["edge"] > 0
        yield Candidate(
            publisher=name, total=total, dated=dated, texts=tuple(examples[key]),
            publishers=spread[unit], **facts[known[key]], **row,
        )  # fmt: skip


def _examples(sightings: pa.Table) -> dict[int, list[str]]:
    """Return the examples of each candidate, in order of their draw."""
    found: dict[int, list[str]] = {}
    keys = key_of(numbers(sightings, "publisher"), numbers(sightings, "unit")).tolist()
    for key, drawn in sorted(zip(keys, sightings["example"].to_pylist(), strict=True)):
        found.setdefault(key, []).append(example_of(drawn))
    return found


def _line(candidate: Candidate) -> Induced:
    """Return a whole line as what it is: a pattern without slots."""
    text = candidate.texts[0]
    return Induced(text, Where.BLOCK, 1.0, 0, int(Lines.of([text]).whole[0]))


def _patterns(candidate: Candidate, support: Support) -> Iterator[Induced]:
    for found in induce(candidate.texts):
        if round(found.share * candidate.pages) >= support.pages_slots:
            yield found


def _refusal(candidate: Candidate, found: Induced, category: str, support: Support) -> str:
    """Return why a candidate is no template; '' if it is one."""
    pages = round(candidate.pages * found.share)
    share = pages / max(candidate.total, 1)
    few = f"on {pages} of {candidate.total} pages"
    if 0 < candidate.days < support.days:
        return f"seen on {candidate.days} days only"
    if not any(char.isalpha() for char in found.text):
        return "no word in it"
    if share < support.share:
        return f"recurs, but only {few}"
    if found.room > _ROOMY and share < support.share_roomy:
        return f"most of it varies, {few}"
    if found.where is not Where.BLOCK:
        return _part_refusal(found, pages, share, few, support)
    if candidate.mostly(candidate.long):
        return _long_refusal(candidate, pages, share, few, support)
    return _short_refusal(candidate, found, category, share, few, support)


def _part_refusal(found: Induced, pages: int, share: float, few: str, support: Support) -> str:
    """Return why the edge of a line is no template; '' if it is one."""
    if found.where is Where.OPENING and any(char.isdigit() for char in found.text):
        return f"opens a line with a number, as times and datelines do, {few}"
    if pages < support.pages_long or share < support.share_long:
        return f"part of a line, {few}"
    return ""


def _short_refusal(
    candidate: Candidate, found: Induced, category: str, share: float, few: str, support: Support
) -> str:
    """Return why a short line is no template; '' if it is one."""
    amid, near = candidate.mostly(candidate.amid), candidate.mostly(candidate.near)
    if candidate.mostly(candidate.numeric) and (
        candidate.mostly(candidate.near + candidate.amid) or share < support.share_numeric
    ):
        return f"mostly numbers, {few}"
    if near and (found.room or share < support.share_near):
        return f"stands where headline, byline and date do, {few}"
    if amid and share < support.share_amid:
        return f"stands between the lines of articles, {few}"
    alone = candidate.mostly(candidate.alone) and not candidate.mostly(candidate.tail)
    if category == OTHER and (amid or alone):
        return f"may be a subhead: stands alone between lines that vary, or on top, {few}"
    return ""


def _long_refusal(
    candidate: Candidate, pages: int, share: float, few: str, support: Support
) -> str:
    """Return why running text is no template; '' if it is one."""
    if candidate.publishers >= support.most_publishers:
        return f"running text that recurs at {candidate.publishers} publishers"
    if candidate.mostly(candidate.amid, 0.3) and share < 0.5:
        return f"running text between the lines of articles, {few}"
    if _QUOTED.search(candidate.texts[0]):
        return f"running text that quotes somebody, {few}"
    small = candidate.total < 2 * support.pages_long
    if not small and (pages < support.pages_long or share < support.share_long):
        return f"running text, {few}"
    return ""


def _template(candidate: Candidate, found: Induced, category: str, refusal: str) -> Template:
    pages = round(candidate.pages * found.share)
    share = candidate.share * found.share
    days = candidate.days if candidate.dated else 0
    lists = candidate.runs > 0 and not candidate.unsafe and not candidate.edge
    dated = f" and {days} days" if days else ""
    where = _PLACES[candidate.position]
    return Template(
        publisher=candidate.publisher,
        text=found.text,
        where=found.where,
        category=category,
        confidence=_confidence(pages, share, days, candidate.dated),
        pages=pages,
        days=days,
        share=round(share, 4),
        first=candidate.first if days else _NO_DAY,
        last=candidate.last if days else _NO_DAY,
        position=candidate.position,
        opens=min(_ROOMIER * candidate.longest, _MOST_OPENED) if lists else 0,
        room=found.room,
        reason=refusal or f"recurs on {pages} of {candidate.total} pages{dated}, mostly {where}",
        fingerprint=found.fingerprint,
        accepted=not refusal,
    )


_PLACES = {
    "head": "above the article",
    "tail": "below the article",
    "between": "between the article's lines",
}


def _confidence(pages: int, share: float, days: int, dated: bool) -> float:
    if pages < 3:
        return _WEAK
    strong = pages >= 5 and share >= 0.1 and (days > 1 or not dated)
    return _STRONG if strong else _FAIR
