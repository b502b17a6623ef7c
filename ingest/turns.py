"""Turns: work on the same thing is done one after the other, work on different things side by side."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@dataclass(slots=True)
class _Turn:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0


class Turns:
    """A lock for each thing that is worked on at the moment; things nobody works on take no memory."""

    def __init__(self) -> None:
        self._turns: dict[str, _Turn] = {}

    def __len__(self) -> int:
        return len(self._turns)

    @asynccontextmanager
    async def hold(self, thing: str) -> AsyncIterator[bool]:
        """Hold *thing* alone. Gives whether this had to wait for another one."""
        turn = self._turns.setdefault(thing, _Turn())
        turn.users += 1
        has_waited = turn.lock.locked()
        try:
            async with turn.lock:
                yield has_waited
        finally:
            turn.users -= 1
            if not turn.users:
                del self._turns[thing]
