"""wirewatch feeds add: the address is looked at once, and what is a feed there is added."""

from __future__ import annotations

import stat
from http import HTTPStatus

import pytest

from wirewatch.demo.server import LoopbackServer, WebAnswer
from wirewatch.feedlist import FeedLine, read_feeds

RSS = b"""<rss version="2.0"><channel><title>One</title><item><title>A</title><link>/a</link></item></channel></rss>"""
SITEMAP = b"""<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
 xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"><url><loc>http://127.0.0.1/a</loc><news:news>
<news:title>A</news:title><news:publication_date>2026-10-01</news:publication_date></news:news></url></urlset>"""
HEAD = "<!doctype html><html><head><title>Site</title>{}</head><body><p>News</p></body></html>"
LINK = '<link rel="alternate" type="application/rss+xml" title="{}" href="{}">'


def page(*feeds):
    return HEAD.format("".join(LINK.format(title, href) for title, href in feeds)).encode()


PAGES = {
    "/rss": RSS,
    "/sitemap.xml": SITEMAP,
    "/one": page(("World", "/rss")),
    "/two": page(("Comments on A", "/a/comments/feed"), ("World", "/rss"), ("Sport", "/sport\x1b[2J")),
    "/none": page(),
    "/to-private": page(("World", "http://10.0.0.1/rss")),
    "/to-missing": page(("World", "/missing")),
    "/to-page": page(("World", "/two")),
    "/to-ill": page(("World", "/ill")),
    "/elsewhere": page(("World", "http://localhost:1/rss")),
}


class Site:
    """A server that remembers what it was asked."""

    def __init__(self):
        self.asked = []
        self._server = LoopbackServer(self._answer, ["127.0.0.1"])
        self.host = f"127.0.0.1:{self._server.addresses[0][1]}"

    def url(self, path, userinfo=""):
        return f"http://{userinfo}{self.host}{path}"

    def stop(self):
        self._server.stop()

    def _answer(self, request):
        self.asked.append((request.target, request.headers.get("Authorization")))
        if request.target == "/closed" and "Authorization" not in request.headers:
            return WebAnswer(status=HTTPStatus.UNAUTHORIZED, headers={"WWW-Authenticate": "Basic"})
        if request.target == "/wrong":
            return WebAnswer(status=HTTPStatus.UNAUTHORIZED, headers={"WWW-Authenticate": "Basic"})
        if request.target == "/ill":
            return WebAnswer(status=HTTPStatus.SERVICE_UNAVAILABLE)
        if request.target == "/moved":
            return WebAnswer(status=HTTPStatus.MOVED_PERMANENTLY, headers={"Location": "/rss"})
        body = RSS if request.target == "/closed" else PAGES.get(request.target)
        if body is None:
            return WebAnswer(status=HTTPStatus.NOT_FOUND, headers={"Content-Type": "text/html"}, body=b"<p>no")
        kind = "text/html" if b"<html" in body else "application/xml"
        return WebAnswer(status=HTTPStatus.OK, headers={"Content-Type": kind}, body=body)


@pytest.fixture
def site():
    site = Site()
    yield site
    site.stop()


@pytest.fixture
def mine(elsewhere):
    """A configuration that may reach this machine, without feeds."""
    folder = elsewhere / "mine"
    folder.mkdir()
    (folder / "feeds.toml").write_text("# mine\n")
    (folder / "wirewatch.toml").write_text('[fetch]\nallow = ["127.0.0.0/8"]\npause_s = 0\n')
    return folder


@pytest.fixture
def add(wirewatch, mine):
    return lambda *arguments: wirewatch("--config", mine, "feeds", "add", *arguments)


def listed(mine):
    return list(read_feeds(mine / "feeds.toml"))


def test_a_feed_is_added_and_its_title_said(add, mine, site):
    ended = add(site.url("/rss"), "--every", "5m")
    assert ended.code == 0
    assert "“One”, RSS feed, 1 entry\nadded to " in ended.err
    assert listed(mine) == [FeedLine(url=site.url("/rss"), every_s=300)]
    assert len(site.asked) == 1


