"""Of what is forgotten no byte is left: neither in the file nor beside it, whoever else is at work."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest

from ingest.polling import ChangedEntry
from storage.errors import DatabaseMissing
from storage.listings import Listings
from storage.redo import index_beside
from storage.store import Store
from storage.upkeep.erasing import Eraser

#: no two of them begin alike, or the index would keep only the rest of the second
WORDS = ("quaggaxylophone", "vexillumbandicoot", "zephyrsassafras")


def forget(url, store, make, *urls):
    with Eraser(url) as eraser:
        for each in urls:
            eraser.forget(store.article_at((each,)).id, make.T0)
        steps = sum(1 for _ in eraser.clean(pages=3))
        assert eraser.fold_log()
    return steps


def left(file):
    """The words that are found in the bytes of the database and of what lies beside it."""
    files = [each for each in file.parent.iterdir() if each.is_file()]
    return {word for word in WORDS for each in files if word.encode() in each.read_bytes()}


@pytest.fixture
def told(newsroom, make):
    """Articles with words that nobody else uses, long and short, among others."""
    for number in range(30):
        newsroom.save(f"https://news.example/{number}", text=f"Plain text {number}. " * 40)
    urls = []
    for number, word in enumerate(WORDS):
        url = f"https://news.example/secret/{number}"
        listed = make.new_entry(url, title=f"{word} title", text=f"The feed says {word}. " * 9)
        (newsroom.made[url],) = newsroom.poll(listed)
        text = f"The page says {word} and more. " * (1 if number else 2000)
        newsroom.save(url, title=f"{word} title", text=text, author=word, credit=word)
        urls.append(url)
    for number in range(30, 60):
        newsroom.save(f"https://news.example/{number}", text=f"Plain text {number}. " * 40)
    return urls


def test_the_bytes_are_gone_and_the_database_is_whole(file, url, store, make, told):
    assert left(file) == set(WORDS)
    assert forget(url, store, make, *told) > 0
    assert left(file) == set()
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        connection.execute("INSERT INTO search_index (search_index) VALUES ('integrity-check')")
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        assert not tables & {index_beside.SCRUB, index_beside.OLD, index_beside.NEXT}
        assert connection.execute("SELECT count(*) FROM search_index_docsize").fetchone() == (60,)
    with Listings(url) as listings:
        assert len(listings.search("plain").rows) == 60


def test_what_was_deleted_before_goes_too(file, url, store, make, told, newsroom):
    """A text that was replaced, and pages that somebody else has deleted, stay in pages that are free."""
    newsroom.save(told[0], text="Corrected.", at=make.T0 + make.MINUTE)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute("CREATE TABLE other (said TEXT)")
        connection.execute("INSERT INTO other VALUES (?)", (WORDS[1] * 9000,))
        connection.commit()
        connection.execute("DROP TABLE other")
        connection.commit()
    forget(url, store, make, *told)
    assert left(file) == set()


def test_a_reader_keeps_the_log_and_that_is_told(file, url, store, make, told):
    with closing(sqlite3.connect(file)) as reader, Eraser(url) as eraser:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM article").fetchone()
        eraser.forget(store.article_at((told[0],)).id, make.T0)
        assert not eraser.fold_log(wait_s=0.0)
        reader.execute("ROLLBACK")
        assert eraser.fold_log()


def test_what_was_broken_off_is_done_by_the_next(file, url, store, make, told):
    with closing(sqlite3.connect(file)) as connection:
        # some hundred pages that are free
        connection.executescript("CREATE TABLE other (said BLOB); INSERT INTO other VALUES (zeroblob(900000));")
        connection.execute("DROP TABLE other")
    with Eraser(url) as eraser:
        for each in told:
            eraser.forget(store.article_at((each,)).id, make.T0)
        steps = eraser.clean(pages=2)
        for _ in range(4):
            next(steps)
        # as far as pages are taken to be overwritten
        while True:
            with closing(sqlite3.connect(file)) as connection:
                if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'scrub'").fetchone():
                    break
            next(steps)
    with Eraser(url) as eraser:
        for _ in eraser.clean(pages=50):
            pass
        assert eraser.fold_log()
    assert left(file) == set()
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'scrub'").fetchone() is None


def test_a_store_that_is_open_goes_on(url, store, make, told, newsroom):
    """It has statements prepared, and is at work in between."""
    with Eraser(url) as eraser:
        eraser.forget(store.article_at((told[0],)).id, make.T0)
        for number, _ in enumerate(eraser.clean(pages=2)):
            newsroom.save(f"https://news.example/new/{number}", text=f"Fresh {number}.")
    with Listings(url) as listings:
        assert len(listings.search("fresh").rows) == number + 1
        assert listings.search(WORDS[0]).rows == ()
    with Store(url) as other:
        assert other.article_at((told[1],)) is not None


def test_what_feeds_said_before_goes_too(file, url, store, make, told, newsroom):
    """It stood in pages of the file that are in use."""
    for each in told:
        listed = make.listed(each, title="Another", text="Short.")
        changed = ChangedEntry(id=newsroom.made[each], content_hash="new", listed=listed)
        newsroom.poll(changed=(changed,), at=make.T0 + make.MINUTE)
    forget(url, store, make, *told)
    assert left(file) == set()


def test_a_server_is_left_alone_and_a_missing_file_is_told(tmp_path):
    with Eraser(f"sqlite:///{tmp_path}/none.db") as eraser, pytest.raises(DatabaseMissing):
        eraser.forget(1, datetime(2026, 1, 5, tzinfo=UTC))
    with Eraser("postgresql+psycopg://nobody@127.0.0.1:9/none") as eraser:
        assert not eraser.is_file
        assert list(eraser.clean()) == []
        assert eraser.fold_log()
