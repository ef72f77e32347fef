"""What can be told of a pattern without running it, or even compiling it.

Most candidates that a keyword brings up are no match, and nearly all of those show it at once:
the unit is too long for a button, does not begin as the pattern does, or lacks the words without
which it cannot match. All three are read off the parsed pattern when the rulebook is made, so a
pattern is compiled (some 10 ms each) and run only where it is likely to hit. The standard
library's parser reads it, because `regex` shows no tree; where it cannot, anything goes.

After the idea of FilteredRE2: a boolean formula of literals over each pattern.
"""

from __future__ import annotations

import re
import re._constants as names  # type: ignore[import-not-found]  # has no stubs
import re._parser as parser  # type: ignore[import-not-found]  # has no stubs
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from typing import Any

UNBOUNDED = 1 << 20
_LONGEST = 3
_MOST = 160

# The parser reads most of `regex`; what it does not know is put in its words first.
_FOR_PARSER = (
    (re.compile(r"\\[pP](?:\{[^}]*\}|\w)"), r"\\w"),
    (re.compile(r"\\[hR]"), r"\\s"),
)


Needs = tuple[tuple[tuple[str, ...], tuple["Needs", ...]], ...]
"""Every group must hold; it does where one of its literals stands or one of its Needs holds."""
_Groups = tuple[tuple["str | _Groups", ...], ...]
"""The same, as it is put together: literals and parts in one row."""


@dataclass(frozen=True, slots=True)
class Extent:
    """What every unit that a pattern matches has in common."""

    shortest: int
    longest: int
    """`UNBOUNDED` where the pattern is not anchored at both ends."""
    prefixes: tuple[str, ...]
    """One of these is its `opening`, cut to their length; empty for any beginning."""
    needs: Needs
    """The words without which it cannot match; see `holds`."""


def opening(unit: str) -> str:
    """Return how a unit in lower case begins: from its first letter or digit, digits as ``0``."""
    match = _WORD_SIGN.search(unit)
    if match is None:
        return ""
    begin = unit[match.start() : match.start() + _LONGEST]
    return begin if begin.isalpha() else _DIGIT.sub("0", begin)


_WORD_SIGN = re.compile(r"\w")
_DIGIT = re.compile(r"\d")
# Stands for any sign that is no letter or digit.
_MARK = "\0"
# Signs before the first letter that are followed through.
_ROOM = 3


def extent_of(pattern: str) -> Extent:
    """Return the Extent of a folded pattern (VERBOSE, IGNORECASE)."""
    for found, instead in _FOR_PARSER:
        pattern = found.sub(instead, pattern)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parsed = parser.parse(pattern, re.VERBOSE | re.IGNORECASE)
    except (re.error, OverflowError):
        return Extent(0, UNBOUNDED, (), ())
    shortest, longest = parsed.getwidth()
    both = _anchored(parsed, start=True) and _anchored(parsed, start=False)
    longest = min(longest, UNBOUNDED) if both else UNBOUNDED
    exact, needs = _literals(parsed)
    return Extent(shortest, longest, _prefixes(parsed), _sorted_out(_all_of(needs, exact)))


def holds(needs: Needs, unit: str) -> bool:
    """Whether a unit, in lower case and with single spaces, has the words that `needs` asks for."""
    for literals, parts in needs:
        for literal in literals:
            if literal in unit:
                break
        else:
            for part in parts:
                if holds(part, unit):
                    break
            else:
                return False
    return True


def _sorted_out(groups: _Groups) -> Needs:
    return tuple(
        (
            tuple(part for part in group if isinstance(part, str)),
            tuple(_sorted_out(part) for part in group if not isinstance(part, str)),
        )
        for group in groups
    )


def _anchored(items: Any, *, start: bool) -> bool:
    """Whether every way through a parsed pattern begins (or ends) at an end of the unit."""
    if not len(items):
        return False
    operation, argument = items[0 if start else -1]
    if operation is names.AT:
        here = (
            (names.AT_BEGINNING, names.AT_BEGINNING_STRING)
            if start
            else (names.AT_END, names.AT_END_STRING)
        )
        return argument in here
    if operation is names.BRANCH:
        return all(_anchored(branch, start=start) for branch in argument[1])
    return operation is names.SUBPATTERN and _anchored(argument[3], start=start)


def _prefixes(parsed: Any) -> tuple[str, ...]:
    if not _anchored(parsed, start=True):
        return ()
    for size in range(_LONGEST, 0, -1):
        ends, goes_on = _sequence(parsed, size)
        found = {_cut(text, size) for text in ends | goes_on}
        if found and "" not in found and len(found) <= _MOST:
            least = min(map(len, found))
            return tuple(sorted({text[:least] for text in found}))
    return ()


# How something can begin: texts that it may be as a whole, and texts behind which anything may
# follow. What is cut for its length is of the second kind.
_Begins = tuple[set[str], set[str]]
_ANYHOW: _Begins = (set(), {""})
_REPEATS = (names.MAX_REPEAT, names.MIN_REPEAT, names.POSSESSIVE_REPEAT)


def _sequence(items: Any, size: int) -> _Begins:
    """Return how a sequence can begin, signs before its first letter included."""
    ends: set[str] = {""}
    goes_on: set[str] = set()
    room = size + _ROOM
    for operation, argument in items:
        more_ends, more_goes_on = _one(operation, argument, size)
        if len(ends) * (len(more_ends) + len(more_goes_on)) > 4 * _MOST:
            return set(), goes_on | ends
        goes_on |= {(head + tail)[:room] for head, tail in product(ends, more_goes_on)}
        ends = {head + tail for head, tail in product(ends, more_ends)}
        goes_on |= {text[:room] for text in ends if len(text) >= room}
        ends = {text for text in ends if len(text) < room}
        if not ends:
            break
    return ends, goes_on


