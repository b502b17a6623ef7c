"""db backup, restore, check, prune and vacuum, as people call them."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing

import pytest

from storage import sqlite_file
from storage.address import SqliteFile
from storage.lock import DatabaseLock
from storage.migrate import run_scripts
from storage.tables import SCHEMA_REVISION
from wirewatch.migration import backup_name

POSTGRES = "postgresql://me:secret@db.example/news"


@pytest.fixture
def db(wirewatch, copied):
    """Run `wirewatch db …` on a database of one's own."""
    return lambda *given: wirewatch("--config", copied, "db", *given)


@pytest.fixture
def file(copied):
    return copied / "wirewatch.db"


def change(file, statement):
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(statement)
        connection.commit()


def count(file, table):
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # ours


# --- backup and restore -----------------------------------------------------------------------------


def test_there_and_back(db, file, tmp_path):
    ended = db("backup", tmp_path / "copy.db")
    assert (ended.code, ended.out) == (0, "")
    assert ended.err.startswith(f"{tmp_path / 'copy.db'}: backed up, ")
    articles = count(file, "article")
    change(file, "DELETE FROM poll_log")
    ended = db("restore", tmp_path / "copy.db", "--json")
    restored = ended.json
    assert restored["path"] == str(file)
    assert restored["revision"] == SCHEMA_REVISION
    assert count(file, "poll_log") > 0 == count(restored["kept"], "poll_log")
    assert count(file, "article") == articles


def test_a_backup_is_not_overwritten_by_mistake(db, tmp_path):
    target = tmp_path / "copy.db"
    assert db("backup", target).code == 0
    ended = db("backup", target)
    assert ended.code == 1
    assert "--force" in ended.err
    assert db("backup", target, "--force").code == 0


def test_a_backup_takes_the_place_of_nothing_of_ours(db, file, copied):
    with closing(sqlite3.connect(file)) as reader:
        # Somebody works on it, so the log holds what the file does not.
        reader.execute("SELECT count(*) FROM article").fetchone()
        change(file, "UPDATE feed SET title = 'kept'")
        names = ["wirewatch.db", "wirewatch.db-wal", "wirewatch.db-shm", "wirewatch.db.lock", "wirewatch.db.apply.lock"]
        for name in [*names, "wirewatch.toml", "feeds.toml", "sites.toml", "rules/own.rules", "rules/new.rules"]:
            ended = db("backup", copied / name, "--force")
            assert (ended.code, "Traceback" in ended.err) == (1, False), name
            assert f"{copied / name}: " in ended.err
    assert count(file, "feed WHERE title = 'kept'") == count(file, "feed")


def test_a_restore_of_an_earlier_version_says_what_to_do_then(db, file, copied, tmp_path):
    db("backup", tmp_path / "copy.db")
    change(tmp_path / "copy.db", "UPDATE alembic_version SET version_num = '0005'")
    ended = db("restore", tmp_path / "copy.db")
    assert ended.code == 0
    assert f"upgrade it with: wirewatch --config {copied} db upgrade" in ended.err
    assert f"what was there before is kept: {file}.before-restore-" in ended.err


def test_a_restore_of_what_is_no_database_says_that_the_file_is_wrong(db, wirewatch, copied, tmp_path):
    other, archive = tmp_path / "notes.txt", tmp_path / "all.jsonl.gz"
    other.write_text("mine " * 1000)
    wirewatch("--config", copied, "export", "archive", "-o", archive)
    ended = db("restore", other)
    assert (ended.code, str(other) in ended.err, "--db" in ended.err) == (1, True, False)
    ended = db("restore", archive)
    assert ended.code == 1
    assert (
        f"it is an archive, and no backup; bring it into a database with: wirewatch --config {copied} import"
        in ended.err
    )


def test_a_restore_beside_an_instance_is_refused(db, file, tmp_path):
    db("backup", tmp_path / "copy.db")
    with DatabaseLock(SqliteFile(file)):
        ended = db("restore", tmp_path / "copy.db")
    assert ended.code == 5
    assert "another wirewatch works on this database (process" in ended.err


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_on_postgresql_its_own_programs_are_named_without_the_password(wirewatch, elsewhere, command):
    ended = wirewatch("--db", POSTGRES, "db", command, "my copy")
    assert ended.code == 2
    assert "pg_dump" in ended.err or "pg_restore" in ended.err
    assert "--dbname=postgresql://me@db.example/news" in ended.err
    assert "'my copy'" in ended.err
    assert "secret" not in ended.err


# --- check ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("depth", [(), ("--full",)])
def test_a_sound_database_has_no_findings(db, depth):
    ended = db("check", *depth, "--json")
    assert ended.code == 0
    assert ended.json == []


@pytest.mark.parametrize("how", ["table", "tsv", "json", "jsonl", "csv"])
def test_findings_come_in_all_forms_with_what_to_do(db, file, copied, how):
    change(file, "UPDATE feed SET entries_seen = entries_seen + 1 WHERE id = 1")
    ended = db("check", "--format", how)
    assert ended.code == 5
    assert "has brought" in ended.out
    assert f"wirewatch --config {copied} db restore FILE" in " ".join(ended.out.split()) or how in {"table", "json"}


