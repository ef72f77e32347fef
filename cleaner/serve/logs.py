"""Lines on stderr, as text or JSON. No document's text is ever in one.

Whatever comes from outside (an id, a publisher, a file's name) is escaped here, in one place: a
line break in it would make one event look like two, and a terminal obeys control characters.
"""

from __future__ import annotations

import json
import logging
import os
import re
from datetime import UTC, datetime

FORMAT = "CLEANER_TELEMETRY_LOG_FORMAT"
"""Tells processes of the service how lines look; the setting's own name in the environment."""
FACTS = "facts"
"""Extra of a record: what JSON has as fields of its own."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_LONGEST = 4_000
# What gRPC calls an answer whose caller had left: an event of every day, and logged as an error.
_CALLER_LEFT = "ExecuteBatchError"


def configure(form: str = "", level: int = logging.INFO) -> None:
    """Send records to stderr; processes that this one starts will do likewise."""
    form = form or os.environ.get(FORMAT, "text")
    os.environ[FORMAT] = form
    handler = logging.StreamHandler()
    handler.addFilter(_of_ours)
    handler.setFormatter(Json() if form == "json" else Text())
    logging.basicConfig(level=level, handlers=[handler])


def _of_ours(record: logging.LogRecord) -> bool:
    kind = record.exc_info[0] if record.exc_info else None
    return kind is None or kind.__name__ != _CALLER_LEFT


def escaped(text: str) -> str:
    """Return text on one line that a terminal can be trusted with."""
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]}…"
    return _CONTROL.sub(lambda found: ascii(found[0])[1:-1], text)


class Text(logging.Formatter):
    """The message and nothing else."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; a place in the code goes on one line, too."""
        return escaped(_message(record))


class Json(logging.Formatter):
    """One object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": record.process,
            "message": escaped(_message(record)),
            **getattr(record, FACTS, {}),
        }
        return json.dumps(line)


def _message(record: logging.LogRecord) -> str:
    # The text of a traceback's exception may quote a document; its type and place do not.
    message = record.getMessage()
    if record.exc_info and (kind := record.exc_info[0]):
        message = f"{message}: {kind.__name__}"
    return message
