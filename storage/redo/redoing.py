"""What is called to redo stored work, `Store.redo`: one method a transaction, as the store's own."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from storage.errors import DatabaseDamaged, SearchIndexDamaged, StorageFault
from storage.redo import renewal, runs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ingest.model import Reread
    from storage.engine import Reader, Writer
    from storage.redo.renewal import IndexedText, TextToIndex
    from storage.redo.runs import KeptPage, RedoKind, RedoRun, RedoSpan


class Redo:
    """Runs that do stored work anew, in the transactions of a store. Any method can raise a StorageError."""

    def __init__(self, reader: Reader, writer: Writer, extractor_version: int) -> None:
        self._read = reader.run
        self._write = writer.run
        self._extractor_version = extractor_version

    # --- pages read again ---------------------------------------------------------------------------

    def begin(self, kind: RedoKind, wanted: int, span: RedoSpan, now: datetime) -> RedoRun:
        """Continue the last run of this kind where it was interrupted and is the one asked for, else begin one."""
        return self._write(partial(runs.begin, kind=kind, wanted=wanted, span=span, now=now))

    def last_run(self, kind: RedoKind) -> RedoRun | None:
        """The last run of this kind, as it stands."""
        return self._read(partial(runs.last_run, kind=kind))

    def pages(self, run: RedoRun, limit: int) -> tuple[KeptPage, ...]:
        """The next pages that a run has to read, those of the oldest texts first."""
        return self._read(partial(runs.pages, run=run, limit=limit))

    def count_pages(self, run: RedoRun) -> int:
        """How many pages a run has yet before it."""
        return self._read(partial(runs.count_pages, run=run))

    def keep_same(self, reread: Reread) -> None:
        """Store that a page gave the text that it gave before. What gave another is stored by `Store.save`."""
        work = partial(runs.keep_same, reread=reread, extractor_version=self._extractor_version)
        self._write(work)

    def keep_passed(self, reread: Reread, *, is_failed: bool) -> None:
        """Store that a page could not be read, or else that its article shows another text by now."""
        self._write(partial(runs.keep_passed, reread=reread, is_failed=is_failed))

    def finish(self, run: RedoRun, now: datetime) -> RedoRun:
        """Store that a run has come to its end; return how it stands then."""
        return self._write(partial(runs.finish, run=run, now=now))

    # --- the index of the search --------------------------------------------------------------------

    def begin_index(self, tokenizer: int, now: datetime) -> RedoRun:
        """Begin to make the index of the search anew, or go on where that was interrupted."""
        return self._write(partial(renewal.begin, tokenizer=tokenizer, now=now))

    def ended_index(self, tokenizer: int) -> RedoRun | None:
        """The last run, if it has exchanged the index by this tokenizer, and is to be tidied up after."""
        return self._read(partial(renewal.ended_run, tokenizer=tokenizer))

    def texts_to_index(self, run: RedoRun, limit: int) -> tuple[tuple[TextToIndex, ...], int]:
        """The next texts of a run, and the cursor that stands behind them; its own cursor when there are none."""
        return self._read(partial(renewal.waiting, run=run, limit=limit))

    def count_texts_to_index(self, run: RedoRun) -> int:
        """About how many texts a run has yet before it."""
        return self._read(partial(renewal.count_waiting, run=run))

    def index(self, run: RedoRun, texts: Sequence[IndexedText], cursor: int) -> RedoRun | None:
        """Index the next texts of a run; None, and nothing is done, when another process has gone on with it."""
        return self._write(partial(renewal.step, run=run, texts=texts, cursor=cursor))

    def finish_index(self, run: RedoRun, now: datetime) -> RedoRun | None:
        """Use the new index from now on; None, and nothing is done, when it lacks texts that have come in."""
        try:
            return self._write(partial(renewal.finish, run=run, now=now))
        except (DatabaseDamaged, SearchIndexDamaged, StorageFault):
            # Damaged pages of it, or missing tables: whatever else is wrong is told by the second try, too.
            return self._write(partial(renewal.finish, run=run, now=now, is_lost=True))

    def mark_indexed(self, run: RedoRun, limit: int) -> int:
        """Say of some texts of a run that has ended by which tokenizer they are indexed; 0: that is said of all."""
        return self._write(partial(renewal.mark, run=run, limit=limit))

    def clear_old_index(self, limit: int) -> bool:
        """Delete some of the index that is no longer used; False: nothing is left of it."""
        return self._write(partial(renewal.clear_old, limit=limit))
