"""What goes through an archive comes out the same, on every database and across them, and nothing is ever doubled."""

from __future__ import annotations

import io
import itertools
import json
import shutil
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from ingest.copies.fingerprint import take_fingerprint
from ingest.copies.model import RelationKind
from ingest.model import EntryOutcome, EntryState, TextFrom
from ingest.polling import Event, EventKind
from rules.match import TopicMatch
from rules.plans import Span
from storage import tables
from storage.archive import outgoing
from storage.archive.transfer import ArchiveReader, ArchiveWriter
from storage.checking.examination import examine
from storage.checking.findings import IMPORT
from storage.listings import Listings
from storage.store import Store
from wirewatch.archive import header_line, read_archive, record_line
from wirewatch.importing import import_records

if TYPE_CHECKING:
    from pathlib import Path

T0 = datetime(2026, 1, 5, 12, tzinfo=UTC)
PROSE = (
    "The ministers met in the old town hall on Monday to speak about the harbour, its bridges and the money that "
    "both would cost in the coming years, and nobody left before midnight. {} was the word of the evening."
)


@pytest.fixture
def other_url(url: str, request: pytest.FixtureRequest, tmp_path_factory: Any) -> str:
    """An empty database of the other kind."""
    if url.startswith("sqlite"):
        return request.getfixturevalue("empty_postgresql")
    empty = request.getfixturevalue("empty_file")
    return f"sqlite:///{shutil.copy(empty, tmp_path_factory.mktemp('other'))}"


@pytest.fixture
def third_url(empty_file: Path, tmp_path_factory: Any) -> str:
    return f"sqlite:///{shutil.copy(empty_file, tmp_path_factory.mktemp('third'))}"


def export(url: str, make: Any, *, raw_pages: bool = True) -> list[str]:
    with ArchiveReader(url) as reader:
        header = header_line(reader.header(make.T0))
        return [header, *map(record_line, reader.records(raw_pages=raw_pages))]


def bring(lines: list[str], url: str, make: Any, **given: Any) -> Any:
    _, records = read_archive(io.BytesIO("".join(lines).encode()), "archive.jsonl")
    with ArchiveWriter(url) as writer:
        return import_records(writer, records, clock=lambda: make.T0 + timedelta(days=40), **given)


def read_rows(url: str, *columns: Any) -> list[Any]:
    with Listings(url) as listings:
        return listings._read(lambda connection: list(connection.execute(select(*columns))))


def text(word: str) -> dict[str, Any]:
    body = PROSE.format(word)
    return {"text": body, "title": f"About {word}", "fingerprint": take_fingerprint(body, f"About {word}")}


class Topic:
    """What `record_topics` needs of a topic."""

    def __init__(self, name: str, version: str) -> None:
        self.name, self.version = name, version
        self.source, self.title, self.tags, self.langs, self.file = f"topic {name}", "T", ("a",), ("en",), "x.rules"


