"""Texts that an import brings were never judged by the topics in force here, and that is known until they are."""

from __future__ import annotations

from datetime import timedelta

from storage.backfills import BackfillSpan
from storage.listings import Listings
from storage.matches import Judged

ALL = BackfillSpan(since=None, until=None, words="..")
VERSIONS = {"bridges": "v1"}


def is_behind(url):
    with Listings(url) as listings:
        return [topic.is_behind for topic in listings.topics()]


def judge(store, run, now):
    texts, cursor = store.texts_to_judge(run, 100)
    return store.record_judged(run, [Judged(text=text, found=()) for text in texts], cursor, VERSIONS, now)


def test_a_back_fill_that_ends_beside_an_import_leaves_its_texts_behind(
    newsroom, other, make, url, third_url, archives
):
    """The import marks them while the run looks at its last text; who judges the next time drops the mark."""
    now = make.T0 + timedelta(days=50)
    other.feed()
    other.save("https://here.example/1", **archives.text("Here"))
    other.store.record_topics((archives.Topic("bridges", "v1"),), make.T0)
    run = judge(other.store, other.store.begin_backfill("v1", ALL, now), now)
    newsroom.save("https://a.example/1", **archives.text("One"))
    archives.bring(archives.export(url, make), third_url, make)
    other.store.finish_backfill(run, VERSIONS, now)
    assert is_behind(third_url) == [True]
    run = judge(other.store, other.store.begin_backfill("v1", ALL, now), now)
    assert run.looked_at == 1
    other.store.finish_backfill(run, VERSIONS, now)
    assert is_behind(third_url) == [False]


def test_a_text_that_is_gone_leaves_nobody_behind(newsroom, make, url, archives):
    from storage import forgotten

    now = make.T0 + timedelta(days=50)
    newsroom.feed()
    newsroom.save("https://here.example/1", **archives.text("Here"))
    gone = newsroom.save("https://gone.example/1", **archives.text("Gone"))
    newsroom.store.record_topics((archives.Topic("bridges", "v1"),), make.T0)
    newsroom.store._write(lambda connection: forgotten.forget(connection, gone.article_id, now))
    assert is_behind(url) == [True]
    run = judge(newsroom.store, newsroom.store.begin_backfill("v1", ALL, now), now)
    newsroom.store.finish_backfill(run, VERSIONS, now)
    assert is_behind(url) == [False]
