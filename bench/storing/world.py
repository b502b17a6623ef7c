"""Both newsrooms that the daemon reads: the bundled one and the press, edition by edition."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from storing.press import RULES, Press

from wirewatch.demo.newsroom import LAST_BATCH, Newsroom

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RULES", "World", "world"]


class World:
    """What there is to read. `reset` makes it new, so that two runs see the same."""

    def __init__(self, press: Press, newsroom: Newsroom | None) -> None:
        self.press = press
        self._newsroom = newsroom

    @property
    def editions(self) -> int:
        return self.press.editions

    def feeds(self, edition: int | None = None) -> tuple[str, ...]:
        """The addresses of all feeds, or of those that may have something to say in an edition."""
        is_over = edition is not None and edition > LAST_BATCH + 1
        bundled = () if self._newsroom is None or is_over else tuple(feed["url"] for feed in self._newsroom.feeds())
        return (*bundled, *self.press.feeds())

    def requests(self) -> int:
        """How many there were so far."""
        return self.press.requests() + (0 if self._newsroom is None else len(self._newsroom.requests()))

    def correct(self) -> tuple[str, ...]:
        """Bring out the press's corrections of the next edition; the feeds that announce any."""
        return self.press.correct()

    def bring_out(self) -> None:
        """Bring out the next edition."""
        self.press.bring_out()
        if self._newsroom is not None:
            self._newsroom.publish()

    def reset(self) -> None:
        """Back to the first edition."""
        self.press.reset()
        if self._newsroom is not None:
            self._newsroom.reset()


@contextmanager
def world(*, seed: int, editions: int, outlets: int, fresh: int, with_newsroom: bool = True) -> Iterator[World]:
    """A world that answers."""
    # What is published is of the last hours, as news are.
    now = datetime.now(UTC)
    with Press(seed=seed, editions=editions, began=now, outlets=outlets, fresh=fresh) as press:
        if not with_newsroom:
            yield World(press, None)
            return
        with Newsroom(slow_s=0.05, ends_at=now - timedelta(hours=1)) as newsroom:
            yield World(press, newsroom)
