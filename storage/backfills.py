"""Runs of the back-fill: which one is under way, how far it is, and the step that takes it further.

A run is continued when the same is asked for again, whether it was interrupted or came to its end: then only what
has come since is judged. That is right only as long as no other run has judged since, so it must be the last one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select, update

from rules.text import TOKENIZER_VERSION
from storage import backlog, dialect, matches, texts
from storage.columns import UtcTime
from storage.tables import article_version, backfill

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Select

    from storage.matches import Judged
    from storage.texts import StoredText


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillRun:
    """A run, and how far it is."""

    id: int
    since: datetime | None
    until: datetime | None
    #: `fingerprint.id` of the last text that was judged
    cursor: int
    #: articles judged
    looked_at: int
    #: numbers of matches, see `matches.Changes`
    added: int
    renewed: int
    same: int
    retired: int
    started_at: datetime
    #: None: it is under way, or was interrupted
    finished_at: datetime | None
    #: said by `begin` alone: it was interrupted, or another process is at it
    is_resumed: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillSpan:
    """The articles that a run is about: by when they were first seen."""

    since: datetime | None
    until: datetime | None
    #: as it was asked for; "90d" means the same run some minutes later too
    words: str


_COUNTS = ("looked_at", "added", "renewed", "same", "retired")
_RUN = ("id", "since", "until", "cursor", *_COUNTS, "started_at", "finished_at")
_LAST = select(backfill).order_by(backfill.c.id.desc()).limit(1)
_STEP = (
    update(backfill)
    .where(backfill.c.id == bindparam("own"))
    .values({backfill.c[name]: bindparam(f"new_{name}") for name in ("cursor", *_COUNTS)})
)
_FINISH = (
    update(backfill)
    .where(backfill.c.id == bindparam("own"), backfill.c.finished_at.is_(None))
    .values(finished_at=bindparam("at", type_=UtcTime))
)
_GO_ON = (
    update(backfill)
    .where(backfill.c.id == bindparam("own"))
    .values({**dict.fromkeys((backfill.c[name] for name in _COUNTS), 0), backfill.c.finished_at: None})
)


def begin(connection: Connection, rules_version: str, span: BackfillSpan, now: datetime) -> BackfillRun:
    """Continue the last run where it is the one that is asked for, else begin a new one."""
    last = connection.execute(_LAST).one_or_none()
    wanted = (rules_version, TOKENIZER_VERSION, span.words, span.until)
    is_resumed = False
    if last is not None and (last.rules_version, last.tokenizer_version, last.window, last.until) == wanted:
        is_resumed = last.finished_at is None
        if not is_resumed:
            connection.execute(_GO_ON, {"own": last.id})
    else:
        values = {
            "rules_version": rules_version,
            "tokenizer_version": TOKENIZER_VERSION,
            "window": span.words,
            "since": span.since,
            "until": span.until,
            "cursor": texts.before_first(connection, span.since, span.until),
            **dict.fromkeys(_COUNTS, 0),
            "started_at": now,
        }
        dialect.insert_row(connection, backfill, values)
    return replace(_last_run(connection), is_resumed=is_resumed)


def _last_run(connection: Connection) -> BackfillRun:
    row = connection.execute(_LAST).one()
    return BackfillRun(**{name: getattr(row, name) for name in _RUN})


def waiting(connection: Connection, run: BackfillRun, limit: int) -> tuple[tuple[StoredText, ...], int]:
    """The next texts that are to be judged, and the cursor that stands behind them."""
    return texts.after(connection, run.cursor, run.since, run.until, limit)


def count_waiting(connection: Connection, run: BackfillRun) -> int:
    """How many texts are to be judged yet."""
    return texts.count_after(connection, run.cursor, run.since, run.until)


@cache
def _there(name: str) -> Select[int]:
    wanted = dialect.numbers("ids", name).alias("wanted")
    return select(article_version.c.id).join(wanted, wanted.c.value == article_version.c.id)


def step(
    connection: Connection,
    run: BackfillRun,
    judged: Sequence[Judged],
    cursor: int,
    versions: Mapping[str, str],
    now: datetime,
) -> BackfillRun | None:
    """Store what the texts up to *cursor* match, and how far the run is by that; return how it stands then.

    *versions* are those of the topics by which they were judged. None, and nothing is changed, when another process
    was quicker: it has gone on with the run, has begun another one, or has put other rules in force.
    """
    ids = matches.ids_in_force(connection, versions)
    if ids is None or _last_run(connection) != run:
        return None
    # Some may have been forgotten since they were read.
    name = connection.dialect.name
    wanted = {"ids": dialect.pack((each.text.version_id for each in judged), name)}
    there = frozenset(connection.execute(_there(name), wanted).scalars())
    judged = [each for each in judged if each.text.version_id in there]
    changes = matches.judge_anew(connection, judged, ids, now)
    values = {
        "cursor": cursor,
        "looked_at": run.looked_at + len(judged),
        "added": run.added + changes.added,
        "renewed": run.renewed + changes.renewed,
        "same": run.same + changes.same,
        "retired": run.retired + changes.retired,
    }
    connection.execute(_STEP, {"own": run.id, **{f"new_{name}": value for name, value in values.items()}})
    return _last_run(connection)


def finish(connection: Connection, run: BackfillRun, versions: Mapping[str, str], now: datetime) -> None:
    """Store that the run has come to its end, and which topics have no backlog by that.

    *versions* are those of the topics by which it judged; when others are in force by now, these keep their backlog.
    """
    connection.execute(_FINISH, {"own": run.id, "at": now})
    ids = matches.ids_in_force(connection, versions)
    if ids is not None:
        backlog.end(connection, ids.values(), run.since, run.until, run.cursor)
