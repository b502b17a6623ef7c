"""What people get when they ask: the fields of the JSON objects, filtered, in order, in few statements."""

from __future__ import annotations

import dataclasses
import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest
from sqlalchemy import event

from ingest.copies.model import RelationKind
from ingest.model import EntryOutcome, EntryState, TextFrom
from ingest.polling import FeedState
from rules.compile import compile_rules
from rules.document import Document
from storage import records
from storage.listings import Listings

NOW = datetime(2026, 1, 5, tzinfo=UTC)
A, B, C, D = (f"https://news.example/{letter}" for letter in "abcd")

#: the fields of the JSON objects, as decided
FIELDS = {
    records.MatchRecord: "id topic topic_version rules story article title url source published first_seen spans"
    " copy_count",
    records.SpanRecord: "field start end text",
    records.StoryRecord: "id title url source first_seen topics copy_count copies",
    records.CopyRecord: "article url source kind score first_seen",
    records.ArticleRecord: "id url source title author published first_seen lang words repaired text_from story"
    " versions",
    records.EntryRecord: "id feed guid link title published first_seen state reason text_from article",
    records.FeedRecord: "id url fetch_url title state last_status last_error failures next_poll_at entries",
}


@pytest.fixture
def listings(url, store):
    with Listings(url) as opened:
        yield opened


def later(make, minutes):
    return make.T0 + minutes * make.MINUTE


@pytest.mark.parametrize(("kind", "fields"), FIELDS.items(), ids=lambda kind: getattr(kind, "__name__", ""))
def test_fields_are_those_decided(kind, fields):
    # fields that came later stand behind them
    assert [field.name for field in dataclasses.fields(kind)][: len(fields.split())] == fields.split()


def test_a_shown_article_has_all_fields_of_an_article_and_its_text():
    shown = {field.name for field in dataclasses.fields(records.ShownArticle)}
    assert shown >= {*FIELDS[records.ArticleRecord].split(), "text", "relations", "matches"}


def test_an_empty_database_lists_nothing(listings):
    assert listings.feeds() == listings.entries() == listings.articles() == ()
    assert listings.matches() == listings.stories() == listings.topics() == ()
    stats = listings.stats()
    assert (stats.feeds, stats.entries, stats.articles, stats.last_poll_at) == ({}, {}, 0, None)
    assert stats.database_bytes > 0


# --- feeds and entries ------------------------------------------------------------------------------


def test_feeds_with_their_entries(listings, store, make, newsroom):
    newsroom.feed(A)
    newsroom.entry(B)
    newsroom.entry(C)
    store.sync_feeds(make.feeds(A, Given=D), make.T0)
    with_entries, without = listings.feeds()
    assert (with_entries.url, with_entries.entries, with_entries.last_status) == (A, 2, 200)
    assert (with_entries.state, with_entries.next_poll_at) == ("active", make.PLAN.next_poll_at)
    assert (without.title, without.entries, without.last_status) == ("Given", 0, None)


def test_entries_by_state_and_feed(listings, store, make, newsroom):
    newsroom.feed("https://one.example/")
    first = newsroom.entry(A)
    saved = newsroom.save(B)
    newsroom.feed("https://two.example/")
    third = newsroom.entry(C)
    store.finish_entry(third, EntryOutcome(state=EntryState.FAILED, reason="http_client"))
    assert [entry.id for entry in listings.entries()] == [third, newsroom.entry(B), first]
    (done,) = listings.entries(state="done")
    assert (done.article, done.text_from, done.reason, done.link) == (saved.article_id, "page", None, B)
    (failed,) = listings.entries(feed_id=2)
    assert (failed.state, failed.reason, failed.feed, failed.guid) == ("failed", "http_client", 2, f"tag:{C}")
    assert listings.entries(reason="http_client") == (failed,)
    assert listings.entries(reason="gone") == ()
    with pytest.raises(LookupError, match="no feed 9"):
        listings.entries(feed_id=9)


def test_listings_are_newest_first_within_the_span(listings, make, newsroom):
    for number, address in enumerate((A, B, C)):
        published = make.T0 - number * make.MINUTE if address != C else None
        newsroom.save(address, at=later(make, number), published=published)
    one, two, three = (later(make, number) for number in range(3))

    def urls(listing, **given):
        return [row.url for row in listing(**given)]

    for listing in (listings.articles, listings.stories):
        assert urls(listing) == [C, B, A]
        assert urls(listing, limit=2) == [C, B]
        assert urls(listing, since=two) == [C, B]
        assert urls(listing, until=two) == [A]
        assert urls(listing, since=two, until=three) == [B]
        assert urls(listing, by="published") == [A, B, C]
        assert urls(listing, by="published", since=one) == [A]
    assert [row.link for row in listings.entries(since=two)] == [C, B]
    for given in ({}, {"since": two}, {"until": two}, {"by": "published", "since": one}, {"by": "published"}):
        assert listings.article_count(**given) == len(listings.articles(**given))


