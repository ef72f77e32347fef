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
# Codecs of Python that are no charsets of documents; some make lone surrogates.
_NO_CHARSETS = frozenset({"unicode-escape", "raw-unicode-escape", "utf-7", "idna", "punycode"})


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
    try:
        info = codecs.lookup(charset.strip())
        "".encode(info.name)  # refuses base64 and other codecs that do not make text
        if info.name.replace("_", "-") in _NO_CHARSETS:
            raise LookupError
    except (LookupError, ValueError):
        raise InvalidInput(
            "charset", f"charset {charset!r} is unknown; name an IANA charset such as utf-8"
        ) from None
    return _BROWSERS_MEAN.get(info.name, info.name)


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
