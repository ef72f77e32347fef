"""Hand-written rules: TOML packs in, one immutable `Rulebook` out.

How to write a rule is told in ``cleaner/rules/README.md``. A pack is data; this module reads it
and says what is wrong with it, `cleaner.detect.patterns` applies it, `cleaner.detect.proof`
proves it.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import regex

from cleaner.detect import gate
from cleaner.detect.compiled import compile_pattern
from cleaner.detect.gate import Extent, extent_of
from cleaner.errors import RuleError
from cleaner.ingest.fold import fold_pattern

RULES = Path(__file__).parent.parent / "rules"
COMPILED = RULES / "rulebook.json"
SCOPES = ("block", "line", "sentence")
LEADS = ("", "list", "rest")
PROTECT = "keep"
MAX_CHARS = 400
TIMEOUT_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Rule:
    """One pattern; its proof stays in the pack."""

    id: str
    """``language.category.what``; never reused for something else."""
    category: str
    """What it finds; `PROTECT` for a keep rule."""
    language: str
    """BCP 47 tag of its phrases; ``mul`` for any. Rules of all languages read every document."""
    scope: str
    """The unit that the pattern is matched against and that goes: one of `SCOPES`."""
    keywords: tuple[str, ...]
    """Literals in lower case; the pattern is only tried where one of them stands."""
    pattern: str
    """`regex` syntax, VERBOSE and IGNORECASE, against the folded unit."""
    why: str
    """One line for the reader of an explanation."""
    confidence: float
    """0.95 for what is chrome wherever it stands; under 0.5 for what is chrome in company only."""
    leads: str
    """One of `LEADS`: see `cleaner.model.Finding.leads`."""
    max_chars: int
    """A longer unit is not judged by this rule: as the pack says, or what the pattern can span."""

    @property
    def longest(self) -> int:
        """No longer text can match, as far as that is known without reading the pattern."""
        return min(self.max_chars, _longest.get(self.pattern, self.max_chars))

    @property
    def extent(self) -> Extent:
        """What can be told of the pattern without compiling it."""
        return _extent(self.pattern)

    def compiled(self) -> regex.Pattern[str]:
        """Return the compiled pattern.

        Raises:
            RuleError: it does not compile.
        """
        try:
            return _compiled(self.pattern)
        except regex.error as error:
            raise RuleError(f"{self.id}: pattern does not compile: {error}") from None


_FIELDS = tuple(Rule.__slots__)
_KEYWORDS, _PATTERN = _FIELDS.index("keywords"), _FIELDS.index("pattern")


@cache
def _compiled(pattern: str) -> regex.Pattern[str]:
    return compile_pattern(fold_pattern(pattern))


_longest: dict[str, int] = {}
_extents: dict[str, Extent | str] = {}
"""Of each pattern, as `Extent` or as it is stored."""


def _extent(pattern: str) -> Extent:
    extent = _extents.get(pattern)
    if not isinstance(extent, Extent):
        known = None if extent is None else Extent(*json.loads(extent))
        extent = _extents[pattern] = known or extent_of(fold_pattern(pattern))
    return extent


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of chrome, from ``categories.toml``."""

    id: str
    title: str
    profiles: tuple[str, ...]
    """Profiles that take it out."""
    colour: str
    """Terminal colour name."""


@dataclass(frozen=True)
class Rulebook:
    """All rules and categories. Immutable; `digest` names it."""

    rules: tuple[Rule, ...]
    categories: dict[str, Category]
    digest: str
    """SHA-256 over all packs, hexadecimal."""

    @cached_property
    def by_id(self) -> dict[str, Rule]:
        """Rules by their id."""
        return {rule.id: rule for rule in self.rules}


