"""The whole way of one entry, from what is stored to lines for people."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ingest.errors import Reason
from storage.lists.trail_records import EventRecord, FetchRecord, TrailArticle, TrailRecord
from storage.records import ArticleMatchRecord, FeedRecord
from wirewatch.why import MOST_FETCHES, lines_for_people, tell_entry

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
EARLIER = NOW - timedelta(hours=2)

FEED = FeedRecord(
    id=3,
    url="https://a.example/rss",
    fetch_url="https://a.example/rss",
    title="A",
    state="active",
    last_status=200,
    last_error=None,
    failures=0,
    next_poll_at=NOW,
    entries=1,
    last_error_detail=None,
    last_polled_at=EARLIER,
    added_at=EARLIER,
    plan_why=None,
    interval_s=1800,
    last_document_at=EARLIER,
    last_new_at=EARLIER,
    longest_quiet_s=None,
    broken_since=None,
    silent_since=None,
    gaps=0,
    feed_format="rss",
    hub=None,
    subscription=None,
    last_push_at=None,
    moved_from=None,
    moved_at=None,
)
ARTICLE = TrailArticle(
    id=7,
    url="https://a.example/1",
    title="One",
    first_seen=EARLIER,
    version=2,
    versions=2,
    text_from="page",
    words=250,
    lang="en",
    repaired="windows-874",
    has_raw_page=True,
    entry=17,
    story=5,
    is_lead=False,
    kind="copy",
    score=0.97,
    relative=6,
    relative_url="https://b.example/1",
)
MATCH = ArticleMatchRecord(topic="purl", rules=("purl.1",), matched=("PURL",), topic_version="x", spans=())
TRAIL = TrailRecord(
    id=17,
    feed=FEED,
    guid="g",
    link="https://a.example/1?utm_source=x",
    page_address="https://a.example/1",
    title="One",
    published=EARLIER,
    date_fault=None,
    found_by="feed",
    first_seen=EARLIER,
    last_seen=EARLIER,
    feed_text=80,
    revision=0,
    is_changed=False,
    state="done",
    reason=None,
    detail=None,
    text_from="page",
    attempts=0,
    checks=0,
    next_try_at=NOW + timedelta(hours=1),
    fetches=(FetchRecord(at=EARLIER, status=200, url=None, redirects=1, reason=None, detail=None),),
    article=ARTICLE,
    matches=(MATCH,),
    events=(),
)
BARE = replace(TRAIL, article=None, matches=(), text_from=None, next_try_at=None)


def lines(trail, options=" --config x"):
    return list(lines_for_people(tell_entry(trail), UTC, NOW, options))


def row(trail, name):
    """What stands beside *name*, its further lines included."""
    found = []
    for line in lines(trail)[3:]:
        if line[:10].strip():
            current = line[:10].strip()
        if current == name:
            found.append(line[12:])
    return found


def test_the_way_of_a_copy_is_told_from_beginning_to_end():
    assert lines(TRAIL) == [
        "entry 17: One",
        "  https://a.example/1?utm_source=x",
        "",
        "seen        2026-10-01 10:00 in feed 3, A",
        "found by    a poll of the feed",
        "dated       2026-10-01 10:00",
        "fetched     2026-10-01 10:00  200, redirected 1 time",
        "state       done",
        "text        from its page: 250 words, en, repaired: windows-874 was undone, version 2 of 2: article 7",
        "story       a copy (97 %) of article 6, https://b.example/1",
        "            in story 5: wirewatch --config x story 5",
        "            in full: wirewatch --config x why-copy 7 6",
        "topics      purl: purl.1: PURL",
        "            in full: wirewatch --config x rules explain 7",
        "next        2026-10-01 13:00 (in 1 h): the page is looked at for corrections, for the first time",
    ]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"state": "new"}, "at once: it is due: fetched by the next `once`, or the daemon that runs"),
        (
            {"state": "retrying", "attempts": 2, "next_try_at": NOW + timedelta(hours=6)},
            "2026-10-01 18:00 (in 6 h): 2 tries failed in a row; what went wrong can pass",
        ),
        (
            {"state": "new", "is_changed": True, "next_try_at": NOW},
            "2026-10-01 12:00 (due): the feed has changed what it says, so its page is fetched again",
        ),
        ({"state": "failed", "attempts": 1}, "nothing is planned: what went wrong does not pass"),
        ({"state": "failed", "attempts": 5}, "nothing is planned: given up after 5 tries"),
        (
            {"attempts": 1, "next_try_at": NOW + timedelta(minutes=10)},
            "2026-10-01 12:10 (in 10 min): the page is tried again, though there is a text: 1 try failed in a row",
        ),
        ({"checks": 4}, "nothing is planned: the page was looked at again 4 times"),
        ({"reason": "paywall"}, "nothing is planned: trying again would not help"),
        ({}, "nothing is planned: all is done"),
        ({"article": replace(ARTICLE, entry=18)}, "nothing is planned: entry 18 looks after the page"),
    ],
)
def test_what_comes_next_and_why(changes, told):
    assert row(replace(BARE, **changes), "next") == [told]


def test_an_entry_without_a_text_says_so():
    trail = replace(BARE, state="failed", reason="timeout", detail="not done after 30 seconds", feed_text=0, link=None)
    assert lines(trail)[1] == "  it has no link"
    assert row(trail, "state") == ["failed: timeout. The answer did not come within `fetch.timeout_s`."]
    assert row(trail, "text") == ["none; the feed itself gives none"]
    assert row(replace(trail, feed_text=1), "text") == ["none; the feed itself gives 1 character"]
    assert row(trail, "story") == ["none: there is no text to be compared"]
    assert row(trail, "topics") == ["none: there is no text to be matched"]


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_is_told_with_its_meaning(reason):
    told = tell_entry(replace(BARE, reason=reason.value))
    assert told.meaning
    assert told.meaning in row(replace(BARE, reason=reason.value), "state")[0]


def test_a_reason_that_this_version_does_not_know_is_told_without_one():
    assert row(replace(BARE, reason="quirk"), "state") == ["done: quirk."]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"date_fault": "zone"}, "2026-10-01 10:00, without a time zone that is known; read as UTC"),
        (
            {"published": NOW + timedelta(days=2), "date_fault": "future"},
            "2026-10-03 12:00, which lies in the future; it is kept, and when it was first seen counts",
        ),
        ({"published": None, "date_fault": "missing"}, "unknown: the feed gives no date"),
        ({"published": None}, "unknown: the feed gives no date"),
    ],
)
def test_faults_of_dates_are_told(changes, told):
    assert row(replace(TRAIL, **changes), "dated") == [told]


@pytest.mark.parametrize(
    ("found_by", "told"),
    [
        ("sitemap", "the news sitemap of the site, read after a gap between two polls"),
        ("push", "the hub, which pushed it"),
        ("archive", "an older page of the feed"),
        ("quirk", "quirk"),
    ],
)
def test_how_it_was_found(found_by, told):
    assert row(replace(TRAIL, found_by=found_by), "found by") == [told]


def test_each_fetch_has_a_line_and_of_many_the_newest_are_shown():
    fetch = FetchRecord(
        at=EARLIER, status=None, url="https://c.example/x", redirects=2, reason="timeout", detail="too late"
    )
    assert row(replace(TRAIL, fetches=(fetch,)), "fetched") == [
        "2026-10-01 10:00  no answer, redirected 2 times, answered by https://c.example/x: timeout: too late"
    ]
    forgotten = replace(fetch, url=None, redirects=0, detail=None)
    assert row(replace(TRAIL, fetches=(forgotten,)), "fetched") == ["2026-10-01 10:00  no answer: timeout"]
    many = row(replace(TRAIL, fetches=(fetch,) * (MOST_FETCHES + 3)), "fetched")
    assert many[0] == "… 3 earlier"
    assert len(many) == MOST_FETCHES + 1
    assert row(replace(TRAIL, fetches=()), "fetched") == ["its page was not asked for in the last 30 days"]
    elsewhere = replace(TRAIL, fetches=(), article=replace(ARTICLE, entry=18))
    assert row(elsewhere, "fetched") == ["fetched for entry 18, which has the same page"]


def test_an_entry_that_leads_its_story_or_stands_alone_in_it():
    lead = replace(ARTICLE, is_lead=True, kind=None, score=None, relative=None, relative_url=None)
    assert row(replace(TRAIL, article=lead), "story") == ["it leads story 5: wirewatch --config x story 5"]
    alone = replace(lead, is_lead=False)
    assert row(replace(TRAIL, article=alone), "story") == ["it belongs to story 5: wirewatch --config x story 5"]


@pytest.mark.parametrize(("kind", "said"), [("excerpt", "an excerpt"), ("extended", "an extended version")])
def test_what_it_is_a_kind_of(kind, said):
    article = replace(ARTICLE, kind=kind, score=None)
    assert row(replace(TRAIL, article=article), "story")[0] == f"{said} of article 6, https://b.example/1"


def test_no_match_leads_to_the_explanation():
    assert row(replace(TRAIL, matches=()), "topics") == [
        "no rule matches; why not: wirewatch --config x rules explain 7"
    ]


def test_a_text_from_the_feed_and_a_page_that_is_no_longer_kept():
    plain = replace(ARTICLE, repaired=None, version=1, versions=1, lang=None, has_raw_page=False)
    assert row(replace(TRAIL, article=plain), "text") == [
        "from its page: 250 words: article 7; the page itself is no longer kept"
    ]
    feed = replace(plain, text_from="feed")
    assert row(replace(TRAIL, article=feed), "text") == ["from the feed itself: 250 words: article 7"]


def test_the_feed_is_told_where_it_is_not_well():
    event = EventRecord(
        id=1, at=EARLIER, kind="feed.gap", feed=3, feed_url=FEED.url, entry=None, site=None, detail="a gap"
    )
    trail = replace(TRAIL, feed=replace(FEED, state="dormant"), events=(event,) * 5, revision=2)
    assert row(trail, "feed") == [
        "dormant; now: wirewatch --config x feeds check https://a.example/rss",
        *["2026-10-01 10:00  feed.gap: a gap"] * 3,
    ]
    assert row(trail, "changed") == ["the feed has changed what it says 2 times"]
    assert row(TRAIL, "feed") == []
