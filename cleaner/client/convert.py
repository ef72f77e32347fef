"""The house's values to messages of ``cleaner.v1`` and back, from the caller's side."""

from __future__ import annotations

from dataclasses import replace

from cleaner.errors import InvalidInput
from cleaner.model import Action, Document, Evidence, Finding, Join, Kind, Removal, Result, Verdict
from cleaner.profiles import Options
from cleaner.v1 import answer_pb2, document_pb2, finding_pb2, options_pb2

_KINDS = {Kind.TEXT: document_pb2.KIND_TEXT, Kind.HTML: document_pb2.KIND_HTML}
_HINTS = ("id", "charset", "url", "publisher", "language", "title")


def as_document(given: str | bytes | Document) -> Document:
    """Return what a caller has as a Document; a caller's side need not import the pipeline.

    Raises:
        InvalidInput: it is nothing of the kind.
    """
    match given:
        case Document():
            return given
        case str():
            return Document(text=given)
        case bytes():
            return Document(raw=given)
    raise InvalidInput("document", f"{type(given).__name__} is no str, bytes or Document")


def message_of(document: Document) -> document_pb2.Document:
    """Return the message for a Document.

    Raises:
        InvalidInput: a lone surrogate in one of its strings, or something that is no string.
    """
    try:
        message = document_pb2.Document(
            kind=_KINDS[document.kind], **{name: getattr(document, name) for name in _HINTS}
        )
        if document.raw is None:
            message.text = document.text
        else:
            message.raw = document.raw
    except (TypeError, ValueError):  # UnicodeEncodeError is one too
        raise _wrong(document) from None
    return message


def _wrong(document: Document) -> InvalidInput:
    for name in ("text", *_HINTS):
        value = getattr(document, name)
        if not isinstance(value, str):
            return InvalidInput(name, f"{name} is {type(value).__name__}, not str")
        try:
            value.encode()
        except UnicodeEncodeError as error:
            code = ord(value[error.start])
            return InvalidInput(
                name, f"lone surrogate U+{code:04X} at offset {error.start} of {name}"
            )
    return InvalidInput("text", "the document cannot be encoded")


def options_message(options: Options, ruleset_version: str) -> options_pb2.Options:
    """Return the message for Options, with offsets in code points."""
    return options_pb2.Options(
        profile=options.profile,
        remove=options.remove,
        keep=options.keep,
        detectors=options.detectors,
        reflow=options.reflow,
        min_confidence=options.min_confidence,
        offset_unit=options_pb2.OFFSET_UNIT_CODE_POINT,
        ruleset_version=ruleset_version,
    )


def needs_source(document: Document) -> bool:
    """Return whether the server's text, which offsets refer to, differs from the caller's."""
    return document.kind is Kind.HTML or document.raw is not None


def result_of(answer: answer_pb2.Answer, document: Document) -> Result:
    """Return the Result that an answer tells of."""
    if answer.HasField("source_text"):
        document = replace(document, text=answer.source_text, raw=None)
    removed = tuple(_removal(finding) for finding in answer.removed)
    return Result(
        document=document,
        text=answer.text,
        verdicts=tuple(removal.verdict for removal in removed),
        removed=removed,
        ruleset_version=answer.ruleset_version,
        joins=tuple(
            Join(row.source_range.start, row.source_range.end, row.text) for row in answer.joins
        ),
        warnings=tuple(answer.warnings),
    )


def _removal(finding: finding_pb2.Finding) -> Removal:
    start, end = finding.source_range.start, finding.source_range.end
    findings = tuple(
        Finding(
            detector=row.detector,
            start=start,
            end=end,
            category=finding.category,
            confidence=row.confidence,
            evidence=Evidence(row.source, row.why),
        )
        for row in finding.evidence
    )
    verdict = Verdict(
        start, end, Action.REMOVE, finding.category, finding.confidence, findings, finding.reason
    )
    return Removal(start, end, verdict)
