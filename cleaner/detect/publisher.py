"""Whose page it is: the name that templates are kept under."""

from __future__ import annotations

import re
from functools import lru_cache
from unicodedata import normalize
from urllib.parse import urlsplit

from tld import get_fld

from cleaner.model import Document

_HOST = re.compile(r"(?!-)[\w-]+(?:\.[\w-]+)+", re.A)
_LONGEST = 200


def publisher_of(document: Document) -> str:
    """Return the name of the publisher of `document`, or '' if nothing tells.

    What the caller gave, else the registered domain of the URL by the list of public suffixes. A
    name that is a host is reduced to its registered domain too: both ways lead to one name.
    """
    return publisher_key(document.publisher or document.url)


@lru_cache(4096)
def publisher_key(name: str) -> str:
    """Return a publisher's name, host or URL in the one form that is looked up and stored."""
    name = " ".join(normalize("NFKC", name).casefold().split())[:_LONGEST]
    if not name:
        return ""
    host = _host(name)
    if not host:
        return name
    return get_fld(f"https://{host}", fail_silently=True) or host


def _host(name: str) -> str:
    """Return the host that `name` is or names, in ASCII; '' for any other name."""
    if "://" in name:
        try:
            name = urlsplit(name).hostname or ""
        except ValueError:
            return ""
    try:
        host = name.strip(".").encode("idna").decode("ascii")
    except UnicodeError:
        return ""
    return host if _HOST.fullmatch(host) else ""
