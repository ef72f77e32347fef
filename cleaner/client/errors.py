"""``google.rpc.Status`` back to the exceptions that the in-process Cleaner raises."""

from __future__ import annotations

import grpc
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from cleaner.errors import (
    BundleError,
    CleanerError,
    DeadlineExceeded,
    InvalidInput,
    ServerError,
    StoreError,
    TooLarge,
    UnknownName,
    Unreachable,
)
from cleaner.serve import status


def error_of(error: Status) -> CleanerError:
    """Return the exception for the status of one document or call."""
    info = _info(error)
    facts = info.metadata
    match info.reason:
        case status.UNKNOWN_NAME:
            known = tuple(facts["known"].split(status.KNOWN_SEPARATOR))
            return UnknownName(facts["field"], facts["name"], known)
        case status.INVALID_INPUT:
            return InvalidInput(facts["field"], error.message)
        case status.TOO_LARGE:
            return TooLarge(facts["limit"], error.message)
        case status.STORE:
            return StoreError(error.message)
        case status.BUNDLE:
            return BundleError(error.message)
        case status.DEADLINE:
            return DeadlineExceeded(error.message)
    return ServerError(error.message)


def _info(error: Status) -> ErrorInfo:
    info = ErrorInfo()
    for detail in error.details:
        if detail.Unpack(info) and info.domain == status.DOMAIN:
            return info
    return ErrorInfo()


def call_error(error: grpc.RpcError, address: str) -> CleanerError:
    """Return the exception for a call that failed, by our status or by gRPC's own."""
    if not isinstance(error, grpc.Call):
        return ServerError("the call failed")
    told = rpc_status.from_call(error)
    if told is not None:
        return error_of(told)
    code, details = error.code(), error.details() or "no details"
    match code:
        case grpc.StatusCode.UNAVAILABLE | grpc.StatusCode.CANCELLED:
            return Unreachable(f"no service at {address}: {details}")
        case grpc.StatusCode.DEADLINE_EXCEEDED:
            return DeadlineExceeded(f"no answer from {address} in time")
        case grpc.StatusCode.RESOURCE_EXHAUSTED:
            return TooLarge("max_message_bytes", details)
    return ServerError(f"{code.name}: {details}")