def fill(newsroom: Any, make: Any) -> None:
    """A database in which everything that an archive tells has happened."""
    store: Store = newsroom.store
    t0, minute = make.T0, timedelta(minutes=1)
    harbour, old = Topic("harbour", "v1"), Topic("old", "v0")
    store.record_topics((harbour, old), t0)
    newsroom.feed("https://news.example/feed")
    found = TopicMatch(topic="harbour", version="v1", rules=("harbour.1",), spans=(Span("title", 0, 5),))
    first = newsroom.save("https://a.example/1", at=t0, matches=(found,), page=make.page(), **text("Bridges"))
    copy = newsroom.save(
        "https://b.example/1",
        at=t0 + minute,
        story_id=first.story_id,
        relations=(make.relation(first.article_id),),
        addresses=("https://b.example/1", "https://b.example/1?amp"),
        published=t0 - timedelta(days=1),
        **text("Bridges!"),
    )
    alone = newsroom.save("https://c.example/1", at=t0 + 2 * minute, **text("Ships"))
    # A page that joins the two stories, then a correction that leaves them again.
    newsroom.save(
        "https://d.example/1",
        at=t0 + 3 * minute,
        story_id=first.story_id,
        merges=(alone.story_id,),
        relations=(make.relation(first.article_id), make.relation(alone.article_id, RelationKind.EXTENDED)),
        **text("Bridges and ships"),
    )
    newsroom.save("https://d.example/1", at=t0 + 4 * minute, matches=(found,), **text("Nothing of that"))
    newsroom.save("https://d.example/1", at=t0 + 5 * minute, **text("Bridges and ships"))
    assert copy.article_id
    # The topic changes, is judged anew, and another one is retired.
    store.record_topics((Topic("harbour", "v2"),), t0 + 6 * minute)
    newsroom.save(
        "https://e.example/1",
        at=t0 + 7 * minute,
        matches=(TopicMatch(topic="harbour", version="v2", rules=("harbour.1",), spans=()),),
        **text("Cranes"),
    )
    newsroom.feed("https://other.example/feed")
    newsroom.poll(make.new_entry("https://f.example/1", title="Ю\u2028\x9f"), at=t0)
    _save_without_address(newsroom, make)
    failed = newsroom.entry("https://g.example/1", at=t0)
    outcome = EntryOutcome(state=EntryState.RETRYING, attempts=2, next_try_at=t0 + timedelta(hours=1), detail="late")
    store.finish_entry(failed, outcome)
    store.record_events([Event(kind=EventKind.GAP, feed_id=newsroom.feed_id, detail="a gap")], t0)
    store.record_events([Event(kind=EventKind.DRIFT, site="a.example", detail="other pages")], t0)


def _save_without_address(newsroom: Any, make: Any) -> None:
    entry = make.new_entry(None, guid="tag:no-address", link=None, page_address=None)
    # Ids are given out that no row has in the end, so that those of the archive's reader are others.
    (ident,) = newsroom.poll(entry, at=make.T0)
    url = f"urn:wirewatch:entry:{ident}"
    item = make.item(ident, url, at=make.T0, source="", text_from=TextFrom.FEED, **text("Orphans"))
    newsroom.store.save(item)


# --- laws -------------------------------------------------------------------------------------------


def test_what_goes_through_an_archive_comes_out_the_same(newsroom, make, url, other_url, third_url):
    """SQLite → PostgreSQL → SQLite and the other way round: the same lines, but for the time in the first."""
    fill(newsroom, make)
    lines = export(url, make)
    bring(lines, other_url, make)
    assert export(other_url, make) == lines
    bring(export(other_url, make), third_url, make)
    assert export(third_url, make) == lines


def test_listings_are_the_same_but_for_ids(newsroom, make, url, third_url):
    fill(newsroom, make)
    bring(export(url, make), third_url, make)
    with Listings(url) as one, Listings(third_url) as two:
        assert [(m.url, m.topic, m.rules, m.spans, m.copy_count, m.added) for m in one.matches()] == [
            (m.url, m.topic, m.rules, m.spans, m.copy_count, m.added) for m in two.matches()
        ]
        assert [(s.url, s.title, s.topics, s.outlets, s.copy_count) for s in one.stories()] == [
            (s.url, s.title, s.topics, s.outlets, s.copy_count) for s in two.stories()
        ]
        assert [(a.url, a.title, a.versions, a.dated_at) for a in one.articles() if a.source] == [
            (a.url, a.title, a.versions, a.dated_at) for a in two.articles() if a.source
        ]
        assert [e.detail for e in one.events()] == [e.detail for e in two.events()]
        found = [f.url for f in two.search("ships").rows]
        assert found == [f.url for f in one.search("ships").rows] != []


