"""What is left of a case, and the connection over which the server is told and asked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping
    from pathlib import Path

    from hostility.reply import Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is left of a case, for its `check`."""

    database: Path
    names: Mapping[str, str]
    asked: tuple[Asked, ...]
    #: seconds that were waited for turns
    slept_s: float
    #: all that was logged
    log: str


class Control:
    """A connection over which the server is told and asked."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def ask(self, *words: object) -> Any:
        self._writer.write(" ".join(map(str, words)).encode() + b"\n")
        return json.loads(await self._reader.readline())
