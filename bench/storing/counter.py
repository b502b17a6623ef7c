"""Lost updates: processes that read a number, add one and write it, through our writer and as SQLAlchemy comes.

Each process runs this file again. What must be left is the number of all additions; SQLAlchemy's default mode on
SQLite, where a SELECT runs outside of any transaction, is the named peer.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Connection

PROCESSES = 4
TIMES = 200
FEED = "https://news.example/counted"


def count_up(url: str, *, processes: int = PROCESSES, times: int = TIMES, way: str = "ours") -> dict[str, Any]:
    """Let so many processes add one so often to a number in the database at *url*; what came of it.

    *way*: "ours", or "default" for SQLAlchemy's own mode of the driver. The database is of the present schema.
    """
    before = make_counter(url)
    command = [sys.executable, __file__, url, str(times), way]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(processes)]
    errors = 0
    for process in running:
        told, _ = process.communicate()
        assert process.returncode == 0, f"a counter ended with {process.returncode}"
        errors += json.loads(told)["errors"]
    return {"wanted": processes * times, "counted": read_counter(url) - before, "errors": errors}


def make_counter(url: str) -> int:
    """See to it that there is a feed to count in; what its counter says now."""
    from datetime import UTC, datetime

    from ingest.polling import ConfiguredFeed
    from storage.store import Store

    with Store(url) as store:
        store.sync_feeds([ConfiguredFeed(url=FEED)], datetime.now(UTC))
    return read_counter(url)


def read_counter(url: str) -> int:
    """What the counter says."""
    from storage.store import Store

    with Store(url) as store:
        (due,) = store.due_feeds(_long_after(), 1)
        return store.feed(due.id).failures


def _long_after() -> Any:
    from datetime import UTC, datetime

    return datetime(9999, 1, 1, tzinfo=UTC)


def add_one(connection: Connection) -> None:
    """Read, add, write: what is lost when another does so in between."""
    from sqlalchemy import bindparam, select, update

    from storage.tables import feed

    value = connection.execute(select(feed.c.failures).where(feed.c.url == FEED)).scalar_one()
    connection.execute(update(feed).where(feed.c.url == FEED).values(failures=bindparam("n")), {"n": value + 1})


def count(url: str, times: int, way: str) -> int:
    """Add one so often; how often the database refused."""
    from sqlalchemy import create_engine
    from sqlalchemy.exc import OperationalError

    from storage.errors import StorageError
    from storage.store import Store

    errors = 0
    if way == "ours":
        with Store(url) as store:
            for _ in range(times):
                try:
                    # The method that all writing methods of a store go through.
                    store._write(add_one)  # noqa: SLF001  # no method of its own reads a number to write it
                except StorageError:
                    errors += 1
        return errors
    engine = create_engine(url)
    for _ in range(times):
        try:
            with engine.begin() as connection:
                add_one(connection)
        except OperationalError:
            errors += 1
    engine.dispose()
    return errors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("url")
    parser.add_argument("times", type=int)
    parser.add_argument("way", choices=("ours", "default"))
    arguments = parser.parse_args()
    print(json.dumps({"errors": count(arguments.url, arguments.times, arguments.way)}))


if __name__ == "__main__":
    main()
