"""Which languages a text can be in, by its letters alone.

A rule of a language that is written in its own script is silent where no such letter stands: a
Greek button that reads "Share" is a word of an English poem elsewhere. Languages in Latin letters
are not told apart: short texts and mixed pages would be judged wrongly.
"""

from __future__ import annotations

from bisect import bisect_left

_SCRIPTS: tuple[tuple[int, int, tuple[str, ...]], ...] = (
    (0x0370, 0x03FF, ("el",)),
    (0x0400, 0x052F, ("ru", "uk")),
    (0x0530, 0x058F, ("hy",)),
    (0x0590, 0x05FF, ("he",)),
    (0x0600, 0x06FF, ("ar", "fa")),
    (0x0900, 0x097F, ("hi",)),
    (0x10A0, 0x10FF, ("ka",)),
    (0x1C90, 0x1CBF, ("ka",)),
    (0x3040, 0x30FF, ("ja",)),
    (0x3400, 0x9FFF, ("zh", "ja")),
    (0xAC00, 0xD7A3, ("ko",)),
)
OWN_SCRIPT = frozenset(language for *_, languages in _SCRIPTS for language in languages)
"""Languages whose rules are silent where none of their letters stands."""


def heard_languages(text: str) -> tuple[str, ...]:
    """Return the languages with a script of their own of which `text` has a letter, sorted."""
    if text.isascii():
        return ()
    signs = sorted(map(ord, set(text)))
    heard: set[str] = set()
    for first, last, languages in _SCRIPTS:
        at = bisect_left(signs, first)
        if at < len(signs) and signs[at] <= last:
            heard.update(languages)
    return tuple(sorted(heard))
