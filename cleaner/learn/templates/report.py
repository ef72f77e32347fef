"""What was learned as one self-contained HTML page: no script, no font, no address but its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape

from cleaner.detect.rulebook import Category
from cleaner.detect.templates.bundle import SLOT, Template, Where
from cleaner.learn.templates.mined import Mined
from cleaner.learn.templates.sample import Part, Sample, examples
from cleaner.render.report import STYLE, article_of, colour_of

# Beyond these a page is for no reader; the command line lists them all.
MOST_PUBLISHERS, _MOST_TEMPLATES, _MOST_REFUSED = 100, 80, 60
_LONGEST, _BESIDE = 600, 60
# From this many publishers on, pages and refused candidates are folded.
_FOLDED = 4
_ZONES = ("head", "between", "tail")
PLACES = {
    "head": "above the article",
    "between": "between the article's lines",
    "tail": "below the article",
}
"""A template's position in words."""
PARTS = {
    Where.BLOCK: "whole lines",
    Where.OPENING: "first words of a line",
    Where.CLOSING: "last words of a line",
}
"""What of a line a template is, in words."""
_EPOCH = date(1970, 1, 1)
_MORE_STYLE = """
h2 { font: 600 1.3rem system-ui, sans-serif; margin: 3rem 0 .2rem; overflow-wrap: anywhere; }
h3 { font: 600 1rem system-ui, sans-serif; margin: 1.6rem 0 .4rem; }
.lead, .facts, .legend, summary, table, .refused span, .id { font: 14px/1.45 system-ui, sans-serif;
  color: #5c6370; }
.lead { margin: .2rem 0; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
th, td { text-align: right; padding: .25rem .4rem; border-bottom: 1px solid #8883;
  vertical-align: top; font-variant-numeric: tabular-nums; }
th:first-child, td:first-child { text-align: left; overflow-wrap: anywhere; padding-left: 0; }
a { color: #1c5fd0; } summary { cursor: pointer; padding: .3rem 0; }
.template { border-left: 3px solid var(--c); padding: .1rem 0 .1rem .9rem; margin: 1.1rem 0;
  display: grid; grid-template-columns: 8rem minmax(0, 1fr); column-gap: 1.1rem; }
.template p { margin: 0; overflow-wrap: anywhere; } .template b { color: var(--c); }
.template .examples { grid-column: 2; margin: .35rem 0 0; padding-left: 1.1rem; }
.examples li { font-size: .87em; color: #5c6370; overflow-wrap: anywhere; }
.id { overflow-wrap: anywhere; font-size: 12px; }
mark { background: color-mix(in srgb, var(--c, #8a6100) 18%, transparent); color: inherit;
  border-radius: 2px; padding: 0 .1em; }
i { opacity: .75; } .refused { padding-left: 1.1rem; }
.refused li { margin: .35rem 0; overflow-wrap: anywhere; }
.refused span { display: block; }
svg { width: 8rem; height: auto; display: block; margin: .35rem 0; color: var(--c, #5c6370); }
svg .zone { fill: #8882; } svg .here { fill: currentColor; opacity: .3; }
svg path { stroke: currentColor; stroke-width: 1.5; }
article { border: 1px solid #8884; border-radius: 4px; padding: 0 1rem 1rem; }
article header { margin-top: 1rem; } article .text { font-size: .9em; }
article aside { min-width: 0; }
article aside span { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.only:checked ~ article .gone { display: none; }
th:first-child { width: 35%; }
@media (max-width: 52rem) { body { padding: 1rem 1rem 3rem; } th, td { padding: .25rem .2rem; }
  .template { grid-template-columns: minmax(0, 1fr); } .template .examples { grid-column: 1; } }
@media (prefers-color-scheme: dark) { .lead, .facts, .legend, summary, table, .refused span, .id,
  .examples li { color: #a4a9b3; } a { color: #8ab4f8; }
  .template b, svg { filter: brightness(1.7); } }
"""


@dataclass(frozen=True, slots=True)
class Learned:
    """What is known of one publisher."""

    publisher: str
    pages: int
    accepted: tuple[Template, ...]
    refused: tuple[Template, ...]
    sample: Sample
    examples: Mapping[str, Sequence[str]]
    """Lines by a template's id; not all need be of it."""


