"""Rows with a text of about 3.3 kB and their full-text rows, 20 in a transaction.

The table is ours, `article_version`, whose rows are unique by article and number and stand in more indexes, with all
their other values. The full-text row is over our own tokens of title and body, which were made before, as
`articles.prepare` does. Stored the way that `Store.save` stores them; nothing else is stored of an article here.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING

from storing.recorded import Replay, Spent, recording
from storing.saving import BATCH, prepared_database

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sqlalchemy import Connection

    from ingest.model import Item
    from storage.articles import Prepared
    from storage.engine import Writer

TEXT_CHARACTERS = 3_300


def rows_round(folder: Path, count: int) -> dict[str, float]:
    """Store *count* rows of each kind in a new SQLite file, and let the bare driver say the same in turn."""
    from storage.articles import prepare

    path, items = prepared_database(folder / "rows.db", count, characters=TEXT_CHARACTERS)
    twin, raw_path = path.with_suffix(".twin"), path.with_suffix(".raw")
    shutil.copy(path, twin)
    shutil.copy(path, raw_path)
    rows = [(number, item, prepare(item)) for number, item in enumerate(items)]
    some_rows = [rows[start : start + BATCH] for start in range(0, count, BATCH)]
    script = []
    with recording() as said, _writer(twin) as writer:
        for some in some_rows:
            said.clear()
            writer.run(partial(_add, rows=some))
            script.append(list(said))
    ours, raw, replay = Spent(), Spent(), Replay(raw_path)
    with _writer(path) as writer:
        for some, said in zip(some_rows, script, strict=True):
            begun = Spent.now()
            writer.run(partial(_add, rows=some))
            ours += Spent.now() - begun
            raw += replay.say(said)
    replay.close()
    with closing(sqlite3.connect(path)) as mine, closing(sqlite3.connect(raw_path)) as theirs:
        counted = "SELECT count(*), sum(length(text)) FROM article_version"
        assert mine.execute(counted).fetchone() == theirs.execute(counted).fetchone()
    return {
        "rows_per_s": count / ours.wall_s,
        "raw_rows_per_s": count / raw.wall_s,
        "over_raw": raw.cpu_s / ours.cpu_s,
        "cpu_us": 1e6 * ours.cpu_s / count,
        "raw_cpu_us": 1e6 * raw.cpu_s / count,
        "characters": sum(len(item.reading.article.text) for item in items) / count,
    }


@contextmanager
def _writer(path: Path) -> Iterator[Writer]:
    from storage.address import SqliteFile
    from storage.engine import Writer, writing_engine

    writer = Writer(writing_engine(SqliteFile(path)), str(path))
    try:
        # Let it open its connection.
        writer.run(lambda _: None)
        yield writer
    finally:
        writer.close()


def _add(connection: Connection, *, rows: Sequence[tuple[int, Item, Prepared]]) -> None:
    from storage.articles import _add_version

    # Articles that are there have no version of such a number.
    for number, item, prepared in rows:
        _add_version(connection, item, prepared, 1, number % (2 * BATCH) + 1, number + 2)
