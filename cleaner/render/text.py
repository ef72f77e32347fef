"""Render: the only place that drops anything.

Blank space is repaired by dropping it together with what stood in it, so the output is the input
without whole Spans and nothing else. Between two texts that stay, the wider of the two gaps
beside the removed text remains; at an end of the document the gap towards the removed text goes,
but a final line end stays.
"""

from __future__ import annotations

from collections.abc import Iterator

import regex

from cleaner.model import Action, Block, Join, Removal, Verdict

_BREAK = regex.compile(
    r"[^\S\n\r\u2028\u2029\x85\x0b\x0c]*(?:\r\n|[\n\r\u2028\u2029\x85\x0b\x0c])\s*"
)
_FINAL_LINE_END = regex.compile(r"(?:\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029])\Z")
_CJK = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}。、，！？：；」』]")


def removals(text: str, verdicts: tuple[Verdict, ...]) -> tuple[Removal, ...]:
    """Return the Spans to drop, blank space included, in order and without overlap."""
    found: list[Removal] = []
    index, total = 0, len(verdicts)
    while index < total:
        if verdicts[index].action is Action.KEEP:
            index += 1
            continue
        after = index
        while after < total and verdicts[after].action is Action.REMOVE:
            after += 1
        before = verdicts[index - 1].end if index else 0
        behind = verdicts[after].start if after < total else len(text)
        found += _run(text, verdicts[index:after], before, behind, index == 0, after == total)
        index = after
    return tuple(found)


def _run(
    text: str, gone: tuple[Verdict, ...], before: int, behind: int, at_head: bool, at_tail: bool
) -> Iterator[Removal]:
    """Yield the Spans of one run of Verdicts that go, between `before` and `behind`."""
    start, end = gone[0].start, gone[-1].end
    if at_tail:
        start, end = (0 if at_head else before), len(text)
        if not at_head and (final := _FINAL_LINE_END.search(text, max(gone[-1].end, before))):
            end = final.start()
    elif at_head:
        start, end = 0, _indented(text, end, behind)
    elif _breaks(text[end:behind]) > _breaks(text[before:start]):
        start = before
    else:
        end = _indented(text, end, behind)
    forward = not at_tail and (at_head or start == gone[0].start)
    for number, verdict in enumerate(gone):
        last = number + 1 == len(gone)
        if forward:
            first, after = (
                (start if number == 0 else verdict.start),
                (end if last else gone[number + 1].start),
            )
        else:
            first, after = (
                (start if number == 0 else gone[number - 1].end),
                (end if last else verdict.end),
            )
        yield Removal(first, after, verdict)


def _indented(text: str, gone: int, behind: int) -> int:
    """Return where the line begins that stays at `behind`: its indentation is its own."""
    gap = text[gone:behind]
    last = (gap + ".").splitlines()[-1]
    return behind - len(last) + 1 if _breaks(gap) else behind


def _breaks(gap: str) -> int:
    return len(f"{gap}.".splitlines()) - 1


def joins(text: str, blocks: tuple[Block, ...]) -> tuple[Join, ...]:
    """Return what `reflow` changes: line breaks inside hard-wrapped Blocks, blank ends."""
    found = [
        Join(*match.span(), _joint(text, match.start(), match.end()))
        for block in blocks
        if block.wrapped
        for match in _BREAK.finditer(text, block.start, block.end)
    ]
    if not blocks:
        return tuple(found)
    first, last = blocks[0].start, blocks[-1].end
    final = _FINAL_LINE_END.search(text, last)
    end = final.start() if final else len(text)
    head = [Join(0, first, "")] if first else []
    return (*head, *found, *([Join(last, end, "")] if last < end else []))


def _joint(text: str, start: int, end: int) -> str:
    """A space, or nothing behind a hyphen and between East Asian letters."""
    if text[start - 1] in "-\u2010\u00ad" or (
        _CJK.match(text, start - 1) and end < len(text) and _CJK.match(text, end)
    ):
        return ""
    return " "
