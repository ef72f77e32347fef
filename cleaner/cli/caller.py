"""As whom the commands ask a service. It is told by the environment, where secrets belong.

``CLEANER_TOKEN``; ``CLEANER_CA``, a PEM file or ``default`` for the authorities that gRPC brings,
asks for TLS; ``CLEANER_CERTIFICATE`` and ``CLEANER_KEY`` are for a service that wants to see them.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from cleaner.client import Tls


class Caller(TypedDict):
    """Arguments of the clients."""

    token: str
    tls: Tls | None


def caller() -> Caller:
    """Return what the environment says (InvalidInput: it is no token, or half a pair)."""
    from cleaner.client import Tls

    ca, certificate, key = (
        os.environ.get(f"CLEANER_{name}", "") for name in ("CA", "CERTIFICATE", "KEY")
    )
    named = "" if ca == "default" else ca
    tls = Tls(named, certificate, key) if ca or certificate or key else None
    return Caller(token=os.environ.get("CLEANER_TOKEN", ""), tls=tls)
