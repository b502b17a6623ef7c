"""Asking servers from a command: whoever asked to be left alone is, as a poll would."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ingest.fetch import Fetcher
    from ingest.remembered import Remembered
    from wirewatch.cli.wiring import Call


@asynccontextmanager
async def looking(call: Call) -> AsyncIterator[Fetcher]:
    """Open a fetcher that knows what servers have asked for, where there is a database that says so.

    What it learns is not stored. Raises ConfigError.
    """
    remembered = await asyncio.to_thread(_remembered, call)
    async with call.app.fetcher(remembered) as fetcher:
        yield fetcher


def _remembered(call: Call) -> Remembered | None:
    from contextlib import closing

    from ingest.errors import StoreError
    from ingest.model import utc_now
    from wirewatch.upkeep import recall

    try:
        with closing(call.app.store()) as store:
            return recall(store, utc_now())
    except StoreError:
        # A look needs no database; a command that does says what is wrong with it.
        return None
