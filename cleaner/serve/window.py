"""What a stream has on its way: answers in order, few enough and small enough to be held."""

from __future__ import annotations

import asyncio
from collections import deque

from cleaner.serve.backlog import Reply

Answer = asyncio.Task[Reply]


class Window:
    """Requests of one stream whose answers its caller has not taken yet."""

    def __init__(self, requests: int, size: int) -> None:
        self._most_requests = requests
        self._most_bytes = size
        self._answers: deque[tuple[Answer, int]] = deque()
        self._bytes = 0
        self._changed = asyncio.Condition()
        self.over = False
        """Whether no more will come, or is wanted."""

    @property
    def busy(self) -> bool:
        """Whether there is any."""
        return bool(self._answers)

    async def room(self, size: int) -> None:
        """Wait until there is room for so many bytes; a request alone always has room."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._has_room(size))

    def _has_room(self, size: int) -> bool:
        if self.over:
            return True
        few = len(self._answers) < self._most_requests
        return few and (not self._answers or self._bytes + size <= self._most_bytes)

    async def put(self, answer: Answer, size: int) -> None:
        """Add the answer to a request of so many bytes."""
        if self.over:
            answer.cancel()
            return
        self._answers.append((answer, size))
        self._bytes += size
        async with self._changed:
            self._changed.notify_all()

    async def end(self) -> None:
        """Tell that no more will come."""
        self.over = True
        async with self._changed:
            self._changed.notify_all()

    async def first(self) -> Answer | None:
        """Return the next answer, which stays here until it is `taken`; None at the end."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._answers or self.over)
        return self._answers[0][0] if self._answers else None

    async def taken(self) -> None:
        """Make room: the caller has the first answer."""
        if self._answers:  # else they have been dropped
            _, size = self._answers.popleft()
            self._bytes -= size
        async with self._changed:
            self._changed.notify_all()

    def drop(self) -> None:
        """Forget everything, and take no more."""
        self.over = True
        for answer, _ in self._answers:
            answer.cancel()
        self._answers.clear()
        self._bytes = 0
