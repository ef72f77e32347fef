"""HTML to the same Document of Lines that text becomes.

Lexbor (selectolax) gives the page's visible text, one Line for each block of the layout;
trafilatura says which of these Lines it takes for the article (`Line.main`). Nothing is dropped
here: what the extractor left out is claimed by a detector like any other chrome, so it can be
named and put back.

Not used: trafilatura's own text as the Document, because what it drops could then not be
explained, and its silent misses (nesting over 256, very long attributes) would lose the page.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from selectolax.lexbor import LexborHTMLParser, LexborNode

from cleaner.ingest.limits import Limits, scan, shorten
from cleaner.model import Document, Line

_BLOCK = frozenset({
    "address", "article", "aside", "blockquote", "body", "br", "button", "caption", "center",
    "dd", "details", "dialog", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer",
    "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "menu", "nav",
    "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead",
    "title", "tr", "ul", "label", "legend",
})  # fmt: skip
_UNSEEN = frozenset({
    "script", "style", "noscript", "template", "svg", "math", "head", "iframe", "object",
    "embed", "select", "canvas", "audio", "video", "textarea", "datalist",
})  # fmt: skip
# Extractors treat these as metadata; a reader counts them as article.
_ARTICLE_HEAD = re.compile(
    r"byline|author|dateline|pubdate|publish|timestamp|post-?date|entry-?date|standfirst|subtitle|lead-?in|dek\b",
    re.I,
)
_HEAD_TAGS = frozenset({"h1", "time", "figcaption"})
_DATE = re.compile(r"\b(?:19|20)\d\d\b|\b\d{1,2}[:.]\d\d\b")
_WORD = re.compile(r"[^\W_]+")
# A shorter line may stand in many places; it is main only if the extractor gave it as a line.
_DISTINCT = 24
# Less than this from the extractor is no answer.
_LEAST_MAIN = 150
# A line of the article that is no title or date.
_PARAGRAPH = 80


@dataclass(frozen=True, slots=True)
class _Row:
    text: str
    head: bool
    """Stands in an element that belongs to an article's head."""


def read_html(document: Document, limits: Limits) -> tuple[Document, list[str]]:
    """Return `document` with the page's visible text, Lines and metadata, and warnings.

    ``document.text`` is the markup. Nothing is fetched and no entity is expanded but HTML's own.
    """
    markup = shorten(document.text, limits.max_attribute_chars)
    seen = scan(markup)
    if (
        seen.depth > limits.max_depth
        or seen.attributes > limits.max_attributes
        or seen.tags > limits.max_tags
    ):
        rows = [_Row(line, False) for line in _strip_tags(markup)]
        limits.admit(0, 2 * len(rows))  # before each of a million rows is made a Line
        return _document(document, rows, None), [
            f"html_degraded: depth {seen.depth}, {seen.tags} tags, {seen.attributes} attributes on "
            "one tag; its tags were stripped without parsing"
        ]
    parser = LexborHTMLParser(markup)
    document = _with_metadata(document, parser)
    rows = list(_rows(parser.body)) if parser.body is not None else []
    limits.admit(0, 2 * len(rows))
    if seen.depth > limits.max_extractor_depth or seen.tags > limits.max_extractor_tags:
        return _document(document, rows, None), [
            f"no_extractor: depth {seen.depth}, {seen.tags} tags; every line is judged by its text"
        ]
    main = _main_words(markup, document.url)
    if main is None:
        return _document(document, rows, None), ["no_extractor: no article was recognised"]
    return _document(document, rows, main), []


def _document(
    document: Document, rows: list[_Row], main: tuple[str, frozenset[str]] | None
) -> Document:
    """Return `document` with `rows` as its text, a blank line between them."""
    lines: list[Line] = []
    at = 0
    marks = _marks(rows, main)
    for row, mark in zip(rows, marks, strict=True):
        if lines:
            lines.append(Line(at - 1, at - 1))
        lines.append(Line(at, at + len(row.text), mark))
        at += len(row.text) + 2
    return replace(
        document,
        text="\n\n".join([row.text for row in rows]) + "\n" * bool(rows),
        lines=tuple(lines),
    )


def _marks(rows: list[_Row], main: tuple[str, frozenset[str]] | None) -> Iterator[bool | None]:
    if main is None:
        yield from (None for _ in rows)
        return
    whole, single = main
    keys = [_key(row.text) for row in rows]
    taken = [key in whole if len(key) >= _DISTINCT else bool(key) and key in single for key in keys]
    first = taken.index(True) if True in taken else len(rows)
    long = (n for n, row in enumerate(rows) if taken[n] and len(row.text) >= _PARAGRAPH)
    body = next(long, first)
    title = next((n for n, row in enumerate(rows[:body]) if row.head or taken[n]), body)
    for index, (row, found) in enumerate(zip(rows, taken, strict=True)):
        # The head of the article stands shortly before its body or inside it.
        dated = title < index < body and len(row.text) < 80 and _DATE.search(row.text)
        head = row.head and index >= first - 12 and first < len(rows)
        yield bool(found or head or dated)


