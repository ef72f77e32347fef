"""Render: which blank space goes with what was removed, and what reflow joins."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from cleaner import Action, Document, Limits, Options, Verdict
from cleaner.ingest import ingest
from cleaner.render.text import joins, removals
from cleaner.segment import segment


def judged(marked: str) -> tuple[str, tuple[Verdict, ...]]:
    """Return a text and its Verdicts; what goes stands between ‹ and ›."""
    text, verdicts = "", []
    for number, part in enumerate(marked.replace("›", "‹").split("‹")):
        action = Action.REMOVE if number % 2 else Action.KEEP
        for row in part.splitlines(keepends=True):
            start = len(text) + len(row) - len(row.lstrip())
            text += row
            if row.strip():
                verdicts.append(Verdict(start, start + len(row.strip()), action))
    return text, tuple(verdicts)


@pytest.mark.parametrize(
    ("marked", "output"),
    [
        ("‹Menu›\n\nOne\n", "One\n"),
        ("\n\n‹Menu›\n\nOne\n", "One\n"),
        ("  ‹Menu›\nOne", "One"),
        ("One\n\n‹Ad›\n\nTwo\n", "One\n\nTwo\n"),
        ("One\n\n\n\n‹Ad›\nTwo\n", "One\n\n\n\nTwo\n"),
        ("One\n‹Ad›\n\n\nTwo\n", "One\n\n\nTwo\n"),
        ("One\n‹Ad›\nTwo\n", "One\nTwo\n"),
        ("One\n\n‹Ad›\n\n‹Ad›\n\nTwo", "One\n\nTwo"),
        ("One\n\n‹Ad›\n", "One\n"),
        ("One\n\n‹Ad›", "One"),
        ("One\n\n‹Ad›\n\n\n", "One\n"),
        ("One\r\n\r\n‹Ad›\r\n\r\nTwo\r\n", "One\r\n\r\nTwo\r\n"),
        ("One\r\n\r\n‹Ad›\r\n", "One\r\n"),
        ("One\r\r‹Ad›\rTwo\r", "One\r\rTwo\r"),
        ("One\u2028\u2028‹Ad›\u2028Two", "One\u2028\u2028Two"),
        ("One\x85‹Ad›\x85\x85Two\x85", "One\x85\x85Two\x85"),
        ("One. ‹Ad.› Two.\n", "One. Two.\n"),
        ("One. ‹Ad.›\nTwo.\n", "One.\nTwo.\n"),
        ("One. ‹Ad.›\u2028Two.\u2028", "One.\u2028Two.\u2028"),
        ("One. ‹Ad.›\x85Two.\x85", "One.\x85Two.\x85"),
        ("One.\n‹Ad.› Two.\n", "One.\nTwo.\n"),
        ("One.\u2029‹Ad.› Two.\u2029", "One.\u2029Two.\u2029"),
        ("‹Ad.› One.\n", "One.\n"),
        ("One. ‹Ad.›\n", "One.\n"),
        ("One. ‹Ad.›", "One."),
        ("一。‹广告。›二。", "一。二。"),
        ("‹Ad›", ""),
        ("‹Ad›\n", ""),
        ("\n‹Ad›\n\n‹Ad›\n", ""),
        ("One\n\nTwo\n", "One\n\nTwo\n"),
    ],
)
def test_blank_space_is_repaired_by_what_goes(marked: str, output: str) -> None:
    text, verdicts = judged(marked)
    found = removals(text, verdicts)
    assert all(a.end <= b.start for a, b in itertools.pairwise(found))
    for span in reversed(found):
        text = text[: span.start] + text[span.end :]
    assert text == output


def test_each_removal_holds_its_own_verdict_s_span() -> None:
    text, verdicts = judged("‹Menu›\n\n‹Home›\n\nOne ‹Ad.› Two\n\n‹Ad›\n‹More›\n")
    found = removals(text, verdicts)
    assert [span.verdict for span in found] == [v for v in verdicts if v.action is Action.REMOVE]
    assert all(span.start <= span.verdict.start < span.verdict.end <= span.end for span in found)


def reflowed(text: str) -> str:
    page = segment(ingest(Document(text=text), Limits()))
    for join in reversed(joins(text, page.blocks)):
        text = text[: join.start] + join.text + text[join.end :]
    return text


LINE = "word " * 11 + "word"
WRAPPED = [LINE, LINE, LINE, LINE, "End of it."]


@pytest.mark.parametrize(
    ("text", "output"),
    [
        ("\n".join(WRAPPED), " ".join(WRAPPED)),
        ("\r\n".join(WRAPPED) + "\r\n", " ".join(WRAPPED) + "\r\n"),
        ("  \n".join(WRAPPED), " ".join(WRAPPED)),
        ("\n  ".join(WRAPPED), " ".join(WRAPPED)),
        ("\n\n  " + "\n".join(WRAPPED) + "  \n\n", " ".join(WRAPPED) + "\n"),
        ("\n".join([LINE, LINE, LINE + "-", LINE]), f"{LINE} {LINE} {LINE}-{LINE}"),
        ("a\nb\n", "a\nb\n"),
        ("\n\n", "\n\n"),
        ("", ""),
    ],
    ids=[
        "lf",
        "crlf",
        "blank-ends",
        "indented",
        "head-and-tail",
        "hyphen",
        "short",
        "blank",
        "empty",
    ],
)
def test_reflow_joins_what_was_wrapped(text: str, output: str) -> None:
    assert reflowed(text) == output


def test_reflow_joins_chinese_without_a_space() -> None:
    row = "这座老桥在关闭两年之后于星期二重新开放市政府说工程花费了三百万元"
    assert reflowed("\n".join([row] * 4 + ["完。"])) == row * 4 + "完。"


def test_reflow_leaves_the_break_between_paragraphs(cleaner_of: Callable) -> None:
    other = [line.upper() for line in WRAPPED[:-1]] + ["The other end."]
    text = "\n".join(WRAPPED) + "\n\n" + "\n".join(other) + "\n"
    result = cleaner_of(Options(detectors=("rules",), reflow=True)).clean(text)
    assert result.text == " ".join(WRAPPED) + "\n\n" + " ".join(other) + "\n"
    assert [result.document.text[join.start : join.end] for join in result.joins] == ["\n"] * 8
