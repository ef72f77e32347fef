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

from cleaner.detect.rulebook import TIMEOUT_SECONDS, Rule, Rulebook

_SENTENCE_END = regex.compile(
    r"(?:[.!?։؟।]+[\"')\]»]*|[。！？]+[」』”）]*)(?:(?<=[。！？」』”）])|\s+)"
)


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
    def _index(self) -> tuple[ahocorasick_rs.AhoCorasick, list[tuple[int, ...]]]:
        """The automaton, and for each of its literals the rules that want it."""
        wanted: dict[str, list[int]] = {}
        for number, rule in enumerate(self.book.rules):
            for keyword in rule.keywords:
                wanted.setdefault(keyword, []).append(number)
        automaton = ahocorasick_rs.AhoCorasick(list(wanted))
        return automaton, [tuple(numbers) for numbers in wanted.values()]

    def scan(
        self, text: str, units: list[tuple[int, int]], lines: list[tuple[int, int]]
    ) -> tuple[list[Match], list[str]]:
        """Return all matches and the ids of rules that ran into their timeout.

        `text` is the folded text; `units` are the Blocks in it and `lines` its lines, ascending
        and without overlap.
        """
        matches: list[Match] = []
        slow: list[str] = []
        rules = self.book.rules
        for number, start, end in sorted(self._candidates(text, units, lines)):
            rule = rules[number]
            try:
                matches += _apply(rule, text, start, end)
            except TimeoutError:
                slow.append(rule.id)
        return matches, slow

    def _candidates(
        self, text: str, units: list[tuple[int, int]], lines: list[tuple[int, int]]
    ) -> set[tuple[int, int, int]]:
        automaton, wanted = self._index
        rules = self.book.rules
        found: set[tuple[int, int, int]] = set()
        unit = line = 0
        # Lower case may not change lengths here: fold() has already replaced what would.
        haystack = lower(text)
        for literal, start, _ in automaton.find_matches_as_indexes(haystack, overlapping=True):
            while units[unit][1] <= start and unit + 1 < len(units):
                unit += 1
            while lines[line][1] <= start and line + 1 < len(lines):
                line += 1
            for number in wanted[literal]:
                rule = rules[number]
                first, last = lines[line] if rule.scope == "line" else units[unit]
                if rule.scope == "sentence" or last - first <= rule.max_chars:
                    found.add((number, first, last))
        return found


def lower(text: str) -> str:
    """Return `text` in lower case and on one line, code point by code point."""
    lowered = text.lower()
    if len(lowered) != len(text):
        lowered = "".join(low if len(low := sign.lower()) == 1 else sign for sign in text)
    return lowered.replace("\n", " ")


def _apply(rule: Rule, text: str, start: int, end: int) -> list[Match]:
    pattern = rule.compiled()
    unit = text[start:end].replace("\n", " ")
    if rule.scope != "sentence":
        return [Match(rule, start, end)] if _search(pattern, unit) else []
    return [
        Match(rule, start + first, start + last)
        for first, last in sentences(unit)
        if last - first <= rule.max_chars and _search(pattern, unit[first:last])
    ]


def _search(pattern: regex.Pattern[str], unit: str) -> bool:
    return pattern.search(unit, timeout=TIMEOUT_SECONDS) is not None


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
