"""Compiled patterns, kept between processes as Python keeps compiled modules.

`regex` parses in Python: some 10 ms a pattern, thirty times what reading its code back takes. A
process that cleans one document would spend most of its time there. So the code of each pattern
is stored under ``rules/__pycache__``, named by pattern, Python and `regex` version; like a ``.pyc``
it is trusted as the package itself and may be deleted at any time; where the folder cannot be
written there is none. ``cleaner rules warm`` fills it at once.
"""

from __future__ import annotations

import hashlib
import marshal
import sqlite3
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

import regex
from regex import _regex

_FOLDER = Path(__file__).parent.parent / "rules" / "__pycache__"
_FLAGS = regex.VERBOSE | regex.IGNORECASE


def compile_pattern(pattern: str) -> regex.Pattern[str]:
    """Return a folded pattern compiled. Raises `regex.error`."""
    store = _store()
    if store is None:
        return regex.compile(pattern, _FLAGS)
    key = hashlib.sha256(pattern.encode()).digest()[:16]
    # A cache that fails is no cache: whatever goes wrong, the pattern is compiled as usual.
    with suppress(sqlite3.Error, ValueError, TypeError, EOFError):
        row = store.execute("SELECT code FROM pattern WHERE key = ?", (key,)).fetchone()
        if row is not None:
            code = marshal.loads(row[0])  # noqa: S302  # as trusted as a .pyc
            found: regex.Pattern[str] = _regex.compile(*code)  # type: ignore[attr-defined]  # in C
            return found
    made = regex.compile(pattern, _FLAGS)
    with suppress(sqlite3.Error, ValueError, AttributeError):
        code = marshal.dumps(made._pickled_data)  # type: ignore[attr-defined]  # what pickle keeps
        store.execute("INSERT OR IGNORE INTO pattern VALUES (?, ?)", (key, code))
    return made


@cache
def _store() -> sqlite3.Connection | None:
    name = f"patterns-{regex.__version__}-{sys.implementation.cache_tag}.sqlite"
    try:
        _FOLDER.mkdir(exist_ok=True)
        store = sqlite3.connect(
            _FOLDER / name, timeout=0.2, isolation_level=None, check_same_thread=False
        )
        store.execute("PRAGMA journal_mode = WAL")
        store.execute("PRAGMA synchronous = OFF")
        store.execute("CREATE TABLE IF NOT EXISTS pattern (key BLOB PRIMARY KEY, code BLOB)")
    except (sqlite3.Error, OSError):
        return None
    return store
