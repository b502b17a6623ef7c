"""wirewatch feeds check URL: one feed in full, live and from the database."""

from __future__ import annotations

import json
import sqlite3
from http import HTTPStatus

import pytest

from storage.migrate import upgrade
from wirewatch import feed_fields
from wirewatch.demo.server import LoopbackServer, WebAnswer

ITEM = "<item><title>{0}</title><link>http://{1}/a/{0}</link><pubDate>{2}</pubDate></item>"
DATES = ("Thu, 01 Oct 2026 10:00:00 GMT", "Thu, 01 Oct 2099 10:00:00 GMT", "")


class Site:
    """One feed, served well or badly."""

    def __init__(self):
        self.asked = []
        self.honours = True
        self.robots = "User-agent: *\nDisallow: /a/\nSitemap: /news.xml\n"
        self._server = LoopbackServer(self._answer, ["127.0.0.1"])
        self.host = f"127.0.0.1:{self._server.addresses[0][1]}"

    def url(self, path):
        return f"http://{self.host}{path}"

    def stop(self):
        self._server.stop()

    def _answer(self, request):
        asked = {name.lower(): value for name, value in request.headers.items()}
        self.asked.append((request.target, asked))
        if request.target == "/index" or request.target.startswith("/maps/"):
            return self._sitemap(request.target)
        match request.target:
            case "/rss" | "/bare":
                return self._feed(asked, is_bare=request.target == "/bare")
            case "/old" | "/for-now":
                status = HTTPStatus.MOVED_PERMANENTLY if request.target == "/old" else HTTPStatus.FOUND
                return WebAnswer(status=status, headers={"Location": "/rss"})
            case "/robots.txt" if self.robots is None:
                return WebAnswer(status=HTTPStatus.INTERNAL_SERVER_ERROR)
            case "/robots.txt":
                text = self.robots.replace("/news.xml", self.url("/news.xml"))
                return WebAnswer(status=HTTPStatus.OK, headers={"Content-Type": "text/plain"}, body=text.encode())
        return WebAnswer(status=HTTPStatus.GONE)

    def _sitemap(self, target):
        text = f"<urlset><url><loc>{self.url(f'/a{target}')}</loc></url></urlset>"
        if target == "/index":
            maps = "".join(f"<sitemap><loc>{self.url(f'/maps/{n}.xml')}</loc></sitemap>" for n in range(30))
            text = f"<sitemapindex>{maps}</sitemapindex>"
        return WebAnswer(status=HTTPStatus.OK, headers={"Content-Type": "application/xml"}, body=text.encode())

    def _feed(self, asked, *, is_bare):
        items = "".join(ITEM.format(n, self.host, date) for n, date in enumerate(DATES)).replace(
            "<pubDate></pubDate>", ""
        )
        body = (
            f'<rss version="2.0" xmlns:a="http://www.w3.org/2005/Atom"><channel><title>One\x07</title><ttl>30</ttl>'
            f'<a:link rel="next" href="{self.url("/page2")}"/><a:link rel="hub" href="https://hub.example/"/>'
            f"{items}</channel></rss>"
        )
        headers = {"Content-Type": "application/rss+xml; charset=UTF-8", "Cache-Control": "max-age=900"}
        if not is_bare:
            headers["ETag"] = '"v1"'
            if self.honours and asked.get("if-none-match") == '"v1"':
                return WebAnswer(status=HTTPStatus.NOT_MODIFIED, headers=headers)
        return WebAnswer(status=HTTPStatus.OK, headers=headers, body=body.replace("\x07", "").encode())


@pytest.fixture
def site():
    site = Site()
    yield site
    site.stop()


@pytest.fixture
def mine(elsewhere):
    folder = elsewhere / "mine"
    (folder / "rules").mkdir(parents=True)
    (folder / "feeds.toml").write_text("# mine\n")
    (folder / "wirewatch.toml").write_text('[fetch]\nallow = ["127.0.0.0/8"]\npause_s = 0\n')
    return folder


@pytest.fixture
def check(wirewatch, mine):
    return lambda *arguments: wirewatch("--config", mine, "feeds", "check", *arguments)


