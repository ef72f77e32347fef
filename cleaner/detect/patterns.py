"""The ``rules`` detector: hand-written patterns over a whole document at once.

One Aho-Corasick scan over the folded text finds every keyword of every rule; a pattern is tried
only on the units in which one of its keywords stands. Most units of most documents hold no
keyword at all and cost nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import ahocorasick_rs
import regex

from cleaner.detect.gate import Extent, holds, opening
from cleaner.detect.rulebook import TIMEOUT_SECONDS, Rule, Rulebook

_SENTENCE_END = regex.compile(
    r"(?:[.!?։؟।]+[\"')\]»]*|[。！？]+[」』”）]*)(?:(?<=[。！？」』”）])|\s+)"
)


# No paragraph of that many code points is chrome, nor is any sentence of it looked at.
_LONGEST_UNIT = 50_000

Known = dict[tuple[int, str], list[tuple[int, int]]]
"""Ranges that a rule (by number) claims in a unit (by its text)."""


@dataclass(frozen=True, slots=True)
class Match:
    """One rule that matched one unit, in offsets of the folded text."""

    rule: Rule
    start: int
    end: int


@dataclass(frozen=True)
class Matcher:
    """A rulebook made ready to scan."""

    book: Rulebook

    @cached_property
    def _index(self) -> tuple[ahocorasick_rs.AhoCorasick, list[tuple[bool, list[int]]]]:
        """The automaton; for each literal, if it must be a whole word, and the rules' numbers."""
        wanted: dict[str, list[int]] = {}
        for number, rule in enumerate(self.book.rules):
            for keyword in rule.keywords:
                wanted.setdefault(keyword, []).append(number)
        keywords = [(_is_short(keyword), numbers) for keyword, numbers in wanted.items()]
        return ahocorasick_rs.AhoCorasick(list(wanted)), keywords

    def scan(
        self,
        text: str,
        units: list[tuple[int, int]],
        lines: list[tuple[int, int]],
        known: Known | None = None,
        silent: frozenset[str] = frozenset(),
    ) -> tuple[list[Match], list[str]]:
        """Return all matches and the ids of rules that ran into their timeout.

        `text` is the folded text; `units` are the Blocks in it and `lines` its lines, ascending
        and without overlap. `known` remembers answers between scans of one document's passes.
        Rules of the languages in `silent` are not tried.
        """
        known = {} if known is None else known
        matches: list[Match] = []
        slow: list[str] = []
        for number, start, end in sorted(self._candidates(text, units, lines, silent)):
            rule = self.book.rules[number]
            unit = text[start:end].replace("\n", " ")
            ranges = known.get((number, unit))
            if ranges is None:
                try:
                    ranges = _ranges(rule, unit)
                except TimeoutError:
                    slow.append(rule.id)
                    ranges = []
                known[number, unit] = ranges
            matches += [Match(rule, start + first, start + last) for first, last in ranges]
        return matches, slow

    def _candidates(
        self,
        text: str,
        units: list[tuple[int, int]],
        lines: list[tuple[int, int]],
        silent: frozenset[str],
    ) -> set[tuple[int, int, int]]:
        """Return which rules to try where: number of the rule, range of the unit."""
        automaton, wanted = self._index
        rules = self.book.rules
        found: set[tuple[int, int, int]] = set()
        unit = line = 0
        first, last = units[0] if units else (0, 0)
        low = _without_giants(lower(text), units)
        for literal, start, end in automaton.find_matches_as_indexes(low, overlapping=True):
            whole, numbers = wanted[literal]
            if whole and (low[start - 1 : start].isalpha() or low[end : end + 1].isalpha()):
                continue
            while last <= start and unit + 1 < len(units):
                unit += 1
                first, last = units[unit]
            for number in numbers:
                rule = rules[number]
                if rule.language in silent:
                    continue
                if rule.scope != "line":
                    if rule.scope == "sentence" or last - first <= rule.max_chars:
                        found.add((number, first, last))
                    continue
                while lines[line][1] <= start and line + 1 < len(lines):
                    line += 1
                found.add((number, *lines[line]))
        return found


def _without_giants(low: str, units: list[tuple[int, int]]) -> str:
    """Return `low` with units that no rule judges blanked out: a keyword may fill megabytes."""
    for first, last in units:
        if last - first > _LONGEST_UNIT:
            low = f"{low[:first]}{' ' * (last - first)}{low[last:]}"
    return low


def _is_short(keyword: str) -> bool:
    """Whether a keyword counts only as a whole word: "ap" in "map" is no news agency."""
    return len(keyword) <= 3 and keyword.isalpha() and keyword.upper() != keyword


def lower(text: str) -> str:
    """Return `text` in lower case and on one line, code point by code point."""
    lowered = text.lower()
    if len(lowered) != len(text):
        lowered = "".join(low if len(low := sign.lower()) == 1 else sign for sign in text)
    return lowered.replace("\n", " ").replace("ς", "σ")


def _ranges(rule: Rule, unit: str) -> list[tuple[int, int]]:
    """Return the ranges of a unit that a rule claims: all of it, or some of its sentences."""
    parts = sentences(unit) if rule.scope == "sentence" else [(0, len(unit))]
    return [
        (first, last)
        for first, last in parts
        if last - first <= rule.max_chars
        and _may_match(rule.extent, unit[first:last])
        and rule.compiled().search(unit[first:last], timeout=TIMEOUT_SECONDS) is not None
    ]


def _may_match(extent: Extent, unit: str) -> bool:
    """Whether a unit is as long, begins and has the words as a pattern asks for."""
    if not extent.shortest <= len(unit) <= extent.longest:
        return False
    low = lower(unit)
    if extent.prefixes and opening(low)[: len(extent.prefixes[0])] not in extent.prefixes:
        return False
    return holds(extent.needs, " ".join(low.split()) if "  " in low else low)


def sentences(unit: str) -> list[tuple[int, int]]:
    """Return the ranges of the sentences of a unit, blank space between them left out.

    A full stop that ends an abbreviation splits too: a rule of scope ``sentence`` must know its
    whole sentence, so a stray cut makes it miss and never makes it take more.
    """
    ranges = []
    start = 0
    for match in _SENTENCE_END.finditer(unit):
        end = match.end() - len(match.group()) + len(match.group().rstrip())
        ranges.append((start, end))
        start = match.end()
    if start < len(unit):
        ranges.append((start, len(unit)))
    return ranges
