"""Rules come into force in a session at work: when the files have come to rest, and one reading at a time.

Feeds are read with their secrets, and what hosts ask for outlives the session.
"""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from ingest.hosts import HostWait
from ingest.polling import FeedState
from rules.document import Document
from storage.migrate import upgrade
from wirewatch.app import App
from wirewatch.errors import ConfigError
from wirewatch.feedaccess import read_all_access
from wirewatch.feedlist import read_feeds
from wirewatch.places import find_config_dir
from wirewatch.rulewatch import RuleWatch
from wirewatch.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from wirewatch.session import Session

FERRIES = "topic ferries\n    match ferry\n"
DOCUMENT = Document(title="", body="the ferry", author=None, source=None, url=None, lang=None, sections=())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The one rule file of a configuration without feeds."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "feeds.toml").write_text("")
    file = tmp_path / "rules" / "a.rules"
    file.write_text(FERRIES)
    return file


@asynccontextmanager
async def opened(file: Path) -> AsyncIterator[Session]:
    config = find_config_dir(str(file.parents[1]), os.environ, file.parents[1])
    app = App(load_settings(config, environ={}), config)
    await asyncio.to_thread(upgrade, app.settings.database.url)
    async with app.session() as session:
        yield session
        await session.house.stop_looking(grace_s=60)


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for something that must come, at most a minute."""
    async with asyncio.timeout(60):
        while not is_so():  # noqa: ASYNC110  # what is waited for is a log, or a reference
            await asyncio.sleep(0.01)


def write(file: Path, text: str) -> None:
    file.write_text(text)


def matching(session: Session) -> set[str]:
    return {found.topic for found in session.rules.ruleset.match(DOCUMENT)}


async def test_an_edit_comes_into_force_and_what_is_asked_for_twice_is_read_once(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with opened(file) as session:
        before = session.rules
        write(file, FERRIES + "topic boats\n    match ferry\n")
        for _ in range(3):
            session.house.look_at_rules()
        assert session.rules is before, "nothing waits for it"
        await until(lambda: session.rules is not before)
        assert matching(session) == {"ferries", "boats"}
    assert caplog.text.count("rules read in") == 1


async def test_a_file_that_is_empty_for_a_moment_retires_nothing(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with opened(file) as session:
        before = session.rules
        write(file, "")
        session.house.look_at_rules()
        await asyncio.sleep(0.05)
        write(file, FERRIES)
        # What comes after it shows that it has ended.
        await asyncio.sleep(0.3)
        session.house.look_at_rules(is_asked=True)
        await until(lambda: "the rules in force are what the files say" in caplog.text)
        assert session.rules is before
    assert "rules read in" not in caplog.text


async def test_a_file_that_is_emptied_just_before_it_is_read_retires_nothing(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had come to rest, and somebody saved it again."""
    seen = []
    reload = RuleWatch.reload

    def reload_late(watch: RuleWatch, digest: str, *, only_these: bool = False) -> bool:
        if not seen:
            write(file, "")
        is_done = reload(watch, digest, only_these=only_these)
        seen.append(set(watch.in_force.versions))
        write(file, FERRIES + "topic boats\n    match ferry\n")
        return is_done

    monkeypatch.setattr(RuleWatch, "reload", reload_late)
    async with opened(file) as session:
        write(file, FERRIES + "# first\n")
        session.house.look_at_rules()
        await until(lambda: matching(session) == {"ferries", "boats"})
    assert seen == [{"ferries"}, {"ferries", "boats"}]


async def test_the_last_of_a_burst_of_edits_is_in_force(file: Path) -> None:
    async with opened(file) as session:
        for number in range(8):
            write(file, f"topic t{number}\n    match ferry\n")
            session.house.look_at_rules()
            await asyncio.sleep(0.1)
        while matching(session) != {"t7"}:
            session.house.look_at_rules()
            await asyncio.sleep(0.05)


