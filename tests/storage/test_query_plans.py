"""What runs often, or over all that was ever stored, walks through an index."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from ingest.polling import EventKind
from rules.compile import compile_expression
from storage import account
from storage.listings import Listings
from storage.searching.filters import Filter
from storage.searching.search import Found
from storage.window import Cursor, Window

NOW = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture
def topics(store, rules):
    """Topics in force."""
    store.record_topics(rules(a="topic purl\n    match =PURL\n").topics, NOW)


#: Table, index and statistics, as ANALYZE leaves them in an archive of 100,000 articles by `bench/storage_scale.py`,
#: https://www.sqlite.org/fileformat2.html#stat1tab.
STATISTICS = Path(__file__).parents[1] / "data" / "storage" / "sqlite_stat1.tsv"


@pytest.fixture(params=[False, True], ids=["without-statistics", "with-statistics"])
def plans(request, file, url, store):
    """What SQLite would do for each statement of a call: with statistics of a large archive, and with none."""
    if request.param:
        _set_statistics(file)

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


def _set_statistics(file):
    rows = [line.split("\t") for line in STATISTICS.read_text(encoding="utf-8").splitlines()]
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("ANALYZE sqlite_schema")
        connection.executemany("INSERT INTO sqlite_stat1 VALUES (?, nullif(?, ''), ?)", rows)
        connection.commit()


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
    assert any(re.search("USING COVERING INDEX ix_entry_(trouble|reason)", plan) for plan in found)


def test_samples_are_taken_from_what_came_in_their_span(plans, store, newsroom, make):
    for number in range(10):
        newsroom.save(f"https://news.example/{number}", at=make.T0)
    articles, reasons, texts, _ = plans(lambda store, _: store.site_samples(make.T0 + make.MINUTE))
    assert re.search("SEARCH article USING .*first_seen_at>[?] AND first_seen_at<[?]", articles)
    assert "SEARCH entry USING COVERING INDEX ix_entry_trouble" in reasons
    assert "SEARCH article USING INDEX ix_article_source_first_seen_at (source=? AND first_seen_at>?" in texts
    assert "SCAN article_version" not in texts


def test_a_trail_is_read_by_keys(plans, store, newsroom):
    newsroom.save()
    found = plans(lambda _, listings: listings.trail(newsroom.entry()))
    assert not any(f"SCAN {table}" in plan for plan in found for table in ("entry", "article ", "event", "fetch_log"))


# --- search and pages -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "index"),
    [
        (Filter(), "ix_article_first_seen_at"),
        (Filter(sources=("news.example",)), "ix_article_first_seen_at"),
        (Filter(langs=("en",)), "ix_article_first_seen_at"),
    ],
)
def test_articles_are_walked_through_as_they_are_sorted(plans, newsroom, asked, index):
    newsroom.save(title="Word")
    window = Window(after=Cursor(time=NOW, id=9))
    found = plans(lambda _, listings: Found(listings._read, "word", window, asked, few=-1).rows)
    (walked,) = [plan for plan in found if "ix_article_" in plan and "first_seen_at<" in plan]
    assert f"SEARCH article USING INDEX {index} (first_seen_at<?)" in walked
    assert "ORDER BY" not in walked


def test_by_date_as_well(plans, newsroom):
    newsroom.save(title="Word", published=NOW)
    window = Window(by="published", after=Cursor(time=NOW, id=9))
    found = plans(lambda _, listings: Found(listings._read, "word", window, few=-1).rows)
    walked = [plan for plan in found if "ix_article_published" in plan]
    assert len(walked) == 2
    assert "(published<?)" in walked[0].replace("published>? AND ", "")
    assert not any("ORDER BY" in plan for plan in walked)


def test_a_rare_word_is_looked_up_and_nothing_is_walked_through(plans, newsroom):
    newsroom.save(title="Word")
    found = plans(lambda _, listings: listings.search("word").rows)
    assert not any("SCAN article" in plan for plan in found)
    found = plans(lambda _, listings: listings.candidates(compile_expression("word").tree))
    assert not any("SCAN article" in plan for plan in found)


def test_a_page_begins_by_the_index(plans):
    after = Cursor(time=NOW, id=9)
    (plan,) = plans(lambda _, listings: listings.articles(after=after, limit=9))
    assert "SEARCH article USING INDEX ix_article_first_seen_at (first_seen_at<?)" in plan
    assert "FOR ORDER BY" not in plan
    (plan,) = plans(lambda _, listings: listings.articles(after=after, limit=9, by="published"))
    assert "SCAN article USING INDEX ix_article_published" in plan
    assert "FOR ORDER BY" not in plan


@pytest.mark.parametrize("by", ["first_seen", "published"])
def test_a_page_of_stories_is_one_walk(plans, by):
    page, *_ = plans(lambda _, listings: listings.stories(by=by, limit=9))
    chosen, _ = page.split(" / SCAN page")
    assert ("ix_story_first_seen_at" if by == "first_seen" else "ix_article_published") in chosen
    assert "TEMP B-TREE FOR ORDER BY" not in chosen


def test_stories_of_a_topic_begin_with_its_matches(plans, topics):
    page = plans(lambda _, listings: listings.stories("purl", limit=9))[1]
    assert "SEARCH match USING COVERING INDEX ix_match_topic_id_first_seen_at" in page
    assert "SCAN member" not in page
    assert "SCAN article" not in page


@pytest.mark.parametrize("by", ["first_seen", "published"])
def test_stories_are_walked_through_as_they_are_sorted_within_a_span_too(plans, by):
    page, *_ = plans(lambda _, listings: listings.stories(by=by, since=NOW, limit=9))
    chosen, _ = page.split(" / SCAN page")
    wanted = {
        "first_seen": "ix_story_first_seen_at (first_seen_at>?)",
        "published": "ix_article_published (published>?)",
    }
    assert wanted[by] in chosen
    assert "TEMP B-TREE FOR ORDER BY" not in chosen


def test_what_takes_work_is_told_of_the_matches_of_a_page_alone(plans, topics):
    page = plans(lambda _, listings: listings.matches("purl", since=NOW, limit=9))[1]
    chosen, told = page.split(" / SCAN page")
    assert (
        "SEARCH match USING COVERING INDEX ix_match_topic_id_first_seen_at (topic_id=? AND first_seen_at>?)" in chosen
    )
    assert "ORDER BY" not in chosen
    assert "CORRELATED" not in chosen
    assert "count(DISTINCT)" in told


def test_entries_that_are_not_done_are_looked_up(plans):
    (plan,) = plans(lambda _, listings: listings.entries(state="failed", limit=9))
    assert "ix_entry_open (state=?)" in plan


def test_entries_of_a_reason_are_listed_as_they_are_sorted(plans):
    (plan,) = plans(lambda _, listings: listings.entries(reason="paywall", limit=9))
    assert plan == "SEARCH entry USING INDEX ix_entry_reason (reason=?)"


def test_entries_by_date_as_well(plans):
    (plan,) = plans(lambda _, listings: listings.entries(by="published", limit=9))
    assert plan == "SCAN entry USING INDEX ix_entry_published"


def test_what_was_listed_is_found_by_the_indexes_of_what_is(plans, topics, newsroom):
    newsroom.save()
    found = plans(lambda _, listings: listings.matches("purl", as_of=NOW, limit=9))
    listed, *others = found[1:]
    assert "ix_match_topic_id_first_seen_at (topic_id=? AND first_seen_at<?)" in listed
    assert "ix_match_retired (topic_id=? AND first_seen_at<?)" in listed
    walks = ("article", "match", "relation", "article_version", "version_change", "story_stay")
    assert not any(f"SCAN {table}" in plan for plan in (listed, *others) for table in walks)
    assert len(others) == 3


def test_the_time_line_of_an_article_is_read_by_keys(plans, topics, newsroom):
    saved = newsroom.save()
    found = plans(lambda _, listings: listings.article_timeline(saved.article_id))
    walks = ("article", "match", "relation", "article_version", "version_change", "story_stay")
    assert not any(f"SCAN {table}" in plan for plan in found for table in walks)
    assert any("ix_match_retired (topic_id=? AND first_seen_at=?)" in plan for plan in found)


def test_entries_are_counted_through_indexes(plans):
    walks = "\n".join(plans(lambda store, _: store._read(account.account)))
    assert "SEARCH entry USING COVERING INDEX ix_entry_open" in walks or "USING COVERING INDEX ix_entry_open" in walks
    assert "USING INDEX ix_entry_open (state=?)" in walks
    assert re.search("USING COVERING INDEX ix_entry_(trouble|reason)", walks)
    # one count of all rows, by the smallest index that has them all
    counted = [line for line in walks.splitlines() if line.startswith("SCAN entry") and "ix_entry_" in line]
    assert counted


def test_texts_of_other_tokenizers_are_two_ranges_of_an_index(plans):
    for plan in plans(lambda _, listings: listings.texts_of_other_tokenizers(1)):
        assert "USING COVERING INDEX ix_article_version_tokenizer_version" in plan


def test_known_entries_are_looked_up_by_index(plans, newsroom, make):
    """Most guids are what entries are identified by; only the others have an index of their own."""
    newsroom.entry()
    (plan,) = plans(lambda store, _: store.known_entries(1, [make.listed()]))
    assert "SEARCH entry USING INDEX ix_entry_guid_apart (feed_id=? AND guid=?)" in plan
    assert "SEARCH entry USING INDEX sqlite_autoindex_entry_1 (feed_id=? AND identity=?)" in plan
    assert "SEARCH entry USING INDEX ix_entry_feed_id_page_address (feed_id=? AND page_address=?)" in plan
    assert "SCAN entry" not in plan


def test_a_page_of_matches_is_found_before_its_rows_are_read(plans, newsroom, make):
    newsroom.save()
    *_, plan = plans(lambda _, listings: listings.matches(since=NOW, limit=9))
    page, rows = plan.split(" / SCAN page / ")
    assert page.startswith("MATERIALIZE page / SEARCH match USING INDEX ix_match_first_seen_at")
    assert "ORDER BY" not in page
    assert "SCAN" not in rows


def test_the_first_page_of_stories_is_one_walk(plans, newsroom):
    newsroom.save()
    first, *others = plans(lambda _, listings: listings.stories(limit=9))
    page, rows = first.split(" / SCAN page / ")
    assert page.startswith("MATERIALIZE page / SCAN story USING COVERING INDEX ix_story_first_seen_at")
    assert "ORDER BY" not in page
    assert "SCAN" not in rows
    assert not any(f"SCAN {table}" in plan for plan in others for table in ("article ", "match", "relation", "story "))
