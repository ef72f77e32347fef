"""What would be learned of one publisher now, with the evidence, and with more doubt than usual.

A service learns from whoever sends pages. So beside what the miner asks for: distinct days; no
running text that is prose elsewhere; and no template that takes much of the pages it stands on.
What all of them together may take of one page, the detector limits.

Known misses: prose that stands on none of the other publishers' pages that are looked at. Whoever
sends pages over several days, all different, with the same sentences in them, is believed.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa

from cleaner.detect.classifier.features import LONG
from cleaner.detect.templates import templates as matches
from cleaner.detect.templates.bundle import SLOT, Bundle, Template
from cleaner.detect.templates.fingerprint import comparable
from cleaner.errors import CleanerError
from cleaner.ingest import Limits, ingest
from cleaner.learn.templates.miner import Here, mine
from cleaner.learn.templates.passes import PAGES
from cleaner.learn.templates.store import Page
from cleaner.learn.templates.support import Support
from cleaner.model import Document, Kind
from cleaner.segment import Segmented, segment

STRICT = Support(days=2)
_LEAST_PAGES = 3
_MOST_OF_A_PAGE = 0.3
_LOOKED_AT = 40
_EXAMPLES = 3
_LONGEST_EXAMPLE = 400
# A shorter text is anybody's.
_LEAST_PROSE = 30
_BATCH = 256
# With no depth allowed, ingest asks no extractor, as in the miner.
_LIMITS = Limits(max_extractor_depth=0)


@dataclass(frozen=True, slots=True)
class Example:
    """One place where a template stands."""

    url: str
    text: str


@dataclass(frozen=True, slots=True)
class Proposed:
    """A template that would be learned, or a candidate that would be refused."""

    template: Template
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What would be learned of one publisher."""

    publisher: str
    pages: int
    """Distinct pages that it comes from; near-duplicates are one."""
    proposed: tuple[Proposed, ...]

    @property
    def digest(self) -> str:
        """Names what would be learned: 16 hexadecimal digits."""
        rows = repr([row.template for row in self.proposed])
        return hashlib.sha256(rows.encode()).hexdigest()[:16]


class Elsewhere:
    """Running text that is known to be prose: pages of other publishers, and a list of veto."""

    def __init__(
        self, pages: Iterable[tuple[str, Sequence[Page]]], veto: Iterable[str] = ()
    ) -> None:
        self._pages = [(name, [_plain(_source(page)) for page in held]) for name, held in pages]
        self._veto = "\n".join(_plain(line) for line in veto)

    def refusal(self, template: Template, most: int) -> str:
        """Return why a template's text is taken for prose; '' if it is not.

        On one page of another publisher alone it is part of a story there. On several of them it
        recurs there as well; beyond `most` publishers that is no longer one publisher's chrome.
        """
        needle = max((_plain(piece) for piece in template.text.split(SLOT)), key=len)
        if len(needle) < _LEAST_PROSE:
            return ""
        if needle in self._veto:
            return "stands in the veto list"
        recurs = 1
        for name, pages in self._pages:
            found = 0 if name == template.publisher else sum(needle in page for page in pages)
            if found == 1:
                return f"is part of a story at {name}"
            recurs += found > 1
        if recurs >= most and len(needle.split()) >= LONG:
            return f"running text that recurs at {recurs} publishers"
        return ""


def propose(
    publisher: str, pages: Sequence[Page], elsewhere: Elsewhere, support: Support = STRICT
) -> Proposal:
    """Return what would be learned from a publisher's pages."""
    batches = [_batch(publisher, pages[at : at + _BATCH]) for at in range(0, len(pages), _BATCH)]
    mined = mine(lambda: batches, Here(), support)
    doubted = [_doubted(template, elsewhere, support) for template in mined.templates]
    looks = _Looks(doubted)
    step = max(len(pages) // _LOOKED_AT, 1)
    for page in pages[::step][:_LOOKED_AT]:
        looks.look(page)
    proposed = [
        Proposed(template, tuple(looks.examples[template.id])) for template in looks.capped()
    ]
    return Proposal(publisher, mined.pages.get(publisher, 0), tuple(proposed))


def merged(bundle: Bundle, proposals: Iterable[Proposal]) -> Bundle:
    """Return a bundle with what is proposed in place of what it has of the same publishers.

    What a person has decided stays decided, for templates found again and for those that are not.
    """
    new = {row.publisher: [one.template for one in row.proposed] for row in proposals}
    kept = [template for template in bundle if template.publisher not in new or template.by_hand]
    decided = {template.id for template in kept if template.by_hand}
    fresh = [row for rows in new.values() for row in rows if row.id not in decided]
    return Bundle.of([*kept, *fresh])


def _batch(publisher: str, pages: Sequence[Page]) -> pa.RecordBatch:
    rows = [
        {"id": page.id, "url": page.url, "publisher": publisher, "day": page.day,
         "text": page.text, "html": page.html}
        for page in pages
    ]  # fmt: skip
    return pa.RecordBatch.from_pylist(rows, schema=PAGES)


def _doubted(template: Template, elsewhere: Elsewhere, support: Support) -> Template:
    if not template.accepted:
        return template
    why = elsewhere.refusal(template, support.most_publishers)
    if template.pages < _LEAST_PAGES:
        why = f"on {template.pages} pages only"
    return replace(template, accepted=False, reason=why) if why else template


@dataclass(slots=True)
class _Looks:
    """What templates do to a publisher's pages."""

    candidates: Sequence[Template]
    examples: dict[str, list[Example]] = field(default_factory=lambda: defaultdict(list))
    shares: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Of each template: its share of the words of each page that it stands on."""

    def look(self, page: Page) -> None:
        """Take in what all candidates, as if they were accepted, take of one page."""
        every = Bundle.of(replace(template, accepted=True) for template in self.candidates)
        if (read := _read(page)) is None or not self.candidates:
            return
        text = read.document.text
        total = max(len(text.split()), 1)
        taken: Counter[str] = Counter()
        for found in matches(_owned(read, self.candidates[0].publisher), every):
            name, quote = found.evidence.source, text[found.start : found.end]
            taken[name] += len(quote.split())
            if len(self.examples[name]) < _EXAMPLES and found.confidence:
                self.examples[name].append(Example(page.url or page.id, quote[:_LONGEST_EXAMPLE]))
        for name, words in taken.items():
            self.shares[name].append(words / total)

    def capped(self) -> list[Template]:
        """Return the candidates, those refused that would take too much."""
        return [_capped(row, self.shares[row.id]) for row in self.candidates]


def _capped(template: Template, shares: Sequence[float]) -> Template:
    mean = sum(shares) / max(len(shares), 1)
    if not template.accepted or mean <= _MOST_OF_A_PAGE:
        return template
    why = f"would take {mean:.0%} of the pages that it stands on"
    return replace(template, accepted=False, reason=why)


def _read(page: Page) -> Segmented | None:
    kind = Kind.TEXT if page.html is None else Kind.HTML
    document = Document(text=page.text or "", raw=page.html, kind=kind)
    try:
        return segment(ingest(document, _LIMITS))
    except CleanerError:
        return None


def _owned(page: Segmented, publisher: str) -> Segmented:
    """Return a page as one of the publisher's, whatever its own hints say."""
    return replace(page, document=replace(page.document, publisher=publisher))


def _source(page: Page) -> str:
    return page.text if page.html is None else page.html.decode(errors="replace")  # type: ignore[return-value]


def _plain(text: str) -> str:
    """Return a text as it is compared: case and white space don't count."""
    return " ".join(comparable(text).casefold().split())
