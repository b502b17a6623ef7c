"""One match of a topic and a story, as it was at a moment: read in parts, as far as it is asked for."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, event

from rules.compile import compile_rules
from rules.document import Document
from storage.listings import Listings
from storage.lists import history
from storage.window import Window

ARTICLES = 13


@pytest.fixture
def listings(url, store):
    """What the database lists."""
    with Listings(url) as found:
        yield found


@pytest.fixture
def saved(newsroom, rules, store, make):
    """Matches of two stories and of some that have one article each; every third has no date."""
    in_force = rules(a="topic purl\n    match =PURL\n")
    store.record_topics(in_force.topics, make.T0)
    stories = []
    for number in range(ARTICLES):
        at = make.T0 + number * make.MINUTE
        matches = tuple(compile_rules(in_force.topics).match(Document(title="PURL", body=f"Text {number}.")))
        story = stories[number % 2] if number in {2, 3, 6, 9} else None
        done = newsroom.save(
            f"https://news.example/{number}",
            title="PURL",
            text=f"Text {number}.",
            matches=matches,
            at=at,
            published=None if number % 3 == 0 else at - number % 4 * 60 * make.MINUTE,
            story_id=story,
        )
        stories.append(done.story_id)


@pytest.mark.parametrize("by", ["first_seen", "published"])
@pytest.mark.parametrize("at_once", [1, 2, 5])
def test_the_parts_do_not_show(listings, make, saved, by, at_once):
    def read(limit, at_once):
        window = Window(by=by, limit=limit)
        work = lambda connection: history.matches(  # noqa: E731  # one line, said twice
            connection, window, None, make.T0 + 60 * make.MINUTE, once_a_story=True, at_once=at_once
        )
        return listings._read(work)

    whole = read(None, 100)
    assert len(whole) == ARTICLES - 4
    assert whole == listings.matches(by=by, once_a_story=True)
    assert read(None, at_once) == whole
    for limit in range(ARTICLES):
        assert read(limit, at_once) == whole[:limit]


def test_no_more_is_read_than_is_asked_for(listings, make, saved):
    said = []

    def keep(*given):
        said.append(given[2])

    event.listen(Engine, "before_cursor_execute", keep)
    try:
        listings._read(
            lambda connection: history.matches(
                connection, Window(limit=2), None, make.T0 + 60 * make.MINUTE, once_a_story=True, at_once=4
            )
        )
    finally:
        event.remove(Engine, "before_cursor_execute", keep)
    assert sum("JOIN topic ON" in each for each in said) == 1
