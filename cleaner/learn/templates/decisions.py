"""What a person decided about templates, and how it outlives learning anew."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from cleaner.detect.templates.bundle import Bundle, Template
from cleaner.errors import InvalidInput

_BY_HAND = re.compile(r"(?:accepted|refused) by hand \((.*)\)", re.S)
_SHOWN = 8
_LEAST_DIGITS = 4
_DIGITS = re.compile(rf"[0-9a-f]{{{_LEAST_DIGITS},12}}")


def decided(template: Template, accepted: bool) -> Template:
    """Return `template` as a person decided it; the miner's own reason stays readable."""
    match = _BY_HAND.fullmatch(template.reason)
    before = match[1] if match else template.reason
    word = "accepted" if accepted else "refused"
    reason = f"{word} by hand ({before})"
    return replace(template, accepted=accepted, by_hand=True, reason=reason)


def with_decisions(learned: Iterable[Template], old: Bundle) -> list[Template]:
    """Return templates learned anew with the decisions by hand of an older bundle.

    One that was not found again stays as it was.
    """
    by_hand = {t.id: t for t in old if t.by_hand}
    out = []
    for template in learned:
        said = by_hand.pop(template.id, None)
        out.append(decided(template, said.accepted) if said else template)
    return [*out, *by_hand.values()]


def find(bundle: Bundle, name: str) -> list[int]:
    """Return the indices of the templates that `name` stands for: one, or those of one id.

    `name` is an id, the beginning of one, or the digits behind its ``#`` or some of them.

    Raises:
        InvalidInput: it stands for none, or for several.
    """
    indices = [index for rows in _within(bundle, name) for index in rows]
    found: dict[str, list[int]] = {}
    for index in indices:
        found.setdefault(bundle.template(index).id, []).append(index)
    if name in found:
        return found[name]
    if not found:
        raise InvalidInput("id", f"no template {name!r}; `cleaner templates list` has the ids")
    if len(found) > 1:
        some = ", ".join(list(found)[:_SHOWN]) + (" …" if len(found) > _SHOWN else "")
        raise InvalidInput("id", f"{name!r} begins {len(found)} ids: {some}")
    return next(iter(found.values()))


def _within(bundle: Bundle, name: str) -> Iterator[Iterable[int]]:
    """Yield the indices whose id, or whose digits, begin with `name`."""
    publisher, mark, digits = name.rpartition("#")
    if mark:
        rows = bundle.all_of(publisher)
        yield (row for row in rows if bundle.template(row).id.startswith(name))
        return
    for known in bundle.publishers:
        if known.startswith(digits):
            yield bundle.all_of(known)
    if _DIGITS.fullmatch(digits):
        every = range(len(bundle))
        prints = bundle.column("fingerprint", every) ^ bundle.column("where", every)
        head = prints.view(np.uint64) >> np.uint64(64 - 4 * len(digits))
        yield np.flatnonzero(head == np.uint64(int(digits, 16))).tolist()
