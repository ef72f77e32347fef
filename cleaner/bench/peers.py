"""Peers: what else people clean text with, each given the same text line by line.

Every peer takes a text and returns the lines it keeps. Rules that throw whole documents away are
left out: every document here has an article.
"""

from __future__ import annotations

import html
import re
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

Peer = Callable[[str, str], str]
"""A text and its language to the text that is kept."""

_STRETCH = 10
_SHORT_LINE = 10
_C4_WORDS, _C4_WORD = 3, 1000
_MOSTLY = 0.6
_STOPLISTS = {"de": "German", "fr": "French", "es": "Spanish", "it": "Italian", "nl": "Dutch",
              "pl": "Polish", "pt": "Portuguese", "ru": "Russian"}  # fmt: skip
_NEMO = {
    "length_low": 70, "length_high": 200, "stopwords_low": 0.30, "stopwords_high": 0.32,
    "max_link_density": 0.2, "max_heading_distance": 200, "no_headings": False,
}  # fmt: skip


@cache
def _lists() -> dict[str, dict[str, Any]]:
    return tomllib.loads((Path(__file__).parent / "peers.toml").read_text(encoding="utf-8"))


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


def _no_cleaning(text: str, language: str) -> str:
    return text


def _c4(text: str, language: str) -> str:
    """Keep lines that end as sentences do, of three words or more, without certain phrases."""
    rules = _lists()["c4"]

    def good(line: str) -> bool:
        low = line.lower()
        return (
            line.endswith(tuple(rules["terminal"]))
            and not line.endswith("...")
            and len(words := line.split()) >= _C4_WORDS
            and max(map(len, words)) <= _C4_WORD
            and rules["script"] not in low
            and not any(phrase in low for phrase in rules["policy"])
        )

    return "\n".join(line for line in _lines(text) if good(line))


def _refinedweb(text: str, language: str) -> str:
    """Leave out lines mainly of capitals, of numbers, counters, single words and a few phrases."""
    rules = _lists()["refinedweb"]
    counter = re.compile(rules["counter"], re.I)

    def good(line: str) -> bool:
        letters = [char for char in line if char.isalpha()]
        low = line.lower()
        short = len(line.split()) <= _SHORT_LINE
        return not (
            not letters
            or sum(map(str.isupper, letters)) > _MOSTLY * len(letters)
            or counter.match(line)
            or len(line.split()) < 2
            or (short and low.startswith(tuple(rules["starts"])))
            or (short and low.endswith(tuple(rules["ends"])))
            or (short and any(phrase in low for phrase in rules["holds"]))
        )

    return "\n".join(line for line in _lines(text) if good(line))


def _gopher(text: str, language: str) -> str:
    """Leave out what Gopher counts against a document: bullets, ellipses, repeated lines."""
    rules = _lists()["gopher"]
    seen: set[str] = set()
    kept = []
    for line in _lines(text):
        if line in seen or line.startswith(tuple(rules["bullets"])):
            continue
        seen.add(line)
        if not line.endswith(tuple(rules["ellipses"])):
            kept.append(line)
    return "\n".join(kept)


def _justext(text: str, language: str, **settings: float) -> str:
    import justext

    words = justext.get_stoplist(_STOPLISTS.get(language[:2], "English"))
    found = justext.justext(as_page(text), words, **settings)
    return "\n".join(part.text for part in found if not part.is_boilerplate)


def _nemo(text: str, language: str) -> str:
    return _justext(text, language, **_NEMO)


def _boilerpy3(text: str, language: str) -> str:
    from boilerpy3.extractors import ArticleExtractor

    return ArticleExtractor(raise_on_failure=False).get_content(as_page(text)) or ""


def as_page(text: str) -> str:
    """Return a page with each line of `text` as a paragraph: what judges of markup are given."""
    lines = "\n".join(f"<p>{html.escape(line)}</p>" for line in _lines(text))
    return f"<html><body>\n{lines}\n</body></html>"


def _stretch(text: str, language: str) -> str:
    """Keep the contiguous lines with the most words, each line counting ten against them."""
    lines = _lines(text)
    best = (0.0, 0, 0)
    total, first = 0.0, 0
    for index, line in enumerate(lines):
        total += len(line.split()) - _STRETCH
        if total <= 0:
            total, first = 0.0, index + 1
        best = max(best, (total, first, index + 1))
    return "\n".join(lines[best[1] : best[2]])


PEERS: dict[str, Peer] = {
    "no cleaning": _no_cleaning,
    "C4 line rules": _c4,
    "Gopher line rules": _gopher,
    "RefinedWeb line rules": _refinedweb,
    "jusText": _justext,
    "jusText (NeMo Curator)": _nemo,
    "boilerpy3": _boilerpy3,
    "best stretch": _stretch,
}
