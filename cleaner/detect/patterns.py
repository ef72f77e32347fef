"""The ``rules`` detector: hand-written patterns over a whole document at once.

An Aho-Corasick scan over the folded text finds every keyword of every rule (languages with a script
of their own have an automaton of their own, read where that script stands); a pattern is tried only
on the unit, line or sentence in which one of its keywords begins. Most hold no keyword at all and
cost nothing more.
"""

from __future__ import annotations

import sys
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate, chain, islice
from operator import itemgetter
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
# So short a text is tried in every way in less than the timeout, and watching the clock costs more
# than most patterns do.
_TIMELESS = 20
# So many openings of texts are remembered for each literal, by what they leave of its rules.
_MOST_OPENINGS = 256

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
    asked: list[tuple[str, list[int]]]
    """Each literal and the numbers of its rules."""
    wanted: list[tuple[bool, int, list[_Asking]] | None]
    """The same made ready where the literal was found once, as few ever are: if it must be a whole
    word, the longest Block that any of its rules could claim something of, and who asks for it.
    """

    def made_ready(self, literal: int, rules: tuple[Rule, ...]) -> tuple[bool, int, list[_Asking]]:
        """Return what a literal asks for that was not found before."""
        keyword, numbers = self.asked[literal]
        scopes: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        for number in numbers:
            scopes[rules[number].scope].append((number, rules[number].longest))
        asking = [_asking(scope, rows) for scope, rows in scopes.items()]
        # A part of a Block may match however long the Block is.
        longest = asking[0].longest[-1] if scopes.keys() == {"block"} else sys.maxsize
        ready = self.wanted[literal] = (_is_short(keyword), longest, asking)
        return ready


@dataclass(frozen=True, slots=True)
class _Asking:
    """The rules of one scope that ask for a literal, by the longest text that each can match."""

    scope: str
    numbers: tuple[int, ...]
    longest: tuple[int, ...]
    opened: dict[str, _Asking] = field(default_factory=dict)
    """Those of them that may match a text with a certain `opening`: most texts repeat few."""

    def of_size(self, size: int) -> tuple[int, ...]:
        """Return the rules that can match a text so long."""
        if not self.longest or size <= self.longest[0]:
            return self.numbers
        return self.numbers[bisect_left(self.longest, size) :]


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

    def opens(self, begin: str) -> bool:
        """Whether a text with such an `opening` may match."""
        return not self.reach or begin[: self.reach] in self.prefixes

    def lets(self, size: int, begin: str, flat: str) -> bool:
        """Whether a text is as long, begins and has the words as the pattern asks for.

        `begin` is its `opening`, `flat` the text in lower case and with single spaces.
        """
        return (
            self.shortest <= size <= self.longest and self.opens(begin) and holds(self.needs, flat)
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
            if not numbers:
                continue
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
            shortest, longest, reach, prefixes, needs = gate
            # As `_Gate.lets`, without its calls: most fail here.
            if not shortest <= size <= longest or (reach and begin[:reach] not in prefixes):
                continue
            rule = self.book.rules[number]
            if rule.id in slow or (needs and not holds(needs, flat)):
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
            first, last = block = places.at(0)
            begin = None
            for literal, start, end in index.automaton.find_matches_as_indexes(
                low, overlapping=True
            ):
                whole, longest, asking = wanted[literal] or index.made_ready(
                    literal, self.book.rules
                )
                if whole and (low[start - 1].isalpha() or low[end].isalpha()):
                    continue
                if last <= start:
                    first, last = block = places.at(start)
                    begin = None
                size = last - first
                if size > longest or end > last + 1 or start < first - 1:
                    continue
                for rules in asking:
                    if rules.scope != "block":
                        place = at[rules.scope](start)
                        if numbers := rules.of_size(place[1] - place[0]):
                            found[place].update(numbers)
                    elif size <= rules.longest[-1]:
                        begin = opening(low[first:last]) if begin is None else begin
                        opened = rules.opened.get(begin) or self._opened(rules, begin)
                        found[block].update(opened.of_size(size))
        return found

    def _opened(self, rules: _Asking, begin: str) -> _Asking:
        """Return those of some rules that may match a text with a certain `opening`."""
        if len(rules.opened) >= _MOST_OPENINGS:
            rules.opened.clear()
        left = [
            row
            for row in zip(rules.numbers, rules.longest, strict=True)
            if (self._gates.get(row[0]) or self._gate(row[0])).opens(begin)
        ]
        return rules.opened.setdefault(begin, _asking(rules.scope, left))

    def _indexed(self, language: str) -> _Index:
        """Index the rules of a language with a script of its own; ``""``: all the others."""
        asked: defaultdict[str, list[int]] = defaultdict(list)
        for number, rule in enumerate(self.book.rules):
            if language == (rule.language if rule.language in OWN_SCRIPT else ""):
                for keyword in rule.keywords:
                    asked[keyword].append(number)
        automaton = ahocorasick_rs.AhoCorasick(list(asked), store_patterns=False)
        index = _Index(automaton, list(asked.items()), [None] * len(asked))
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


def _asking(scope: str, rules: list[tuple[int, int]]) -> _Asking:
    rules = sorted(rules, key=itemgetter(1))
    return _Asking(scope, tuple(n for n, _ in rules), tuple(most for _, most in rules))


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
    if len(part) <= _TIMELESS:
        return pattern.search(part) is not None
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
