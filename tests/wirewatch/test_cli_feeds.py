"""wirewatch feeds …: the list is edited, and looked at, without polling."""

from __future__ import annotations

import pytest

from wirewatch import feed_fields
from wirewatch.demo.newsroom import Newsroom


@pytest.fixture
def mine(wirewatch, elsewhere):
    """A configuration that may reach this machine, without feeds."""
    assert wirewatch("init", "mine").code == 0
    folder = elsewhere / "mine"
    (folder / "feeds.toml").write_text("# mine\n")
    (folder / "wirewatch.toml").write_text('[fetch]\nallow = ["127.0.0.0/8"]\npause_s = 0\n')
    return folder


@pytest.fixture(scope="module")
def newsroom():
    with Newsroom(slow_s=0) as room:
        yield room


def test_add_list_remove(wirewatch, mine):
    assert "added to" in wirewatch("--config", mine, "feeds", "add", "https://a.example/rss", "--title", "A").err
    assert "already in" in wirewatch("--config", mine, "feeds", "add", "https://a.example/rss").err
    (row,) = wirewatch("--config", mine, "feeds", "list", "--json").json
    assert list(row) == [column.name for column in feed_fields.FEED]
    assert (row["id"], row["url"], row["title"], row["state"]) == (None, "https://a.example/rss", "A", "active")
    assert wirewatch("--config", mine, "feeds", "remove", "https://a.example/rss").code == 0
    assert (mine / "feeds.toml").read_text() == "# mine\n\n"
    assert wirewatch("--config", mine, "feeds", "list", "--json").json == []


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["add", "example.com/rss"], 2, "example.com/rss: an address begins with https:// or http://"),
        (["remove", "https://x.example/"], 1, "https://x.example/ is not listed; see: wirewatch feeds list"),
    ],
)
def test_a_wrong_address_is_named(wirewatch, mine, arguments, code, message):
    ended = wirewatch("--config", mine, "feeds", *arguments)
    assert ended.code == code
    assert message in ended.err
    assert (mine / "feeds.toml").read_text() == "# mine\n"


def test_the_built_in_list_is_shown_and_never_edited(wirewatch):
    assert len(wirewatch("feeds", "list", "--jsonl").jsonl) == 12
    ended = wirewatch("feeds", "add", "https://a.example/rss")
    assert ended.code == 4
    assert "make a configuration of your own with: wirewatch init" in ended.err


def test_a_feed_that_was_taken_out_is_listed_only_when_asked_for(wirewatch, copied):
    before = wirewatch("--config", copied, "feeds", "list", "--json").json
    wirewatch("--config", copied, "feeds", "remove", before[0]["url"])
    assert wirewatch("--config", copied, "feeds", "list", "--json").json == before[1:]
    every = wirewatch("--config", copied, "feeds", "list", "--removed", "--json").json
    assert every[-1] == before[0] | {"state": "removed"}


def test_opml_from_a_file_from_standard_input_and_from_an_address(wirewatch, mine, newsroom):
    ended = wirewatch("--config", mine, "feeds", "import", newsroom.url("/feeds.opml"))
    assert "10 added" in ended.err
    exported = wirewatch("--config", mine, "feeds", "export").out
    (mine / "list.opml").write_text(exported)
    assert "0 added" in wirewatch("--config", mine, "feeds", "import", mine / "list.opml").err
    assert wirewatch("--config", mine, "feeds", "export", mine / "again.opml").code == 0
    assert (mine / "again.opml").read_text() == exported
    (mine / "again.opml").write_text("mine")
    ended = wirewatch("--config", mine, "feeds", "export", mine / "again.opml")
    assert (ended.code, "--force" in ended.err, (mine / "again.opml").read_text()) == (1, True, "mine")
    assert wirewatch("--config", mine, "feeds", "export", "--force", mine / "again.opml").code == 0
    assert (mine / "again.opml").read_text() == exported
    (mine / "feeds.toml").write_text("")
    assert "10 added" in wirewatch("--config", mine, "feeds", "import", "-", stdin=exported.encode()).err
    assert wirewatch("--config", mine, "feeds", "export").out == exported


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<html></html>", "not an OPML list"),
        (b"<opml", "not an OPML list"),
        (b"<opml><body/></opml>", "holds no feeds"),
        (b'<opml><body><outline xmlUrl="ftp://x/"/></body></opml>', "holds no feeds"),
    ],
)
def test_what_is_no_list_of_feeds_is_refused(wirewatch, mine, content, message):
    ended = wirewatch("--config", mine, "feeds", "import", "-", stdin=content)
    assert ended.code == 1
    assert message in ended.err
    assert (mine / "feeds.toml").read_text() == "# mine\n"


