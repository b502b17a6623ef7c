"""Every failure of the database is a StorageError that names the file and the fix."""

from __future__ import annotations

import inspect
import pickle
import sqlite3
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import sqlalchemy.exc

from ingest.copies.model import Placement
from ingest.errors import StoreError
from ingest.model import EntryOutcome, EntryState
from ingest.polling import ConfiguredFeed
from storage import engine, errors, translation
from storage.address import read_address
from storage.backfills import BackfillRun, BackfillSpan
from storage.errors import (
    DatabaseBusy,
    DatabaseClosed,
    DatabaseDamaged,
    DatabaseFull,
    DatabaseMissing,
    DatabaseNewer,
    DatabaseNotCreated,
    DatabaseOutOfDate,
    DatabaseRefused,
    DatabaseUnreachable,
    DatabaseUnwritable,
    DatabaseUrlInvalid,
    NotADatabase,
    StorageError,
    StorageFault,
)
from storage.listings import Listings
from storage.migrate import upgrade
from storage.rebuilds import RebuildRun, RebuildSpan
from storage.redo.runs import RedoKind
from storage.store import Store
from storage.texts import Candidate
from storage.upkeep.prune import Old

NOW = datetime(2026, 1, 5, tzinfo=UTC)
DAY = timedelta(days=1)
SPAN = BackfillSpan(since=None, until=None, words="")
RUN = BackfillRun(
    id=1,
    since=None,
    until=None,
    cursor=0,
    looked_at=0,
    added=0,
    renewed=0,
    same=0,
    retired=0,
    started_at=NOW,
    finished_at=None,
)

REBUILD = RebuildRun(
    id=1,
    alg=1,
    window_s=1,
    since=None,
    cursor=0,
    looked_at=0,
    added=0,
    retired=0,
    same=0,
    merged=0,
    split=0,
    moved=0,
    credited=0,
    started_at=NOW,
    finished_at=None,
)


def place_nowhere(_reading, _candidates):
    return Placement()


def tell(outcomes):
    """Raise what the first of several calls has raised."""
    for each in outcomes:
        if isinstance(each, Exception):
            raise each


