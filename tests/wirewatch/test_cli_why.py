"""wirewatch why, and wirewatch events."""

from __future__ import annotations

import shlex
import sqlite3

import pytest

from wirewatch import entry_fields, feed_fields


@pytest.fixture
def why(wirewatch, filled):
    return lambda *arguments: wirewatch("--config", filled, "why", *arguments)


@pytest.fixture(scope="module")
def entries(filled):
    """Rows of all entries."""
    with sqlite3.connect(filled / "wirewatch.db") as database:
        database.row_factory = sqlite3.Row
        rows = [dict(row) for row in database.execute("select * from entry order by id")]
    database.close()
    return rows


def test_an_entry_by_its_number_by_its_address_and_by_its_guid(why, entries):
    row = next(row for row in entries if row["reason"] == "paywall")
    ended = why(row["id"])
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(f"entry {row['id']}: {row['title']}\n  {row['link']}\n")
    assert "state       done: paywall. The text is for subscribers" in ended.out
    assert "text        from the feed itself: " in ended.out
    for name in (row["link"], f"{row['link']}?utm_source=x#top", row["page_address"], row["guid"]):
        assert why(name).out == ended.out


def test_as_json_it_has_the_documented_fields(why, entries):
    (told,) = why(entries[0]["id"], "--json").json
    assert list(told) == [column.name for column in entry_fields.WHY]
    assert [list(fetch) for fetch in told["fetches"]] == [[column.name for column in entry_fields.FETCH]]
    assert told["fetches"][0]["status"] == 200
    assert told["next_why"]


def test_several_entries_of_one_page_are_all_told(why, entries):
    addresses = [row["page_address"] for row in entries]
    shared = next(address for address in addresses if addresses.count(address) > 1)
    told = why(shared, "--json").json
    assert [each["entry"] for each in told] == [row["id"] for row in entries if row["page_address"] == shared]
    assert why(shared).out.count("\nseen ") == len(told)


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("999", "no entry 999; see: wirewatch --config {} entries"),
        ("9" * 30, "no entry has this address; give the number of an entry or an address"),
        ("tag:nothing", "no entry has this address; give the number of an entry or an address"),
        (
            "https://nowhere.example/1",
            "no feed of nowhere.example is followed; wirewatch --config {} feeds add https://nowhere.example/",
        ),
        ("http://[", "no entry has this address"),
    ],
)
def test_what_is_not_known_is_said_with_what_to_try(why, filled, what, told):
    ended = why(what)
    assert ended.code == 1
    assert told.format(filled) in ended.err
    assert ended.out == ""


def test_an_address_of_a_followed_site_and_that_of_a_feed(why, wirewatch, filled):
    feed = wirewatch("--config", filled, "feeds", "list", "--json").json[0]["url"]
    root = feed.rpartition("/")[0]
    assert f"does this one list it now? wirewatch --config {filled} feeds check {feed}" in why(f"{root}/never").err
    assert f"it is a feed; see: wirewatch --config {filled} feeds check {feed}" in why(feed).err


def test_without_a_database_the_fix_is_told(wirewatch):
    assert wirewatch("why", "1").code == 5


# --- events -----------------------------------------------------------------------------------------


@pytest.fixture
def eventful(copied):
    rows = [
        (1_780_000_000_000_000, "feed.gap", 1, None, "a gap\x1b[2J"),
        (1_790_000_000_000_000, "site.drift", None, "a.example", "shorter"),
    ]
    with sqlite3.connect(copied / "wirewatch.db") as database:
        database.execute("delete from event")
        database.executemany("insert into event (at, kind, feed_id, site, detail) values (?, ?, ?, ?, ?)", rows)
    database.close()
    return copied


def test_events_are_listed_newest_first(wirewatch, eventful):
    rows = wirewatch("--config", eventful, "events", "--json").json
    assert [list(row) for row in rows] == [[column.name for column in feed_fields.EVENT]] * 2
    assert [row["kind"] for row in rows] == ["site.drift", "feed.gap"]
    table = wirewatch("--config", eventful, "events", "--format", "table").out
    assert "a gap[2J" in table
    assert "\x1b" not in table


@pytest.mark.parametrize(
    ("arguments", "kinds"),
    [
        (("--kind", "feed.gap"), ["feed.gap"]),
        (("--site", "a.example"), ["site.drift"]),
        (("--feed", "1"), ["feed.gap"]),
        (("--since", "2026-09-01"), ["site.drift"]),
        (("--until", "2026-09-01"), ["feed.gap"]),
        (("--limit", "1"), ["site.drift"]),
        (("--kind", "feed.cut"), []),
    ],
)
def test_events_can_be_narrowed(wirewatch, eventful, arguments, kinds):
    rows = wirewatch("--config", eventful, "events", *arguments, "--json").json
    assert [row["kind"] for row in rows] == kinds


def test_events_are_paged(wirewatch, eventful):
    """The command for the next page is told, and what it shows begins behind the last row."""
    first = wirewatch("--config", eventful, "events", "--limit", "1", "--format", "table")
    assert "site.drift" in first.out
    _, _, command = first.err.strip().partition("the next ones: wirewatch ")
    second = wirewatch(*shlex.split(command))
    assert "feed.gap" in second.out
    assert "site.drift" not in second.out
    after = command.split()[command.split().index("--after") + 1]
    kinds = [row["kind"] for row in wirewatch("--config", eventful, "events", "--after", after, "--json").json]
    assert kinds == ["feed.gap"]
    assert wirewatch("--config", eventful, "events", "--after", "yesterday").code == 2


def test_events_that_cannot_be(wirewatch, eventful):
    assert wirewatch("--config", eventful, "events", "--kind", "feed.quirk").code == 2
    ended = wirewatch("--config", eventful, "events", "--feed", "99")
    assert (ended.code, ended.err) == (1, f"no feed 99; see: wirewatch --config {eventful} feeds list\n")
    empty = wirewatch("--config", eventful, "events", "--kind", "feed.cut", "--format", "table")
    assert (empty.code, empty.err) == (0, "nothing happened to feeds and sites\n")


def test_stats_count_what_happened_lately(wirewatch, eventful):
    assert wirewatch("--config", eventful, "stats", "--json").json["events"].get("feed.gap") is None
    with sqlite3.connect(eventful / "wirewatch.db") as database:
        database.execute("update event set at = (select max(at) from poll_log)")
        database.execute("update feed set silent_since = null")
    database.close()
    told = wirewatch("--config", eventful, "stats", "--json").json
    assert (told["events"], told["silent_feeds"]) == ({"feed.gap": 1, "site.drift": 1}, 0)
    assert told["reasons"]["done"]["paywall"] == 1
    rows = wirewatch("--config", eventful, "feeds", "list", "--json").json
    assert [row["gaps"] for row in rows][:2] == [1, 0]
