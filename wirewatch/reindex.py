"""Makes the index of the search anew by the present tokenizer.

    store.redo.texts_to_index → tokenize → store.redo.index (texts and cursor, one transaction) → again, then use it

It works beside a running instance, and the search finds what it found before until the new index takes its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.model import utc_now
from rules.text import TOKENIZER_VERSION, tokenize
from storage.dialect import index_line
from storage.redo.renewal import IndexedText
from wirewatch.errors import WirewatchError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from storage.redo.renewal import TextToIndex
    from storage.redo.runs import RedoRun
    from storage.store import Store

#: Texts of one transaction: about 0.1 s, for which a running instance waits to write.
BATCH = 100
#: Rows and pages of what is no longer used that are deleted in one transaction.
CLEARED_AT_ONCE = 2000


def begin(store: Store, now: datetime, *, tokenizer: int = TOKENIZER_VERSION) -> RedoRun:
    """Begin to make the index anew, or go on where that was interrupted, also after the new one took its place."""
    ended = store.redo.ended_index(tokenizer)
    return store.redo.begin_index(tokenizer, now) if ended is None else ended


def make_anew(
    store: Store,
    run: RedoRun,
    *,
    batch: int = BATCH,
    clock: Callable[[], datetime] = utc_now,
    tell: Callable[[int, int], None] | None = None,
    give_way: Callable[[], None] = lambda: None,
) -> RedoRun:
    """Take *run* to its end, and return how it stands then.

    *tell* gets how many texts are indexed and about how many there are; *give_way* is called between two transactions,
    to let others write. Raises WirewatchError when another process has gone on with the run, and StorageError.
    """
    if run.finished_at is None:
        # What an earlier run has left would else be dropped at once when the new index takes its place.
        while store.redo.clear_old_index(CLEARED_AT_ONCE):
            give_way()
        run = _fill(store, run, batch, clock, tell, give_way)
    while store.redo.mark_indexed(run, batch):
        give_way()
    while store.redo.clear_old_index(CLEARED_AT_ONCE):
        give_way()
    return run


def _fill(
    store: Store,
    run: RedoRun,
    batch: int,
    clock: Callable[[], datetime],
    tell: Callable[[int, int], None] | None,
    give_way: Callable[[], None],
) -> RedoRun:
    total = run.looked_at + store.redo.count_texts_to_index(run)
    while True:
        texts, cursor = store.redo.texts_to_index(run, batch)
        if cursor == run.cursor:
            ended = store.redo.finish_index(run, clock())
            if ended is not None:
                return ended
            # What came in just now; or another process has ended it.
            if store.redo.last_run(run.kind) == run:
                continue
        after = store.redo.index(run, [_indexed(text) for text in texts], cursor)
        if after is None:
            raise WirewatchError("stopped: another process makes the index anew; what was done stays done")
        run = after
        if tell is not None:
            tell(run.looked_at, max(total, run.looked_at))
        give_way()


def _indexed(text: TextToIndex) -> IndexedText:
    return IndexedText(
        version_id=text.version_id,
        title=index_line(tokenize(text.title).folded),
        text=index_line(tokenize(text.text).folded),
    )