# --- articles ---------------------------------------------------------------------------------------


def test_a_page_that_says_what_the_feed_said_brings_author_and_date(newsroom, make, listings):
    newsroom.save(A, text="All of it.", text_from=TextFrom.FEED, published=None)
    newsroom.save(A, text="All of it.", author="A. Writer", published=make.T0)
    (row,) = listings.articles()
    assert (row.author, row.published) == ("A. Writer", make.T0)
    assert listings.articles(since=make.T0, by="published") == (row,)


def test_an_article_in_its_current_version(listings, make, newsroom):
    newsroom.save(A, text="One two.", author="A. Writer", published=make.T0, repaired="windows-874")
    newsroom.save(A, text="One two three.", title="Corrected")
    (row,) = listings.articles()
    assert (row.title, row.words, row.author, row.published, row.repaired) == ("Corrected", 3, None, None, None)
    assert (row.versions, row.lang, row.text_from, row.first_seen) == (2, "en", "page", make.T0)
    shown = listings.article(row.id)
    assert shown.text == "One two three."
    assert [(each.n, each.title, each.words, each.is_current) for each in shown.versions] == [
        (1, "A title", 2, False),
        (2, "Corrected", 3, True),
    ]
    assert shown.versions[0].repaired == "windows-874"
    with pytest.raises(LookupError, match="no article 9"):
        listings.article(9)


def test_the_relations_of_an_article_are_seen_from_both_sides(listings, make, newsroom):
    one = newsroom.save(A, text="0123456789")
    two = newsroom.save(B, text="abcdefghij", relations=(make.relation(one.article_id, RelationKind.EXCERPT, 0.8),))
    (of_two,) = listings.article(two.article_id).relations
    assert (of_two.article, of_two.url, of_two.kind, of_two.score) == (one.article_id, A, "excerpt", 0.8)
    assert (of_two.passage, of_two.start, of_two.end, of_two.other_start, of_two.other_end) == ("abcd", 0, 4, 5, 9)
    (of_one,) = listings.article(one.article_id).relations
    assert (of_one.article, of_one.kind, of_one.passage, of_one.start) == (two.article_id, "extended", "5678", 5)
    # The newest texts decide, whichever of the two is new.
    newsroom.save(A, text="Something else.")
    assert listings.article(two.article_id).relations == listings.article(one.article_id).relations == ()


def test_a_copy_of_a_lead_that_was_corrected_is_still_its_copy(listings, make, newsroom):
    """The relation is the other way round by then."""
    lead = newsroom.save(A, text="0123456789")
    copy = newsroom.save(
        B, text="abcdefghij", story_id=lead.story_id, relations=(make.relation(lead.article_id, RelationKind.EXCERPT),)
    )
    newsroom.save(A, text="9876543210", relations=(make.relation(copy.article_id, RelationKind.EXTENDED, 0.7),))
    story = listings.story(lead.story_id)
    assert [(each.article, each.kind, each.score) for each in story.copies] == [(copy.article_id, "excerpt", 0.7)]
    (of_copy,) = listings.article(copy.article_id).relations
    assert (of_copy.article, of_copy.kind, of_copy.passage) == (lead.article_id, "excerpt", "fghi")


def test_a_new_version_has_its_own_relations(listings, make, newsroom):
    one = newsroom.save(A)
    two = newsroom.save(B, relations=(make.relation(one.article_id),))
    newsroom.save(B, text="Corrected.", relations=())
    assert listings.article(two.article_id).relations == listings.article(one.article_id).relations == ()


# --- stories ----------------------------------------------------------------------------------------


