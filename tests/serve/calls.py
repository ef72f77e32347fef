"""Short ways to say a request and to read a refusal."""

from __future__ import annotations

from typing import Any

import grpc
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from cleaner.v1 import cleaner_service_pb2 as pb
from cleaner.v1 import document_pb2, options_pb2

TEXT = document_pb2.KIND_TEXT


def text(content: str, **fields: Any) -> document_pb2.Document:
    """Return a text document."""
    return document_pb2.Document(kind=TEXT, text=content, **fields)


def raw(content: bytes, **fields: Any) -> document_pb2.Document:
    """Return a text document as bytes."""
    return document_pb2.Document(kind=TEXT, raw=content, **fields)


def one(document: document_pb2.Document, **options: Any) -> pb.CleanRequest:
    """Return a request for one document."""
    return pb.CleanRequest(options=options_pb2.Options(**options), document=document)


def many(documents: list[document_pb2.Document], **options: Any) -> pb.BatchCleanRequest:
    """Return a request for several documents."""
    return pb.BatchCleanRequest(options=options_pb2.Options(**options), documents=documents)


def status_of(error: grpc.RpcError) -> Status:
    """Return the rich status of a failed call."""
    assert isinstance(error, grpc.Call)
    status = rpc_status.from_call(error)
    assert status is not None
    return status


def reason(status: Status) -> ErrorInfo:
    """Return why, for a machine."""
    info = ErrorInfo()
    assert any(detail.Unpack(info) for detail in status.details)
    return info


def fields(status: Status) -> list[str]:
    """Return the fields that were at fault."""
    bad = BadRequest()
    for detail in status.details:
        detail.Unpack(bad)
    return [violation.field for violation in bad.field_violations]
