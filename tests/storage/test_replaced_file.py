"""A database that is taken away or replaced while it is open: nothing is written where nobody would find it."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest

from ingest.polling import ConfiguredFeed
from storage.errors import DatabaseMissing
from storage.store import Store

NOW = datetime(2026, 1, 5, tzinfo=UTC)


def feeds_of(path):
    with closing(sqlite3.connect(path)) as connection:
        return [url for (url,) in connection.execute("SELECT url FROM feed ORDER BY id")]


def add_feed(store, name):
    known = [ConfiguredFeed(url=f"https://news.example/{each}") for each in name]
    store.sync_feeds(known, NOW)


def move(path, to):
    for suffix in ("", "-wal", "-shm"):
        file = path.with_name(path.name + suffix)
        if file.exists():
            file.rename(to.with_name(to.name + suffix))


@pytest.mark.parametrize("is_deleted", [True, False], ids=["deleted", "moved"])
def test_a_file_that_is_gone_is_told_by_readers_and_writers(store, file, tmp_path, is_deleted):
    add_feed(store, "a")
    store.due_feeds(NOW, 1)
    move(file, tmp_path / "away.db")
    if is_deleted:
        for left in tmp_path.glob("away.db*"):
            left.unlink()
    with pytest.raises(DatabaseMissing):
        add_feed(store, "ab")
    with pytest.raises(DatabaseMissing):
        store.due_feeds(NOW, 1)
    assert not file.exists()


def test_one_that_is_put_back_is_used_again_and_has_everything(store, file, tmp_path):
    add_feed(store, "a")
    move(file, tmp_path / "away.db")
    with pytest.raises(DatabaseMissing):
        add_feed(store, "ab")
    move(tmp_path / "away.db", file)
    add_feed(store, "ab")
    assert len(store.due_feeds(NOW, 9)) == 2
    store.close()
    assert feeds_of(file) == ["https://news.example/a", "https://news.example/b"]


def test_another_one_in_its_place_is_what_is_written_and_read_from_then_on(url, file, tmp_path, empty_file):
    with Store(url) as store:
        add_feed(store, "a")
        store.due_feeds(NOW, 1)
        move(file, tmp_path / "away.db")
        shutil.copy(empty_file, file)
        assert store.due_feeds(NOW, 9) == ()
        add_feed(store, "b")
    assert feeds_of(file) == ["https://news.example/b"]
    assert feeds_of(tmp_path / "away.db") == ["https://news.example/a"]
