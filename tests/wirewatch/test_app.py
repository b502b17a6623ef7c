"""The composition root hands the settings to the parts that they are for, and rules that are held stay in force."""

from __future__ import annotations

import os
import socket
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from rules.document import Document
from rules.files import load_rules
from storage.migrate import upgrade
from storage.store import Store
from wirewatch.app import App
from wirewatch.demo.newsroom import Newsroom
from wirewatch.places import find_config_dir
from wirewatch.rulebook import build_rules, record_rules
from wirewatch.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from wirewatch.rulebook import RulesInForce

NOW = datetime(2026, 1, 12, 6, tzinfo=UTC)


@pytest.fixture(scope="module")
def newsroom() -> Any:
    with Newsroom(slow_s=0) as room:
        yield room


def make_app(folder: Path, newsroom: Newsroom, settings: str, feeds: Sequence[str] = ()) -> App:
    feeds = feeds or [newsroom.feeds()[0]["url"]]
    allow = ", ".join(f'"{host}"' for host in newsroom.allow)
    (folder / "rules").mkdir()
    (folder / "wirewatch.toml").write_text(f"[fetch]\npause_s = 0\nallow = [{allow}]\n{settings}\n")
    (folder / "feeds.toml").write_text("".join(f'[[feeds]]\nurl = "{feed}"\n' for feed in feeds))
    config = find_config_dir(str(folder), os.environ, folder)
    app = App(load_settings(config, environ={}), config)
    upgrade(app.settings.database.url)
    return app


async def test_the_contact_is_part_of_the_user_agent(tmp_path: Path, newsroom: Newsroom) -> None:
    app = make_app(tmp_path, newsroom, "")
    told = app.settings.fetch.model_copy(update={"contact": "https://desk.example/bot"})
    app.settings = app.settings.model_copy(update={"fetch": told})
    await app.run_once()
    agents = {request["headers"]["User-Agent"] for request in newsroom.requests()}
    assert any("https://desk.example/bot" in agent for agent in agents)


async def test_raw_pages_are_kept_for_as_long_as_the_setting_says(tmp_path: Path, newsroom: Newsroom) -> None:
    app = make_app(tmp_path, newsroom, "[store]\nraw_days = 0")
    await app.run_once()
    with app.listings() as listings:
        assert listings.stats().articles > 0
        assert listings.stats().raw_pages == 0


async def test_copies_are_looked_for_within_the_window(tmp_path: Path, newsroom: Newsroom) -> None:
    """One outlet after the other, and each is one host, so that no two articles come at the same moment."""
    while newsroom.publish()["batches_left"]:
        pass
    wire, paper = (feed["url"] for feed in newsroom.feeds()[:2])
    relations = {}
    for days in (14, 1e-9):
        folder = tmp_path / str(days)
        folder.mkdir()
        app = make_app(folder, newsroom, f"[copies]\nwindow_days = {days:.9f}", [wire])
        await app.run_once()
        app.config.feeds_file.write_text(f'[[feeds]]\nurl = "{paper}"\n')
        relations[days] = (await app.run_once()).cycle.relations
    assert relations[14] > 0
    assert relations[1e-9] == 0


async def test_a_server_that_does_not_answer_is_left_after_the_timeout(tmp_path: Path, newsroom: Newsroom) -> None:
    with closing(socket.socket()) as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        host, port = silent.getsockname()
        app = make_app(tmp_path, newsroom, "timeout_s = 0.2", [f"http://{host}:{port}/rss"])
        told = app.settings.fetch.model_copy(update={"allow": ("127.0.0.0/8",)})
        app.settings = app.settings.model_copy(update={"fetch": told})
        (failed,) = (await app.run_once()).cycle.failed
    assert (failed.reason, "0.2 s" in failed.detail) == ("timeout", True), failed.detail


def test_trackers_are_those_of_the_settings(tmp_path: Path, newsroom: Newsroom) -> None:
    app = make_app(tmp_path, newsroom, "")
    assert "utm_*" in app.trackers
    told = app.settings.fetch.model_copy(update={"trackers": ("ref",)})
    app.settings = app.settings.model_copy(update={"fetch": told})
    assert app.trackers == ("ref",)


def rules_in_force(folder: Path, store: Store) -> RulesInForce:
    """What the files say, brought into force as `Session` does it."""
    rules = build_rules(load_rules(folder), store)
    record_rules(rules, store, NOW)
    return rules


def test_a_topic_that_is_not_understood_stays_in_force_as_it_was(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/w.db"
    upgrade(url)
    (tmp_path / "a.rules").write_text("topic ferries\n    match ferry\n")
    (tmp_path / "b.rules").write_text("topic piers\n    match pier\n")
    document = Document(title="", body="the ferry", author=None, source=None, url=None, lang=None, sections=())
    with Store(url) as store:
        good = rules_in_force(tmp_path, store)
        (tmp_path / "a.rules").write_text("topic ferries\n    match ferry OR\ntopic new\n    match (x\n")
        for _ in range(2):
            held = rules_in_force(tmp_path, store)
            assert held.held == ("ferries",)
            assert held.absent == ("new",)
            assert [error.code for error in held.errors] == ["E104", "E101"]
            assert held.ruleset.match(document) == good.ruleset.match(document)
        (tmp_path / "a.rules").unlink()
        assert [topic.name for topic in rules_in_force(tmp_path, store).ruleset.topics] == ["piers"]