def test_rows_that_refer_to_nothing_and_a_broken_index_are_found(db, file):
    change(file, "INSERT INTO raw_page VALUES (99999, '', '{}', x'', 0)")
    change(file, "INSERT INTO feed_move (feed_id, from_url, to_url, at) VALUES (99999, '', '', 0)")
    found = {row["message"] for row in json_of(db("check", "--json"))}
    assert any("raw_page refer to rows of article_version" in message for message in found)
    assert any("feed_move refer to rows of feed" in message for message in found)


def json_of(ended):
    return json.loads(ended.out)


def test_a_damaged_file_is_told_of(db, file):
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (root,) = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'ix_article_published'"
        ).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with file.open("r+b") as raw:
        raw.seek((root - 1) * size)
        raw.write(b"\xff" * size)
    ended = db("check", "--json")
    assert ended.code == 5
    assert "integrity" in {row["check"] for row in json_of(ended)}


def test_the_doctor_looks_at_the_newest(wirewatch, copied, file):
    change(file, "UPDATE feed SET entries_seen = entries_seen + 1 WHERE id = 1")
    ended = wirewatch("--config", copied, "doctor")
    assert ended.code == 5
    assert "has brought" in ended.out
    assert "the write-ahead log has" in ended.out


# --- prune and vacuum -------------------------------------------------------------------------------


def test_by_the_settings_nothing_is_old_yet(db, file):
    ended = db("prune", "--json")
    assert ended.json == dict.fromkeys(("raw_pages", "poll_log", "fetch_log", "events", "wishes", "texts"), 0)


def test_what_is_older_is_forgotten(db, file):
    pages = count(file, "raw_page")
    assert pages > 0
    would = db("prune", "--older-than", "0m", "--dry-run", "--json").json
    assert would["raw_pages"] == pages == count(file, "raw_page")
    assert db("prune", "--older-than", "0m", "--only", "events").code == 0
    assert count(file, "raw_page") == pages
    assert db("prune", "--older-than", "0m").out.startswith(f"{pages} pages, ")
    assert count(file, "raw_page") == count(file, "poll_log") == 0
    assert db("check", "--full").code == 0


def test_a_span_that_is_none(db):
    ended = db("prune", "--older-than", "a while")
    assert ended.code == 2
    assert "--older-than: 'a while' is no moment" in ended.err


def test_vacuum_says_what_it_freed(db, file):
    db("prune", "--older-than", "0m")
    freed = db("vacuum", "--json").json
    assert freed["freed"] == freed["before"] - freed["after"] > 0
    assert freed["after"] == file.stat().st_size
    assert "freed" in db("vacuum").err


# --- the schema -------------------------------------------------------------------------------------


def old(file):
    """Put a database of the first schema there."""
    for path in file.parent.glob(f"{file.name}*"):
        path.unlink()
    sqlite_file.create(file)
    engine = sqlite_file.migrating_engine(file)
    with engine.begin() as connection:
        run_scripts(connection, "0001")
    engine.dispose()


@pytest.mark.parametrize("command", [("db", "upgrade"), ("once", "--migrate"), ("init",)])
def test_a_database_is_upgraded_after_a_copy_was_made(wirewatch, copied, file, command):
    old(file)
    (copied / "feeds.toml").write_text("")
    given = (*command, copied) if command == ("init",) else ("--config", copied, *command)
    ended = wirewatch(*given)
    assert ended.code == 0, ended.err
    kept = file.with_name(f"wirewatch.before-{SCHEMA_REVISION}.db")
    assert f"{kept}: a copy of the database as it was before (schema 0001)" in ended.err
    assert sqlite_file.read_revision(kept) == "0001"
    assert sqlite_file.read_revision(file) == SCHEMA_REVISION


@pytest.mark.parametrize("command", [("once",), ("run",), ("db", "check"), ("db", "prune"), ("matches",)])
def test_an_old_database_is_refused_with_the_command(wirewatch, copied, file, command):
    old(file)
    ended = wirewatch("--config", copied, *command)
    assert ended.code == 5
    assert f"upgrade it with: wirewatch --config {copied} db upgrade" in ended.err
    assert sqlite_file.read_revision(file) == "0001"


@pytest.mark.parametrize(
    "command",
    [("once", "--migrate"), ("run",), ("db", "upgrade"), ("db", "check"), ("db", "prune"), ("matches",), ("stats",)],
)
def test_a_newer_database_is_refused(wirewatch, copied, file, command):
    change(file, "UPDATE alembic_version SET version_num = '9999'")
    ended = wirewatch("--config", copied, *command)
    assert ended.code == 5
    assert "made by a later version of wirewatch" in ended.err
    assert ended.err.count("\n") == 1


def test_without_a_copy_when_asked(db, file):
    old(file)
    assert db("upgrade", "--no-backup").code == 0
    assert not list(file.parent.glob("*before*"))


def test_copies_of_earlier_upgrades_are_kept(tmp_path):
    path = tmp_path / "news.db"
    first = backup_name(path, "0006")
    first.touch()
    assert backup_name(path, "0006").name == "news.before-0006-2.db"


def test_the_state_of_the_database_tells_what_it_takes(db, file):
    found = db("status", "--json").json
    assert found["bytes"] == sqlite_file.size_of(file)
    assert found["wal_bytes"] == sqlite_file.wal_bytes(file)
    assert found["free_bytes"] == pytest.approx(shutil.disk_usage(file).free, rel=0.05)
