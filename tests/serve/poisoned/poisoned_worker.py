"""A worker that does what certain documents say.

The product has no hooks for tests: here the pipeline is replaced, in a process of its own.
"""

import os
import signal
import time

from cleaner import Cleaner, Document, Result
from cleaner.serve import answering

_clean = Cleaner.clean
_hoard: list[bytes] = []


def _obey(self: Cleaner, document: str | Document) -> Result:
    text = document.text if isinstance(document, Document) else document
    if "POISON kill" in text:
        os.kill(os.getpid(), signal.SIGKILL)
    if "POISON spin" in text:
        time.sleep(600)
    if "POISON bug" in text:
        raise RuntimeError(f"private: {text}")
    if "POISON crash" in text:
        os.kill(os.getpid(), signal.SIGSEGV)
    if "POISON memory" in text:
        bytearray(1 << 33)
    if "POISON swell" in text:
        _hoard.append(b"x" * (200 << 20))
    if "POISON slow" in text:
        time.sleep(0.3)
    for _ in range(100 if "POISON stages" in text else 0):
        time.sleep(0.05)
        if self.between:
            self.between()
    return _clean(self, document)


def main(*arguments: str) -> None:
    """Work, but obey."""
    Cleaner.clean = _obey  # type: ignore[method-assign,assignment]
    answering.main(*arguments)
