"""The client has the Cleaner's methods, results and errors."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from cleaner import Cleaner, CleanerError, Document, InvalidInput, Kind, Options, Result
from cleaner.client import Client
from cleaner.errors import DeadlineExceeded, TooLarge, UnknownName, Unreachable
from cleaner.serve.server import running_server
from cleaner.serve.settings import ServeSettings

STORY = "The council voted on Monday to rebuild the bridge over the river 🌉."
SOURCE = f"{STORY}\n\nSign up for our newsletter\n\n{STORY}\n"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with running_server(ServeSettings(address="127.0.0.1:0", workers=1)) as running:
        yield running.address


@pytest.fixture
def client(address: str) -> Iterator[Client]:
    with Client(address) as connected:
        yield connected


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


GIVEN = [
    SOURCE,
    SOURCE.encode(),
    Document(text=SOURCE, id="a", language="en"),
    Document(raw=SOURCE.encode("utf-16"), charset="utf-16", id="b"),
    Document(text=f"<p>{STORY}</p><p>Sign up for our newsletter</p>", kind=Kind.HTML),
    "",
]


@pytest.mark.parametrize("given", GIVEN)
def test_a_document_gets_the_librarys_result(client: Client, given: str | bytes | Document) -> None:
    result = client.clean(given)
    assert told(result) == told(Cleaner().clean(given))
    assert result.text == replayed(result)


def test_many_documents_get_the_librarys_results_in_order(client: Client) -> None:
    """Errors stand in their documents' places, whichever side found them."""
    wrong = [Document(raw=b"x", charset="no-such"), "\ud800", Document(text="x", url="\udfff")]
    given = [*GIVEN, *wrong, *(Document(text=f"{SOURCE}{n}", id=str(n)) for n in range(150))]
    results = list(client.clean_many(iter(given)))
    assert len(results) == len(given)
    library = [told(result) for result in Cleaner().clean_many(given[:7] + given[9:])]
    assert [told(result) for result in results[:7] + results[9:]] == library
    assert [type(result) for result in results[6:9]] == [InvalidInput] * 3
    assert results[8].field == "url"


@pytest.mark.parametrize("given", [[], ["\ud800"], ["\ud800"] * 100])
def test_nothing_to_send_is_no_reason_to_wait(client: Client, given: list[str]) -> None:
    assert len(list(client.clean_many(given))) == len(given)


def test_an_endless_source_is_read_as_answers_come(client: Client) -> None:
    taken = 0

    def endless() -> Iterator[str]:
        nonlocal taken
        while True:
            taken += 1
            yield f"Number {taken}."

    results = client.clean_many(endless())
    assert next(results).text == "Number 1."  # type: ignore[union-attr]
    assert taken < 400
    results.close()  # type: ignore[attr-defined]


@pytest.mark.fault(8)
def test_row8_a_lone_surrogate_is_refused_before_it_is_sent(client: Client) -> None:
    with pytest.raises(InvalidInput, match=r"U\+D800 at offset 2") as caught:
        client.clean("ab\ud800")
    assert caught.value.field == "text"


def test_options_travel(address: str) -> None:
    options = Options(profile="light", keep=("newsletter",), reflow=True, min_confidence=0.5)
    with Client(address, options) as client:
        assert told(client.clean(SOURCE)) == told(Cleaner(options).clean(SOURCE))


@pytest.mark.fault(26)
@pytest.mark.parametrize(
    ("options", "version", "field"),
    [
        (Options(profile="nope"), "", "profile"),
        (Options(remove=("nope",)), "", "category"),
        (Options(detectors=("nope",)), "", "detector"),
        (Options(), "nope", "ruleset_version"),
    ],
)
def test_row26_unknown_names_come_back_as_such(
    address: str, options: Options, version: str, field: str
) -> None:
    with Client(address, options, ruleset_version=version) as client:
        with pytest.raises(UnknownName) as alone:
            client.clean("x")
        with pytest.raises(UnknownName):
            list(client.clean_many(["x"]))
    assert (alone.value.field, alone.value.name) == (field, "nope")
    assert alone.value.known


def test_a_document_over_the_limit_is_an_item_of_its_own(address: str) -> None:
    with Client(address, max_message_bytes=200_000) as client:
        first, second, third = client.clean_many(["One.", "y" * 300_000, "Three."])
    assert isinstance(second, TooLarge)
    assert (first.text, third.text) == ("One.", "Three.")  # type: ignore[union-attr]


def test_the_ruleset_is_told(client: Client) -> None:
    assert client.ruleset().version == Cleaner().ruleset_version


def test_no_service_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with Client(f"127.0.0.1:{port}", timeout=10) as client:
        with pytest.raises(Unreachable):
            client.clean("x")
        with pytest.raises(Unreachable):
            list(client.clean_many(["x"]))


def test_a_service_that_never_answers_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        started = time.monotonic()
        with Client(address, timeout=0.5) as client:
            with pytest.raises((DeadlineExceeded, Unreachable)):
                client.clean("x")
            with pytest.raises((DeadlineExceeded, Unreachable)):
                list(client.clean_many(["x"]))
        assert time.monotonic() - started < 10