def test_a_missing_file_is_named(wirewatch, mine):
    ended = wirewatch("--config", mine, "feeds", "import", "none.opml")
    assert (ended.code, ended.err) == (1, "none.opml: cannot be read: No such file or directory\n")


def test_check_tells_how_each_feed_answers_and_stores_nothing(wirewatch, mine, newsroom):
    wirewatch("--config", mine, "feeds", "import", newsroom.url("/feeds.opml"))
    ended = wirewatch("--config", mine, "feeds", "check", "--json")
    assert ended.code == 0
    assert len(ended.json) == 10
    assert list(ended.json[0]) == [column.name for column in feed_fields.FEED_CHECK]
    assert {row["kind"] for row in ended.json} == {"rss", "atom", "rdf", "json"}
    assert all(row["status"] == 200 and row["entries"] and row["title"] for row in ended.json)
    assert wirewatch("--config", mine, "stats", "--json").json["entries"] == {}


def test_check_names_the_feeds_that_fail(wirewatch, mine, newsroom):
    for url in (newsroom.url("/rss.xml"), newsroom.url("/none.xml"), newsroom.url("/feeds.opml")):
        wirewatch("--config", mine, "feeds", "add", "--no-look", url)
    ended = wirewatch("--config", mine, "feeds", "check", "--jsonl")
    assert ended.code == 3
    rows = ended.__class__(0, ended.out, "").jsonl
    assert [row["reason"] for row in rows] == [None, "http_client", "not_feed"]
    assert [row["status"] for row in rows] == [200, 404, 200]
    assert "2 of 3 feeds failed" in ended.err


@pytest.mark.parametrize("command", ["list", "check"])
@pytest.mark.parametrize("how", ["table", "tsv"])
def test_without_feeds_the_fix_is_told(wirewatch, mine, command, how):
    ended = wirewatch("--config", mine, "feeds", command, "--format", how)
    assert ended.code == 0
    assert ended.err == f"no feed in {mine}/feeds.toml; add one with: wirewatch --config {mine} feeds add ADDRESS\n"


def test_a_feed_that_fails_says_why(wirewatch, mine, newsroom):
    missing = newsroom.url("/none.xml")
    wirewatch("--config", mine, "feeds", "add", "--no-look", missing)
    assert "1 feed polled, 1 failed · 0 new entries" in wirewatch("--config", mine, "once").out
    ended = wirewatch("--config", mine, "feeds", "list", "--format", "table")
    (row,) = wirewatch("--config", mine, "feeds", "list", "--json").json
    assert (row["last_error"], row["last_status"]) == ("http_client", 404)
    assert row["last_error_detail"]
    assert ended.err == f"{missing}: {row['last_error_detail']}\n"
    assert "http_client" in ended.out


def test_check_refuses_an_address_that_is_not_allowed(wirewatch, mine, newsroom):
    (mine / "wirewatch.toml").write_text("")
    wirewatch("--config", mine, "feeds", "add", "--no-look", newsroom.url("/rss.xml"))
    ended = wirewatch("--config", mine, "feeds", "check", "--jsonl")
    assert ended.code == 3
    assert '"reason":"blocked"' in ended.out
    assert "fetch.allow" in ended.out
