"""Rules come into force in a session at work: when the files have come to rest, and one reading at a time."""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from rules.document import Document
from storage.migrate import upgrade
from wirewatch.app import App
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
        await session.stop_looking(grace_s=60)


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
            session.look_at_rules()
        assert session.rules is before, "nothing waits for it"
        await until(lambda: session.rules is not before)
        assert matching(session) == {"ferries", "boats"}
    assert caplog.text.count("rules read in") == 1


async def test_a_file_that_is_empty_for_a_moment_retires_nothing(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with opened(file) as session:
        before = session.rules
        write(file, "")
        session.look_at_rules()
        await asyncio.sleep(0.05)
        write(file, FERRIES)
        # What comes after it shows that it has ended.
        await asyncio.sleep(0.3)
        session.look_at_rules(is_asked=True)
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
        session.look_at_rules()
        await until(lambda: matching(session) == {"ferries", "boats"})
    assert seen == [{"ferries"}, {"ferries", "boats"}]


async def test_the_last_of_a_burst_of_edits_is_in_force(file: Path) -> None:
    async with opened(file) as session:
        for number in range(8):
            write(file, f"topic t{number}\n    match ferry\n")
            session.look_at_rules()
            await asyncio.sleep(0.1)
        while matching(session) != {"t7"}:
            session.look_at_rules()
            await asyncio.sleep(0.05)


async def test_asked_for_while_a_look_is_under_way_is_asked_for_at_the_next(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    answer = "the rules in force are what the files say"
    async with opened(file) as session:
        before = session.rules
        write(file, FERRIES + "topic broken\n    match (\n")
        session.look_at_rules()
        await asyncio.sleep(0.05)
        session.look_at_rules(is_asked=True)
        await until(lambda: session.rules is not before)
        await asyncio.sleep(0.05)
        assert answer not in caplog.text
        session.look_at_rules()
        await until(lambda: answer in caplog.text)
    assert caplog.text.count("rules read in") == 1


async def test_after_the_end_nothing_is_read(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with opened(file) as session:
        write(file, "")
        session.look_at_rules()
        await session.stop_looking(grace_s=60)
        assert matching(session) == {"ferries"}
    assert "rules read in" not in caplog.text
