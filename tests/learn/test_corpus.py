from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cleaner.errors import InvalidInput
from cleaner.learn.corpus import FOLDS, read_pages

PAGE = '<html lang="de"><h1>Die Fähre wartet</h1><p class="byline">Von Anna</p><p>Text</p></html>'


def write(folder: Path, name: str, **columns: list[object]) -> None:
    pq.write_table(pa.table(columns), folder / f"{name}.parquet")


def test_pages_of_a_folder(tmp_path: Path) -> None:
    write(tmp_path, "b", id=["2"], url=["https://www.example.co.uk/x"], html=[PAGE.encode()])
    write(
        tmp_path, "a", id=["1"], url=["https://a.example/x"], html=[PAGE], main_content=["Text"],
        with_=[["Te"]], without=[["Von"]], page_type=["forum"], role=["dev"],
    )  # fmt: skip
    write(tmp_path, "lines", id=["9"], lines=[["no page"]])
    first, second = read_pages(tmp_path)
    assert (first.dataset, first.id, first.role, first.page_type) == ("a", "1", "dev", "forum")
    assert (first.gold, first.stays, first.goes) == ("Text", ("Te",), ("Von",))
    assert (second.publisher, second.role, second.gold) == ("example.co.uk", "train", "")
    assert second.language == "de"
    assert second.apart == ("Die Fähre wartet", "Von Anna")
    assert 0 <= second.fold < FOLDS


def test_no_publisher_has_two_roles(tmp_path: Path) -> None:
    urls = ["https://news.example/1", "https://news.example/2", "https://other.example/1"]
    write(tmp_path, "roles", id=["1"], url=urls[:1], html=[PAGE], role=["dev"])
    write(tmp_path, "without", id=["2", "3"], url=urls[1:], html=[PAGE, PAGE])
    assert [page.role for page in read_pages(tmp_path)] == ["dev", "dev", "train"]


def test_the_layout_of_the_article_extraction_benchmark(tmp_path: Path) -> None:
    (tmp_path / "html").mkdir()
    (tmp_path / "html" / "abc.html.gz").write_bytes(gzip.compress(PAGE.encode()))
    truth = {"abc": {"url": "https://a.example/", "articleBody": "Text"}}
    (tmp_path / "ground-truth.json").write_text(json.dumps(truth))
    (page,) = read_pages(tmp_path)
    assert (page.id, page.role, page.gold, page.markup) == ("abc", "dev", "Text", PAGE)


def test_a_folder_without_pages_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="holds no Parquet file with columns id, url, html"):
        list(read_pages(tmp_path))