def _cut(text: str, size: int) -> str:
    """Return `text` from its first letter or digit on, up to `size` or an unknown sign."""
    match = _WORD_SIGN.search(text)
    return text[match.start() :].partition(_MARK)[0][:size] if match else ""


def _one(operation: Any, argument: Any, size: int) -> _Begins:
    if operation in (names.AT, names.ASSERT, names.ASSERT_NOT):
        return {""}, set()
    if operation is names.LITERAL:
        return _lower({chr(argument)})
    if operation is names.IN:
        return _class(argument)
    if operation is names.SUBPATTERN:
        return _sequence(argument[3], size)
    if operation is names.ATOMIC_GROUP:
        return _sequence(argument, size)
    if operation is names.BRANCH:
        found = [_sequence(branch, size) for branch in argument[1]]
        return set().union(*(ends for ends, _ in found)), set().union(*(on for _, on in found))
    if operation in _REPEATS:
        least, most, body = argument
        return _repeat(least, most, body, size)
    return _ANYHOW


def _repeat(least: int, most: int, body: Any, size: int) -> _Begins:
    ends, goes_on = _sequence(body, size)
    # Folded text has no two spaces in a row, so any number of them is one.
    if most > 1 and ends != {" "}:
        if _WORD_SIGN.search("".join(ends | goes_on)) or goes_on:
            ends, goes_on = set(), ends | goes_on
        else:
            ends = {_MARK}
    return (ends | {""} if least == 0 else ends), goes_on


_CATEGORIES = {
    names.CATEGORY_SPACE: " ", names.CATEGORY_DIGIT: "0", names.CATEGORY_NOT_WORD: _MARK,
}  # fmt: skip


def _class(members: Iterable[Any]) -> _Begins:
    members = list(members)
    if members[0][0] is names.NEGATE:
        wordless = (names.CATEGORY, names.CATEGORY_WORD) in members
        return ({_MARK}, set()) if wordless else _ANYHOW
    found: set[str] = set()
    for operation, argument in members:
        if operation is names.LITERAL:
            found.add(chr(argument))
        elif operation is names.RANGE and argument[1] - argument[0] < 64:
            found |= {chr(code) for code in range(argument[0], argument[1] + 1)}
        elif operation is names.CATEGORY and argument in _CATEGORIES:
            found.add(_CATEGORIES[argument])
        else:
            return _ANYHOW
    return _lower(found)


def _lower(signs: set[str]) -> _Begins:
    return {_DIGIT.sub("0", _low(sign)) for sign in signs}, set()


def _low(sign: str) -> str:
    """Return a sign as texts in lower case have it: `cleaner.detect.patterns.lower`."""
    low = sign.lower()
    return "σ" if low == "ς" else low if len(low) == 1 else sign


# The literals of a part: the texts that it can be (None if those are not few), and its groups.
_Literals = tuple["set[str] | None", _Groups]
_MOST_EXACT = 16
_NOTHING_KNOWN: _Literals = (None, ())


def _literals(items: Any) -> _Literals:
    """Return the literals of a sequence: runs of known text are joined, the rest only asked for."""
    run: set[str] = {""}
    needs: _Groups = ()
    whole = True
    for operation, argument in items:
        exact, asked = _literals_of(operation, argument)
        needs += asked
        if exact is not None and len(run) * len(exact) <= _MOST_EXACT:
            run = {head + tail for head, tail in product(run, exact)}
            continue
        needs = _all_of(needs, run)
        run = exact if exact is not None else {""}
        whole = False
    return (run, needs) if whole else (None, _all_of(needs, run))


def _literals_of(operation: Any, argument: Any) -> _Literals:
    if operation in (names.AT, names.ASSERT, names.ASSERT_NOT):
        return {""}, ()
    if operation is names.LITERAL:
        return {_low(chr(argument))}, ()
    if operation is names.IN:
        (ends, _), few = _class(argument), 12
        known = ends and len(ends) <= few and not ends & {_MARK, "0"}  # 0 may be any digit
        return (ends if known else None), ()
    if operation is names.SUBPATTERN or operation is names.ATOMIC_GROUP:
        return _literals(argument[3] if operation is names.SUBPATTERN else argument)
    if operation is names.BRANCH:
        return _any_of([_literals(branch) for branch in argument[1]])
    if operation in _REPEATS:
        least, most, body = argument
        exact, needs = _literals(body)
        if exact == {" "}:
            return ({" "} if least else {"", " "}), ()
        if most == 1 and exact is not None and len(exact) < _MOST_EXACT:
            return (exact if least else exact | {""}), ()
        return None, (_all_of(needs, exact) if least else ())
    return _NOTHING_KNOWN


def _any_of(branches: list[_Literals]) -> _Literals:
    exacts = [exact for exact, _ in branches]
    if all(exact is not None for exact in exacts):
        united: set[str] = set().union(*(exact for exact in exacts if exact is not None))
        if len(united) <= _MOST_EXACT:
            return united, ()
    asked = [_all_of(needs, exact) for exact, needs in branches]
    if not all(asked):
        return _NOTHING_KNOWN
    group: list[str | _Groups] = []
    for needs in asked:
        group += needs[0] if len(needs) == 1 else [needs]
    return None, (tuple(group),)


def _all_of(needs: _Groups, exact: set[str] | None) -> _Groups:
    """Return `needs` and one of `exact`, which says nothing where it may be too short."""
    if not exact or min(map(len, exact)) < 2:
        return needs
    # A text that contains another one of the group adds nothing.
    least = sorted(exact, key=lambda text: (len(text), text))
    group = tuple(t for n, t in enumerate(least) if not any(s in t for s in least[:n]))
    return (*needs, group)
