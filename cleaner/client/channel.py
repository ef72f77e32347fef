"""Channels to a service: in the clear or over TLS, with a token or without.

The token goes with each call by an interceptor, for gRPC's own call credentials refuse any channel
without TLS, one to this very machine included.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from grpc import aio

from cleaner.errors import InvalidInput

_Options = Sequence[tuple[str, Any]]


@dataclass(frozen=True, slots=True)
class Tls:
    """Whom to believe, and whom to be. All are names of PEM files."""

    ca: str = ""
    """Authorities that may vouch for the service; '' for those that gRPC brings."""
    certificate: str = ""
    """This caller's own, for a service that asks for one; the leaf first."""
    key: str = ""
    """What the certificate was made with."""

    def __post_init__(self) -> None:
        if bool(self.certificate) != bool(self.key):
            raise InvalidInput("tls", "a certificate and its key go together: give both or none")


def open_channel(
    address: str, *, token: str = "", tls: Tls | None = None, options: _Options = ()
) -> grpc.Channel:
    """Return a channel to `address`; in the clear where `tls` is None.

    Raises:
        InvalidInput: a file of `tls` cannot be read, or `token` is no token.
    """
    if tls is None:
        channel = grpc.insecure_channel(address, options=options)
    else:
        channel = grpc.secure_channel(address, _credentials(tls), options=options)
    return grpc.intercept_channel(channel, _Bearer(token)) if token else channel


def open_async_channel(
    address: str, *, token: str = "", tls: Tls | None = None, options: _Options = ()
) -> aio.Channel:
    """Return the same for asyncio; call it within the event loop."""
    bearers = [kind(token) for kind in _ASYNC_BEARERS] if token else None
    if tls is None:
        return aio.insecure_channel(address, options=options, interceptors=bearers)
    return aio.secure_channel(address, _credentials(tls), options=options, interceptors=bearers)


def _credentials(tls: Tls) -> grpc.ChannelCredentials:
    return grpc.ssl_channel_credentials(_read(tls.ca), _read(tls.key), _read(tls.certificate))


def _read(path: str) -> bytes | None:
    if not path:
        return None
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InvalidInput("tls", f"cannot read {path}: {error.strerror}") from None


class _Bearer(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamUnaryClientInterceptor,
    grpc.StreamStreamClientInterceptor,
):
    """Adds the token to every call of a channel."""

    def __init__(self, token: str) -> None:
        self._pair = _authorization(token)

    def _intercept(self, call: Callable[[Any, Any], Any], details: Any, request: Any) -> Any:
        return call(_with(details, self._pair), request)

    intercept_unary_unary: Any = _intercept
    intercept_unary_stream: Any = _intercept
    intercept_stream_unary: Any = _intercept
    intercept_stream_stream: Any = _intercept


class _AsyncBearer:
    """The same for asyncio, which takes an interceptor for one kind of call only."""

    def __init__(self, token: str) -> None:
        self._pair = _authorization(token)

    async def _intercept(self, call: Callable[[Any, Any], Any], details: Any, request: Any) -> Any:
        return await call(_with(details, self._pair), request)


class _UnaryUnary(_AsyncBearer, aio.UnaryUnaryClientInterceptor):
    intercept_unary_unary: Any = _AsyncBearer._intercept


class _UnaryStream(_AsyncBearer, aio.UnaryStreamClientInterceptor):
    intercept_unary_stream: Any = _AsyncBearer._intercept


class _StreamUnary(_AsyncBearer, aio.StreamUnaryClientInterceptor):
    intercept_stream_unary: Any = _AsyncBearer._intercept


class _StreamStream(_AsyncBearer, aio.StreamStreamClientInterceptor):
    intercept_stream_stream: Any = _AsyncBearer._intercept


_ASYNC_BEARERS = (_UnaryUnary, _UnaryStream, _StreamUnary, _StreamStream)


def _authorization(token: str) -> tuple[str, str]:
    # gRPC would fail each call with a message about metadata that quotes the secret.
    if not token.isascii() or not token.isprintable() or " " in token:
        raise InvalidInput("token", "a token is printable ASCII without blanks")
    return "authorization", f"Bearer {token}"


def _with(details: Any, pair: tuple[str, str]) -> Any:
    return details._replace(metadata=aio.Metadata(*(details.metadata or ()), pair))
