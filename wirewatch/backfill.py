"""Judges stored articles by the rules as they are now, and brings the stored matches up to date.

    store.texts_to_judge → RuleSet.match → store.record_judged (matches and cursor, one transaction) → again

It works beside a running instance: see docs/decisions on back-fills. What comes in meanwhile comes last in the
order of the texts, so it is judged too before the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.model import utc_now
from rules.compile import compile_rules
from storage.matches import Judged
from wirewatch.errors import WirewatchError
from wirewatch.rulebook import set_version

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from rules.topic import Topic
    from storage.backfills import BackfillRun, BackfillSpan
    from storage.store import Store

#: Articles of one transaction: about 0.2 s of work, which is what a kill loses.
BATCH = 200


def begin(store: Store, topics: Sequence[Topic], span: BackfillSpan, now: datetime) -> BackfillRun:
    """Begin a run over the articles in *span* by *topics*, or continue the last one if it was the same.

    Called before *topics* are recorded as in force, so that whoever is killed in between or later finds the run.
    Raises StorageError.
    """
    return store.begin_backfill(set_version({topic.name: topic.version for topic in topics}), span, now)


def back_fill(
    store: Store,
    topics: Sequence[Topic],
    run: BackfillRun,
    *,
    batch: int = BATCH,
    clock: Callable[[], datetime] = utc_now,
    tell: Callable[[int, int], None] | None = None,
    looks_again: Callable[[], bool] = lambda: False,
    require_room: Callable[[], object] = lambda: None,
) -> BackfillRun:
    """Take *run* to its end: judge the current texts of its articles by *topics*, which are recorded as in force.

    *batch* articles are judged in one transaction. *tell* gets how many articles are judged and how many there are by
    now; *looks_again* is asked when all are, and decides whether to look for newer ones. *require_room* is called
    before each transaction, and may raise. Raises WirewatchError when another process has put other rules in force
    meanwhile, and StorageError.
    """
    ruleset = compile_rules(topics)
    versions = {topic.name: topic.version for topic in topics}
    total = run.looked_at + store.count_texts_to_judge(run)
    while True:
        texts, cursor = store.texts_to_judge(run, batch)
        if not texts:
            if looks_again():
                continue
            store.finish_backfill(run, versions, clock())
            return run
        require_room()
        judged = [Judged(text=text, found=ruleset.match(text.document)) for text in texts]
        after = store.record_judged(run, judged, cursor, versions, clock())
        if after is None:
            raise WirewatchError(
                "stopped: another process has put other rules in force; what was done stays done; start it again"
            )
        run = after
        if tell is not None:
            tell(run.looked_at, max(total, run.looked_at))
