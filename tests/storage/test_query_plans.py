"""What runs often, or over all that was ever stored, walks through an index."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, event

from ingest.polling import EventKind
from storage.listings import Listings

NOW = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture
def plans(file, url, store):
    """What SQLite would do for each statement of a call."""

    def explain(call):
        seen = []

        def keep(*given):
            seen.append(given[2:4])

        event.listen(Engine, "before_cursor_execute", keep)
        with Listings(url) as listings:
            call(store, listings)
        event.remove(Engine, "before_cursor_execute", keep)
        with closing(sqlite3.connect(file)) as connection:
            return [
                " / ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters))
                for statement, parameters in seen
                if statement.lstrip().startswith("SELECT")
            ]

    return explain


@pytest.mark.parametrize("is_everything_due", [False, True])
def test_due_feeds_are_one_walk_and_come_sorted(plans, is_everything_due):
    (plan,) = plans(lambda store, _: store.due_feeds(NOW, 5, (1,), is_everything_due=is_everything_due))
    assert "ix_feed_next_poll_at" in plan
    assert "ORDER BY" not in plan


def test_due_entries_are_two_walks(plans):
    (plan,) = plans(lambda store, _: store.due_entries(NOW, 5, (1,)))
    assert "SCAN entry USING INDEX ix_entry_at_once" in plan
    assert "SEARCH entry USING INDEX ix_entry_planned (next_try_at<?)" in plan


@pytest.mark.parametrize(
    ("given", "index"),
    [
        ({}, "ix_event_at"),
        ({"since": NOW}, "ix_event_at"),
        ({"kind": EventKind.GAP}, "ix_event_kind_at"),
        ({"feed_id": 1}, "ix_event_feed_id_at"),
    ],
)
def test_events_are_listed_as_they_are_sorted(plans, newsroom, given, index):
    newsroom.feed()
    *_, plan = plans(lambda _, listings: listings.events(**given, limit=9))
    assert index in plan
    assert "FOR ORDER BY" not in plan


def test_feeds_are_listed_without_a_look_at_entries_and_all_events(plans):
    (plan,) = plans(lambda _, listings: listings.feeds(since=NOW))
    assert "SEARCH entry USING COVERING INDEX" in plan
    assert "SEARCH event USING INDEX ix_event_feed_id_at (feed_id=? AND at>?)" in plan
    assert "ix_feed_move_feed_id" in plan


def test_entries_of_an_address_are_looked_up(plans):
    by_index, by_walk = plans(lambda _, listings: listings.find_entries("https://nowhere.example/"))
    assert "SCAN entry" not in by_index
    assert "SCAN article" not in by_index
    # Only an address that nothing else knows is looked for in the links of all entries.
    assert "SCAN entry" in by_walk


def test_reasons_are_counted_without_a_look_at_entries(plans):
    found = plans(lambda _, listings: listings.stats())
    assert any("SCAN entry USING COVERING INDEX ix_entry_trouble" in plan for plan in found)


def test_samples_are_taken_from_what_came_in_their_span(plans, store, newsroom, make):
    for number in range(10):
        newsroom.save(f"https://news.example/{number}", at=make.T0)
    articles, reasons, texts, _ = plans(lambda store, _: store.site_samples(make.T0 + make.MINUTE))
    assert "SEARCH article USING INDEX ix_article_first_seen_at" in articles
    assert "SEARCH entry USING COVERING INDEX ix_entry_trouble" in reasons
    assert "SEARCH article USING INDEX ix_article_first_seen_at" in texts
    assert "SCAN article_version" not in texts


def test_a_trail_is_read_by_keys(plans, store, newsroom):
    newsroom.save()
    found = plans(lambda _, listings: listings.trail(newsroom.entry()))
    assert not any(f"SCAN {table}" in plan for plan in found for table in ("entry", "article ", "event", "fetch_log"))