def test_a_feed_that_is_listed_is_not_asked_for(add, mine, site):
    add(site.url("/rss"))
    ended = add(site.url("/rss"), "--title", "X")
    assert (ended.code, ended.err) == (0, f"already in {mine}/feeds.toml; to change it, edit it there\n")
    assert len(site.asked) == 1


def test_another_way_to_write_the_address_is_told(add, mine, site):
    add(site.url("/rss"))
    for options in ((), ("--no-look",)):
        ended = add(site.url("/%72ss#top"), *options)
        told = f"already in {mine}/feeds.toml as {site.url('/rss')}; to change it, edit it there\n"
        assert (ended.code, ended.err) == (0, told)
    assert len(listed(mine)) == len(site.asked) == 1


def test_all_goes_with_a_look(add, mine, site):
    ended = add(site.url("/two"), "--all", "--no-look")
    assert (ended.code, site.asked, listed(mine)) == (2, [], [])
    assert "leave one of them out" in ended.err


def test_a_password_that_nobody_needs_any_more_is_named(add, wirewatch, mine, site):
    for path in ("/rss", "/closed"):
        add(site.url(path, "me:sesame@"))
    (secret,) = (mine / "secrets").iterdir()
    first = wirewatch("--config", mine, "feeds", "remove", site.url("/rss"))
    last = wirewatch("--config", mine, "feeds", "remove", site.url("/closed"))
    assert (first.code, last.code) == (0, 0)
    assert "password" not in first.err
    assert f"its password stays in {secret}; delete it if it is not needed\n" in last.err
    assert secret.exists()


def test_a_sitemap_is_added(add, mine, site):
    ended = add(site.url("/sitemap.xml"))
    assert ended.code == 0
    assert "sitemap, 1 entry" in ended.err
    assert listed(mine) == [FeedLine(url=site.url("/sitemap.xml"))]


def test_the_one_feed_of_a_page_is_added(add, mine, site):
    ended = add(site.url("/one"), "--title", "Mine")
    assert ended.code == 0
    assert f"{site.url('/one')} announces 1 feed: {site.url('/rss')} “World”" in ended.err
    assert "“One”, RSS feed, 1 entry\n" in ended.err
    assert listed(mine) == [FeedLine(url=site.url("/rss"), title="Mine")]
    assert [target for target, _ in site.asked] == ["/one", "/rss"]
    ended = add(site.url("/one"))
    assert (ended.code, len(site.asked)) == (0, 3), "one that is known is not looked at"
    assert f"already in {mine}/feeds.toml: {site.url('/rss')}" in ended.err


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/to-private", "http://10.0.0.1/rss: "),
        ("/to-missing", "404"),
        ("/to-page", "/two: announced as a feed, and is a page; it announces "),
    ],
)
def test_the_one_feed_of_a_page_is_refused_when_it_is_none(add, mine, site, path, told):
    ended = add(site.url(path))
    assert (ended.code, ended.out) == (1, "")
    assert told in ended.err
    assert "--no-look" in ended.err
    assert listed(mine) == []


def test_the_one_feed_of_a_page_that_does_not_answer_now_is_added_with_a_warning(add, mine, site):
    ended = add(site.url("/to-ill"))
    assert ended.code == 0
    assert "it could not be looked at: " in ended.err
    assert listed(mine) == [FeedLine(url=site.url("/ill"))]


def test_several_feeds_of_a_page_are_listed_with_the_command_to_add_one(add, mine, site):
    ended = add(site.url("/two"))
    assert ended.code == 2
    lines = ended.out.splitlines()
    assert lines[0] == f"{site.url('/two')} announces 3 feeds:"
    assert [line.split()[:2] for line in lines[1:2]] == [["1", site.url("/rss")]]
    assert "comments" in lines[-1]
    assert "\x1b" not in ended.out
    assert f"add one with: wirewatch --config {mine} feeds add {site.url('/rss')}\n" in ended.err
    assert f"add all with: wirewatch --config {mine} feeds add --all {site.url('/two')}\n" in ended.err
    assert listed(mine) == []


