"""Lines to Blocks: wrapped paragraphs are one Block, everything else is a Block a line."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaner import Document, Limits
from cleaner.ingest import ingest
from cleaner.segment import Segmented, segment

PROSE = (
    "The council voted on Tuesday to rebuild the old bridge, after two winters in which nobody had "
    "been able to cross the river without driving to the next town. The work is to begin in spring "
    "and to take a year, the mayor said, if the river lets the workers have their way."
)
CHINESE = (
    "这座老桥在关闭两年之后于星期二重新开放，市政府说工程花费了三百万元。附近居民表示，他们从去年冬天起就在等待这一天，孩子们一早就跑到桥上，商店也都提前开了门。"
    * 2
)
POEM = (
    "I kept the jar of nails, the tin of twine,\nthe saw that sang whenever it was wet,\n"
    "a ladder missing one rung out of nine,\nand every promise nobody had met.\n"
    "The rain came in. The gutter gave a sigh.\nI kept the list of things I meant to do,"
)


def page(text: str) -> Segmented:
    return segment(ingest(Document(text=text), Limits()))


def blocks(text: str) -> list[str]:
    return [text[block.start : block.end] for block in page(text).blocks]


def wrap(text: str, width: int) -> str:
    return "\n".join(textwrap.wrap(text, width))


@pytest.mark.parametrize("width", [50, 60, 72, 80, 100])
@pytest.mark.parametrize("between", ["\n\n", "\n\n\n", "\n \n"])
def test_hard_wrapped_paragraphs_are_one_block_each(width: int, between: str) -> None:
    first, second = wrap(PROSE, width), wrap(PROSE.replace("Tuesday", "Friday"), width)
    text = f"{first}{between}{second}\n"
    assert blocks(text) == [first, second]
    assert all(block.wrapped for block in page(text).blocks)


def test_wrapped_text_keeps_its_crlf_inside_the_block() -> None:
    text = wrap(PROSE, 60).replace("\n", "\r\n")
    assert blocks(text) == [text]


def test_wrapped_chinese_is_one_block() -> None:
    text = "\n".join(textwrap.wrap(CHINESE, 36))
    assert blocks(text) == [text]


@pytest.mark.parametrize(
    "text",
    [
        POEM,
        "Home\nNews\nSport\nCulture\nVideo\nAbout us",
        "\n".join([PROSE, PROSE.upper(), PROSE]),
        "- flour and two spoons of sugar, sifted well\n- butter, cold and cut in pieces, salted\n"
        "- eggs, two of them, and a third one to brush\n- milk as much as the dough will take today",
        "1. Take the flour and sift it into a wide bowl.\n2. Cut the butter into pieces and rub it in.\n"
        "3. Beat the eggs and stir them in with a fork.\n4. Let the dough rest for an hour in the cold.",
        "a\nb",
    ],
    ids=["poem", "menu", "paragraph-a-line", "bullets", "numbers", "two"],
)
def test_lines_that_are_not_wrapped_are_a_block_each(text: str) -> None:
    assert blocks(text) == text.splitlines()
    assert not any(block.wrapped for block in page(text).blocks)


def test_title_and_bullets_in_a_wrapped_text_stand_alone() -> None:
    body = wrap(PROSE, 60)
    text = f"The bridge\n\n{body}\n\n• One thing to do\n• Another thing to do\n\n{body}\n\nShare\n"
    found = blocks(text)
    assert found == [
        "The bridge",
        body,
        "• One thing to do",
        "• Another thing to do",
        body,
        "Share",
    ]


def test_a_last_short_line_of_a_wrapped_paragraph_belongs_to_it() -> None:
    text = wrap(PROSE, 60) + "\n\n" + wrap(PROSE + " End of it.", 60)
    assert [row.splitlines()[-1] for row in blocks(text)] == [
        text.split("\n\n")[0].splitlines()[-1], text.splitlines()[-1],
    ]  # fmt: skip


def test_indented_lines_are_trimmed_and_blank_ones_belong_to_none() -> None:
    text = "  one  \n\t\n\u200b\n\u3000two\u00a0\n\ufeff\n"
    assert blocks(text) == ["one", "two"]


def test_wrapping_is_seen_alike_in_nfc_and_nfd() -> None:
    import unicodedata

    vietnamese = (
        "Cây cầu cũ đã mở cửa trở lại hôm thứ Ba sau hai năm sửa chữa, người dân nói rằng " * 4
    )
    for width in range(50, 90, 7):
        text = wrap(vietnamese, width)
        apart = unicodedata.normalize("NFD", text)
        assert len(blocks(text)) == len(blocks(apart)), width


SIGNS = (*"ab. \n\r\t-1", "\u2028", "\u200b", "word ", "Long words stand here ")


@given(st.lists(st.sampled_from(SIGNS), max_size=120).map("".join))
def test_blocks_stand_in_order_and_hold_all_that_can_be_seen(text: str) -> None:
    found = page(text)
    assert [block.first for block in found.blocks] == sorted(
        {block.first for block in found.blocks}
    )
    at = 0
    for block in found.blocks:
        assert at <= block.start < block.end
        assert not text[at : block.start].strip(" \n\r\t\u2028\u200b")
        assert found.lines[block.first].start <= block.start
        assert block.end <= found.lines[block.last].end
        at = block.end
    assert not text[at:].strip(" \n\r\t\u2028\u200b")


@given(st.text(max_size=120))
def test_folded_units_match_the_blocks(text: str) -> None:
    found = page(text)
    assert len(found.units) == len(found.blocks) == len(found.texts)
    assert all("\n" not in unit for unit in found.texts)
    assert all(
        left[1] <= right[0] for left, right in zip(found.units, found.units[1:], strict=False)
    )
