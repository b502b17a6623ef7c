"""Short ways to fill a database and to bring archives from one to another. Tests get this module as `archives`."""

from __future__ import annotations

import io
import json
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from ingest.copies.fingerprint import take_fingerprint
from ingest.copies.model import RelationKind
from ingest.model import EntryOutcome, EntryState, TextFrom
from ingest.polling import Event, EventKind
from rules.match import TopicMatch
from rules.plans import Span
from storage import tables
from storage.archive.rows import ArchiveEnd
from storage.archive.transfer import ArchiveReader, ArchiveWriter
from storage.listings import Listings
from wirewatch.archive import lines_of, read_archive, record_line
from wirewatch.errors import WirewatchError
from wirewatch.importing import import_records, survey_records

if TYPE_CHECKING:
    from storage.store import Store

PROSE = (
    "The ministers met in the old town hall on Monday to speak about the harbour, its bridges and the money that "
    "both would cost in the coming years, and nobody left before midnight. {} was the word of the evening."
)


def export(url: str, make: Any, *, raw_pages: bool = True) -> list[str]:
    with ArchiveReader(url) as reader:
        return list(lines_of(reader.header(make.T0), reader.records(raw_pages=raw_pages)))


def without(lines: list[str], kind: str) -> list[str]:
    """An archive that never had records of this kind."""
    left = [line for line in lines[:-1] if f'"record":"{kind}"' not in line]
    return [*left, end_of(left)]


def bring_some(lines: list[str], url: str, make: Any) -> int:
    """Bring an archive that is cut off once more, and return how many of its records are known by then."""
    with pytest.raises(WirewatchError):
        bring(lines, url, make, tell=(told := []).append)
    counts = foretell([*lines, end_of(lines)], url)
    assert all(name.endswith(".known") for name in counts), counts
    return told[-1] if told else 0


def end_of(lines: list[str]) -> str:
    """The last line of an archive that has these."""
    return record_line(ArchiveEnd(records=Counter(json.loads(line)["record"] for line in lines[1:])))


def foretell(lines: list[str], url: str, **given: Any) -> Any:
    _, records = read_archive(io.BytesIO("".join(lines).encode()), "archive.jsonl")
    with ArchiveReader(url) as reader:
        return survey_records(reader, records, **given)


def bring(lines: list[str], url: str, make: Any, **given: Any) -> Any:
    _, records = read_archive(io.BytesIO("".join(lines).encode()), "archive.jsonl")
    with ArchiveWriter(url) as writer:
        return import_records(writer, records, clock=lambda: make.T0 + timedelta(days=40), **given)


def read_rows(url: str, *columns: Any) -> list[Any]:
    with Listings(url) as listings:
        return listings._read(lambda connection: list(connection.execute(select(*columns))))


def text(word: str) -> dict[str, Any]:
    body = PROSE.format(word)
    return {"text": body, "title": f"About {word}", "fingerprint": take_fingerprint(body, f"About {word}")}


class Topic:
    """What `record_topics` needs of a topic."""

    def __init__(self, name: str, version: str) -> None:
        self.name, self.version = name, version
        self.source, self.title, self.tags, self.langs, self.file = f"topic {name}", "T", ("a",), ("en",), "x.rules"


def fill(newsroom: Any, make: Any) -> None:
    """A database in which everything that an archive tells has happened."""
    store: Store = newsroom.store
    t0, minute = make.T0, timedelta(minutes=1)
    harbour, old = Topic("harbour", "v1"), Topic("old", "v0")
    store.record_topics((harbour, old), t0)
    newsroom.feed("https://news.example/feed")
    found = TopicMatch(topic="harbour", version="v1", rules=("harbour.1",), spans=(Span("title", 0, 5),))
    first = newsroom.save("https://a.example/1", at=t0, matches=(found,), page=make.page(), **text("Bridges"))
    copy = newsroom.save(
        "https://b.example/1",
        at=t0 + minute,
        story_id=first.story_id,
        relations=(make.relation(first.article_id),),
        addresses=("https://b.example/1", "https://b.example/1?amp"),
        published=t0 - timedelta(days=1),
        **text("Bridges!"),
    )
    alone = newsroom.save("https://c.example/1", at=t0 + 2 * minute, **text("Ships"))
    # A page that joins the two stories, then a correction that leaves them again.
    newsroom.save(
        "https://d.example/1",
        at=t0 + 3 * minute,
        story_id=first.story_id,
        merges=(alone.story_id,),
        relations=(make.relation(first.article_id), make.relation(alone.article_id, RelationKind.EXTENDED)),
        **text("Bridges and ships"),
    )
    newsroom.save("https://d.example/1", at=t0 + 4 * minute, matches=(found,), **text("Nothing of that"))
    newsroom.save("https://d.example/1", at=t0 + 5 * minute, **text("Bridges and ships"))
    assert copy.article_id
    # The topic changes, is judged anew, and another one is retired.
    store.record_topics((Topic("harbour", "v2"),), t0 + 6 * minute)
    newsroom.save(
        "https://e.example/1",
        at=t0 + 7 * minute,
        matches=(TopicMatch(topic="harbour", version="v2", rules=("harbour.1",), spans=()),),
        **text("Cranes"),
    )
    newsroom.feed("https://other.example/feed")
    newsroom.poll(make.new_entry("https://f.example/1", title="Ю\u2028\x9f"), at=t0)
    _save_without_address(newsroom, make)
    failed = newsroom.entry("https://g.example/1", at=t0)
    outcome = EntryOutcome(state=EntryState.RETRYING, attempts=2, next_try_at=t0 + timedelta(hours=1), detail="late")
    store.finish_entry(failed, outcome)
    store.record_events([Event(kind=EventKind.GAP, feed_id=newsroom.feed_id, detail="a gap")], t0)
    store.record_events([Event(kind=EventKind.DRIFT, site="a.example", detail="other pages")], t0)


def _save_without_address(newsroom: Any, make: Any) -> None:
    entry = make.new_entry(None, guid="tag:no-address", link=None, page_address=None)
    # Ids are given out that no row has in the end, so that those of the archive's reader are others.
    (ident,) = newsroom.poll(entry, at=make.T0)
    url = f"urn:wirewatch:entry:{ident}"
    item = make.item(ident, url, at=make.T0, source="", text_from=TextFrom.FEED, **text("Orphans"))
    newsroom.store.save(item)


def everything(url: str) -> dict[str, list[Any]]:
    """All rows but those that say how far postings are."""
    left_out = {"posting", "posting_state", "topic_backlog"}
    return {
        table.name: sorted(map(repr, read_rows(url, table)))
        for table in tables.metadata.sorted_tables
        if table.name not in left_out
    }
