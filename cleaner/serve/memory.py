"""How much memory a worker may have, and how the front gives back what it had.

A worker has two fences. The kernel's RLIMIT_DATA counts what a process has of its own, heap and
anonymous maps alike, and makes an allocation beyond it fail: Python raises MemoryError, the
document gets its status, and the worker lives. RLIMIT_AS would also count mapped files and
reserved address space, of which numpy and threads take much and use little; RLIMIT_RSS has had no
effect for 20 years. And what a worker still holds between documents, because a leak or a cache has
grown, is looked at after every frame: no fence is needed there, it is replaced when it suits.
"""

from __future__ import annotations

import asyncio
import ctypes
import resource

_GIVE_BACK_SECONDS = 10.0
# Parameters of glibc's mallopt, and what they are set to: from what size on a piece has pages of
# its own, which go back at once, and how many arenas there are.
_M_MMAP_THRESHOLD, _LARGE_BYTES = -3, 128 * 1024
_M_ARENA_MAX, _ARENAS = -8, 2
_PAGE = resource.getpagesize()


class Memory:
    """The memory of this process."""

    def __init__(self, most: int) -> None:
        self._most = most

    def cap(self) -> None:
        """Make allocations fail beyond the limit, from now on."""
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        most = self._most if hard == resource.RLIM_INFINITY else min(self._most, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))

    def swollen(self) -> bool:
        """Whether more than half of the limit is held with no document in hand."""
        try:
            with open("/proc/self/statm", "rb") as told:
                resident = int(told.read().split()[1]) * _PAGE
        except OSError:  # not Linux: the worker's number of documents is what ends it
            return False
        return resident > self._most // 2


async def give_back() -> None:
    """Return to the system, again and again, what the allocator keeps and nobody uses.

    glibc keeps freed pieces in an arena for each of gRPC's threads, and takes ever larger ones from
    there once some have been freed. Streams that stall by turns fill one arena after the other, and
    a service that has long been idle would look like one that leaks.
    """
    library = ctypes.CDLL(None)
    trim = getattr(library, "malloc_trim", None)
    if trim is None:  # another C library, with other habits
        return
    library.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
    library.mallopt(_M_ARENA_MAX, _ARENAS)
    while True:
        await asyncio.sleep(_GIVE_BACK_SECONDS)
        await asyncio.to_thread(trim, 0)
