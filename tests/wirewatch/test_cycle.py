"""Due work is done host by host, and nothing is taken twice."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest

from ingest.errors import Permanent, Reason, StoreError, Transient
from ingest.model import Due, EntryOutcome, EntryState, Saved, TextFrom
from ingest.placing import Ingested
from ingest.polling import Event, EventKind
from ingest.refresh import Refreshed
from wirewatch.cycle import Cycle, CycleReport, FailedFeed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


EVENTS = (
    Event(kind=EventKind.RECOVERED, detail="answers again"),
    Event(kind=EventKind.GAP, detail="none was there"),
    Event(kind=EventKind.BROKEN, detail="is HTML"),
)


class Steps:
    """Stands for the pipeline: does *work* for each id and notes who was under way together."""

    def __init__(self, work: Callable[[int], Awaitable[None]] | None = None) -> None:
        self._work = work
        self.done: list[int] = []
        self.under_way: set[int] = set()
        self.started = asyncio.Event()
        self.together: set[frozenset[int]] = set()

    async def _do(self, ident: int) -> None:
        self.under_way.add(ident)
        self.started.set()
        self.together.add(frozenset(self.under_way))
        try:
            await asyncio.sleep(0)
            if self._work is not None:
                await self._work(ident)
            self.done.append(ident)
        finally:
            self.under_way.discard(ident)

    async def refresh_feed(self, feed_id: int) -> Refreshed:
        await self._do(feed_id)
        error = Permanent(Reason.NOT_FEED, "u", "is HTML") if feed_id % 2 else None
        return Refreshed(
            feed_id=feed_id, url=f"http://feed/{feed_id}", new=2, found=3, changed=1, events=EVENTS, error=error
        )

    async def ingest_entry(self, entry_id: int) -> Ingested:
        await self._do(entry_id)
        return Ingested(
            entry_id=entry_id,
            outcome=EntryOutcome(state=EntryState.DONE, reason="gone", text_from=TextFrom.FEED),
            saved=Saved(article_id=1, story_id=1, is_new_version=entry_id != 1),
            relations=1,
            matches=2,
        )


def dues(*pairs: tuple[int, str]) -> list[Due]:
    return [Due(id=ident, host=host) for ident, host in pairs]


async def test_one_job_per_host_at_a_time_and_hosts_side_by_side() -> None:
    steps = Steps()
    cycle = Cycle(steps)
    assert cycle.ingest(dues((1, "a"), (2, "a"), (3, "b"))) == 3
    await cycle.idle()
    assert sorted(steps.done) == [1, 2, 3]
    assert frozenset({1, 3}) in steps.together
    assert not any({1, 2} <= group for group in steps.together)


async def test_what_is_queued_is_not_taken_again() -> None:
    steps = Steps()
    cycle = Cycle(steps)
    assert cycle.ingest(dues((1, "a"), (2, "a"))) == 2
    assert cycle.ingest(dues((1, "a"), (2, "a"))) == 0
    await cycle.idle()
    assert steps.done == [1, 2]
    assert cycle.queued == 0
    assert cycle.ingest(dues((1, "a"))) == 1
    await cycle.idle()


async def test_not_more_hosts_than_allowed() -> None:
    steps = Steps()
    cycle = Cycle(steps, max_hosts=2)
    cycle.ingest(dues(*((n, f"host{n}") for n in range(6))))
    await cycle.idle()
    assert max(len(group) for group in steps.together) == 2
    assert len(steps.done) == 6


async def test_the_report_counts_and_starts_anew() -> None:
    cycle = Cycle(Steps())
    cycle.poll(dues((1, "a"), (2, "b")))
    cycle.ingest(dues((1, "a"), (2, "b")))
    await cycle.idle()
    report = cycle.take_report()
    assert (report.polled, report.new_entries, report.changed_entries) == (2, 4, 2)
    assert [(feed.url, feed.reason) for feed in report.failed] == [("http://feed/1", "not_feed")]
    assert (report.recovered, report.gaps, report.found) == (2, 2, 6)
    assert (report.articles, report.relations, report.matches) == (1, 1, 2)
    assert report.without_page == (("gone", 2),)
    assert cycle.take_report().polled == 0


async def test_what_happened_to_a_feed_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    cycle = Cycle(Steps())
    cycle.poll(dues((1, "a")))
    await cycle.idle()
    told = [record.message for record in caplog.records]
    assert told == [
        "feed http://feed/1: is HTML",
        "feed http://feed/1: recovered: answers again",
        "feed http://feed/1: gap: none was there",
    ]


class PutOff(Steps):
    """Its feeds are not asked for: the first since its server wants to be left alone, the second lacks its secret."""

    async def refresh_feed(self, feed_id: int) -> Refreshed:
        reason = Reason.RATE_LIMITED if feed_id == 1 else Reason.AUTH
        error = Transient(reason, "u", "not asked", retry_after_s=60, was_asked=False)
        return Refreshed(feed_id=feed_id, url=f"http://feed/{feed_id}", error=error)


async def test_a_poll_that_is_put_off_has_not_failed_unless_the_secret_is_missing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    cycle = Cycle(PutOff())
    cycle.poll(dues((1, "a"), (2, "b")))
    await cycle.idle()
    report = cycle.take_report()
    assert (report.polled, report.put_off) == (1, 1)
    assert [feed.url for feed in report.failed] == ["http://feed/2"]
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("INFO", "feed http://feed/1: put off: not asked"),
        ("WARNING", "feed http://feed/2: not asked"),
    ]


@pytest.mark.parametrize(
    ("polled", "reasons", "is_offline"),
    [
        (0, [], False),
        (2, ["connection"], False),
        (2, ["connection", "connection"], True),
        (2, ["connection", "timeout"], False),
    ],
)
def test_without_a_network_no_feed_can_be_reached(*, polled: int, reasons: list[str], is_offline: bool) -> None:
    failed = tuple(FailedFeed(url="u", reason=reason, detail="") for reason in reasons)
    assert CycleReport(polled=polled, failed=failed).is_offline is is_offline


async def test_a_bug_in_one_job_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    async def fail_on_two(ident: int) -> None:
        if ident == 2:
            raise ZeroDivisionError

    steps = Steps(fail_on_two)
    cycle = Cycle(steps)
    cycle.ingest(dues((1, "a"), (2, "a"), (3, "a")))
    await cycle.idle()
    assert steps.done == [1, 3]
    assert "a bug broke the step" in caplog.text


async def test_a_broken_database_stops_the_queue_and_is_told() -> None:
    async def fail(_: int) -> None:
        raise StoreError("disk full")

    cycle = Cycle(Steps(fail))
    cycle.ingest(dues((1, "a"), (2, "a"), (3, "b")))
    with pytest.raises(StoreError, match="disk full"):
        await cycle.idle()
    assert cycle.queued == 0


async def test_stop_lets_the_job_at_hand_end_and_leaves_the_rest_due() -> None:
    gate = asyncio.Event()

    async def wait(_: int) -> None:
        await gate.wait()

    steps = Steps(wait)
    cycle = Cycle(steps)
    cycle.ingest(dues((1, "a"), (2, "a")))
    await steps.started.wait()
    stopping = asyncio.create_task(cycle.stop(grace_s=60))
    await asyncio.sleep(0)
    gate.set()
    await stopping
    assert steps.done == [1]
    assert cycle.queued == 0
    assert cycle.ingest(dues((3, "a"))) == 0


async def test_stop_cancels_what_does_not_end() -> None:
    steps = Steps(lambda _: asyncio.Event().wait())
    cycle = Cycle(steps)
    cycle.ingest(dues((1, "a")))
    await steps.started.wait()
    await cycle.stop(grace_s=0)
    assert steps.done == []
    assert cycle.queued == 0
