"""Bytes to text: FAULTS 4 and 5, and that no bytes and no charset break anything."""

from __future__ import annotations

import codecs
from encodings.aliases import aliases

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaner import Document, InvalidInput, Kind, Limits
from cleaner.ingest import ingest
from cleaner.ingest.decode import decode

RUSSIAN = (
    "Мост открыли во вторник после двух лет ремонта, сообщила мэрия. Жители ждали этого дня. " * 4
)
JAPANESE = (
    "二年間の工事を終えて、古い橋が火曜日に再び開通した。市によると、費用は三億円だったという。" * 4
)
CHINESE = (
    "这座老桥在关闭两年之后于星期二重新开放，市政府说工程花费了三百万元。附近居民都很高兴。" * 4
)
KOREAN = "오래된 다리가 2년간의 공사를 마치고 화요일에 다시 열렸다. 주민들은 이날을 기다렸다." * 4


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        (RUSSIAN, "windows-1251"), (RUSSIAN, "koi8-r"), (RUSSIAN, "iso-8859-5"),
        (JAPANESE, "shift_jis"), (JAPANESE, "euc-jp"), (JAPANESE, "iso-2022-jp"),
        (CHINESE, "gb18030"), (CHINESE, "GB2312"), (KOREAN, "euc-kr"),
        ("Übergröße", "iso-8859-15"), ("Żółw", "windows-1250"), ("İğne", "windows-1254"),
        (RUSSIAN, "utf-16-le"), (RUSSIAN, "utf-16-be"), (RUSSIAN, " UTF-8 "), ("plain", "us-ascii"),
    ],
)  # fmt: skip
def test_declared_charset_is_believed(text: str, charset: str) -> None:
    assert decode(text.encode(charset.strip()), charset) == (text, [])


@pytest.mark.parametrize(
    ("text", "charset"),
    [(RUSSIAN, "windows-1251"), (JAPANESE, "shift_jis"), (CHINESE, "gb18030"), (KOREAN, "euc-kr")],
)
def test_undeclared_charset_is_detected_with_a_warning(text: str, charset: str) -> None:
    found, warnings = decode(text.encode(charset))
    assert found == text
    assert [warning.partition(":")[0] for warning in warnings] == ["charset_detected"]


@pytest.mark.parametrize(
    "codec", ["utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]
)
@pytest.mark.parametrize("declared", ["", "windows-1251"])
def test_byte_order_mark_wins_over_everything_and_is_no_text(codec: str, declared: str) -> None:
    marked = RUSSIAN if codec in ("utf-8-sig", "utf-16", "utf-32") else f"\ufeff{RUSSIAN}"
    assert decode(marked.encode(codec), declared) == (RUSSIAN, [])


def test_what_pages_call_latin_1_is_windows_1252() -> None:
    assert decode(b"\x93quoted\x94 \x80", "iso-8859-1")[0] == "“quoted” €"
    assert decode(b"\x93quoted\x94 \x80", "ascii")[0] == "“quoted” €"


def test_wrong_charset_that_utf_8_explains_is_corrected_with_a_warning() -> None:
    text, warnings = decode("Мост".encode(), "shift_jis")
    assert text == "Мост"
    assert [warning.partition(":")[0] for warning in warnings] == ["charset_mismatch"]


@pytest.mark.fault(4)
def test_invalid_bytes_are_replaced_with_a_warning() -> None:
    text, warnings = decode(b"The bridge \xff opened on Monday. " + b"It stays open. " * 50)
    assert text == "The bridge \ufffd opened on Monday. " + "It stays open. " * 50
    assert warnings[0].startswith("invalid_bytes: not utf-8 at byte 11")


@pytest.mark.fault(5)
@pytest.mark.parametrize(
    "charset", ["utf-9", "base64", "rot13", "undefined", "nonsense\0", "ü", "  "]
)
def test_bogus_charset_is_refused_by_name(charset: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        decode(b"text", charset)
    assert caught.value.field == "charset"
    assert repr(charset) in str(caught.value)


@pytest.mark.parametrize("codec", sorted(set(aliases.values())))
def test_no_codec_that_python_knows_breaks_on_garbage(codec: str) -> None:
    """It is refused by name, or it decodes with a warning; nothing else reaches a caller."""
    garbage = b"a\\ud800 \xff\xfe\x80+2AA- xn--\xf0 \\x" * 3
    for raw in (garbage, b"xn--a.-" * 9, b""):
        try:
            text, _ = decode(raw, codec)
        except InvalidInput as error:
            assert error.field == "charset"  # noqa: PT017  # the other way out is checked below
        else:
            text.encode("utf-8")


@given(
    st.binary(max_size=400),
    st.sampled_from(("", "utf-8", "utf-16", "shift_jis", "cp1252", "gb18030")),
)
def test_any_bytes_make_text(raw: bytes, charset: str) -> None:
    text, _ = decode(raw, charset)
    text.encode("utf-8")


@given(st.text(max_size=200))
def test_valid_utf_8_comes_back_as_it_was(text: str) -> None:
    if not text.startswith("\ufeff"):
        assert decode(text.encode()) == (text, [])


def page(charset: str, body: str = "") -> bytes:
    return f'<html><head><meta charset="{charset}"></head><body><p>{body}</p></body></html>'.encode(
        "ascii"
    )


def test_page_s_meta_charset_is_believed() -> None:
    raw = page("windows-1251").replace(b"<p>", b"<p>" + RUSSIAN.encode("windows-1251"))
    assert RUSSIAN in decode(raw, html=True)[0]
    assert (
        RUSSIAN
        in decode(raw.replace(b'meta charset="', b'meta content="text/html; charset='), html=True)[
            0
        ]
    )


def test_page_s_bogus_charset_is_the_page_s_fault_and_not_the_caller_s() -> None:
    assert "ok" in decode(page("utf-9", "ok"), html=True)[0]


@pytest.mark.parametrize("charset", ["utf-16", "utf-16le", "utf-16-be", "utf-32"])
def test_page_whose_meta_can_be_read_is_not_utf_16(charset: str) -> None:
    """The declaration stood there in ASCII bytes, so it cannot be true (WHATWG: take UTF-8)."""
    for body in ("ok", "okk", "okkk", "ok ok"):
        assert "<p>ok" in decode(page(charset, body), html=True)[0]


@pytest.mark.parametrize(
    "charset", ["unicode_escape", "raw_unicode_escape", "utf-7", "idna", "punycode"]
)
def test_page_cannot_choose_a_codec_that_is_no_charset_of_the_web(charset: str) -> None:
    raw = page(charset, "ok \\ud800 +2AA- ").replace(b"ok", b"ok \xc3\xbc")
    document = ingest(Document(raw=raw, kind=Kind.HTML), Limits())
    assert "ok ü" in document.text


def test_charset_stays_with_the_document_and_raw_does_not() -> None:
    document = ingest(Document(raw=RUSSIAN.encode("koi8-r"), charset="koi8-r"), Limits())
    assert (document.text, document.raw) == (RUSSIAN, None)
    assert codecs.lookup(document.charset).name == "koi8-r"
