"""The figures for a monitoring system, on both databases."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import create_engine, update

from ingest.model import EntryOutcome, EntryState
from ingest.polling import ConfiguredFeed
from storage.errors import StorageError
from storage.jobs.model import Depth, Job, Kind
from storage.listings import Listings
from storage.lists.figures import Backlog, Figures
from storage.store import Store
from storage.tables import feed

A, B, C = (f"https://{name}.example/feed" for name in "abc")


@pytest.fixture(params=["sqlite", "postgresql"])
def any_url(request):
    return request.getfixturevalue("url" if request.param == "sqlite" else "empty_with_queue")


@pytest.fixture
def opened(any_url):
    with ExitStack() as stack:
        yield stack.enter_context(Store(any_url)), stack.enter_context(Figures(any_url))


def test_an_empty_database_has_figures_too(opened, make):
    _, figures = opened
    assert figures.feeds().by_state == {}
    assert figures.feeds_due(make.T0) == figures.entries_due(make.T0) == Backlog(waiting=0, oldest_at=None)
    assert figures.entries_due(make.T0).age_s(make.T0) == 0
    assert (figures.account().by_state, figures.copies(), figures.matches()) == ({}, {}, {})
    assert figures.size() > 0


def test_feeds_are_counted_by_state_and_trouble_where_they_are_polled(opened, any_url, make):
    store, figures = opened
    paused = ConfiguredFeed(url=C, is_paused=True)
    store.sync_feeds([ConfiguredFeed(url=A), ConfiguredFeed(url=B), paused], make.T0)
    engine = create_engine(any_url)
    with engine.begin() as connection:
        connection.execute(update(feed).where(feed.c.url != A).values(broken_since=make.T0))
        connection.execute(update(feed).where(feed.c.url == A).values(silent_since=make.T0))
    engine.dispose()
    found = figures.feeds()
    assert found.by_state == {"active": 2, "paused": 1}
    assert (found.broken, found.silent) == (1, 1)
    later = make.T0 + timedelta(seconds=90)
    due = figures.feeds_due(later)
    assert (due.waiting, due.oldest_at, due.age_s(later)) == (2, make.T0, 90)


def test_the_oldest_entry_that_waits_tells_how_far_work_is_behind(opened, any_url, make):
    store, figures = opened
    store.sync_feeds([ConfiguredFeed(url=A)], make.T0)
    (due,) = store.due_feeds(make.T0, 1)
    new = tuple(make.new_entry(f"{A}/{number}") for number in range(3))
    first, second, _ = store.record_poll(make.poll(due.id, new=new))
    later = make.T0 + timedelta(hours=2)
    backlog = figures.entries_due(later)
    assert backlog.waiting == 3
    assert backlog.oldest_at is not None
    retry = EntryOutcome(state=EntryState.RETRYING, reason="timeout", attempts=1, next_try_at=later)
    store.finish_entry(first, retry)
    store.finish_entry(second, replace(retry, next_try_at=later + timedelta(seconds=1)))
    assert figures.entries_due(later).waiting == 2
    assert figures.account().by_state == {"new": 1, "retrying": 2}
    assert figures.account().seen == 3
    with Listings(any_url) as listings:
        assert figures.account().by_state == listings.stats().entries


def test_a_file_has_no_queue(url, store):
    with Figures(url) as figures:
        assert figures.queue() is None


def test_jobs_are_counted_by_state(shared_store, empty_with_queue):
    shared_store.jobs.add([Job(kind=Kind.POLL, target="a"), Job(kind=Kind.EXTRACT, target="a")])
    with Figures(empty_with_queue) as figures:
        found = figures.queue()
    assert (found.depth, found.processes) == (Depth(waiting=2, at_work=0, dead=0), {})


def test_what_is_no_database_is_refused(tmp_path):
    with Figures(f"sqlite:///{tmp_path}/gone.db") as figures, pytest.raises(StorageError):
        figures.feeds()
