"""Broken markup and odd texts by lot: what scrapers bring home on a bad day, and worse."""

from __future__ import annotations

from random import Random

_TAGS = (
    "div", "p", "a", "b", "span", "ul", "li", "table", "tr", "td", "select", "option", "svg",
    "math", "template", "script", "style", "title", "textarea", "article", "section", "h1", "br",
    "img", "frameset", "noscript", "object", "plaintext", "x-y", "svg:a",
)  # fmt: skip
_ATTRIBUTES = (
    'class="a"', "href='//127.0.0.1:9/'", "hidden", 'style="display:none"', "a=b", 'x="', "='",
    "onload=x", 'src="data:,x"', "\x00=1", 'lang="ar"', "itemprop=articleBody",
)  # fmt: skip
_PIECES = (
    "&amp;", "&#0;", "&#x110000;", "&#xd800;", "&notanentity", "<!--", "-->", "<!", "<?xml", "]]>",
    "<![CDATA[", "</", "<", ">", "\x00", "\u202e", "\ufeff", "e\u0301\u0301", "\U0001f469\u200d",
    "\r", "\u2028", "\x85", "<!DOCTYPE html [<!ENTITY a 'b'>]>", "<meta charset=utf-16>",
    "<base href=x>", "&a;", "\ufffe",
)  # fmt: skip
_WORDS = (
    "the", "council", "voted", "bridge", "read more", "newsletter", "cookie", "©", "subscribe",
    "Mr. Roe said:", "advertisement", "weiterlesen", "река", "خبر", "新聞", "1234", "—", "http://a",
)  # fmt: skip
_DEPTH = 6


def document_text(luck: Random) -> str:
    """Return a page of broken markup."""
    return "".join(_element(luck, 0) for _ in range(luck.randrange(1, 6)))


def odd_text(luck: Random) -> str:
    """Return a text of words, blanks of every kind and pieces that belong into no text."""
    return "".join(
        luck.choice((_phrase(luck), luck.choice(_PIECES), "\n", "\n\n", " ", "\t"))
        for _ in range(luck.randrange(40))
    )


def _element(luck: Random, depth: int) -> str:
    what = luck.random()
    if what < 0.3 or depth > _DEPTH:
        return _phrase(luck)
    if what < 0.45:
        return luck.choice(_PIECES)
    tag = luck.choice(_TAGS)
    attributes = "".join(
        luck.choice((" ", "/", "\n", "")) + luck.choice(_ATTRIBUTES)
        for _ in range(luck.randrange(3))
    )
    inside = "".join(_element(luck, depth + 1) for _ in range(luck.randrange(4)))
    closing = luck.choice((f"</{tag}>", f"</{tag}>", "", f"</{luck.choice(_TAGS)}>", f"</{tag}"))
    return f"<{tag}{attributes}>" + inside + closing


def _phrase(luck: Random) -> str:
    return " ".join(luck.choices(_WORDS, k=luck.randrange(1, 9)))
