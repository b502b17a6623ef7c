"""Moves all that is stored from one database to another, by way of an archive: a file of JSON lines.

    ArchiveReader.records → lines → a file → records → ArchiveWriter.take

`storage.archive.rows` has the records. Reading takes a page after the other, each in a short transaction of its
own, so a daemon may write meanwhile: what comes in after the beginning is left out, and what changes may be written as
it was or as it is. No record comes twice, and none is lost that was there.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from storage.archive import incoming, outgoing, stored, survey
from storage.archive.rows import ARCHIVE_VERSION, Header
from storage.listings import Listings
from storage.store import Store
from storage.tables import SCHEMA_REVISION

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from storage.archive.foretold import Foretold
    from storage.archive.incoming_articles import Texts
    from storage.archive.outgoing import Page
    from storage.archive.rows import Archived

#: By the name of the table that they come from.
_BY_ID: tuple[tuple[str, Callable[..., Page]], ...] = (
    ("feed", outgoing.feeds),
    ("topic", outgoing.topics),
    ("entry", outgoing.entries),
)
_AFTER_ARTICLES: tuple[tuple[str, Callable[..., Page]], ...] = (
    ("article", outgoing.stories),
    ("relation", outgoing.relations),
    ("match", outgoing.matches),
    ("event", outgoing.events),
)


class ArchiveReader(Listings):
    """The database at *url*, for an archive of it."""

    def header(self, now: datetime) -> Header:
        """The first line."""
        return Header(wirewatch="archive", version=ARCHIVE_VERSION, schema=SCHEMA_REVISION, exported_at=now)

    def count(self) -> int:
        """About how many records there are."""
        return self._read(outgoing.count)

    def records(self, *, raw_pages: bool = False) -> Iterator[Archived]:
        """All records, in the order of an archive, a page at a time; *raw_pages*: with the pages of the texts."""
        upto = self._read(outgoing.bounds)
        yield from self._pages("", outgoing.forgotten_addresses)
        for name, read in _BY_ID:
            yield from self._pages(0, partial(read, upto=upto[name]))
        yield from self._pages(0, partial(outgoing.articles, upto=upto["article"], raw_pages=raw_pages))
        for name, read in _AFTER_ARTICLES:
            yield from self._pages(0, partial(read, upto=upto[name]))

    def survey(self, records: Sequence[Archived], foretold: Foretold) -> Counter[str]:
        """Say what would become of *records*, the next of an archive, if they were stored; see `ArchiveWriter.take`.

        Of trails of stories it is told only which are left out, and what would be changed counts as known. *foretold*
        is empty at first, and handed on from call to call.
        """
        return self._read(partial(survey.look_through, records=tuple(records), foretold=foretold))

    def _pages(self, after: Any, read: Callable[..., Page]) -> Iterator[Archived]:
        while after is not None:
            records, after = self._read(partial(read, after=after))
            yield from records


class ArchiveWriter(Store):
    """The database at *url*, for what an archive holds."""

    def known_texts(self, addresses: Iterable[str]) -> frozenset[tuple[str, str]]:
        """Address and hash of each text that the articles of these *addresses* have."""
        return self._read(partial(stored.known_texts, addresses=tuple(addresses)))

    def take(
        self,
        records: Sequence[tuple[Archived, Texts]],
        now: datetime,
        orphans: dict[str, int],
        gone: set[str],
    ) -> Counter[str]:
        """Store *records* in one transaction; return how many became what, such as "entry.added".

        They are added, changed, known already, forgotten here, stored_here though they were forgotten elsewhere, or
        left_out because what they name is not there, of_forgotten where that was forgotten. *orphans* and *gone* are
        empty at first, and handed on from call to call.
        """
        work = partial(incoming.take, records=tuple(records), now=now, memories=self._sites, orphans=orphans, gone=gone)
        return self._write(work)
