"""``google.rpc.Status`` back to the exceptions that the in-process Cleaner raises."""

from __future__ import annotations

from typing import TypeVar, cast

import grpc
from google.protobuf.message import Message
from google.rpc import code_pb2
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc import aio
from grpc_status import rpc_status

from cleaner.errors import (
    BundleError,
    CleanerError,
    DeadlineExceeded,
    InvalidInput,
    NotAllowed,
    Overloaded,
    ServerError,
    StoreError,
    TooLarge,
    UnknownName,
    Unreachable,
)
from cleaner.serve import status

_M = TypeVar("_M", bound=Message)


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
    return _by_code(error)


def _by_code(error: Status) -> CleanerError:
    """Return the exception for a status of a reason that this client does not know."""
    match error.code:
        case code_pb2.UNAVAILABLE:
            return Unreachable(error.message)
        case code_pb2.RESOURCE_EXHAUSTED if (again := _detail(error, RetryInfo())) is not None:
            delay = again.retry_delay
            return Overloaded(error.message, max(delay.seconds + delay.nanos / 1e9, 0.0))
        case code_pb2.RESOURCE_EXHAUSTED:
            return TooLarge("", error.message)
        case code_pb2.UNAUTHENTICATED | code_pb2.PERMISSION_DENIED:
            return NotAllowed(error.message)
        case code_pb2.DEADLINE_EXCEEDED:
            return DeadlineExceeded(error.message)
        case code_pb2.INVALID_ARGUMENT:
            return InvalidInput("request", error.message)
    return ServerError(error.message)


def _info(error: Status) -> ErrorInfo:
    info = _detail(error, ErrorInfo())
    return info if info is not None and info.domain == status.DOMAIN else ErrorInfo()


def _detail(error: Status, wanted: _M) -> _M | None:
    return next((wanted for detail in error.details if detail.Unpack(wanted)), None)


def call_error(error: grpc.RpcError, address: str) -> CleanerError:
    """Return the exception for a call that failed, by our status or by gRPC's own."""
    if not isinstance(error, grpc.Call | aio.AioRpcError):
        return ServerError("the call failed")
    told = rpc_status.from_call(cast(grpc.Call, error))
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
        case grpc.StatusCode.UNAUTHENTICATED | grpc.StatusCode.PERMISSION_DENIED:
            return NotAllowed(f"{address}: {details}")
    return ServerError(f"{code.name}: {details}")
