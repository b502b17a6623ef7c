"""What every store promises to tell of topics, articles and stories over time, and which entries led to an article."""

from __future__ import annotations

import pytest

from ingest.copies.model import RelationKind
from rules.compile import compile_rules
from rules.document import Document
from rules.files import parse_topic

A, B, C, D = (f"https://{letter}.example/1" for letter in "abcd")


def topic(words, name="purl"):
    return parse_topic(f"topic {name}\n    match {words}\n")


def later(make, minutes):
    return make.T0 + minutes * make.MINUTE


def found(topics, text):
    return compile_rules(topics).match(Document(title="A title", body=text))


# --- topics -----------------------------------------------------------------------------------------


def test_a_log_tells_which_version_was_in_force_from_when_to_when(store, listings, make):
    old, new, other = topic("PURL"), topic("PURL | NATO"), topic("Crimea", "crimea")
    for minutes, topics in ((0, [old, other]), (1, [old, other]), (2, [new, other]), (3, [other]), (5, [old, other])):
        store.record_topics(topics, later(make, minutes))
    stays = listings.topic_stays("purl")
    assert [(each.version, each.since, each.until, each.ended) for each in stays] == [
        (old.version, later(make, 5), None, None),
        (new.version, later(make, 2), later(make, 3), "retired"),
        (old.version, later(make, 0), later(make, 2), "changed"),
    ]
    assert {each.source for each in stays} == {old.source, new.source}
    assert [(each.topic, each.until) for each in listings.topic_stays()] == [
        ("crimea", None),
        ("purl", None),
        ("purl", later(make, 3)),
        ("purl", later(make, 2)),
    ]
    with pytest.raises(LookupError, match="no topic nato"):
        listings.topic_stays("nato")


def test_a_log_counts_what_was_listed_at_the_end_of_each_stay(store, listings, newsroom, make):
    old, new = topic("PURL"), topic("PURL | NATO")
    store.record_topics([old], make.T0)
    newsroom.save(A, at=later(make, 1), text="On PURL.", matches=found([old], "On PURL."))
    newsroom.save(B, at=later(make, 2), text="On PURL, too.", matches=found([old], "On PURL, too."))
    newsroom.save(B, at=later(make, 3), text="On nothing.")
    store.record_topics([new], later(make, 4))
    newsroom.save(C, at=later(make, 5), text="On NATO.", matches=found([new], "On NATO."))
    newsroom.save(A, at=later(make, 6), text="On nothing.")
    assert [(each.version, each.matches) for each in listings.topic_stays("purl")] == [
        (new.version, 1),
        (old.version, 1),
    ]


def test_what_comes_or_goes_at_the_end_of_a_stay_is_not_counted_there(store, listings, newsroom, make):
    """What the new version finds in the moment in which it comes is its own; what it retires later was the old's."""
    old, new = topic("PURL"), topic("NATO")
    store.record_topics([old], make.T0)
    newsroom.save(A, at=later(make, 1), text="On PURL.", matches=found([old], "On PURL."))
    newsroom.save(B, at=later(make, 1), text="On PURL, too.", matches=found([old], "On PURL, too."))
    store.record_topics([new], later(make, 4))
    newsroom.save(C, at=later(make, 4), text="On NATO.", matches=found([new], "On NATO."))
    judge(store, [new], later(make, 5))
    assert [(each.version, each.matches) for each in listings.topic_stays("purl")] == [
        (new.version, 1),
        (old.version, 2),
    ]


def test_what_was_recorded_already_leaves_no_trace(store, listings, make):
    store.record_topics([topic("PURL")], make.T0)
    before = listings.topic_stays()
    store.record_topics([topic("PURL")], later(make, 1))
    assert listings.topic_stays() == before
    store.record_topics([], later(make, 2))
    retired = listings.topic_stays()
    store.record_topics([], later(make, 3))
    assert listings.topic_stays() == retired


# --- articles ---------------------------------------------------------------------------------------


def told(events, minutes_of, *names):
    return [(minutes_of(each.at), each.happened, *(getattr(each, name) for name in names)) for each in events]


