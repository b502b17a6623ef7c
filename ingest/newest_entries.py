"""The newest entries of a feed that lists more than are read.

Most feeds list the newest entry first, so of a long one the first entries are read. Some list the oldest first, and
those that would be left out are the news. Reading all of them to see takes seconds, so the others are cut out of the
document beforehand, by a look at nothing but their dates, which takes a tenth of the time.

Pure; nothing is opened, and there are no entities.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple
from xml.parsers import expat

from ingest.feed_dates import read_date
from ingest.listing import sane_date
from ingest.xml_faults import check_memory

#: How items begin, with a prefix or without.
_BEGINNINGS = (b"item", b"entry")
_ITEMS = frozenset({"item", "entry"})
#: The dates of an item, those of publication first, as `ListedEntry.date` chooses.
_PUBLISHED = frozenset({"pubdate", "published", "issued", "created", "date"})
_UPDATED = frozenset({"updated", "modified"})
#: Items lie no deeper in any format; what is called so below is something else.
_DEEPEST_ITEM = 3
#: Nobody has so many, and each takes memory.
_MAX_ITEMS = 200_000
#: The rest of a longer text is no date.
_MAX_DATE = 100
_NEVER = datetime.min.replace(tzinfo=UTC)


class Cut(NamedTuple):
    """A document of which only the newest entries are left, and how many there were."""

    body: bytes
    listed: int


def keep_newest(body: bytes, limit: int) -> Cut | None:
    """Cut all but the *limit* newest entries by date out of a feed, in UTF-8; they stay in their order.

    None where it is to be read as it stands: it lists no more, fewer than nine tenths of its entries have dates, it is
    not well-formed, or it declares a document type. Raises MemoryError.
    """
    # Every item has a tag that begins so, and most feeds have too few for the dear look.
    if sum(body.count(beginning) for beginning in _BEGINNINGS) <= limit:
        return None
    look = _Look(body)
    try:
        look.run()
    except (expat.ExpatError, _Unusual) as error:
        check_memory(error)
        return None
    items = look.items
    dated = sum(item.date is not None for item in items)
    if len(items) <= limit or 10 * dated < 9 * len(items):
        return None
    newest = sorted(range(len(items)), key=lambda place: items[place].date or _NEVER, reverse=True)[:limit]
    kept = set(newest)
    parts, start = [], 0
    for place, item in enumerate(items):
        if place not in kept:
            parts.append(body[start : item.start])
            start = item.end
    return Cut(b"".join([*parts, body[start:]]), len(items))


class _Item(NamedTuple):
    """Where an item stands in the document, in bytes, and when it was published."""

    start: int
    end: int
    date: datetime | None


class _Unusual(Exception):
    """The document is to be read as it stands."""


class _Look:
    """Finds the items of a document and their dates."""

    def __init__(self, body: bytes) -> None:
        self.items: list[_Item] = []
        self._body = body
        self._depth = 0
        #: of the item that is being read: its beginning and depth
        self._start = 0
        self._item_depth = 0
        self._published = self._updated = ""
        #: the text of a date, while it is read
        self._text: list[str] | None = None

    def run(self) -> None:
        reader = self._reader = expat.ParserCreate("utf-8")
        reader.buffer_text = True
        reader.StartDoctypeDeclHandler = _step_aside
        reader.StartElementHandler = self._open
        reader.EndElementHandler = self._close
        reader.Parse(self._body, True)  # noqa: FBT003  # "this is all of it"; expat takes it by position only

    def _open(self, name: str, _: object) -> None:
        self._depth += 1
        if not self._item_depth:
            if self._depth <= _DEEPEST_ITEM and _local(name) in _ITEMS:
                self._start, self._item_depth = self._reader.CurrentByteIndex, self._depth
                self._published = self._updated = ""
        elif self._depth == self._item_depth + 1 and _local(name) in _PUBLISHED | _UPDATED:
            self._text = []
            # Set only for dates: all other text would be copied for nothing.
            self._reader.CharacterDataHandler = self._text.append

    def _close(self, name: str) -> None:
        if self._depth == self._item_depth:
            self._add(name)
            self._item_depth = 0
        elif self._text is not None and self._depth == self._item_depth + 1:
            said = "".join(self._text)[:_MAX_DATE].strip()
            if _local(name) in _PUBLISHED:
                self._published = self._published or said
            else:
                self._updated = self._updated or said
            self._text = None
            self._reader.CharacterDataHandler = None
        self._depth -= 1

    def _add(self, name: str) -> None:
        closing = self._reader.CurrentByteIndex
        if not self._body.startswith(f"</{name}".encode(), closing) or len(self.items) >= _MAX_ITEMS:
            # An item that is a single tag, whose end is not so easy to find; or a flood.
            raise _Unusual
        self.items.append(_Item(self._start, self._body.index(b">", closing) + 1, self._date()))

    def _date(self) -> datetime | None:
        for said in (self._published, self._updated):
            date = read_date(said) if said else None
            if date is not None and (moment := sane_date(date)) is not None:
                return moment
        return None


def _local(name: str) -> str:
    return name.rpartition(":")[2].lower()


def _step_aside(*_: object) -> None:
    raise _Unusual
