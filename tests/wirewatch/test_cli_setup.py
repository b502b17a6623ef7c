"""init, once, run, db, doctor: from nothing to a first cycle, and every way in which that can go wrong."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from storage.address import SqliteFile
from storage.lock import DatabaseLock
from storage.migrate import run_scripts
from storage.sqlite_file import migrating_engine
from storage.tables import SCHEMA_REVISION
from wirewatch import fields
from wirewatch.places import packaged_config

UNREACHABLE = '[[feeds]]\nurl = "http://127.0.0.1:{port}/rss"\n[[feeds]]\nurl = "http://127.0.0.1:{port}/atom"\n'


def _closed_port():
    """A port of this machine on which nobody listens."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def _served(body):
    """Serve *body* as a feed at an address of this machine."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "application/rss+xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/rss"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def offline(wirewatch, elsewhere):
    """A new configuration whose feeds answer no connection."""
    assert wirewatch("init", "mine").code == 0
    folder = elsewhere / "mine"
    (folder / "feeds.toml").write_text(UNREACHABLE.format(port=_closed_port()))
    (folder / "wirewatch.toml").write_text('[fetch]\nallow = ["127.0.0.0/8"]\npause_s = 0\n')
    return folder


# --- init -------------------------------------------------------------------------------------------


def test_init_writes_every_default_file_creates_the_database_and_says_what_comes_next(wirewatch, elsewhere):
    ended = wirewatch("init", "mine")
    assert ended.code == 0
    for file in packaged_config().rglob("*"):
        if file.suffix in {".toml", ".rules"}:
            copy = elsewhere / "mine" / file.relative_to(packaged_config())
            assert copy.read_bytes() == file.read_bytes()
            assert f"wrote    mine/{file.relative_to(packaged_config())}" in ended.out
    assert (elsewhere / "mine" / "wirewatch.db").exists()
    assert "wirewatch --config mine once" in ended.err
    assert wirewatch("--config", "mine", "db", "status").code == 0


def test_init_without_a_directory_is_found_without_config(wirewatch, elsewhere):
    ended = wirewatch("init")
    assert "\n  wirewatch once " in ended.err
    assert (elsewhere / "config" / "feeds.toml").exists()
    assert wirewatch("db", "status", "--json").json["path"] == str(elsewhere / "config" / "wirewatch.db")


def test_init_overwrites_nothing_and_a_second_call_changes_nothing(wirewatch, elsewhere):
    (elsewhere / "mine").mkdir()
    (elsewhere / "mine" / "feeds.toml").write_text("# mine\n")
    assert "kept     mine/feeds.toml" in wirewatch("init", "mine").out
    before = {path: path.read_bytes() for path in (elsewhere / "mine").rglob("*.*") if path.suffix != ".lock"}
    ended = wirewatch("init", "mine")
    assert (ended.code, "wrote" in ended.out) == (0, False)
    assert {path: path.read_bytes() for path in before} == before
    assert (elsewhere / "mine" / "feeds.toml").read_text() == "# mine\n"


def test_init_where_a_file_is_in_the_way_names_it(wirewatch, elsewhere):
    (elsewhere / "mine").write_text("")
    ended = wirewatch("init", "mine")
    assert ended.code == 1
    assert ended.err.startswith("mine/rules: cannot be written: ")
    assert "wirewatch init DIR" in ended.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_init_in_a_directory_that_may_not_be_written_names_it(wirewatch, elsewhere):
    (elsewhere / "locked").mkdir(mode=0o500)
    ended = wirewatch("init", "locked/mine")
    assert ended.code == 1
    assert "locked/mine" in ended.err
    assert "Permission denied" in ended.err


# --- once and run -----------------------------------------------------------------------------------


def test_once_without_a_network_is_one_line_and_exit_code_3(wirewatch, offline):
    ended = wirewatch("--config", offline, "once")
    assert ended.code == 3
    assert ended.err == "no network: 2 of 2 feeds unreachable; try wirewatch demo\n"
    assert ended.out.startswith("2 feeds polled, 2 failed · 0 new entries")


def test_once_tells_the_same_in_json(wirewatch, offline):
    ended = wirewatch("--config", offline, "once", "--json")
    assert ended.code == 3
    report = ended.__class__(0, ended.out, "").json
    assert list(report) == [column.name for column in fields.REPORT]
    assert report["polled"] == 2
    assert [feed["reason"] for feed in report["failed"]] == ["connection", "connection"]


def test_once_says_when_there_is_nothing_to_do(wirewatch, offline):
    (offline / "feeds.toml").write_text("")
    ended = wirewatch("--config", offline, "once")
    assert (ended.code, ended.err) == (0, "no feed is configured; add one with: wirewatch feeds add ADDRESS\n")


@pytest.mark.parametrize("command", [["once"], ["once", "--all"], ["once", "--migrate"], ["run"]], ids=str)
@pytest.mark.parametrize("place", ["wirewatch.db", "other.db", "no/such/folder.db"])
def test_a_database_that_is_missing_is_lost_or_elsewhere_so_none_is_made(wirewatch, offline, command, place):
    """An empty one would hide that, and feeds would be polled as if they were new."""
    (offline / "wirewatch.db").unlink()
    before = sorted(offline.rglob("*"))
    database = offline / place
    ended = wirewatch("--config", offline, "--db", database, *command)
    told = f"{database}: there is no database; create it with: wirewatch --config {offline} --db {database} init\n"
    assert (ended.code, ended.out, ended.err) == (5, "", told)
    assert sorted(offline.rglob("*")) == before


def test_once_says_how_many_entries_have_no_page_and_why(wirewatch, offline):
    items = "".join(f"<item><guid>{number}</guid><title>t</title></item>" for number in range(2))
    items += f"<item><link>http://127.0.0.1:{_closed_port()}/a</link><title>t</title></item>"
    feed = f"<rss version='2.0'><channel><title>T</title>{items}</channel></rss>".encode()
    with _served(feed) as url:
        (offline / "feeds.toml").write_text(f'[[feeds]]\nurl = "{url}"\n')
        ended = wirewatch("--config", offline, "once")
    assert ended.out.startswith("1 feed polled · 3 new entries · ")
    told, see = ended.err.split("; see: ")
    assert told.startswith("3 entries without their page: no_link 2, ")
    assert see == f"wirewatch --config {offline} entries --reason no_link\n"
    listed = wirewatch("--config", offline, "entries", "--reason", "no_link", "--json").json
    assert len(listed) == 2


def test_a_secret_that_is_missing_is_told_everywhere_and_stops_no_other_feed(wirewatch, offline):
    url = f"http://127.0.0.1:{_closed_port()}/locked"
    with _served(b"<rss version='2.0'><channel><title>T</title></channel></rss>") as other:
        (offline / "feeds.toml").write_text(
            f'[[feeds]]\nurl = "{url}"\nuser = "me"\npassword = "env:NOT_SET"\n[[feeds]]\nurl = "{other}"\n'
        )
        ended = wirewatch("--config", offline, "once")
        assert ended.code == 3
        assert ended.out.startswith("2 feeds polled, 1 failed")
        assert f"failed: {url}: the variable NOT_SET is not set" in ended.err
        checked = wirewatch("--config", offline, "feeds", "check", "--jsonl").jsonl
        assert [(row["reason"], row["status"]) for row in checked] == [("auth", None), (None, 200)]
    ended = wirewatch("--config", offline, "feeds", "list", "--format", "table")
    assert f"{url}: the variable NOT_SET is not set" in ended.err
    ended = wirewatch("--config", offline, "feeds", "check", url)
    assert (ended.code, "auth: the variable NOT_SET is not set" in ended.out) == (3, True)
    ended = wirewatch("--config", offline, "doctor")
    assert ended.code == 4
    assert f"{offline / 'feeds.toml'}:4: password: the variable NOT_SET is not set" in ended.out
    assert "backing off: " in ended.out
    ended = wirewatch("--config", offline, "feeds", "backfill", url)
    assert (ended.code, "the variable NOT_SET is not set" in ended.out) == (3, True)


def test_once_polls_only_what_is_due(wirewatch, offline):
    wirewatch("--config", offline, "once")
    ended = wirewatch("--config", offline, "once")
    assert (ended.code, ended.err) == (0, "no feed is due; poll all of them with: wirewatch once --all\n")
    assert wirewatch("--config", offline, "once", "--all").code == 3


@pytest.mark.parametrize("command", ["once", "run"])
def test_a_second_instance_is_refused(wirewatch, offline, command):
    with DatabaseLock(SqliteFile(offline / "wirewatch.db")):
        ended = wirewatch("--config", offline, command)
    assert ended.code == 5
    assert "works on this database" in ended.err
    assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("wirewatch.toml", "[fetch]\npause = 1\n", "toml:2: unknown setting fetch.pause; did you mean fetch.pause_s?"),
        ("wirewatch.toml", "[fetch\n", "wirewatch.toml:1:7: "),
        ("feeds.toml", "[[feeds]]\nurl = 'gopher://x'\n", "feeds.toml:2: gopher://x: an address begins with"),
        ("feeds.toml", None, "feeds.toml: no such file; create it with: wirewatch init"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", ["once", "run"])
def test_an_invalid_configuration_names_file_and_line(wirewatch, offline, command, file, text, message):
    (offline / file).unlink() if text is None else (offline / file).write_text(text)
    ended = wirewatch("--config", offline, command)
    assert ended.code == 4
    assert message in ended.err
    assert len(ended.err.splitlines()) == 1


def test_a_rule_with_a_typo_is_told_and_stops_nothing(wirewatch, offline):
    (offline / "rules" / "bad.rules").write_text("topic bad\n    match a OR\n")
    (offline / "feeds.toml").write_text("")
    ended = wirewatch("--config", offline, "once")
    assert ended.code == 0
    assert wirewatch("--config", offline, "rules", "check").code == 4
    assert wirewatch("--config", offline, "stats", "--json").code == 0


def _end_daemon(folder):
    """Start the daemon, end it as soon as it runs, and return exit code and what it said from then on."""
    command = [sys.executable, "-m", "wirewatch", "--config", str(folder), "run"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as daemon:
        assert daemon.stderr is not None
        told = ""
        while "running" not in told:
            line = daemon.stderr.readline()
            assert line, told
            told += line
        daemon.send_signal(signal.SIGTERM)
        rest = daemon.stderr.read()
    return daemon.returncode, rest


def test_the_daemon_ends_on_sigterm(offline):
    code, told = _end_daemon(offline)
    assert code == 0
    assert "stopped" in told


def test_the_daemon_ends_without_a_traceback(offline):
    assert "Traceback" not in _end_daemon(offline)[1]


# --- db ---------------------------------------------------------------------------------------------


def test_db_status_of_a_missing_database(wirewatch, offline):
    ended = wirewatch("--config", offline, "--db", "none.db", "db", "status")
    assert ended.code == 5
    assert f"none.db: missing; create it with: wirewatch --config {offline} --db none.db init\n" in ended.err


def test_a_directory_in_place_of_the_database_is_named_once(wirewatch, offline):
    ended = wirewatch("--config", offline, "--db", offline, "db", "status")
    assert (ended.code, ended.err) == (4, f"--db: {offline}: is a directory; name a file in it\n")


def test_db_upgrade_creates_nothing(wirewatch, offline, elsewhere):
    """It may have been typed in the wrong directory."""
    before = set(elsewhere.rglob("*"))
    for name in ("new.db", "folder/new.db"):
        ended = wirewatch("--config", offline, "--db", name, "db", "upgrade")
        assert (ended.code, ended.out) == (5, "")
        fix = f"create it with: wirewatch --config {offline} --db {name} init"
        assert ended.err.endswith(f"{name}: there is no database; {fix}\n")
    assert set(elsewhere.rglob("*")) == before
    # What is said to create it does.
    assert wirewatch("--config", offline, "--db", name, "init").code == 0
    assert wirewatch("--config", offline, "--db", name, "db", "upgrade").code == 0


def _make_early(file, revision="0003"):
    for each in file.parent.glob(f"{file.name}*"):
        each.unlink()
    file.write_bytes(b"")
    migrating = migrating_engine(file)
    with migrating.begin() as connection:
        run_scripts(connection, revision)
    migrating.dispose()


def test_db_upgrade_is_done_when_called_again(wirewatch, offline):
    _make_early(offline / "wirewatch.db")
    ended = wirewatch("--config", offline, "db", "status")
    assert (ended.code, ended.err.split("; ")[1]) == (
        5,
        f"upgrade it with: wirewatch --config {offline} db upgrade\n",
    )
    told = wirewatch("--config", offline, "doctor").out
    assert f"out of date; upgrade it with: wirewatch --config {offline} db upgrade\n" in told
    assert "upgraded from 0003 (schema " in wirewatch("--config", offline, "db", "upgrade").err
    ended = wirewatch("--config", offline, "db", "upgrade")
    assert ended.err.endswith(f"is current (schema {SCHEMA_REVISION})\n")


@pytest.mark.parametrize("command", [("db", "upgrade"), ("init",)])
def test_after_an_upgrade_it_is_said_that_articles_are_to_be_compared_once_more(wirewatch, copied, command):
    assert "copies rebuild" not in wirewatch("--config", copied, *command).err
    with closing(sqlite3.connect(copied / "wirewatch.db")) as connection:
        connection.execute("UPDATE fingerprint SET alg = alg - 1 WHERE id = 1")
        connection.commit()
    ended = wirewatch("--config", copied, *command)
    assert ended.code == 0
    told = "articles stored before are not compared with new ones, and shares of old relations are estimates"
    assert ended.err.endswith(f"\n{told}, until: wirewatch --config {copied} copies rebuild\n")


def test_doctor_repeats_the_options_in_what_it_suggests(wirewatch, copied):
    (copied / "feeds.toml").write_text("")
    options = f"--config {copied} --db {copied}/none.db"
    told = wirewatch("--config", copied, "--db", copied / "none.db", "doctor").out
    assert f"; add one with: wirewatch {options} feeds add ADDRESS\n" in told
    assert f"none.db: missing; create it with: wirewatch {options} init\n" in told


@pytest.mark.parametrize("command", [["once"], ["run"]], ids=str)
def test_a_database_of_an_earlier_version_is_refused_by_all_that_poll(wirewatch, offline, command):
    with closing(sqlite3.connect(offline / "wirewatch.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
        connection.commit()
    ended = wirewatch("--config", offline, *command)
    assert (ended.code, ended.out) == (5, "")
    assert "made by an earlier version" in ended.err
    assert ended.err.endswith(f"upgrade it with: wirewatch --config {offline} db upgrade\n")


@pytest.mark.parametrize("command", [["stats"], ["once"], ["db", "upgrade"], ["db", "status"], ["feeds", "list"]])
def test_a_file_that_is_no_database_is_refused_and_left_alone(wirewatch, offline, command):
    other = offline / "feeds.toml"
    before = other.read_bytes()
    ended = wirewatch("--config", offline, "--db", other, *command)
    assert ended.code == 5
    assert "this is no wirewatch database" in ended.err
    assert len(ended.err.splitlines()) == 1
    assert other.read_bytes() == before


# --- doctor -----------------------------------------------------------------------------------------


def _statuses(ended):
    return {line.split()[1]: line.split()[0] for line in ended.out.splitlines()}


def test_doctor_is_content_with_a_filled_installation(wirewatch, filled):
    ended = wirewatch("--config", filled, "doctor")
    assert ended.code == 0, ended.out
    # The sample's news lies back here, so that its feeds are silent.
    assert {check for check, status in _statuses(ended).items() if status != "ok"} == {"feeds", "contact"}
    assert "silent: http://" in ended.out
    rows = wirewatch("--config", filled, "doctor", "--json").json
    assert list(rows[0]) == [column.name for column in fields.CHECK]
    assert {"packages", "settings", "feeds.toml", "rules", "database", "clock", "feeds"} <= {r["check"] for r in rows}


@pytest.mark.parametrize(
    ("file", "text", "check", "code"),
    [
        ("wirewatch.toml", "[x]\n", "settings", 4),
        ("feeds.toml", "[[feed]]\n", "feeds.toml", 4),
        ("rules/bad.rules", "topic bad\n    match a OR\n", "rules", 4),
        ("rules/bad.rules", 'topic bad\n    match a\n    test no "a"\n', "rules", 4),
        ("wirewatch.db", "no database", "database", 5),
    ],
)
def test_doctor_finds_what_is_wrong(wirewatch, copied, file, text, check, code):
    for leftover in copied.glob("wirewatch.db-*"):
        leftover.unlink()
    (copied / file).write_text(text)
    ended = wirewatch("--config", copied, "doctor")
    assert ended.code == code
    assert any(line.split()[:2] == ["fail", check] for line in ended.out.splitlines()), ended.out


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("", "warn  contact     servers are not told who asks, and block unknown programs sooner; write "),
        ('contact = "desk@news.example"', "ok    contact     servers are told: desk@news.example"),
        ('user_agent = "Desk/1"', "ok    contact     servers are told: Desk/1"),
    ],
)
def test_doctor_hints_at_a_missing_contact_and_that_is_no_failure(wirewatch, copied, setting, told):
    (copied / "wirewatch.toml").write_text(f"[fetch]\n{setting}\n")
    ended = wirewatch("--config", copied, "doctor")
    assert ended.code == 0
    assert told in ended.out


def test_doctor_misses_the_database_and_the_rules_folder(wirewatch, copied):
    (copied / "wirewatch.db").unlink()
    shutil.rmtree(copied / "rules")
    ended = wirewatch("--config", copied, "doctor")
    assert (ended.code, _statuses(ended)["rules"], _statuses(ended)["database"]) == (4, "fail", "fail")


def test_doctor_notices_a_clock_that_went_back_and_feeds_that_fail(wirewatch, copied):
    later = int((datetime.now(UTC) + timedelta(days=1)).timestamp() * 1_000_000)
    with closing(sqlite3.connect(copied / "wirewatch.db")) as connection:
        connection.execute("UPDATE poll_log SET at = ? WHERE id = (SELECT max(id) FROM poll_log)", [later])
        connection.execute("UPDATE feed SET state = 'backing-off' WHERE id = 1")
        connection.commit()
    ended = wirewatch("--config", copied, "doctor")
    assert (ended.code, _statuses(ended)["clock"], _statuses(ended)["feeds"]) == (0, "warn", "warn")


def test_doctor_says_what_became_of_a_topic_that_is_not_understood(wirewatch, copied):
    own = copied / "rules" / "own.rules"
    own.write_text(own.read_text().replace("match quagga", "match quagga OR"))
    assert "topic nowhere is not understood: its last good version is in force" in wirewatch(
        "--config", copied, "doctor"
    ).out  # fmt: skip
