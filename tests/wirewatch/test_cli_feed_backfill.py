"""wirewatch feeds backfill: the older pages of a feed, beside a daemon or alone."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from storage.address import SqliteFile
from storage.lock import DatabaseLock
from storage.migrate import upgrade
from wirewatch import feed_fields
from wirewatch.demo.server import LoopbackServer, WebAnswer

ITEM = "<entry><id>tag:{0}</id><title>{0}</title><updated>2026-10-01T0{0}:00:00Z</updated></entry>"
FEED = '<feed xmlns="http://www.w3.org/2005/Atom"><title>Paged</title>{}{}</feed>'


class Site:
    """A feed of three pages with an entry each; one page can be missing."""

    def __init__(self):
        self.missing = None
        self._server = LoopbackServer(self._answer, ["127.0.0.1"])
        self.feed = f"http://127.0.0.1:{self._server.addresses[0][1]}/1"

    def stop(self):
        self._server.stop()

    def _answer(self, request):
        number = request.target.removeprefix("/")
        if number not in {"1", "2", "3"} or number == self.missing:
            return WebAnswer(status=HTTPStatus.NOT_FOUND)
        older = f'<link rel="next" href="/{int(number) + 1}"/>' if number != "3" else ""
        body = FEED.format(older, ITEM.format(number)).encode()
        return WebAnswer(status=HTTPStatus.OK, headers={"Content-Type": "application/atom+xml"}, body=body)


@pytest.fixture
def site():
    site = Site()
    yield site
    site.stop()


@pytest.fixture
def mine(elsewhere, wirewatch, site):
    """A configuration in which the feed was polled once."""
    folder = elsewhere / "mine"
    (folder / "rules").mkdir(parents=True)
    (folder / "feeds.toml").write_text(f'[[feeds]]\nurl = "{site.feed}"\n')
    (folder / "wirewatch.toml").write_text('[fetch]\nallow = ["127.0.0.0/8"]\npause_s = 0\n')
    upgrade(f"sqlite:///{folder / 'wirewatch.db'}")
    assert wirewatch("--config", folder, "once").code == 0
    return folder


@pytest.fixture
def backfill(wirewatch, mine):
    return lambda *arguments: wirewatch("--config", mine, "feeds", "backfill", *arguments)


def test_older_pages_are_read_to_the_end_and_what_is_new_is_due(backfill, wirewatch, mine, site):
    ended = backfill(site.feed)
    assert ended.code == 0
    assert ended.out == "3 pages read, 3 entries, 2 of them new: there are no older pages\n"
    assert ended.err == f"fetch the new ones: wirewatch --config {mine} once\n"
    rows = wirewatch("--config", mine, "entries", "--json").json
    assert sorted((row["found_by"], row["state"]) for row in rows)[:2] == [("archive", "new")] * 2
    again = backfill(site.feed)
    assert "0 of them new: all entries of" in again.out
    assert again.err == ""


def test_as_json_it_has_the_documented_fields(backfill, site):
    told = backfill(site.feed, "--pages", "2", "--json").json
    assert list(told) == [column.name for column in feed_fields.FEED_BACKFILLED]
    assert (told["pages"], told["listed"], told["new"], told["reason"]) == (2, 2, 1, None)
    assert told["why"].startswith("as many pages as were asked for (2)")


def test_known_pages_can_be_passed(backfill, site):
    backfill(site.feed, "--pages", "2")
    assert "3 pages read" in backfill(site.feed, "--beyond-known").out


def test_a_page_that_fails_ends_it_and_what_came_before_is_kept(backfill, site):
    site.missing = "3"
    ended = backfill(site.feed, "--json")
    assert ended.code == 3
    assert '"pages":2,"listed":2,"new":1' in ended.out
    assert '"reason":"http_client"' in ended.out


def test_beside_a_daemon_that_fetches_what_is_new(backfill, mine, site):
    with DatabaseLock(SqliteFile(mine / "wirewatch.db")):
        ended = backfill(site.feed)
    assert (ended.code, ended.err) == (0, "the running daemon fetches the new ones\n")


def test_a_feed_that_is_not_listed_or_was_never_polled(backfill, wirewatch, mine, site):
    assert "is not listed" in backfill("https://a.example/rss").err
    wirewatch("--config", mine, "feeds", "add", "--no-look", "https://a.example/rss")
    ended = backfill("https://a.example/rss")
    assert (ended.code, ended.err) == (
        1,
        f"https://a.example/rss was never polled; poll it first: wirewatch --config {mine} once\n",
    )
