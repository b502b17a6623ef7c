"""The migrations make the schema that the code knows, once, and only forward."""

from __future__ import annotations

import io
import re
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from storage import migrate, sqlite_file
from storage.address import SqliteFile
from storage.dialect import SEARCH_TABLE
from storage.errors import DatabaseInUse, DatabaseNewer, NotADatabase
from storage.listings import Listings
from storage.lock import DatabaseLock
from storage.migrate import SchemaState, status, upgrade
from storage.tables import APPLICATION_ID, SCHEMA_REVISION, metadata
from storage.views import create_views


def script_directory():
    config = Config()
    config.set_main_option("script_location", str(migrate.scripts()))
    return ScriptDirectory.from_config(config)


def hide_index(item, name, kind, reflected, other):
    return not (kind == "table" and name.startswith(SEARCH_TABLE))


def test_an_upgraded_database_is_what_the_tables_say(file):
    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        options = {"include_object": hide_index, "compare_type": True, "compare_server_default": True}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []
    engine.dispose()


def normal(sql):
    """The statement without layout, and with its constraints in one order."""
    body, end, options = "".join((sql or "").split()).replace('"', "").rpartition(")")
    return sorted(re.split(",(?=CONSTRAINT)", body)), end + options


def test_both_ways_to_the_schema_meet(file):
    """What `compare_metadata` does not see: AUTOINCREMENT, WITHOUT ROWID, conditions of indexes, foreign keys."""
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        metadata.create_all(connection)
        create_views(connection)
        made = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master").all()
    engine.dispose()
    with closing(sqlite3.connect(file)) as connection:
        migrated = {
            name: normal(sql)
            for name, sql in connection.execute("SELECT name, sql FROM sqlite_master")
            if not name.startswith((SEARCH_TABLE, "alembic_version", "sqlite_autoindex_alembic"))
        }
    assert {name: normal(sql) for name, sql in made} == migrated


def test_the_newest_migration_is_the_one_the_code_needs():
    scripts = script_directory()
    assert scripts.get_heads() == [SCHEMA_REVISION]
    revisions = [script.revision for script in scripts.walk_revisions()]
    assert revisions == sorted(revisions, reverse=True)
    assert all(len(revision) == 4 and revision.isdecimal() for revision in revisions)


def test_migrations_import_nothing_of_ours():
    for script in (migrate.scripts() / "versions").glob("*.py"):
        text = script.read_text()
        assert not any(f"{how} {package}" in text for how in ("import", "from") for package in ("storage", "ingest"))


def test_the_folder_of_scripts_is_no_package():
    assert list(Path(__file__).parents[2].joinpath("alembic").rglob("__init__.py")) == []


def test_upgrade_creates_the_database_and_what_leads_to_it(tmp_path):
    url = f"sqlite:///{tmp_path}/a/b/news.db"
    assert status(url).state is SchemaState.MISSING
    assert upgrade(url).state is SchemaState.MISSING
    assert (status(url).state, status(url).revision) == (SchemaState.CURRENT, SCHEMA_REVISION)
    assert upgrade(url).state is SchemaState.CURRENT
    with closing(sqlite3.connect(tmp_path / "a/b/news.db")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)


def test_an_empty_file_is_filled(tmp_path):
    (tmp_path / "news.db").write_bytes(b"")
    url = f"sqlite:///{tmp_path}/news.db"
    assert status(url).state is SchemaState.MISSING
    upgrade(url)
    assert status(url).state is SchemaState.CURRENT


def set_revision(file, revision):
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", [revision])
        connection.commit()


def test_a_database_of_a_later_version_is_left_alone(file, url):
    set_revision(file, "9999")
    assert status(url).state is SchemaState.NEWER
    with pytest.raises(DatabaseNewer, match="9999"):
        upgrade(url)
    assert status(url).revision == "9999"


def test_a_database_of_an_earlier_version_is_told(file, url):
    set_revision(file, "0000")
    assert status(url).state is SchemaState.OUT_OF_DATE


def test_the_database_of_another_program_is_left_alone(tmp_path):
    file = tmp_path / "other.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE feed (id INTEGER)")
        connection.commit()
    before = file.read_bytes()
    for act in (status, upgrade):
        with pytest.raises(NotADatabase, match="another program"):
            act(f"sqlite:///{file}")
    assert file.read_bytes() == before


