"""Brings what an archive holds into a database: `wirewatch import`.

    archive.read_archive → what is made of the texts → store.take (a batch, one transaction) → again

A batch is stored whole or not at all, and what is stored already is left as it is; so an import that was killed is
begun anew, and ends as if it had not been.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ingest.copies.fingerprint import take_fingerprint
from ingest.model import utc_now
from rules.text import tokenize
from storage.archive.foretold import Foretold
from storage.archive.incoming_articles import PreparedText
from storage.archive.rows import ArchivedArticle
from storage.dialect import index_line
from wirewatch.errors import WirewatchError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from storage.archive.incoming_articles import Texts
    from storage.archive.rows import Archived, ArchivedVersion
    from storage.archive.transfer import ArchiveReader, ArchiveWriter
    from wirewatch.archive import Line

#: Records of one transaction, and how many characters their texts have at most, pages counted by their bytes: 0.06 s of
#: CPU, and so long, or as long as a busy machine takes for that, a running instance waits to write.
BATCH = 200
BATCH_CHARACTERS = 100_000


def import_records(
    store: ArchiveWriter,
    lines: Iterable[Line],
    *,
    clock: Callable[[], datetime] = utc_now,
    tell: Callable[[int], None] | None = None,
    require_room: Callable[[], object] = lambda: None,
    batch: int = BATCH,
    counts: Counter[str] | None = None,
) -> Counter[str]:
    """Store the records of *lines*; return how many became what, see `ArchiveWriter.take`.

    *tell* gets how many records are stored; *require_room* is called before each transaction, and may raise. Raises
    what *lines* and the store raise; what was stored by then stays, and what stands before a fault is stored: *counts*
    is what they are counted in, for who wants to know that also then.
    """
    counts = Counter() if counts is None else counts
    orphans: dict[str, int] = {}
    gone: set[str] = set()
    for some in _batches(lines, batch):
        require_room()
        counts.update(store.take(_prepare(store, some), clock(), orphans, gone))
        if tell is not None:
            tell(counts.total())
    return counts


def survey_records(
    reader: ArchiveReader,
    lines: Iterable[Line],
    *,
    tell: Callable[[int], None] | None = None,
    batch: int = BATCH,
) -> Counter[str]:
    """Return how many of *lines* would become what, as `import_records` does, and store nothing.

    What would be changed counts as known, and of trails of stories only those count that
    would be left out. Raises what *lines* and the reader raise.
    """
    counts: Counter[str] = Counter()
    with Foretold() as foretold:
        for some in _batches(lines, batch):
            counts += reader.survey(some, foretold)
            if tell is not None:
                tell(counts.total())
    return counts


def _batches(lines: Iterable[Line], most: int) -> Iterator[list[Archived]]:
    """Yield the records in batches; where reading them fails, those before that come first."""
    some: list[Archived] = []
    characters = 0
    fault: WirewatchError | None = None
    try:
        for _, record in lines:
            some.append(record)
            if isinstance(record, ArchivedArticle):
                characters += sum(map(_size, record.versions))
            if len(some) >= most or characters >= BATCH_CHARACTERS:
                yield some
                some, characters = [], 0
    except WirewatchError as e:
        fault = e
    if some:
        yield some
    if fault is not None:
        raise fault


def _size(version: ArchivedVersion) -> int:
    return len(version.text) + (0 if version.raw_page is None else len(version.raw_page.body_zstd))


def _prepare(store: ArchiveWriter, records: Sequence[Archived]) -> list[tuple[Archived, Texts]]:
    """Make of the texts that are not stored yet what is stored with them, before the transaction; see `Texts`."""
    articles = [record for record in records if isinstance(record, ArchivedArticle)]
    known = store.known_texts([record.url for record in articles]) if articles else frozenset()
    made: list[tuple[Archived, Texts]] = []
    for record in records:
        if isinstance(record, ArchivedArticle):
            texts = _Made(record.versions, record.version)
            for version in record.versions:
                if (record.url, version.text_hash) not in known:
                    texts(version.text_hash)
            made.append((record, texts))
        else:
            made.append((record, _Made()))
    return made


class _Made:
    """What is made of the texts of a record, each when it is first asked for."""

    def __init__(self, versions: Iterable[ArchivedVersion] = (), shown: str | None = None) -> None:
        self._versions = {version.text_hash: version for version in versions}
        self._shown = shown
        self._made: dict[str, PreparedText] = {}

    def __call__(self, text_hash: str) -> PreparedText | None:
        """See `storage.archive.incoming_articles.Texts`."""
        version = self._versions[text_hash]
        if version.pruned_at is not None:
            return None
        if text_hash not in self._made:
            title, text = version.title, version.text
            self._made[text_hash] = PreparedText(
                index_title=index_line(tokenize(title).folded),
                index_text=index_line(tokenize(text).folded),
                fingerprint=take_fingerprint(text, title) if text_hash == self._shown else None,
            )
        return self._made[text_hash]
