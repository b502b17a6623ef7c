"""Every listing, with every option, says the same on both databases, and page by page what it says as a whole."""

from __future__ import annotations

import dataclasses
import shutil
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from ingest.copies.model import RelationKind, Slot, SlotKind
from ingest.errors import Reason
from ingest.model import EntryOutcome, EntryState
from ingest.polling import Event, EventKind
from rules.compile import compile_rules
from rules.document import Document
from rules.errors import RuleError
from rules.files import parse_topic
from storage.backfills import BackfillSpan
from storage.listings import Listings
from storage.matches import Judged
from storage.store import Store
from storage.window import Cursor

HOUR = timedelta(hours=1)
#: words of many scripts, which databases sort in ways of their own
TITLES = ("Crimea", "crimea", "Ärger um NATO", "กรุงเทพ PURL", "Крым", "_purl", "Zebra", "zebra NATO", "élan", "NATO")


def topic(name: str, words: str) -> Any:
    return parse_topic(f'topic {name} "On {words}"\n    tags b, a\n    match {words}\n    match Крым\n')


def fill(store: Store, make: Any) -> None:
    """An archive in which everything occurs, and many things at one moment."""
    newsroom = make.Newsroom(store)
    feeds = [newsroom.feed(f"https://{letter}.example/feed") for letter in "abc"]
    topics = [topic("purl", "PURL"), topic("nato-2", "NATO"), topic("Crimea", "Crimea")]
    store.record_topics(topics, make.T0)
    saved: list[Any] = []
    for number in range(24):
        newsroom.feed_id = feeds[number % 2]
        at = make.T0 + (number // 3) * HOUR
        saved.append(save(newsroom, make, topics, number, at, saved))
    for number in (1, 4, 7, 8):
        at = make.T0 + (9 + number // 2) * HOUR
        save(newsroom, make, topics, number, at, saved, words=TITLES[(number + 3) % 10])
    fail(newsroom, store, make, feeds)
    renewed = [topic("purl", "Zebra"), topics[2]]
    store.record_topics(renewed, make.T0 + 20 * HOUR)
    judge(store, renewed, make.T0 + 21 * HOUR)
    wrong = RuleError(code="E101", message="what is this", remedy="write something", line=2, column=3, file="a.rules")
    store.record_rule_errors([wrong], make.T0)


def save(
    newsroom: Any, make: Any, topics: Any, number: int, at: Any, saved: list[Any], *, words: str | None = None
) -> Any:
    title = words or TITLES[number % 10]
    text = f"{title} is what number {number} is about."
    given: dict[str, Any] = {}
    if saved and number % 4 and words is None:
        other = saved[number // 2 if number // 2 < len(saved) else -1]
        kind = list(RelationKind)[number % 5]
        slot = Slot(kind=SlotKind.FIGURE, start=1, end=2, other_start=3, other_end=4)
        given["relations"] = (make.relation(other.article_id, kind, score=number / 30, share=0.3, slots=(slot,)),)
        if kind is not RelationKind.COMPOSITE:
            given["story_id"] = other.story_id
            if number == 11:
                given["merges"] = (saved[8].story_id,)
    return newsroom.save(
        f"https://{'abc'[number % 3]}.example/{number}",
        at=at,
        source=f"{'aBé'[number % 3]}.example",
        title=title,
        text=text,
        published=None if number % 5 == 0 else make.T0 - (number % 7) * HOUR,
        lang=(None, "en", "th")[number % 3],
        repaired="windows-1252" if number % 6 == 0 else None,
        credit=(None, "Reuters", "AP")[number % 3],
        canonical="https://a.example/0" if number % 4 == 0 else None,
        matches=compile_rules(topics).match(Document(title=title, body=text)),
        **given,
    )


def fail(newsroom: Any, store: Store, make: Any, feeds: list[int]) -> None:
    newsroom.feed_id = feeds[1]
    outcomes = (
        EntryOutcome(state=EntryState.RETRYING, reason=Reason.TIMEOUT, attempts=1, next_try_at=make.T0 + HOUR),
        EntryOutcome(state=EntryState.FAILED, reason=Reason.GONE, detail="410", attempts=4),
        EntryOutcome(state=EntryState.FAILED, reason=Reason.TIMEOUT, attempts=4),
    )
    for number, outcome in enumerate(outcomes):
        store.finish_entry(newsroom.entry(f"https://b.example/failed/{number}", at=make.T0 + 2 * HOUR), outcome)
    newsroom.entry("https://b.example/new", at=make.T0 + 3 * HOUR)
    happened = [
        Event(kind=kind, detail="é", feed_id=feed_id, site=site)
        for kind, feed_id, site in product((EventKind.GAP, EventKind.DRIFT), (None, feeds[0]), (None, "b.example"))
    ]
    for hours in range(2):
        store.record_events(happened, make.T0 + hours * HOUR)


def judge(store: Store, topics: Any, at: Any) -> None:
    versions = {each.name: each.version for each in topics}
    run = store.begin_backfill("rules", BackfillSpan(since=None, until=None, words=""), at)
    texts, cursor = store.texts_to_judge(run, 99)
    judged = [Judged(text=text, found=compile_rules(topics).match(text.document)) for text in texts]
    run_after = store.record_judged(run, judged, cursor, versions, at)
    assert run_after is not None
    assert min(run_after.added, run_after.renewed, run_after.same, run_after.retired) > 0
    store.finish_backfill(run_after, versions, at)


@pytest.fixture(scope="module")
def both(tmp_path_factory, empty_file, server, postgresql_server, make):
    """The same archive on SQLite and on PostgreSQL, for reading."""
    from storage.migrate import upgrade

    file = shutil.copy(empty_file, tmp_path_factory.mktemp("alike"))
    with postgresql_server.new_database(server) as url:
        upgrade(url)
        for each in (f"sqlite:///{file}", url):
            with Store(each) as store:
                fill(store, make)
        with Listings(f"sqlite:///{file}") as on_sqlite, Listings(url) as on_postgresql:
            yield on_sqlite, on_postgresql


def spans(make: Any) -> list[dict[str, Any]]:
    some = [{}, {"since": make.T0 + HOUR}, {"until": make.T0 + 4 * HOUR}, {"since": make.T0 - 3 * HOUR, "limit": 5}]
    return [{**span, "by": by} for span, by in product(some, ("first_seen", "published"))]


LISTINGS: dict[str, list[dict[str, Any]]] = {
    "articles": [{}],
    "entries": [{}, {"state": "failed"}, {"reason": "timeout"}, {"feed_id": 2}, {"state": "new", "feed_id": 2}],
    "matches": [
        {},
        *({"topic": name, "once_a_story": once} for name, once in product(("purl", "nato-2"), (False, True))),
    ],
    "stories": [{}, {"topic": "purl"}, {"topic": "Crimea"}],
}


def asked(make: Any) -> list[tuple[str, dict[str, Any]]]:
    """What is asked of both: the listings that have pages with all their options."""
    found = [
        (name, {**given, **span}) for name, every in LISTINGS.items() for given, span in product(every, spans(make))
    ]
    moments = [make.T0 + hours * HOUR for hours in (0, 4, 10, 13, 20, 22)]
    found += [("matches", {**given, "as_of": at}) for given, at in product(LISTINGS["matches"], moments)]
    found += [("matches", {"by": "published", "as_of": at}) for at in moments]
    return found


def test_listings_are_alike_on_both_databases(both, make):
    empty = 0
    for name, given in asked(make):
        on_sqlite, on_postgresql = (getattr(each, name)(**given) for each in both)
        assert on_sqlite == on_postgresql, (name, given)
        empty += not on_sqlite
    assert empty < len(asked(make)) / 4


def test_the_others_are_alike_on_both_databases(both, make):
    on_sqlite, _ = both
    articles, stories = (
        range(1, 1 + max(row.id for row in rows())) for rows in (on_sqlite.articles, on_sqlite.stories)
    )
    today = {"today": make.T0 + 3 * HOUR, "week": make.T0 + HOUR}
    calls = [
        ("feeds", {}), ("feeds", {"since": make.T0 + HOUR}), ("topics", {}), ("rule_problems", {}),
        ("topic_hits", today), ("rule_hits", {**today, "month": make.T0}), ("topic_stays", {}),
        ("topic_stays", {"topic": "purl"}), ("last_rebuild", {}), ("unfinished_rebuild", {}),
        ("stored_matches", {"names": ("purl", "Crimea", "none")}), ("article_count", {"since": make.T0 + HOUR}),
        ("find_entries", {}), *(("article", {"article_id": each}) for each in articles),
        *(("article_timeline", {"article_id": each}) for each in articles),
        *(("shown_story", {"story_id": each}) for each in stories),
        *(("story_timeline", {"story_id": each}) for each in stories),
        *(("stories", {"outlets": number}) for number in (1, 2)),
        *(("events", given) for given in ({}, {"kind": "feed.gap"}, {"feed_id": 1}, {"site": "b.example"})),
        *(("trail", {"entry_id": number}) for number in range(1, 20)),
    ]  # fmt: skip
    for name, given in calls:
        here, there = (outcome(each, name, given) for each in both)
        assert here == there, (name, given)
        assert here is not None or "rebuild" in name, (name, given)
    here, there = (dataclasses.replace(each.stats(), database_bytes=0) for each in both)
    assert here == there
    assert on_sqlite.find_entries("https://a.example/0") == both[1].find_entries("https://a.example/0") != ()


def outcome(listings: Any, name: str, given: dict[str, Any]) -> Any:
    try:
        return getattr(listings, name)(**given)
    except LookupError as error:
        # Stories that merged are found by their aliases, others were never there.
        return str(error)


@pytest.mark.parametrize("database", [0, 1], ids=["sqlite", "postgresql"])
def test_pages_are_the_listing_in_pieces(both, make, database):
    for name, given in asked(make):
        read = getattr(both[database], name)
        wanted = {"by": "first_seen"} | {option: value for option, value in given.items() if option != "limit"}
        whole = read(**wanted)
        pages: list[Any] = []
        after = None
        while page := read(**wanted, limit=4, after=after):
            pages += page
            after = Cursor.parse(str(Cursor(time=getattr(page[-1], wanted["by"]), id=page[-1].id)))
        assert tuple(pages) == whole, (name, given)


@pytest.mark.parametrize("database", [0, 1], ids=["sqlite", "postgresql"])
def test_events_have_pages_and_what_is_most_carried_has_none(both, database):
    listings = both[database]
    pages: list[Any] = []
    after = None
    while page := listings.events(limit=3, after=after):
        pages += page
        after = Cursor(time=page[-1].at, id=page[-1].id)
    assert tuple(pages) == listings.events()
    with pytest.raises(ValueError, match="ordered by time and id"):
        listings.stories(outlets=1, after=after)
