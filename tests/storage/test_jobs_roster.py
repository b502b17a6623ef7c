"""Who is at work."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ingest.model import utc_now
from storage.jobs.roster import WorkerRecord


def record(name="a:1", role="worker", **given):
    now = utc_now()
    values = {"name": name, "role": role, "version": "1", "queues": ("poll", "extract"), "concurrency": 16}
    values |= {"state": "working", "doing": ("poll a.example", "extract [::1]"), "rules_version": "v"}
    values |= {"polls": 1, "entries": 2, "articles": 3, "started_at": now - timedelta(hours=1), "seen_at": now}
    return WorkerRecord(**(values | given))


def said(found):
    """What it said of itself, without its times: these are those of the server."""
    return replace(found, started_at=None, seen_at=None)


def test_each_has_one_row_with_what_it_said_last(shared_store):
    board = shared_store.jobs
    first, scheduler = record(), record("b:1", "scheduler", queues=(), doing=())
    board.say(first)
    board.say(scheduler)
    board.say(last := replace(first, polls=7, doing=(), state="draining"))
    found = board.workers()
    assert [said(each) for each in found] == [said(scheduler), said(last)]
    for each in found:
        assert timedelta(minutes=59) < each.seen_at - each.started_at < timedelta(minutes=61)
    board.leave("a:1")
    board.leave("nobody")
    assert [each.name for each in board.workers()] == ["b:1"]


def test_those_that_fell_silent_are_forgotten(shared_store):
    board = shared_store.jobs
    board.say(record())
    (found,) = board.workers()
    assert board.forget_workers(found.seen_at) == 0
    assert board.forget_workers(found.seen_at + timedelta(seconds=1)) == 1
    assert board.workers() == ()
