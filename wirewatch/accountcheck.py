"""What `doctor` says of the account of entries, and of stored work that wants to be done anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wirewatch.check import fail, ok, warn
from wirewatch.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from storage.listings import Listings
    from storage.records import StatsRecord
    from wirewatch.check import Check


def difference_in_words(stats: StatsRecord) -> str:
    """Say how the entries that were seen and those that are stored differ."""
    stored = stats.entries_seen - stats.entries_missing
    return f"{stats.entries_seen:,} entries were seen and {stored:,} are stored"


def check_account(stats: StatsRecord) -> Iterator[Check]:
    """Every entry that was ever seen must be there. How each must stand is looked at by `checkup.check_consistency`."""
    if stats.entries_missing:
        yield fail("entries", f"{difference_in_words(stats)}; see in which feeds", ExitCode.DATABASE, "db check")
    else:
        yield ok("entries", f"all {stats.entries_seen:,} that were seen are there{_waiting(stats)}")


def _waiting(stats: StatsRecord) -> str:
    number = sum(stats.retrying.values())
    if not number or stats.next_retry_at is None:
        return ""
    return f"; {number:,} wait for another try, the first until {stats.next_retry_at:%Y-%m-%d %H:%M} UTC"


def check_redo(listings: Listings) -> Iterator[Check]:
    """Pages should have been read, and texts indexed, by the present version."""
    from ingest.model import EXTRACTOR_VERSION
    from rules.text import TOKENIZER_VERSION
    from storage.redo.runs import RedoKind

    begun = {kind: listings.last_redo(kind) for kind in RedoKind}
    unfinished = {kind for kind, run in begun.items() if run is not None and run.finished_at is None}
    texts = listings.texts_of_other_tokenizers(TOKENIZER_VERSION)
    if texts:
        told = "1 text stands" if texts == 1 else f"{texts:,} texts stand"
        yield warn("search", f"{told} in the index as another version reads words; make it anew", "db reindex")
    elif RedoKind.REINDEX in unfinished:
        yield warn("search", "the index is being made anew, or that was interrupted; then go on with", "db reindex")
    else:
        yield ok("search", "the index is of the present tokenizer")
    pages = listings.pages_of_earlier_extractors(EXTRACTOR_VERSION)
    if pages:
        told = "1 page that is kept was" if pages == 1 else f"{pages:,} pages that are kept were"
        yield warn("pages", f"{told} read by an earlier extractor; read again", "articles reextract")
    elif RedoKind.REEXTRACT in unfinished:
        told = "kept pages are being read again, or that was interrupted; then go on with"
        yield warn("pages", told, "articles reextract")