#: method of Store → (it writes, how it is called)
STORE_METHODS = {
    "sync_feeds": (True, lambda store, _: store.sync_feeds([ConfiguredFeed(url="https://a.example/")], NOW)),
    "feed": (False, lambda store, _: store.feed(1)),
    "due_feeds": (False, lambda store, _: store.due_feeds(NOW, 1)),
    "follow_clock": (True, lambda store, _: store.follow_clock(NOW)),
    "known_entries": (False, lambda store, make: store.known_entries(1, [make.listed()])),
    "record_poll": (True, lambda store, make: store.record_poll(make.poll(1, make.new_entry()))),
    "record_found": (True, lambda store, make: store.record_found(1, [make.new_entry()], NOW)),
    "record_events": (True, lambda store, _: store.record_events((), NOW)),
    "cut_postings": (True, lambda store, _: store.cut_postings(NOW)),
    "reach_back": (True, lambda store, _: store.reach_back(NOW)),
    "try_to_write": (True, lambda store, _: store.try_to_write()),
    "host_waits": (False, lambda store, _: store.host_waits(NOW)),
    "keep_host_waits": (True, lambda store, _: store.keep_host_waits(())),
    "robots_files": (False, lambda store, _: store.robots_files(NOW)),
    "keep_robots_files": (True, lambda store, _: store.keep_robots_files(())),
    "hub_feeds": (False, lambda store, _: store.hub_feeds()),
    "subscriptions": (False, lambda store, _: store.subscriptions()),
    "save_subscription": (True, lambda store, make: store.save_subscription(make.subscription(1))),
    "drop_subscription": (True, lambda store, _: store.drop_subscription(1)),
    "entry_and_article": (False, lambda store, _: store.entry_and_article(1)),
    "due_entries": (False, lambda store, _: store.due_entries(NOW, 1)),
    "finish_entry": (True, lambda store, _: store.finish_entry(1, EntryOutcome(state=EntryState.DONE))),
    "article_at": (False, lambda store, _: store.article_at(["https://a.example/"])),
    "candidates": (False, lambda store, make: store.candidates(make.hashes(1), site="a.example", since=NOW)),
    "forgotten_among": (False, lambda store, _: store.forgotten_among(["https://a.example/"])),
    "save": (True, lambda store, make: store.save(make.item(1))),
    "site_samples": (False, lambda store, _: store.site_samples(NOW)),
    "prune": (True, lambda store, _: store.prune(Old.RAW_PAGES, NOW)),
    "prune_texts": (False, lambda store, _: store.prune_texts(NOW, NOW)),
    "count_old": (False, lambda store, _: store.count_old(Old.EVENTS, NOW)),
    "count_old_texts": (False, lambda store, _: store.count_old_texts(NOW)),
    "refresh_statistics": (True, lambda store, _: store.refresh_statistics()),
    "record_topics": (True, lambda store, _: store.record_topics((), NOW)),
    "last_topic_change": (False, lambda store, _: store.last_topic_change()),
    "versions_in_force": (False, lambda store, _: store.versions_in_force()),
    "last_good_topics": (False, lambda store, _: store.last_good_topics()),
    "record_rule_errors": (True, lambda store, _: store.record_rule_errors((), NOW)),
    "begin_backfill": (True, lambda store, _: store.begin_backfill("v", SPAN, NOW)),
    "texts_to_judge": (False, lambda store, _: store.texts_to_judge(RUN, 9)),
    "count_texts_to_judge": (False, lambda store, _: store.count_texts_to_judge(RUN)),
    "record_judged": (True, lambda store, _: store.record_judged(RUN, (), 1, {}, NOW)),
    "finish_backfill": (True, lambda store, _: store.finish_backfill(RUN, {}, NOW)),
    "begin_rebuild": (True, lambda store, _: store.begin_rebuild(1, DAY, RebuildSpan(since=None, words=""), NOW)),
    "texts_to_compare": (False, lambda store, _: store.texts_to_compare(REBUILD, 9)),
    "count_texts_to_compare": (False, lambda store, _: store.count_texts_to_compare(REBUILD)),
    "compare_anew": (True, lambda store, _: store.compare_anew(REBUILD, (), place_nowhere, NOW)),
    "finish_rebuild": (True, lambda store, _: store.finish_rebuild(REBUILD, NOW)),
    "read_together": (False, lambda store, _: tell(store.read_together([lambda: store.feed(1)] * 2))),
    "write_together": (True, lambda store, _: tell(store.write_together([lambda: store.prune(Old.EVENTS, NOW)] * 2))),
}

LISTINGS = {
    "feeds": lambda listings: listings.feeds(),
    "entries": lambda listings: listings.entries(),
    "events": lambda listings: listings.events(),
    "trail": lambda listings: listings.trail(1),
    "find_entries": lambda listings: listings.find_entries("https://news.example/1"),
    "articles": lambda listings: listings.articles(),
    "article_count": lambda listings: listings.article_count(),
    "article": lambda listings: listings.article(1),
    "article_timeline": lambda listings: listings.article_timeline(1),
    "story_timeline": lambda listings: listings.story_timeline(1),
    "topic_stays": lambda listings: listings.topic_stays(),
    "furniture": lambda listings: listings.furniture([("news.example", [1])]),
    "version": lambda listings: listings.version(1),
    "matches": lambda listings: listings.matches(),
    "shown_story": lambda listings: listings.shown_story(1),
    "article_texts": lambda listings: next(listings.article_texts((1,))),
    "stories": lambda listings: listings.stories(),
    "story": lambda listings: listings.story(1),
    "search": lambda listings: listings.search("word").rows,
    "candidates": lambda listings: listings.candidates(),
    "texts": lambda listings: list(listings.texts([Candidate(NOW, 1, 1)])),
    "stored_matches": lambda listings: listings.stored_matches(["news"]),
    "topic_hits": lambda listings: listings.topic_hits(today=NOW, week=NOW),
    "rule_hits": lambda listings: listings.rule_hits(today=NOW, week=NOW, month=NOW),
    "topics": lambda listings: listings.topics(),
    "rule_problems": lambda listings: listings.rule_problems(),
    "last_redo": lambda listings: listings.last_redo(RedoKind.REINDEX),
    "pages_of_earlier_extractors": lambda listings: listings.pages_of_earlier_extractors(1),
    "texts_of_other_tokenizers": lambda listings: listings.texts_of_other_tokenizers(1),
    "forgotten": lambda listings: listings.forgotten(),
    "forgotten_at": lambda listings: listings.forgotten_at(1),
    "forgotten_among": lambda listings: listings.forgotten_among(["https://a.example/"]),
    "article_at": lambda listings: listings.article_at(["https://a.example/"]),
    "unfinished_rebuild": lambda listings: listings.unfinished_rebuild(),
    "last_rebuild": lambda listings: listings.last_rebuild(),
    "articles_of_other_algorithms": lambda listings: listings.articles_of_other_algorithms(1),
    "stats": lambda listings: listings.stats(),
}


