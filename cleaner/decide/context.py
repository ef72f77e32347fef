"""Second looks: a Block judged by what was decided about its neighbours.

"Thank you." is chrome at the end of a donation appeal and a man's last words elsewhere. A rule
may claim it with little confidence; the claim counts once the Blocks beside it are gone.
"""

from __future__ import annotations

from cleaner.model import Finding
from cleaner.segment.features import is_prose, is_title_like, words

# The least that a weak claim must bring into company, and what company makes of it.
WEAK, LIFTED = 0.3, 0.65
# Categories whose chrome comes in several paragraphs.
_RUNS_ON = frozenset(
    {"donation", "newsletter", "paywall", "app", "cookie", "republishing", "aggregator", "comments",
     "share", "author_bio", "copyright", "advertisement", "navigation", "related", "read_more",
     "most_read", "tags", "source_credit"}
)  # fmt: skip
_LISTED = frozenset({"related", "most_read", "newsletter", "share", "tags", "comments"})


def in_company(
    texts: list[str],
    removed: dict[int, Finding],
    weak: dict[int, Finding],
    protected: set[int],
) -> dict[int, str]:
    """Return the Blocks that go because of their neighbours, each with the reason.

    `removed` and `weak` hold the strongest claim about whole Blocks: those that go, and those
    whose claim alone is too weak.
    """
    gone = dict.fromkeys(removed, "")
    added: dict[int, str] = {}
    waiting = sorted(index for index in weak if index not in gone and index not in protected)
    for order in (waiting, waiting[::-1]):
        for index in order:
            if index not in gone and _has_company(index, len(texts), gone, removed, weak):
                added[index] = gone[index] = "a weak claim in company"
    added |= _headings(texts, removed, gone, protected)
    return added


def _has_company(
    index: int,
    total: int,
    gone: dict[int, str],
    removed: dict[int, Finding],
    weak: dict[int, Finding],
) -> bool:
    """Whether chrome stands on both sides of a Block; an end of the text counts as one."""
    before, after = index - 1 in gone, index + 1 in gone
    if not (before or after):
        return False
    if (before or index == 0) and (after or index == total - 1):
        return True
    beside = index - 1 if before else index + 1
    finding = removed.get(beside)
    return (
        finding is not None
        and finding.category == weak[index].category
        and finding.category in _RUNS_ON
        and weak[index].confidence >= 0.4
    )


def _headings(
    texts: list[str], removed: dict[int, Finding], gone: dict[int, str], protected: set[int]
) -> dict[int, str]:
    """A heading of a list goes with it: two or more Blocks up to the end of the text."""
    tail = len(texts)
    while tail and tail - 1 in gone:
        tail -= 1
    index = tail - 1
    if len(texts) - tail < 2 or index < 1 or index in protected or tail not in removed:
        return {}
    text = texts[index]
    title = (is_title_like(text) or text.endswith(":")) and words(text) <= 8
    listed = removed[tail].category in _LISTED and text.endswith((":", "…", "..."))
    return (
        {index: "a heading over what was removed"}
        if title and listed and is_prose(texts[index - 1])
        else {}
    )
