"""How many threads a process of ours takes for arithmetic: one.

The classifier's matrices are so small that a second thread of numpy's linear algebra only waits
for the first: on two busy cores it made a page five times slower. Who uses the library in a
process of their own sets ``OPENBLAS_NUM_THREADS`` as they like.
"""

from __future__ import annotations

import os


def one_thread() -> None:
    """Ask for one thread in this process, if numpy is not loaded yet, and in all it starts."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
