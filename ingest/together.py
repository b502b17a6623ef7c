"""Calls of the store that many steps make at the same time, made together: one hop to a thread, one transaction.

A poll that brings nothing new costs more for the way to the database and back than for what is written there.
"""

from __future__ import annotations

import asyncio
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ingest.ports import Store

P = ParamSpec("P")
T = TypeVar("T")

#: A transaction of so many articles takes a quarter of a second, and other processes may wait for it.
MOST_AT_ONCE = 50


class Together:
    """Makes calls in a thread, in the order in which they come; those that come while others are made, together.

    *make* makes several calls and returns what each returned or raised. For one event loop.
    """

    def __init__(self, make: Callable[[Sequence[Callable[[], Any]]], Sequence[Any]]) -> None:
        self._make = make
        self._waiting: deque[tuple[Callable[[], Any], asyncio.Future[Any]]] = deque()
        self._task: asyncio.Task[None] | None = None

    async def call(self, function: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
        """As `asyncio.to_thread`; but a call that is cancelled before it has begun is not made."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((partial(function, *arguments, **options), future))
        if self._task is None:
            self._task = asyncio.create_task(self._work(), name="together")
        return await future

    async def _work(self) -> None:
        try:
            while self._waiting:
                some = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_AT_ONCE))]
                await self._make_some([(call, future) for call, future in some if not future.done()])
        finally:
            self._task = None
            # Left only when this task was cancelled, as at the end of the program.
            for _, future in self._waiting:
                future.cancel()
            self._waiting.clear()

    async def _make_some(self, some: Sequence[tuple[Callable[[], Any], asyncio.Future[Any]]]) -> None:
        if not some:
            return
        outcomes: Sequence[Any]
        try:
            outcomes = await asyncio.to_thread(self._make, [call for call, _ in some])
        except asyncio.CancelledError:
            for _, future in some:
                future.cancel()
            raise
        except BaseException as error:  # noqa: BLE001  # it is for those who wait, who would wait for ever
            outcomes = [error] * len(some)
        for (_, future), outcome in zip(some, outcomes, strict=True):
            if future.done():
                continue
            if isinstance(outcome, BaseException):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)


class StoreCalls:
    """The calls that steps make of a store: those that read, and those that write, each together.

    `await calls.write(store.save, item)` returns when what it wrote is committed.
    """

    def __init__(self, store: Store) -> None:
        self._reads = Together(store.read_together)
        self._writes = Together(store.write_together)

    async def read(self, method: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
        """Call a method of the store that reads; what was committed before is seen."""
        return await self._reads.call(method, *arguments, **options)

    async def write(self, method: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
        """Call a method of the store that writes."""
        return await self._writes.call(method, *arguments, **options)