def test_a_story_is_its_first_article_with_its_copies(listings, make, newsroom):
    lead = newsroom.save(A, title="The lead")
    one = newsroom.save(
        B,
        at=later(make, 2),
        story_id=lead.story_id,
        relations=(make.relation(lead.article_id, RelationKind.EXCERPT, 0.7),),
    )
    two = newsroom.save(
        C,
        at=later(make, 1),
        story_id=lead.story_id,
        relations=(make.relation(one.article_id, score=0.99), make.relation(lead.article_id, RelationKind.EXTENDED)),
    )
    (story,) = listings.stories()
    assert story == listings.story(lead.story_id)
    assert (story.id, story.title, story.url, story.source, story.copy_count) == (
        lead.story_id,
        "The lead",
        A,
        "news.example",
        2,
    )
    assert story.first_seen == make.T0
    assert [(copy.article, copy.url, copy.kind, copy.score) for copy in story.copies] == [
        (two.article_id, C, "extended", 0.9),
        (one.article_id, B, "excerpt", 0.7),
    ]
    assert story.copies[0].first_seen == later(make, 1)


def test_a_copy_that_has_no_relation_to_the_lead_tells_its_best(listings, make, newsroom):
    lead = newsroom.save(A)
    near = newsroom.save(B, story_id=lead.story_id, relations=(make.relation(lead.article_id),))
    far = newsroom.save(
        C, story_id=lead.story_id, relations=(make.relation(near.article_id, RelationKind.EXCERPT, 0.5),)
    )
    alone = newsroom.save(D, story_id=lead.story_id)
    kinds = {copy.article: (copy.kind, copy.score) for copy in listings.story(lead.story_id).copies}
    assert kinds == {
        near.article_id: ("copy", 0.9),
        far.article_id: ("excerpt", 0.5),
        alone.article_id: (None, None),
    }


def test_what_the_lead_is_to_a_copy_is_turned_round(listings, make, newsroom):
    lead, other = newsroom.save(A), newsroom.save(B, at=later(make, 1))
    newsroom.save(
        A,
        text="Longer now.",
        at=later(make, 2),
        story_id=other.story_id,
        relations=(make.relation(other.article_id, RelationKind.EXTENDED),),
    )
    (story,) = listings.stories()
    assert story.url == A
    assert [(copy.article, copy.kind) for copy in story.copies] == [(other.article_id, "excerpt")]
    assert lead.article_id != other.article_id


def test_a_merged_story_is_found_by_its_old_id(listings, make, newsroom):
    one, two = newsroom.save(A), newsroom.save(B, at=later(make, 1))
    newsroom.save(C, at=later(make, 2), story_id=two.story_id, merges=(one.story_id,))
    story = listings.story(one.story_id)
    assert story == listings.story(two.story_id)
    assert (story.id, story.url, story.copy_count) == (one.story_id, A, 2)
    with pytest.raises(LookupError, match="no story 99"):
        listings.story(99)


def test_a_composite_is_listed_and_marked_in_the_other_story_too(listings, make, newsroom, store, rules):
    topics = rules(a="topic news\n    match news\n").topics
    store.record_topics(topics, make.T0)
    home, other = newsroom.save(A), newsroom.save(B, text="news", matches=match(topics, "A title", "news"))
    both = newsroom.save(
        C,
        story_id=home.story_id,
        relations=(
            make.relation(home.article_id, RelationKind.COMPOSITE, 0.6),
            make.relation(other.article_id, RelationKind.COMPOSITE, 0.4),
        ),
    )
    shown = [[(copy.article, copy.kind) for copy in listings.story(s.story_id).copies] for s in (home, other)]
    assert shown == [[(both.article_id, "composite")], [(both.article_id, "composite")]]
    assert listings.story(other.story_id).copy_count == 1
    (found,) = listings.matches()
    assert found.copy_count == 1


# --- matches ----------------------------------------------------------------------------------------


def match(topics, title, body):
    return compile_rules(topics).match(Document(title=title, body=body))


@pytest.fixture
def topics(store, make, rules):
    loaded = rules(
        a='topic purl "Aid"\n    tags ukraine\n    match =PURL\n    match NATO\ntopic crimea\n    match Crimea\n'
    )
    store.record_topics(loaded.topics, make.T0)
    return loaded.topics


