"""The explanation holds the whole document; the report is one page that needs nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest

from cleaner import Options
from cleaner.bench.golden import cases
from cleaner.detect.rulebook import load_rulebook
from cleaner.render.explain import parts_of, reason_of, summary_of
from cleaner.render.report import page_of

GOLDEN = {case.name: case for case in cases() if case.group in ("seeds", "synthetic")}
EVIL = 'The bridge <script>alert("1")</script> & <img src=x onerror=alert(1)> opened on Monday.'
TEXT = f"{EVIL}\n\nSubscribe to our newsletter\n\n{EVIL}\n"


@pytest.mark.parametrize("name", list(GOLDEN)[::4])
def test_parts_join_to_the_document_and_say_why(name: str) -> None:
    result = GOLDEN[name].answer()
    parts = list(parts_of(result))
    assert "".join(part.text for part in parts) == result.document.text
    for part in parts:
        assert part.text
        if part.verdict is not None:
            reason = reason_of(part.verdict)
            assert part.verdict.category in reason
            assert part.verdict.source in reason
            assert "\n" not in reason
    if not result.joins:
        assert "".join(part.text for part in parts if part.verdict is None) == result.text


def test_summary_counts_what_went(cleaner_of: Callable) -> None:
    result = cleaner_of(Options()).clean("Subscribe to our newsletter")
    assert summary_of(result).startswith("1 removed, 27 of 27 characters (100.0%)")
    assert result.ruleset_version in summary_of(result)
    assert summary_of(cleaner_of(Options()).clean("")).startswith("0 removed, 0 of 0")


class Page(HTMLParser):
    """Collects a page's tags and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.shown = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.shown += data


def test_report_needs_nothing_but_itself(cleaner_of: Callable) -> None:
    page = page_of({"a title": cleaner_of(Options()).clean(TEXT)}, load_rulebook().categories)
    found = Page(page)
    assert not {"script", "img", "link", "iframe", "object", "base"} & {
        tag for tag, _ in found.tags
    }
    for _, attributes in found.tags:
        assert not {"src", "href", "srcset", "action"} & attributes.keys()
        assert not any(name.startswith("on") for name in attributes)
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None
    assert not re.search(r"url\(|@import|http", style[1])


def test_report_shows_the_text_as_text(cleaner_of: Callable) -> None:
    result = cleaner_of(Options()).clean(TEXT)
    page = page_of({'<b>"id"</b>': result}, load_rulebook().categories)
    shown = Page(page).shown
    assert shown.count(EVIL) == 2
    assert '<b>"id"</b>' in shown
    assert "<script" not in page
    assert "<del>Subscribe to our newsletter" in page


def test_report_of_a_text_in_which_all_stays_has_nothing_struck(cleaner_of: Callable) -> None:
    page = page_of({"t": cleaner_of(Options()).clean("Plain.")}, load_rulebook().categories)
    assert "<del>" not in page
    assert "Plain." in page