@pytest.fixture
def minutes_of(make):
    return lambda at: int((at - make.T0) / make.MINUTE)


def test_an_article_tells_what_became_of_it(store, listings, newsroom, make, minutes_of):
    purl = topic("PURL")
    store.record_topics([purl], make.T0)
    first = newsroom.save(A, at=later(make, 1), text="On PURL.", matches=found([purl], "On PURL."))
    own = newsroom.save(
        B,
        at=later(make, 2),
        title="One",
        text="Of B.",
        story_id=first.story_id,
        relations=(make.relation(first.article_id),),
    )
    newsroom.save(B, at=later(make, 3), title="Two", text="On PURL.", matches=found([purl], "On PURL."))
    newsroom.save(
        B,
        at=later(make, 4),
        title="One",
        text="Of B.",
        story_id=first.story_id,
        relations=(make.relation(first.article_id, RelationKind.EXCERPT),),
    )
    events = listings.article_timeline(own.article_id)
    split = listings.article(own.article_id, as_of=later(make, 3)).story
    assert told(events, minutes_of, "version", "title") == [
        (2, "seen", 1, "One"),
        (2, "joined", 1, None),
        (2, "related", 1, None),
        (3, "version", 2, "Two"),
        (3, "joined", 2, None),
        (3, "matched", 2, None),
        (3, "unrelated", 2, None),
        (4, "version", 1, "One"),
        (4, "joined", 1, None),
        (4, "unmatched", 2, None),
        (4, "related", 1, None),
    ]
    assert [each.story for each in events if each.story] == [first.story_id, split, first.story_id]
    assert [(each.kind, each.other) for each in events if each.kind] == [
        ("copy", first.article_id),
        ("copy", first.article_id),
        ("excerpt", first.article_id),
    ]
    assert {(each.topic, each.rules) for each in events if each.topic} == {("purl", ("purl.1",))}
    with pytest.raises(LookupError, match="no article 99"):
        listings.article_timeline(99)


def test_a_match_that_a_back_fill_renews_is_told_once(store, listings, newsroom, make, minutes_of):
    old, new = topic("PURL"), topic("PURL | NATO")
    store.record_topics([old], make.T0)
    own = newsroom.save(A, at=later(make, 1), text="On PURL.", matches=found([old], "On PURL."))
    store.record_topics([new], later(make, 2))
    judge(store, [new], later(make, 3))
    store.record_topics([topic("Crimea")], later(make, 4))
    judge(store, [topic("Crimea")], later(make, 5))
    events = [each for each in listings.article_timeline(own.article_id) if each.topic]
    assert told(events, minutes_of, "topic_version") == [
        (1, "matched", old.version),
        (3, "renewed", new.version),
        (5, "unmatched", new.version),
    ]


def test_what_was_there_for_no_time_is_not_told(store, listings, newsroom, make, minutes_of):
    """A text that was replaced in the moment in which it came matched nothing for anybody."""
    purl = topic("PURL")
    store.record_topics([purl], make.T0)
    own = newsroom.save(A, at=later(make, 1), text="On PURL.", matches=found([purl], "On PURL."))
    newsroom.save(A, at=later(make, 1), text="On nothing.")
    assert [each for each in listings.article_timeline(own.article_id) if each.topic] == []


def test_each_of_two_articles_tells_what_it_is_to_the_other(listings, newsroom, make, minutes_of):
    first = newsroom.save(A, at=later(make, 1), text="Of A.")
    own = newsroom.save(
        B,
        at=later(make, 2),
        text="Of B.",
        story_id=first.story_id,
        relations=(make.relation(first.article_id, RelationKind.EXCERPT),),
    )
    for ident, kind, other in (
        (own.article_id, "excerpt", first.article_id),
        (first.article_id, "extended", own.article_id),
    ):
        events = [each for each in listings.article_timeline(ident) if each.kind]
        assert told(events, minutes_of, "kind", "other") == [(2, "related", kind, other)]


