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
        if self._what:
            self.show(0, self._total)
        return self

    def step(self) -> None:
        """One more is done."""
        self._done += 1
        self.show(self._done, self._total)

    def show(self, done: int, total: int) -> None:
        """Show how many of how many are done, 0 where that is not known; not each, where they are many in a moment."""
        now = time.monotonic()
        if done == total or now - self._shown_at >= SHOWN_S:
            self._shown_at = now
            self._write(f"{done}/{total} {self._what}" if total or not done else f"{done} {self._what}")

    def show_part(self, what: str, done: int, total: int) -> None:
        """As `show`, of work that has several parts, each with its name."""
        self._what = what
        self.show(done, total)

    def show_bytes(self, done: int, total: int) -> None:
        """As `show`, in megabytes."""
        self.show(done // 1_000_000, total // 1_000_000)

    def say(self, text: str) -> None:
        """Show what is done, where nobody knows how much there is."""
        now = time.monotonic()
        if now - self._shown_at >= SHOWN_S:
            self._shown_at = now
            self._write(text)

    def __exit__(self, *_: object) -> None:
        self._write("")

    def _write(self, text: str) -> None:
        if self._is_shown:
            # back to the first column, and clear the line
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()
