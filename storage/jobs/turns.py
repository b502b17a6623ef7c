"""Turns at hosts, for all processes together: who has the turn, until when, and when the last request began.

All times are those of the server. A turn that its holder does not renew ends by itself, so a process that dies holds up
a host no longer than that.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from storage import postgresql
from storage.postgresql import translated

if TYPE_CHECKING:
    from collections.abc import Collection

    from storage.address import PostgresDatabase

#: A turn ends by itself after so long, in seconds; the longest pause between two requests is as long.
TURN_S = 30.0

#: How often one looks, in seconds, whether another has given a turn back; nobody is told of it.
LOOK_S = 0.1
#: No wait is shorter, or the server would be asked without end.
_LEAST_S = 0.005
_FORGET_AFTER_S = 24 * 60 * 60.0

#: `wirewatch_now()` is the clock of the server in microseconds since 1970, made by migration 0007.
_TAKE = """
INSERT INTO host_turn AS t (host, holder, until, started_at)
VALUES (%(host)s, %(holder)s, wirewatch_now() + %(turn)s, NULL)
ON CONFLICT (host) DO UPDATE SET holder = excluded.holder, until = excluded.until
WHERE (t.holder IS NULL OR t.until <= wirewatch_now())
    AND (t.started_at IS NULL OR t.started_at + %(pause)s <= wirewatch_now())
RETURNING host
"""
#: How long the pause lasts yet, and for how long another has the turn.
_WAIT = """
SELECT coalesce(started_at + %(pause)s - wirewatch_now(), 0),
    CASE WHEN holder IS NULL THEN 0 ELSE until - wirewatch_now() END
FROM host_turn WHERE host = %(host)s
"""
_LEAVE = """
UPDATE host_turn SET holder = NULL, started_at = coalesce(wirewatch_now() - %(ago)s::bigint, started_at)
WHERE host = %(host)s AND holder = %(holder)s
"""
_RENEW = """
UPDATE host_turn SET until = wirewatch_now() + %(turn)s
WHERE holder = %(holder)s AND host = ANY(%(hosts)s) RETURNING host
"""
_DROP_ALL = "UPDATE host_turn SET holder = NULL WHERE holder = %(holder)s"
_FORGET = """
DELETE FROM host_turn WHERE holder IS NULL AND (started_at IS NULL OR started_at < wirewatch_now() - %(after)s)
"""


class HostTurnTable:
    """The turns of one process, *holder*, on a connection of its own. Safe to call from any thread.

    Every method raises a StorageError when the server cannot be asked; the next call tries on a new connection.
    """

    def __init__(self, address: PostgresDatabase, holder: str) -> None:
        self._address = address
        self._holder = holder
        self._alone = threading.Lock()
        self._connection: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def take(self, host: str, *, pause_s: float, look_s: float = LOOK_S) -> float:
        """Take the turn at *host* if it is free and *pause_s* seconds have passed since the last request began there.

        Returns 0 when it was taken, else how many seconds to wait before asking again: as long as the pause lasts,
        at most *look_s* where another has the turn.
        """
        asked = {"host": host, "holder": self._holder, "turn": _us(TURN_S), "pause": _us(pause_s)}
        with self._alone:
            if self._run(_TAKE, asked):
                return 0.0
            found = self._run(_WAIT, {"host": host, "pause": asked["pause"]})
        pause, held = found[0] if found else (0, 0)
        return float(max(pause / 1e6, min(held / 1e6, look_s), _LEAST_S))

    def leave(self, host: str, *, started_s_ago: float | None) -> None:
        """Give the turn back; *started_s_ago* is how long ago the request began, in seconds, None if none did."""
        with self._alone:
            ago = None if started_s_ago is None else _us(started_s_ago)
            self._run(_LEAVE, {"host": host, "holder": self._holder, "ago": ago})

    def renew(self, hosts: Collection[str]) -> frozenset[str]:
        """Keep the turns at *hosts* for another while; returns those that were still ours."""
        with self._alone:
            rows = self._run(_RENEW, {"hosts": list(hosts), "holder": self._holder, "turn": _us(TURN_S)})
        return frozenset(row[0] for row in rows)

    def drop_all(self) -> None:
        """Give all turns back: at the end, and at the start of a process that bears the name of one that died."""
        with self._alone:
            self._run(_DROP_ALL, {"holder": self._holder})

    def forget_old(self) -> None:
        """Forget hosts at which nothing has happened for a day."""
        with self._alone:
            self._run(_FORGET, {"after": _us(_FORGET_AFTER_S)})

    def close(self) -> None:
        """Close the connection. Turns that are held end by themselves."""
        with self._alone:
            self._drop()

    def _run(self, statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
        try:
            with translated(self._address):
                if self._connection is None:
                    self._connection = postgresql.connect(self._address, {"lock_timeout": "5000"})
                done = self._connection.execute(statement, values)
                return done.fetchall() if done.description else []
        except BaseException:
            self._drop()
            raise

    def _drop(self) -> None:
        if self._connection is not None:
            with suppress(postgresql.driver_of(self._address).Error):
                self._connection.close()
            self._connection = None


def _us(seconds: float) -> int:
    return round(seconds * 1_000_000)
