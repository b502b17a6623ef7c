"""`Store.write_together` of 20 × `Store.save`, each a new article of 3 kB as a step hands it over.

Its page was read, its text tokenised and its fingerprint taken by a worker before, and that does not count. What is
stored of it: its address, its first version with the text, the full-text row over title and body, its story, its
fingerprint, the lines that its site repeats, the outcome of its entry and the line in the log of fetches.
*articles_per_s* counts articles, *database_rows* all rows that were inserted or updated for each.

*raw* is the bare driver; *raw_cpu_us_secure_delete_…* is the same with that setting of SQLite: what is deleted is
overwritten only where its page is written anyway (`FAST`, ours), always (`ON`, which Debian's library has by default),
or never.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from storing.recorded import Replay, Spent, recording
from storing.words import paragraphs, sentence

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from storing.recorded import Said

    from ingest.model import Item
    from storage.store import Store

BATCH = 20
TEXT_CHARACTERS = 3_000
NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
#: The first one is ours.
SETTINGS = ("FAST", "ON", "OFF")


def batches(items: Sequence[Item]) -> list[Sequence[Item]]:
    """Items in batches."""
    return [items[start : start + BATCH] for start in range(0, len(items), BATCH)]


def save_round(folder: Path, count: int) -> dict[str, float]:
    """Save *count* articles in a new SQLite file, and let the bare driver say the same, batch by batch in turn."""
    from storage.store import Store

    path, items = prepared_database(folder / "save.db", count)
    twin, *raw_paths = (path.with_suffix(f".{name}") for name in ("twin", *SETTINGS))
    for copy in (twin, *raw_paths):
        shutil.copy(path, copy)
    script = _script(twin, items)
    replays = {name: Replay(raw, secure_delete=name) for name, raw in zip(SETTINGS, raw_paths, strict=True)}
    rows = count_rows(path)
    ours, raw = Spent(), dict.fromkeys(SETTINGS, Spent())
    with Store(f"sqlite:///{path}") as store:
        first_use(store)
        for some, said in zip(batches(items), script, strict=True):
            begun = Spent.now()
            save(store, some)
            ours += Spent.now() - begun
            for name, replay in replays.items():
                raw[name] += replay.say(said)
    for replay in replays.values():
        replay.close()
    with closing(sqlite3.connect(path)) as mine, closing(sqlite3.connect(raw_paths[0])) as theirs:
        counted = "SELECT count(*) FROM search_index WHERE search_index MATCH 'report'"
        assert mine.execute(counted).fetchone() == theirs.execute(counted).fetchone()
    as_ours = raw[SETTINGS[0]]
    return {
        "articles_per_s": count / ours.wall_s,
        "raw_articles_per_s": count / as_ours.wall_s,
        "over_raw": as_ours.cpu_s / ours.cpu_s,
        "cpu_us": 1e6 * ours.cpu_s / count,
        "statements": sum(map(len, script)) / count,
        "database_rows": (count_rows(path) - rows) / count,
        **{f"raw_cpu_us_secure_delete_{name}": 1e6 * raw[name].cpu_s / count for name in SETTINGS},
        **{f"raw_per_s_secure_delete_{name}": count / raw[name].wall_s for name in SETTINGS},
    }


def save_round_on_server(url: str, count: int) -> dict[str, float]:
    """Save *count* articles in a new database on a server: half of them one at a time."""
    from storage.migrate import upgrade
    from storage.store import Store

    upgrade(url)
    with Store(url) as store:
        save(store, make_items(store, 2 * BATCH))
        items = make_items(store, count, first=2 * BATCH)
        half = count // 2
        begun = Spent.now()
        for item in items[:half]:
            store.save(item)
        alone = Spent.now() - begun
        begun = Spent.now()
        save(store, items[half:])
        together = Spent.now() - begun
    return {
        "articles_per_s": (count - half) / together.wall_s,
        "articles_per_s_one_at_a_time": half / alone.wall_s,
        "cpu_us": 1e6 * together.cpu_s / (count - half),
        "cpu_us_one_at_a_time": 1e6 * alone.cpu_s / half,
    }


def prepared_database(path: Path, count: int, *, characters: int = TEXT_CHARACTERS) -> tuple[Path, list[Item]]:
    """A new database with some articles, and items that can be saved in it, the writer having gone."""
    from storage.migrate import upgrade
    from storage.store import Store

    url = f"sqlite:///{path}"
    upgrade(url)
    with Store(url) as store:
        warm, items = make_items(store, 2 * BATCH), make_items(store, count, first=2 * BATCH, characters=characters)
        save(store, warm)
    return path, items


def _script(path: Path, items: Sequence[Item]) -> list[list[Said]]:
    """What is said of each batch."""
    from storage.store import Store

    script = []
    with recording() as said, Store(f"sqlite:///{path}") as store:
        first_use(store)
        for some in batches(items):
            said.clear()
            save(store, some)
            script.append(list(said))
    return script


def first_use(store: Store) -> None:
    """Open the writing connection, and let it learn what it keeps in memory."""
    store.record_events((), NOW)


def count_rows(path: Path) -> int:
    """Rows of all tables of ours; what the full-text index makes of one of its own is not counted."""
    from storage.tables import metadata

    with closing(sqlite3.connect(path)) as connection:
        names = [table.name for table in metadata.sorted_tables]
        counts = [connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names]
        # One row each, beside the inverted index.
        return sum(counts) + connection.execute("SELECT count(*) FROM search_index_docsize").fetchone()[0]


def save(store: Store, items: Sequence[Item]) -> None:
    """Save them in batches."""
    for some in batches(items):
        raise_any(store.write_together([partial(store.save, item) for item in some]))


def raise_any(outcomes: Sequence[object]) -> None:
    """Raise what a call has raised."""
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome


# --- what is saved ----------------------------------------------------------------------------------


def make_items(store: Store, count: int, *, first: int = 0, characters: int = TEXT_CHARACTERS) -> list[Item]:
    """New entries in *store*, and what a step would store of each."""
    from ingest.copies.fingerprint import take_fingerprint
    from ingest.copies.model import Placement
    from ingest.model import Article, EntryOutcome, EntryState, Fetched, Item, Reading, TextFrom
    from rules.text import tokenize

    draw = random.Random(first)
    urls = [
        f"https://host-{number % 200}.example/2026/01/report-{number}.html" for number in range(first, first + count)
    ]
    items = []
    for url, entry_id in zip(urls, _entries(store, urls), strict=True):
        title, text = f"Report of {sentence(draw)[:60]}", paragraphs(draw, characters)
        article = Article(
            url=url,
            source=url.split("/")[2],
            title=title,
            text=text,
            author="A. Reporter",
            published=NOW - timedelta(minutes=draw.randint(0, 1000)),
            lang="en",
            sections=("news",),
            text_from=TextFrom.PAGE,
            repaired=None,
            raw_hash=f"{entry_id:064x}",
            credit=None,
            canonical=url,
        )
        lines = (" ".join(tokenize(title).folded), " ".join(tokenize(text).folded))
        items.append(
            Item(
                entry_id=entry_id,
                now=NOW,
                outcome=EntryOutcome(
                    state=EntryState.DONE,
                    text_from=TextFrom.PAGE,
                    next_try_at=NOW + timedelta(hours=1),
                    fetched=Fetched(at=NOW, status=200, url=url),
                ),
                reading=Reading(
                    article=article, fingerprint=take_fingerprint(text, title), matches=(), index_lines=lines
                ),
                placement=Placement(),
                seen=2**60,
                addresses=(url,),
            )
        )
    return items


def _entries(store: Store, urls: Sequence[str]) -> tuple[int, ...]:
    from ingest.polling import ConfiguredFeed, ListedEntry, NewEntry

    feed_url = "https://host.example/feed"
    store.sync_feeds([ConfiguredFeed(url=feed_url)], NOW)
    (due,) = store.due_feeds(NOW, 1, is_everything_due=True)
    new = tuple(
        NewEntry(
            identity=f"guid:{url}",
            content_hash=url,
            listed=ListedEntry(
                guid=url,
                link=url,
                page_address=url,
                title="Report",
                author=None,
                published=NOW,
                updated=None,
                text="What the council said.",
                lang=None,
            ),
        )
        for url in urls
    )
    return store.record_poll(poll_of(due.id, new=new, is_document=True, status=200))[-len(urls) :]


def poll_of(feed_id: int, **given: Any) -> Any:
    """A poll that was answered by 304, but for what is given."""
    from ingest.polling import FeedState, Poll, PollPlan

    plan = PollPlan(state=FeedState.ACTIVE, interval_s=1800, failures=0, next_poll_at=NOW + timedelta(minutes=30))
    values: dict[str, Any] = {"feed_id": feed_id, "polled_at": NOW, "plan": plan, "status": 304}
    return Poll(**(values | given))
