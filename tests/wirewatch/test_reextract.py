"""Kept pages read again: interrupted anywhere the end is the same, and others may be at work meanwhile."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from ingest.address import DEFAULT_TRACKERS
from ingest.model import EXTRACTOR_VERSION, Reread
from ingest.workers import InlineWorkers
from rules.files import parse_topic
from storage.account import broken_laws
from storage.redo.runs import RedoKind, RedoSpan
from storage.store import Store
from storage.upkeep.erasing import Eraser
from wirewatch.reextract import Reextraction

NOW = datetime(2027, 1, 5, tzinfo=UTC)


def database(folder):
    (file,) = folder.glob("**/*.db")
    return file


def dump(file):
    with closing(sqlite3.connect(file)) as connection:
        return [line for line in connection.iterdump() if "search_index" not in line[:60]]


class Interrupted(Exception):
    """Stands for a kill between two pages."""


def reextraction(store, **given):
    return Reextraction(
        store=store,
        workers=InlineWorkers(),
        window=timedelta(days=14),
        trackers=DEFAULT_TRACKERS,
        site_rule=lambda _: None,
        clock=lambda: NOW,
        **given,
    )


def redo(file, *, span=None, batch=4, **given):
    with Store(f"sqlite:///{file}") as store:
        run = store.redo.begin(RedoKind.REEXTRACT, EXTRACTOR_VERSION, span or RedoSpan(), NOW)
        done = asyncio.run(reextraction(store, **given).run(run, batch=batch))
        assert store._read(broken_laws) == ()
        return done


@pytest.fixture
def misread(copied):
    """The newsroom as an earlier extractor has read it: every third text is wrong."""
    with closing(sqlite3.connect(database(copied))) as connection:
        connection.executescript("""
            UPDATE article_version SET extractor_version = 0;
            UPDATE article_version SET text = 'Menu ' || id, text_hash = 'wrong ' || id
                WHERE id IN (SELECT version_id FROM raw_page) AND id % 3 = 0;
        """)
    return copied


def test_interrupted_anywhere_the_end_is_the_same(misread, tmp_path):
    whole = shutil.copytree(misread, tmp_path / "whole")
    expected = redo(database(whole))
    assert min(expected.changed, expected.looked_at - expected.changed) > 2
    file = database(misread)

    for pages in (0, 1, 2):
        keep = Store.save
        done = 0

        def stop(self, item, keep=keep):
            nonlocal done
            done += 1
            if done > pages:  # noqa: B023  # used up within the round
                raise Interrupted
            return keep(self, item)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Store, "save", stop)
            with pytest.raises(Interrupted):
                redo(file, batch=3)
    after = redo(file)
    assert (after.looked_at, after.changed, after.failed) == (expected.looked_at, expected.changed, expected.failed)
    assert dump(file) == dump(database(whole))


def test_twice_changes_nothing(misread):
    file = database(misread)
    redo(file)
    before = dump(file)
    again = redo(file, span=RedoSpan(is_all=True))
    assert again.changed == 0
    tables = {line.split('"')[1] for line in set(dump(file)) - set(before) if line.startswith("INSERT")}
    assert tables <= {"redo", "sqlite_sequence"}


def test_an_article_stays_at_its_address_wherever_its_page_came_from(misread):
    file = database(misread)
    moved = "https://moved.example/story"
    with closing(sqlite3.connect(file)) as connection:
        # As when its page was found to be the same as another one, after it came.
        ((article,),) = connection.execute(
            "SELECT id FROM article WHERE version_id % 3 = 0 ORDER BY id LIMIT 1"
        ).fetchall()
        connection.execute("UPDATE article SET url = ?, source = 'moved.example' WHERE id = ?", (moved, article))
        connection.execute("DELETE FROM article_address WHERE article_id = ?", (article,))
        connection.execute("INSERT INTO article_address VALUES (?, ?)", (moved, article))
        ((before,),) = connection.execute("SELECT count(*) FROM article").fetchall()
        connection.commit()
    assert redo(file).changed
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT count(*) FROM article").fetchall() == [(before,)]
        statement = "SELECT url, source, n FROM article a JOIN article_version v ON v.id = a.version_id WHERE a.id = ?"
        assert connection.execute(statement, (article,)).fetchall() == [(moved, "moved.example", 2)]


def test_an_article_that_shows_another_text_by_now_is_left_alone(misread):
    with Store(f"sqlite:///{database(misread)}") as store:
        run = store.redo.begin(RedoKind.REEXTRACT, EXTRACTOR_VERSION, RedoSpan(), NOW)
        pages = [page for page in store.redo.pages(run, 99) if page.version_id % 3 == 0]
        page = pages[0]
        again = reextraction(store)
        asyncio.run(again._take_rules())
        found = asyncio.run(again._read(page))
        assert found.is_other_text(page.article)
        reread = Reread(version_id=page.version_id, run_id=run.id, topics=again._topics)
        save = again._rereading.save
        # a newer text, as a live step stores it; then the page of the old one
        assert asyncio.run(save(found.reading, page.entry, page.article, reread))
        assert not asyncio.run(save(found.reading, page.entry, page.article, reread))
        asyncio.run(again._keep(run, page, found))
        assert store.redo.last_run(RedoKind.REEXTRACT).looked_at == 2
        # one that is forgotten
        gone = pages[1]
        with Eraser(f"sqlite:///{database(misread)}") as eraser:
            eraser.forget(gone.article.id, NOW)
        asyncio.run(again._keep(run, gone, asyncio.run(again._read(gone))))
        assert store.article_at((gone.article.url,)) is None
        assert store._read(broken_laws) == ()


def test_rules_that_come_into_force_meanwhile_are_the_ones_it_judges_by(misread):
    with Store(f"sqlite:///{database(misread)}") as store:
        run = store.redo.begin(RedoKind.REEXTRACT, EXTRACTOR_VERSION, RedoSpan(), NOW)
        page = next(page for page in store.redo.pages(run, 99) if page.version_id % 3 == 0)
        again = reextraction(store)
        asyncio.run(again._take_rules())
        found = asyncio.run(again._read(page))
        store.record_topics((parse_topic("topic all\n    match /\\w/\n"),), NOW)
        asyncio.run(again._keep(run, page, found))
        assert store.redo.last_run(RedoKind.REEXTRACT).changed == 1
    with closing(sqlite3.connect(database(misread))) as connection:
        statement = """
            SELECT t.name FROM match m JOIN topic t ON t.id = m.topic_id
            JOIN article a ON a.version_id = m.version_id WHERE a.id = ? AND m.retired_at IS NULL"""
        assert connection.execute(statement, (page.article.id,)).fetchall() == [("all",)]
