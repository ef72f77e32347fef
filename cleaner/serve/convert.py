"""Messages of ``cleaner.v1`` to the house's values and back.

The only module that knows both. It runs in the workers; messages are built by keyword, which
costs a third of setting field after field.
"""

from __future__ import annotations

from dataclasses import dataclass

from cleaner import Options
from cleaner.errors import InvalidInput
from cleaner.model import Document, Kind, Removal, Result
from cleaner.render.offsets import Unit, convert
from cleaner.v1 import answer_pb2, document_pb2, finding_pb2, options_pb2

_KINDS = {document_pb2.KIND_TEXT: Kind.TEXT, document_pb2.KIND_HTML: Kind.HTML}
_UNITS = {
    options_pb2.OFFSET_UNIT_UNSPECIFIED: Unit.CODE_POINT,
    options_pb2.OFFSET_UNIT_CODE_POINT: Unit.CODE_POINT,
    options_pb2.OFFSET_UNIT_UTF8: Unit.UTF8,
    options_pb2.OFFSET_UNIT_UTF16: Unit.UTF16,
}
_WIRE_UNITS = {
    Unit.CODE_POINT: options_pb2.OFFSET_UNIT_CODE_POINT,
    Unit.UTF8: options_pb2.OFFSET_UNIT_UTF8,
    Unit.UTF16: options_pb2.OFFSET_UNIT_UTF16,
}


@dataclass(frozen=True, slots=True)
class View:
    """How a caller wants an answer told; it changes no decision."""

    unit: Unit = Unit.CODE_POINT
    """What source ranges count."""
    quotes: bool = False
    """Whether to return what was removed."""
    source: bool = False
    """Whether to return the text that source ranges refer to."""


def document_of(message: document_pb2.Document) -> Document:
    """Return the Document of a message.

    Raises:
        InvalidInput: no kind, or no content.
    """
    kind = _KINDS.get(message.kind)
    if kind is None:
        raise InvalidInput("kind", "document.kind is required: KIND_TEXT or KIND_HTML")
    content = message.WhichOneof("content")
    if content is None:
        raise InvalidInput("text", "document.text or document.raw is required; it may be empty")
    return Document(
        text=message.text,
        raw=message.raw if content == "raw" else None,
        kind=kind,
        id=message.id,
        charset=message.charset,
        url=message.url,
        publisher=message.publisher,
        language=message.language,
        title=message.title,
    )


def options_of(message: options_pb2.Options) -> Options:
    """Return the Options of a message. Names are not looked up here."""
    return Options(
        profile=message.profile or Options().profile,
        remove=tuple(message.remove),
        keep=tuple(message.keep),
        detectors=tuple(message.detectors),
        min_confidence=message.min_confidence if message.HasField("min_confidence") else None,
        reflow=message.reflow,
    )


def view_of(message: options_pb2.Options) -> View:
    """Return the View of a message.

    Raises:
        InvalidInput: an offset unit of the future.
    """
    unit = _UNITS.get(message.offset_unit)
    if unit is None:
        known = ", ".join(options_pb2.OffsetUnit.keys())
        raise InvalidInput("offset_unit", f"unknown {message.offset_unit}; known: {known}")
    return View(unit, message.include_quotes, message.include_source_text)


def answer_of(result: Result, view: View) -> answer_pb2.Answer:
    """Return the message that tells of `result`."""
    source = result.document.text
    unit = _WIRE_UNITS[view.unit]
    removed = _ranges(source, [(row.start, row.end) for row in result.removed], view.unit)
    joins = _ranges(source, [(row.start, row.end) for row in result.joins], view.unit)
    return answer_pb2.Answer(
        id=result.document.id,
        text=result.text,
        removed=[
            _finding(
                removal,
                finding_pb2.SourceRange(start=start, end=end, unit=unit),
                source[removal.start : removal.end] if view.quotes else "",
            )
            for removal, (start, end) in zip(result.removed, removed, strict=True)
        ],
        joins=[
            finding_pb2.Join(
                source_range=finding_pb2.SourceRange(start=start, end=end, unit=unit),
                text=join.text,
            )
            for join, (start, end) in zip(result.joins, joins, strict=True)
        ],
        warnings=result.warnings,
        ruleset_version=result.ruleset_version,
        source_text=source if view.source else None,
    )


def _ranges(text: str, spans: list[tuple[int, int]], unit: Unit) -> list[tuple[int, int]]:
    if unit is Unit.CODE_POINT or not spans:
        return spans
    flat = convert(text, [offset for span in spans for offset in span], unit)
    return list(zip(flat[::2], flat[1::2], strict=True))


def _finding(removal: Removal, where: finding_pb2.SourceRange, quote: str) -> finding_pb2.Finding:
    verdict = removal.verdict
    return finding_pb2.Finding(
        category=verdict.category,
        action=finding_pb2.ACTION_REMOVED,
        source_range=where,
        confidence=verdict.confidence,
        detector=verdict.detector,
        evidence=[
            finding_pb2.Evidence(
                detector=row.detector,
                source=row.evidence.source,
                why=row.evidence.why,
                confidence=row.confidence,
            )
            for row in verdict.findings
        ],
        quote=quote,
        reason=verdict.reason,
    )
