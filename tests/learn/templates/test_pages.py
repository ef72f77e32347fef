"""Pages come from JSONL, Parquet and folders alike; what cannot be used is told once, with its place."""

from __future__ import annotations

import gzip
import json
import pickle
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cleaner import Cleaner
from cleaner.errors import InvalidInput
from cleaner.learn.templates.pages import document_of, read_pages
from cleaner.learn.templates.passes import PAGES

ROWS = [
    {"id": "one", "url": "https://a.example/1", "text": "Grüße vom Fluß", "date": "1970-01-03"},
    {"id": 2, "html": "<meta charset=iso-8859-1><p>Grüße", "publisher": "B Post", "date": "1970-01-02T23:00:00Z"},
    {"text": ""},
]  # fmt: skip


GERMAN = "Die Fähre fährt wieder, für Fußgänger und Räder; die Brücke bleibt bis März gesperrt."


def lines_of(*rows: object) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def read(*paths: Path, publisher: str = "") -> tuple[list[dict[str, object]], list[str]]:
    """Return all pages, read twice to the same effect, and what was told."""
    told: list[str] = []
    pages = read_pages(paths, publisher, told.append)
    first = [row for batch in pages() for row in batch.to_pylist()]
    count = len(told)
    assert [row for batch in pages() for row in batch.to_pylist()] == first
    assert len(told) == count, "a fault is told once"
    return first, told


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson", "a.jsonl.gz", "A.JSONL"])
def test_jsonl_lines_are_pages(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    content = lines_of(*ROWS[:2]) + b"\n" + lines_of(ROWS[2])
    file.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    rows, told = read(file)
    assert told == []
    assert [row["id"] for row in rows] == ["one", "2", f"{file}:4"]
    assert [row["day"] for row in rows] == [2, 1, -1]
    assert [row["publisher"] for row in rows] == ["", "B Post", ""]
    assert rows[0]["text"] == "Grüße vom Fluß"


def test_markup_that_is_text_already_is_not_decoded_as_the_page_says(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(lines_of(ROWS[1]))
    (row,), _ = read(tmp_path / "a.jsonl")
    assert Cleaner().clean(document_of(row)).document.text.strip() == "Grüße"


def test_batches_are_small_and_of_one_schema(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(lines_of(*({"text": str(n)} for n in range(300))))
    batches = list(read_pages([tmp_path / "a.jsonl"])())
    assert [batch.num_rows for batch in batches] == [128, 128, 44]
    assert all(batch.schema == PAGES for batch in batches)


@pytest.mark.parametrize(
    ("dates", "text"),
    [
        (pa.array([date(1970, 1, 3), None]), "text"),
        (pa.array([datetime(1970, 1, 3, 5), None]), "raw_text"),
        (pa.array(["1970-01-03", ""]), "text"),
    ],
)
def test_parquet_columns_are_jsonl_s_keys(tmp_path: Path, dates: pa.Array, text: str) -> None:
    columns = {"id": ["a", "b"], text: ["Yes.", None], "html": [None, b"<p>No."], "date": dates}
    pq.write_table(pa.table({**columns, "more": [1, 2]}), tmp_path / "a.parquet")
    rows, told = read(tmp_path / "a.parquet", publisher="P")
    assert told == []
    assert [(row["text"], row["html"], row["day"]) for row in rows] == [("Yes.", None, 2), (None, b"<p>No.", -1)]  # fmt: skip
    assert {row["publisher"] for row in rows} == {"P"}


def test_a_folder_is_a_publisher_and_its_files_are_pages(tmp_path: Path) -> None:
    folder = tmp_path / "harbour.example"
    (folder / "2026").mkdir(parents=True)
    (folder / "2026" / "b.html").write_bytes("<meta charset=iso-8859-1><p>Grüße".encode("latin-1"))
    (folder / "a.txt").write_bytes(GERMAN.encode("latin-1"))
    (folder / "notes.md").write_text("no page")
    rows, told = read(folder)
    assert told == []
    assert [(row["id"], row["publisher"]) for row in rows] == [("2026/b.html", "harbour.example"), ("a.txt", "harbour.example")]  # fmt: skip
    assert rows[1]["text"] == GERMAN
    assert Cleaner().clean(document_of(rows[0])).document.text.strip() == "Grüße"
    named, _ = read(folder, publisher="Other")
    assert {row["publisher"] for row in named} == {"Other"}


def test_pages_of_two_folders_share_no_id(tmp_path: Path) -> None:
    for name in ("north", "south"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.txt").write_text("Yes.")
    rows, _ = read(tmp_path / "north", tmp_path / "south")
    assert len({str(row["id"]) for row in rows}) == 2
    assert [row["publisher"] for row in rows] == ["north", "south"]


BAD = {
    b"not json": "not JSON",
    b"[1]": "a JSON object was expected, not list",
    b'{"id": "x"}': "has neither 'text' nor 'html'",
    b'{"text": 7}': "'text' must be a string",
    b'{"html": []}': "'html' must be a string",
    b'{"text": "a", "url": 7}': "'url' must be a string",
    b'{"text": "\\ud800"}': "lone surrogate U+D800",
    b'{"text": "a", "date": "31 May"}': "date '31 May' is not like 2026-05-31",
    b'{"text": "a", "date": 7}': "'date' must be a string like",
    b"\xff": "not JSON",
    b"[" * 100_000: "not JSON",
}


def test_bad_lines_are_told_with_their_place_and_left_out(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(b"".join(bad + b"\n" + lines_of({"text": "good"}) for bad in BAD))
    rows, told = read(file)
    assert [row["text"] for row in rows] == ["good"] * len(BAD)
    assert len(told) == len(BAD)
    for n, (line, why) in enumerate(zip(told, BAD.values(), strict=True)):
        assert line.startswith(f"{file}:{2 * n + 1}: ")
        assert why in line


def test_a_file_that_breaks_off_gives_what_it_has(tmp_path: Path) -> None:
    whole = gzip.compress(lines_of(*({"text": f"{n * 7919}"} for n in range(5000))))
    (tmp_path / "a.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "b.jsonl.gz").write_bytes(b"no gzip")
    (tmp_path / "c.parquet").write_bytes(b"PAR1 and no more")
    pq.write_table(pa.table({"title": ["a"]}), tmp_path / "d.parquet")
    rows, told = read(*sorted(tmp_path.iterdir()))
    assert 0 < len(rows) < 5000
    assert [line.partition(": ")[0] for line in told] == [str(path) for path in sorted(tmp_path.iterdir())]  # fmt: skip
    assert "has no column 'text', 'raw_text' or 'html', only title" in told[3]


def test_paths_that_are_no_pages_are_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,text")
    (tmp_path / "empty").mkdir()
    for path, why in (("none", "no such file"), ("a.csv", ".jsonl.gz"), ("empty", "no pages in it")):  # fmt: skip
        with pytest.raises(InvalidInput, match=why) as caught:
            read_pages([tmp_path / path])
        assert str(tmp_path / path) in str(caught.value)


def test_pages_travel_to_other_processes(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(lines_of(*ROWS))
    pages = read_pages([tmp_path / "a.jsonl"])
    assert list(pickle.loads(pickle.dumps(pages))()) == list(pages())  # noqa: S301
