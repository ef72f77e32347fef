"""The quality report: one self-contained HTML page, a plot and the worst documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from cleaner.bench.shingles import Score, shingles

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
svg { width: 100%; max-width: 46rem; height: auto; } svg text { font: 11px system-ui, sans-serif;
  fill: currentColor; } .grid { stroke: currentColor; opacity: .15; }
details { border-top: 1px solid #8884; padding: .4rem 0; } summary { overflow-wrap: anywhere; }
p { margin: .1rem 0; overflow-wrap: anywhere; }
.missed { background: #d6336c33; } .lost { background: #e6770044; text-decoration: line-through; }
.gone { color: #888; text-decoration: line-through; }
"""
_OURS, _THEIRS = "#0b7285", "#a2178f"
_SIDE, _EDGE = 420, 50
# Share of a line's shingles that the gold must have for it to be the article's.
_HALF = 0.5


def page_of(
    points: Sequence[tuple[str, str, Score]], worst: Sequence[tuple[str, str, str, str]]
) -> str:
    """Return the page.

    `points` are kind of input, system and its figures; `worst` are title, gold, text and answer.
    """
    kinds = sorted({kind for kind, _, _ in points}, reverse=True)
    plots = "".join(_plot(kind, [row for row in points if row[0] == kind]) for kind in kinds)
    documents = "".join(_document(*row) for row in worst)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Quality</title>'
        f"<style>{_STYLE}</style></head><body><h1>Quality on articles</h1>{plots}"
        '<h2>The worst documents</h2><p><span class="missed">chrome that stayed</span> '
        '<span class="lost">article that went</span> <span class="gone">chrome that went</span></p>'
        f"{documents}</body></html>\n"
    )


def _plot(kind: str, points: Sequence[tuple[str, str, Score]]) -> str:
    """Return precision over recall, from the lowest of the points to 1."""
    low = min(0.9, *(min(row.precision, row.recall) for _, _, row in points))
    low = max(0.0, int(low * 20) / 20)

    def at(value: float) -> float:
        return _SIDE * (value - low) / (1 - low)

    steps = [low + (1 - low) * n / 5 for n in range(6)]
    grid = "".join(
        f'<path class="grid" d="M{at(v):.1f},0V{_SIDE}M0,{_SIDE - at(v):.1f}H{_SIDE}"/>'
        f'<text x="{at(v) - 8:.1f}" y="{_SIDE + 16}">{v:.2f}</text>'
        f'<text x="-34" y="{_SIDE - at(v) + 4:.1f}">{v:.2f}</text>'
        for v in steps
    )
    dots = "".join(
        f'<circle cx="{at(row.recall):.1f}" cy="{_SIDE - at(row.precision):.1f}" r="5" '
        f'fill="{_OURS if "boilerstrip" in name or "classifier" in name else _THEIRS}">'
        f"<title>{escape(name)}</title></circle>"
        f'<text x="{at(row.recall) + 8:.1f}" y="{_SIDE - at(row.precision) + 4:.1f}">'
        f"{escape(name)} {row.f1:.3f}</text>"
        for _, name, row in points
    )
    box = f"-{_EDGE} -15 {_SIDE + _EDGE + 190} {_SIDE + 60}"
    return (
        f'<h2>{escape(kind)}: precision (up) over recall (right)</h2><svg viewBox="{box}" '
        f'role="img" aria-label="precision over recall">{grid}{dots}</svg>'
    )


def _document(title: str, gold: str, text: str, answer: str) -> str:
    rows = "".join(_rows(gold, text, answer))
    return f"<details><summary>{escape(title)}</summary>{rows}</details>"


def _rows(gold: str, text: str, answer: str) -> Iterator[str]:
    """Yield the lines of a text, marked by what they are and what became of them."""
    wanted = shingles(gold).keys()
    kept = {line.strip() for line in answer.split("\n")}
    for line in filter(None, map(str.strip, text.split("\n"))):
        found = shingles(line)
        good = found and sum(key in wanted for key in found) >= _HALF * len(found)
        if line in kept:
            name = "" if good or len(next(iter(found), ())) < 4 else "missed"
        else:
            name = "lost" if good else "gone"
        yield f'<p class="{name}">{escape(line)}</p>'
