"""The store stays small and whole, whoever writes to it and however that ends."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from newsroom import page, url

from cleaner.errors import BundleError, StoreError, UnknownName
from cleaner.learn.templates.learner import Learner
from cleaner.learn.templates.store import Page, Refusal, Store, StoreLimits

NAME = "tidewater-gazette.org"
DAY = 20_000


def pages(numbers: range, name: str = NAME, day: int | None = None) -> list[Page]:
    return [
        Page(url=url(name, n), text=page(name, n), day=DAY + n % 7 if day is None else day)
        for n in numbers
    ]


def test_pages_come_back_as_they_were_sent(tmp_path: Path) -> None:
    store = Store(tmp_path)
    sent = [
        Page(url=f"https://www.{NAME}/a?x=1#top", text="Text 🌉\n", day=DAY),
        Page(publisher=NAME, id="only an id", html=b"<p>\xff</p>", day=DAY + 1),
    ]
    assert store.observe(sent).accepted == 2
    second, first = Store(tmp_path).pages(NAME)
    assert (first.url, first.text, first.html, first.day) == (
        f"{NAME}/a?x=1",
        "Text 🌉\n",
        None,
        DAY,
    )
    assert (second.id, second.text, second.html) == ("only an id", None, b"<p>\xff</p>")
    held = store.profile(f"https://{NAME}/anything")
    assert held is not None
    assert (held.pages, held.days, held.first, held.last) == (2, 2, DAY, DAY + 1)


def test_a_url_is_one_page_and_the_newest_stands_for_it(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.observe([Page(url=f"http://{NAME}/a", text="old")])
    same = [f"https://www.{NAME.upper()}/a", f"https://{NAME}/a/#comments"]
    done = store.observe([Page(url=address, text=f"new {address}") for address in same])
    assert (done.accepted, done.replaced) == (2, 2)
    assert [row.text for row in store.pages(NAME)] == [f"new {same[-1]}"]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (Page(text="x", id="1"), Refusal.NO_PUBLISHER),
        (Page(text="x", publisher=NAME), Refusal.NO_ADDRESS),
        (Page(text=" \n", url=url(NAME, 1)), Refusal.EMPTY),
        (Page(text="x" * 2_001, url=url(NAME, 1)), Refusal.TOO_LARGE),
        (Page(text="x", url=url(NAME, 1) + "?" + "y" * 3_000), Refusal.TOO_LARGE),
        (Page(text="x", url=url(NAME, 1), day=400_000), Refusal.FUTURE),
    ],
)
def test_what_cannot_be_learned_from_is_refused(
    tmp_path: Path, given: Page, reason: Refusal
) -> None:
    store = Store(tmp_path, StoreLimits(page_bytes=2_000))
    done = store.observe([given, Page(text="good", url=url(NAME, 2))])
    assert (done.accepted, dict(done.refused)) == (1, {reason: 1})


@pytest.mark.fault(40)
def test_row40_a_flooded_day_pushes_out_itself(tmp_path: Path) -> None:
    store = Store(tmp_path, StoreLimits(pages=20))
    store.observe(pages(range(14)))
    store.observe(pages(range(100, 400), day=DAY + 50))
    days = [row.day for row in store.pages(NAME)]
    assert len(days) == 20
    assert {DAY + n for n in range(7)} <= set(days)
    assert days.count(DAY + 50) < 10


@pytest.mark.fault(41)
def test_row41_a_flood_of_names_pushes_out_itself(tmp_path: Path) -> None:
    store = Store(tmp_path, StoreLimits(publishers=50))
    store.observe(pages(range(5)))
    for start in range(0, 5_000, 500):
        store.observe(
            Page(publisher=f"flood-{n}", id="1", text="One.") for n in range(start, start + 500)
        )
    assert len(store.publishers()) == 50
    assert len(store.pages(NAME)) == 5
    (held,) = store.db.execute("SELECT count(*) FROM pages").fetchone()
    assert held == 5 + 49


@pytest.mark.fault(41)
def test_row41_odd_names_are_keys_and_nothing_else(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    names = [
        "../../etc/passwd",
        "bücher.example.com",
        "'; DROP TABLE pages; --",
        "n" * 100_000,
        "\x00",
        "🌉",
    ]
    store.observe(Page(publisher=name, id="1", text="One.") for name in names)
    assert [path.name for path in tmp_path.iterdir()] == ["store"]
    for name in names:
        assert [row.text for row in store.pages(name)] == ["One."]
    assert max(map(len, store.publishers())) <= 200
    assert len(store.pages("xn--bcher-kva.example.com")) == 1


def test_bytes_are_bounded(tmp_path: Path) -> None:
    store = Store(tmp_path, StoreLimits(bytes=40_000))
    for n in range(20):
        store.observe(pages(range(5), f"paper{n}.org"))
    (held,) = store.db.execute("SELECT sum(length(body)) FROM pages").fetchone()
    assert 20_000 < held <= 40_000
    assert "paper19.org" in store.publishers()
    assert "paper0.org" not in store.publishers()
    counted = store.db.execute("SELECT sum(pages), sum(bytes) FROM publishers").fetchone()
    assert counted == (store.db.execute("SELECT count(*) FROM pages").fetchone()[0], held)


@pytest.mark.fault(37)
def test_a_full_disk_is_refused_and_what_was_there_stays(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.observe(pages(range(5)))
    (used,) = store.db.execute("PRAGMA page_count").fetchone()
    store.db.execute(f"PRAGMA max_page_count = {used + 1}")
    with pytest.raises(StoreError, match="full"):
        store.observe(
            Page(url=url(NAME, n), html=os.urandom(20_000), day=DAY) for n in range(5, 50)
        )
    assert len(store.pages(NAME)) == 5
    store.db.execute("PRAGMA max_page_count = 100000")
    assert store.observe(pages(range(5, 9))).accepted == 4


@pytest.mark.fault(36)
def test_a_damaged_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "store.sqlite").write_bytes(b"no database" * 1_000)
    with pytest.raises(StoreError, match="cannot be opened"):
        Store(tmp_path)


def test_two_processes_observe_into_one_store(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from cleaner.learn.templates.store import *\n"
        "store = Store(Path(sys.argv[1]))\n"
        "for n in range(40): store.observe([Page(url=f'https://{sys.argv[2]}.org/{n}/{m}', text='One.') for m in range(3)])"
    )
    Store(tmp_path).close()
    with ThreadPoolExecutor() as threads:
        done = list(
            threads.map(
                lambda name: subprocess.run([sys.executable, "-c", code, tmp_path, name]),
                ["one", "two"],
            )
        )
    assert [process.returncode for process in done] == [0, 0]
    store = Store(tmp_path)
    assert [len(store.pages(f"{name}.org")) for name in ("one", "two")] == [120, 120]


@pytest.mark.fault(35)
def test_a_killed_writer_leaves_whole_batches(tmp_path: Path) -> None:
    code = (
        "import sys; from itertools import count; from pathlib import Path; from cleaner.learn.templates.store import *\n"
        "store = Store(Path(sys.argv[1]), StoreLimits(pages=100_000))\n"
        "for n in count():\n"
        "    store.observe(Page(url=f'https://one.org/{n}/{m}', text='One. ' * 500) for m in range(10))\n"
        "    print(n, flush=True)"
    )
    for _ in range(3):
        writer = subprocess.Popen([sys.executable, "-c", code, tmp_path], stdout=subprocess.PIPE)
        assert writer.stdout
        told = [int(writer.stdout.readline()) for _ in range(20)]
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        store = Store(tmp_path)
        assert store.db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        (held,) = store.db.execute("SELECT count(*) FROM pages").fetchone()
        assert held % 10 == 0
        assert held >= 10 * (told[-1] + 1)
        assert store.db.execute("SELECT sum(pages) FROM publishers").fetchone() == (held,)
        store.close()


@pytest.mark.fault(40)
def test_versions_are_published_and_gone_back_to(tmp_path: Path) -> None:
    learner = Learner(tmp_path)
    assert learner.current.number == 0
    learner.observe(pages(range(12)))
    first = learner.publish()
    assert learner.publish() == first  # nothing new, no version
    learner.observe(pages(range(12), "other-gazette.org"))
    second = learner.publish()
    assert (first.number, second.number, second.base) == (1, 2, 1)
    assert learner.rollback() == first
    third = learner.publish()  # a number is never used again
    assert (third.number, third.base, third.digest) == (3, 1, second.digest)
    assert learner.rollback() == first
    assert learner.rollback().number == 0
    with pytest.raises(UnknownName):
        learner.rollback()
    assert learner.rollback(2) == second
    with pytest.raises(UnknownName):
        learner.rollback(7)
    assert Learner(tmp_path).current == second


def test_a_damaged_version_is_not_gone_back_to(tmp_path: Path) -> None:
    learner = Learner(tmp_path)
    learner.observe(pages(range(12)))
    first = learner.publish()
    learner.rollback()
    path = tmp_path / first.path
    path.write_bytes(path.read_bytes()[:-100])
    watched = (tmp_path / "current.npz").read_bytes()
    with pytest.raises(BundleError):
        learner.rollback(1)
    assert learner.current.number == 0
    assert (tmp_path / "current.npz").read_bytes() == watched


@pytest.mark.parametrize("left", ["damaged", "missing"])
def test_a_store_whose_present_version_is_damaged_can_still_be_rolled_back(
    tmp_path: Path, left: str
) -> None:
    learner = Learner(tmp_path)
    learner.observe(pages(range(12)))
    path = tmp_path / learner.publish().path
    good = path.read_bytes()
    path.unlink()
    if left == "damaged":
        path.write_bytes(good[:-100])
    assert (tmp_path / "current.npz").read_bytes() == good
    again = Learner(tmp_path)
    assert (tmp_path / "current.npz").read_bytes() == good
    assert again.rollback().number == 0
    assert (tmp_path / "current.npz").read_bytes() != good


@pytest.mark.parametrize("left", ["old", "damaged", "missing"])
def test_whoever_opens_the_store_puts_the_watched_file_right(tmp_path: Path, left: str) -> None:
    learner = Learner(tmp_path)
    watched = tmp_path / "current.npz"
    old = watched.read_bytes()
    learner.observe(pages(range(12)))
    learner.publish()
    new = watched.read_bytes()
    watched.unlink()
    if left != "missing":
        watched.write_bytes(old if left == "old" else old[:50])
    Learner(tmp_path)
    assert watched.read_bytes() == new != old


def test_publishers_take_turns(tmp_path: Path) -> None:
    """Two that publish at once both succeed, one after the other."""
    for name in ("one.org", "two.org"):
        Learner(tmp_path).observe(pages(range(12), name))
    with ThreadPoolExecutor() as threads:
        done = list(
            threads.map(lambda name: Learner(tmp_path).publish([name]), ["one.org", "two.org"])
        )
    assert {version.number for version in done} == {1, 2}
    assert all(learner_rows(tmp_path, name) for name in ("one.org", "two.org"))


def learner_rows(folder: Path, name: str) -> int:
    return len(Learner(folder).profile(name)[1])


@pytest.mark.fault(37)
def test_a_store_that_another_holds_for_too_long_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path)
    other = sqlite3.connect(tmp_path / "store.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store.db.execute("PRAGMA busy_timeout = 50")
    started = time.monotonic()
    with pytest.raises(StoreError, match="locked"):
        store.observe(pages(range(2)))
    assert time.monotonic() - started < 20
    other.execute("ROLLBACK")
    assert store.observe(pages(range(2))).accepted == 2
