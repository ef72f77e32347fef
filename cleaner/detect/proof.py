"""``cleaner rules check``: every rule proves itself.

Schema, unique ids and known categories are proved by loading. Here: each pattern compiles, each
``hit`` hits and each ``miss`` misses, no sentence of the keep packs is matched by any rule in the
book, and no pattern is slow on text made to slow it down.
"""

from __future__ import annotations

import os
import time
import tomllib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from cleaner.detect.patterns import Match, Matcher
from cleaner.detect.rulebook import (
    PROTECT,
    RULES,
    Rule,
    Rulebook,
    load_rulebook,
    pack_files,
)
from cleaner.detect.scripts import OWN_SCRIPT
from cleaner.errors import RuleError
from cleaner.ingest.fold import fold, fold_pattern

_PROCESSES = os.cpu_count() or 1
# Starting processes takes longer than proving fewer rules.
_MANY = 200
SLOWEST_SECONDS = 0.02
"""What one pattern may take on one adversarial unit of its own `max_chars`."""


def check(folder: Path = RULES, only: str = "") -> list[str]:
    """Return what is wrong with the packs of `folder`, one line each; empty when all is proved.

    `only` limits the check to rules whose id starts with it.
    """
    try:
        book = load_rulebook(folder)
    except RuleError as error:
        return [str(error)]
    files = pack_files(folder)
    if sum(rule.id.startswith(only) for rule in book.rules) < _MANY:
        return _check_packs(folder, files, only)
    parts = [files[part::_PROCESSES] for part in range(_PROCESSES)]
    with ProcessPoolExecutor(_PROCESSES, get_context("spawn")) as pool:
        found = pool.map(_check_packs, repeat(folder), parts, repeat(only))
        return [fault for faults in found for fault in faults]


def _check_packs(folder: Path, files: list[Path], only: str) -> list[str]:
    book = load_rulebook(folder)
    matcher = Matcher(book)
    faults: list[str] = []
    for file in files:
        pack = tomllib.loads(file.read_text(encoding="utf-8"))
        for row in pack.get("rule", ()):
            if row["id"].startswith(only):
                faults += _prove(book.by_id[row["id"]], row, matcher)
        for sentence in pack.get("sentences", ()):
            faults += _prove_kept(sentence, file.name, matcher, only)
    return faults


def warm(folder: Path = RULES) -> None:
    """Compile every pattern of a folder, so that no process has to wait for one later."""
    with ProcessPoolExecutor(_PROCESSES, get_context("spawn")) as pool:
        list(pool.map(_compile_part, repeat(folder), range(_PROCESSES)))


def _compile_part(folder: Path, part: int) -> None:
    for rule in load_rulebook(folder).rules[part::_PROCESSES]:
        rule.compiled()


def matches_of(text: str, matcher: Matcher, heard: tuple[str, ...] | None = None) -> list[Match]:
    """Return all matches in `text`, taken as one Block; `heard` is `Matcher.scan`'s."""
    folded = fold(text.strip()).text
    return [*matcher.scan([folded], heard=heard)[0][0]] if folded else []


def _prove(rule: Rule, row: dict[str, Any], matcher: Matcher) -> Iterator[str]:
    try:
        rule.compiled()
    except RuleError as error:
        yield str(error)
        return
    if len(row["miss"]) < 2:
        yield f"{rule.id}: needs at least two 'miss' texts, one of them real prose"
    alone = Matcher(Rulebook((rule,), matcher.book.categories, ""))
    # In a text of its language a rule also meets lines that are wholly in Latin letters.
    heard = (rule.language,) if rule.language in OWN_SCRIPT else ()
    for text in row["hit"]:
        if not matches_of(text, alone, heard):
            yield f"{rule.id}: does not hit {text!r}{_hint(rule, text)}"
    for text in row["miss"]:
        if matches_of(text, alone, heard):
            yield f"{rule.id}: must miss {text!r}"
    if (seconds := _slowest(rule, row["hit"])) > SLOWEST_SECONDS:
        yield f"{rule.id}: takes {seconds * 1000:.0f} ms on an adversarial unit"


def _hint(rule: Rule, text: str) -> str:
    folded = fold(text).text
    if not any(word in folded.lower() for word in rule.keywords):
        return " (none of its keywords stands there)"
    if len(folded) > rule.max_chars:
        return f" ({len(folded)} code points, max_chars is {rule.max_chars})"
    return ""


def _prove_kept(sentence: str, name: str, matcher: Matcher, only: str) -> Iterator[str]:
    try:
        matches = matches_of(sentence, matcher)
    except RuleError:  # told where the rule itself is proved
        return
    for match in matches:
        if match.rule.category != PROTECT and match.rule.id.startswith(only):
            yield f"{match.rule.id}: matches a sentence to be kept ({name}): {sentence!r}"


def _slowest(rule: Rule, hits: list[str]) -> float:
    """Return the longest time that the pattern takes on texts made to make it backtrack."""
    pattern = rule.compiled()
    size = min(rule.max_chars, 2000)
    seeds = [fold_pattern(hit) for hit in hits[:2]]
    seeds += [seed[: len(seed) // 2] for seed in seeds] + [rule.keywords[0] + " ", "a", " ", "A. "]
    slowest = 0.0
    for seed in seeds:
        text = (seed * (size // len(seed) + 1))[: size - 1] + "\x02" if seed else ""
        fastest = min(_timed(pattern, text) for _ in range(2))
        slowest = max(slowest, fastest)
    return slowest


def _timed(pattern: Any, text: str) -> float:
    start = time.process_time()
    try:
        pattern.search(text, timeout=1)
    except TimeoutError:
        return 1.0
    return time.process_time() - start
