"""One version of an article, as rules are matched against it."""

from __future__ import annotations

import pytest

from rules.compile import compile_rules
from rules.document import Document
from storage.listings import Listings

A = "https://news.example/a"


@pytest.fixture
def listings(url, store):
    with Listings(url) as opened:
        yield opened


def test_a_version_has_every_field_that_rules_can_ask_for(newsroom, listings):
    given = {"author": "Ann Miller", "lang": "en-GB", "sections": ("World", "Europe"), "source": "edition.news.example"}
    saved = newsroom.save(A, title="Title", text="Body", **given)
    version = listings.version(saved.article_id)
    assert (version.article, version.n, version.versions, version.is_current) == (saved.article_id, 1, 1, True)
    assert version.matches == ()
    assert version.document == Document(title="Title", body="Body", url=A, **given)


def test_an_older_version_is_told_from_the_current_one(newsroom, listings, rules, make):
    loaded = rules(t="topic crimea\n match Crimea\n")
    newsroom.store.record_topics(loaded.topics, make.T0)
    matches = compile_rules(loaded.topics).match(Document(title="", body="in Crimea"))
    first = newsroom.save(A, text="in Crimea", matches=matches)
    newsroom.save(A, text="in Kyiv")
    current, old = listings.version(first.article_id), listings.version(first.article_id, 1)
    assert (current.n, current.versions, current.is_current, current.document.body) == (2, 2, True, "in Kyiv")
    assert (old.n, old.versions, old.is_current, old.document.body) == (1, 2, False, "in Crimea")
    assert current.matches == ()
    assert [(match.topic, match.topic_version) for match in old.matches] == [("crimea", loaded.topics[0].version)]


def test_what_does_not_exist_is_named(newsroom, listings):
    saved = newsroom.save(A)
    with pytest.raises(LookupError, match="no article 99"):
        listings.version(99)
    with pytest.raises(LookupError, match=f"article {saved.article_id} has no version 7, only 1"):
        listings.version(saved.article_id, 7)
