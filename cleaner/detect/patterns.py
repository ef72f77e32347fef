"""The ``rules`` detector: hand-written patterns over a whole document at once.

An Aho-Corasick scan over the folded text finds every keyword of every rule (languages with a script
of their own have an automaton of their own, read where that script stands); a pattern is tried only
on the unit, line or sentence in which one of its keywords begins. Most hold no keyword at all and
cost nothing more.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate, chain, islice
from typing import NamedTuple

import ahocorasick_rs
import regex

from cleaner.detect.gate import Extent, Needs, holds, opening
from cleaner.detect.rulebook import TIMEOUT_SECONDS, Rule, Rulebook
from cleaner.detect.scripts import OWN_SCRIPT, heard_languages

_SENTENCE_END = regex.compile(
    r"(?:[.!?։؟।]+[\"')\]»]*|[。！？]+[」』”）]*)(?:(?<=[。！？」』”）])|\s+)"
)


# No paragraph of that many code points is chrome, nor is any sentence of it looked at.
_LONGEST_UNIT = 50_000
# Longer Blocks seldom recur. So many short ones are remembered, twice as many at times.
_SHORT_BLOCK, _REMEMBERED = 80, 16384
# Where a pattern asks for one of so many words, running it costs less than looking for them.
_MANY_WORDS = 50

Matches = dict[str, tuple["Match", ...]]
"""The matches in Blocks, by their text."""
Known = dict[tuple[str, ...], Matches]
"""The same for each choice of languages with their own script."""


@dataclass(frozen=True, slots=True)
class Match:
    """One rule that matched a Block, one of its lines or sentences, in offsets of that Block."""

    rule: Rule
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Index:
    """One automaton and what its literals ask for."""

    automaton: ahocorasick_rs.AhoCorasick
    wanted: list[tuple[bool, int, list[_Asking]]]
    """For each literal: if it must be a whole word, the longest Block that any of its rules could
    claim something of, and who asks for it.
    """


class _Asking(NamedTuple):
    """The rules of one scope that ask for a literal."""

    scope: str
    least: int
    """Whatever is no longer, any of them can match."""
    numbers: tuple[int, ...]
    longest: tuple[int, ...]
    """The longest text that each can match."""


class _Gate(NamedTuple):
    """What a text must be like for a pattern to be tried: its `Extent`, quick to ask."""

    shortest: int
    longest: int
    reach: int
    """How much of its `opening` counts; 0 for any beginning."""
    prefixes: frozenset[str]
    needs: Needs

    @classmethod
    def of(cls, extent: Extent) -> _Gate:
        """Return the gate of an Extent; of many words it does not ask for one."""
        reach = len(extent.prefixes[0]) if extent.prefixes else 0
        needs = extent.needs if sum(map(len, chain(*extent.needs))) < _MANY_WORDS else ()
        return cls(extent.shortest, extent.longest, reach, frozenset(extent.prefixes), needs)

    def lets(self, size: int, begin: str, flat: str) -> bool:
        """Whether a text is as long, begins and has the words as the pattern asks for.

        `begin` is its `opening`, `flat` the text in lower case and with single spaces.
        """
        return (
            self.shortest <= size <= self.longest
            and (not self.reach or begin[: self.reach] in self.prefixes)
            and holds(self.needs, flat)
        )


class Recent:
    """The matches in short Blocks of earlier documents: menus and buttons recur on every page.

    What the rules say of a Block depends on its text and the languages that are heard, on nothing
    else, so remembering it changes no answer. Bounded: when the young half is full, the old half
    goes. Threads may share it: what one of them loses is found anew.
    """

    def __init__(self) -> None:
        self._young: dict[tuple[tuple[str, ...], str], tuple[Match, ...]] = {}
        self._old = self._young

    def get(self, heard: tuple[str, ...], block: str) -> tuple[Match, ...] | None:
        """Return what was remembered of a Block."""
        if len(block) > _SHORT_BLOCK:
            return None
        key = (heard, block)
        found = self._young.get(key)
        if found is None and (found := self._old.get(key)) is not None:
            self._young[key] = found
        return found

    def remember(self, heard: tuple[str, ...], matches: Matches) -> None:
        """Keep the matches in those Blocks that are short."""
        if len(self._young) > _REMEMBERED:
            self._young, self._old = {}, self._young
        for block, found in islice(matches.items(), _REMEMBERED):
            if len(block) <= _SHORT_BLOCK:
                self._young[heard, block] = found


@dataclass(frozen=True)
class Matcher:
    """A rulebook made ready to scan."""

    book: Rulebook
    _indexes: dict[str, _Index] = field(default_factory=dict)
    _gates: dict[int, _Gate] = field(default_factory=dict)
    _recent: Recent = field(default_factory=Recent)

    def scan(
        self,
        blocks: list[str],
        known: Known | None = None,
        heard: tuple[str, ...] | None = None,
    ) -> tuple[list[tuple[Match, ...]], list[str]]:
        """Return the matches in each Block, and the ids of rules that ran into their timeout.

        `blocks` are their folded texts, line ends included. `known` remembers answers between the
        passes over one document. `heard` are the languages with a script of their own whose rules
        are tried: where it is None, those of which a letter stands.
        """
        heard = heard_languages("".join(blocks)) if heard is None else heard
        matches = ({} if known is None else known).setdefault(heard, {})
        fresh: list[str] = []
        for block in dict.fromkeys(blocks):
            if block not in matches:
                found = self._recent.get(heard, block)
                if found is None:
                    fresh.append(block)
                else:
                    matches[block] = found
        slow: set[str] = set()
        if fresh:
            read = self._read(fresh, heard, slow)
            matches.update(read)
            if not slow:
                self._recent.remember(heard, read)
        return [matches[block] for block in blocks], sorted(slow)

    def _read(self, blocks: list[str], heard: tuple[str, ...], slow: set[str]) -> Matches:
        """Return the matches in Blocks that were not seen before; add the ids of slow rules.

        Each Block stands between line ends, whatever its neighbours: they must not matter.
        """
        text = "\n".join(["", *blocks, ""])
        low = lower(text)
        ranges = _ranges(blocks, 1)
        starts = [start for start, _ in ranges]
        matches: Matches = dict.fromkeys(blocks, ())
        for (start, end), numbers in self._candidates(text, low, ranges, heard).items():
            part = text[start:end].replace("\n", " ")
            index = bisect_right(starts, start) - 1
            begin = starts[index]
            matches[blocks[index]] += tuple(
                Match(self.book.rules[number], start - begin, end - begin)
                for number in self._matching(numbers, part, low[start:end], slow)
            )
        return matches

    def _matching(self, numbers: set[int], part: str, low: str, slow: set[str]) -> Iterator[int]:
        """Yield those of some rules that match a Block, a line or a sentence."""
        flat = " ".join(low.split()) if "  " in low else low
        begin, size = opening(low), len(part)
        for number in sorted(numbers):
            gate = self._gates.get(number) or self._gate(number)
            if gate.reach and begin[: gate.reach] not in gate.prefixes:  # most fail here: no call
                continue
            rule = self.book.rules[number]
            if rule.id in slow or not gate.lets(size, begin, flat):
                continue
            try:
                if _matches(rule, part):
                    yield number
            except TimeoutError:
                slow.add(rule.id)

    def _gate(self, number: int) -> _Gate:
        return self._gates.setdefault(number, _Gate.of(self.book.rules[number].extent))

    def _candidates(
        self, text: str, low: str, blocks: list[tuple[int, int]], heard: tuple[str, ...]
    ) -> dict[tuple[int, int], set[int]]:
        """Return which rules to try where: numbers of rules by the range of a part."""
        found: defaultdict[tuple[int, int], set[int]] = defaultdict(set)
        low = _without_giants(low, blocks)
        lines = _ranges(text.split("\n"))
        for language in ("", *heard):
            index = self._indexes.get(language) or self._indexed(language)
            at = {"line": _Places(lines).at, "sentence": _Sentences(blocks, text).at}
            wanted, places = index.wanted, _Places(blocks)
            block = places.at(0)
            for literal, start, end in index.automaton.find_matches_as_indexes(
                low, overlapping=True
            ):
                whole, longest, asking = wanted[literal]
                if whole and (low[start - 1].isalpha() or low[end].isalpha()):
                    continue
                if block[1] <= start:
                    block = places.at(start)
                first, last = block
                if last - first > longest or end > last + 1 or start < first - 1:
                    continue
                for scope, least, numbers, most in asking:
                    place = block if scope == "block" else at[scope](start)
                    size = place[1] - place[0]
                    if size > least:
                        numbers = tuple(n for n, m in zip(numbers, most, strict=True) if size <= m)
                    if numbers:
                        found[place].update(numbers)
        return found

    def _indexed(self, language: str) -> _Index:
        """Index the rules of a language with a script of its own; ``""``: all the others."""
        wanted: dict[str, dict[str, list[tuple[int, int]]]] = {}
        for number, rule in enumerate(self.book.rules):
            if language == (rule.language if rule.language in OWN_SCRIPT else ""):
                for keyword in rule.keywords:
                    scopes = wanted.setdefault(keyword, {})
                    scopes.setdefault(rule.scope, []).append((number, rule.longest))
        asked = [
            (_is_short(keyword), _longest(scopes), [_asking(*row) for row in scopes.items()])
            for keyword, scopes in wanted.items()
        ]
        index = _Index(ahocorasick_rs.AhoCorasick(list(wanted), store_patterns=False), asked)
        return self._indexes.setdefault(language, index)


class _Places:
    """Tells in which of some ascending ranges an ascending offset lies."""

    def __init__(self, ranges: list[tuple[int, int]]) -> None:
        self._ranges = iter(ranges)
        self._now = (0, 0)

    def at(self, offset: int) -> tuple[int, int]:
        """Return the first range that ends behind `offset`, which never goes back."""
        while self._now[1] <= offset:
            self._now = next(self._ranges, (offset, offset + 1))
        return self._now


class _Sentences:
    """The same for the sentences of Blocks, which are only cut where one is asked for."""

    def __init__(self, blocks: list[tuple[int, int]], text: str) -> None:
        self._blocks = _Places(blocks)
        self._text = text
        self._block = (0, 0)
        self._cuts = _Places([])

    def at(self, offset: int) -> tuple[int, int]:
        """Return the sentence in which `offset` lies, or before which it does."""
        block = self._blocks.at(offset)
        if block != self._block:
            first, last = self._block = block
            cuts = sentences(self._text[first:last].replace("\n", " "))
            self._cuts = _Places([(first + start, first + end) for start, end in cuts])
        return self._cuts.at(offset)


def _ranges(parts: list[str], first: int = 0) -> list[tuple[int, int]]:
    """Return where parts stand that are joined by one sign each, from `first` on."""
    starts = accumulate((len(part) + 1 for part in parts), initial=first)
    return [(start, start + len(part)) for start, part in zip(starts, parts, strict=False)]


def _without_giants(low: str, units: list[tuple[int, int]]) -> str:
    """Return `low` with units that no rule judges blanked out: a keyword may fill megabytes."""
    for first, last in units:
        if last - first > _LONGEST_UNIT:
            low = f"{low[:first]}{' ' * (last - first)}{low[last:]}"
    return low


def _longest(scopes: dict[str, list[tuple[int, int]]]) -> int:
    """Return how long a Block may be for rules by scope: any length where a part is enough."""
    if scopes.keys() != {"block"}:
        return sys.maxsize
    return max(most for _, most in scopes["block"])


def _asking(scope: str, rules: list[tuple[int, int]]) -> _Asking:
    numbers, longest = zip(*rules, strict=True)
    return _Asking(scope, min(longest), numbers, longest)


def _is_short(keyword: str) -> bool:
    """Whether a keyword counts only as a whole word: "ap" in "map" is no news agency."""
    return len(keyword) <= 3 and keyword.isalpha() and keyword.upper() != keyword


def lower(text: str) -> str:
    """Return `text` in lower case and on one line, code point by code point."""
    lowered = text.lower()
    if len(lowered) != len(text):
        lowered = "".join(low if len(low := sign.lower()) == 1 else sign for sign in text)
    return lowered.replace("\n", " ").replace("ς", "σ")


def _matches(rule: Rule, part: str) -> bool:
    """Whether a pattern matches. Raises TimeoutError."""
    pattern = rule.compiled()
    try:
        return pattern.search(part, timeout=TIMEOUT_SECONDS) is not None
    except TimeoutError:
        # A machine that stalls looks like a pattern that backtracks, but not twice.
        return pattern.search(part, timeout=TIMEOUT_SECONDS) is not None


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