def test_all_feeds_of_a_page_are_added_when_that_is_wanted(add, mine, site):
    assert add(site.url("/two"), "--all").code == 0
    assert len(listed(mine)) == 3
    assert add(site.url("/two"), "--all", "--title", "X").code == 2


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/none", "; give the address of a feed, a sitemap, or a page that announces one; or add it"),
        ("/missing", "404"),
        ("/closed", 'give --user NAME and --password "env:VARIABLE" or "file:PATH"'),
    ],
)
def test_what_answers_and_is_no_feed_is_refused_with_a_fix(add, mine, site, path, told):
    ended = add(site.url(path))
    assert ended.code == 1
    assert ended.err.startswith(f"{site.url(path)}: ")
    assert told in ended.err
    assert listed(mine) == []


def test_an_address_that_may_not_be_reached_is_refused(add, mine, site):
    (mine / "wirewatch.toml").write_text("")
    ended = add(site.url("/rss"))
    assert ended.code == 1
    assert f'add "{site.host}" to the setting fetch.allow' in ended.err
    assert listed(mine) == []


@pytest.mark.parametrize("path", ["/ill", "gone"])
def test_what_passes_is_added_with_a_warning(add, mine, site, path):
    url = site.url("/ill")
    if path == "gone":
        site.stop()
    ended = add(url)
    assert ended.code == 0
    assert "it could not be looked at: " in ended.err
    assert f"check it later: wirewatch --config {mine} feeds check {url}\n" in ended.err
    assert listed(mine) == [FeedLine(url=url)]


def test_without_a_look_nobody_is_asked(add, mine, site):
    assert add("--no-look", site.url("/none")).code == 0
    assert listed(mine) == [FeedLine(url=site.url("/none"))]
    assert site.asked == []


def test_a_feed_that_has_moved_is_added_as_given(add, mine, site):
    ended = add(site.url("/moved"))
    assert f"it has moved to {site.url('/rss')}, and is polled there" in ended.err
    assert listed(mine) == [FeedLine(url=site.url("/moved"))]


# --- credentials ------------------------------------------------------------------------------------


def test_credentials_in_the_address_are_moved_out_and_never_shown(add, mine, site):
    ended = add(site.url("/closed", "me:open%20sesame@"))
    assert ended.code == 0
    assert "sesame" not in ended.out + ended.err
    (feed,) = listed(mine)
    assert feed == FeedLine(url=site.url("/closed"), user="me", password="file:secrets/127.0.0.1")
    secret = mine / "secrets" / "127.0.0.1"
    assert secret.read_text() == "open sesame\n"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert f"the password was put into {secret}, for you alone" in ended.err
    assert "sesame" not in (mine / "feeds.toml").read_text()
    assert site.asked == [("/closed", "Basic bWU6b3BlbiBzZXNhbWU=")]


def test_a_user_name_alone_stays_one(add, mine, site):
    assert add(site.url("/closed", "me@")).code == 0
    assert listed(mine) == [FeedLine(url=site.url("/closed"), user="me")]
    assert not (mine / "secrets").exists()


def test_a_password_is_kept_only_when_the_feed_is_added(add, mine, site):
    assert add(site.url("/none", "me:sesame@")).code == 1
    assert not (mine / "secrets").exists()


def test_a_wrong_password_is_not_told_as_a_missing_one(add, mine, site, monkeypatch):
    monkeypatch.setenv("PW", "open-sesame")
    ended = add(site.url("/wrong"), "--user", "me", "--password", "env:PW")
    assert ended.code == 1
    assert "the user name or the password was refused (401); correct them, or add it" in ended.err
    assert "open-sesame" not in ended.err
    assert listed(mine) == []


def test_a_password_can_be_in_a_variable_or_a_file(add, mine, site, monkeypatch):
    monkeypatch.setenv("PW", "open sesame")
    assert add(site.url("/closed"), "--user", "me", "--password", "env:PW").code == 0
    assert listed(mine) == [FeedLine(url=site.url("/closed"), user="me", password="env:PW")]
    assert site.asked == [("/closed", "Basic bWU6b3BlbiBzZXNhbWU=")]


