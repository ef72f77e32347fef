"""Errors as ``google.rpc.Status``: what the caller did wrong and what would be right.

Nothing of the inside leaks: whatever is not a `CleanerError` becomes one fixed sentence.
"""

from __future__ import annotations

from google.protobuf import any_pb2
from google.protobuf.message import Message
from google.rpc.code_pb2 import (
    DEADLINE_EXCEEDED,
    FAILED_PRECONDITION,
    INTERNAL,
    INVALID_ARGUMENT,
    NOT_FOUND,
    PERMISSION_DENIED,
    RESOURCE_EXHAUSTED,
    UNAUTHENTICATED,
    UNAVAILABLE,
)
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from cleaner.errors import (
    BundleError,
    CleanerError,
    InvalidInput,
    StoreError,
    TooLarge,
    UnknownName,
)

DOMAIN = "cleaner.v1"
INVALID_INPUT = "INVALID_INPUT"
UNKNOWN_NAME = "UNKNOWN_NAME"
TOO_LARGE = "TOO_LARGE"
FAILURE = "FAILURE"
STORE = "STORE"
BUNDLE = "BUNDLE"
DEADLINE = "DOCUMENT_DEADLINE"
UNKNOWN_CALLER = "UNKNOWN_CALLER"
WRONG_ROLE = "WRONG_ROLE"
OVERLOADED = "OVERLOADED"
KNOWN_SEPARATOR = ","
# Unknown names are mistakes in how a caller asks, but for things that it asks for, and for states
# of the service that it counts on.
_UNKNOWN = {
    **dict.fromkeys(("rule", "publisher", "version"), NOT_FOUND),
    **dict.fromkeys(("ruleset_version", "expected_digest"), FAILED_PRECONDITION),
}
_DOCUMENT_FIELDS = {"kind", "text", "raw", "charset"}
_OPTION_FIELDS = {
    "category": "options.remove",
    "detector": "options.detectors",
    **{
        name: f"options.{name}"
        for name in ("profile", "keep", "min_confidence", "offset_unit", "ruleset_version")
    },
}


def status_of(error: CleanerError) -> Status:
    """Return the status that tells a caller of `error`."""
    match error:
        case UnknownName():
            code = _UNKNOWN.get(error.field, INVALID_ARGUMENT)
            known = KNOWN_SEPARATOR.join(error.known)
            facts = {"field": error.field, "name": error.name, "known": known}
            return _status(code, str(error), UNKNOWN_NAME, facts, _violation(error))
        case InvalidInput():
            facts = {"field": error.field}
            code = INVALID_ARGUMENT
            return _status(code, str(error), INVALID_INPUT, facts, _violation(error))
        case TooLarge():
            facts = {"limit": error.limit}
            return _status(RESOURCE_EXHAUSTED, str(error), TOO_LARGE, facts)
        case StoreError():  # its message names files of ours
            return _status(UNAVAILABLE, "the store cannot take it; nothing has changed", STORE, {})
        case BundleError():
            message = "the store's bundle is damaged; go back to another version"
            return _status(FAILED_PRECONDITION, message, BUNDLE, {})
    return internal()


def internal() -> Status:
    """Return the status for a failure of ours."""
    return _status(INTERNAL, "internal error", FAILURE, {})


def timed_out(seconds: float) -> Status:
    """Return the status for a document that took more than `seconds`."""
    message = f"the document took more than {seconds:g} s"
    return _status(DEADLINE_EXCEEDED, message, DEADLINE, {})


def out_of_memory() -> Status:
    """Return the status for a document that a worker has no room for."""
    return _status(RESOURCE_EXHAUSTED, "out of memory", TOO_LARGE, {"limit": "memory"})


def unauthenticated() -> Status:
    """Return the status for a call without a token that we know; it does not tell which."""
    message = "a token is required, and none that is known came: authorization: Bearer TOKEN"
    return _status(UNAUTHENTICATED, message, UNKNOWN_CALLER, {})


def denied(role: str) -> Status:
    """Return the status for a call that needs a token of another role."""
    message = f"this token may not do that; it takes one with the role {role}"
    return _status(PERMISSION_DENIED, message, WRONG_ROLE, {"role": role})


def overloaded(seconds: float) -> Status:
    """Return the status for a call that there is no room for; it may come back in `seconds`."""
    again = RetryInfo()
    again.retry_delay.FromMilliseconds(round(seconds * 1000))
    message = f"too much to do at present; try again in {seconds:.2g} s"
    return _status(RESOURCE_EXHAUSTED, message, OVERLOADED, {}, again)


def _violation(error: InvalidInput) -> Message:
    path = _OPTION_FIELDS.get(error.field, error.field)
    if error.field in _DOCUMENT_FIELDS:
        path = f"document.{error.field}"
    violation = BadRequest.FieldViolation(field=path, description=_clipped(str(error)))
    violations: Message = BadRequest(field_violations=[violation])
    return violations


def _clipped(text: str) -> str:
    # Errors travel in HTTP/2 trailers, of which 8 KiB arrive; a caller's name may be any size.
    return text if len(text) <= 400 else f"{text[:120]}…{text[-279:]}"


def _status(
    code: int, message: str, reason: str, facts: dict[str, str], *details: Message
) -> Status:
    short = {key: _clipped(value) for key, value in facts.items()}
    info = ErrorInfo(reason=reason, domain=DOMAIN, metadata=short)
    status = Status(code=code, message=_clipped(message))
    for detail in (info, *details):
        packed = any_pb2.Any()
        packed.Pack(detail)
        status.details.append(packed)
    return status