def learned_of(
    templates: Iterable[Template], mined: Mined, samples: Mapping[str, Sample]
) -> list[Learned]:
    """Return what is known of each publisher, those with most pages first.

    `templates` are those that were mined, after what a person decided.
    """
    pages = mined.pages
    rows: dict[str, tuple[list[Template], list[Template]]] = defaultdict(lambda: ([], []))
    for template in templates:
        rows[template.publisher][0 if template.accepted else 1].append(template)
    names = sorted({*pages, *rows}, key=lambda name: (-pages.get(name, 0), name))
    found = []
    for name in names:
        accepted, refused = (tuple(sorted(part, key=_order)) for part in rows[name])
        total, seen = pages.get(name, 0), samples.get(name) or Sample()
        found.append(Learned(name, total, accepted, refused, seen, mined.examples))
    return found


def _order(template: Template) -> tuple[object, ...]:
    return -template.pages, _ZONES.index(template.position), template.text


def page_of(learned: Sequence[Learned], categories: dict[str, Category]) -> str:
    """Return the page: a section for each publisher."""
    shown = learned[:MOST_PUBLISHERS]
    accepted = sum(len(one.accepted) for one in learned)
    refused = sum(len(one.refused) for one in learned)
    pages = sum(one.pages for one in learned)
    more = "" if len(shown) == len(learned) else f" The {len(shown)} with most pages are shown."
    opened = " open" if len(shown) < _FOLDED else ""
    sections = "".join(_section(n, one, categories, opened) for n, one in enumerate(shown))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Templates of {_count(len(learned), 'publisher')}</title>"
        f"<style>{STYLE}{_MORE_STYLE}</style></head><body>"
        f"<header><h1>Templates of {_count(len(learned), 'publisher')}</h1>"
        f"<p>{_count(accepted, 'template')} from {_count(pages, 'page')}, "
        f"{_count(refused, 'candidate')} refused.{more}</p></header>{_key()}"
        f"{_table(shown)}<main>{sections}</main></body></html>\n"
    )


def _key() -> str:
    return (
        f'<p class="lead"><mark>{SLOT}</mark> is a slot: pages differ there. A number in a '
        "template stands for any number. The strip is a page from its first line, on the left, "
        "to its last: "
        "what stands above the article, the article, what stands below it; a stroke is a place "
        "where the template stood on a page of the sample.</p>"
    )


def _table(shown: Sequence[Learned]) -> str:
    rows = "".join(
        f'<tr><td><a href="#p{n}">{escape(one.publisher)}</a></td><td>{one.pages:,}</td>'
        f"<td>{len(one.accepted):,}</td><td>{len(one.refused):,}</td><td>{caught(one)}</td></tr>"
        for n, one in enumerate(shown)
    )
    return (
        "<table><thead><tr><th>publisher<th>pages<th>templates<th>refused<th>lines caught"
        f"</tr></thead><tbody>{rows}</tbody></table>"
    )


def caught(one: Learned) -> str:
    """Return the share of the sample's lines that templates take, to be read."""
    return f"{one.sample.share:.0%}" if one.sample.lines else "–"


def _section(n: int, one: Learned, categories: dict[str, Category], opened: str) -> str:
    templates = "".join(
        _template(template, one, categories) for template in one.accepted[:_MOST_TEMPLATES]
    )
    left = len(one.accepted) - _MOST_TEMPLATES
    more = _more(left, "list")
    sampled = (
        f"; on {_count(len(one.sample.results), 'page')} of a sample they take {caught(one)} "
        f"of {_count(one.sample.lines, 'line')}"
        if one.sample.lines
        else ""
    )
    return (
        f'<section id="p{n}"><h2>{escape(one.publisher)}</h2><p class="lead">'
        f"{_count(one.pages, 'page')}, {_count(len(one.accepted), 'template')}, "
        f"{_count(len(one.refused), 'candidate')} refused{sampled}.</p>"
        f"{templates}{more}{_page(n, one.sample, categories, opened)}"
        f"{_refused(one.refused, opened)}</section>"
    )


