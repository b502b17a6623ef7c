"""Judging stored texts anew: what is stored, what is retired, and how a run goes on."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.model import TextFrom
from rules.compile import compile_rules
from rules.document import Document
from storage.backfills import BackfillSpan
from storage.listings import Listings
from storage.matches import Judged
from storage.store import Store

A, B, C = (f"https://news.example/{letter}" for letter in "abc")
CLOCK = [datetime(2026, 1, 5, 12, number, tzinfo=UTC) for number in range(9)]
ALL = BackfillSpan(since=None, until=None, words="..")
OLD = "topic aid\n    match aid\ntopic other\n    match other\n"
NEW = "topic aid\n    match help\ntopic other\n    match other\n"


@pytest.fixture
def in_force(store, make, rules):
    """Put a rule text in force; returns its topics."""

    def put(text, at=None):
        topics = rules(a=text).topics
        store.record_topics(topics, at or make.T0)
        return topics

    return put


def found(topics, title, body, lang="en"):
    return compile_rules(topics).match(Document(title=title, body=body, lang=lang))


@pytest.fixture
def save(newsroom, make):
    """Save an article with what *topics* find in it."""

    def save(url, text, topics, **given):
        return newsroom.save(url, text=text, matches=found(topics, "A title", text), **given)

    return save


def judge(store, topics, span=ALL, *, at=1, batch=2):
    """A whole run; the last state of it."""
    ruleset = compile_rules(topics)
    versions = {topic.name: topic.version for topic in topics}
    now = CLOCK[at]
    run = store.begin_backfill("/".join(sorted(versions.values())), span, now)
    while True:
        texts, cursor = store.texts_to_judge(run, batch)
        if not texts:
            store.finish_backfill(run, versions, now)
            return run
        judged = [Judged(text=text, found=ruleset.match(text.document)) for text in texts]
        run = store.record_judged(run, judged, cursor, versions, now)
        assert run is not None


def rows(file, what="*", where="1"):
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(f"SELECT {what} FROM match WHERE {where} ORDER BY id").fetchall()


def counts(run):
    return (run.looked_at, run.added, run.renewed, run.same, run.retired)


@pytest.fixture
def listed(url):
    """What listings show of matches: topic and words, by every way that leads to them."""

    def listed():
        with Listings(url) as listings:
            matches = sorted((row.topic, row.article, row.matched) for row in listings.matches())
            assert matches == sorted(
                (match.topic, row.id, match.matched)
                for row in listings.articles()
                for match in listings.article(row.id).matches
            )
            for topic in {row[0] for row in matches} | {"aid"}:
                own = [row for row in matches if row[0] == topic]
                stories = {row.id for row in listings.stories() if topic in row.topics}
                assert {row.id for row in listings.stories(topic)} == stories
                assert {row.story for row in listings.matches(topic)} == stories
                assert [each.matches for each in listings.topics() if each.name == topic] == [len(own)]
                assert listings.stats().matches.get(topic, 0) == len(own)
                assert {each.candidate.article for each in listings.stored_matches([topic])} == {row[1] for row in own}
            return matches

    return listed


def test_what_no_longer_holds_is_retired_and_what_holds_now_is_stored(store, file, in_force, save, listed):
    old = in_force(OLD)
    save(A, "aid and other", old)
    save(B, "help", old)
    save(C, "aid and help", old)
    assert listed() == [("aid", 1, ("aid",)), ("aid", 3, ("aid",)), ("other", 1, ("other",))]
    run = judge(store, in_force(NEW))
    assert counts(run) == (3, 1, 1, 1, 1)
    assert listed() == [("aid", 2, ("help",)), ("aid", 3, ("help",)), ("other", 1, ("other",))]
    assert rows(file, "origin, retired_at IS NULL") == [
        ("live", 0),
        ("live", 1),
        ("live", 0),
        ("backfill", 1),
        ("backfill", 1),
    ]


def test_going_back_to_earlier_rules_finds_what_they_found(store, file, in_force, save, listed):
    old = in_force(OLD)
    save(A, "aid", old)
    before = listed()
    judge(store, in_force(NEW), at=1)
    assert listed() == []
    assert counts(judge(store, in_force(OLD), at=2)) == (1, 1, 0, 0, 0)
    assert listed() == before
    assert rows(file, "retired_at IS NULL, origin") == [(0, "live"), (1, "backfill")]
    with Listings(f"sqlite:///{file}") as listings:
        (hits,) = listings.rule_hits(today=CLOCK[0], week=CLOCK[0], month=CLOCK[0])
    assert (hits.rule, hits.matches) == ("aid.1", 1), "what is retired counts nowhere, also of the same version"


def test_only_the_topics_judged_by_are_changed(store, in_force, save, listed):
    old = in_force(OLD)
    save(A, "aid, help, other", old)
    aid, _ = in_force(NEW.replace("match other", "match nothing"))
    assert counts(judge(store, [aid])) == (1, 0, 1, 0, 0)
    assert listed() == [("aid", 1, ("help",)), ("other", 1, ("other",))]


def test_what_a_topic_matched_that_is_gone_stays_as_it_is(store, in_force, save, listed):
    old = in_force(OLD)
    save(A, "aid, other", old)
    in_force("topic aid\n    match aid\n")
    judge(store, [old[0]])
    with Listings(f"sqlite:///{store._subject}") as listings:
        assert [row.topic for row in listings.matches()] == ["other", "aid"]


def test_only_current_texts_are_judged(store, file, in_force, save, listed):
    old = in_force(OLD)
    save(A, "aid", old)
    save(A, "help", old)
    run = judge(store, in_force(NEW))
    assert counts(run) == (1, 1, 0, 0, 0)
    assert listed() == [("aid", 1, ("help",))]
    assert rows(file, "version_id, retired_at IS NULL") == [(1, 1), (2, 1)]


def test_a_span_is_by_first_seen(store, make, in_force, save):
    old = in_force(OLD)
    for number, url in enumerate((A, B, C)):
        save(url, "help", old, at=CLOCK[number])
    span = BackfillSpan(since=CLOCK[1], until=CLOCK[2], words="1..2")
    run = judge(store, in_force(NEW), span)
    assert counts(run) == (1, 1, 0, 0, 0)
    with Listings(f"sqlite:///{store._subject}") as listings:
        assert [row.url for row in listings.matches("aid")] == [B]


def test_the_same_asked_again_judges_only_what_has_come_since(store, in_force, save, listed):
    old = in_force(OLD)
    save(A, "help", old)
    new = in_force(NEW)
    first = judge(store, new)
    again = judge(store, new, at=2)
    assert (counts(first), counts(again)) == ((1, 1, 0, 0, 0), (0, 0, 0, 0, 0))
    assert again.id == first.id
    # by a process that has not read the rules again
    save(B, "aid and help", old)
    save(A, "aid", old)
    assert counts(judge(store, new, at=3)) == (2, 0, 1, 0, 1)
    assert listed() == [("aid", 2, ("help",))]


def test_other_rules_or_another_span_is_another_run(store, in_force, save):
    new = in_force(NEW)
    save(A, "help", new)
    spans = [ALL, replace(ALL, words="90d.."), replace(ALL, until=CLOCK[5]), ALL]
    runs = [judge(store, new, span, at=number) for number, span in enumerate(spans)]
    assert len({run.id for run in runs}) == 4
    assert {run.looked_at for run in runs} == {1}
    assert judge(store, in_force(OLD)).looked_at == 1


def test_another_way_to_read_words_is_another_run(store, file, in_force, save):
    new = in_force(NEW)
    save(A, "help", new)
    first = judge(store, new)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE backfill SET tokenizer_version = tokenizer_version - 1")
        connection.commit()
    again = judge(store, new)
    assert again.id != first.id
    assert again.looked_at == 1


def test_what_comes_meanwhile_comes_last(store, in_force, save):
    old = in_force(OLD)
    ids = [save(url, "help", old).article_id for url in (A, B)]
    run = store.begin_backfill("v", ALL, CLOCK[0])
    assert store.count_texts_to_judge(run) == 2
    texts, cursor = store.texts_to_judge(run, 1)
    assert [text.article for text in texts] == ids[:1]
    save(A, "help again", old)
    late = save(C, "help", old).article_id
    texts, _ = store.texts_to_judge(replace(run, cursor=cursor), 9)
    assert [text.article for text in texts] == [ids[1], ids[0], late]


def test_who_is_overtaken_changes_nothing(store, file, in_force, save):
    save(A, "help", in_force(OLD))
    new = in_force(NEW)
    versions = {topic.name: topic.version for topic in new}
    run = store.begin_backfill("v", ALL, CLOCK[0])
    texts, cursor = store.texts_to_judge(run, 9)
    judged = [Judged(text=text, found=found(new, "", text.document.body)) for text in texts]
    before = rows(file)

    def record(versions=versions):
        return store.record_judged(run, judged, cursor, versions, CLOCK[1])

    in_force(OLD)
    assert record() is None
    in_force("topic other\n    match other\n")
    assert record() is None
    in_force(NEW)
    other = store.begin_backfill("w", ALL, CLOCK[1])
    assert record() is None
    assert rows(file) == before
    mine = store.record_judged(other, judged, cursor, versions, CLOCK[1])
    assert counts(mine) == (1, 1, 0, 0, 0)
    assert store.record_judged(other, judged, cursor, versions, CLOCK[2]) is None
    assert len(rows(file)) == len(before) + 1


def test_a_process_with_older_rules_does_not_bring_back_what_was_retired(store, file, in_force, newsroom, save, listed):
    """The page of an article is looked at again, by an instance that has not read the rules again."""
    old = in_force(OLD)
    save(A, "aid", old)
    new = in_force(NEW)
    judge(store, new)
    save(A, "aid", old)
    assert listed() == []
    save(A, "aid", new)
    assert listed() == []
    in_force(OLD)
    save(A, "aid", old)
    assert listed() == [("aid", 1, ("aid",))]
    assert rows(file, "origin", "retired_at IS NULL") == [("live",)]


def test_what_a_process_with_older_rules_finds_in_a_text_that_was_judged_is_judged_again(
    store, file, in_force, save, listed
):
    """Stored before those rules; they came and went, a back-fill has passed, and then its page comes again."""
    first = in_force("topic aid\n    match nothing\n")
    save(A, "aid", first)
    late = in_force(OLD)
    new = in_force(NEW)
    assert counts(judge(store, new)) == (1, 0, 0, 0, 0)
    numbers = set()
    for _ in range(2):
        save(A, "aid", late)
        assert listed() == [("aid", 1, ("aid",))]
        with closing(sqlite3.connect(file)) as connection:
            numbers |= set(connection.execute("SELECT id FROM fingerprint"))
    assert len(numbers) == 1, "the second time changes nothing"
    assert counts(judge(store, new, at=2)) == (1, 0, 0, 0, 1)
    assert listed() == []
    save(A, "aid", late)
    assert counts(judge(store, new, at=3)) == (0, 0, 0, 0, 0)


def test_what_a_page_adds_to_the_text_of_the_feed_is_judged(store, in_force, save, listed):
    """The same text by a page, which names an author, read by a process that has not read the rules yet."""
    old = in_force(OLD)
    save(A, "a text", old, text_from=TextFrom.FEED)
    new = in_force("topic aid\n    match author:smith\n")
    judge(store, new)
    for _ in range(2):
        save(A, "a text", old, author="Jo Smith")
    assert counts(judge(store, new, at=2)) == (1, 1, 0, 0, 0)
    assert listed() == [("aid", 1, ("Smith",))]


def test_a_run_tells_whether_it_was_interrupted(store, in_force):
    in_force(NEW)
    span = replace(ALL, words="90d..")
    assert not store.begin_backfill("v", ALL, CLOCK[0]).is_resumed
    run = store.begin_backfill("v", ALL, CLOCK[1])
    assert run.is_resumed
    store.finish_backfill(run, {}, CLOCK[2])
    assert not store.begin_backfill("v", ALL, CLOCK[3]).is_resumed
    assert not store.begin_backfill("v", span, CLOCK[3]).is_resumed


TEXTS = st.sampled_from(["aid", "help", "aid help", "other", "nothing"])
RULES = st.sampled_from([OLD, NEW, "topic aid\n    match nothing\n", "topic other\n    match aid\n    not help\n"])


@given(st.lists(st.tuples(st.sampled_from([A, B, C]), TEXTS), min_size=1, max_size=6), st.lists(RULES, max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=20)
def test_after_a_run_exactly_what_the_rules_find_is_listed(tmp_path_factory, empty_file, make, rules, saves, texts):
    """Whatever was stored before, by whichever rules; and of a text and topic one match at most is in force."""
    file = tmp_path_factory.mktemp("law") / "news.db"
    file.write_bytes(empty_file.read_bytes())
    with Store(f"sqlite:///{file}") as store, Listings(f"sqlite:///{file}") as listings:
        newsroom = make.Newsroom(store)
        current = {}
        for number, text in enumerate([OLD, *texts]):
            topics = rules(a=text).topics
            store.record_topics(topics, CLOCK[number])
            for url, body in saves[number::2]:
                newsroom.save(url, title="T", text=body, matches=found(topics, "T", body), at=CLOCK[number])
                current[url] = body
            judge(store, topics, at=number)
            for topic in topics:
                expected = {url for url, body in current.items() if found([topic], "T", body)}
                listed = [(row.url, row.topic_version) for row in listings.matches(topic.name)]
                assert sorted(listed) == sorted((url, topic.version) for url in expected)
        doubles = "SELECT 1 FROM match WHERE retired_at IS NULL GROUP BY version_id, topic_id HAVING count(*) > 1"
        with closing(sqlite3.connect(file)) as connection:
            assert connection.execute(doubles).fetchall() == []


# --- what is due ------------------------------------------------------------------------------------


@pytest.fixture
def behind(url):
    """The topics in force that were never applied to what was stored before them."""

    def behind():
        with Listings(url) as listings:
            return {each.name for each in listings.topics() if each.is_active and each.is_behind}

    return behind


def test_a_topic_that_was_there_before_the_first_article_is_never_behind(in_force, save, behind):
    old = in_force(OLD)
    assert behind() == set()
    for url in (A, B):
        save(url, "aid", old)
    in_force(OLD)
    assert behind() == set()


def test_a_topic_is_behind_until_a_back_fill_has_judged_by_it(store, in_force, save, behind):
    save(A, "help", in_force(OLD))
    new = in_force(NEW + "topic fresh\n    match fresh\n")
    assert behind() == {"aid", "fresh"}
    save(B, "help", new)
    judge(store, new[:1])
    assert behind() == {"fresh"}, "a run is about the topics it judges by"
    judge(store, new, at=2)
    assert behind() == set()
    save(C, "help", new)
    assert behind() == set()


def test_rules_that_are_put_back_and_topics_that_come_back_are_behind_again(store, in_force, save, behind):
    save(A, "aid", in_force(OLD))
    save(B, "aid", in_force(NEW))
    in_force(OLD)
    assert behind() == {"aid"}, "B was judged by other rules, though these are old"
    judge(store, in_force(OLD))
    in_force("topic other\n    match other\n")
    assert behind() == set(), "what is gone is not due"
    in_force(OLD)
    assert behind() == {"aid"}


def test_an_unfinished_run_and_one_of_other_articles_leave_it_behind(store, in_force, save, behind):
    old = in_force(OLD)
    for number, url in enumerate((A, B)):
        save(url, "help", old, at=CLOCK[number])
    new = in_force(NEW)
    run = store.begin_backfill("v", ALL, CLOCK[2])
    assert behind() == {"aid"}
    for since, until in ((CLOCK[1], None), (None, CLOCK[1])):
        judge(store, new, BackfillSpan(since=since, until=until, words=f"{since}{until}"), at=3)
        assert behind() == {"aid"}
    judge(store, new, BackfillSpan(since=CLOCK[0], until=CLOCK[2], words="both"), at=4)
    assert behind() == set()
    in_force(OLD)
    versions = {topic.name: topic.version for topic in new}
    store.finish_backfill(run, versions, CLOCK[5])
    assert behind() == {"aid"}, "other rules came into force meanwhile"


def test_an_article_that_came_again_with_another_text_was_judged_by_then(in_force, save, behind):
    save(A, "aid", in_force(OLD))
    new = in_force(NEW)
    assert behind() == {"aid"}
    save(A, "help", new)
    assert behind() == set()
