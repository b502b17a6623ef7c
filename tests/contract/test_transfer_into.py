"""An archive that comes into a database that has something: both are one afterwards, and what is here stands."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ingest.model import EntryOutcome, EntryState
from rules.match import TopicMatch
from storage import tables
from storage.listings import Listings
from storage.store import Store


def the_article(url: str, address: str = "https://a.example/1") -> Any:
    with Listings(url) as listings:
        (ident,) = [each.id for each in listings.articles() if each.url == address]
        return listings.article(ident)


def both(newsroom: Any, other: Any) -> None:
    for each in (newsroom, other):
        each.feed("https://news.example/feed")


def test_an_article_that_both_have_is_one(newsroom, other, make, url, third_url, archives):
    """Versions by their text, first_seen the earliest, the text shown last is shown; and the same once more."""
    both(newsroom, other)
    day = timedelta(days=1)
    newsroom.save("https://a.example/1", at=make.T0, **archives.text("One"))
    newsroom.save("https://a.example/1", at=make.T0 + 3 * day, **archives.text("Three"))
    other.save("https://a.example/1", at=make.T0 + day, **archives.text("One"))
    other.save("https://a.example/1", at=make.T0 + 2 * day, **archives.text("Two"))
    lines = archives.export(url, make)
    archives.bring(lines, third_url, make)
    shown = the_article(third_url)
    # without a date of its own it counts as published when it was first seen
    assert (shown.first_seen, shown.dated_at) == (make.T0, make.T0)
    assert [version.title for version in shown.versions] == ["About One", "About Two", "About Three"]
    assert shown.title == "About Three"
    assert shown.versions[0].first_seen == make.T0
    # what was shown here until the archive came stays what was shown
    with Listings(third_url) as listings:
        assert listings.article(shown.id, as_of=make.T0 + 10 * day).title == "About Two"
        assert listings.article(shown.id, as_of=make.T0 + 50 * day).title == "About Three"
    before = archives.everything(third_url)
    archives.bring(lines, third_url, make)
    assert archives.everything(third_url) == before
    assert len(before["entry"]) == len(before["article"]) == len(before["fingerprint"]) == 1


def test_what_was_seen_elsewhere_before_it_was_here_can_be_shown(newsroom, other, make, url, third_url, archives):
    """The article counts as seen since then, and no other text is known of it here."""
    both(newsroom, other)
    newsroom.save("https://a.example/1", at=make.T0, **archives.text("One"))
    other.save("https://a.example/1", at=make.T0 + timedelta(days=2), **archives.text("Two"))
    archives.bring(archives.export(url, make), third_url, make)
    ident = the_article(third_url).id
    with Listings(third_url) as listings:
        shown = listings.article(ident, as_of=make.T0 + timedelta(days=1))
    assert shown.title == "About Two"
    assert [(each.n, each.is_current) for each in shown.versions] == [(1, True), (2, False)]


def test_what_is_shown_here_later_stays(newsroom, other, make, url, third_url, archives):
    both(newsroom, other)
    newsroom.save("https://a.example/1", at=make.T0, **archives.text("One"))
    other.save("https://a.example/1", at=make.T0 + timedelta(days=1), **archives.text("Two"))
    archives.bring(archives.export(url, make), third_url, make)
    assert the_article(third_url).title == "About Two"


def test_of_two_texts_of_one_moment_the_one_that_is_here_stays(newsroom, other, make, url, third_url, archives):
    both(newsroom, other)
    newsroom.save("https://a.example/1", **archives.text("One"))
    other.save("https://a.example/1", **archives.text("Two"))
    archives.bring(archives.export(url, make), third_url, make)
    assert the_article(third_url).title == "About Two"


def test_an_entry_that_both_have_was_seen_first_and_last_where_it_was(newsroom, other, make, url, third_url, archives):
    """And what is still to be done here and was done there is done."""
    both(newsroom, other)
    day = timedelta(days=1)
    entry = newsroom.entry("https://a.example/1", at=make.T0)
    newsroom.store.finish_entry(entry, EntryOutcome(state=EntryState.FAILED, reason="gone"))
    newsroom.entry("https://b.example/1", at=make.T0 + day)
    other.entry("https://a.example/1", at=make.T0 + day)
    other.entry("https://b.example/1", at=make.T0)
    archives.bring(archives.export(url, make), third_url, make)
    told = archives.read_rows(
        third_url, *(tables.entry.c[name] for name in ("link", "first_seen_at", "last_seen_at", "state"))
    )
    assert sorted(tuple(row) for row in told) == [
        ("https://a.example/1", make.T0, make.T0 + day, "failed"),
        ("https://b.example/1", make.T0, make.T0 + day, "new"),
    ]


def test_a_relation_that_both_found_is_one(newsroom, other, make, url, third_url, archives):
    both(newsroom, other)
    for each, at in ((newsroom, make.T0), (other, make.T0 + timedelta(hours=1))):
        first = each.save("https://a.example/1", at=at, **archives.text("One"))
        beside = {"story_id": first.story_id, "relations": (make.relation(first.article_id),)}
        each.save("https://b.example/1", at=at, **beside, **archives.text("Two"))
    assert archives.bring(archives.export(url, make), third_url, make)["relation.known"] == 1
    assert len(archives.read_rows(third_url, tables.relation)) == 1


def test_an_entry_of_what_was_forgotten_here_comes_without_its_text(newsroom, other, make, url, third_url, archives):
    """Also one that another feed listed, and that never led to an article there."""
    from storage import forgotten

    other.feed("https://news.example/feed")
    mine = other.save("https://a.example/1", **archives.text("One"))
    other.store._write(lambda connection: forgotten.forget(connection, mine.article_id, make.T0))
    newsroom.feed("https://second.example/feed")
    newsroom.poll(make.new_entry("https://a.example/1", title="The mayor", text="The mayor lives at."))
    archives.bring(archives.export(url, make), third_url, make)
    rows = archives.everything(third_url)["entry"]
    assert len(rows) == 2
    assert "mayor" not in repr(rows)


def test_an_article_is_known_by_any_of_its_addresses(newsroom, other, make, url, third_url, archives):
    both(newsroom, other)
    same = ("https://a.example/1", "https://a.example/1?amp")
    newsroom.save(same[0], addresses=same, **archives.text("One"))
    other.save(same[1], **archives.text("One"))
    archives.bring(archives.export(url, make), third_url, make)
    assert len(archives.read_rows(third_url, tables.article)) == 1


def test_stories_that_are_one_elsewhere_become_one(newsroom, other, make, url, third_url, archives):
    both(newsroom, other)
    first = newsroom.save("https://a.example/1", **archives.text("One"))
    newsroom.save(
        "https://b.example/1",
        story_id=first.story_id,
        relations=(make.relation(first.article_id),),
        **archives.text("Two"),
    )
    other.save("https://b.example/1", **archives.text("Two"))
    other.save("https://a.example/1", **archives.text("One"))
    lines = archives.export(url, make)
    archives.bring(lines, third_url, make)
    with Listings(third_url) as listings:
        (story,) = listings.stories()
        assert story.copy_count == 1
        assert [each.kind for each in listings.shown_story(story.id).trail] == ["merged"]
    before = archives.everything(third_url)
    archives.bring(lines, third_url, make)
    assert archives.everything(third_url) == before


def test_a_match_is_not_doubled_and_its_topic_stays_in_force(newsroom, other, make, url, third_url, archives):
    both(newsroom, other)
    found = TopicMatch(topic="harbour", version="v1", rules=("harbour.1",), spans=())
    for each, at in ((newsroom, make.T0), (other, make.T0 + timedelta(hours=1))):
        each.store.record_topics((archives.Topic("harbour", "v1"),), make.T0)
        each.save("https://a.example/1", at=at, matches=(found,), **archives.text("One"))
    archives.bring(archives.export(url, make), third_url, make)
    with Listings(third_url) as listings:
        (match,) = listings.matches()
        assert match.first_seen == make.T0
        assert [topic.is_active for topic in listings.topics()] == [True]


def test_nothing_is_polled_and_no_topic_is_in_force_by_surprise(newsroom, make, url, third_url, archives):

    archives.fill(newsroom, make)
    archives.bring(archives.export(url, make), third_url, make)
    with Store(third_url) as store:
        assert store.due_feeds(make.T0 + timedelta(days=99), 9, is_everything_due=True) == ()
        assert store.versions_in_force() == {}
        with Listings(third_url) as listings:
            stays = listings.topic_stays(None)
            assert {stay.ended for stay in stays} == {"retired", "changed"}
            assert None not in {stay.until for stay in stays}
        # What is configured goes on where the archive left it.
        store.sync_feeds(make.feeds("https://news.example/feed"), make.T0 + timedelta(days=41))
        (due,) = store.due_feeds(make.T0 + timedelta(days=99), 9)
        with Listings(third_url) as listings:
            (feed,) = [each for each in listings.feeds() if each.id == due.id]
            assert feed.entries > 1
    counted = archives.read_rows(third_url, tables.feed.c.entries_seen)
    assert sum(row[0] for row in counted) == len(archives.read_rows(third_url, tables.entry.c.id))


def test_texts_are_behind_the_topics_in_force_here(newsroom, other, make, url, third_url, archives):
    other.store.record_topics((archives.Topic("bridges", "v1"),), make.T0)
    newsroom.save("https://a.example/1", **archives.text("One"))
    archives.bring(archives.export(url, make), third_url, make)
    with Listings(third_url) as listings:
        assert [topic.is_behind for topic in listings.topics()] == [True]


def test_what_was_forgotten_here_stays_forgotten(newsroom, other, make, url, third_url, archives):
    from storage import forgotten

    both(newsroom, other)
    first = newsroom.save("https://a.example/1", **archives.text("One"))
    newsroom.save(
        "https://b.example/1",
        story_id=first.story_id,
        relations=(make.relation(first.article_id),),
        **archives.text("Two"),
    )
    mine = other.save("https://a.example/1", **archives.text("One"))
    other.store._write(lambda connection: forgotten.forget(connection, mine.article_id, make.T0))
    lines = archives.export(url, make)
    counts = archives.bring(lines, third_url, make)
    assert counts["article.forgotten"] == 1
    assert "One" not in repr(
        archives.everything(third_url)["article_version"] + archives.everything(third_url)["entry"]
    )
    with Listings(third_url) as listings:
        assert [article.url for article in listings.articles()] == ["https://b.example/1"]
    before = archives.everything(third_url)
    archives.bring(lines, third_url, make)
    assert archives.everything(third_url) == before


def test_copies_of_what_was_forgotten_here_are_one_story_still(newsroom, other, make, url, third_url, archives):
    from storage import forgotten

    both(newsroom, other)
    first = newsroom.save("https://a.example/1", **archives.text("One"))
    for address in ("https://b.example/1", "https://c.example/1"):
        beside = {"story_id": first.story_id, "relations": (make.relation(first.article_id),)}
        newsroom.save(address, **beside, **archives.text(f"Two of {address}"))
    mine = other.save("https://a.example/1", **archives.text("One"))
    other.store._write(lambda connection: forgotten.forget(connection, mine.article_id, make.T0))
    archives.bring(archives.export(url, make), third_url, make, batch=1)
    with Listings(third_url) as listings:
        (story,) = listings.stories()
        assert (story.url, story.copy_count) == ("https://b.example/1", 1)


def test_what_was_forgotten_elsewhere_is_not_taken_up_here(newsroom, other, make, url, third_url, archives):
    from storage import forgotten

    both(newsroom, other)
    saved = newsroom.save("https://a.example/1", **archives.text("One"))
    newsroom.store._write(lambda connection: forgotten.forget(connection, saved.article_id, make.T0))
    archives.bring(archives.export(url, make), third_url, make)
    assert [row.address for row in archives.read_rows(third_url, tables.forgotten)] == ["https://a.example/1"]
    assert other.save("https://a.example/1", entry_url="https://a.example/1?again", **archives.text("One")) is None


def test_what_is_stored_here_is_not_forgotten_by_an_archive(newsroom, other, make, url, third_url, archives):
    """It is said, and left to people."""
    from storage import forgotten

    both(newsroom, other)
    saved = newsroom.save("https://a.example/1", **archives.text("One"))
    newsroom.store._write(lambda connection: forgotten.forget(connection, saved.article_id, make.T0))
    other.save("https://a.example/1", **archives.text("One"))
    assert archives.bring(archives.export(url, make), third_url, make)["forgotten.stored_here"] == 1
    assert the_article(third_url).title == "About One"
