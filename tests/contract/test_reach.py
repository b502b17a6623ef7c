"""Postings of articles that nobody is compared with any more go, and come back where somebody looks further back."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from sqlalchemy import create_engine, func, select

from ingest.copies.fingerprint import FINGERPRINT_ALG, take_fingerprint
from ingest.model import utc_now
from storage.postings import POSTED_AT_ONCE
from storage.rebuilds import RebuildSpan
from storage.tables import fingerprint, posting

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TITLE = "A title"
ARTICLES = POSTED_AT_ONCE + 4
SITE = "other.example"
#: A batch of less than the articles of a day, so that it takes many.
BATCH = 10


@pytest.fixture
def texts(newsroom, make):
    """An article an hour; the last few fingerprints have no postings yet."""
    draw = random.Random(5)
    words = [f"word{n}" for n in range(300)]
    found = []
    for n in range(ARTICLES):
        text = " ".join(draw.choices(words, k=60)) if n % 7 or n < 7 else found[n - 7]
        taken = take_fingerprint(text, TITLE)
        newsroom.save(f"https://news.example/{n}", text=text, title=TITLE, fingerprint=taken, at=make.T0 + n * HOUR)
        found.append(text)
    return found


def look(store, texts, since, **given):
    """What is found for every tenth text."""
    return [
        store.candidates(take_fingerprint(text, TITLE), site=SITE, since=since, **given).rows for text in texts[::10]
    ]


def cut(store, before):
    while store.cut_postings(before, limit=BATCH):
        pass


def reach_back(store, since):
    while store.reach_back(since, limit=BATCH):
        pass


@pytest.fixture
def count(url):
    """How many postings, and how many fingerprints with hashes there are."""

    def ask():
        address = url.replace("postgresql://", "postgresql+psycopg://")
        engine = create_engine(address)
        with engine.connect() as connection:
            postings = connection.execute(select(func.count()).select_from(posting)).scalar_one()
            kept = connection.execute(select(func.count()).where(func.length(fingerprint.c.hashes) > 0)).scalar_one()
        engine.dispose()
        return postings, kept

    return ask


def test_what_is_within_the_window_is_found_as_before(store, texts, make):
    since = make.T0 + 6 * DAY
    before = look(store, texts, since)
    cut(store, since)
    assert look(store, texts, since) == before
    assert any(before)


def test_what_is_older_takes_no_room(store, texts, make, count):
    postings, kept = count()
    assert kept == ARTICLES
    cut(store, make.T0 + 6 * DAY)
    fewer, left = count()
    # A day more is kept, as ids and times may be in disorder, and a last batch that is not full.
    assert ARTICLES - 5 * 24 <= left <= ARTICLES - 5 * 24 + BATCH
    assert fewer < postings * 0.6


def test_it_comes_back(store, texts, make, count):
    before, all_found = count(), look(store, texts, make.T0)
    cut(store, make.T0 + 8 * DAY)
    reach_back(store, make.T0 + 3 * DAY)
    assert look(store, texts, make.T0 + 3 * DAY) != [()] * len(all_found)
    reach_back(store, make.T0)
    assert look(store, texts, make.T0) == all_found
    assert count() == before
    assert store.reach_back(make.T0) == 0


def test_relatives_that_have_no_hashes_any_more_are_told_as_before(store, texts, newsroom, make):
    """The leads of stories are compared with a corrected text however old they are."""
    url = "https://news.example/copy"
    relation = make.relation(to=1)
    saved = newsroom.save(url, text=texts[0], at=make.T0 + 9 * DAY, relations=(relation,), story_id=1)
    before = look(store, texts, make.T0 + 8 * DAY, known_as=saved.article_id)
    cut(store, make.T0 + 8 * DAY)
    assert look(store, texts, make.T0 + 8 * DAY, known_as=saved.article_id) == before
    assert 1 in {row.article_id for row in before[0]}


def test_a_corrected_article_that_is_older_is_found_again(store, texts, newsroom, make):
    cut(store, make.T0 + 8 * DAY)
    text = "It was all quite different, says the editor, and gives the words again as they were said on that day."
    taken = take_fingerprint(text, TITLE)
    newsroom.save("https://news.example/3", text=text, title=TITLE, fingerprint=taken, at=make.T0 + 11 * DAY)
    (found, *_) = store.candidates(taken, site=SITE, since=make.T0).rows
    assert found.article_id == 4
    reach_back(store, make.T0)
    assert store.candidates(taken, site=SITE, since=make.T0).rows[0] == found


def test_nothing_goes_while_articles_are_compared_once_more(store, texts, make):
    run = store.begin_rebuild(FINGERPRINT_ALG, DAY, RebuildSpan(words="all", since=None), utc_now())
    assert store.cut_postings(make.T0 + 8 * DAY, limit=BATCH) == 0
    store.finish_rebuild(run, utc_now())
    assert store.cut_postings(make.T0 + 8 * DAY, limit=BATCH) == BATCH


def test_an_empty_archive_has_nothing_to_do(store, make):
    assert store.cut_postings(make.T0) == store.reach_back(make.T0) == 0
