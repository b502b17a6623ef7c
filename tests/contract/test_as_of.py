"""What was shown before stories merged and before matches were retired, and what views show of it now."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from rules.compile import compile_rules
from rules.document import Document
from rules.files import parse_topic
from storage.backfills import BackfillSpan
from storage.lists.timelines import Happened
from storage.matches import Judged

URLS = tuple(f"https://{name}.example/1" for name in "abc")


def topic(words):
    return parse_topic(f"topic harbour\n    match {words}\n")


def found(rules, title, body):
    return compile_rules([rules]).match(Document(title=title, body=body))


@pytest.fixture
def merged(store, newsroom, make):
    """Two stories of which each has a match; the third article, a minute later, makes them one. Returns that moment."""
    rules = topic("crimea")
    store.record_topics([rules], make.T0)
    saved = [
        newsroom.save(
            url,
            title="Crimea",
            text=f"Of {url}.",
            at=make.T0 + number * make.MINUTE,
            matches=found(rules, "Crimea", f"Of {url}."),
        )
        for number, url in enumerate(URLS[:2])
    ]
    at = make.T0 + 3 * make.MINUTE
    newsroom.save(
        URLS[2],
        title="Nothing",
        text="Of both.",
        at=at,
        story_id=saved[0].story_id,
        merges=(saved[1].story_id,),
        relations=(make.relation(saved[0].article_id),),
    )
    return at


def shown(rows):
    return {row.article: (row.story, row.copy_count, row.added) for row in rows}


def test_before_a_merge_each_match_is_in_its_own_story(listings, merged, make):
    assert shown(listings.matches()) == {1: (1, 2, False), 2: (1, 2, False)}
    before = merged - make.MINUTE
    assert shown(listings.matches(as_of=before)) == {1: (1, 0, False), 2: (2, 0, False)}
    assert shown(listings.matches(as_of=merged)) == shown(listings.matches())
    once = [row.article for row in listings.matches(once_a_story=True)]
    assert once == [1]
    assert {row.article for row in listings.matches(once_a_story=True, as_of=before)} == {1, 2}
    assert [listings.article(ident, as_of=before).story for ident in (1, 2)] == [1, 2]
    assert listings.article(2).story == 1
    # At the first moment the second was not there yet.
    assert shown(listings.matches(as_of=make.T0)) == {1: (1, 0, False)}


def test_the_merge_is_told_of_the_story_and_of_the_article(listings, merged, make):
    told = [(each.at, each.story) for each in listings.article_timeline(2) if each.happened == Happened.JOINED]
    assert told == [(make.T0 + make.MINUTE, 2), (merged, 1)]
    events = [
        (each.at, each.happened, each.story, each.article, each.other_story) for each in listings.story_timeline(1)
    ]
    assert events == [
        (make.T0, Happened.JOINED, 1, 1, None),
        (make.T0 + make.MINUTE, Happened.JOINED, 2, 2, None),
        (merged, Happened.JOINED, 1, 3, None),
        (merged, Happened.MERGED, 1, None, 2),
    ]
    assert listings.story_timeline(2) == listings.story_timeline(1)


def back_fill(store, rules, now):
    """Judge all anew by these rules, so that what they do not match is retired."""
    store.record_topics([rules], now)
    versions = {rules.name: rules.version}
    run = store.begin_backfill(rules.version, BackfillSpan(since=None, until=None, words=""), now)
    compiled = compile_rules([rules])
    texts, cursor = store.texts_to_judge(run, 99)
    run = store.record_judged(
        run, [Judged(text=each, found=compiled.match(each.document)) for each in texts], cursor, versions, now
    )
    store.finish_backfill(run, versions, now)


def view(listings, statement):
    return [tuple(row) for row in listings._read(lambda connection: connection.execute(text(statement)).all())]


def test_a_match_that_is_retired_is_in_no_view_and_in_the_past(store, listings, merged, make):
    matches = "SELECT article, topic_version FROM v_matches ORDER BY article"
    counted = "SELECT topic, matches FROM v_topics"
    assert [row[0] for row in view(listings, matches)] == [1, 2]
    now = merged + make.MINUTE
    back_fill(store, topic("both"), now)
    # The third is matched now, and the others are not.
    assert [row[0] for row in view(listings, matches)] == [3]
    assert [row.article for row in listings.matches()] == [3]
    assert {row.article for row in listings.matches(as_of=now - make.MINUTE)} == {1, 2}
    assert [row.article for row in listings.matches(as_of=now)] == [3]
    # Retired and found again: once in the view, by the version that found it last.
    again = topic("crimea | both")
    back_fill(store, again, now + make.MINUTE)
    assert view(listings, matches) == [(1, again.version), (2, again.version), (3, again.version)]
    assert view(listings, counted) == [("harbour", 3)]


def test_times_at_the_edge_of_the_calendar_hinder_no_look_back(store, listings, merged, make):
    """No archive brings them any more; what is stored of them is listed."""
    store._write(lambda connection: connection.execute(text("UPDATE article SET first_seen_at = -62135596800000000")))
    store._write(lambda connection: connection.execute(text("UPDATE match SET first_seen_at = -62135596800000000")))
    assert len(listings.matches(as_of=merged)) == 2