def public_methods(kind):
    return {name for name, _ in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")} - {"close"}


def test_the_tables_name_every_method():
    assert STORE_METHODS.keys() == public_methods(Store)
    assert LISTINGS.keys() == public_methods(Listings)


# --- whatever is wrong with the file, every method says so ------------------------------------------


def missing(file):
    file.unlink()


def empty(file):
    file.write_bytes(b"")


def something_else(file):
    file.write_text("Dear diary, " * 500)


def of_another_program(file):
    file.unlink()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE feed (id INTEGER)")
        connection.commit()


def of_another_version(revision):
    def change(file):
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("UPDATE alembic_version SET version_num = ?", [revision])
            connection.commit()

    return change


def damaged(file):
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET rootpage = 999999 WHERE type IN ('table', 'index')")
        connection.commit()


def a_folder(file):
    file.unlink()
    file.mkdir()


TROUBLES = [
    pytest.param(missing, DatabaseMissing, "wirewatch init", id="missing"),
    pytest.param(empty, DatabaseMissing, "wirewatch init", id="empty"),
    pytest.param(something_else, NotADatabase, "check the path", id="something else"),
    pytest.param(of_another_program, NotADatabase, "check the path", id="of another program"),
    pytest.param(of_another_version("0000"), DatabaseOutOfDate, "wirewatch db upgrade", id="older"),
    pytest.param(of_another_version("9999"), DatabaseNewer, "upgrade the program", id="newer"),
    pytest.param(damaged, DatabaseDamaged, "backup", id="damaged"),
    pytest.param(a_folder, NotADatabase, "it is a folder", id="a folder"),
]


@pytest.mark.parametrize(("spoil", "kind", "fix"), TROUBLES)
@pytest.mark.parametrize("method", STORE_METHODS)
def test_every_store_method_tells_what_is_wrong_with_the_file(file, url, make, spoil, kind, fix, method):
    spoil(file)
    with Store(url) as store, pytest.raises(kind, match=fix) as raised:
        STORE_METHODS[method][1](store, make)
    assert str(file) in str(raised.value)


@pytest.mark.parametrize(("spoil", "kind", "fix"), TROUBLES)
@pytest.mark.parametrize("method", LISTINGS)
def test_every_listing_tells_what_is_wrong_with_the_file(file, url, spoil, kind, fix, method):
    spoil(file)
    with Listings(url) as listings, pytest.raises(kind, match=fix):
        LISTINGS[method](listings)


# --- and whatever is wrong with the database on a server ---------------------------------------------


@pytest.fixture(scope="module")
def spoilt(server, postgresql_server):
    """By what is wrong with it, the address of a database on the server."""
    statements = {
        "empty": (),
        "of another program": ("CREATE TABLE feed (id integer)",),
        "older": ("UPDATE alembic_version SET version_num = '0000'",),
        "newer": (
            "UPDATE alembic_version SET version_num = '9999'",
            "UPDATE schema_floor SET oldest_revision = '9999'",
        ),
        "without a revision": ("DELETE FROM alembic_version",),
    }
    with ExitStack() as stack:
        made = {}
        for name, spoiling in statements.items():
            made[name] = stack.enter_context(postgresql_server.new_database(server))
            if name not in {"empty", "of another program"}:
                upgrade(made[name])
            engine = sqlalchemy.create_engine(made[name])
            with engine.begin() as connection:
                for statement in spoiling:
                    connection.execute(sqlalchemy.text(statement))
            engine.dispose()
        made["missing"] = sqlalchemy.make_url(server).set(database="no_such_news").render_as_string(hide_password=False)
        made["away"] = "postgresql://news:secret@127.0.0.1:1/news"
        yield made


SERVER_TROUBLES = [
    pytest.param("missing", DatabaseNotCreated, "createdb", id="missing"),
    pytest.param("empty", DatabaseMissing, "wirewatch init", id="empty"),
    pytest.param("of another program", NotADatabase, "database of its own", id="of another program"),
    pytest.param("without a revision", NotADatabase, "no revision", id="without a revision"),
    pytest.param("older", DatabaseOutOfDate, "wirewatch db upgrade", id="older"),
    pytest.param("newer", DatabaseNewer, "upgrade the program", id="newer"),
    pytest.param("away", DatabaseUnreachable, "cannot be reached", id="away"),
]


@pytest.mark.parametrize(("name", "kind", "fix"), SERVER_TROUBLES)
@pytest.mark.parametrize("method", STORE_METHODS)
def test_every_store_method_tells_what_is_wrong_on_the_server(spoilt, make, name, kind, fix, method):
    with Store(spoilt[name]) as store, pytest.raises(kind, match=fix) as raised:
        STORE_METHODS[method][1](store, make)
    assert str(raised.value).startswith("postgresql://")
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(("name", "kind", "fix"), SERVER_TROUBLES)
@pytest.mark.parametrize("method", LISTINGS)
def test_every_listing_tells_what_is_wrong_on_the_server(spoilt, name, kind, fix, method):
    with Listings(spoilt[name]) as listings, pytest.raises(kind, match=fix):
        LISTINGS[method](listings)


@pytest.fixture(scope="module")
def somebody_writes(postgresql_url):
    """Another process has its turn to write, and does not end."""
    writing = engine.writing_engine(read_address(postgresql_url))
    with writing.begin():
        yield postgresql_url
    writing.dispose()


@pytest.mark.parametrize("method", [name for name, (writes, _) in STORE_METHODS.items() if writes])
def test_a_writer_waits_for_its_turn_for_no_longer_than_it_is_told(somebody_writes, make, method):
    """Readers go on meanwhile."""
    with Store(somebody_writes, busy_timeout_s=0.01) as impatient:
        assert impatient.due_feeds(NOW, 1) == ()
        with pytest.raises(DatabaseBusy, match="another process"):
            STORE_METHODS[method][1](impatient, make)


@pytest.fixture
def locked(file):
    """The file is locked against readers and writers by another connection."""
    with closing(sqlite3.connect(file, isolation_level=None)) as holder:
        holder.execute("PRAGMA locking_mode = EXCLUSIVE")
        holder.execute("BEGIN EXCLUSIVE")
        yield
        holder.execute("ROLLBACK")


@pytest.mark.parametrize("method", STORE_METHODS)
def test_every_store_method_tells_when_the_file_is_locked(locked, url, make, method):
    with Store(url, busy_timeout_s=0.01) as store, pytest.raises(DatabaseBusy, match="another process"):
        STORE_METHODS[method][1](store, make)


@pytest.mark.parametrize("method", LISTINGS)
def test_every_listing_tells_when_the_file_is_locked(locked, url, method):
    with Listings(url, busy_timeout_s=0.01) as listings, pytest.raises(DatabaseBusy, match="another process"):
        LISTINGS[method](listings)


WRITING = [name for name, (writes, _) in STORE_METHODS.items() if writes]


@pytest.mark.parametrize("method", WRITING)
def test_a_writer_waits_for_no_longer_than_it_is_told(file, url, store, make, method):
    """Readers go on meanwhile: that is what the write-ahead log is for."""
    with closing(sqlite3.connect(file, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with Store(url, busy_timeout_s=0.01) as impatient:
            assert impatient.due_feeds(NOW, 1) == ()
            with pytest.raises(DatabaseBusy):
                STORE_METHODS[method][1](impatient, make)
        holder.execute("ROLLBACK")


@pytest.mark.parametrize("method", WRITING)
def test_every_writing_method_tells_when_the_file_cannot_be_written(file, url, make, method):
    # Permissions mean nothing to root, who may run the tests; SQLite's own word is the same for all.
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    with Store(url) as store:
        store._writer._engine.dispose()
        _make_read_only(store)
        with pytest.raises(DatabaseUnwritable, match="permissions"):
            STORE_METHODS[method][1](store, make)


def _make_read_only(store):
    """Let the writer's connections refuse to write, as on a disk that is mounted read-only."""
    import sqlalchemy

    @sqlalchemy.event.listens_for(store._writer._engine, "connect")
    def _forbid(connection, _record):
        connection.execute("PRAGMA query_only = ON")


@pytest.mark.parametrize("method", STORE_METHODS)
def test_every_method_tells_when_the_store_is_closed(url, make, method):
    store = Store(url)
    store.close()
    store.close()
    with pytest.raises(DatabaseClosed):
        STORE_METHODS[method][1](store, make)


@pytest.mark.parametrize("method", LISTINGS)
def test_every_listing_tells_when_it_is_closed(url, method):
    listings = Listings(url)
    listings.close()
    with pytest.raises(DatabaseClosed):
        LISTINGS[method](listings)


def test_a_full_disk_is_told_and_what_is_stored_can_be_read(store, make, newsroom):
    import sqlalchemy

    feed_id = newsroom.feed()

    @sqlalchemy.event.listens_for(store._writer._engine, "begin")
    def _no_more_pages(connection):
        connection.exec_driver_sql("PRAGMA max_page_count = 1")

    entries = [make.new_entry(f"https://a.example/{n}", text="x" * 5000) for n in range(100)]
    with pytest.raises(DatabaseFull, match="space"):
        newsroom.poll(*entries)
    assert store.feed(feed_id).last_polled_at is None
    assert store.due_entries(make.T0, 1) == ()


def test_what_cannot_be_looked_at_is_told(tmp_path):
    """As in a directory without permission, but also for root, who may run the tests."""
    loop = tmp_path / "news.db"
    loop.symlink_to(loop)
    for open_it in (Store, Listings):
        with open_it(f"sqlite:///{loop}") as opened, pytest.raises(DatabaseUnwritable, match="permissions"):
            opened.due_feeds(NOW, 1) if open_it is Store else opened.stats()


# --- translation ------------------------------------------------------------------------------------


def _all_kinds(base):
    return {base}.union(*(_all_kinds(kind) for kind in base.__subclasses__()))


@pytest.mark.parametrize("kind", sorted(_all_kinds(sqlite3.Error), key=lambda kind: kind.__name__))
def test_every_exception_of_sqlite3_is_translated(kind):
    assert isinstance(translation.translate(kind("no"), "x.db"), StorageError)
    with pytest.raises(StorageError, match=r"x\.db") as raised, translation.translated("x.db"):
        raise kind("no")
    assert isinstance(raised.value.__cause__, kind)


def _built(kind):
    if issubclass(kind, sqlalchemy.exc.DBAPIError):
        return kind("SELECT 1", {}, sqlite3.OperationalError("no"))
    if issubclass(kind, sqlalchemy.exc.StatementError):
        return kind("no", "SELECT 1", {}, None)
    if issubclass(kind, sqlalchemy.exc.CircularDependencyError):
        return kind("no", [], [])
    if issubclass(kind, sqlalchemy.exc.UnsupportedCompilationError):
        return kind(type("Compiler", (), {})(), int)
    more = {sqlalchemy.exc.NoReferencedTableError: ["table"], sqlalchemy.exc.NoReferencedColumnError: ["table", "c"]}
    return kind("no", *more.get(kind, ()))


@pytest.mark.parametrize(
    "kind",
    sorted(
        (
            kind
            for kind in _all_kinds(sqlalchemy.exc.SQLAlchemyError)
            if kind.__module__ == "sqlalchemy.exc" and kind is not sqlalchemy.exc.DontWrapMixin
        ),
        key=lambda kind: kind.__name__,
    ),
)
def test_every_exception_of_sqlalchemy_is_translated(kind):
    with pytest.raises(StorageError, match=r"x\.db"), translation.translated("x.db"):
        raise _built(kind)


#: SQLite's primary result codes that are errors, https://www.sqlite.org/rescode.html
CODES = {
    "SQLITE_ERROR": StorageFault,
    "SQLITE_INTERNAL": StorageFault,
    "SQLITE_PERM": DatabaseUnwritable,
    "SQLITE_ABORT": StorageFault,
    "SQLITE_BUSY": DatabaseBusy,
    "SQLITE_LOCKED": DatabaseBusy,
    "SQLITE_NOMEM": StorageFault,
    "SQLITE_READONLY": DatabaseUnwritable,
    "SQLITE_INTERRUPT": StorageFault,
    "SQLITE_IOERR": StorageFault,
    "SQLITE_CORRUPT": DatabaseDamaged,
    "SQLITE_NOTFOUND": StorageFault,
    "SQLITE_FULL": DatabaseFull,
    "SQLITE_CANTOPEN": DatabaseUnwritable,
    "SQLITE_PROTOCOL": DatabaseBusy,
    "SQLITE_EMPTY": StorageFault,
    "SQLITE_SCHEMA": StorageFault,
    "SQLITE_TOOBIG": StorageFault,
    "SQLITE_CONSTRAINT": StorageFault,
    "SQLITE_MISMATCH": StorageFault,
    "SQLITE_MISUSE": StorageFault,
    "SQLITE_NOLFS": StorageFault,
    "SQLITE_AUTH": DatabaseUnwritable,
    "SQLITE_FORMAT": StorageFault,
    "SQLITE_RANGE": StorageFault,
    "SQLITE_NOTADB": NotADatabase,
}


@pytest.mark.parametrize(("name", "kind"), CODES.items())
@pytest.mark.parametrize("extension", [0, 1 << 8, 5 << 8])
def test_every_result_code_has_its_error(name, kind, extension):
    cause = sqlite3.OperationalError("no")
    cause.sqlite_errorcode = getattr(sqlite3, name) | extension
    if cause.sqlite_errorcode == sqlite3.SQLITE_CORRUPT_VTAB:
        # of all virtual tables we have those of the full-text index alone
        kind = errors.SearchIndexDamaged
    for error in (cause, sqlalchemy.exc.OperationalError("SELECT 1", {}, cause)):
        translated = translation.translate(error, "x.db")
        assert type(translated) is kind
        assert "x.db" in str(translated)


def test_a_disk_that_has_no_room_for_the_file_beside_the_database_is_full():
    """Else a disk that is full would be told as a fault of the machine, depending on which file it meets first."""
    cause = sqlite3.OperationalError("disk I/O error")
    cause.sqlite_errorcode = sqlite3.SQLITE_IOERR_SHMSIZE
    assert type(translation.translate(cause, "x.db")) is DatabaseFull
    cause.sqlite_errorcode = sqlite3.SQLITE_IOERR_SHMMAP
    assert type(translation.translate(cause, "x.db")) is StorageFault


#: PostgreSQL's classes of errors, and single errors that are not as their class is,
#: https://www.postgresql.org/docs/current/errcodes-appendix.html
STATES = {
    "08": DatabaseUnreachable,
    "25006": DatabaseUnwritable,
    "25P03": DatabaseUnreachable,
    "28": DatabaseRefused,
    "2BP01": errors.ViewsInTheWay,
    "3D000": DatabaseNotCreated,
    "40001": DatabaseBusy,
    "40P01": DatabaseBusy,
    "42501": DatabaseUnwritable,
    "42P01": DatabaseMissing,
    "53100": DatabaseFull,
    "53300": DatabaseUnreachable,
    "55P03": DatabaseBusy,
    "57014": DatabaseBusy,
    "57P01": DatabaseUnreachable,
    "57P02": DatabaseUnreachable,
    "57P03": DatabaseUnreachable,
    "57P04": DatabaseUnreachable,
    "57P05": DatabaseUnreachable,
    "XX001": DatabaseDamaged,
    "XX002": DatabaseDamaged,
}


@pytest.mark.parametrize(
    "kind", sorted(_all_kinds(psycopg.Error), key=lambda kind: (kind.__name__, kind.sqlstate or ""))
)
def test_every_exception_of_psycopg_has_its_error(kind):
    state = kind.sqlstate or ""
    expected = next((STATES[state[:size]] for size in (5, 2) if state[:size] in STATES), StorageFault)
    if kind is psycopg.OperationalError:
        # The connection is gone before the server could say anything.
        expected = DatabaseUnreachable
    assert type(translation.translate_postgres(kind("no"), "x.db")) is expected
    wrapped = sqlalchemy.exc.DBAPIError("SELECT 1", {}, kind("no"))
    assert type(translation.translate(wrapped, "x.db")) is expected
    lost = sqlalchemy.exc.DBAPIError("SELECT 1", {}, kind("no"), connection_invalidated=True)
    assert type(translation.translate(lost, "x.db")) is (DatabaseUnreachable if expected is StorageFault else expected)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ('FATAL:  database "news" does not exist', DatabaseNotCreated),
        ('FATAL:  role "news" does not exist', DatabaseRefused),
        ('FATAL:  password authentication failed for user "news"', DatabaseRefused),
        ("fe_sendauth: no password supplied", DatabaseRefused),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.1"', DatabaseRefused),
        ('FATAL:  Peer authentication failed for user "news"', DatabaseRefused),
        ('FATAL:  role "news" is not permitted to log in', DatabaseRefused),
        ("Connection refused", DatabaseUnreachable),
        ("FATAL:  sorry, too many clients already", DatabaseUnreachable),
        ("FATAL:  the database system is starting up", DatabaseUnreachable),
        ("FATAL:  la base de données « news » n'existe pas", DatabaseUnreachable),
        ("", DatabaseUnreachable),
    ],
)
def test_what_a_server_says_that_refuses_a_connection_has_its_error(said, expected):
    """No code comes with it."""
    text = f'connection failed: connection to server at "127.0.0.1", port 5432 failed: {said}\nand more'
    error = translation.translate_connecting(psycopg.OperationalError(text), "postgresql://news@h/news")
    assert type(error) is expected
    assert expected is not DatabaseUnreachable or said in str(error)


@pytest.mark.parametrize("kind", sorted(_all_kinds(StorageError), key=lambda kind: kind.__name__))
def test_every_error_names_its_subject_says_what_to_do_and_can_be_pickled(kind):
    error = kind("x.db", "some detail")
    assert isinstance(error, StoreError)
    assert "x.db" in str(error)
    assert "some detail" in str(error)
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.subject) == (kind, str(error), "x.db")
    assert kind.fix or kind in {StorageError, DatabaseClosed}
    on_server = kind("postgresql://news@h/news", "")
    assert not any(words in str(on_server) for words in ("sqlite3", "of the file", "the path"))


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "postgresql://user:secret@db.example/",
        "postgresql://user:secret@db.example:port/news",
        "mysql://user:secret@db.example/news",
        "mysql://db.example/news",
        "news.db",
        "",
    ],
)
def test_addresses_that_are_not_known_are_refused_without_telling_a_password(url):
    for kind in (Store, Listings):
        with pytest.raises(DatabaseUrlInvalid, match="sqlite:///PATH or postgresql://USER@HOST/NAME") as raised:
            kind(url)
        assert "secret" not in str(raised.value)