def test_the_same_archive_twice_changes_nothing(newsroom, make, url, third_url):
    fill(newsroom, make)
    lines = export(url, make)
    bring(lines, third_url, make)
    before = everything(third_url)
    counts = bring(lines, third_url, make)
    assert everything(third_url) == before
    assert all(name.endswith(".known") for name in counts), counts


def test_an_archive_changes_nothing_where_it_came_from(newsroom, make, url):
    fill(newsroom, make)
    before = everything(url)
    bring(export(url, make), url, make)
    after = everything(url)
    # An article without an address is now known also by what archives call it.
    named = [row for row in after.pop("article_address") if row not in before["article_address"]]
    assert [row.count("urn:wirewatch:entry:") for row in named] == [1]
    del before["article_address"]
    assert after == before


@pytest.mark.parametrize("batch", [1, 3])
def test_an_import_that_was_killed_ends_the_same(newsroom, make, url, third_url, empty_file, tmp_path, batch):
    fill(newsroom, make)
    lines = export(url, make)

    class Killed(Exception):
        pass

    for moment in range(1, len(lines) // batch, 5):
        told = itertools.count(1)
        path = shutil.copy(empty_file, tmp_path / f"{batch}-{moment}.db")

        def die(_done: int, told: Any = told, moment: int = moment) -> None:
            if next(told) == moment:
                raise Killed

        with pytest.raises(Killed):
            bring(lines, f"sqlite:///{path}", make, batch=batch, tell=die)
        bring(lines, f"sqlite:///{path}", make)
        assert export(f"sqlite:///{path}", make) == lines


def test_after_an_import_that_was_broken_off_the_check_says_to_run_it_again(newsroom, make, url, third_url):
    fill(newsroom, make)
    lines = export(url, make)
    first = next(i for i, line in enumerate(lines) if '"record":"article"' in line)
    bring(lines[:first], third_url, make)
    assert IMPORT in {found.fix for found in examine(third_url)}
    bring(lines, third_url, make)
    assert [found.message for found in examine(third_url)] == [found.message for found in examine(url)]


#: What of the tables that an archive tells it leaves out: ids, what is worked out anew, how polling stands. Each column
#: that is not here must come out as it went in, so a new one is thought of here or in the archive.
LEFT_OUT: dict[str, set[str]] = {
    "feed": {
        *("id", "state", "removed_at", "etag", "last_modified", "body_hash", "interval_s", "failures", "last_status"),
        *("last_error", "last_error_detail", "last_polled_at", "last_full_poll_at", "next_poll_at", "longest_quiet_s"),
        *("broken_since", "silent_since", "hub", "self_url", "plan_why"),
    },
    "feed_move": {"id", "feed_id"},
    # Whether it is in force is said by the rule files of the reader.
    "topic": {"id", "version_id", "retired_at"},
    "topic_version": {"id", "topic_id"},
    "topic_change": {"id", "topic_id", "topic_version_id"},
    "entry": {"id", "feed_id", "article_id"},
    "article": {"id", "entry_id", "story_id", "version_id"},
    "article_version": {"id", "article_id", "tokenizer_version", "fingerprint_alg"},
    "version_change": {"id", "article_id", "version_id"},
    "raw_page": {"version_id"},
    "story": {"id", "lead_article_id", "first_article_id"},
    "story_alias": {"old", "new"},
    "story_change": {"id", "story_id", "article_id", "other_story_id"},
    "story_stay": {"id", "article_id", "story_id"},
    "relation": {"id", "article_id", "version_id", "other_id", "other_version_id"},
    "match": {"id", "version_id", "topic_id", "topic_version_id", "article_id"},
    "event": {"id", "feed_id", "entry_id"},
    "forgotten": {"article_id"},
}

#: Tables of which an archive holds nothing.
NOT_ARCHIVED = {
    # as columns of `article`
    "article_address",
    # secrets, answers of servers, and what hosts asked for
    *("subscription", "poll_log", "fetch_log", "host_wait", "robots_file"),
    # worked out anew
    *("fingerprint", "posting", "posting_state", "site_memory", "site_line", "topic_backlog"),
    # work of this database, and its rule files
    *("backfill", "rebuild", "redo", "rule_problem"),
}

#: Values that `fill` gives nobody; those of a column of times and of numbers are made below.
_UNUSUAL: dict[str, Any] = {
    "state": "failed",
    "text_from": "feed",
    "fetch_url": "https://moved.example/feed",
    "is_changed": True,
    "sections": ["politics"],
    "slots": [{"kind": "number", "start": 1, "end": 2, "other_start": 3, "other_end": 4}],
    "origin": "backfill",
}


def set_unusual_values(url: str) -> None:
    """Give each column that an archive tells and that can be anything a value that none has by default."""
    from sqlalchemy import update

    from storage.columns import UtcTime

    kept = {"identity", "url", "page_address", "from_url", "to_url", "address", "version", "name", "source", "kind"}
    kept |= {"n", "title", "text", "text_hash", "rules", "spans", "headers", "body", "tags", "langs", "entries_seen"}
    kept |= {"first_seen_at", "dated_at", "lead_article_id", "until", "created_at", "at"}

    def work(connection: Any) -> None:
        number = 3
        for name, left_out in LEFT_OUT.items():
            table = tables.metadata.tables[name]
            for column in table.c:
                if column.name in left_out | kept:
                    continue
                number += 1
                if column.name in _UNUSUAL:
                    value = _UNUSUAL[column.name]
                elif isinstance(column.type, UtcTime):
                    value = T0 + timedelta(days=number)
                elif column.type.python_type in (int, float):
                    value = number if column.type.python_type is int else number / 1000
                else:
                    value = f"unusual {column.name}"
                key = next(iter(table.primary_key))
                first = select(key).order_by(key).limit(1).scalar_subquery()
                connection.execute(update(table).where(key == first).values({column.name: value}))

    with Store(url) as store:
        store._write(work)


def told(url: str) -> dict[str, list[str]]:
    """The rows of all tables that an archive tells, without what it leaves out; of ids, whether there is one."""

    def values(name: str, row: Any) -> str:
        kept = {key: value for key, value in row._mapping.items() if key not in LEFT_OUT[name]}
        linked = [key for key, value in row._mapping.items() if key.endswith("_id") and value is not None]
        return repr((kept, linked if name != "forgotten" else []))

    return {
        name: sorted(values(name, row) for row in read_rows(url, tables.metadata.tables[name])) for name in LEFT_OUT
    }


def test_every_table_is_in_an_archive_or_left_out_by_name():
    assert {*LEFT_OUT, *NOT_ARCHIVED} == set(tables.metadata.tables)
    for name, left_out in LEFT_OUT.items():
        assert left_out <= set(tables.metadata.tables[name].c.keys())


def test_every_column_comes_out_as_it_went_in(newsroom, make, url, third_url):
    """But for those that are left out by name: also what is mostly empty, as credit, date_fault or found_by."""
    from storage import forgotten

    fill(newsroom, make)
    gone = newsroom.save("https://gone.example/1", **text("Gone"))
    newsroom.store._write(lambda connection: forgotten.forget(connection, gone.article_id, make.T0))
    add_a_move = tables.feed_move.insert().values(feed_id=1, from_url="https://x.example/", to_url="f", at=make.T0)
    newsroom.store._write(lambda connection: connection.execute(add_a_move))
    set_unusual_values(url)
    before = told(url)
    assert [name for name, rows in before.items() if not rows] == []
    bring(export(url, make), third_url, make)
    after = told(third_url)
    # An article without an address is called by its entry, whose id is another one here.
    assert {name for name in before if before[name] != after[name]} <= {"article"}
    with_address = [[row for row in each["article"] if "urn:wirewatch" not in row] for each in (before, after)]
    assert with_address[0] == with_address[1]


def everything(url: str) -> dict[str, list[Any]]:
    """All rows but those that say how far postings are."""
    left_out = {"posting", "posting_state", "topic_backlog"}
    return {
        table.name: sorted(map(repr, read_rows(url, table)))
        for table in tables.metadata.sorted_tables
        if table.name not in left_out
    }


# --- into a database that has something -------------------------------------------------------------


@pytest.fixture
def other(newsroom: Any, make: Any, url: str, third_url: str) -> Any:
    """A second newsroom, beside the one whose database is exported."""
    from storage.store import Store

    with Store(third_url) as store:
        yield make.Newsroom(store)


def the_article(url: str, address: str = "https://a.example/1") -> Any:
    with Listings(url) as listings:
        (ident,) = [each.id for each in listings.articles() if each.url == address]
        return listings.article(ident)


def both(newsroom: Any, other: Any) -> None:
    for each in (newsroom, other):
        each.feed("https://news.example/feed")


def test_an_article_that_both_have_is_one(newsroom, other, make, url, third_url):
    """Versions by their text, first_seen the earliest, the text shown last is shown; and the same once more."""
    both(newsroom, other)
    day = timedelta(days=1)
    newsroom.save("https://a.example/1", at=make.T0, **text("One"))
    newsroom.save("https://a.example/1", at=make.T0 + 3 * day, **text("Three"))
    other.save("https://a.example/1", at=make.T0 + day, **text("One"))
    other.save("https://a.example/1", at=make.T0 + 2 * day, **text("Two"))
    lines = export(url, make)
    bring(lines, third_url, make)
    shown = the_article(third_url)
    # without a date of its own it counts as published when it was first seen
    assert (shown.first_seen, shown.dated_at) == (make.T0, make.T0)
    assert [version.title for version in shown.versions] == ["About One", "About Two", "About Three"]
    assert shown.title == "About Three"
    assert shown.versions[0].first_seen == make.T0
    # what was shown here until the archive came stays what was shown
    with Listings(third_url) as listings:
        assert listings.article(shown.id, as_of=make.T0 + 10 * day).title == "About Two"
        assert listings.article(shown.id, as_of=make.T0 + 50 * day).title == "About Three"
    before = everything(third_url)
    bring(lines, third_url, make)
    assert everything(third_url) == before
    assert len(before["entry"]) == len(before["article"]) == len(before["fingerprint"]) == 1


def test_what_was_seen_elsewhere_before_this_text_was_here_can_be_shown(newsroom, other, make, url, third_url):
    """The article counts as seen since then, and no other text is known of it here."""
    both(newsroom, other)
    newsroom.save("https://a.example/1", at=make.T0, **text("One"))
    other.save("https://a.example/1", at=make.T0 + timedelta(days=2), **text("Two"))
    bring(export(url, make), third_url, make)
    ident = the_article(third_url).id
    with Listings(third_url) as listings:
        shown = listings.article(ident, as_of=make.T0 + timedelta(days=1))
    assert shown.title == "About Two"
    assert [(each.n, each.is_current) for each in shown.versions] == [(1, True), (2, False)]


def test_what_is_shown_here_later_stays(newsroom, other, make, url, third_url):
    both(newsroom, other)
    newsroom.save("https://a.example/1", at=make.T0, **text("One"))
    other.save("https://a.example/1", at=make.T0 + timedelta(days=1), **text("Two"))
    bring(export(url, make), third_url, make)
    assert the_article(third_url).title == "About Two"


def test_of_two_texts_of_one_moment_the_one_that_is_here_stays(newsroom, other, make, url, third_url):
    both(newsroom, other)
    newsroom.save("https://a.example/1", **text("One"))
    other.save("https://a.example/1", **text("Two"))
    bring(export(url, make), third_url, make)
    assert the_article(third_url).title == "About Two"


def test_an_entry_that_both_have_was_seen_first_and_last_where_it_was(newsroom, other, make, url, third_url):
    """And what is still to be done here and was done there is done."""
    both(newsroom, other)
    day = timedelta(days=1)
    entry = newsroom.entry("https://a.example/1", at=make.T0)
    newsroom.store.finish_entry(entry, EntryOutcome(state=EntryState.FAILED, reason="gone"))
    newsroom.entry("https://b.example/1", at=make.T0 + day)
    other.entry("https://a.example/1", at=make.T0 + day)
    other.entry("https://b.example/1", at=make.T0)
    bring(export(url, make), third_url, make)
    told = read_rows(third_url, *(tables.entry.c[name] for name in ("link", "first_seen_at", "last_seen_at", "state")))
    assert sorted(tuple(row) for row in told) == [
        ("https://a.example/1", make.T0, make.T0 + day, "failed"),
        ("https://b.example/1", make.T0, make.T0 + day, "new"),
    ]


def test_a_relation_that_both_found_is_one(newsroom, other, make, url, third_url):
    both(newsroom, other)
    for each, at in ((newsroom, make.T0), (other, make.T0 + timedelta(hours=1))):
        first = each.save("https://a.example/1", at=at, **text("One"))
        beside = {"story_id": first.story_id, "relations": (make.relation(first.article_id),)}
        each.save("https://b.example/1", at=at, **beside, **text("Two"))
    assert bring(export(url, make), third_url, make)["relation.known"] == 1
    assert len(read_rows(third_url, tables.relation)) == 1


def test_an_entry_of_what_was_forgotten_here_comes_without_its_text(newsroom, other, make, url, third_url):
    """Also one that another feed listed, and that never led to an article there."""
    from storage import forgotten

    other.feed("https://news.example/feed")
    mine = other.save("https://a.example/1", **text("One"))
    other.store._write(lambda connection: forgotten.forget(connection, mine.article_id, make.T0))
    newsroom.feed("https://second.example/feed")
    newsroom.poll(make.new_entry("https://a.example/1", title="The mayor", text="The mayor lives at."))
    bring(export(url, make), third_url, make)
    rows = everything(third_url)["entry"]
    assert len(rows) == 2
    assert "mayor" not in repr(rows)


def test_an_article_is_known_by_any_of_its_addresses(newsroom, other, make, url, third_url):
    both(newsroom, other)
    same = ("https://a.example/1", "https://a.example/1?amp")
    newsroom.save(same[0], addresses=same, **text("One"))
    other.save(same[1], **text("One"))
    bring(export(url, make), third_url, make)
    assert len(read_rows(third_url, tables.article)) == 1


def test_stories_that_are_one_elsewhere_become_one(newsroom, other, make, url, third_url):
    both(newsroom, other)
    first = newsroom.save("https://a.example/1", **text("One"))
    newsroom.save(
        "https://b.example/1", story_id=first.story_id, relations=(make.relation(first.article_id),), **text("Two")
    )
    other.save("https://b.example/1", **text("Two"))
    other.save("https://a.example/1", **text("One"))
    lines = export(url, make)
    bring(lines, third_url, make)
    with Listings(third_url) as listings:
        (story,) = listings.stories()
        assert story.copy_count == 1
        assert [each.kind for each in listings.shown_story(story.id).trail] == ["merged"]
    before = everything(third_url)
    bring(lines, third_url, make)
    assert everything(third_url) == before


def test_a_match_is_not_doubled_and_its_topic_stays_in_force(newsroom, other, make, url, third_url):
    both(newsroom, other)
    found = TopicMatch(topic="harbour", version="v1", rules=("harbour.1",), spans=())
    for each, at in ((newsroom, make.T0), (other, make.T0 + timedelta(hours=1))):
        each.store.record_topics((Topic("harbour", "v1"),), make.T0)
        each.save("https://a.example/1", at=at, matches=(found,), **text("One"))
    bring(export(url, make), third_url, make)
    with Listings(third_url) as listings:
        (match,) = listings.matches()
        assert match.first_seen == make.T0
        assert [topic.is_active for topic in listings.topics()] == [True]


def test_nothing_is_polled_and_no_topic_is_in_force_by_surprise(newsroom, make, url, third_url):
    from storage.store import Store

    fill(newsroom, make)
    bring(export(url, make), third_url, make)
    with Store(third_url) as store:
        assert store.due_feeds(make.T0 + timedelta(days=99), 9, is_everything_due=True) == ()
        assert store.versions_in_force() == {}
        with Listings(third_url) as listings:
            stays = listings.topic_stays(None)
            assert {stay.ended for stay in stays} == {"retired", "changed"}
            assert None not in {stay.until for stay in stays}
        # What is configured goes on where the archive left it.
        store.sync_feeds(make.feeds("https://news.example/feed"), make.T0 + timedelta(days=41))
        (due,) = store.due_feeds(make.T0 + timedelta(days=99), 9)
        with Listings(third_url) as listings:
            (feed,) = [each for each in listings.feeds() if each.id == due.id]
            assert feed.entries > 1
    counted = read_rows(third_url, tables.feed.c.entries_seen)
    assert sum(row[0] for row in counted) == len(read_rows(third_url, tables.entry.c.id))


def test_texts_are_behind_the_topics_in_force_here(newsroom, other, make, url, third_url):
    other.store.record_topics((Topic("bridges", "v1"),), make.T0)
    newsroom.save("https://a.example/1", **text("One"))
    bring(export(url, make), third_url, make)
    with Listings(third_url) as listings:
        assert [topic.is_behind for topic in listings.topics()] == [True]


def test_what_was_forgotten_here_stays_forgotten(newsroom, other, make, url, third_url):
    from storage import forgotten

    both(newsroom, other)
    first = newsroom.save("https://a.example/1", **text("One"))
    newsroom.save(
        "https://b.example/1", story_id=first.story_id, relations=(make.relation(first.article_id),), **text("Two")
    )
    mine = other.save("https://a.example/1", **text("One"))
    other.store._write(lambda connection: forgotten.forget(connection, mine.article_id, make.T0))
    lines = export(url, make)
    counts = bring(lines, third_url, make)
    assert counts["article.forgotten"] == 1
    assert "One" not in repr(everything(third_url)["article_version"] + everything(third_url)["entry"])
    with Listings(third_url) as listings:
        assert [article.url for article in listings.articles()] == ["https://b.example/1"]
    before = everything(third_url)
    bring(lines, third_url, make)
    assert everything(third_url) == before


def test_copies_of_what_was_forgotten_here_are_one_story_still(newsroom, other, make, url, third_url):
    from storage import forgotten

    both(newsroom, other)
    first = newsroom.save("https://a.example/1", **text("One"))
    for address in ("https://b.example/1", "https://c.example/1"):
        beside = {"story_id": first.story_id, "relations": (make.relation(first.article_id),)}
        newsroom.save(address, **beside, **text(f"Two of {address}"))
    mine = other.save("https://a.example/1", **text("One"))
    other.store._write(lambda connection: forgotten.forget(connection, mine.article_id, make.T0))
    bring(export(url, make), third_url, make, batch=1)
    with Listings(third_url) as listings:
        (story,) = listings.stories()
        assert (story.url, story.copy_count) == ("https://b.example/1", 1)


def test_what_was_forgotten_elsewhere_is_not_taken_up_here(newsroom, other, make, url, third_url):
    from storage import forgotten

    both(newsroom, other)
    saved = newsroom.save("https://a.example/1", **text("One"))
    newsroom.store._write(lambda connection: forgotten.forget(connection, saved.article_id, make.T0))
    bring(export(url, make), third_url, make)
    assert [row.address for row in read_rows(third_url, tables.forgotten)] == ["https://a.example/1"]
    assert other.save("https://a.example/1", entry_url="https://a.example/1?again", **text("One")) is None


def test_what_is_stored_here_is_not_forgotten_by_an_archive(newsroom, other, make, url, third_url):
    """It is said, and left to people."""
    from storage import forgotten

    both(newsroom, other)
    saved = newsroom.save("https://a.example/1", **text("One"))
    newsroom.store._write(lambda connection: forgotten.forget(connection, saved.article_id, make.T0))
    other.save("https://a.example/1", **text("One"))
    assert bring(export(url, make), third_url, make)["forgotten.stored_here"] == 1
    assert the_article(third_url).title == "About One"


def test_what_a_record_names_and_is_not_there_is_left_out(newsroom, make, url, third_url):
    fill(newsroom, make)
    lines = [line for line in export(url, make) if '"record":"entry"' not in line]
    counts = bring(lines, third_url, make)
    assert counts["article.left_out"] > 0
    assert counts["relation.left_out"] > 0
    assert counts["match.left_out"] > 0
    assert read_rows(third_url, tables.article) == []


def test_an_export_beside_a_writer_can_be_imported(newsroom, make, url, third_url):
    """What comes in meanwhile is left out; what was there is in it once, and all that it names too."""
    fill(newsroom, make)
    with ArchiveReader(url) as reader:
        lines = [header_line(reader.header(make.T0))]
        for number, record in enumerate(reader.records()):
            lines.append(record_line(record))
            if number % 4 == 0:
                saved = newsroom.save(f"https://later.example/{number}", **text(f"Later {number}"))
                assert saved.article_id
    counts = bring(lines, third_url, make)
    assert not [name for name in counts if name.endswith(".left_out")]
    assert not any("later.example" in row.url for row in read_rows(third_url, tables.article))


def test_an_archive_of_several_pages_holds_all(make, third_url):
    """One more of everything than a page has."""
    most = outgoing.PAGE + 1
    with Store(third_url) as store:
        newsroom = make.Newsroom(store)
        newsroom.feed()
        store.sync_feeds([*newsroom.configured, *make.feeds(*(f"https://f.example/{n}" for n in range(most)))], make.T0)
        topics = [Topic(f"t{number}", "v1") for number in range(most)]
        store.record_topics(topics, make.T0)
        store.record_events([Event(kind=EventKind.GAP, feed_id=1, detail=f"gap {n}") for n in range(most)], make.T0)
        found = tuple(TopicMatch(topic=each.name, version="v1", rules=("r",), spans=()) for each in topics)
        saved = [newsroom.save("https://a.example/", matches=found)]
        saved += [newsroom.save(f"https://a.example/{number}") for number in range(most)]
        # the last one is a copy of all others, whose story becomes part of the one before: so there is a trail
        *others, _ = saved
        newsroom.save(
            f"https://a.example/{most - 1}",
            text="Another text.",
            story_id=others[-1].story_id,
            relations=tuple(make.relation(each.article_id) for each in others),
        )
        rows = [{"address": f"https://gone.example/{n}", "article_id": None, "at": make.T0} for n in range(most)]
        store._write(lambda connection: connection.execute(tables.forgotten.insert(), rows))
    records = Counter(json.loads(line)["record"] for line in export(third_url, make)[1:])
    archived = ("feed", "topic", "entry", "article", "relation", "match", "event", "forgotten")
    stored = {name: len(read_rows(third_url, tables.metadata.tables[name])) for name in archived}
    assert records == {**stored, "story": 1}
    assert min(stored.values()) >= most


def test_raw_pages_come_along_when_they_are_asked_for(newsroom, make, url, third_url):
    fill(newsroom, make)
    assert all('"body_zstd"' not in line for line in export(url, make, raw_pages=False))
    bring(export(url, make), third_url, make)
    assert [row.body for row in read_rows(third_url, tables.raw_page)] == [
        row.body for row in read_rows(url, tables.raw_page)
    ]