def _template(template: Template, one: Learned, categories: dict[str, Category]) -> str:
    follows = (
        f", a list of up to {template.opens} lines may follow and goes too"
        if template.opens
        else ""
    )
    name, sample = template.id, one.sample
    texts = (*one.examples.get(name, ()), *sample.texts.get(name, ()))
    shown = "".join(
        f"<li>{''.join(_part(*part) for part in parts)}</li>" for parts in examples(template, texts)
    )
    return (
        f'<div class="template" style="--c:{colour_of(template.category, categories)}">'
        f"<div>{_strip(template, sample.places.get(name, []))}</div>"
        f"<div><p>{_text(template.text)}</p>"
        f'<p class="facts"><b>{escape(template.category)}</b> {template.confidence:.2f} · '
        f"{support_of(template)} · {PARTS[template.where]} {PLACES[template.position]}{follows}</p>"
        f'<p class="facts">{escape(template.reason)}</p>'
        f'<p class="id">{escape(template.id)}</p></div>'
        f"{f'<ul class=examples>{shown}</ul>' if shown else ''}</div>"
    )


def _part(text: str, part: Part) -> str:
    if part is Part.ARTICLE:  # what stands next to the chrome is enough of it
        ends = text if len(text) <= _BESIDE else f"{text[:_BESIDE]} … {text[-_BESIDE:]}"
        return f"<i>{escape(ends)}</i>"
    text = escape(_short(text))
    return f"<mark>{text}</mark>" if part is Part.SLOT else text


def _text(text: str) -> str:
    return escape(_short(text)).replace(SLOT, f"<mark>{SLOT}</mark>")


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"


def _strip(template: Template, places: Sequence[float]) -> str:
    """Return a picture of a page lying on its side, with where the template stands."""
    zones = "".join(
        f'<rect class="{"here" if zone == template.position else "zone"}" '
        f'x="{40 * n}" y="{0 if zone == "between" else 3}" width="38" '
        f'height="{18 if zone == "between" else 12}"/>'
        for n, zone in enumerate(_ZONES)
    )
    strokes = "".join(f"M{40 * int(at) + 38 * (at % 1):.1f},0v18" for at in sorted(set(places)))
    label = f"{PLACES[template.position]}; seen at {len(places)} places of the sample"
    return (
        f'<svg viewBox="0 0 118 18" role="img" aria-label="{escape(label)}">'
        f'<title>{escape(label)}</title>{zones}<path d="{strokes}"/></svg>'
    )


def support_of(template: Template) -> str:
    """Return a template's support in words: pages, share, days, first and last day."""
    said = f"{_count(template.pages, 'page')} ({template.share:.0%})"
    if template.days:
        first, last = day_of(template.first), day_of(template.last)
        said += f", {_count(template.days, 'day')}, {first} – {last}"
    return said


def day_of(day: int) -> str:
    """Return a day in days since 1970 as a date; '' for none."""
    return (_EPOCH + timedelta(day)).isoformat() if day >= 0 else ""


def _page(n: int, sample: Sample, categories: dict[str, Category], opened: str) -> str:
    result = sample.shown
    if result is None:
        return ""
    article = article_of(result.document.url or result.document.id, result, categories)
    return (
        f"<h3>Before and after</h3><details{opened}><summary>a page of the sample, by these "
        f'templates alone</summary><input type="checkbox" class="only" id="o{n}">'
        f'<label for="o{n}"> the article only</label>{article}</details>'
    )


def _refused(refused: Sequence[Template], opened: str) -> str:
    if not refused:
        return ""
    rows = "".join(
        f"<li>{_text(one.text)}<span>{escape(one.reason)} · {support_of(one)}</span></li>"
        for one in refused[:_MOST_REFUSED]
    )
    left = len(refused) - _MOST_REFUSED
    more = _more(left, "list --refused")
    return (
        f"<h3>Refused</h3><details{opened}><summary>{_count(len(refused), 'candidate')}, and why"
        f'</summary><ul class="refused">{rows}</ul>{more}</details>'
    )


def _more(left: int, command: str) -> str:
    told = f"… and {left:,} more: <code>cleaner templates {command}</code> has them all"
    return f'<p class="lead">{told}</p>' if left > 0 else ""


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