def lines_of(ended):
    """The rows of the diagnosis by their names; several of one name are joined."""
    rows = {}
    for line in ended.out.splitlines():
        if line.startswith("  ") and line[2:20].strip():
            name = line[2:20].strip()
            rows[name] = f"{rows[name]} | {line[20:]}" if name in rows else line[20:]
    return rows


def test_a_feed_that_is_not_configured_is_diagnosed_in_full(check, site):
    ended = check(site.url("/rss"))
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(f"{site.url('/rss')}\n  answers with an RSS feed “One”, 3 entries")
    rows = lines_of(ended)
    assert rows["configured"] == "no, it is not in feeds.toml"
    assert rows["status"] == "200 ok"
    assert rows["content type"] == "application/rss+xml; charset=UTF-8"
    assert rows["validators"] == 'etag "v1"'
    assert rows["asked again"] == "304 not modified: the answer to a second request, with its validators"
    assert rows["cache-control"] == "max-age=900"
    assert rows["asks for"] == "a poll every 30 min at most"
    assert rows["dates"] == "1 without a date, 1 dated in the future"
    assert rows["older entries"].startswith(site.url("/page2"))
    assert rows["hub"] == "https://hub.example/"
    assert rows["robots.txt"] == "not asked for the feed: you have named it yourself"
    assert rows["first article"].endswith("/a/0: robots.txt forbids it: its feed's text is used")
    assert rows["sitemap"] == site.url("/news.xml")
    assert rows["stored"] == "nothing: it was never polled"
    asked = [target for target, _ in site.asked]
    assert asked == ["/rss", "/rss", "/robots.txt"]


def test_as_json_it_is_one_object_with_the_documented_fields(check, site):
    told = check(site.url("/old"), "--json").json
    assert list(told) == [column.name for column in feed_fields.DIAGNOSIS]
    assert told["hops"] == [{"url": site.url("/old"), "status": 301}, {"url": site.url("/rss"), "status": 200}]
    assert (told["moved_to"], told["final_url"]) == (site.url("/rss"), site.url("/rss"))
    assert (told["charset"], told["again_status"], told["ttl_s"]) == ("utf-8", 304, 1800)
    assert told["robots"]["is_allowed"] is False
    assert told["dates"]["newest"] == "2099-10-01T10:00:00.000000Z"


def test_of_a_sitemap_index_some_sitemaps_are_read(check, site):
    ended = check(site.url("/index"))
    assert ended.code == 0
    assert "  answers with a sitemap index of 30 sitemaps, of which 10 were read, 10 entries; " in ended.out
    rows = lines_of(ended)
    assert (rows["sitemaps"], rows["entries"]) == ("30 listed, 10 of them read, as its first poll would", "10")
    assert "20 sitemaps without a date wait for their turn at a later poll" in rows["problem"]
    maps = [target for target, _ in site.asked if target.startswith("/maps/")]
    assert len(maps) == 10
    assert "/maps/29.xml" in maps
    told = check(site.url("/index"), "--json").json
    assert (told["sitemaps"], told["sitemaps_read"], told["entries"]) == (30, 10, 10)
    rows = json.loads(check(site.url("/index"), site.url("/rss"), "--json").out)
    assert [(row["sitemaps"], row["sitemaps_read"], row["entries"]) for row in rows] == [(30, 10, 10), (None, None, 3)]


def test_each_redirect_is_shown_and_whether_it_is_for_good(check, site):
    assert lines_of(check(site.url("/old")))["moved"] == f"for good, to {site.url('/rss')}"
    rows = lines_of(check(site.url("/for-now")))
    assert rows["hop"] == f"302 found  {site.url('/for-now')} | 200 ok  {site.url('/rss')}"
    assert rows["moved"] == "for now only: the redirects are temporary"


def test_validators_that_do_not_work_are_told(check, site):
    site.honours = False
    assert lines_of(check(site.url("/rss")))["asked again"] == (
        "200 ok: the same body again, not 304: the validators do not work"
    )
    assert lines_of(check(site.url("/bare")))["validators"] == "none: each poll brings the whole document"


def test_a_robots_file_that_cannot_be_had_is_told(check, site):
    site.robots = None
    assert "not now, robots.txt cannot be had: " in lines_of(check(site.url("/rss")))["first article"]


def test_a_feed_that_does_not_answer_is_diagnosed_too(check, site):
    ended = check(site.url("/gone"))
    assert ended.code == 3
    assert "  does not answer as a feed now: gone: " in ended.out
    assert check(site.url("/gone"), "--json").code == 3


