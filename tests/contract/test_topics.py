"""What every store promises about topics and matches."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from rules.compile import compile_rules
from rules.document import Document
from rules.files import load_rules, parse_topic

URL = "https://news.example/1"
PURL = 'topic purl "The aid scheme"\n    tags ukraine, aid\n    match =PURL\n    match NATO\n'
CRIMEA = "topic crimea\n    match Crimea\n"


@pytest.fixture
def load(tmp_path):
    def load(text):
        (tmp_path / "a.rules").write_text(text)
        return load_rules(tmp_path)

    return load


@pytest.fixture
def topics(load):
    return lambda text: load(text).topics


@pytest.fixture
def matches(topics):
    return lambda text, title, body: compile_rules(topics(text)).match(Document(title=title, body=body))


def test_the_last_good_version_of_a_topic_can_be_read_again(store, make, topics):
    purl, crimea = topics(PURL + CRIMEA)
    store.record_topics((purl, crimea), make.T0)
    assert store.last_good_topics() == (crimea.source, purl.source)
    assert store.last_good_topics(names=["purl"]) == (purl.source,)
    assert store.last_good_topics(files=["a.rules"]) == (crimea.source, purl.source)
    assert store.last_good_topics(names=(), files=()) == ()
    assert parse_topic(store.last_good_topics(names=["purl"])[0]).version == purl.version


def test_a_topic_kept_from_the_database_still_belongs_to_its_file(store, make, topics):
    store.record_topics(topics(PURL), make.T0)
    (kept,) = map(parse_topic, store.last_good_topics())
    store.record_topics((kept,), make.T0 + make.MINUTE)
    assert store.last_good_topics(files=["a.rules"]) == (kept.source,)


def test_topics_no_longer_in_force_are_retired_and_can_come_back(store, make, topics):
    purl, crimea = topics(PURL + CRIMEA)
    store.record_topics((purl, crimea), make.T0)
    store.record_topics((crimea,), make.T0)
    assert store.last_good_topics() == (crimea.source,)
    store.record_topics((purl,), make.T0)
    assert store.last_good_topics() == (purl.source,)


def test_an_earlier_version_of_a_topic_becomes_current_again(store, make, topics):
    (old,), (new,) = topics(PURL), topics(PURL.replace("NATO", "Ukraine"))
    assert old.version != new.version
    for topic in (old, new, old):
        store.record_topics((topic,), make.T0)
        assert store.last_good_topics() == (topic.source,)


def test_what_is_no_part_of_a_version_follows_the_file(store, make, topics):
    (old,), (new,) = topics(PURL), topics(PURL.replace("The aid scheme", "NATO's aid scheme"))
    assert old.version == new.version
    store.record_topics((old,), make.T0)
    store.record_topics((new,), make.T0)
    assert store.last_good_topics() == (new.source,)


def test_matches_are_stored_with_the_version(store, make, newsroom, topics, matches):
    store.record_topics(topics(PURL + CRIMEA), make.T0)
    found = matches(PURL + CRIMEA, "PURL and NATO", "On Crimea.")
    assert len(found) == 2
    newsroom.save(URL, title="PURL and NATO", text="On Crimea.", matches=found)


def test_a_match_of_a_topic_version_that_was_not_recorded_is_refused(store, make, newsroom, matches):
    found = matches(CRIMEA, "", "On Crimea.")
    newsroom.entry(URL)
    with pytest.raises(LookupError, match="crimea"):
        newsroom.save(URL, title="", text="On Crimea.", matches=found)
    assert store.article_at((URL,)) is None


def test_the_topics_in_force_can_be_asked_for(store, make, topics):
    assert store.versions_in_force() == {}
    store.record_topics(both := topics("topic a\n    match x\ntopic b\n    match y\n"), make.T0)
    assert store.versions_in_force() == {topic.name: topic.version for topic in both}
    store.record_topics(one := topics("topic a\n    match z\n"), make.T0)
    assert store.versions_in_force() == {"a": one[0].version}
    store.record_topics(both[1:], make.T0)
    assert store.versions_in_force() == {"b": both[1].version}


def test_topics_are_recorded_in_a_fixed_number_of_statements(store, make, topics):
    def of(size, word):
        text = "".join(f"topic t{number}\n    match {word}{number}\n" for number in range(size))
        return topics(text)

    counts = []
    for size in (3, 30):
        for word in ("one", "one", "two", "one"):
            with statements(store) as seen:
                store.record_topics(of(size, word), make.T0)
            counts.append(len(seen))
    assert counts[:4] == counts[4:]
    assert set(store.last_good_topics()) == {topic.source for topic in of(30, "one")}


@contextmanager
def statements(store):
    seen = []

    def count(*given):
        seen.append(given[2])

    event.listen(store._writer._engine, "before_cursor_execute", count)
    yield seen
    event.remove(store._writer._engine, "before_cursor_execute", count)


RECORDED = st.lists(
    st.dictionaries(st.sampled_from(["a", "b", "c"]), st.sampled_from(["x", "y", "z"]), max_size=3), max_size=5
)


@given(history=RECORDED)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
def test_whatever_was_recorded_before_the_last_is_in_force(store, make, topics, history):
    for words in history:
        recorded = topics("".join(f"topic {name}\n    match {word}\n" for name, word in words.items()))
        store.record_topics(recorded, make.T0)
        assert store.last_good_topics() == tuple(
            topic.source for topic in sorted(recorded, key=lambda topic: topic.name)
        )


def test_a_retired_topic_comes_back_by_its_name_alone(store, make, topics):
    purl, crimea = topics(PURL + CRIMEA)
    store.record_topics((purl, crimea), make.T0)
    store.record_topics((crimea,), make.T0)
    assert store.last_good_topics(names=["purl"]) == (purl.source,)
    assert store.last_good_topics(files=["a.rules"]) == (crimea.source,)
    assert store.last_good_topics(names=["purl"], files=["a.rules"]) == (crimea.source, purl.source)
