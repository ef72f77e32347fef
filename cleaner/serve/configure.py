"""Settings from where operators keep them: defaults, then a TOML file, the environment, flags.

What the dataclasses in `cleaner.serve.settings` hold is what can be set; nothing is listed twice.
A name of a nested one has a dot: ``limits.max_bytes`` is ``max_bytes`` in the table ``[limits]``
and ``CLEANER_LIMITS_MAX_BYTES`` in the environment.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar, get_type_hints

from cleaner.errors import InvalidInput, UnknownName

DEFAULT = "default"
_S = TypeVar("_S")
_BOOLS = {"true": True, "1": True, "yes": True, "on": True,
          "false": False, "0": False, "no": False, "off": False}  # fmt: skip
_WORDS: dict[type, str] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
}


class Setting(NamedTuple):
    """One that can be set."""

    kind: type
    default: Any
    """MISSING for one that has none."""
    secret: bool


class Given(NamedTuple):
    """A value and where it comes from."""

    value: Any
    source: str


@dataclass(frozen=True, slots=True)
class Configured(Generic[_S]):
    """Settings, and the source of each."""

    settings: _S
    given: dict[str, Given]
    """By name, whatever is not the default."""

    def toml(self) -> str:
        """Return all of them as a TOML file that says where each comes from; no secrets."""
        known = settings_of(type(self.settings))
        rows = {name: self._row(name, known[name]) for name in known}
        width = max(map(len, rows.values()))
        lines: list[str] = []
        table = ""
        for name in sorted(rows, key=lambda name: "." in name):
            if (head := name.rpartition(".")[0]) != table:
                lines += ("", f"[{head}]")
                table = head
            source = self.given[name].source if name in self.given else DEFAULT
            lines.append(f"{rows[name]:{width}}  # {source}")
        return "\n".join(lines)

    def _row(self, name: str, setting: Setting) -> str:
        value: Any = self.settings
        for part in name.split("."):
            value = getattr(value, part)
        key = name.rpartition(".")[2]
        if setting.secret and value:
            return f"# {key} is set and not shown"
        # JSON's strings, numbers and booleans are TOML's, but for one control character.
        return f"{key} = {json.dumps(value, ensure_ascii=False)}".replace("\x7f", "\\u007F")


def settings_of(kind: type, prefix: str = "") -> dict[str, Setting]:
    """Return all that can be set in a dataclass of settings, by name."""
    found: dict[str, Setting] = {}
    hints = get_type_hints(kind)
    for row in fields(kind):
        if is_dataclass(hints[row.name]):
            found.update(settings_of(hints[row.name], f"{prefix}{row.name}."))
        else:
            secret = bool(row.metadata.get("secret"))
            found[prefix + row.name] = Setting(hints[row.name], _default(row), secret)
    return found


def _default(row: Field[Any]) -> Any:
    return row.default_factory() if row.default_factory is not MISSING else row.default


def configured(
    kind: type[_S],
    config: str = "",
    flags: Mapping[str, Given] | None = None,
    environment: Mapping[str, str] = os.environ,
    prefix: str = "CLEANER_",
) -> Configured[_S]:
    """Return settings: the TOML file `config` over defaults, the environment over it, then `flags`.

    Flags that are text are read as the setting's kind.

    Raises:
        InvalidInput: names the setting, the source of its value, and what would be right.
    """
    known = settings_of(kind)
    given: dict[str, Given] = {}
    for name, value in _flat(_file(config)) if config else ():
        _set(given, known, name, Given(value, config), _exact)
    for name in known:
        variable = prefix + name.replace(".", "_").upper()
        # Others are left alone, misspelt or not: an orchestrator sets CLEANER_… of its own.
        if variable in environment:
            _set(given, known, name, Given(environment[variable], variable), _read)
    for name, flag in (flags or {}).items():
        _set(given, known, name, flag, _read if isinstance(flag.value, str) else _exact)
    return Configured(_made(kind, given), given)


def from_dict(kind: type[_S], values: Mapping[str, Any]) -> _S:
    """Return settings from what `dataclasses.asdict` made of them."""
    return _made(kind, {name: Given(value, "") for name, value in _flat(values)})


def _file(path: str) -> dict[str, Any]:
    try:
        return tomllib.loads(Path(path).read_text("utf-8"))
    except OSError as error:
        raise InvalidInput("config", f"--config: cannot read {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput("config", f"--config: {path} is no TOML: {error}") from None


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _set(
    given: dict[str, Given],
    known: Mapping[str, Setting],
    name: str,
    new: Given,
    read: Callable[[type, Any], Any],
) -> None:
    if name not in known:
        near = get_close_matches(name, known, 3, 0.5) or known
        error = UnknownName("setting", name, tuple(near))
        raise InvalidInput(name, f"{new.source}: {error}")
    kind, _, secret = known[name]
    try:
        given[name] = Given(read(kind, new.value), new.source)
    except (ValueError, KeyError):
        shown = "this" if secret else repr(new.value)
        why = f"{new.source}: {name} must be {_WORDS[kind]}, not {shown}"
        raise InvalidInput(name, why) from None


def _exact(kind: type, value: Any) -> Any:
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise ValueError
    return value


def _read(kind: type, value: str) -> Any:
    return _BOOLS[value.strip().lower()] if kind is bool else kind(value)


def _made(kind: type[_S], given: Mapping[str, Given], prefix: str = "") -> _S:
    hints = get_type_hints(kind)
    values: dict[str, Any] = {}
    for row in fields(kind):  # type: ignore[arg-type]
        name = prefix + row.name
        if is_dataclass(hints[row.name]):
            values[row.name] = _made(hints[row.name], given, f"{name}.")
        elif name in given:
            values[row.name] = given[name].value
        elif _default(row) is MISSING:
            raise InvalidInput(name, f"{name} is not set: by a flag, the environment or a file")
    try:
        return kind(**values)
    except InvalidInput as error:
        name = prefix + error.field
        source = given[name].source if name in given else DEFAULT
        raise InvalidInput(name, f"{source}: {error}") from None
