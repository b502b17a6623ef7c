"""Compares stored articles once more, after the algorithm of copies has changed.

    store.texts_to_compare → fingerprint, credit → store.compare_anew (all of it, one transaction) → again

Every article is compared with those that came before it, as it is live. It works beside a running instance: what
comes in meanwhile comes last, so it is compared too before the end.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ingest.copies.credit import find_credit
from ingest.copies.fingerprint import FINGERPRINT_ALG, take_fingerprint
from ingest.copies.story import place
from ingest.model import Reading, so_long_before, utc_now
from storage.rebuilds import ReadAnew
from wirewatch.errors import WirewatchError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from ingest.copies.model import Candidates, Fingerprint, Placement
    from ingest.model import Article
    from storage.rebuilds import RebuildRun, RebuildSpan
    from storage.store import Store

_LONG_AGO = datetime(1971, 1, 1, tzinfo=UTC)
#: Articles of one transaction: so long a running instance waits to write, and so much is lost by a kill. About 0.1 s.
BATCH = 10


def begin(
    store: Store, window: timedelta, span: RebuildSpan, now: datetime, *, alg: int = FINGERPRINT_ALG
) -> RebuildRun:
    """Begin a run over the articles in *span*, or continue the last one where it was interrupted and was the same.

    *window* is how far back from each article copies of it are looked for. Raises StorageError.
    """
    run = store.begin_rebuild(alg, window, span, now)
    # From now on none are cut.
    while store.reach_back(_LONG_AGO if run.since is None else so_long_before(run.since, window)):
        pass
    return run


def compare_anew(
    store: Store,
    run: RebuildRun,
    *,
    batch: int = BATCH,
    clock: Callable[[], datetime] = utc_now,
    tell: Callable[[int, int], None] | None = None,
    looks_again: Callable[[], bool] = lambda: False,
    give_way: Callable[[], None] = lambda: None,
    take: Callable[[str, str], Fingerprint] = take_fingerprint,
    place: Callable[[Reading, Candidates], Placement] = place,
) -> RebuildRun:
    """Take *run* to its end.

    *batch* articles are compared in one transaction. *tell* gets how many are done and how many there are by now;
    *looks_again* is asked when all are, and decides whether to look for newer ones: an article that is stored just now
    may have looked for its copies before the last ones could be found. *give_way* is called between two transactions,
    to let others write. *take* and *place* are the algorithm.

    Raises WirewatchError when another process has begun another run meanwhile, and StorageError.
    """
    total = run.looked_at + store.count_texts_to_compare(run)
    while (texts := store.texts_to_compare(run, batch)) or looks_again():
        if not texts:
            continue
        # Not within the transaction, as others wait for its end.
        read = [ReadAnew(text=text, reading=_read(text.article, take)) for text in texts]
        after = store.compare_anew(run, read, place, clock())
        if after is None:
            raise WirewatchError(
                "stopped: another process has begun another rebuild; what was done stays done; start it again"
            )
        run = after
        if tell is not None:
            tell(run.looked_at, max(total, run.looked_at))
        give_way()
    store.finish_rebuild(run, clock())
    return run


def _read(article: Article, take: Callable[[str, str], Fingerprint]) -> Reading:
    article = replace(article, credit=find_credit(article.text, article.author))
    return Reading(article=article, fingerprint=take(article.text, article.title), matches=())
