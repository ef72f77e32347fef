"""One line swaps a Cleaner for a service: the same test body, run on all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from cleaner import AnyCleaner, Cleaner, CleanerError, Document, InvalidInput, Kind, Options, Result
from cleaner.protocols import Given

STORY = "The council voted on Monday to rebuild the bridge over the river 🌉."
SOURCE = f"{STORY}\n\nSign up for our newsletter\n\n{STORY}\n"
Swap = Callable[..., AnyCleaner]


def replayed(result: Result) -> str:
    text = result.document.text
    edits = [(row.start, row.end, "") for row in result.removed]
    edits += [(row.start, row.end, row.text) for row in result.joins]
    for start, end, instead in sorted(edits, reverse=True):
        text = text[:start] + instead + text[end:]
    return text


def told(result: Result | CleanerError) -> object:
    """Return what must be the same by every surface."""
    if isinstance(result, CleanerError):
        return type(result), str(result)
    rows = [
        (row.start, row.end, row.verdict.category, row.verdict.confidence) for row in result.removed
    ]
    return result.document.id, result.text, rows, result.warnings, result.ruleset_version


GIVEN: list[Given] = [
    SOURCE,
    SOURCE.encode(),
    Document(text=SOURCE, id="a", language="en"),
    Document(raw=SOURCE.encode("utf-16"), charset="utf-16", id="b"),
    Document(text=f"<p>{STORY}</p><p>Sign up for our newsletter</p>", kind=Kind.HTML),
    "",
]
WRONG: list[Given] = [Document(raw=b"x", charset="no-such"), "\ud800", None]  # type: ignore[list-item]


@pytest.mark.parametrize("given", GIVEN)
def test_a_document_gets_the_same_result(swap: Swap, given: Given) -> None:
    result = swap().clean(given)
    assert told(result) == told(Cleaner().clean(given))
    assert result.text == replayed(result)


def test_offsets_are_python_slices(swap: Swap) -> None:
    """Code points: an emoji before the removed line counts one."""
    (removal,) = swap().clean(SOURCE).removed
    assert SOURCE[removal.start : removal.end].strip() == "Sign up for our newsletter"


@pytest.mark.parametrize("given", WRONG)
def test_what_cannot_be_cleaned_raises_the_same_error(swap: Swap, given: Given) -> None:
    with pytest.raises(InvalidInput) as caught:
        swap().clean(given)
    with pytest.raises(InvalidInput) as library:
        Cleaner().clean(given)
    assert caught.value.field == library.value.field


def test_many_documents_get_the_same_results_in_order(swap: Swap) -> None:
    """Errors stand in their documents' places, whichever side found them."""
    given = [*GIVEN, *WRONG, *(Document(text=f"{SOURCE}{n}", id=str(n)) for n in range(150))]
    results = list(swap().clean_many(iter(given)))
    library = list(Cleaner().clean_many(given))
    assert [type(result) for result in results] == [type(result) for result in library]
    good = [(told(mine), told(yours)) for mine, yours in zip(results, library, strict=True)
            if isinstance(yours, Result)]  # fmt: skip
    assert all(mine == yours for mine, yours in good)


def test_options_are_obeyed(swap: Swap) -> None:
    options = Options(profile="light", keep=("newsletter",), reflow=True, min_confidence=0.5)
    assert told(swap(options).clean(SOURCE)) == told(Cleaner(options).clean(SOURCE))


def test_an_endless_source_is_read_as_answers_are_taken(swap: Swap) -> None:
    taken = 0

    def endless() -> Iterator[str]:
        nonlocal taken
        while True:
            taken += 1
            yield f"Number {taken}."

    results = swap().clean_many(endless())
    assert next(results).text == "Number 1."  # type: ignore[union-attr]
    assert taken < 400
    results.close()  # type: ignore[attr-defined]


def test_a_source_that_raises_does_so_behind_the_answers_to_what_it_gave(swap: Swap) -> None:
    def breaking() -> Iterator[str]:
        yield from ("One.", "Two.", "Three.")
        raise RuntimeError("no more pages")

    results, texts = swap().clean_many(breaking()), []
    with pytest.raises(RuntimeError, match="no more pages"):
        texts.extend(result.text for result in results)  # type: ignore[union-attr]
    assert texts == ["One.", "Two.", "Three."]