def _key(text: str) -> str:
    return "".join(_WORD.findall(text)).lower()


def _main_words(markup: str, url: str) -> tuple[str, frozenset[str]] | None:
    """Return the extractor's article as one run of letters and as its single lines."""
    import trafilatura

    found = trafilatura.extract(
        markup, url=url or None, include_comments=False, include_tables=True, include_images=False
    )
    if not found or len(found) < _LEAST_MAIN:
        return None
    keys = [_key(line) for line in found.splitlines()]
    return "".join(keys), frozenset(keys)


def _rows(body: LexborNode) -> Iterator[_Row]:
    """Walk the tree once and yield the visible lines."""
    parts: list[str] = []
    heads = preformatted = 0
    headed = False
    for node, tag, entered in _walk(body):
        if tag == "-text":
            text = node.text_content or ""
            parts.append(text if preformatted else text.replace("\n", " "))
            headed = headed or heads > 0
            continue
        if tag in _BLOCK:
            yield from _flush(parts, headed)
            headed = False
        step = 1 if entered else -1
        heads += step * _is_head(node, tag)
        preformatted += step * (tag == "pre")
    yield from _flush(parts, headed)


def _walk(body: LexborNode) -> Iterator[tuple[LexborNode, str, bool]]:
    """Yield texts once, and elements as they are entered (True) and left; unseen ones never."""
    node: LexborNode | None = body
    while node is not None:
        tag = node.tag or ""
        seen = tag not in _UNSEEN and not node.is_comment_node
        if seen:
            yield node, tag, True
        child = node.child if seen else None
        if child is not None:
            node = child
            continue
        if seen and tag != "-text":
            yield node, tag, False
        while node.next is None:
            if node.mem_id == body.mem_id or node.parent is None:
                return
            node = node.parent
            yield node, node.tag or "", False
            if node.mem_id == body.mem_id:
                return
        if node.mem_id == body.mem_id:
            return
        node = node.next


def _is_head(node: LexborNode, tag: str) -> bool:
    if tag in _HEAD_TAGS:
        return True
    if tag not in ("p", "div", "span", "a", "address", "h2"):
        return False
    attributes = node.attributes
    named = attributes.get("class") or ""
    return attributes.get("rel") == "author" or (
        len(named) < 200 and _ARTICLE_HEAD.search(named) is not None
    )


def _flush(parts: list[str], head: bool) -> Iterator[_Row]:
    if not parts:
        return
    for line in "".join(parts).splitlines():
        if shown := " ".join(line.split()):
            yield _Row(shown, head)
    parts.clear()


def _with_metadata(document: Document, parser: LexborHTMLParser) -> Document:
    """Fill the hints that the caller left empty from the page's own metadata."""

    def content(selector: str, attribute: str) -> str:
        node = parser.css_first(selector)
        return (node.attributes.get(attribute) or "").strip() if node is not None else ""

    title = content('meta[property="og:title"]', "content")
    if not title and (node := parser.css_first("title")) is not None:
        title = " ".join(node.text().split())
    return replace(
        document,
        url=document.url
        or content('link[rel="canonical"]', "href")
        or content('meta[property="og:url"]', "content"),
        site_name=document.site_name or content('meta[property="og:site_name"]', "content"),
        language=document.language or content("html", "lang"),
        title=document.title or title,
    )


_COMMENT_OR_TAG = re.compile(r"<(?:!--|/?([a-zA-Z][a-zA-Z0-9]{0,20}))")


def _strip_tags(markup: str) -> list[str]:
    """Return the lines of `markup` without parsing it: linear in its length, whatever it is."""
    pieces: list[str] = []
    at = 0
    while match := _COMMENT_OR_TAG.search(markup, at):
        pieces.append(markup[at : match.start()])
        name = (match[1] or "!--").lower()
        end = {"!--": "-->", "script": "</script", "style": "</style"}.get(name, ">")
        if markup.startswith("</", match.start()):
            end = ">"
        found = markup.find(end, match.end())
        if found < 0:
            # Never closed: what follows is text after all, and need not be searched again.
            pieces.append(markup[match.end() :])
            at = len(markup)
            break
        at = found + len(end) if end in (">", "-->") else found
        if name in _BLOCK:
            pieces.append("\n")
    pieces.append(markup[at:])
    text = html.unescape("".join(pieces))
    return [shown for line in text.splitlines() if (shown := " ".join(line.split()))]
