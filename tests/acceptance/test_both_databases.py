"""The whole job at once on SQLite and PostgreSQL: every answer of the store and every listing are the same.

What comes in is given to both in one order, so that ids and times are the same too.
"""

from __future__ import annotations

import asyncio
import json
import shlex
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from storage.migrate import upgrade
from storage.store import Store
from wirewatch.__main__ import main
from wirewatch.app import App
from wirewatch.cli.demo import poll_all, set_up
from wirewatch.demo.newsroom import Newsroom

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]


class TwinStore:
    """Two stores as one: each call is made on both, one call at a time, and what both say must be equal."""

    def __init__(self, *urls: str) -> None:
        self._stores = [Store(url) for url in urls]
        self._alone = threading.RLock()
        #: the store that calls of this thread are for, while several are made together
        self._here = threading.local()
        self.calls: set[str] = set()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            one: Store | None = getattr(self._here, "store", None)
            if one is not None:
                self.calls.add(name)
                return getattr(one, name)(*arguments, **named)
            return self._on_both(name, lambda store: getattr(store, name)(*arguments, **named))

        return call

    def read_together(self, calls: Sequence[Callable[[], Any]]) -> list[Any]:
        return self._on_both("read_together", lambda store: store.read_together(self._for(store, calls)))

    def write_together(self, calls: Sequence[Callable[[], Any]]) -> list[Any]:
        return self._on_both("write_together", lambda store: store.write_together(self._for(store, calls)))

    def _for(self, store: Store, calls: Sequence[Callable[[], Any]]) -> list[Callable[[], Any]]:
        def bound(call: Callable[[], Any]) -> Callable[[], Any]:
            def made() -> Any:
                with self._only(store):
                    return call()

            return made

        return [bound(call) for call in calls]

    @contextmanager
    def _only(self, store: Store) -> Iterator[None]:
        self._here.store = store
        try:
            yield
        finally:
            self._here.store = None

    def _on_both(self, name: str, act: Callable[[Store], Any]) -> Any:
        with self._alone:
            self.calls.add(name)
            one, other = (self._outcome(act, store) for store in self._stores)
        assert comparable(one) == comparable(other), name
        if isinstance(one, Exception):
            raise one
        return one

    @staticmethod
    def _outcome(act: Callable[[Store], Any], store: Store) -> Any:
        try:
            return act(store)
        except Exception as error:  # noqa: BLE001  # it is compared, then raised
            return error


def comparable(value: Any) -> Any:
    if isinstance(value, list):
        return [comparable(each) for each in value]
    return repr(value) if isinstance(value, Exception) else value


class TwinApp(App):
    """The program with a store that is two."""

    twin: TwinStore

    def store(self) -> Any:
        return self.twin


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, server: str, postgresql_server: Any) -> Iterator[Any]:
    """The configuration, and the addresses of both databases, filled with all that the bundled newsroom published."""
    folder = tmp_path_factory.mktemp("both")
    with postgresql_server.new_database(server) as url, Newsroom() as newsroom:
        app = set_up(folder, newsroom)
        upgrade(url)
        urls = (app.settings.database.url, url)
        twin_app = TwinApp(app.settings, app.config)
        twin_app.twin = TwinStore(*urls)
        asyncio.run(poll(twin_app, newsroom))
        yield folder, urls


async def poll(app: TwinApp, newsroom: Newsroom) -> None:
    async for _ in poll_all(app, newsroom):
        pass
    assert {"record_poll", "save", "candidates", "due_entries", "record_topics"} <= app.twin.calls


LISTINGS = [
    "feeds list",
    "entries",
    "entries --by published",
    "articles",
    "articles --by published --since 2026-01-01",
    "stories",
    "stories --by published",
    "matches",
    "matches purl",
    "matches crimea --by published --limit 2",
    "events",
    "rules list",
    "stats",
    "search Crimea",
    "search 'NATO OR ukraine*' --limit 3",
    "search '\"ferry pilot\" NOT Lisbon'",
    "search title:allies",
    "search '(missil* | money) NEAR/9 (promis* | pledg*)'",
    "search біб*",
    "search ริมน้ำ",
]


def rows(capsys: Any, filled: Any, url: str, *arguments: str) -> Any:
    capsys.readouterr()
    assert main(["--config", str(filled[0]), "--db", url, *arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    if isinstance(found, dict):
        found = {name: value for name, value in found.items() if "bytes" not in name}
    return found


def on_both(capsys: Any, filled: Any, *arguments: str) -> Any:
    one, other = (rows(capsys, filled, url, *arguments) for url in filled[1])
    assert one == other
    return one


@pytest.mark.parametrize("listing", LISTINGS)
def test_every_listing_is_the_same(capsys: Any, filled: Any, listing: str) -> None:
    assert on_both(capsys, filled, *shlex.split(listing))


def test_every_article_story_and_entry_is_shown_alike(capsys: Any, filled: Any) -> None:
    for article in on_both(capsys, filled, "articles"):
        on_both(capsys, filled, "show", str(article["id"]))
    for story in on_both(capsys, filled, "stories"):
        on_both(capsys, filled, "story", str(story["id"]))
    for entry in on_both(capsys, filled, "entries"):
        on_both(capsys, filled, "why", str(entry["id"]))


@pytest.mark.parametrize("work", [("rules", "apply"), ("copies", "rebuild")])
def test_what_is_done_anew_comes_out_alike(capsys: Any, filled: Any, work: tuple[str, ...]) -> None:
    said = []
    for url in filled[1]:
        assert main(["--config", str(filled[0]), "--db", url, *work]) == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1] != ""
    for listing in ("stories", "matches", "articles"):
        assert on_both(capsys, filled, listing)
