"""The ``structure`` detector: chrome that is known by where it stands.

A teaser is an ordinary headline but for the "Read more" below it; a menu is a run of words that
no one of which is chrome. Each function here looks at the Blocks and at what the rules claimed,
and claims more. All of them are shy: they ask for article text elsewhere in the document, so a
poem, a recipe or a list of results is nobody's menu.

Known misses: a teaser list with summaries of full sentences; a menu of long entries; a list of
links in the middle of an article without a heading.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import regex

from cleaner.model import Evidence, Finding
from cleaner.segment import Segmented
from cleaner.segment.features import is_label, is_title_like, width, words

# The claims of a rule below this are hints; a heading must be surer than that to lead a list.
SURE = 0.6
# "A picture shows the bridge (AFP)"
_CREDITED = regex.compile(r"\((?:\p{Lu}[^()]{1,40})\)\Z")
_LONGEST_LIST = 25
_LONGEST_APPEAL = 14
_LEAST_PROSE = 2
_LONG_PARAGRAPH = 100
# So many paragraphs of running text close to a copy, itself included: it stands in the article.
_SURROUNDED = 4
# Copies so close stand twice by accident, and those in rows of so many that come back together;
# of two copies a shorter row is enough.
_CLOSE, _MOST_ALIGNED, _LEAST_ALIGNED = 3, 8, 2
_HEADLINE_WORDS = 4
_MOST_TEASERS_INSIDE = 4
# A title has no more numbers: prices and marks stand above buttons too.
_NUMBER, _MOST_NUMBERS = regex.compile(r"\d[\d.,]*"), 3
_APPEALS = frozenset({"donation", "newsletter", "paywall", "app", "share"})


@dataclass(frozen=True)
class _View:
    """A page with its Blocks' features, computed once and only where asked for."""

    page: Segmented
    claimed: dict[int, list[Finding]]
    """What the rules claimed of whole Blocks, by Block."""

    @cached_property
    def body(self) -> tuple[int, int]:
        """First and last Block of unclaimed prose; (0, -1) where there is too little."""
        found = [
            index
            for index, prose in enumerate(self.page.prose)
            if prose and self.strongest(index) is None
        ]
        return (found[0], found[-1]) if len(found) >= _LEAST_PROSE else (0, -1)

    def strongest(self, index: int) -> Finding | None:
        """The surest of the rules' claims about a whole Block, if it is sure enough."""
        claims = self.claimed.get(index)
        best = max(claims, key=lambda finding: finding.confidence) if claims else None
        return best if best is not None and best.confidence >= SURE else None

    def adjacent(self, index: int) -> bool:
        """Whether no blank line stands between a Block and the one before it."""
        blocks = self.page.blocks
        return index > 0 and blocks[index].first == blocks[index - 1].last + 1

    def claim(self, index: int, category: str, confidence: float, name: str, why: str) -> Finding:
        """Return a Finding about a whole Block."""
        block = self.page.blocks[index]
        evidence = Evidence(name, why)
        return Finding("structure", block.start, block.end, category, confidence, evidence)


def structure(page: Segmented, ruled: list[Finding]) -> Iterator[Finding]:
    """Yield what position and neighbours say about the Blocks of `page`."""
    if not page.blocks:
        return
    view = _View(page, _by_block(page, ruled))
    yield from _outside_main(view)
    yield from _article_head(view)
    yield from _repeated(view)
    if view.claimed:
        yield from _teasers(view)
        yield from _lists(view)
        yield from _appeals(view)
        yield from _menus(view)


def _by_block(page: Segmented, ruled: list[Finding]) -> dict[int, list[Finding]]:
    starts = {block.start: index for index, block in enumerate(page.blocks)}
    claimed: dict[int, list[Finding]] = {}
    for finding in ruled:
        index = starts.get(finding.start)
        if index is not None and page.blocks[index].end == finding.end:
            claimed.setdefault(index, []).append(finding)
    return claimed


def _outside_main(view: _View) -> Iterator[Finding]:
    """Lines of a page that its article extractor left out."""
    lines = view.page.lines
    if not any(line.main is False for line in lines):
        return
    for index, block in enumerate(view.page.blocks):
        if lines[block.first].main is False:
            yield view.claim(
                index, "other", 0.8, "structure.outside-article", "The extractor left it out"
            )


