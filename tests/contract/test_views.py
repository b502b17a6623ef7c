"""The views say what the listings say, on every database, and nobody can write through them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import SQLAlchemyError

from ingest.polling import Event, EventKind
from rules.match import TopicMatch
from rules.plans import Span
from storage.address import read_address
from storage.engine import migrating_engine
from storage.errors import ViewsInTheWay
from storage.migrate import upgrade
from storage.store import Store
from storage.tables import SCHEMA_REVISION, article, article_version
from storage.views import VIEWS, create_views, drop_views

if TYPE_CHECKING:
    from storage.listings import Listings

BY_NAME = {view.name: view for view in VIEWS}

#: Fields of the listings that no view has: they are worked out of others, or of what is now.
WORKED_OUT = {
    "v_feeds": {"gaps"},
    "v_matches": {"matched", "added"},
    "v_stories": {"copies", "topics"},
}


class Topic:
    """What `record_topics` needs of a topic."""

    name, version, source, title, tags, langs, file = "harbour", "v1", "topic harbour", "T", ("a",), ("en",), "x.rules"


@pytest.fixture
def filled(newsroom: Any, make: Any) -> Any:
    store, t0 = newsroom.store, make.T0
    store.record_topics((Topic(),), t0)
    found = TopicMatch(topic="harbour", version="v1", rules=("harbour.1",), spans=(Span("title", 0, 1),))
    first = newsroom.save(
        "https://a.example/1", at=t0, matches=(found,), published=datetime(1969, 12, 31, 23, tzinfo=UTC)
    )
    newsroom.save(
        "https://b.example/1",
        at=t0 + timedelta(microseconds=1),
        source="b.example",
        story_id=first.story_id,
        relations=(make.relation(first.article_id),),
    )
    newsroom.save("https://b.example/1", at=t0 + timedelta(minutes=1), text="Corrected text.", matches=(found,))
    newsroom.entry("https://c.example/1")
    store.record_events([Event(kind=EventKind.GAP, feed_id=newsroom.feed_id, detail="a gap")], t0)
    store.save_subscription(make.subscription(newsroom.feed_id))
    return newsroom


def read_view(listings: Listings, name: str) -> list[dict[str, Any]]:
    """All rows of a view, with times and JSON as the listings give them."""
    view = BY_NAME[name]

    def work(connection: Any) -> list[dict[str, Any]]:
        select = view.sql(connection.dialect.name).partition("AS\n")[2]
        return [dict(row._mapping) for row in connection.execute(text(f"{select} ORDER BY 1 DESC"))]

    rows = listings._read(work)
    for row in rows:
        assert list(row) == [column.name for column in view.columns]
        for column in view.columns:
            row[column.name] = as_listed(row[column.name], column.kind)
    return rows


def as_listed(value: Any, kind: str) -> Any:
    if isinstance(value, str) and kind == "time":
        assert len(value) == len("2026-01-05T12:00:00.000000Z")
        return datetime.fromisoformat(value)
    if kind == "JSON":
        return json.loads(value) if isinstance(value, str) else value
    return bool(value) if kind == "true or false" else value


@pytest.mark.parametrize(
    ("name", "listed"),
    [
        ("v_feeds", "feeds"),
        ("v_entries", "entries"),
        ("v_articles", "articles"),
        ("v_stories", "stories"),
        ("v_matches", "matches"),
        ("v_events", "events"),
    ],
)
def test_a_view_agrees_with_its_listing(filled, listings, name, listed):
    records = sorted(getattr(listings, listed)(), key=lambda record: -record.id)
    rows = read_view(listings, name)
    assert rows
    for row, record in zip(rows, records, strict=True):
        for field in set(record.__dataclass_fields__) - WORKED_OUT.get(name, set()):
            value = getattr(record, field)
            if field == "spans":
                value = [{"field": s.field, "start": s.start, "end": s.end, "text": s.text} for s in value]
            assert row[field] == (list(value) if isinstance(value, tuple) else value), field


def test_topics_versions_and_relations(filled, listings):
    (topic,) = read_view(listings, "v_topics")
    (record,) = listings.topics()
    assert (topic["topic"], topic["version"], topic["matches"]) == (record.name, record.version, record.matches)
    assert topic["is_active"] is True
    versions = [row for row in read_view(listings, "v_versions") if row["article"] == 2]
    assert [(row["n"], row["is_current"]) for row in versions] == [(2, True), (1, False)]
    assert versions[0]["text"] == "Corrected text."


def test_a_relation_tells_its_passage(newsroom, make, listings):
    first = newsroom.save("https://a.example/1")
    newsroom.save("https://b.example/1", story_id=first.story_id, relations=(make.relation(first.article_id),))
    (row,) = read_view(listings, "v_relations")
    (told,) = listings.article(row["article"]).relations
    assert (row["other_article"], row["kind"], row["score"], row["passage"]) == (
        told.article,
        told.kind,
        told.score,
        told.passage,
    )
    assert row["passage"]


def test_only_what_is_listed_is_in_a_view(filled, listings):
    """The match of an earlier text is none of the current one, which is listed."""
    assert len(read_view(listings, "v_matches")) == len(listings.matches()) == 2
    assert len(read_view(listings, "v_articles")) == len(listings.articles()) == 2


def test_no_view_has_a_secret(filled, listings):
    shown = repr([read_view(listings, view.name) for view in VIEWS])
    assert "a secret" not in shown
    assert "a token" not in shown


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_view_cannot_be_written(filled, view):
    def work(connection: Any) -> None:
        drop_views(connection)
        create_views(connection)
        connection.execute(text(f"UPDATE {view.name} SET {view.columns[0].name} = {view.columns[0].name}"))

    with pytest.raises((SQLAlchemyError, Exception), match=r"(?i)cannot (modify|update)|view"):
        filled.store._write(work)


def test_views_are_made_and_dropped_again_and_again(filled):
    def work(connection: Any) -> list[int]:
        counts = []
        for _ in range(2):
            drop_views(connection)
            drop_views(connection)
            create_views(connection)
            counts.append(connection.execute(text("SELECT count(*) FROM v_matches")).scalar_one())
        return counts

    assert filled.store._write(work) == [2, 2]


def test_every_column_has_a_meaning():
    for view in VIEWS:
        assert view.meaning
        names = [column.name for column in view.columns]
        assert len(set(names)) == len(names)
        assert all(column.meaning for column in view.columns)


def test_times_before_1970_and_without_a_second(newsroom, make, listings):
    """The parts of a time are told right on both sides of zero."""
    newsroom.save("https://a.example/1")
    moment = datetime(1969, 7, 20, 20, 17, 39, 999_999, tzinfo=UTC)
    newsroom.store._write(lambda connection: connection.execute(update(article).values(published=moment)))
    newsroom.store._write(lambda connection: connection.execute(update(article_version).values(published=None)))
    (row,) = read_view(listings, "v_articles")
    assert row["published"] == moment
    (version,) = read_view(listings, "v_versions")
    assert version["published"] is None


def test_views_of_other_people_that_stand_upon_ours_are_named(empty_postgresql):
    """An upgrade makes ours anew, which the server refuses; nothing is changed then, and it can be repeated."""
    mine = ("CREATE VIEW my_report AS SELECT topic FROM v_matches", "CREATE VIEW my_feeds AS SELECT url FROM v_feeds")
    with Store(empty_postgresql) as store:
        older = "UPDATE alembic_version SET version_num = '0005'"
        store._write(lambda connection: [connection.execute(text(each)) for each in (*mine, older)])
    with pytest.raises(ViewsInTheWay) as raised:
        upgrade(empty_postgresql)
    told = str(raised.value)
    assert told.count("\n") == 0
    assert "view my_report depends on view v_matches" in told
    assert "view my_feeds depends on view v_feeds" in told
    assert "drop it" in told
    newer = f"UPDATE alembic_version SET version_num = '{SCHEMA_REVISION}'"
    engine = migrating_engine(read_address(empty_postgresql))
    try:
        with engine.begin() as connection:
            connection.execute(text(newer))
            for view in ("my_report", "my_feeds"):
                assert connection.execute(text(f"SELECT count(*) FROM {view}")).scalar() == 0
                connection.execute(text(f"DROP VIEW {view}"))
            drop_views(connection)
            create_views(connection)
    finally:
        engine.dispose()