def test_a_database_in_use_is_not_upgraded(tmp_path, file, url):
    missing = tmp_path / "new.db"
    with DatabaseLock(SqliteFile(missing)), pytest.raises(DatabaseInUse):
        upgrade(f"sqlite:///{missing}")
    assert not missing.exists()
    with DatabaseLock(SqliteFile(file)):
        assert upgrade(url).state is SchemaState.CURRENT


#: what a database of schema 0001 holds: two texts of one article, a topic, what matched
ROWS_OF_0001 = """
INSERT INTO feed (id, url, fetch_url, state, interval_s, failures, next_poll_at, added_at)
    VALUES (1, 'u', 'u', 'active', 1, 0, 1, 1);
INSERT INTO entry (id, feed_id, identity, title, text, sections, content_hash, state, attempts, checks, first_seen_at,
    last_seen_at, is_changed, revision) VALUES (1, 1, 'i', 't', 'x', '[]', 'h', 'done', 0, 0, 1, 1, 0, 0);
INSERT INTO article (id, url, source, entry_id, first_seen_at) VALUES (1, 'u', 's', 1, 5);
INSERT INTO article_version (id, article_id, n, title, text, text_hash, text_from, sections, words, extractor_version,
    tokenizer_version, fingerprint_alg, created_at)
    VALUES (1, 1, 1, 't', 'old', 'a', 'page', '[]', 1, 1, 1, 1, 5),
        (2, 1, 2, 't', 'new', 'b', 'page', '[]', 1, 1, 1, 1, 6);
INSERT INTO story (id, lead_article_id, first_seen_at) VALUES (1, 1, 5);
UPDATE article SET story_id = 1, version_id = 2;
INSERT INTO topic (id, name) VALUES (1, 'news');
INSERT INTO topic_version (id, topic_id, version, source, tags, langs, file, created_at)
    VALUES (1, 1, 'v', 's', '[]', '[]', 'f', 1);
UPDATE topic SET version_id = 1;
INSERT INTO match (id, version_id, topic_id, topic_version_id, article_id, first_seen_at, rules, spans, created_at)
    VALUES (3, 1, 1, 1, 1, 5, '["news.1"]', '[]', 5),
        (7, 2, 1, 1, 1, 5, '["news.2"]', '[{"field": "title", "start": 0, "end": 1, "text": "ü"}]', 6);
"""


def test_a_database_of_0001_keeps_all_its_matches(tmp_path):
    file = tmp_path / "news.db"
    file.write_bytes(b"")
    migrating = sqlite_file.migrating_engine(file)
    with migrating.begin() as connection:
        migrate.run_scripts(connection, "0001")
    migrating.dispose()
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(ROWS_OF_0001)
        before = connection.execute("SELECT * FROM match ORDER BY id").fetchall()
    assert upgrade(f"sqlite:///{file}").state is SchemaState.OUT_OF_DATE
    with closing(sqlite3.connect(file)) as connection:
        after = connection.execute("SELECT * FROM match ORDER BY id").fetchall()
        assert after == [(*row, "live", None) for row in before]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'match'").fetchall() == [(7,)]
    with Listings(f"sqlite:///{file}") as listings:
        (row,) = listings.matches("news")
    assert (row.id, row.rules, row.matched) == (7, ("news.2",), ("ü",))


#: what came before the version of a topic, and after it, and whether a back-fill has come to its end since
BACKLOGS = [
    pytest.param(4, "", [], id="before"),
    pytest.param(7, "", [(1, 2)], id="after"),
    pytest.param(6, "", [(1, 1)], id="between"),
    pytest.param(7, "8, 9, NULL", [], id="finished"),
    pytest.param(7, "8, NULL, NULL", [(1, 2)], id="unfinished"),
    pytest.param(7, "6, 9, NULL", [(1, 2)], id="too early"),
    pytest.param(7, "8, 9, 5", [(1, 2)], id="of a span"),
]