def load_rulebook(folder: Path = RULES) -> Rulebook:
    """Return the rulebook of a folder of packs.

    ``rulebook.json`` beside the packs saves parsing them; it is used only where it was made
    from exactly these packs.

    Raises:
        RuleError: a pack breaks the schema; the message names file, rule and field.
    """
    compiled = folder / COMPILED.name
    if compiled.is_file():
        # Whatever is wrong with it, the packs are there.
        with suppress(ValueError, KeyError, TypeError, AttributeError, IndexError):
            stored = json.loads(compiled.read_bytes())
            _recall_extents(stored)
            if stored["fields"] == list(_FIELDS) and _is_of(folder, stored["digest"]):
                return _from_stored(stored)
    return parse_rulebook(_sources(folder))


def _is_of(folder: Path, digest: str) -> bool:
    """Whether a stored book is of the packs in `folder`: no younger one, or the same digest.

    Looking at dates spares reading hundreds of files at each start.
    """
    stored = (folder / COMPILED.name).stat().st_mtime_ns
    files = [folder / "categories.toml", *pack_files(folder)]
    # A folder is younger than the book where a pack was taken out.
    paths = {*files, *(file.parent for file in files)} - {folder}
    youngest = max(path.stat().st_mtime_ns for path in paths)
    return youngest < stored or digest == _digest(_sources(folder))


def parse_rulebook(sources: dict[str, bytes]) -> Rulebook:
    """Return the rulebook of packs given as file name to content. Raises RuleError."""
    parsed = {name: _parse(name, content) for name, content in sources.items()}
    categories = {
        name: Category(name, row["title"], tuple(row["profiles"]), row["colour"])
        for name, row in parsed.pop("categories.toml").items()
    }
    rules = [rule for name, pack in parsed.items() for rule in _rules_of(name, pack, categories)]
    _refuse_twins(rules)
    return Rulebook(tuple(rules), categories, _digest(sources))


def store_rulebook(folder: Path = RULES) -> bool:
    """Write ``rulebook.json``, which dates it today; return whether it changed."""
    target = folder / COMPILED.name
    before = target.read_bytes() if target.is_file() else b""
    made = _stored(folder)
    target.write_bytes(made)
    return made != before


def is_stored(folder: Path = RULES) -> bool:
    """Return whether ``rulebook.json`` is what the packs make."""
    target = folder / COMPILED.name
    return target.is_file() and target.read_bytes() == _stored(folder)


def _stored(folder: Path) -> bytes:
    with suppress(OSError, ValueError, KeyError, TypeError):
        _recall_extents(json.loads((folder / COMPILED.name).read_bytes()))
    book = parse_rulebook(_sources(folder))
    stored = {
        "digest": book.digest,
        "reader": _reader(),
        "fields": list(_FIELDS),
        "rules": [_packed(rule) for rule in book.rules],
        # As strings: most are never looked at, and a string is read in no time.
        "extents": [
            _json([getattr(rule.extent, name) for name in Extent.__slots__]) for rule in book.rules
        ],
        "longest": [rule.extent.longest for rule in book.rules],
        "categories": {
            key: [row.title, row.profiles, row.colour] for key, row in book.categories.items()
        },
    }
    return _json(stored).encode()


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _packed(rule: Rule) -> list[object]:
    row = [getattr(rule, name) for name in _FIELDS]
    row[_KEYWORDS] = "\n".join(rule.keywords)
    return row


def pack_files(folder: Path = RULES) -> list[Path]:
    """Return the pack files of a folder, in the order of the book."""
    return sorted(folder.glob("*/*.toml"))


def _from_stored(stored: dict[str, Any]) -> Rulebook:
    rules = []
    for row in stored["rules"]:
        row[_KEYWORDS] = tuple(row[_KEYWORDS].split("\n"))
        rules.append(Rule(*row))
    categories = {
        key: Category(key, title, tuple(profiles), colour)
        for key, (title, profiles, colour) in stored["categories"].items()
    }
    return Rulebook(tuple(rules), categories, stored["digest"])


def _recall_extents(stored: dict[str, Any]) -> None:
    """What was read off a pattern holds for that pattern, whatever else has changed."""
    if stored["reader"] == _reader():
        patterns = (row[_PATTERN] for row in stored["rules"])
        _longest.update(zip(patterns, stored["longest"], strict=True))
        for row, extent in zip(stored["rules"], stored["extents"], strict=True):
            _extents[row[_PATTERN]] = extent


