"""Candidates come from postings and from fingerprints that have none yet; nobody can tell which."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from ingest.copies.ranking import MOST_CANDIDATES, NEWEST_PER_HASH
from storage import fingerprints
from storage.postings import POSTED_AT_ONCE, Tail
from storage.store import Store

ARTICLES = POSTED_AT_ONCE + 40
URL = "https://news.example/"


@pytest.fixture(scope="module")
def archive(tmp_path_factory, empty_file, make):
    """A database past the first writing of postings, and the hashes of each of its articles."""
    file = tmp_path_factory.mktemp("archive") / "news.db"
    file.write_bytes(empty_file.read_bytes())
    draw = random.Random(7)
    taken = {}
    with Store(f"sqlite:///{file}") as store:
        newsroom = make.Newsroom(store)
        for number in range(ARTICLES):
            rare = draw.sample(range(200), 10)
            common = draw.sample(range(1000, 1004), 2)
            hashes = make.hashes(*rare, *common)
            at = make.T0 + number * make.MINUTE
            taken[newsroom.save(f"{URL}{number}", fingerprint=hashes, at=at).article_id] = set(hashes.hashes)
        newsroom.save(f"{URL}3", text="Corrected.", fingerprint=make.hashes(*range(500, 512)), at=at)
        taken[4] = set(range(500, 512))
    return file, taken


@pytest.fixture
def store(archive):
    with Store(f"sqlite:///{archive[0]}") as opened:
        yield opened


def brute_force(taken, wanted, make, since):
    """The candidates by the definition: shared hashes weighed by rarity, of each hash the newest articles."""
    # The corrected article has the newest fingerprint.
    order = [article for article in taken if article != 4] + [4]
    shared, weight = {}, {}
    for number in wanted:
        having = [article for article in order if number in taken[article]][-NEWEST_PER_HASH:]
        for article in having:
            shared[article] = shared.get(article, 0) + 1
            weight[article] = weight.get(article, 0) + 1 / len(having)
    ranked = sorted(shared, key=lambda article: (-round(weight[article], 9), -order.index(article)))
    return [(article, shared[article]) for article in ranked if make.T0 + (article - 1) * make.MINUTE >= since]


def test_candidates_are_those_of_the_definition(archive, store, make):
    _, taken = archive
    draw = random.Random(11)
    for wanted in [[*draw.sample(range(200), 8), 1000, 1001] for _ in range(20)]:
        found = store.candidates(make.hashes(*wanted), site="a.example", since=make.T0)
        expected = dict(brute_force(taken, wanted, make, make.T0))
        assert len(found.rows) == MOST_CANDIDATES
        assert {row.article_id: row.shared for row in found.rows}.items() <= expected.items()
        best = brute_force(taken, wanted, make, make.T0)[0]
        assert (found.rows[0].article_id, found.rows[0].shared) == best


def test_candidates_reach_into_postings_and_beyond_them(archive, store, make):
    """What is shared with more than 50 newer articles is not counted: it is furniture."""
    _, taken = archive
    for article in (1, POSTED_AT_ONCE, POSTED_AT_ONCE + 1, ARTICLES):
        found = store.candidates(make.hashes(*taken[article]), site="a.example", since=make.T0)
        assert found.rows[0].article_id == article
        assert found.rows[0].shared == dict(brute_force(taken, taken[article], make, make.T0))[article]
    since = make.T0 + (ARTICLES - 1) * make.MINUTE
    found = store.candidates(make.hashes(*taken[ARTICLES]), site="a.example", since=since)
    assert [row.article_id for row in found.rows] == [ARTICLES]


def test_the_superseded_fingerprint_has_no_postings(archive, store):
    with closing(sqlite3.connect(archive[0])) as connection:
        orphans = "SELECT count(*) FROM posting WHERE fingerprint_id NOT IN (SELECT id FROM fingerprint)"
        assert connection.execute(orphans).fetchone() == (0,)
        assert connection.execute("SELECT max(fingerprint_id) FROM posting").fetchone() == (POSTED_AT_ONCE,)


def test_a_transaction_that_is_behind_still_sees_all_that_was_there(archive, store, make):
    """Others have read that postings were written of what this one finds among those that have none."""
    _, taken = archive
    tail = Tail()
    hashes = tuple(taken[ARTICLES])

    def look(connection, *, posted, seen):
        return {hit.owner for hit in tail.find(connection, hashes, posted=posted, seen=seen)}

    def work(connection):
        every = look(connection, posted=0, seen=ARTICLES)
        assert ARTICLES in every
        ahead = look(connection, posted=POSTED_AT_ONCE, seen=ARTICLES)
        assert ahead == {owner for owner in every if owner > POSTED_AT_ONCE}
        assert look(connection, posted=0, seen=ARTICLES) == every
        assert look(connection, posted=POSTED_AT_ONCE, seen=ARTICLES - 1) == ahead - {ARTICLES}
        assert look(connection, posted=POSTED_AT_ONCE, seen=ARTICLES) == ahead

    store._read(work)


def test_what_is_older_than_the_window_is_not_walked_through(archive, store, make):
    later = make.T0 + timedelta(days=30)
    taken = make.hashes(*archive[1][1])

    def bounds(connection):
        return connection.execute(fingerprints._BOUNDS, {"before": later}).one()

    seen, posted, floor = store._read(bounds)
    assert floor == seen
    assert posted == POSTED_AT_ONCE
    assert store.candidates(taken, site="a.example", since=later).rows == ()