def _teasers(view: _View) -> Iterator[Finding]:
    """The headline directly above a "Read more"."""
    first, last = view.body
    buttons = [n for n in view.claimed if n and _is_button(view, n)]
    # What has a button every few paragraphs is a list of products, and they are the article.
    listed = sum(first < index < last for index in buttons) > _MOST_TEASERS_INSIDE
    for index in buttons:
        if listed and first < index < last:
            continue
        above = index - 1
        text = view.page.texts[above]
        if view.claimed.get(above) or not is_title_like(text) or words(text) < 3:
            continue
        if len(_NUMBER.findall(text)) > _MOST_NUMBERS:
            continue
        close = view.adjacent(index)
        if not close and (words(text) < 4 or view.page.prose[above]):
            continue
        # The article's own headline may stand above a "Read more" that folds the text below it.
        if above == 0 or (above < first and not _title_above(view, above)):
            continue
        confidence = 0.85 if close else 0.7
        why = "A title directly above a read-more link"
        yield view.claim(above, "related", confidence, "structure.teaser", why)


def _is_button(view: _View, index: int) -> bool:
    finding = view.strongest(index)
    return finding is not None and finding.category == "read_more"


def _title_above(view: _View, index: int) -> bool:
    """Whether an unclaimed title stands above a Block: the headline is taken, then."""
    return any(
        not view.claimed.get(above)
        and is_title_like(view.page.texts[above])
        and words(view.page.texts[above]) >= 3
        for above in range(index)
    )


def _lists(view: _View) -> Iterator[Finding]:
    """The link-like lines below a heading such as "Most read"."""
    for index in sorted(view.claimed):
        for finding in view.claimed[index]:
            if finding.leads == "list" and finding.confidence >= SURE:
                for item in _items(view, index):
                    yield view.claim(
                        item, finding.category, 0.8, "structure.list",
                        f"Stands in the list under {view.page.texts[index][:40]!r}",
                    )  # fmt: skip
                break


def _items(view: _View, heading: int) -> list[int]:
    """Return the Blocks of the list under a heading; the text decides where it ends."""
    texts, total = view.page.texts, len(view.page.blocks)
    tight = heading + 1 < total and view.adjacent(heading + 2) if heading + 2 < total else False
    items: list[int] = []
    for index in range(heading + 1, min(total, heading + 1 + _LONGEST_LIST)):
        claim = view.strongest(index)
        if claim is not None and claim.leads:
            break
        if tight and len(items) > 0 and not view.adjacent(index):
            break
        if view.page.prose[index] or not is_title_like(texts[index]) or view.claimed.get(index):
            break
        items.append(index)
    return _without_subhead(view, items)


def _without_subhead(view: _View, items: list[int]) -> list[int]:
    """Leave the last item out where it may be the subhead of the text that goes on below."""
    if (
        len(items) < 2
        or items[-1] + 1 >= len(view.page.prose)
        or not view.page.prose[items[-1] + 1]
    ):
        return items
    lengths = [words(view.page.texts[item]) for item in items]
    usual = sum(lengths[:-1]) / (len(lengths) - 1)
    return items[:-1] if lengths[-1] <= 5 and lengths[-1] < 0.75 * usual else items


def _appeals(view: _View) -> Iterator[Finding]:
    """What follows the opening of an appeal that runs to the end of the text."""
    total = len(view.page.blocks)
    for index in sorted(view.claimed):
        opening = next((f for f in view.claimed[index] if f.leads == "rest"), None)
        if opening is None or total - index - 1 > _LONGEST_APPEAL:
            continue
        rest = range(index + 1, total)
        spoken = [view.claimed.get(item) for item in rest]
        # An appeal that the text only quotes is followed by text, not by more appeal.
        if rest and sum(map(bool, spoken)) * 2 >= len(rest):
            for item in rest:
                yield view.claim(
                    item, opening.category, 0.75, "structure.appeal",
                    "Stands in the appeal that runs from its opening to the end",
                )  # fmt: skip
            return


def _menus(view: _View) -> Iterator[Finding]:
    """A run of short link-like lines before the article or behind it."""
    first, last = view.body
    if last < first:
        return
    total = len(view.page.blocks)
    heads = [_from_claimed(view, run[::-1])[::-1] for run in _runs(view, 0, first)]
    tails = [_from_claimed(view, run) for run in _runs(view, last + 1, total)]
    for run in (*heads, *tails):
        named = sum(1 for index in run if view.claimed.get(index))
        if len(run) >= 3 and named * 5 >= len(run) * 2:
            # Between headline and text stand byline and date: there only what a rule knows goes.
            below = run[0] < first and _title_above(view, run[0])
            for index in run:
                if below and not view.claimed.get(index):
                    continue
                yield view.claim(
                    index, "navigation", 0.75, "structure.menu",
                    "Stands in a run of short link-like lines at an end of the text",
                )  # fmt: skip


