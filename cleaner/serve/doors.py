"""Who may come in: certificates that can be replaced while the service runs, tokens with roles.

A file is looked at again when it may have changed. One that is broken then, or half written, is
told in the log and changes nothing: who could come in a moment ago still can.
"""

from __future__ import annotations

import hmac
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import grpc
from google.rpc.status_pb2 import Status
from grpc import aio

from cleaner.errors import CleanerError, InvalidInput
from cleaner.serve import status
from cleaner.serve.editions import state_of
from cleaner.serve.settings import Access

CLEAN, LEARN, ADMIN = "clean", "learn", "admin"
ROLES = (CLEAN, LEARN, ADMIN)
_HEALTH = "/grpc.health.v1.Health/"
_NEEDS = {
    "/cleaner.v1.CleanerService/": CLEAN,
    "/cleaner.v1.RulesetService/": CLEAN,
    # Who feeds pages does not decide what is learned from them.
    "/cleaner.v1.LearnerService/Publish": ADMIN,
    "/cleaner.v1.LearnerService/Rollback": ADMIN,
    "/cleaner.v1.LearnerService/": LEARN,
}
_SCHEME = "bearer "
_HASHED = "sha256:"
_LOOK_SECONDS = 1.0
_T = TypeVar("_T")
_log = logging.getLogger("cleaner.serve")


class Token(NamedTuple):
    """A token that is let in. The token itself is not kept."""

    role: str
    digest: bytes


class Watched(Generic[_T]):
    """What files come to, made anew when one of them has changed."""

    def __init__(self, paths: Iterable[str], make: Callable[[], _T]) -> None:
        """Read the files for the first time; whatever `make` raises then is the caller's."""
        self._paths = [path for path in paths if path]
        self._make = make
        self._state = self._look()
        self._looked = time.monotonic()
        self.value = make()

    def fresh(self) -> bool:
        """Look whether a file has changed; return whether there is a new value."""
        now = time.monotonic()
        if now - self._looked < _LOOK_SECONDS:
            return False
        self._looked = now
        if (state := self._look()) == self._state:
            return False
        self._state = state
        try:
            self.value = self._make()
        except CleanerError as error:
            _log.warning("the last good one stays: %s", error)
            return False
        _log.info("taken up anew: %s", ", ".join(self._paths))
        return True

    def _look(self) -> list[tuple[int, ...]]:
        return [state_of(path) for path in self._paths]


def server_credentials(access: Access) -> grpc.ServerCredentials | None:
    """Return credentials that follow their files; None without a certificate.

    Raises:
        InvalidInput: a file cannot be read, or holds something else.
    """
    if not access.certificate:
        return None
    files = (access.certificate, access.key, access.client_ca)
    watched = Watched(files, lambda: _certificates(access))

    def fetch() -> Any:
        # gRPC asks before every handshake, from a thread of its own.
        return watched.value if watched.fresh() else None

    return grpc.dynamic_ssl_server_credentials(watched.value, fetch, bool(access.client_ca))


def _certificates(access: Access) -> Any:
    chain = _read("access.certificate", access.certificate)
    key = _read("access.key", access.key)
    _check_pair(access)
    authorities = _read("access.client_ca", access.client_ca) if access.client_ca else None
    return grpc.ssl_server_certificate_configuration([(key, chain)], authorities)


