"""A sign of life on standard error, where that is a terminal."""

from __future__ import annotations

import sys
import time
from typing import Self

#: No line is shown that stands for less: nobody reads faster, and a terminal far away takes its time for each.
SHOWN_S = 0.1


class Progress:
    """Shows "12/40 feeds" in one line, which is gone in the end; a context manager."""

    def __init__(self, total: int, what: str) -> None:
        self._total = total
        self._what = what
        self._done = 0
        self._is_shown = sys.stderr.isatty()
        self._shown_at = float("-inf")

    def __enter__(self) -> Self:
        self.show(0, self._total)
        return self

    def step(self) -> None:
        """One more is done."""
        self._done += 1
        self.show(self._done, self._total)

    def show(self, done: int, total: int) -> None:
        """Show how many of how many are done; not each, where they are many in a moment."""
        now = time.monotonic()
        if done == total or now - self._shown_at >= SHOWN_S:
            self._shown_at = now
            self._write(f"{done}/{total} {self._what}")

    def __exit__(self, *_: object) -> None:
        self._write("")

    def _write(self, text: str) -> None:
        if self._is_shown:
            # back to the first column, and clear the line
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()
