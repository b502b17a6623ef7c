"""What a tick of the daemon does with feeds that are due, until none is due any more.

A claim is `Store.due_feeds` for 500: a read, after which the feeds are taken in memory alone. One daemon works on a
database (`storage.lock`), so nobody else can take them, and nothing is written down that a crash would have to undo.
Then their polls, each answered by 304, are recorded by `Store.write_together` of 50 × `Store.record_poll`, which sets
when each is due again.
"""

from __future__ import annotations

import shutil
import time
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from storing.recorded import Replay, Spent, recording
from storing.saving import NOW, first_use, poll_of, raise_any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from storing.recorded import Said

    from storage.store import Store

POLLS_AT_ONCE = 50
FEEDS_PER_TICK = 500


def claim_round(folder: Path, count: int) -> dict[str, float]:
    """Let *count* feeds in a new SQLite file be due at once, and deal with them."""
    from ingest.polling import ConfiguredFeed
    from storage.migrate import upgrade
    from storage.store import Store

    path = folder / "claim.db"
    url = f"sqlite:///{path}"
    upgrade(url)
    feeds = [ConfiguredFeed(url=f"https://host-{number}.example/feed") for number in range(count)]
    with Store(url) as store:
        store.sync_feeds(feeds, NOW - timedelta(hours=1))
    before, twin = path.with_suffix(".before"), path.with_suffix(".twin")
    shutil.copy(path, before)
    shutil.copy(path, twin)
    with Store(url) as store:
        first_use(store)
        idle_s = _timed(lambda: store.due_feeds(NOW - timedelta(days=1), FEEDS_PER_TICK))
        ticks = list(_ticks(store))
    claimed, polled = (sum(spent, Spent()) for spent in zip(*ticks, strict=True))
    raw = _raw(before, _script(twin))
    return {
        "feeds": count,
        "claims_per_s": count / claimed.wall_s,
        "claims_over_raw": raw["claim"].cpu_s / claimed.cpu_s,
        "nothing_due_ms": idle_s * 1000,
        "polls_recorded_per_s": count / polled.wall_s,
        "polls_over_raw": raw["record"].cpu_s / polled.cpu_s,
        "claimed_and_recorded_per_s": count / (claimed.wall_s + polled.wall_s),
    }


def _script(path: Path) -> list[tuple[str, list[Said]]]:
    """What is said, by what it is said for."""
    from storage.store import Store

    script: list[tuple[str, list[Said]]] = []
    with recording() as said, Store(f"sqlite:///{path}") as store:
        first_use(store)
        store.due_feeds(NOW - timedelta(days=1), FEEDS_PER_TICK)
        said.clear()

        def tell(kind: str) -> None:
            script.append((kind, list(said)))
            said.clear()

        for _ in _ticks(store, tell):
            pass
    return script


def _raw(path: Path, script: Sequence[tuple[str, Sequence[Said]]]) -> dict[str, Spent]:
    spent: dict[str, Spent] = {}
    replay = Replay(path)
    for kind, said in script:
        spent[kind] = spent.get(kind, Spent()) + replay.say(said)
    replay.close()
    return spent


def _ticks(store: Store, tell: Callable[[str], None] = lambda _: None) -> Iterator[tuple[Spent, Spent]]:
    """Tick by tick until no feed is due: what the claim took, and what recording the polls of what was claimed."""
    while True:
        begun = Spent.now()
        dues = store.due_feeds(NOW, FEEDS_PER_TICK)
        claimed = Spent.now()
        tell("claim")
        if not dues:
            return
        again = Spent.now()
        _record(store, [due.id for due in dues])
        recorded = Spent.now()
        tell("record")
        yield claimed - begun, recorded - again


def _record(store: Store, ids: Sequence[int]) -> None:
    for start in range(0, len(ids), POLLS_AT_ONCE):
        polls = [poll_of(feed_id) for feed_id in ids[start : start + POLLS_AT_ONCE]]
        raise_any(store.write_together([partial(store.record_poll, poll) for poll in polls]))


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
