"""Forgets what is older than the settings allow, or than somebody asks for, in batches between which others write."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from storage.upkeep.prune import Old

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime

    from storage.store import Store
    from wirewatch.settings import StoreSection

#: Events tell of gaps and broken feeds, take little space, and are kept so much longer than the logs.
EVENTS_KEPT_LONGER = timedelta(days=335)

#: what people call what is forgotten: by its age alone, and the texts that articles showed before
TEXTS = "texts"
KINDS = (*(kind.value for kind in Old), TEXTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutoffs:
    """From before which time what is forgotten."""

    old: Mapping[Old, datetime] = field(default_factory=dict)
    #: texts that were not shown since; None: they are kept
    texts: datetime | None = None

    def only(self, kinds: Collection[str]) -> Cutoffs:
        """The same for some kinds alone; all where none is named."""
        if not kinds:
            return self
        old = {kind: at for kind, at in self.old.items() if kind in kinds}
        return Cutoffs(old=old, texts=self.texts if TEXTS in kinds else None)


def cutoffs(kept: StoreSection, now: datetime) -> Cutoffs:
    """What the settings say."""
    logs = now - timedelta(days=kept.log_days)
    return Cutoffs(
        old={
            Old.RAW_PAGES: now - timedelta(days=kept.raw_days),
            Old.POLL_LOG: logs,
            Old.FETCH_LOG: logs,
            Old.EVENTS: logs - EVENTS_KEPT_LONGER,
            Old.WISHES: logs,
        },
        texts=now - timedelta(days=kept.version_days) if kept.version_days else None,
    )


def all_before(moment: datetime) -> Cutoffs:
    """Everything from before a moment."""
    return Cutoffs(old=dict.fromkeys(Old, moment), texts=moment)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One batch: of which kind, and how many went."""

    kind: str
    count: int


def forget(store: Store, until: Cutoffs, now: datetime) -> Iterator[Step]:
    """Yield after each batch, so that the caller can let others write, or end. Raises StorageError."""
    for kind, before in until.old.items():
        while count := store.prune(kind, before):
            yield Step(kind=kind.value, count=count)
    if until.texts is not None:
        after: int | None = 0
        while after is not None:
            count, after = store.prune_texts(until.texts, now, after=after)
            yield Step(kind=TEXTS, count=count)


def count_old(store: Store, until: Cutoffs) -> Iterator[Step]:
    """Yield how many of each kind `forget` would take; of some kinds in parts."""
    for kind, before in until.old.items():
        yield Step(kind=kind.value, count=store.count_old(kind, before))
    if until.texts is not None:
        after: int | None = 0
        while after is not None:
            count, after = store.count_old_texts(until.texts, after=after)
            yield Step(kind=TEXTS, count=count)
