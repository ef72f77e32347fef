"""The report shows what was learned and why; it is opened in a real browser where there is one."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cleaner.detect.rulebook import load_rulebook
from cleaner.detect.templates.bundle import SLOT, Template, Where
from cleaner.learn.templates.mined import Mined
from cleaner.learn.templates.report import learned_of, page_of

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]
Pages = Callable[..., list[dict[str, str]]]
ALKHALEEJ = Path(__file__).parent / "alkhaleej.jsonl"
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


@pytest.fixture(scope="module")
def report(run_cleaner: Run, harbour_pages: Pages, tmp_path_factory: pytest.TempPathFactory) -> Path:  # fmt: skip
    """Return the report on two publishers, written by the command."""
    folder = tmp_path_factory.mktemp("report")
    rows = harbour_pages("harbour.example", 40)
    pages = folder / "pages.jsonl"
    pages.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    done = run_cleaner(
        "learn", str(pages), str(ALKHALEEJ), "-o", str(folder / "a.bundle"), "--engine", "here", "--report", str(folder / "a.html")
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder / "a.html"


class Outline(HTMLParser):
    """The tags of a page and the text that stands in each kind of tag or class."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.open: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given = dict(attrs)
        self.addresses += [str(given[name]) for name in ("href", "src", "action") if name in given]
        if tag not in ("meta", "input", "path", "rect", "th"):
            self.open.append(f"{tag}.{given.get('class', '')}")

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("path", "rect", "th", "tr"):
            while self.open and self.open.pop().split(".")[0] != tag:
                pass

    def handle_data(self, data: str) -> None:
        for name in {part for kind in self.open for part in kind.split(".")}:
            self.texts.setdefault(name, []).append(data)


def test_the_report_is_one_page_without_script_or_network(report: Path) -> None:
    page = report.read_text(encoding="utf-8")
    outline = Outline(page)
    assert not {"script", "link", "img", "iframe"} & set(outline.tags)
    assert all(address.startswith("#") for address in outline.addresses)
    assert not re.search(r"url\(|@import", "".join(outline.texts["style"]))


def test_the_report_shows_templates_examples_and_what_was_refused(report: Path) -> None:
    page = report.read_text(encoding="utf-8")
    outline = Outline(page)
    assert outline.texts["h2"] == ["harbour.example", "alkhaleejtoday.example"]
    assert outline.tags.count("svg") == page.count('class="template"') > 2
    slots = [text for text in outline.texts["mark"] if text != SLOT]
    pages = [json.loads(line)["text"] for line in ALKHALEEJ.read_text(encoding="utf-8").splitlines()]  # fmt: skip
    titles = [text for text in slots if any(f"details of the news {text} for" in page for page in pages)]  # fmt: skip
    assert len(titles) == 3
    gone = " ".join(outline.texts["del"])
    assert "These were the details of the news" in gone
    assert "Home" in gone
    refused = " ".join(outline.texts["refused"])
    assert "What happens next" in refused
    assert "stands between the lines of articles" in refused


def test_what_pages_say_is_text_in_the_report() -> None:
    evil = '<script>alert(1)</script> & "{…}" <b>\'s'
    template = Template(
        evil, evil, Where.BLOCK, evil, 0.9, 3, 2, 0.5, 0, 400, "tail", 4, 9, evil, 7
    )
    refused = Template(evil, evil, Where.CLOSING, "other", 0.9, 3, 0, 0.5, -1, -1, "head", 0, 0, evil, 8, accepted=False)  # fmt: skip
    mined = Mined((template, refused), {evil: 9}, {template.id: (evil, evil.replace("{…}", "<i>"))})
    page = page_of(learned_of(mined.templates, mined, {}), load_rulebook().categories)
    outline = Outline(page)
    assert "script" not in outline.tags
    assert outline.tags.count("b") == 1, "the category"
    assert "1970-01-01 – 1971-02-05" in page


@pytest.fixture(scope="module")
def browser() -> str:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip(f"no browser on PATH ({', '.join(NAMES)}); Debian's package is chromium")
    return found


@pytest.fixture(scope="module")
def site(report: Path) -> Iterator[str]:
    """Serve the report's folder, and a page that shows it 400 pixels wide and measures it."""
    (report.parent / "probe.html").write_text(PROBE, encoding="utf-8")
    handler = partial(SimpleHTTPRequestHandler, directory=str(report.parent))
    handler.log_message = lambda *_: None  # type: ignore[attr-defined]
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


PROBE = """<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<iframe src="a.html" style="width:400px;height:800px;border:0"></iframe><pre id="found"></pre><script>
document.querySelector("iframe").onload = event => {
  const page = event.target.contentDocument, root = page.documentElement;
  const seen = node => node.checkVisibility() && node.getBoundingClientRect().height > 0;
  const texts = query => [...page.querySelectorAll(query)].filter(seen).map(node => node.textContent);
  const kept = () => page.querySelectorAll("article .gone").length - texts("article .gone").length;
  const found = {
    width: root.clientWidth, needs: root.scrollWidth, body: page.body.scrollWidth,
    publishers: texts("h2"), slots: texts("mark"), refused: texts(".refused li"), strips: texts("svg").length,
    struck: [...page.querySelectorAll("del")].filter(seen).map(node => getComputedStyle(node).textDecorationLine),
    hiddenBefore: kept(),
  };
  page.querySelectorAll(".only").forEach(box => box.click());
  found.hiddenAfter = kept();
  document.getElementById("found").textContent = JSON.stringify(found);
};
</script>"""


def test_the_report_in_a_browser(browser: str, site: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}", "--enable-logging=stderr",
         "--virtual-time-budget=5000", "--dump-dom", f"{site}/probe.html"],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert console == []
    match = re.search(r'<pre id="found">(\{.*?\})</pre>', done.stdout, re.DOTALL)
    assert match, done.stdout[-2000:]
    found = json.loads(match[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    assert 380 <= found["width"] <= 400, "a scroll bar may take some"
    assert max(found["needs"], found["body"]) <= found["width"], "nothing to scroll sideways"
    assert found["publishers"] == ["harbour.example", "alkhaleejtoday.example"]
    assert len({slot for slot in found["slots"] if slot.endswith("...")}) == 3, "titles of stories"
    assert any("What happens next" in row for row in found["refused"])
    assert found["strips"] > 2
    assert set(found["struck"]) == {"line-through"}
    assert found["hiddenBefore"] == 0
    assert found["hiddenAfter"] > 0, "the box hides what goes, without a script"
