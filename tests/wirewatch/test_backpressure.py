"""A scheduler makes no more jobs than the settings allow, and says once that the queue is full."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

import pytest

from ingest.model import utc_now
from ingest.polling import ConfiguredFeed
from storage.address import read_address
from storage.jobs.model import Job, Kind
from storage.migrate import upgrade
from storage.store import Store
from wirewatch.jobs.scheduler import Scheduler


class Clock:
    """Of the housekeeping, what a tick needs."""

    async def look_at_clock(self):
        return utc_now()


@pytest.fixture
def url(server, postgresql_server):
    with postgresql_server.new_database(server) as made:
        upgrade(made)
        yield made


def test_the_queue_is_filled_up_to_its_depth_and_that_is_told_once(url, caplog):
    caplog.set_level(logging.INFO)
    with Store(url) as store:
        store.jobs.rebuild()
        feeds = [ConfiguredFeed(url=f"https://{number}.example/feed") for number in range(5)]
        store.sync_feeds(feeds, utc_now() - timedelta(hours=1))
        scheduler = Scheduler(Clock(), store, address=read_address(url), tick_s=1, queue_depth=3)

        def tick():
            return asyncio.run(scheduler.hand_out())

        def told():
            return [each.getMessage() for each in caplog.records if "full" in each.getMessage()]

        assert (tick(), tick(), store.jobs.depth().waiting) == (3, 0, 3)
        assert told() == ["the queue is full: 3 jobs wait (workers.queue_depth); what else is due waits for workers"]
        # A worker has done two of them, and what was due there is done.
        store.sync_feeds(feeds[2:], utc_now())
        take(url, 2)
        tick()
        take(url, 2)
        store.sync_feeds([], utc_now())
        tick()
        assert told()[1:] == ["the queue is not full any more: 1 jobs wait"]
        store.jobs.add([Job(kind=Kind.POLL, target=f"more{number}.example") for number in range(4)])
        tick()
        assert told()[2:] == [
            "the queue is full: 5 jobs wait (workers.queue_depth); what else is due waits for workers"
        ]


def take(url, number):
    """Take jobs out of the queue, the oldest first, as a worker does that has done them."""
    from storage.postgresql import connect

    with connect(read_address(url), {}) as connection:
        connection.execute(
            "DELETE FROM procrastinate_jobs WHERE id IN (SELECT id FROM procrastinate_jobs ORDER BY id LIMIT %s)",
            [number],
        )
