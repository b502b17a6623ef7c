"""What the database keeps of copies is the same on SQLite and on a real PostgreSQL."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, select

from ingest.copies.model import Placement, RelationKind, Slot, SlotKind
from ingest.copies.repeats import MIN_PAGES, MIN_SITES
from ingest.errors import Conflict
from ingest.model import Reading, date_of
from storage import copy_tables, dialect, fingerprints, rebuilds, relations, sites, stories, tables
from storage.migrate import run_scripts
from storage.postings import POSTED_AT_ONCE, Tail

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

DAY = timedelta(days=1)
HASHES = tuple(range(1, 21))


@dataclass
class Archive:
    """Stores articles as `articles.save` does, but for the full text, which PostgreSQL does not have yet."""

    engine: Engine
    make: Any
    tail: Tail = field(default_factory=Tail)
    known: sites.Sites = field(default_factory=sites.Sites)
    entry_id: int = 0

    @contextmanager
    def begin(self):
        with self.engine.begin() as connection:
            yield connection

    def clear(self) -> None:
        with self.engine.begin() as connection:
            self.make.clear_tables(connection)
            values = {"url": "u", "fetch_url": "u", "state": "active", "interval_s": 1, "failures": 0}
            times = {"next_poll_at": self.make.T0, "added_at": self.make.T0}
            feed_id = dialect.insert_row(connection, tables.feed, values | times)
            entry = {"feed_id": feed_id, "identity": "i", "title": "", "text": "", "sections": [], "content_hash": ""}
            entry |= {"state": "new", "attempts": 0, "checks": 0, "first_seen_at": self.make.T0}
            entry |= {"last_seen_at": self.make.T0, "is_changed": False, "revision": 0}
            self.entry_id = dialect.insert_row(connection, tables.entry, entry)
        self.tail, self.known = Tail(), sites.Sites()

    def add(self, connection: Connection, url: str, taken: Any = None, *, at: Any = None, **given: Any) -> Any:
        """Store a new article; *given*: published, source, story_id, merges, relations. Returns id and story."""
        make, now = self.make, at or self.make.T0
        taken = make.hashes() if taken is None else taken
        published, source = given.pop("published", None), given.pop("source", "a.example")
        dated_at = date_of(published, now)
        values = {"url": url, "source": source, "entry_id": self.entry_id, "published": published}
        values |= {"first_seen_at": now, "dated_at": dated_at}
        article_id = dialect.insert_row(connection, tables.article, values)
        version_id = self.version(connection, article_id, 1, now)
        own = stories.Member(article_id, now, dated_at)
        placement = Placement(**given)
        story_id = stories.place_new(connection, own, placement, now)
        self._show(connection, article_id, version_id, story_id)
        fingerprints.add(connection, article_id, version_id, taken, now)
        relations.add(connection, article_id, version_id, placement.relations, now)
        self.known.remember(connection, source, url, taken)
        return article_id, story_id

    def change(self, connection: Connection, article_id: int, taken: Any = None, *, n: int = 2, **given: Any) -> Any:
        """Store a new version of an article. Returns its story."""
        make = self.make
        row = connection.execute(select(tables.article).where(tables.article.c.id == article_id)).one()
        now, placement = row.first_seen_at + DAY, Placement(**given)
        compared = relations.relatives_of(connection, article_id)
        own = stories.Member(article_id, row.first_seen_at, row.dated_at)
        placed = stories.place_again(connection, own, row.story_id, placement, now)
        version_id = self.version(connection, article_id, n, now)
        self._show(connection, article_id, version_id, placed.story_id)
        fingerprints.replace(connection, article_id, version_id, make.hashes() if taken is None else taken, now)
        relations.retire(connection, article_id, None if placed.has_left else compared, now)
        relations.add(connection, article_id, version_id, placement.relations, now)
        return placed.story_id

    @staticmethod
    def _show(connection: Connection, article_id: int, version_id: int, story_id: int) -> None:
        change = tables.article.update().where(tables.article.c.id == article_id)
        connection.execute(change.values(version_id=version_id, story_id=story_id))

    @staticmethod
    def version(connection: Connection, article_id: int, n: int, now: Any) -> int:
        values = {"article_id": article_id, "n": n, "title": "T", "text": f"Text {article_id}.", "text_hash": f"{n}"}
        values |= {"text_from": "page", "sections": [], "words": 2, "extractor_version": 1, "tokenizer_version": 1}
        return dialect.insert_row(
            connection, tables.article_version, values | {"fingerprint_alg": 1, "created_at": now}
        )

    def look(self, connection: Connection, taken: Any, *, site: str = "a.example", since: Any = None, known_as=None):
        """Look for candidates."""
        since = since or self.make.T0
        return fingerprints.candidates(
            connection, self.tail, self.known, taken, site=site, since=since, known_as=known_as
        )


@pytest.fixture(params=["sqlite", "postgresql"])
def archive(request, make):
    """An empty archive on each database."""
    made = Archive(request.getfixturevalue(f"on_{request.param}"), make)
    made.clear()
    return made


def rows(connection, table, *names):
    columns = [table.c[name] for name in names]
    return [tuple(row) for row in connection.execute(select(*columns).order_by(*columns))]


def test_candidates_are_found_with_and_without_postings(archive, make):
    with archive.begin() as connection:
        a, story = archive.add(connection, "a", make.hashes(-(2**31), *HASHES, 2**31 - 1))
        for number in range(POSTED_AT_ONCE):
            archive.add(connection, f"other {number}", make.hashes(1000 + number, 5000))
        late, _ = archive.add(connection, "late", make.hashes(*HASHES))
    with archive.begin() as connection:
        assert connection.execute(select(copy_tables.posting_state.c.upto)).scalar_one() == POSTED_AT_ONCE
        found = archive.look(connection, make.hashes(-(2**31), *HASHES, 2**31 - 1))
        assert [(row.article_id, row.shared) for row in found.rows] == [(a, 22), (late, 20)]
        row = found.rows[0]
        assert (row.story_id, row.is_lead, row.source, row.text) == (story, True, "a.example", f"Text {a}.")
        assert found.seen == POSTED_AT_ONCE + 2
        assert len(archive.look(connection, make.hashes(5000)).rows) == 25
        assert archive.look(connection, make.hashes(*HASHES), since=make.T0 + 3 * DAY).rows == ()
        assert archive.look(connection, make.hashes(*HASHES, alg=2)).rows == ()


def test_a_replaced_fingerprint_is_found_no_more(archive, make):
    with archive.begin() as connection:
        a, _ = archive.add(connection, "a", make.hashes(*HASHES, title=7))
        for number in range(POSTED_AT_ONCE):
            archive.add(connection, f"other {number}")
        archive.change(connection, a, make.hashes(*range(100, 120)))
    with archive.begin() as connection:
        assert archive.look(connection, make.hashes(*HASHES)).rows == ()
        (row,) = archive.look(connection, make.hashes(*range(100, 120))).rows
        assert row.article_id == a
        assert rows(connection, copy_tables.posting, "hash") == []


def test_newer_fingerprints_are_refused(archive, make):
    taken = make.hashes(*HASHES)
    with archive.begin() as connection:
        a, story = archive.add(connection, "a", taken)
        b, _ = archive.add(connection, "b", story_id=story, relations=(make.relation(a),))
        seen = archive.look(connection, taken).seen
        fingerprints.refuse_if_newer(connection, taken, seen, None)
        fingerprints.refuse_if_newer(connection, taken, seen, a)
        with pytest.raises(Conflict):
            fingerprints.refuse_if_newer(connection, taken, 0, None)
        fingerprints.refuse_if_newer(connection, make.hashes(1, *range(50, 70)), 0, None)
        archive.change(connection, b, make.hashes(77), relations=(make.relation(a),))
        fingerprints.refuse_if_newer(connection, taken, seen, None)
        with pytest.raises(Conflict):
            # It shares nothing, but it is a relative.
            fingerprints.refuse_if_newer(connection, taken, seen, a)


def test_relatives_come_first_whatever_they_share(archive, make):
    with archive.begin() as connection:
        lead, story = archive.add(connection, "lead", make.hashes(1, 2, 3))
        old, _ = archive.add(connection, "old", make.hashes(900))
        own, _ = archive.add(
            connection,
            "own",
            make.hashes(*HASHES),
            at=make.T0 + 40 * DAY,
            story_id=story,
            relations=(make.relation(old),),
        )
        by, _ = archive.add(connection, "by", make.hashes(7, alg=3), relations=(make.relation(own),), at=make.T0 + DAY)
        near, _ = archive.add(connection, "near", make.hashes(*HASHES), at=make.T0 + 40 * DAY)
        found = archive.look(connection, make.hashes(*HASHES), since=make.T0 + 30 * DAY, known_as=own)
        assert [(row.article_id, row.shared) for row in found.rows] == [(lead, 3), (old, 0), (by, 20), (near, 20)]
        assert relations.relatives_of(connection, own) == {lead, old, by}
        short = archive.look(connection, make.hashes(), since=make.T0 + 30 * DAY, known_as=own)
        assert [row.article_id for row in short.rows] == [lead, old, by]


def test_furniture_is_learned_and_told(archive, make):
    with archive.begin() as connection:
        for site in range(MIN_SITES + 1):
            for number in range(MIN_PAGES):
                unlike = 1000 * site + 10 * number
                lines = (*range(100 + unlike, 106 + unlike), 5, 6 + site)
                taken = make.hashes(*lines, title=200 + unlike)
                archive.add(connection, f"{site} {number}", taken, source=f"{site}.example", at=make.T0)
        known = rows(connection, copy_tables.site_line, "line", "site")
        pages = [("0.example", (5, 6, 7)), ("1.example", (99,))]
        assert sites.furniture_among(connection, pages) == {5, 6}
        # Of a line that is furniture everywhere the other sites are not kept.
        assert known == [(5, "0.example"), (5, "1.example"), *((6 + site, f"{site}.example") for site in range(3))]
        before = rows(connection, copy_tables.site_memory, "site", "pages")
        last = make.hashes(*lines, title=200 + unlike)
        sites.Sites().remember(connection, "2.example", f"2 {MIN_PAGES - 1}", last)
        sites.Sites().remember(connection, "", "urn:1", last)
        sites.Sites().remember(connection, "2.example", "2 3", make.hashes())
        assert rows(connection, copy_tables.site_memory, "site", "pages") == before
        own = make.hashes(5, 6, 7, 99)
        # Of the sites of what is found: by 7 that of the second; none is found by what is furniture on its own site.
        assert archive.look(connection, own, site="0.example").furniture == {5, 6, 7}
        assert archive.look(connection, make.hashes(2100), site="0.example").furniture == {5, 8}
        assert archive.look(connection, make.hashes(2100), site="").furniture == {5, 8}


def test_articles_are_compared_once_more(archive, make):
    old, new = make.hashes(*HASHES), make.hashes(*range(50, 70), alg=2)

    def place(_reading, candidates):
        related = tuple(make.relation(row.article_id) for row in candidates.rows)
        return Placement(story_id=candidates.rows[0].story_id, relations=related)

    def rebuild(connection, known):
        span = rebuilds.RebuildSpan(since=None, words="")
        run = rebuilds.begin(connection, 2, 14 * DAY, span, make.T0)
        texts = rebuilds.waiting(connection, run, 9)
        assert rebuilds.count_waiting(connection, run) == len(texts) == 3
        read = [
            rebuilds.ReadAnew(text=each, reading=Reading(article=each.article, fingerprint=new, matches=()))
            for each in texts
        ]
        after = rebuilds.step(connection, run, read, place, known, make.T0)
        rebuilds.finish(connection, after, make.T0)
        return after

    with archive.begin() as connection:
        a, story = archive.add(connection, "a", old)
        b, apart = archive.add(connection, "b", old)
        c, _ = archive.add(connection, "c", old, at=make.T0 + 15 * DAY, relations=(make.relation(b),))
        assert rebuilds.count_of_other_algorithms(connection, 2) == 3
        done = rebuild(connection, archive.known)
        assert (done.looked_at, done.added, done.retired, done.same, done.merged) == (3, 1, 0, 1, 2)
        assert rebuilds.count_of_other_algorithms(connection, 2) == 0
        assert rows(connection, tables.article, "id", "story_id") == [(a, story), (b, story), (c, story)]
        assert (apart, story) in rows(connection, copy_tables.story_alias, "old", "new")
        assert len(rows(connection, copy_tables.posting, "hash", "fingerprint_id")) == 3 * 20
        again = rebuild(connection, archive.known)
        assert (again.added, again.retired, again.same, again.merged) == (0, 0, 2, 0)
        assert rebuilds.last_run(connection).finished_at == make.T0


def test_relations_keep_shares_and_slots(archive, make):
    slot = Slot(kind=SlotKind.FIGURE, start=1, end=2, other_start=3, other_end=4)
    with archive.begin() as connection:
        a, story = archive.add(connection, "a")
        relation = make.relation(a, RelationKind.REVISION, share=0.5, other_share=0.25, slots=(slot,))
        archive.add(connection, "b", story_id=story, relations=(relation,))
        (row,) = connection.execute(select(copy_tables.relation)).all()
        assert (row.kind, row.score, row.share, row.other_share) == ("revision", 0.9, 0.5, 0.25)
        assert row.slots == [{"kind": "figure", "start": 1, "end": 2, "other_start": 3, "other_end": 4}]


def test_stories_merge_split_move_and_tell_it(archive, make):
    with archive.begin() as connection:
        a, one = archive.add(connection, "a")
        b, two = archive.add(connection, "b", at=make.T0 + DAY, published=make.T0 - DAY)
        c, home = archive.add(connection, "c", at=make.T0 + DAY, story_id=two, merges=(one,))
        assert home == one
        assert archive.change(connection, c, relations=(make.relation(b),)) == one
        founded = archive.change(connection, a)
        assert founded > two
        d, _ = archive.add(connection, "d", at=make.T0 + 2 * DAY, story_id=two)
        assert archive.change(connection, d, story_id=founded, relations=(make.relation(a),)) == founded
        assert rows(connection, copy_tables.story, "id", "lead_article_id", "first_article_id") == [
            (one, b, b),
            (founded, a, a),
        ]
        assert rows(connection, tables.article, "id", "story_id") == [(a, founded), (b, one), (c, one), (d, founded)]
        assert rows(connection, copy_tables.story_alias, "old", "new") == [(two, one)]
        trail = rows(connection, copy_tables.story_change, "id", "story_id", "kind", "article_id", "other_story_id")
        assert [row[1:] for row in trail] == [
            (one, "merged", None, two),
            (one, "first", b, None),
            (one, "split", a, founded),
            (one, "moved", d, founded),
        ]
        live = connection.execute(select(copy_tables.relation.c.article_id, copy_tables.relation.c.other_id)).all()
        assert sorted(map(tuple, live)) == [(c, b), (d, a)]


def test_what_does_not_exist_is_told(archive, make):
    with archive.begin() as connection, pytest.raises(LookupError, match="99"):
        archive.add(connection, "a", story_id=99)
    with archive.begin() as connection, pytest.raises(LookupError, match="99"):
        archive.add(connection, "b", relations=(make.relation(99),))


#: what is done to the articles: (which, what it names, and by relation)
STEPS = st.lists(
    st.tuples(
        st.booleans(),
        st.integers(0, 9),
        st.lists(st.integers(0, 9), max_size=3),
        st.lists(st.integers(0, 9), max_size=3),
    ),
    max_size=12,
)


@given(steps=STEPS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
def test_both_databases_hold_the_same_after_anything(on_sqlite, on_postgresql, make, steps):
    held = []
    for engine in (on_sqlite, on_postgresql):
        archive = Archive(engine, make)
        archive.clear()
        with archive.begin() as connection:
            act(archive, connection, make, steps)
            names = {
                tables.article: ("id", "story_id", "dated_at"),
                copy_tables.story: ("id", "lead_article_id", "first_article_id", "first_seen_at"),
                copy_tables.story_alias: ("old", "new"),
                copy_tables.story_change: ("id", "story_id", "kind", "article_id", "other_story_id"),
                copy_tables.relation: ("id", "article_id", "other_id", "version_id", "retired_at"),
            }
            held.append([rows(connection, table, *columns) for table, columns in names.items()])
    assert held[0] == held[1]


def act(archive, connection, make, steps):
    ids, last = [], []
    for number, (is_new, which, named, related) in enumerate(steps):
        found = {ids[each % len(ids)] for each in related} if ids else set()
        values = {"relations": tuple(make.relation(each) for each in sorted(found))}
        if last and named:
            values |= {"story_id": last[named[0] % len(last)], "merges": tuple(last[n % len(last)] for n in named[1:])}
        if is_new or not ids:
            published = make.T0 - which * DAY
            ident, story = archive.add(connection, f"{number}", published=published, **values)
            ids.append(ident)
        else:
            story = archive.change(connection, ids[which % len(ids)], n=number + 2, **values)
        last.append(story)


def _is_of_a_model(_item, name, kind, *_):
    return kind not in {"table", "index"} or dialect.is_described(name)


def test_the_migrations_make_the_tables_on_postgresql(server, postgresql_server):
    """From nothing to what the code knows, with the data that 0004 brings along."""
    with postgresql_server.new_database(server) as url:
        migrate_rows(create_engine(url))


def migrate_rows(engine):
    with engine.connect() as connection:
        run_scripts(connection, "0003")
        for statement in ROWS_OF_0003.split(";"):
            connection.exec_driver_sql(statement)
        run_scripts(connection)
        assert rows(connection, copy_tables.story, "id", "lead_article_id", "first_article_id") == [(1, 1, 2)]
        (row,) = connection.execute(select(copy_tables.relation)).all()
        assert (row.score, row.share, row.other_share, row.slots) == (0.75, 0.75, 0.75, [])
        (row,) = connection.execute(select(copy_tables.fingerprint)).all()
        # The hashes of another algorithm find nothing.
        assert (bytes(row.hashes), row.title) == (b"", 0)
        options = {"compare_type": True, "compare_server_default": True, "include_object": _is_of_a_model}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, tables.metadata) == []
        connection.rollback()
    engine.dispose()


ROWS_OF_0003 = r"""
INSERT INTO feed (id, url, fetch_url, state, interval_s, failures, next_poll_at, added_at)
    VALUES (1, 'u', 'u', 'active', 1, 0, 1, 1);
