"""What a database holds, told without numbers and moments of its own: two that hold the same are equal in this.

Ids become what they stand for (a feed its address, an entry its feed and identity, an article its address, a story its
place among all stories there ever were), and times of ours become whether there is one; those that publishers gave are
kept. All rows of all tables are taken, each as often as it is there and in the order in which they were stored, so what
is lost, doubled or out of order shows.

What is left out, and why two runs that nobody disturbed may differ in it:

* `id` and `n` where they are a number of ours: PostgreSQL gives no number twice, so what is undone leaves some out.
* `posting`, `posting_state`: they are made of the fingerprints and hold their ids; `db check` compares the two.
* the index of the full text and `alembic_version`, which are no tables of `storage.tables`: `faults_of_file` and
  `db check` look whether the one is in step with the texts, and the daemon refuses another revision.
* `feed.longest_quiet_s`, and in `event.detail` the words that tell a span of time: the seconds that the run took.
* in `raw_page.headers` the server's `date`: the second of the answer.

Of two runs that worked on many hosts at once less is the same, because it follows from which of two hosts was quicker.
They are compared without the order of rows; a story is told by the addresses of its articles, a relation as seen from
the lesser address, and several entries that list one page as one. Besides the above is left out then:

* `site_memory`, `site_line`: what a site repeats is learnt from its newest pages in the order in which they came.
* `story_alias`, `story_change`, `story_stay`: of copies that come at once the one may found a story of its own, which
  merges when a third is like both; which articles are together in the end is compared with the articles.
* `story.lead_article_id`: the first of several copies leads.
* `relation.score`, `share`, `other_share`, `slots`, `start`, `end`, `other_start`, `other_end`: what furniture was
  known when two were compared says how much they have in common, and where. That they are related, and how, is
  compared.
* `event.detail`: a span of time is told in other words when the clock was set back, which is played at once, too.
* of entries that list one page: `checks`, `next_try_at` and `raw_page.url`: which of them looks after it.

Nothing else may follow from how long a run takes; that is seen to by the load, see `press`.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter, defaultdict
from contextlib import closing
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, select

from ingest.copies.model import TURNED
from storage import tables
from storage.columns import UtcTime

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from sqlalchemy import Column, Row, Table

#: Table → rows, each as JSON: in the order in which they were stored, or sorted.
Contents = dict[str, tuple[str, ...]]

#: Times that publishers gave.
_GIVEN_TIMES = frozenset({"published", "updated"})
#: Why each of these is left out is told at the top.
_DERIVED = frozenset({"posting", "posting_state"})
_ELAPSED = frozenset({("feed", "longest_quiet_s")})
_ELAPSED_IN_WORDS = re.compile(r"(?<=of )[\w ]+(?= before)")

_LEFT_OUT_AT_ONCE = frozenset({"site_memory", "site_line", "story_alias", "story_change", "story_stay"})
_LEFT_OUT_COLUMNS_AT_ONCE = frozenset(
    {("story", "lead_article_id"), ("event", "detail")}
    | {("relation", name) for name in ("score", "share", "other_share", "slots")}
    | {("relation", name) for name in ("start", "end", "other_start", "other_end")}
)


def contents(url: str, *, in_turn: bool = False) -> Contents:
    """All that the database at *url* holds; *in_turn*: it was stored one thing after the other, see `kills`."""
    left_out = _DERIVED if in_turn else _DERIVED | _LEFT_OUT_AT_ONCE
    chosen = [table for table in tables.metadata.sorted_tables if table.name not in left_out]
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            rows = {
                table.name: connection.execute(select(table).order_by(*table.primary_key)).all() for table in chosen
            }
    finally:
        engine.dispose()
    names = _Names(rows, in_turn=in_turn)
    told = {
        table.name: [json.dumps(_tell(table, row, names), ensure_ascii=False) for row in rows[table.name]]
        for table in chosen
    }
    # Where the key is not a number of ours, the order of rows is that of what they hold.
    return {name: tuple(each if in_turn else sorted(each)) for name, each in told.items()}


class _Names:
    """What the ids of one database stand for."""

    def __init__(self, rows: Mapping[str, Iterable[Row[Any]]], *, in_turn: bool) -> None:
        self.in_turn = in_turn
        feeds = {row.id: row.url for row in rows["feed"]}
        articles = {row.id: row.url for row in rows["article"]}
        topics = {row.id: row.name for row in rows["topic"]}
        pages = Counter(row.page_address for row in rows["entry"])
        self.shared_pages = frozenset(page for page, count in pages.items() if page and count > 1 and not in_turn)
        self._known: dict[str, Mapping[int, Any]] = {
            "feed": feeds,
            "entry": {
                row.id: [row.page_address]
                if row.page_address in self.shared_pages
                else [feeds[row.feed_id], row.identity]
                for row in rows["entry"]
            },
            "article": articles,
            "article_version": {row.id: [articles[row.article_id], row.text_hash] for row in rows["article_version"]},
            "story": _stories_by_place(rows) if in_turn else _stories_by_members(rows),
            "topic": topics,
            "topic_version": {row.id: [topics[row.topic_id], row.version] for row in rows["topic_version"]},
            "fingerprint": {row.id: articles[row.article_id] for row in rows["fingerprint"]},
        }

    def of(self, table: str, ident: int) -> Any:
        """What stands for this row."""
        return self._known[table].get(ident, "?") if table in self._known else ident


def _stories_by_place(rows: Mapping[str, Iterable[Row[Any]]]) -> dict[int, str]:
    """Those that live on in others are among them."""
    ever = {row.id for row in rows["story"]} | {row.old for row in rows["story_alias"]}
    return {story: f"story {place}" for place, story in enumerate(sorted(ever), 1)}


def _stories_by_members(rows: Mapping[str, Iterable[Row[Any]]]) -> dict[int, list[str]]:
    members: defaultdict[int, list[str]] = defaultdict(list)
    for row in rows["article"]:
        members[row.story_id].append(row.url)
    return {story: sorted(urls) for story, urls in members.items()}


#: Ids without a foreign key.
_IDS_OF = {"fingerprint_id": "fingerprint", "other_story_id": "story", "story_id": "story", "article_id": "article"}


def _tell(table: Table, row: Row[Any], names: _Names) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for column, value in zip(table.columns, row, strict=True):
        if (table.name, column.name) in _ELAPSED:
            continue
        if isinstance(column.type, UtcTime) and column.name not in _GIVEN_TIMES:
            # Whether something was planned or has ended is told all the same.
            told[column.name] = value is not None
        elif of := _refers_to(table, column):
            told[column.name] = None if value is None else names.of(of, value)
        elif not (column.primary_key and column.name in {"id", "n"}):
            told[column.name] = value.hex() if isinstance(value, bytes) else _plain(value)
    if table.name == "raw_page":
        # When the server answered.
        told["headers"] = {name: text for name, text in told["headers"].items() if name != "date"}
    if table.name == "event":
        told["detail"] = _ELAPSED_IN_WORDS.sub("…", told["detail"])
    return told if names.in_turn else _without_order(table.name, told, names)


def _without_order(table: str, told: dict[str, Any], names: _Names) -> dict[str, Any]:
    """What does not depend on which of two hosts was quicker."""
    if table == "relation" and told["other_id"] < told["article_id"]:
        told = _turned(told)
    if table == "raw_page" and told["version_id"][0] in names.shared_pages:
        del told["url"]
    if table == "entry" and told["page_address"] in names.shared_pages:
        # Which of its entries looks after a page.
        del told["checks"], told["next_try_at"]
    return {name: value for name, value in told.items() if (table, name) not in _LEFT_OUT_COLUMNS_AT_ONCE}


def _turned(relation: dict[str, Any]) -> dict[str, Any]:
    """The same relation as seen from the other article."""
    told = {_TURNED_NAMES.get(name, name): value for name, value in relation.items()}
    told["kind"] = TURNED.get(told["kind"], told["kind"])
    return {name: told[name] for name in relation}


_SIDES = (("article_id", "other_id"), ("version_id", "other_version_id"))
_TURNED_NAMES = {one: other for sides in _SIDES for one, other in (sides, sides[::-1])}


def _refers_to(table: Table, column: Column[Any]) -> str | None:
    for key in column.foreign_keys:
        return key.column.table.name
    if table.name == "story_alias" and column.name == "old":
        return "story"
    return _IDS_OF.get(column.name)


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | list | dict | None) else str(value)


def difference(wanted: Contents, found: Contents) -> dict[str, dict[str, list[str]]]:
    """What is lost, what is there too often, and what is out of order, by table; empty: they hold the same."""
    told = {}
    for table in sorted(wanted.keys() | found.keys()):
        before, after = wanted.get(table, ()), found.get(table, ())
        if before != after:
            lost, more = Counter(before) - Counter(after), Counter(after) - Counter(before)
            moved = [] if lost or more else [one for one, other in zip(before, after, strict=True) if one != other]
            told[table] = {"lost": sorted(lost.elements()), "more": sorted(more.elements()), "out_of_order": moved}
    return told


def faults_of_file(path: Path) -> list[str]:
    """What is wrong with an SQLite file: its pages, its references, its full text, and the account of its entries."""
    faults = []
    with closing(sqlite3.connect(path)) as connection:
        for (line,) in connection.execute("PRAGMA integrity_check"):
            if line != "ok":
                faults.append(f"integrity: {line}")
        faults += [f"reference: {row}" for row in connection.execute("PRAGMA foreign_key_check")]
        try:
            connection.execute("INSERT INTO search_index (search_index) VALUES ('integrity-check')")
        except sqlite3.DatabaseError as error:
            faults.append(f"full text: {error}")
        without = connection.execute(
            "SELECT count(*) FROM article_version WHERE id NOT IN (SELECT id FROM search_index_docsize)"
        ).fetchone()[0]
        if without:
            faults.append(f"full text: {without} texts cannot be found")
        seen, stored = connection.execute(
            "SELECT (SELECT coalesce(sum(entries_seen), 0) FROM feed), (SELECT count(*) FROM entry)"
        ).fetchone()
        if seen != stored:
            faults.append(f"account: {seen} entries seen, {stored} stored")
    return faults