def test_what_is_sent_along_is_named_and_never_shown(check, mine, site):
    (mine / "feeds.toml").write_text(
        f'[[feeds]]\nurl = "{site.url("/rss")}"\nheaders = {{X-Key = "k3y"}}\nuser = "me"\npassword = "file:pw"\n'
    )
    (mine / "pw").write_text("sesame\n")
    ended = check(site.url("/rss"))
    rows = lines_of(ended)
    assert rows["configured"] == "yes"
    assert rows["sent along"] == "header X-Key, user name me and a password"
    assert "k3y" not in ended.out
    assert "sesame" not in ended.out
    assert [headers.get("x-key") for target, headers in site.asked if target == "/rss"] == ["k3y", "k3y"]
    assert all("authorization" in headers for target, headers in site.asked if target == "/rss")
    assert "authorization" not in dict(site.asked)["/robots.txt"]


def test_the_history_of_a_polled_feed_is_told(check, wirewatch, mine, site):
    wirewatch("--config", mine, "feeds", "add", site.url("/rss"))
    upgrade(f"sqlite:///{mine / 'wirewatch.db'}")
    wirewatch("--config", mine, "once")
    with sqlite3.connect(mine / "wirewatch.db") as database:
        later, last = (1_790_000_000_000_000, 1_780_000_000_000_000)
        database.execute("update feed set silent_since = ?, last_new_at = ?", (later, last))
        database.execute(
            "insert into event (at, kind, feed_id, detail) values (?, 'feed.silent', 1, 'nothing new\x1b[2J')", (later,)
        )
    database.close()
    ended = check(site.url("/rss"))
    rows = lines_of(ended)
    assert rows["state"].startswith("active; silent for longer than expected since 2026-09-21 ")
    assert rows["last poll"].endswith("(now): 200 ok")
    assert rows["next poll"].partition("): ")[2]
    assert rows["entries"] == "3 | 3 seen so far"
    assert rows["event"].endswith("feed.silent  nothing new[2J")
    (row,) = check("--json").json
    assert row["silent_since"] == "2026-09-21T14:13:20.000000Z"
    told = check(site.url("/rss"), "--json").json
    assert list(told["stored"]) == [column.name for column in feed_fields.FEED]


def test_a_paused_feed_is_asked_only_by_name(check, wirewatch, mine, site):
    wirewatch("--config", mine, "feeds", "add", "--no-look", site.url("/rss"))
    wirewatch("--config", mine, "feeds", "pause", site.url("/rss"))
    ended = check("--format", "table")
    assert (ended.code, ended.err) == (0, "1 paused feed not asked; name one to check it\n")
    assert site.asked == []
    assert lines_of(check(site.url("/rss")))["configured"] == "yes, and paused there"


def test_several_addresses_are_a_table(check, site):
    ended = check(site.url("/rss"), site.url("/gone"), "--json")
    assert ended.code == 3
    rows = json.loads(ended.out)
    assert [(row["url"], row["reason"]) for row in rows] == [(site.url("/rss"), None), (site.url("/gone"), "gone")]
    assert list(rows[0]) == [column.name for column in feed_fields.FEED_CHECK]
    assert f"feeds check {site.url('/gone')}" in ended.err


def test_an_address_with_a_password_is_refused_without_it(check):
    ended = check("https://me:sesame@a.example/")
    assert ended.code == 2
    assert "https://a.example/: an address has no user name in it" in ended.err
    assert "sesame" not in ended.err


def test_a_host_that_asked_to_be_left_alone_is(check, wirewatch, mine, site):
    wirewatch("--config", mine, "feeds", "add", site.url("/rss"))
    upgrade(f"sqlite:///{mine / 'wirewatch.db'}")
    wirewatch("--config", mine, "once")
    site.asked.clear()
    with sqlite3.connect(mine / "wirewatch.db") as database:
        until = 4_000_000_000_000_000
        database.execute("insert into host_wait values (?, '127.0.0.1', ?, 1)", (site.url("/rss"), until))
    database.close()
    ended = check(site.url("/rss"))
    assert ended.code == 3
    assert "rate_limited: not asked: 127.0.0.1 wants to be left alone" in ended.out
    assert site.asked == []
