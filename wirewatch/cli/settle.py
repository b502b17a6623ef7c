"""Work beside a running instance: it gives way to it, and ends when that has ended what it began before."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from wirewatch.cli.wiring import note

if TYPE_CHECKING:
    from collections.abc import Callable

    from storage.address import Address
    from wirewatch.space import SpaceFloor

#: So long a running instance may take to end what it has begun: read pages, compare them, store them.
SETTLE_S = 10.0
#: SQLite looks every 0.1 s at the latest whether the others have ended their transaction.
TURN_S = 0.12


def until_settled(database: Address, wait_s: float, why: str, *, from_now: bool = False) -> Callable[[], bool]:
    """Return what says for *wait_s* seconds, as long as an instance runs, that newer articles may be to come.

    The time begins now, or else when it is first asked. *why* tells people what the instance may be doing.
    """
    from storage.lock import is_locked

    deadline = time.monotonic() + wait_s if from_now else None
    is_told = False

    def looks_again() -> bool:
        nonlocal deadline, is_told
        if not is_locked(database):
            return False
        if deadline is None:
            deadline = time.monotonic() + wait_s
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        if not is_told:
            is_told = True
            note(f"a running instance {why}; looking at what it stores for {left:.0f} s")
        time.sleep(min(1.0, left))
        return True

    return looks_again


def give_way_on(database: Address) -> Callable[[], None]:
    """Return what waits, as long as an instance runs, until that has had a chance to write."""
    from storage.lock import is_locked

    def give_way() -> None:
        if is_locked(database):
            time.sleep(TURN_S)

    return give_way


def give_way_with_room(database: Address, floor: SpaceFloor) -> Callable[[], None]:
    """The same for work that takes room: what is returned raises DiskShort when there is none any more."""
    give_way = give_way_on(database)

    def give_way_or_stop() -> None:
        floor.require()
        give_way()

    return give_way_or_stop