@pytest.mark.parametrize(("created", "run", "expected"), BACKLOGS)
def test_a_database_of_0002_knows_which_topics_are_behind(tmp_path, created, run, expected):
    file = tmp_path / "news.db"
    file.write_bytes(b"")
    migrating = sqlite_file.migrating_engine(file)
    with migrating.begin() as connection:
        migrate.run_scripts(connection, "0001")
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(ROWS_OF_0001)
        connection.executescript("""
            INSERT INTO entry (id, feed_id, identity, title, text, sections, content_hash, state, attempts, checks,
                first_seen_at, last_seen_at, is_changed, revision)
                VALUES (2, 1, 'j', 't', 'x', '[]', 'h', 'done', 0, 0, 1, 1, 0, 0);
            INSERT INTO article (id, url, source, entry_id, first_seen_at, story_id, version_id)
                VALUES (2, 'v', 's', 2, 5, 1, 1);
            INSERT INTO fingerprint (id, article_id, version_id, alg, hashes, created_at)
                VALUES (1, 1, 2, 1, x'', 5), (2, 2, 1, 1, x'', 6);
        """)
    with migrating.begin() as connection:
        migrate.run_scripts(connection, "0002")
    migrating.dispose()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE topic_version SET created_at = ?", [created])
        if run:
            connection.execute(
                "INSERT INTO backfill (rules_version, tokenizer_version, window, cursor, looked_at, added, renewed, "
                "same, retired, started_at, finished_at, since) "
                f"VALUES ('v', 1, '..', 0, 0, 0, 0, 0, 0, {run})"
            )
        connection.commit()
    upgrade(f"sqlite:///{file}")
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT topic_id, upto FROM topic_backlog").fetchall() == expected


DAY = 24 * 3600 * 1_000_000
#: two stories and one that is gone; dates that can be believed and that cannot; times in microseconds
ROWS_OF_0003 = f"""
INSERT INTO feed (id, url, fetch_url, state, interval_s, failures, next_poll_at, added_at)
    VALUES (1, 'u', 'u', 'active', 1, 0, 1, 1);
INSERT INTO entry (id, feed_id, identity, title, text, sections, content_hash, state, attempts, checks, first_seen_at,
    last_seen_at, is_changed, revision) VALUES (1, 1, 'i', 't', 'x', '[]', 'h', 'done', 0, 0, 1, 1, 0, 0);
INSERT INTO article (id, url, source, entry_id, published, first_seen_at)
    VALUES (1, 'a', 's', 1, NULL, {100 * DAY}), (2, 'b', 's', 1, {99 * DAY}, {101 * DAY}),
        (3, 'c', 's', 1, {103 * DAY}, {102 * DAY}), (4, 'd', 's', 1, {72 * DAY}, {102 * DAY}),
        (5, 'e', 's', 1, {72 * DAY - 1}, {102 * DAY}), (6, 'f', 's', 1, {102 * DAY}, {102 * DAY});
INSERT INTO article_version (id, article_id, n, title, text, text_hash, text_from, sections, words, extractor_version,
    tokenizer_version, fingerprint_alg, created_at)
    SELECT id, id, 1, 't', 'some text', 'h', 'page', '[]', 2, 1, 1, 1, 5 FROM article;
INSERT INTO story (id, lead_article_id, first_seen_at) VALUES (1, 1, {100 * DAY}), (2, 4, {102 * DAY}), (9, 1, 1);
UPDATE article SET story_id = CASE WHEN id <= 3 THEN 1 ELSE 2 END, version_id = id;
DELETE FROM story WHERE id = 9;
INSERT INTO story_alias (old, new) VALUES (9, 1);
INSERT INTO fingerprint (id, article_id, version_id, alg, hashes, created_at)
    VALUES (4, 1, 1, 1, x'0000000000000007', 5), (8, 2, 2, 1, x'', 6);
INSERT INTO posting (hash, fingerprint_id) VALUES (7, 4);
INSERT INTO posting_state (id, upto) VALUES (1, 4);
INSERT INTO relation (id, article_id, version_id, other_id, other_version_id, kind, score, start, "end", other_start,
    other_end, created_at, retired_at)
    VALUES (3, 2, 2, 1, 1, 'copy', 0.75, 0, 4, 1, 5, 6, NULL), (5, 3, 3, 1, 1, 'excerpt', 1.0, 0, 4, 1, 5, 6, 7);
"""


@pytest.fixture
def file_of_0003(tmp_path):
    file = tmp_path / "old.db"
    file.write_bytes(b"")
    migrating = sqlite_file.migrating_engine(file)
    with migrating.begin() as connection:
        migrate.run_scripts(connection, "0003")
    migrating.dispose()
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(ROWS_OF_0003)
    return file


