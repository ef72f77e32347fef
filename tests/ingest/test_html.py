"""HTML to the same Document of Lines; FAULTS 15 to 20. Nothing is ever fetched."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaner import Document, Kind, Limits, clean
from cleaner.ingest import ingest
from cleaner.ingest.limits import scan, shorten

Seconds = Callable[[Callable[[], object]], float]
Timed = Callable[[str], tuple[Document, float]]
ARTICLE = "".join(
    f"<p>Paragraph {number}: the bridge opened on Monday, and the mayor of the town said that it "
    "would stay open all winter long, whatever the river may do.</p>"
    for number in range(6)
)


def read(markup: str | bytes, **hints: str) -> Document:
    raw = markup.encode() if isinstance(markup, str) else markup
    return ingest(Document(raw=raw, kind=Kind.HTML, **hints), Limits())


def rows(markup: str) -> list[str]:
    return [row for row in read(markup).text.split("\n") if row]


@pytest.mark.parametrize(
    ("markup", "lines"),
    [
        ("<p>One</p><p>Two</p>", ["One", "Two"]),
        ("<div>One<br>Two<div>Three</div>Four</div>", ["One", "Two", "Three", "Four"]),
        ("<p>One <b>bold</b> <a href=x>link</a>, <i>end</i>.</p>", ["One bold link, end."]),
        ("<ul><li>One<li>Two</ul>", ["One", "Two"]),
        ("<p>One\n   line</p>", ["One line"]),
        ("<pre>a\n  b</pre>", ["a", "b"]),
        (
            "<p>a</p><script>var x</script><style>p{}</style><template>t</template><p>b</p>",
            ["a", "b"],
        ),
        ("<p>a &amp; b &lt;c&gt; &eacute;</p>", ["a & b <c> é"]),
        ("<table><tr><td>1<td>2<tr><td>3</table>", ["1", "2", "3"]),
        ("<p>a<!-- hidden -->b</p>", ["ab"]),
        ("plain text", ["plain text"]),
        ("<h1>T</h1>text", ["T", "text"]),
    ],
)
def test_one_line_for_each_block_of_the_layout(markup: str, lines: list[str]) -> None:
    assert rows(markup) == lines


def test_lines_cut_the_text_as_for_text() -> None:
    document = read(f"<h1>Title</h1>{ARTICLE}")
    lines = document.lines or ()
    assert [document.text[line.start : line.end] for line in lines] == document.text.splitlines()


def test_metadata_fills_the_hints_that_are_empty() -> None:
    head = (
        '<html lang="de-AT"><head><title>Tab title</title><meta property="og:title" content="Title">'
        '<meta property="og:site_name" content="Talpost"><link rel="canonical" href="https://a.example/x">'
        "</head><body>"
    )
    document = read(head + ARTICLE)
    assert (document.language, document.title) == ("de-AT", "Title")
    assert (document.site_name, document.url) == ("Talpost", "https://a.example/x")
    given_hints = read(head + ARTICLE, language="fr", url="https://b.example/", title="Mine")
    assert (given_hints.language, given_hints.url) == ("fr", "https://b.example/")
    assert given_hints.title == "Mine"
    assert read("<title>Tab\n title</title><p>x").title == "Tab title"


def test_extractor_marks_what_it_takes_for_the_article() -> None:
    document = read(
        f"<nav><a href=/>Home</a><a href=/n>News</a></nav><article><h1>The old bridge opens</h1>"
        f"{ARTICLE}</article><footer><p>Imprint of the company that owns everything here</p></footer>"
    )
    marks = {
        document.text[line.start : line.end]: line.main
        for line in document.lines or ()
        if line.end > line.start
    }
    assert [mark for text, mark in marks.items() if text.startswith("Paragraph")] == [True] * 6
    assert marks["The old bridge opens"] is True
    assert marks["Imprint of the company that owns everything here"] is False


def test_lines_outside_the_article_go_and_can_be_put_back() -> None:
    markup = f"<article>{ARTICLE}</article><footer><p>Imprint of the company that owns it all</p></footer>"
    result = clean(Document(text=markup, kind=Kind.HTML))
    assert "Imprint" not in result.text
    assert result.text.count("Paragraph") == 6
    assert "Imprint" in result.document.text


def test_page_without_an_article_is_judged_by_its_text() -> None:
    document = read("<p>Short.</p>")
    assert [line.main for line in document.lines or ()] == [None]
    assert document.warnings[0].startswith("no_extractor:")


@pytest.fixture
def timed(seconds: Seconds) -> Timed:
    """Return a function that reads markup and tells how long it took."""

    def of(markup: str) -> tuple[Document, float]:
        documents: list[Document] = []
        read("<p>imports what it needs")
        taken = seconds(lambda: documents.append(read(markup)))
        return documents[0], taken

    return of


@pytest.mark.fault(15)
@pytest.mark.parametrize("tag", ["div", "b", "custom-tag"])
def test_100_000_nested_elements_degrade_within_a_second(tag: str, timed: Timed) -> None:
    """FAULTS 15."""
    document, taken = timed(f"<p>before</p>{f'<{tag}>' * 100_000}kept{f'</{tag}>' * 100_000}")
    assert taken < 1
    assert "kept" in document.text
    assert document.warnings[0].startswith("html_degraded:")


@pytest.mark.parametrize("tag", ["p", "li", "option"])
def test_unclosed_elements_are_answered_in_time(tag: str, timed: Timed) -> None:
    document, taken = timed(f"<{tag}>x" * 40_000)
    assert taken < 1
    assert document.text.count("x") == 40_000


@pytest.mark.parametrize(
    "nested", ["<ul><li>", "<table><tr><td>", "<blockquote><p>", "<a><p>", "<svg><p>"]
)
def test_deep_nesting_of_elements_that_close_themselves_degrades(nested: str, timed: Timed) -> None:
    document, taken = timed(nested * 50_000 + "kept")
    assert taken < 1
    assert "kept" in document.text


@pytest.mark.fault(16)
@pytest.mark.parametrize("attribute", [' a{}="1"', " a{}", " a{}=1"])
def test_200_000_attributes_on_a_tag_degrade_within_a_second(attribute: str, timed: Timed) -> None:
    """FAULTS 16."""
    attributes = "".join(map(attribute.format, range(200_000)))
    document, taken = timed(f"<p{attributes}>kept</p>")
    assert taken < 1
    assert "kept" in document.text
    assert document.warnings[0].startswith("html_degraded:")


@pytest.mark.parametrize("attribute", ["\na{}", "\ta{}", "\fa{}='x'", "/a{}", "a{}=''", 'a{}=">"'])
def test_attributes_are_counted_however_they_are_separated(attribute: str, timed: Timed) -> None:
    """A parser's time is quadratic in them: 30,000 take seconds, 200,000 minutes."""
    attributes = "".join(map(attribute.format, range(30_000)))
    document, taken = timed(f"<p {attributes}>kept</p>")
    assert taken < 0.5
    assert "kept" in document.text