async def test_asked_for_while_a_look_is_under_way_is_asked_for_at_the_next(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    answer = "the rules in force are what the files say"
    async with opened(file) as session:
        before = session.rules
        write(file, FERRIES + "topic broken\n    match (\n")
        session.house.look_at_rules()
        await asyncio.sleep(0.05)
        session.house.look_at_rules(is_asked=True)
        await until(lambda: session.rules is not before)
        await asyncio.sleep(0.05)
        assert answer not in caplog.text
        session.house.look_at_rules()
        await until(lambda: answer in caplog.text)
    assert caplog.text.count("rules read in") == 1


async def test_after_the_end_nothing_is_read(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with opened(file) as session:
        write(file, "")
        session.house.look_at_rules()
        await session.house.stop_looking(grace_s=60)
        assert matching(session) == {"ferries"}
    assert "rules read in" not in caplog.text


# --- feeds ------------------------------------------------------------------------------------------

FEED = "http://127.0.0.1:{port}/feed"


@asynccontextmanager
async def serving(head: str, seen: list[str]) -> AsyncIterator[int]:
    """A server that answers everything with *head*, on a port of loopback; *seen* gets the requests."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(f"HTTP/1.1 {head}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def configure(file: Path, feeds: str) -> App:
    folder = file.parents[1]
    (folder / "feeds.toml").write_text(feeds)
    (folder / "wirewatch.toml").write_text('[fetch]\npause_s = 0\nallow = ["127.0.0.0/8"]\n')
    config = find_config_dir(str(folder), os.environ, folder)
    return App(load_settings(config, environ={}), config)


async def test_what_a_host_asks_for_holds_after_a_restart(file: Path) -> None:
    seen: list[str] = []
    async with serving("503 Busy\r\nRetry-After: 3600", seen) as port:
        app = configure(file, f'[[feeds]]\nurl = "{FEED.format(port=port)}"\n')
        await asyncio.to_thread(upgrade, app.settings.database.url)
        report = await app.run_once(all_feeds=True)
        assert [feed.reason for feed in report.cycle.failed] == ["unavailable"]
        assert not report.cycle.is_offline
        report = await app.run_once(all_feeds=True)
        assert (report.cycle.polled, report.cycle.failed, report.cycle.put_off) == (0, (), 1)
    with app.listings() as listings:
        (feed,) = listings.feeds()
    assert (feed.last_status, feed.last_error) == (503, "unavailable"), "the reason is not hidden by the wait"
    assert "wants to be left alone until " in (feed.plan_why or "")
    assert len(seen) == 1


async def test_what_a_host_asked_for_after_the_last_tick_is_stored_at_the_end(file: Path) -> None:
    async with serving("503 Busy\r\nRetry-After: 3600", []) as port:
        app = configure(file, f'[[feeds]]\nurl = "{FEED.format(port=port)}"\n')
        await asyncio.to_thread(upgrade, app.settings.database.url)
        async with app.session() as session:
            await session.queue_due_feeds(limit=9)
            await session.cycle.idle()
    with app.store() as store:
        assert [wait.address for wait in store.host_waits(datetime.now(UTC))] == [FEED.format(port=port)]


async def test_a_wait_that_is_stored_is_kept_to_in_the_first_poll(file: Path) -> None:
    seen: list[str] = []
    async with serving("200 OK", seen) as port:
        url = FEED.format(port=port)
        app = configure(file, f'[[feeds]]\nurl = "{url}"\n')
        await asyncio.to_thread(upgrade, app.settings.database.url)
        with app.store() as store:
            until_ = datetime.now(UTC) + timedelta(hours=1)
            store.keep_host_waits([HostWait(address=url, host="127.0.0.1", until=until_, holds=False)])
        await app.run_once()
    assert seen == []


async def test_a_paused_feed_is_not_polled_and_goes_on_where_it_is_taken_up_again(file: Path) -> None:
    seen: list[str] = []
    async with serving("404 No", seen) as port:
        line = f'[[feeds]]\nurl = "{FEED.format(port=port)}"\n'
        app = configure(file, line + "paused = true\n")
        await asyncio.to_thread(upgrade, app.settings.database.url)
        async with app.session() as session:
            await session.do_all_due(all_feeds=True)
            assert (session.feeds, seen) == (1, [])
            (file.parents[1] / "feeds.toml").write_text(line)
            await session.house.reload_feeds()
            await session.do_all_due()
            assert len(seen) == 1
        with app.store() as store:
            assert store.feed(1).state is FeedState.BACKING_OFF


async def test_secrets_are_sent_with_the_polls(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_KEY", "s3cret")
    seen: list[str] = []
    async with serving("404 No", seen) as port:
        app = configure(file, f'[[feeds]]\nurl = "{FEED.format(port=port)}"\nheaders = {{X-Key = "env:DESK_KEY"}}\n')
        await asyncio.to_thread(upgrade, app.settings.database.url)
        await app.run_once()
    assert "X-Key: s3cret" in seen[0]


async def test_feeds_that_cannot_be_read_leave_those_in_force(file: Path) -> None:
    async with opened(file) as session:
        write(file.parents[1] / "feeds.toml", "[[feeds]]\n")
        with pytest.raises(ConfigError):
            await session.house.reload_feeds()
        assert session.feeds == 0


SITE = '[[sites]]\nhost = "news.example"\nheaders = {X-Key = "env:DESK_KEY"}\n'


async def test_a_site_that_lacks_its_secret_stops_nothing_and_has_it_after_a_reload(
    file: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("DESK_KEY", raising=False)
    (file.parents[1] / "sites.toml").write_text(SITE)
    fault = f"no page of this site is fetched: {file.parents[1] / 'sites.toml'}:3: "
    async with opened(file) as session:
        (told,) = (record.message for record in caplog.records)
        assert told.startswith(fault)
        assert "DESK_KEY" in told
        await session.house.reload_feeds()
        assert len(caplog.records) == 2
        monkeypatch.setenv("DESK_KEY", "s3cret")
        await session.house.reload_feeds()
        assert len(caplog.records) == 2


LOCKED = '[[feeds]]\nurl = "{url}/locked"\nheaders = {{X-Key = "env:DESK_KEY"}}\n'
OPEN = '[[feeds]]\nurl = "{url}/open"\n'


def paths(seen: list[str]) -> list[str]:
    return [request.split(" ", 2)[1] for request in seen]


async def test_one_secret_that_is_missing_stops_no_other_feed(
    file: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("DESK_KEY", raising=False)
    seen: list[str] = []
    async with serving("404 No", seen) as port:
        app = configure(file, (LOCKED + OPEN).format(url=f"http://127.0.0.1:{port}"))
        await asyncio.to_thread(upgrade, app.settings.database.url)
        for _ in range(2):
            report = await app.run_once()
            (locked,) = (failed for failed in report.cycle.failed if failed.url.endswith("/locked"))
            assert (locked.reason, locked.detail.partition(";")[0]) == ("auth", "the variable DESK_KEY is not set")
        assert paths(seen) == ["/open"], "each once says it, and nobody is asked"
        assert f"{file.parents[1] / 'feeds.toml'}:3: headers: X-Key: the variable DESK_KEY" in caplog.text
        # A restart with the secret: what was not asked for is asked for at once, and nothing else.
        monkeypatch.setenv("DESK_KEY", "s3cret")
        await app.run_once()
        assert paths(seen) == ["/open", "/locked"]
    with app.listings() as listings:
        (event, *_) = listings.events(feed_id=1)
        assert (event.kind, event.detail.partition(";")[0]) == ("feed.broken", "the variable DESK_KEY is not set")
        assert [event.kind for event in listings.events(feed_id=1)] == ["feed.broken"], "the 404 goes on with it"


async def test_feeds_that_are_reloaded_follow_the_same_rule(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DESK_KEY", raising=False)
    seen: list[str] = []
    async with serving("404 No", seen) as port:
        url = f"http://127.0.0.1:{port}"
        app = configure(file, "")
        await asyncio.to_thread(upgrade, app.settings.database.url)
        async with app.session() as session:
            write(file.parents[1] / "feeds.toml", (LOCKED + OPEN).format(url=url))
            await session.house.reload_feeds()
            await session.do_all_due()
            assert (session.feeds, paths(seen)) == (2, ["/open"])
            monkeypatch.setenv("DESK_KEY", "s3cret")
            await session.do_all_due(all_feeds=True)
            assert paths(seen)[1:] == ["/open"], "secrets are read with the list"
            await session.house.reload_feeds()
            await session.do_all_due()
            assert "/locked" in paths(seen)


def test_all_secrets_that_are_missing_are_told_and_those_of_paused_feeds_are_not_asked_for(tmp_path: Path) -> None:
    feeds = tmp_path / "feeds.toml"
    text = '[[feeds]]\nurl = "http://{0}.example/"\nheaders = {{X-Key = "env:NO_{0}"}}\n{1}'
    listed = (("A", 'every = "5m"\n'), ("B", "paused = true\n"), ("C", ""))
    feeds.write_text("".join(text.format(name, more) for name, more in listed))
    access, lines = read_all_access(read_feeds(feeds))
    assert len(lines) == 2
    assert "NO_A" in lines[0]
    assert "NO_C" in lines[1]
    missing = [access[f"http://{name}.example/"].missing for name in "ABC"]
    assert [text and text.partition(";")[0] for text in missing] == [
        "the variable NO_A is not set",
        None,
        "the variable NO_C is not set",
    ]
    assert access["http://A.example/"].every_s == 300


async def test_older_pages_can_be_fetched_beside_a_session(file: Path) -> None:
    async with serving("404 No", []) as port:
        app = configure(file, f'[[feeds]]\nurl = "{FEED.format(port=port)}"\n')
        await asyncio.to_thread(upgrade, app.settings.database.url)
        async with app.session(), app.pipeline() as pipeline:
            done = await pipeline.backfill_feed(1, 5)
    assert done.error is not None
    assert done.pages == 0
