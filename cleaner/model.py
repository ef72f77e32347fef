"""The values that flow through the pipeline.

Every offset is in **code points of the Document's text** and every range is half open,
``[start, end)``. Other units (UTF-8 bytes, UTF-16 code units) exist only at the edges,
in `cleaner.render.offsets`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What a Document's content is."""

    TEXT = "text"
    """Text as a scraper delivered it."""
    HTML = "html"
    """A page's markup."""


class Action(StrEnum):
    """What a Verdict says of its Span."""

    KEEP = "keep"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Line:
    """A physical line, without its line end."""

    start: int
    """Offset of its first code point."""
    end: int
    """Offset behind its last code point; the line end stands at ``end``."""
    main: bool | None = None
    """Whether an HTML extractor took this line for the article; None where none was asked."""


@dataclass(frozen=True, slots=True)
class Document:
    """One input and its hints.

    A caller fills in `text` or `raw`; `cleaner.ingest.ingest` decodes, parses and returns a
    Document whose `text` is what all offsets refer to and whose `lines` are set. For HTML that
    text is the page's visible text, one line for each block of the layout.
    """

    text: str = ""
    """The content, decoded. Ignored where `raw` is given."""
    raw: bytes | None = None
    """The content as bytes, in `charset` or in a charset to be detected."""
    kind: Kind = Kind.TEXT
    """TEXT, or HTML for markup."""
    id: str = ""
    """The caller's name for it; returned as it came, never interpreted."""
    charset: str = ""
    """Declared charset of `raw`; empty to detect it."""
    url: str = ""
    """Where it was found; for HTML, the page's own canonical URL if this is empty."""
    publisher: str = ""
    """Whose page it is, as the caller names publishers."""
    language: str = ""
    """BCP 47 tag; for HTML, the page's own declaration if this is empty."""
    title: str = ""
    """Title hint; for HTML, the page's own title."""
    site_name: str = ""
    """The site's name for itself, from a page's metadata."""
    lines: tuple[Line, ...] | None = None
    """The physical lines of `text`; None until ingested."""
    warnings: tuple[str, ...] = ()
    """What ingest had to repair or leave out, one ``code: explanation`` each."""


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph-sized unit: one line, or the lines of one hard-wrapped paragraph."""

    start: int
    """Offset of its first code point that is not blank space."""
    end: int
    """Offset behind its last code point that is not blank space."""
    first: int
    """Index of its first Line."""
    last: int
    """Index of its last Line (inclusive)."""

    @property
    def wrapped(self) -> bool:
        """Whether it is a hard-wrapped paragraph of several lines."""
        return self.last > self.first


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a claim is believed."""

    source: str
    """Rule id, or the name of the structure that was recognised."""
    why: str
    """One line for a human reader."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A Detector's claim that a Span is chrome. It removes nothing."""

    detector: str
    """``rules``, ``structure``, ``classifier`` or ``templates``."""
    start: int
    end: int
    category: str
    """An id from ``rules/categories.toml``."""
    confidence: float
    """0 to 1. A claim below a Profile's minimum counts only in company."""
    evidence: Evidence
    leads: str = ""
    """``list``: the link-like lines that follow belong to it. ``rest``: the appeal that it
    opens runs on. Empty: it stands alone."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision for one Block, or for the part of a Block that is judged on its own."""

    start: int
    end: int
    action: Action
    category: str = ""
    """Of the strongest Finding; empty where nothing was claimed."""
    confidence: float = 0.0
    """Of the strongest Finding."""
    findings: tuple[Finding, ...] = ()
    """All claims about this Span, strongest first."""
    reason: str = ""
    """Why the decision differs from what its Findings alone would have it; empty otherwise."""

    @property
    def detector(self) -> str:
        """Who made the strongest claim; ``context`` where only the neighbours spoke."""
        return self.findings[0].detector if self.findings else "context"

    @property
    def source(self) -> str:
        """The rule or structure behind the strongest claim, or the reason."""
        return self.findings[0].evidence.source if self.findings else self.reason

    @property
    def why(self) -> str:
        """One line for a human reader."""
        return self.findings[0].evidence.why if self.findings else self.reason


@dataclass(frozen=True, slots=True)
class Removal:
    """A Span that was taken out, blank space beside it included."""

    start: int
    end: int
    verdict: Verdict
    """Why: the Verdict's own Span lies inside or, for blank space alone, beside this one."""


@dataclass(frozen=True, slots=True)
class Join:
    """A line break inside a hard-wrapped paragraph that `reflow` replaced."""

    start: int
    end: int
    text: str
    """What stands there instead: a space, or nothing."""


@dataclass(frozen=True, slots=True)
class Result:
    """The answer for one Document."""

    document: Document
    """As ingested: all offsets refer to ``document.text``."""
    text: str
    """The cleaned text."""
    verdicts: tuple[Verdict, ...]
    """One for each Block, in order; more where a part was judged on its own."""
    removed: tuple[Removal, ...]
    """What was taken out, in order, without overlap. Taking these Spans out of
    ``document.text`` (and applying `joins`) gives `text` exactly."""
    ruleset_version: str
    """Digest of everything that the decision came from."""
    joins: tuple[Join, ...] = ()
    """Line breaks that `reflow` replaced; empty without `reflow`."""
    warnings: tuple[str, ...] = field(default=())
    """What the caller should know, one ``code: explanation`` each."""