def test_a_match_tells_topic_rules_and_words(listings, make, newsroom, topics):
    title, text = "PURL grows", "About NATO and “PURL”."
    saved = newsroom.save(A, title=title, text=text, published=make.T0, matches=match(topics, title, text))
    newsroom.save(B, story_id=saved.story_id, relations=(make.relation(saved.article_id),))
    (row,) = listings.matches("purl")
    assert (row,) == listings.matches()
    assert (row.topic, row.rules, row.story, row.article) == ("purl", ("purl.1", "purl.2"), saved.story_id, 1)
    assert row.topic_version == next(topic.version for topic in topics if topic.name == "purl")
    assert (row.title, row.url, row.source, row.published, row.first_seen) == (
        title,
        A,
        "news.example",
        make.T0,
        make.T0,
    )
    assert row.copy_count == 1
    fields = {"title": title, "body": text}
    assert {(span.field, span.text) for span in row.spans} == {("title", "PURL"), ("body", "PURL"), ("body", "NATO")}
    assert all(fields[span.field][span.start : span.end] == span.text for span in row.spans)
    assert set(row.matched) == {"PURL", "NATO"}
    (why,) = listings.article(saved.article_id).matches
    assert (why.topic, why.rules, why.topic_version, why.spans) == (row.topic, row.rules, row.topic_version, row.spans)
    assert listings.matches("crimea") == ()
    with pytest.raises(LookupError, match="no topic nothing"):
        listings.matches("nothing")
    with pytest.raises(LookupError, match="no topic nothing"):
        listings.stories("nothing")


def test_only_the_current_version_of_an_article_matches(listings, newsroom, topics):
    newsroom.save(A, text="PURL", matches=match(topics, "", "PURL"))
    newsroom.save(A, text="Crimea", matches=match(topics, "", "Crimea"))
    assert [row.topic for row in listings.matches()] == ["crimea"]
    newsroom.save(A, text="PURL", matches=match(topics, "", "PURL"))
    assert [row.topic for row in listings.matches()] == ["purl"]


def test_stories_have_the_topics_of_all_their_articles(listings, make, newsroom, topics):
    lead = newsroom.save(A, text="PURL", matches=match(topics, "", "PURL"))
    newsroom.save(B, text="Crimea, NATO", story_id=lead.story_id, matches=match(topics, "", "Crimea, NATO"))
    newsroom.save(C)
    assert [story.topics for story in listings.stories()] == [(), ("crimea", "purl")]
    for topic in ("crimea", "purl"):
        assert [story.id for story in listings.stories(topic)] == [lead.story_id]


def test_topics_and_stats(listings, store, make, newsroom, topics, rules):
    newsroom.save(A, text="PURL", matches=match(topics, "", "PURL"), page=make.page(A), at=later(make, 3))
    crimea, purl = listings.topics()
    assert (purl.name, purl.title, purl.tags, purl.file, purl.is_active, purl.matches) == (
        "purl",
        "Aid",
        ("ukraine",),
        "a.rules",
        True,
        1,
    )
    assert (crimea.matches, crimea.title) == (0, None)
    store.record_topics([topic for topic in topics if topic.name == "purl"], make.T0)
    assert [topic.is_active for topic in listings.topics()] == [False, True]
    errors = rules(b="topic b\n    match (x\n").errors
    store.record_rule_errors(errors, make.T0)
    stats = listings.stats()
    assert (stats.articles, stats.versions, stats.stories, stats.raw_pages) == (1, 1, 1, 1)
    assert stats.matches == {"purl": 1}
    assert (stats.feeds, stats.entries) == ({"active": 1}, {"done": 1})
    assert (stats.last_poll_at, stats.last_article_at) == (later(make, 3), later(make, 3))
    assert stats.rule_problems == listings.rule_problems()
    (problem,) = stats.rule_problems
    assert (problem.file, problem.code, problem.line, problem.recorded_at) == ("b.rules", errors[0].code, 2, make.T0)
    assert problem.source_line == "    match (x"


def test_an_error_that_stays_keeps_the_time_at_which_it_was_found(listings, store, make, rules):
    def recorded(text, minutes):
        store.record_rule_errors(rules(b=text).errors, later(make, minutes))
        return [(each.line, each.source_line.strip(), each.recorded_at) for each in listings.rule_problems()]

    first, second = (later(make, minutes) for minutes in (0, 1))
    assert recorded("topic b\n    match y OR\n", 0) == [(2, "match y OR", first)]
    more = "topic a\n    match x OR\ntopic b\n    match y OR\n"
    assert recorded(more, 1) == [(2, "match x OR", second), (4, "match y OR", first)]
    assert recorded("# soon\n" + more, 2) == [(3, "match x OR", second), (5, "match y OR", first)]
    assert recorded("topic b\n    match z OR\n", 3)[0][2] == later(make, 3)
    assert recorded("", 4) == []
    assert recorded("topic b\n    match y OR\n", 5) == [(2, "match y OR", later(make, 5))]