def test_the_feed_of_a_page_gets_what_its_site_may_have_and_another_host_does_not(add, mine, site):
    assert add(site.url("/one", "me:sesame@")).code == 0
    assert listed(mine)[0].user == "me"
    ended = add(site.url("/elsewhere", "me:sesame@"))
    assert "is on another host, which is not given the user name and the password" in ended.err
    assert listed(mine)[1] == FeedLine(url="http://localhost:1/rss")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("http://a.example/", "--password", "open-sesame", "--user", "me"), 'expected "env:NAME" or "file:PATH"'),
        (("http://a.example/", "--password", "env:PW"), "--password goes with --user"),
        (("http://me:open-sesame@a.example/", "--user", "me"), "there is a user name in the address"),
        (("ftp://me:open-sesame@a.example/",), "ftp://a.example/: an address begins with"),
        (("http://me:open-sesame@[a/",), "not an address that can be read"),
        (("http://a.example/", "--every", "1m"), "expected a span of 5m to 24h"),
    ],
)
def test_wrong_usage_is_told_without_the_password(add, mine, arguments, told):
    ended = add(*arguments)
    assert ended.code == 2
    assert told in ended.err
    assert "open-sesame" not in ended.err
    assert listed(mine) == []


def test_a_secret_that_is_missing_is_told_before_anybody_is_asked(add, mine, site):
    ended = add(site.url("/closed"), "--user", "me", "--password", "file:secrets/none")
    assert ended.code == 4
    assert f"{mine}/secrets/none cannot be read: No such file or directory" in ended.err
    assert site.asked == []


def test_a_password_with_a_line_break_is_refused(add, mine, site):
    ended = add("--no-look", site.url("/closed", "me:open%0Asesame@"))
    assert ended.code == 1
    assert "cannot contain control characters" in ended.err
    assert "sesame" not in ended.err
    assert listed(mine) == []


# --- other ways in ----------------------------------------------------------------------------------


def test_import_moves_credentials_out_too(wirewatch, mine):
    opml = b'<opml version="2.0"><body><outline xmlUrl="https://me:open-sesame@a.example/rss" title="A"/></body></opml>'
    ended = wirewatch("--config", mine, "feeds", "import", "-", stdin=opml)
    assert ended.code == 0
    assert "open-sesame" not in ended.err
    assert listed(mine) == [
        FeedLine(url="https://a.example/rss", title="A", user="me", password="file:secrets/a.example")
    ]
    again = wirewatch("--config", mine, "feeds", "import", "-", stdin=opml)
    assert "0 added" in again.err
    assert [path.name for path in (mine / "secrets").iterdir()] == ["a.example"]
    exported = wirewatch("--config", mine, "feeds", "export").out
    assert "a.example/rss" in exported
    assert "sesame" not in exported
    assert "secrets" not in exported


def test_pause_and_resume(wirewatch, mine):
    wirewatch("--config", mine, "feeds", "add", "--no-look", "https://a.example/rss")
    before = (mine / "feeds.toml").read_bytes()
    assert (
        wirewatch("--config", mine, "feeds", "pause", "https://a.example/rss").err == f"paused in {mine}/feeds.toml\n"
    )
    (row,) = wirewatch("--config", mine, "feeds", "list", "--json").json
    assert row["state"] == "paused"
    again = wirewatch("--config", mine, "feeds", "pause", "https://a.example/rss")
    assert (again.code, again.err) == (0, f"is paused already in {mine}/feeds.toml\n")
    wirewatch("--config", mine, "feeds", "resume", "https://a.example/rss")
    assert (mine / "feeds.toml").read_bytes() == before
    assert wirewatch("--config", mine, "feeds", "resume", "https://a.example/r").code == 1


@pytest.mark.parametrize("command", ["pause", "resume", "remove"])
def test_an_address_with_a_password_is_named_without_it(wirewatch, mine, command):
    ended = wirewatch("--config", mine, "feeds", command, "https://me:open-sesame@a.example/rss")
    assert ended.code == 1
    assert "https://a.example/rss is not listed" in ended.err
    assert "sesame" not in ended.err
