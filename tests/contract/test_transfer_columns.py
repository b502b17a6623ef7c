"""Every column of every table is in an archive, or left out by name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from storage import tables
from storage.store import Store

T0 = datetime(2026, 1, 5, 12, tzinfo=UTC)

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
    # what processes do at this moment
    *("host_turn", "worker"),
    # worked out anew
    *("fingerprint", "posting", "posting_state", "site_memory", "site_line", "topic_backlog"),
    # work of this database, and its rule files
    *("backfill", "rebuild", "redo", "rule_problem"),
}

#: Values that `fill` gives nobody; those of a column of times and of numbers are made below.
_UNUSUAL: dict[str, Any] = {
    "state": "retrying",
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
                if column.name == "pruned_at":
                    # Only what is shown no more is dropped.
                    shown = select(tables.article.c.version_id)
                    dropped = update(table).where(table.c.id.not_in(shown)).values(pruned_at=value, text="")
                    connection.execute(dropped)
                    continue
                key = next(iter(table.primary_key))
                first = select(key).order_by(key).limit(1).scalar_subquery()
                connection.execute(update(table).where(key == first).values({column.name: value}))

    with Store(url) as store:
        store._write(work)


def told(url: str, archives: Any) -> dict[str, list[str]]:
    """The rows of all tables that an archive tells, without what it leaves out; of ids, whether there is one."""

    def values(name: str, row: Any) -> str:
        kept = {key: value for key, value in row._mapping.items() if key not in LEFT_OUT[name]}
        linked = [key for key, value in row._mapping.items() if key.endswith("_id") and value is not None]
        return repr((kept, linked if name != "forgotten" else []))

    return {
        name: sorted(values(name, row) for row in archives.read_rows(url, tables.metadata.tables[name]))
        for name in LEFT_OUT
    }


def test_every_table_is_in_an_archive_or_left_out_by_name():
    assert {*LEFT_OUT, *NOT_ARCHIVED} == set(tables.metadata.tables)
    for name, left_out in LEFT_OUT.items():
        assert left_out <= set(tables.metadata.tables[name].c.keys())


def test_every_column_comes_out_as_it_went_in(newsroom, make, url, third_url, archives):
    """But for those that are left out by name: also what is mostly empty, as credit, date_fault or found_by."""
    from storage import forgotten

    archives.fill(newsroom, make)
    gone = newsroom.save("https://gone.example/1", **archives.text("Gone"))
    newsroom.store._write(lambda connection: forgotten.forget(connection, gone.article_id, make.T0))
    add_a_move = tables.feed_move.insert().values(feed_id=1, from_url="https://x.example/", to_url="f", at=make.T0)
    newsroom.store._write(lambda connection: connection.execute(add_a_move))
    set_unusual_values(url)
    before = told(url, archives)
    assert [name for name, rows in before.items() if not rows] == []
    archives.bring(archives.export(url, make), third_url, make)
    after = told(third_url, archives)
    # An article without an address is called by its entry, whose id is another one here.
    assert {name for name in before if before[name] != after[name]} <= {"article"}
    with_address = [[row for row in each["article"] if "urn:wirewatch" not in row] for each in (before, after)]
    assert with_address[0] == with_address[1]
