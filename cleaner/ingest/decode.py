"""Bytes to text: the declared charset, a byte order mark, UTF-8, or a detected charset."""

from __future__ import annotations

import codecs
import re

from cleaner.errors import InvalidInput

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_META = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([a-zA-Z0-9_:.-]{1,40})""", re.I)
_META_WITHIN = 4096
# What pages call Latin-1 is Windows-1252 (WHATWG Encoding Standard, "iso-8859-1" label).
_BROWSERS_MEAN = {"iso8859-1": "cp1252", "ascii": "cp1252"}
# Labels of that standard that Python does not know.
_LABELS = {
    "windows-874": "cp874", "dos-874": "cp874", "x-sjis": "shift_jis", "x-gbk": "gbk",
    "x-mac-cyrillic": "mac-cyrillic", "iso-8859-8-i": "iso8859-8", "unicode-1-1-utf-8": "utf-8",
}  # fmt: skip
# Codecs of documents: those of the standard and their kin. Python has others, some of which
# make lone surrogates or run for minutes.
_NAMES = """
    ascii utf-8 utf-8-sig utf-16 utf-16-le utf-16-be utf-32 utf-32-le utf-32-be big5 big5hkscs
    cp932 cp949 cp950 euc_jp euc_kr gb2312 gbk gb18030 hz iso2022_jp iso2022_kr johab koi8-r
    koi8-t koi8-u kz1048 mac-cyrillic mac-greek mac-latin2 mac-roman mac-turkish ptcp154
    shift_jis shift_jis_2004 tis-620 cp437 cp720 cp737 cp775 cp850 cp852 cp855 cp857 cp858 cp860
    cp861 cp862 cp863 cp864 cp865 cp866 cp869 cp874 cp1125 cp1250 cp1251 cp1252 cp1253 cp1254
    cp1255 cp1256 cp1257 cp1258
"""
_CHARSETS = frozenset([*_NAMES.split(), *(f"iso8859-{part}" for part in range(1, 17))])


def decode(raw: bytes, charset: str = "", *, html: bool = False) -> tuple[str, list[str]]:
    """Return the text of `raw` and warnings about what had to be repaired.

    A byte order mark wins over `charset`, `charset` over a page's ``<meta>``, that over UTF-8,
    and UTF-8 over detection. Bytes that are invalid in the chosen charset become U+FFFD.

    Raises:
        InvalidInput: `charset` is no charset.
    """
    declared = _codec(charset) if charset else ""
    for mark, codec in _MARKS:
        if raw.startswith(mark):
            return _repair(raw[len(mark) :], codec)
    if not declared and html:
        declared = _declared_in_page(raw)
    if not declared:
        return _detected(raw)
    try:
        return raw.decode(declared), []
    except UnicodeDecodeError:
        pass
    try:
        return raw.decode("utf-8"), [f"charset_mismatch: declared {charset or declared}, is utf-8"]
    except UnicodeDecodeError:
        return _repair(raw, declared)


def _codec(charset: str) -> str:
    label = charset.strip().lower()
    try:
        name = codecs.lookup(_LABELS.get(label, label)).name
    except (LookupError, ValueError):
        name = ""
    if name not in _CHARSETS:
        raise InvalidInput(
            "charset", f"charset {charset!r} is unknown; name an IANA charset such as utf-8"
        )
    return _BROWSERS_MEAN.get(name, name)


def _declared_in_page(raw: bytes) -> str:
    if not (match := _META.search(raw[:_META_WITHIN])):
        return ""
    try:
        codec = _codec(match[1].decode("ascii"))
    except InvalidInput:
        return ""
    # A declaration that could be read byte by byte is not in UTF-16 (WHATWG HTML, prescan).
    return "utf-8" if codec.startswith(("utf-16", "utf-32")) else codec


def _detected(raw: bytes) -> tuple[str, list[str]]:
    try:
        return raw.decode("utf-8"), []
    except UnicodeDecodeError:
        pass
    # Imported here: most input is UTF-8, and the detector takes longer to import than to run.
    from charset_normalizer import from_bytes

    best = from_bytes(raw[:100_000]).best()
    # Text that is UTF-8 but for a few bytes is broken UTF-8, whatever else would decode it.
    broken = raw.decode("utf-8", errors="replace").count("\ufffd")
    if best is None or broken * 50 < len(raw):
        return _repair(raw, "utf-8")
    text, warnings = _repair(raw, best.encoding)
    return text, [f"charset_detected: {best.encoding}", *warnings]


def _repair(raw: bytes, codec: str) -> tuple[str, list[str]]:
    try:
        return raw.decode(codec), []
    except UnicodeDecodeError as error:
        text = raw.decode(codec, errors="replace")
        return text, [f"invalid_bytes: not {codec} at byte {error.start}; replaced by U+FFFD"]
