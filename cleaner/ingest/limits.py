"""Limits, and the linear scan that looks at markup before any parser does.

Lexbor and lxml need minutes for 100,000 nested elements or 200,000 attributes on one tag, and
lxml silently returns nothing past a depth of 256 or a very long attribute. One pass over the
markup with a bounded pattern tells which parsers may see it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cleaner.errors import TooLarge


@dataclass(frozen=True, slots=True)
class Limits:
    """What one Document may be. Over a hard limit it is refused, over a soft one degraded."""

    max_bytes: int = 32 * 1024 * 1024
    """Hard: content size in bytes (for text: in code points)."""
    max_lines: int = 200_000
    """Hard: physical lines."""
    max_depth: int = 2_000
    """Soft: element nesting up to which markup is parsed; deeper, its tags are stripped."""
    max_extractor_depth: int = 200
    """Soft: element nesting up to which an article extractor is asked (lxml gives up at 256)."""
    max_tags: int = 200_000
    """Soft: tags up to which markup is parsed."""
    max_extractor_tags: int = 30_000
    """Soft: tags up to which an article extractor is asked."""
    max_attributes: int = 1_000
    """Soft: attributes on one tag up to which markup is parsed."""
    max_attribute_chars: int = 8_192
    """Soft: a longer attribute value (a ``data:`` URI, mostly) is emptied before parsing."""

    def admit(self, size: int, lines: int = 0) -> None:
        """Refuse what is over a hard limit.

        Raises:
            TooLarge: with the name of the limit.
        """
        if size > self.max_bytes:
            raise TooLarge("max_bytes", f"document of {size} bytes; at most {self.max_bytes}")
        if lines > self.max_lines:
            raise TooLarge("max_lines", f"document of {lines} lines; at most {self.max_lines}")


@dataclass(frozen=True, slots=True)
class Scan:
    """What the scan saw."""

    depth: int
    """Deepest nesting of open elements, an upper bound."""
    tags: int
    """Number of start tags."""
    attributes: int
    """Most attributes on one tag, an upper bound."""


_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]{0,40})([^<>]{0,65536})")
_VOID = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param",
    "source", "track", "wbr", "p", "li", "dd", "dt", "tr", "td", "th", "option", "path",
})  # fmt: skip
_TAG_CHARS = 65_536
# As browsers read them: a quoted value may hold ">", and needs no blank behind it.
_ATTRIBUTE = r"""[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s"'>][^\s>]*+)?)?"""
_ATTRIBUTES = re.compile(rf"(?:[\s/]*+{_ATTRIBUTE})*+")
_ONE_ATTRIBUTE = re.compile(_ATTRIBUTE)
_LONG_VALUE = r"""=\s*(?:"[^"]{%d,}"|'[^']{%d,}'|[^\s"'<>]{%d,})"""


def scan(markup: str) -> Scan:
    """Return an upper bound of depth, tags and attributes of `markup` in linear time."""
    depth = deepest = tags = attributes = 0
    # Quotes may hide a tag's end. Following them from every tag could be quadratic, so there is
    # a budget; markup that spends it is taken for the worst.
    budget = 4 * len(markup) + _TAG_CHARS
    for match in _TAG.finditer(markup):
        closing, name, rest = match.groups()
        if closing:
            if depth and name.lower() not in _VOID:
                depth -= 1
            continue
        tags += 1
        if (rest.count('"') | rest.count("'")) & 1 and budget > 0:
            start = match.start(3)
            rest = _ATTRIBUTES.match(markup, start, start + _TAG_CHARS)[0]  # type: ignore[index]
            budget -= len(rest)
        if len(rest) > 2 * attributes:
            attributes = max(attributes, len(_ONE_ATTRIBUTE.findall(rest)))
        if name.lower() not in _VOID and not rest.endswith("/"):
            depth += 1
            deepest = max(deepest, depth)
    return Scan(deepest, tags, attributes if budget > 0 else len(markup))


def shorten(markup: str, longest: int) -> str:
    """Return `markup` with attribute values of over `longest` characters emptied."""
    if len(markup) <= longest:
        return markup
    pieces: list[str] = []
    at = 0
    for match in re.finditer(_LONG_VALUE % (longest, longest, longest), markup):
        start, end = match.span()
        if _in_tag(markup, start) and ("data:" in match[0][:12] or "<" not in match[0]):
            pieces += (markup[at:start], '=""')
            at = end
    return "".join([*pieces, markup[at:]])


def _in_tag(markup: str, at: int) -> bool:
    """Whether an offset lies inside a start tag, as far as the last angle brackets tell."""
    since = max(0, at - _TAG_CHARS)
    opened = markup.rfind("<", since, at)
    return opened >= 0 and markup.rfind(">", opened, at) < 0 and markup[opened + 1].isalpha()