def _from_claimed(view: _View, run: list[int]) -> list[int]:
    """Leave out what stands between the article and the first entry that a rule knows."""
    while run and not view.claimed.get(run[0]):
        run = run[1:]
    return run


def _runs(view: _View, first: int, after: int) -> list[list[int]]:
    runs: list[list[int]] = [[]]
    for index in range(first, after):
        if is_label(view.page.texts[index]):
            runs[-1].append(index)
        elif runs[-1]:
            runs.append([])
    return runs


def _article_head(view: _View) -> Iterator[Finding]:
    """Headline and standfirst: what the ``body`` profile leaves out."""
    first, last = view.body
    if last < first or first > 12:
        return
    titles = [
        index
        for index in range(first)
        if view.strongest(index) is None
        and is_title_like(view.page.texts[index])
        and words(view.page.texts[index]) >= 3
    ]
    if not titles:
        return
    hint = view.page.document.title.casefold()
    headline = next(
        (i for i in titles if hint and view.page.texts[i].casefold() in hint),
        max(titles, key=lambda index: (_capitals(view.page.texts[index]), -index)),
    )
    for index in titles:
        if _CREDITED.search(view.page.texts[index]):
            category, why = "caption", "Ends with a credit in brackets, above the first paragraph"
        elif index < headline:
            category, why = "caption", "Stands above the headline"
        elif index == headline:
            category, why = "headline", "The title above the first paragraph"
        else:
            category, why = "standfirst", "Stands between the headline and the first paragraph"
        yield view.claim(index, category, 0.7, f"structure.{category}", why)


def _repeated(view: _View) -> Iterator[Finding]:
    """All but one of the places where the same long paragraph or the headline stands.

    The paragraph with most of the article around it stays, and the headline next to the body.
    """
    texts, (first, _) = view.page.texts, view.body
    folded = [text.casefold() for text in texts]
    places: dict[str, list[int]] = {}
    for index, text in enumerate(texts):
        if index < first or len(text) >= _LONG_PARAGRAPH:
            places.setdefault(folded[index], []).append(index)
    for found in places.values():
        copies = [
            index
            for index in (found if len(found) > 1 else ())
            if len(texts[index]) >= _LONG_PARAGRAPH or _could_be_headline(texts[index])
        ]
        for index in _superfluous(view, copies, folded) if len(copies) > 1 else ():
            why = "The same text stands elsewhere in the document"
            yield view.claim(index, "other", 0.8, "structure.repeated", why)


def _superfluous(view: _View, copies: list[int], folded: list[str]) -> Iterator[int]:
    """Yield the places of a text where it stands because the page was delivered so.

    That is close to another copy of it, or with others around it that come back too. What comes
    back alone was written so: a refrain, an exercise, a row of a table, a quotation discussed.
    """
    stays = max(copies, key=lambda index: (_company(view, index), index))
    refrain = [index for index in copies if _company(view, index) >= _SURROUNDED]
    spared = set(refrain) if len(refrain) > 2 else {stays}
    least = _LEAST_ALIGNED if len(copies) == 2 else _MOST_ALIGNED
    around = [copies[0] - _CLOSE - 1, *copies, copies[-1] + _CLOSE + 1]
    for nth, index in enumerate(copies):
        if index not in spared:
            near = min(index - around[nth], around[nth + 2] - index) <= _CLOSE
            if near or _aligned(folded, index, stays) >= least:
                yield index


def _aligned(folded: list[str], one: int, other: int) -> int:
    """Count the Blocks around two copies that are alike in a row, up to `_MOST_ALIGNED`."""
    found = 1
    for step in (-1, 1):
        for far in range(step, step * _MOST_ALIGNED, step):
            here, there = one + far, other + far
            inside = min(here, there) >= 0 and max(here, there) < len(folded)
            if not inside or folded[here] != folded[there]:
                break
            found += 1
    return min(found, _MOST_ALIGNED)


def _could_be_headline(text: str) -> bool:
    return is_title_like(text) and words(text) >= _HEADLINE_WORDS


def _company(view: _View, index: int) -> int:
    """Count the paragraphs of running text close to a Block."""
    near = range(max(index - 3, 0), min(index + 4, len(view.page.texts)))
    return sum(view.page.prose[other] for other in near)


def _capitals(text: str) -> float:
    """Return the share of words that open with a capital; shorter texts lose to longer ones."""
    parts = [part for part in text.split() if part[0].isalpha()]
    return sum(part[0].isupper() for part in parts) / (len(parts) + 2) if width(text) else 0.0
