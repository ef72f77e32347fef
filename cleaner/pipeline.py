"""The whole way through the house. Read this first.

    bytes -> Document -> Blocks -> Findings -> Verdicts -> text + explanation

`STAGES` is that way as a table. `Cleaner.clean` walks it, and walks it again over its own output
until nothing more goes, so that cleaning what is clean changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING

from cleaner.decide import decide
from cleaner.detect import Claims, detect
from cleaner.detect.models import card
from cleaner.detect.patterns import Known, Matcher
from cleaner.detect.rulebook import Rulebook, load_rulebook
from cleaner.errors import CleanerError, InvalidInput
from cleaner.ingest import Limits, ingest
from cleaner.ingest.text import lines_of
from cleaner.model import Action, Document, Finding, Kind, Removal, Result, Verdict
from cleaner.profiles import Options, Policy, resolve
from cleaner.render.text import joins, removals
from cleaner.render.trace import Trace
from cleaner.segment import Segmented, segment

if TYPE_CHECKING:  # numpy costs a command that goes without it
    from cleaner.detect.templates.bundle import Bundle

_MOST_PASSES = 12


@dataclass(slots=True)
class Work:
    """One Document on its way; each stage fills in what the next one needs."""

    document: Document
    page: Segmented = None  # type: ignore[assignment]  # set by segment
    claims: Claims = None  # type: ignore[assignment]  # set by detect
    verdicts: tuple[Verdict, ...] = ()
    removed: tuple[Removal, ...] = ()
    known: Known = field(default_factory=dict)
    """What the rules said of units in earlier passes over this document."""
    bundle: Bundle | None = None
    """What was learned of publishers."""


@dataclass(frozen=True)
class Cleaner:
    """Cleans Documents. Holds no state but the loaded ruleset: share one between threads.

    Raises:
        UnknownName, InvalidInput: `options` name something that does not exist.
        RuleError: the rule packs cannot be loaded.
    """

    options: Options = Options()
    limits: Limits = Limits()
    bundle: Bundle | None = None
    """Templates of publishers; None for none."""
    between: Callable[[], None] | None = field(default=None, compare=False, repr=False)
    """Called before each stage, for whoever may have to stop: what it raises ends `clean`."""

    def __post_init__(self) -> None:
        resolve(self.options, self.rulebook.categories)

    @cached_property
    def rulebook(self) -> Rulebook:
        """The hand-written rules and the categories."""
        return _shared().book

    @cached_property
    def ruleset_version(self) -> str:
        """The name of everything that decisions come from: 16 hexadecimal digits."""
        return ruleset_version(self.rulebook, self.bundle)

    @cached_property
    def policy(self) -> Policy:
        """The options, resolved."""
        return resolve(self.options, self.rulebook.categories)

    def clean(self, document: str | bytes | Document) -> Result:
        """Return the article in `document`, and everything about what was taken out.

        A ``str`` or ``bytes`` is a text Document without hints.

        Raises:
            InvalidInput: a charset that is none, or text that is not valid Unicode.
            TooLarge: over a limit.
        """
        work = Work(_ingest(as_document(document), self.limits), bundle=self.bundle)
        source = work.document
        trace = Trace(source.text)
        gone: list[Verdict] = []
        taken: list[Removal] = []
        warnings = list(source.warnings)
        for _ in range(_MOST_PASSES):
            for _, stage in STAGES:
                if self.between:
                    self.between()
                stage(work, self.policy)
            warnings += [text for text in work.claims.warnings if text not in warnings]
            if not work.removed and not (self.policy.reflow and self._reflow(work, trace)):
                break
            gone += _located(trace, (v for v in work.verdicts if v.action is Action.REMOVE))
            taken += _taken(trace, work.removed)
            trace.remove(work.removed)
            work = Work(_again(source, trace.text), known=work.known, bundle=self.bundle)
        verdicts = [*gone, *_located(trace, (v for v in work.verdicts if v.action is Action.KEEP))]
        return Result(
            document=source,
            text=work.document.text,
            verdicts=tuple(sorted(verdicts, key=attrgetter("start"))),
            removed=tuple(sorted(taken, key=attrgetter("start"))),
            ruleset_version=self.ruleset_version,
            joins=trace.joins,
            warnings=tuple(warnings),
        )

    def clean_many(
        self, documents: Iterable[str | bytes | Document]
    ) -> Iterator[Result | CleanerError]:
        """Yield a Result for each Document, in order; its error for one that cannot be cleaned."""
        for document in documents:
            try:
                yield self.clean(document)
            except CleanerError as error:
                yield error

    @staticmethod
    def _reflow(work: Work, trace: Trace) -> bool:
        """Join hard-wrapped lines where nothing more goes; return whether anything changed."""
        found = joins(work.document.text, work.page.blocks)
        trace.join(found)
        return bool(found)


def _segment(work: Work, policy: Policy) -> None:
    work.page = segment(work.document)


def _detect(work: Work, policy: Policy) -> None:
    work.claims = detect(work.page, _shared(), policy.detectors, work.known, work.bundle)


def _decide(work: Work, policy: Policy) -> None:
    work.verdicts = decide(work.page, work.claims, policy)


def _render(work: Work, policy: Policy) -> None:
    work.removed = removals(work.document.text, work.verdicts)


STAGES: tuple[tuple[str, Callable[[Work, Policy], None]], ...] = (
    ("segment", _segment),  # Document  -> Blocks
    ("detect", _detect),  #   Blocks    -> Findings
    ("decide", _decide),  #   Findings  -> Verdicts
    ("render", _render),  #   Verdicts  -> the Spans that go
)
"""Behind `ingest`, which makes a Document of whatever the caller has."""


def clean(document: str | bytes | Document, options: Options = Options()) -> Result:
    """Clean one Document: `Cleaner` for those who clean one."""
    return Cleaner(options).clean(document)


def as_document(document: str | bytes | Document) -> Document:
    """Return `document` as a Document.

    Raises:
        InvalidInput: it is nothing of the kind.
    """
    match document:
        case Document():
            return document
        case str():
            return Document(text=document)
        case bytes():
            return Document(raw=document)
    raise InvalidInput("document", f"{type(document).__name__} is no str, bytes or Document")


def ruleset_version(book: Rulebook, bundle: Bundle | None = None) -> str:
    """Return the digest that names rulebook, classifier, templates and what applies them."""
    learned = f":{bundle.digest}" if bundle else ""
    known = f"{DECISIONS}:{book.digest}:{card()['digest']}{learned}"
    return hashlib.sha256(known.encode()).hexdigest()[:16]


DECISIONS = 4
"""Raised when code changes what the same rules decide."""

_loaded: list[Matcher] = []


def _shared() -> Matcher:
    """Return the process's Matcher: the rulebook is immutable, so one is enough."""
    if not _loaded:
        _loaded.append(Matcher(load_rulebook()))
    return _loaded[0]


def _ingest(document: Document, limits: Limits) -> Document:
    return document if document.lines is not None else ingest(document, limits)


def _again(source: Document, text: str) -> Document:
    """Return the cleaned text as the Document of the next pass: text, whatever it was."""
    return replace(source, text=text, kind=Kind.TEXT, lines=lines_of(text))


def _located(trace: Trace, verdicts: Iterable[Verdict]) -> Iterator[Verdict]:
    """Yield Verdicts about the present text in offsets of the original, one for each piece."""
    if trace.untouched:
        yield from verdicts
        return
    for v in verdicts:
        findings = tuple(
            Finding(f.detector, at[0][0], at[-1][1], f.category, f.confidence, f.evidence, f.leads)
            for f in v.findings
            if (at := trace.origins(f.start, f.end))
        )
        for start, end in trace.origins(v.start, v.end):
            yield Verdict(start, end, v.action, v.category, v.confidence, findings, v.reason)


def _taken(trace: Trace, removed: tuple[Removal, ...]) -> Iterator[Removal]:
    if trace.untouched:
        yield from removed
        return
    for removal in removed:
        about = next(_located(trace, [removal.verdict]), removal.verdict)
        for start, end in trace.origins(removal.start, removal.end):
            yield Removal(start, end, about)