def test_a_database_of_0003_gets_what_is_new_of_copies(file_of_0003):
    upgrade(f"sqlite:///{file_of_0003}")
    with closing(sqlite3.connect(file_of_0003)) as connection:

        def rows(columns, table):
            return connection.execute(f"SELECT {columns} FROM {table} ORDER BY 1").fetchall()

        dates = [(1, 100), (2, 99), (3, 102), (4, 72), (5, 102), (6, 102)]
        assert rows("id, dated_at", "article") == [(ident, day * DAY) for ident, day in dates]
        assert rows("id, lead_article_id, first_article_id", "story") == [(1, 1, 2), (2, 4, 4)]
        assert rows("id, alg, hashes, title, created_at", "fingerprint") == [
            (4, 1, b"", 0, 5),
            (8, 1, b"", 0, 6),
        ]
        assert rows('id, kind, score, share, other_share, start, "end", slots, retired_at', "relation") == [
            (3, "copy", 0.75, 0.75, 0.75, 0, 4, "[]", None),
            (5, "excerpt", 1.0, 1.0, 1.0, 0, 4, "[]", 7),
        ]
        assert rows("DISTINCT credit, canonical", "article_version") == [(None, None)]
        assert rows("old, new", "story_alias") == [(9, 1)]
        # The hashes of another algorithm find nothing.
        assert rows("upto", "posting_state") == [(4,)]
        for table in ("posting", "story_change", "site_memory", "site_line", "rebuild"):
            assert rows("*", table) == []
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_no_id_is_given_out_again_after_0004(file_of_0003):
    upgrade(f"sqlite:///{file_of_0003}")
    with closing(sqlite3.connect(file_of_0003)) as connection:
        given = dict(connection.execute("SELECT name, seq FROM sqlite_sequence"))
    assert (given["story"], given["article"], given["fingerprint"], given["relation"]) == (9, 6, 8, 5)
    assert not any(name.endswith("_anew") for name in given)


def test_a_database_of_0003_that_holds_nothing_is_upgraded(tmp_path):
    file = tmp_path / "old.db"
    file.write_bytes(b"")
    migrating = sqlite_file.migrating_engine(file)
    with migrating.begin() as connection:
        migrate.run_scripts(connection, "0003")
    migrating.dispose()
    upgrade(f"sqlite:///{file}")
    assert status(f"sqlite:///{file}").state is SchemaState.CURRENT


def test_migrations_that_are_undone_leave_nothing_behind(tmp_path):
    file = tmp_path / "news.db"
    engine = create_engine(f"sqlite:///{file}")
    engine.dispose()
    migrating = sqlite_file.migrating_engine(file)
    file.write_bytes(b"")
    with migrating.connect() as connection:
        transaction = connection.begin()
        migrate.run_scripts(connection)
        transaction.rollback()
    migrating.dispose()
    assert status(f"sqlite:///{file}").state is SchemaState.MISSING


def test_several_that_create_it_at_once_make_one_database(tmp_path):
    url = f"sqlite:///{tmp_path}/news.db"
    failures = []

    def work():
        try:
            upgrade(url)
        except DatabaseInUse as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(failures) < len(threads)
    assert status(url).state is SchemaState.CURRENT


def test_the_second_migration_can_be_said_to_postgresql():
    """There is no such server here; this is what it would be told, in the dialect's own words."""
    out = io.StringIO()
    options = {"as_sql": True, "output_buffer": out}
    context = MigrationContext.configure(dialect_name="postgresql", opts=options)
    with Operations.context(context):
        script_directory().get_revision("0002").module.upgrade()
    said = " ".join(out.getvalue().split())
    assert "ALTER TABLE match DROP CONSTRAINT uq_match_version_id_topic_id;" in said
    assert "ALTER TABLE match ADD COLUMN origin TEXT DEFAULT 'live' NOT NULL;" in said
    assert "ALTER TABLE match ALTER COLUMN origin DROP DEFAULT;" in said
    unique = "CREATE UNIQUE INDEX uq_match_version_id_topic_id ON match (version_id, topic_id) WHERE retired_at IS NULL"
    assert unique in said
    assert "match_anew" not in said
    # a reserved word there
    assert '"window" TEXT NOT NULL' in said