INSERT INTO entry (id, feed_id, identity, title, text, sections, content_hash, state, attempts, checks, first_seen_at,
    last_seen_at, is_changed, revision) VALUES (1, 1, 'i', 't', 'x', '[]', 'h', 'done', 0, 0, 1, 1, false, 0);
INSERT INTO article (id, url, source, entry_id, published, first_seen_at)
    VALUES (1, 'a', 's', 1, NULL, 5), (2, 'b', 's', 1, 4, 6);
INSERT INTO article_version (id, article_id, n, title, text, text_hash, text_from, sections, words, extractor_version,
    tokenizer_version, fingerprint_alg, created_at)
    SELECT id, id, 1, 't', 'some text', 'h', 'page', '[]', 2, 1, 1, 1, 5 FROM article;
INSERT INTO story (id, lead_article_id, first_seen_at) VALUES (1, 1, 5);
UPDATE article SET story_id = 1, version_id = id;
INSERT INTO fingerprint (id, article_id, version_id, alg, hashes, created_at) VALUES (4, 1, 1, 1, '\x07', 5);
INSERT INTO relation (id, article_id, version_id, other_id, other_version_id, kind, score, start, "end", other_start,
    other_end, created_at) VALUES (3, 2, 2, 1, 1, 'copy', 0.75, 0, 4, 1, 5, 6)
"""