def judge(store, topics, at):
    from storage.backfills import BackfillSpan
    from storage.matches import Judged

    versions = {each.name: each.version for each in topics}
    run = store.begin_backfill(repr(versions), BackfillSpan(since=None, until=None, words=""), at)
    texts, cursor = store.texts_to_judge(run, 99)
    judged = [Judged(text=text, found=compile_rules(topics).match(text.document)) for text in texts]
    assert store.record_judged(run, judged, cursor, versions, at) is not None


def test_an_article_is_shown_as_it_was(listings, newsroom, make):
    own = newsroom.save(A, at=later(make, 1), title="One", text="First.")
    newsroom.save(A, at=later(make, 3), title="Two", text="Second.")
    then = listings.article(own.article_id, as_of=later(make, 2))
    assert (then.title, then.version, [(each.n, each.is_current) for each in then.versions]) == ("One", 1, [(1, True)])
    assert listings.article(own.article_id).title == "Two"
    with pytest.raises(LookupError, match="was not seen before 2026-01-05 12:01:00 UTC"):
        listings.article(own.article_id, as_of=make.T0)
    with pytest.raises(LookupError, match="no version 2, only 1"):
        listings.article(own.article_id, 2, as_of=later(make, 2))


# --- stories ----------------------------------------------------------------------------------------


def test_a_story_tells_who_came_and_what_merged(listings, newsroom, make, minutes_of):
    one = newsroom.save(A, at=later(make, 1))
    two = newsroom.save(B, at=later(make, 2))
    three = newsroom.save(C, at=later(make, 3), story_id=one.story_id, merges=(two.story_id,))
    events = listings.story_timeline(two.story_id)
    assert told(events, minutes_of, "story", "article", "other_story") == [
        (1, "joined", one.story_id, one.article_id, None),
        (2, "joined", two.story_id, two.article_id, None),
        (3, "joined", one.story_id, three.article_id, None),
        (3, "merged", one.story_id, None, two.story_id),
    ]
    assert listings.story_timeline(one.story_id) == events
    newsroom.save(B, at=later(make, 4), text="Something else.")
    *_, last = listings.story_timeline(one.story_id)
    assert (minutes_of(last.at), last.happened, last.article) == (4, "split", two.article_id)
    assert told(listings.story_timeline(last.other_story), minutes_of, "story", "article") == [
        (4, "split", one.story_id, two.article_id)
    ]
    with pytest.raises(LookupError, match="no story 99"):
        listings.story_timeline(99)


def test_an_article_that_went_on_twice_is_new_to_its_first_story_alone(listings, newsroom, make, minutes_of):
    one, two = newsroom.save(A, at=later(make, 1)), newsroom.save(B, at=later(make, 2))

    def place(at, story, beside):
        given = {"story_id": story, "relations": (make.relation(beside),)} if story else {}
        return newsroom.save(C, at=later(make, at), text=f"Text {at}.", **given)

    own = place(3, one.story_id, one.article_id)
    place(4, two.story_id, two.article_id)
    alone = place(5, None, None)
    joined = [
        told((each for each in listings.story_timeline(story) if each.happened == "joined"), minutes_of, "article")
        for story in (one.story_id, two.story_id, alone.story_id)
    ]
    assert joined == [
        [(1, "joined", one.article_id), (3, "joined", own.article_id)],
        [(2, "joined", two.article_id)],
        [],
    ]
    stories = [listings.article(own.article_id, as_of=later(make, minutes)).story for minutes in (3, 4, 5)]
    assert stories == [one.story_id, two.story_id, alone.story_id]
    assert [each.story for each in listings.article_timeline(own.article_id) if each.story] == stories


# --- entries ----------------------------------------------------------------------------------------


def test_an_entry_that_came_by_a_redirect_is_found_by_the_address_of_the_article(listings, newsroom, make):
    newsroom.save(A, at=make.T0)
    newsroom.save(A, entry_url=B, at=later(make, 1), text="Another text.", addresses=(A,))
    both = (newsroom.entry(A), newsroom.entry(B))
    assert listings.find_entries(A) == both
    assert listings.find_entries(B) == both[1:]
    assert listings.find_entries(D) == ()