def _reader() -> str:
    """Return a digest of the code that reads patterns."""
    return hashlib.sha256(Path(gate.__file__).read_bytes()).hexdigest()[:16]


def _sources(folder: Path) -> dict[str, bytes]:
    files = [folder / "categories.toml", *pack_files(folder)]
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def _digest(sources: dict[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, content in sources.items():
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _parse(name: str, content: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RuleError(f"{name}: {error}") from None


_PACK_KEYS = {"pack", "category", "language", "rule", "sentences"}
_RULE_KEYS = {
    "id", "scope", "keywords", "pattern", "why", "hit", "miss", "confidence", "leads", "max_chars",
}  # fmt: skip
_REQUIRED = ("id", "keywords", "pattern", "why", "hit", "miss")


def _rules_of(name: str, pack: dict[str, Any], categories: dict[str, Category]) -> Iterable[Rule]:
    if unknown := pack.keys() - _PACK_KEYS:
        raise RuleError(f"{name}: unknown key {min(unknown)!r}; known: {sorted(_PACK_KEYS)}")
    category = pack.get("category", "")
    if category != PROTECT and category not in categories:
        raise RuleError(f"{name}: unknown category {category!r}; known: {sorted(categories)}")
    rows = pack.get("rule", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise RuleError(f"{name}: 'rule' must be an array of tables: [[rule]]")
    for row in rows:
        yield _rule_of(name, row, category, pack.get("language", "mul"))


def _rule_of(name: str, row: dict[str, Any], category: str, language: str) -> Rule:
    where = f"{name}: {row.get('id', 'a rule without id')}"
    if unknown := row.keys() - _RULE_KEYS:
        raise RuleError(f"{where}: unknown key {min(unknown)!r}; known: {sorted(_RULE_KEYS)}")
    for key in _REQUIRED:
        if not row.get(key):
            raise RuleError(f"{where}: {key!r} is missing or empty")
    _check_types(where, row)
    scope, leads = row.get("scope", "block"), row.get("leads", "")
    if scope not in SCOPES:
        raise RuleError(f"{where}: scope {scope!r} is none of {SCOPES}")
    if leads not in LEADS:
        raise RuleError(f"{where}: leads {leads!r} is none of {LEADS}")
    keywords = tuple(fold_pattern(keyword).lower() for keyword in row["keywords"])
    if not all(word.strip() for word in keywords):
        raise RuleError(f"{where}: a keyword is empty")
    return Rule(
        id=row["id"],
        category=category,
        language=language,
        scope=scope,
        keywords=keywords,
        pattern=row["pattern"],
        why=row["why"],
        confidence=float(row.get("confidence", 0.95)),
        leads=leads,
        max_chars=int(row.get("max_chars", MAX_CHARS)),
    )


def _check_types(where: str, row: dict[str, Any]) -> None:
    for key in ("id", "pattern", "why", "scope", "leads"):
        if not isinstance(row.get(key, ""), str):
            raise RuleError(f"{where}: {key!r} must be a string")
    for key in ("keywords", "hit", "miss"):
        if not isinstance(row[key], list) or not all(isinstance(text, str) for text in row[key]):
            raise RuleError(f"{where}: {key!r} must be a list of strings")
    confidence, most = row.get("confidence", 0.95), row.get("max_chars", MAX_CHARS)
    if not isinstance(confidence, int | float) or not 0 <= confidence <= 1:
        raise RuleError(f"{where}: 'confidence' must be a number from 0 to 1")
    if not isinstance(most, int) or most < 1:
        raise RuleError(f"{where}: 'max_chars' must be a whole number from 1 on")


def _refuse_twins(rules: list[Rule]) -> None:
    seen: set[str] = set()
    for rule in rules:
        if rule.id in seen:
            raise RuleError(f"{rule.id}: this id stands twice")
        seen.add(rule.id)