def _check_pair(access: Access) -> None:
    """Refuse what gRPC would only refuse, without a word, to every caller."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # A password would be asked for on the terminal.
        context.load_cert_chain(access.certificate, access.key, password=lambda: b"")
    except (ssl.SSLError, OSError, ValueError):
        why = f"{access.certificate} and {access.key} are no PEM certificate and its key"
        raise InvalidInput("access.certificate", f"access.certificate: {why}") from None
    if access.client_ca:
        try:
            context.load_verify_locations(access.client_ca)
        except (ssl.SSLError, OSError):
            why = f"{access.client_ca} holds no PEM certificate"
            raise InvalidInput("access.client_ca", f"access.client_ca: {why}") from None


def _read(setting: str, path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InvalidInput(setting, f"{setting}: cannot read {path}: {error.strerror}") from None


def parse_tokens(text: str, source: str) -> list[Token]:
    """Return the tokens of lines such as ``clean = "sha256:…"``; ``#`` opens a comment.

    Raises:
        InvalidInput: names the line, and never what stands in it.
    """
    tokens: list[Token] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not (line := line.strip()) or line.startswith("#"):
            continue
        role, equals, secret = (part.strip() for part in line.partition("="))
        secret = secret.strip("\"'")
        if not equals or not secret or role not in ROLES:
            why = f'line {number} must be ROLE = "TOKEN" with a role of {", ".join(ROLES)}'
            raise InvalidInput(source, f"{source}: {why}")
        try:
            tokens.append(Token(role, _digest_of(secret)))
        except ValueError:
            why = f"line {number}: after sha256: there must be 64 hexadecimal digits"
            raise InvalidInput(source, f"{source}: {why}") from None
    if not tokens:
        raise InvalidInput(source, f"{source}: there is no token, so that nobody could come in")
    return tokens


def _digest_of(secret: str) -> bytes:
    if not secret.startswith(_HASHED):
        return sha256(secret.encode()).digest()
    digest = bytes.fromhex(secret.removeprefix(_HASHED))
    if len(digest) != sha256().digest_size:
        raise ValueError
    return digest


class Guard(aio.ServerInterceptor):
    """Lets a call in by its token. Health checks need none: a prober holds no secrets."""

    def __init__(self, access: Access) -> None:
        """Read the tokens (InvalidInput: there is something wrong with them)."""
        self._access = access
        self._tokens = Watched([access.tokens_file], self._read)

    def _read(self) -> list[Token]:
        tokens: list[Token] = []
        if path := self._access.tokens_file:
            text = _read("access.tokens_file", path).decode("utf-8", "replace")
            tokens += parse_tokens(text, "access.tokens_file")
        if self._access.tokens:
            tokens += parse_tokens(self._access.tokens.replace(",", "\n"), "access.tokens")
        return tokens

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        details: grpc.HandlerCallDetails,
    ) -> Any:
        """Hand the call on, or answer it with what is missing."""
        if not details.method.startswith(_HEALTH):
            metadata = dict(details.invocation_metadata or ())
            if refusal := self._refusal(details.method, metadata):
                return _refusing(refusal)
        return await continuation(details)

    def _refusal(self, method: str, metadata: Mapping[str, str | bytes]) -> Status | None:
        self._tokens.fresh()
        roles = self._roles(str(metadata.get("authorization", "")))
        if not roles:
            return status.unauthenticated()
        role = next((need for start, need in _NEEDS.items() if method.startswith(start)), None)
        # Whatever has no role of its own, such as reflection, is open to all who are known.
        if role is None or role in roles or ADMIN in roles:
            return None
        return status.denied(role)

    def _roles(self, header: str) -> set[str]:
        """Return what the header's token may do. Takes as long for a near miss as for any other."""
        if not header.lower().startswith(_SCHEME):
            return set()
        digest = sha256(header[len(_SCHEME) :].encode("utf-8", "replace")).digest()
        return {
            token.role for token in self._tokens.value if hmac.compare_digest(token.digest, digest)
        }


def _refusing(refusal: Status) -> grpc.RpcMethodHandler[Any, Any]:
    from cleaner.serve.servicers import sent
    from cleaner.serve.workers import Reply

    async def refuse(_: Any, context: Any) -> Any:
        yield await sent(Reply(False, refusal.SerializeToString()), context)

    # A handler of streams answers any kind of call, before it has read any of the request.
    return grpc.stream_stream_rpc_method_handler(refuse)
