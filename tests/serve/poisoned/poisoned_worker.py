"""A worker that does what certain documents say.

The product has no hooks for tests: here the pipeline is replaced, in a process of its own.
"""

import os
import signal
import time

from cleaner import Cleaner, Document, Result
from cleaner.serve import answering

_clean = Cleaner.clean


def _obey(self: Cleaner, document: str | Document) -> Result:
    text = document.text if isinstance(document, Document) else document
    if "POISON kill" in text:
        os.kill(os.getpid(), signal.SIGKILL)
    if "POISON spin" in text:
        time.sleep(600)
    if "POISON bug" in text:
        raise RuntimeError(f"private: {text}")
    if "POISON memory" in text:
        raise MemoryError
    if "POISON slow" in text:
        time.sleep(0.3)
    return _clean(self, document)


def main(*arguments: str) -> None:
    """Work, but obey."""
    Cleaner.clean = _obey  # type: ignore[method-assign,assignment]
    answering.main(*arguments)