@pytest.mark.fault(17)
@pytest.mark.parametrize("quote", ['"', "'", ""])
def test_data_uri_of_20_mb_costs_little_and_loses_nothing(quote: str, timed: Timed) -> None:
    """FAULTS 17."""
    uri = "data:image/png;base64," + "iVBORw0KGgo" * 1_900_000
    document, taken = timed(f"<p>before</p><img src={quote}{uri}{quote}>{ARTICLE}")
    assert taken < 2
    assert "before" in document.text
    assert document.text.count("Paragraph") == 6


@pytest.mark.fault(18)
@pytest.mark.parametrize("depth", [250, 257, 300, 1500, 1999, 2500])
def test_nesting_over_256_keeps_the_text(depth: int) -> None:
    document = read("<div>" * depth + ARTICLE + "</div>" * depth)
    assert document.text.count("Paragraph") == 6
    assert document.warnings


@pytest.mark.fault(19)
@pytest.mark.parametrize(
    "markup",
    ["<p>kept</p><!--" + "x" * 5_000_000, "<p>kept</p><![CDATA[" + "x" * 5_000_000,
     "<p>kept</p><svg><template>" * 3, "<p>kept</p>" + "<select>" * 20_000,
     "<p>kept</p>" + "<" * 1_000_000, "<p>kept</p><a " + "<" * 1_000_000,
     "<p>kept</p>" + "<!--" * 500_000, "<p>kept</p>" + "<script>" * 50_000,
     "<p>kept</p>" + "<a href='" * 100_000, "<p>kept</p>" + "&amp" * 500_000,
     "<p>kept</p>" + "<a" + " " * 2_000_000, "<p>kept</p>" + "</div>" * 300_000,
     "<p>kept</p>" + "<p =" * 300_000],
    ids=lambda markup: markup[11:31] + str(len(markup)),
)  # fmt: skip
def test_broken_markup_is_answered_in_time(markup: str, timed: Timed) -> None:
    document, taken = timed(markup)
    assert taken < 3
    assert "kept" in document.text


@pytest.mark.fault(20)
def test_entity_bomb_is_not_expanded(timed: Timed) -> None:
    levels = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(9))
    document, taken = timed(f'<!DOCTYPE html [<!ENTITY e0 "lol">{levels}]><p>kept &e9;</p>')
    assert taken < 1
    assert "kept" in document.text
    assert len(document.text) < 2000


@pytest.mark.fault(20)
def test_nothing_is_ever_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a network call")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    markup = (
        '<!DOCTYPE html SYSTEM "http://a.example/x.dtd" [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        '<meta http-equiv="refresh" content="0;url=http://a.example/"><base href="http://a.example/">'
        '<link rel="stylesheet" href="http://a.example/s.css"><script src="http://a.example/s.js"></script>'
        '<img src="http://a.example/i.png"><iframe src="http://a.example/f"></iframe>'
        f"<article>{ARTICLE}<p>&x;</p></article>"
    )
    result = clean(Document(text=markup, kind=Kind.HTML, url="http://a.example/page"))
    assert "root:" not in result.document.text
    assert result.text.count("Paragraph") == 6


MARKUP = (
    *"<>/='!- abp&;\n\"",
    "<div>",
    "</div>",
    "<p>",
    "<!--",
    "-->",
    "<script>",
    "<br>",
    "&amp;",
)


@given(st.lists(st.sampled_from(MARKUP), max_size=40).map("".join))
def test_any_markup_makes_lines_in_order(markup: str) -> None:
    document = read(markup)
    lines = document.lines or ()
    assert [document.text[line.start : line.end] for line in lines] == document.text.splitlines()


def test_scan_counts_what_the_limits_speak_of() -> None:
    seen = scan('<div><p a="1" b="2">x<br><img src=x></p><span/></div>')
    assert (seen.depth, seen.tags) == (1, 5)
    assert scan("a < b > c").tags == 0


def test_long_attribute_values_are_emptied_and_short_ones_stay() -> None:
    assert shorten('<a href="short">' + "x" * 20 + f'<b c="{"y" * 11}">', 10).count('""') == 1
    assert 'href="short"' in shorten('<a href="short">' + "x" * 20, 10)


def test_text_that_is_no_attribute_is_never_emptied() -> None:
    """A long run behind an equals sign in the text is text."""
    text = "x = " + "word" * 3000
    assert "word" * 3000 in read(f"<p>{text}</p>").text