def test_hits_are_counted_by_topic_and_by_rule(listings, store, make, newsroom, topics, rules):
    for number, text in enumerate(("PURL", "PURL and NATO", "NATO", "Crimea")):
        newsroom.save(f"{A}{number}", text=text, matches=match(topics, "", text), at=later(make, number))
    newsroom.save(f"{A}2", text="Nothing.", at=later(make, 9))
    days = {"today": later(make, 2), "week": later(make, 1)}
    hits = {
        each.topic: (each.matches, each.today, each.week, each.last, each.stale) for each in listings.topic_hits(**days)
    }
    assert hits == {"purl": (2, 0, 1, later(make, 1), 0), "crimea": (1, 1, 1, later(make, 3), 0)}
    by_rule = {
        each.rule: (each.topic, each.matches, each.today, each.week, each.month, each.last)
        for each in listings.rule_hits(**days, month=make.T0)
    }
    assert by_rule == {
        "purl.1": ("purl", 2, 0, 1, 2, later(make, 1)),
        "purl.2": ("purl", 1, 0, 1, 1, later(make, 1)),
        "crimea.1": ("crimea", 1, 1, 1, 1, later(make, 3)),
    }
    # the number of a line means something within one version of its topic only
    changed = rules(a="topic purl\n    match NATO\n    match =PURL\ntopic crimea\n    match Crimea\n").topics
    store.record_topics(changed, make.T0)
    assert {each.topic: each.stale for each in listings.topic_hits(**days)} == {"purl": 2, "crimea": 0}
    assert [each.rule for each in listings.rule_hits(**days, month=make.T0)] == ["crimea.1"]


# --- at any size ------------------------------------------------------------------------------------


def test_the_number_of_statements_does_not_grow_with_the_rows(url, store, make, newsroom, topics):
    counts = {}
    for size in (3, 12):
        for number in range(size):
            one = newsroom.save(f"{A}{size}-{number}", text="PURL", matches=match(topics, "", "PURL"))
            newsroom.save(f"{B}{size}-{number}", story_id=one.story_id, relations=(make.relation(one.article_id),))
        with Listings(url) as listings:
            for name in ("feeds", "entries", "articles", "matches", "stories", "topics", "stats"):
                counts.setdefault(name, []).append(statements_of(listings, name))
    assert {name: few for name, (few, _) in counts.items()} == {name: many for name, (_, many) in counts.items()}


def statements_of(listings, name):
    seen = []

    def count(*given):
        seen.append(given[2])

    event.listen(listings._engine, "before_cursor_execute", count)
    getattr(listings, name)()
    event.remove(listings._engine, "before_cursor_execute", count)
    return len(seen)


#: listing → the index that it must walk, so that a page of a large archive costs no sort of all of it
PLANS = {
    "entries": "ix_entry_first_seen_at",
    "articles": "ix_article_first_seen_at",
    "stories": "ix_story_first_seen_at",
    "matches": "ix_match_first_seen_at",
}


@pytest.mark.parametrize(("name", "index"), PLANS.items())
def test_the_newest_rows_are_found_by_an_index(file, url, store, name, index):
    seen = []
    with Listings(url) as listings:
        event.listen(
            listings._engine,
            "before_cursor_execute",
            lambda *given: seen.append(given[2:4]),
        )
        getattr(listings, name)(limit=10)
    statement, parameters = next(pair for pair in seen if "LIMIT" in pair[0])
    with closing(sqlite3.connect(file)) as connection:
        plan = " / ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters))
    # What is told of the rows of the page may be sorted once more.
    chosen, *_ = plan.split(" / SCAN page")
    assert index in chosen
    assert "FOR ORDER BY" not in chosen


def test_a_topics_matches_are_listed_and_counted_by_its_index(file, url, store, topics):
    index = "ix_match_topic_id_first_seen_at"
    seen = []
    with Listings(url) as listings:
        event.listen(listings._engine, "before_cursor_execute", lambda *given: seen.append(given[2:4]))
        listings.matches("purl", limit=10)
        listings.topics()
        listings.topic_hits(today=NOW, week=NOW)
    with closing(sqlite3.connect(file)) as connection:
        listed, recorded, hits = (
            " / ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters))
            for statement, parameters in seen
            if ("FROM" in statement and "span" in statement) or "count(" in statement
        )
    chosen, *_ = listed.split(" / SCAN page")
    assert f"USING COVERING INDEX {index} (topic_id=?)" in chosen
    assert "FOR ORDER BY" not in chosen
    assert f"USING COVERING INDEX {index}" in recorded
    assert f"USING COVERING INDEX {index}" in hits


def test_removed_feeds_are_listed(listings, store, make, newsroom):
    newsroom.feed(A)
    store.sync_feeds([], make.T0)
    assert [feed.state for feed in listings.feeds()] == [FeedState.REMOVED]
