"""A Result as one self-contained HTML page: no script, no font, no address but its own."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from cleaner.detect.rulebook import Category
from cleaner.model import Result
from cleaner.render.explain import Part, parts_of, reason_of, summary_of

_COLOURS = {
    "magenta": "#a2178f", "cyan": "#0b7285", "blue": "#1c5fd0", "yellow": "#8a6100",
    "green": "#26761c", "red": "#c02626", "bright_black": "#5c6370", "bright_cyan": "#087f8c",
    "bright_red": "#d6336c", "bright_magenta": "#7a3fc4",
}  # fmt: skip
STYLE = """
:root { color-scheme: light dark; }
body { font: 17px/1.6 Georgia, "Noto Serif", serif; margin: 0 auto; max-width: 74rem;
  padding: 2rem 1.5rem 4rem; color: #1d1f23; background: #fcfbf8; }
header, .legend, aside { font: 14px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.25rem; margin: 0 0 .2rem; overflow-wrap: anywhere; }
header { margin: 2rem 0 1rem; } header p { margin: 0; color: #5c6370; }
.legend { display: flex; flex-wrap: wrap; gap: .4rem; margin: 1rem 0; padding: 0;
  list-style: none; }
.legend li { border: 1px solid var(--c); color: var(--c); border-radius: 1rem;
  padding: .05rem .7rem; }
label { font: 14px system-ui, sans-serif; }
.row { display: grid; grid-template-columns: minmax(0, 1fr) 21rem; column-gap: 2rem; }
.text { white-space: pre-wrap; overflow-wrap: anywhere; }
del { color: var(--c); background: color-mix(in srgb, var(--c) 9%, transparent);
  text-decoration-thickness: 1px; border-radius: 2px; }
aside { border-left: 3px solid var(--c); padding-left: .8rem; align-self: start; margin: .2rem 0;
  overflow-wrap: anywhere; }
aside b { color: var(--c); } aside span { color: #5c6370; display: block; }
#only:checked ~ main .gone { display: none; }
@media (prefers-color-scheme: dark) { body { background: #16181c; color: #e4e2dd; }
  del, aside b, .legend li { filter: brightness(1.7); } }
@media (max-width: 52rem) { .row { grid-template-columns: 1fr; } }
"""


def page_of(results: Mapping[str, Result], categories: dict[str, Category]) -> str:
    """Return the page: documents with what goes struck out, and the reason beside it.

    `results` are by the title that each is to have.
    """
    used = sorted({removal.verdict.category for r in results.values() for removal in r.removed})
    legend = "".join(
        f'<li style="--c:{colour_of(name, categories)}">{escape(categories[name].title)}</li>'
        for name in used
        if name in categories
    )
    documents = "".join(article_of(title, row, categories) for title, row in results.items())
    title = escape(", ".join(results))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head><body>"
        f'<ul class="legend">{legend}</ul>'
        '<input type="checkbox" id="only"><label for="only"> the article only</label>'
        f"<main>{documents}</main></body></html>\n"
    )


def article_of(title: str, result: Result, categories: dict[str, Category]) -> str:
    """Return one document as a part of a page in `STYLE`."""
    rows = "".join(_row(part, categories) for part in parts_of(result))
    warnings = "".join(f"<p>{escape(text)}</p>" for text in result.warnings)
    return (
        f"<article><header><h1>{escape(title)}</h1><p>{escape(summary_of(result))}</p>"
        f"{warnings}</header>{rows}</article>"
    )


def _row(part: Part, categories: dict[str, Category]) -> str:
    text = escape(part.text.strip("\n"))
    if part.verdict is None:
        return f'<div class="row"><div class="text">{text}\n</div></div>'
    verdict = part.verdict
    evidence = "".join(
        f"<span>{escape(f.evidence.source)} {f.confidence:.2f}: {escape(f.evidence.why)}</span>"
        for f in verdict.findings
    )
    return (
        f'<div class="row gone" style="--c:{colour_of(verdict.category, categories)}">'
        f'<div class="text"><del>{text}</del>\n</div>'
        f'<aside title="{escape(reason_of(verdict))}"><b>{escape(verdict.category)}</b> '
        f"{verdict.confidence:.2f}{evidence or f'<span>{escape(verdict.why)}</span>'}</aside></div>"
    )


def colour_of(category: str, categories: dict[str, Category]) -> str:
    """Return the colour of a category on a page."""
    row = categories.get(category)
    return _COLOURS.get(row.colour if row else "", "#c02626")
