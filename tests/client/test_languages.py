"""Callers in other languages, and the examples: what the documents say to type is typed here."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATH = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
NODE = shutil.which("node")
MODULES = ROOT / "tests/client/examples/node/node_modules"
ADDRESS = "127.0.0.1:50051"
_BLOCK = re.compile(r"```sh\n(.*?)```", re.S)
_CURL = re.compile(r"(?:^printf (?:.*\\\n)*.*\|\n)?^buf curl (?:.*\\\n|.*\n(?= ))*.*$", re.M)

needs_buf = pytest.mark.skipif(
    not shutil.which("buf", path=PATH), reason="buf-bin is not installed"
)
needs_modules = pytest.mark.skipif(
    NODE is None or not MODULES.is_dir(),
    reason="Node.js or its packages are not installed: make test-node installs the latter",
)


def typed() -> Iterator[str]:
    """Yield every call by `buf curl` that a reader is told to type."""
    for name in ("README.md", "tests/client/examples/README.md"):
        for block in _BLOCK.findall((ROOT / name).read_text(encoding="utf-8")):
            yield from _CURL.findall(block)


def run(command: str, address: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-ec", command.replace(ADDRESS, address)],
        cwd=ROOT, env={**os.environ, "PATH": PATH}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def answers(text: str) -> list[dict[str, object]]:
    """Return the JSON values that stand one behind the other in an output."""
    decoder, found = json.JSONDecoder(), []
    while text := text.lstrip():
        value, end = decoder.raw_decode(text)
        found.append(value)
        text = text[end:]
    return found


def test_there_is_something_to_type() -> None:
    commands = list(typed())
    assert len(commands) >= 6
    assert sum(command.startswith("printf") for command in commands) == 1
    assert all(ADDRESS in command for command in commands)


@needs_buf
@pytest.mark.parametrize("command", list(typed()))
def test_buf_curl_works_as_typed(command: str, address: str) -> None:
    done = run(command, address)
    assert done.returncode == 0, done.stderr
    assert answers(done.stdout)


@needs_buf
def test_buf_curl_is_answered_as_told(address: str) -> None:
    told = {command: answers(run(command, address).stdout) for command in typed()}
    one, quoted, several, streamed, ruleset, health = list(dict.fromkeys(map(json.dumps, told.values())))  # fmt: skip
    assert json.loads(one)[0]["answer"]["text"] == "The bridge opened."
    (finding,) = json.loads(quoted)[0]["answer"]["removed"]
    assert finding["quote"].endswith("Read more »")
    assert finding["sourceRange"]["end"] == len("The bridge opened 🌉.\n\nRead more »") + 1
    items = json.loads(several)[0]["items"]
    assert ["answer" in item for item in items] == [True, False]
    assert [row["items"][0]["answer"]["text"] for row in json.loads(streamed)] == ["Monday.", "Tuesday."]  # fmt: skip
    assert json.loads(ruleset)[0]["ruleset"]["version"]
    assert json.loads(health) == [{"status": "SERVING"}]


@needs_modules
def test_nodes_client_is_served(address: str) -> None:
    done = subprocess.run(
        [NODE, "--test", ROOT / "tests/client/node.test.mjs"],
        env={**os.environ, "CLEANER_ADDRESS": address}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"# pass 5|pass 5", done.stdout)


@needs_modules
def test_nodes_example_prints_the_article(address: str) -> None:
    command = 'cd tests/client/examples/node && node client.mjs 127.0.0.1:50051 "The bridge opened.\n\nRead more »"'
    done = run(command, address)
    assert (done.stdout.strip(), done.returncode) == ("The bridge opened.", 0), done.stderr


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        return


def test_pythons_example_prints_the_articles_of_pages(address: str, tmp_path: Path) -> None:
    for n in range(3):
        page = f"<p>The bridge opened on day {n}, the council of the harbour said.</p><p>Read more »</p>"
        (tmp_path / f"{n}.html").write_text(page, encoding="utf-8")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path))) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        urls = [f"http://127.0.0.1:{site.server_port}/{n}.html" for n in range(3)]
        done = subprocess.run(
            [sys.executable, ROOT / "tests/client/examples/scrape.py", address, *urls],
            env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        site.shutdown()
    assert done.returncode == 0, done.stderr
    articles = [line for line in done.stdout.splitlines() if line]
    told = "The bridge opened on day {n}, the council of the harbour said."
    assert articles == [told.format(n=n) for n in range(3)]
