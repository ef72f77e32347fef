"""A real crawl of a real site, both on loopback: every item comes out, cleaned by the service."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("scrapy", reason="Scrapy is not installed: make test-engines installs it")

from cleaner import Cleaner, Document, Kind, Options
from cleaner.serve.server import running_server
from cleaner.serve.settings import ServeSettings

CRAWL = Path(__file__).parent / "crawl.py"
PAGES = 12
STORY = "The council voted on Monday to rebuild the bridge over the river, harbour page {n}."
PROMPT = "Sign up for our newsletter"


def page(n: int) -> str:
    links = "".join(f'<a class="page" href="/{kind}-{n + 1}">Next</a>' for kind in ("html", "text"))
    return (
        f"<html><body><p>{STORY.format(n=n)}</p><p>{PROMPT}</p><p>{STORY.format(n=n)}</p>{links}"
        '<a class="page" href="/typed-0">Typed</a><a class="page" href="/broken-0">Broken</a>'
        "</body></html>"
    )


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder's files as HTML and writes no log."""

    def guess_type(self, path: Any) -> str:
        return "text/html; charset=utf-8"

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("site")
    for n in range(PAGES):
        for kind in ("html", "text"):
            (folder / f"{kind}-{n}").write_text(page(n), encoding="utf-8")
    for kind in ("typed", "broken"):
        (folder / f"{kind}-0").write_text(page(PAGES), encoding="utf-8")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with running_server(ServeSettings(address="127.0.0.1:0", workers=1)) as running:
        yield running.address


Crawl = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def crawl(site: str, address: str) -> Crawl:
    def run(**options: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, CRAWL, f"{site}/html-0", address, json.dumps(options)],
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    return run


def test_every_item_of_a_crawl_is_cleaned_as_the_library_would(crawl: Crawl) -> None:
    done = crawl()
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    items = {item["url"].rpartition("/")[2]: item for item in told["items"]}
    assert len(items) == 2 * PAGES - 1 + 2  # text-0 is linked by nobody
    assert told["stats"]["boilerstrip/cleaned"] == len(items) - 1
    assert told["stats"]["boilerstrip/failed"] == 1
    wanted = Cleaner().clean(
        Document(raw=page(3).encode(), kind=Kind.HTML, url=items["html-3"]["url"])
    )
    assert items["html-3"]["text"] == wanted.text
    assert STORY.format(n=3) in wanted.text
    assert PROMPT not in items["html-3"]["text"] + items["text-3"]["text"]
    assert [row["category"] for row in items["text-3"]["removed"]] == ["newsletter"]
    assert items["text-3"]["removed"][0]["quote"].strip() == PROMPT
    assert items["text-3"]["ruleset_version"] == Cleaner().ruleset_version


def test_an_item_without_room_for_more_is_cleaned_all_the_same(crawl: Crawl) -> None:
    items = json.loads(crawl(keep=["newsletter"]).stdout)["items"]
    (typed,) = [item for item in items if "typed" in item["url"]]
    given = Document(raw=page(PAGES).encode(), kind=Kind.HTML, url=typed["url"])
    assert typed["text"] == Cleaner(Options(keep=("newsletter",))).clean(given).text
    assert set(typed) == {"url", "text", "html"}


def test_an_item_that_cannot_be_cleaned_passes_with_the_reason(crawl: Crawl) -> None:
    (broken,) = [item for item in json.loads(crawl().stdout)["items"] if "broken" in item["url"]]
    assert broken["text"] == "\ud800"
    assert broken["cleaning_error"].startswith("InvalidInput: lone surrogate")


def test_wrong_settings_are_told_before_a_page_is_fetched(crawl: Crawl) -> None:
    done = crawl(profile="nope")
    assert json.loads(done.stdout)["items"] == []
    assert "unknown profile 'nope'" in done.stderr
