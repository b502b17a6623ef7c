"""Stored articles compared once more, after the algorithm has changed: which run is under way, and its next step.

Articles are taken in the order in which they came, by `fingerprint.id`, and each is compared with those before it. So
every pair is judged once, by the later of the two, as it is live; what comes in meanwhile comes last.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, func, insert, literal, select, update

from ingest.copies.model import Placement
from ingest.model import Article, TextFrom, so_long_before
from storage import dialect, fingerprints, postings, relations, stories, texts
from storage.columns import UtcTime
from storage.copy_tables import StoryChange
from storage.tables import article, article_version, fingerprint, rebuild, site_line, site_memory, story_change

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection, Row, Select

    from ingest.copies.model import Candidates
    from ingest.model import Reading
    from storage.sites import Sites


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuildRun:
    """A run, and how far it is."""

    id: int
    alg: int
    window_s: int
    since: datetime | None
    #: `fingerprint.id` of the last article that was looked at
    cursor: int
    #: articles looked at
    looked_at: int
    #: relations
    added: int
    retired: int
    same: int
    #: what became of stories, see `StoryChange`
    merged: int
    split: int
    moved: int
    #: articles whose credit is another one now
    credited: int
    started_at: datetime
    #: None: it is under way, or was interrupted
    finished_at: datetime | None
    #: said by `begin` alone: it was interrupted
    is_resumed: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuildSpan:
    """The articles that a run is about: by when they were first seen."""

    since: datetime | None
    #: as it was asked for; "90d" means the same run some minutes later too
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TextToCompare:
    """An article in its current version."""

    fingerprint_id: int
    version_id: int
    article: Article


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadAnew:
    """The same with its fingerprint and its credit as they are found now, in the article of `reading`."""

    text: TextToCompare
    reading: Reading


# --- runs -------------------------------------------------------------------------------------------

_COUNTS = ("looked_at", "added", "retired", "same", "merged", "split", "moved", "credited")
_RUN = ("id", "alg", "window_s", "since", "cursor", *_COUNTS, "started_at", "finished_at")
_LAST = select(rebuild).order_by(rebuild.c.id.desc()).limit(1)
#: the last one over all articles
_LAST_WHOLE = _LAST.where(rebuild.c.since.is_(None))
_DROP = delete(rebuild).where(rebuild.c.id == bindparam("own"))
_STEP = (
    update(rebuild)
    .where(rebuild.c.id == bindparam("own"))
    .values({rebuild.c[name]: bindparam(f"new_{name}") for name in ("cursor", *_COUNTS)})
)
_FINISH = (
    update(rebuild)
    .where(rebuild.c.id == bindparam("own"), rebuild.c.finished_at.is_(None))
    .values(finished_at=bindparam("at", type_=UtcTime))
)


def begin(connection: Connection, alg: int, window: timedelta, span: RebuildSpan, now: datetime) -> RebuildRun:
    """Continue the last run where it was interrupted and is the one that is asked for, else begin a new one.

    A run over all articles also learns anew what sites repeat, in the order in which that was learned live. It can be
    continued also after runs over some: it becomes the last one then, with an id of its own.
    """
    _give_missing(connection, span.since, now)
    last = connection.execute(_LAST_WHOLE if span.since is None else _LAST).one_or_none()
    window_s = int(window.total_seconds())
    wanted = (alg, window_s, span.words, None)
    if last is not None and (last.alg, last.window_s, last.words, last.finished_at) == wanted:
        return replace(_make_last(connection, last), is_resumed=True)
    if span.since is None:
        connection.execute(delete(site_memory))
        connection.execute(delete(site_line))
    values = {
        "alg": alg,
        "window_s": window_s,
        "words": span.words,
        "since": span.since,
        "cursor": texts.before_first(connection, span.since, None),
        **dict.fromkeys(_COUNTS, 0),
        "started_at": now,
    }
    dialect.insert_row(connection, rebuild, values)
    return _read(connection.execute(_LAST).one())


#: No algorithm is called so: what has this one is to be read again.
_NO_ALG = 0


def _give_missing(connection: Connection, since: datetime | None, now: datetime) -> None:
    """Give an empty fingerprint to each article that has lost its own, so that the run reads it again, as the last."""
    lost = select(
        article.c.id, article.c.version_id, literal(_NO_ALG), literal(b""), literal(0), literal(now, UtcTime())
    ).where(
        article.c.version_id.is_not(None),
        ~select(fingerprint.c.id).where(fingerprint.c.article_id == article.c.id).exists(),
    )
    if since is not None:
        lost = lost.where(article.c.first_seen_at >= since)
    names = ["article_id", "version_id", "alg", "hashes", "title", "created_at"]
    connection.execute(insert(fingerprint).from_select(names, lost.order_by(article.c.id)))


def _make_last(connection: Connection, row: Row[*tuple[Any, ...]]) -> RebuildRun:
    """Give the run a new id, unless it has the highest: `step` stops a run that is not the last one."""
    newest = connection.execute(_LAST).one()
    if newest.id != row.id:
        connection.execute(_DROP, {"own": row.id})
        values = row._asdict()
        del values["id"]
        dialect.insert_row(connection, rebuild, values)
        newest = connection.execute(_LAST).one()
    return _read(newest)


def last_run(connection: Connection) -> RebuildRun | None:
    """The last run, if there ever was one."""
    row = connection.execute(_LAST).one_or_none()
    return None if row is None else _read(row)


def unfinished_run(connection: Connection) -> RebuildRun | None:
    """The run that is under way, or was interrupted and can be continued: the last one, or the last over all."""
    for statement in (_LAST, _LAST_WHOLE):
        row = connection.execute(statement).one_or_none()
        if row is not None and row.finished_at is None:
            return _read(row)
    return None


def _read(row: Row[*tuple[Any, ...]]) -> RebuildRun:
    return RebuildRun(**{name: getattr(row, name) for name in _RUN})


def count_of_other_algorithms(connection: Connection, alg: int) -> int:
    """How many articles have a fingerprint of another algorithm than *alg*."""
    # Each side is a range of the index.
    return sum(
        connection.execute(select(func.count()).select_from(fingerprint).where(is_other)).scalar_one()
        for is_other in (fingerprint.c.alg < alg, fingerprint.c.alg > alg)
    )


def finish(connection: Connection, run: RebuildRun, now: datetime) -> None:
    """Store that the run has come to its end."""
    connection.execute(_FINISH, {"own": run.id, "at": now})


# --- what is to be compared -------------------------------------------------------------------------


def waiting(connection: Connection, run: RebuildRun, limit: int) -> tuple[TextToCompare, ...]:
    """The next texts of a run, in the order in which they came."""
    ids = texts.ids_after(connection, run.cursor, run.since, None, limit)
    name = connection.dialect.name
    return tuple(_read_text(row) for row in connection.execute(_texts(name), {"ids": dialect.pack(ids, name)}))


def count_waiting(connection: Connection, run: RebuildRun) -> int:
    """How many texts are to be compared yet."""
    return texts.count_after(connection, run.cursor, run.since, None)


@cache
def _texts(name: str) -> Select[*tuple[Any, ...]]:
    wanted = dialect.numbers("ids", name).alias("wanted")
    return (
        select(
            fingerprint.c.id,
            fingerprint.c.version_id,
            article.c.url,
            article.c.source,
            *(
                article_version.c[each]
                for each in ("title", "text", "author", "published", "lang", "sections", "text_from")
            ),
            *(article_version.c[each] for each in ("repaired", "raw_hash", "credit", "canonical")),
        )
        .select_from(wanted.join(fingerprint, fingerprint.c.id == wanted.c.value))
        .join(article, article.c.id == fingerprint.c.article_id)
        .join(article_version, article_version.c.id == fingerprint.c.version_id)
        .order_by(fingerprint.c.id)
    )


def _read_text(row: Row[*tuple[Any, ...]]) -> TextToCompare:
    values = row._asdict()
    ident, version_id = values.pop("id"), values.pop("version_id")
    values |= {"sections": tuple(row.sections), "text_from": TextFrom(row.text_from)}
    return TextToCompare(fingerprint_id=ident, version_id=version_id, article=Article(**values))


# --- a step -----------------------------------------------------------------------------------------

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_NEWEST_CHANGE = select(func.coalesce(func.max(story_change.c.id), 0))
_CHANGES = (
    select(story_change.c.kind, func.count())
    .where(story_change.c.id > bindparam("before"))
    .group_by(story_change.c.kind)
)
_OWN = select(article.c.id, article.c.story_id, article.c.first_seen_at, article.c.dated_at).where(
    article.c.id == bindparam("own")
)
_READ_ANEW = (
    update(article_version)
    .where(article_version.c.id == bindparam("version"))
    .values(fingerprint_alg=bindparam("alg"), credit=bindparam("agency"))
)


@cache
def _present(name: str) -> Select[*tuple[Any, ...]]:
    wanted = dialect.numbers("ids", name).alias("wanted")
    return (
        select(
            fingerprint.c.id,
            fingerprint.c.article_id,
            fingerprint.c.version_id,
            fingerprint.c.alg,
            fingerprint.c.hashes,
            fingerprint.c.title,
            article_version.c.fingerprint_alg,
            article_version.c.credit,
        )
        .select_from(wanted.join(fingerprint, fingerprint.c.id == wanted.c.value))
        .join(article_version, article_version.c.id == fingerprint.c.version_id)
    )


def step(
    connection: Connection,
    run: RebuildRun,
    read: Sequence[ReadAnew],
    place: Callable[[Reading, Candidates], Placement],
    memories: Sites,
    now: datetime,
) -> RebuildRun | None:
    """Compare articles once more, and store what has changed and how far the run is by that; return how it stands then.

    None, and nothing is changed, when another process was quicker and has gone on with the run or begun another one.
    """
    if last_run(connection) != run:
        return None
    cursor = max((each.text.fingerprint_id for each in read), default=run.cursor)
    name = connection.dialect.name
    ids = dialect.pack((each.text.fingerprint_id for each in read), name)
    present = {row.id: row for row in connection.execute(_present(name), {"ids": ids})}
    # An article that was read again meanwhile comes last, with a fingerprint of its own.
    read = [each for each in read if each.text.fingerprint_id in present]
    counts = Counter({"looked_at": len(read), "credited": _keep_readings(connection, read, present)})
    before = connection.execute(_NEWEST_CHANGE).scalar_one()
    for each in read:
        own = present[each.text.fingerprint_id]
        counts.update(_compare(connection, run, each, own.article_id, place, now))
        memories.remember(connection, each.reading.article.source, each.reading.article.url, each.reading.fingerprint)
    changed = {row[0]: row[1] for row in connection.execute(_CHANGES, {"before": before})}
    counts.update({kind: changed.get(kind, 0) for kind in (StoryChange.MERGED, StoryChange.SPLIT, StoryChange.MOVED)})
    values = {f"new_{each}": getattr(run, each) + counts[each] for each in _COUNTS}
    connection.execute(_STEP, {"own": run.id, "new_cursor": cursor, **values})
    return last_run(connection)


def _keep_readings(connection: Connection, read: Sequence[ReadAnew], present: dict[int, Row[*tuple[Any, ...]]]) -> int:
    """Store fingerprints and credits that are other ones now; return how many credits are.

    All fingerprints at once, as their postings lie anywhere. So some of them know the new hashes of articles that come
    after them; but nobody is compared with what comes later.
    """
    exchanged = []
    changed = []
    credited = 0
    for each in read:
        row, taken, agency = present[each.text.fingerprint_id], each.reading.fingerprint, each.reading.article.credit
        hashes = postings.unpack(row.hashes)
        if (row.alg, row.title, hashes) != (taken.alg, taken.title, taken.hashes):
            exchanged.append(fingerprints.Exchanged(row.id, taken, hashes))
        if (row.fingerprint_alg, row.credit) != (taken.alg, agency):
            changed.append({"version": row.version_id, "alg": taken.alg, "agency": agency})
            credited += row.credit != agency
    if read:
        postings.write_up_to(connection, read[-1].text.fingerprint_id)
    fingerprints.exchange(connection, exchanged)
    for each in read:
        # `db check` finds what is lost of those that did not change.
        postings.complete(connection, each.text.fingerprint_id, each.reading.fingerprint.hashes)
    if changed:
        connection.execute(_READ_ANEW, changed)
    return credited


def _compare(
    connection: Connection,
    run: RebuildRun,
    read: ReadAnew,
    article_id: int,
    place: Callable[[Reading, Candidates], Placement],
    now: datetime,
) -> dict[str, int]:
    """Find the relations and the story of an article once more; return the numbers of relations."""
    row = connection.execute(_OWN, {"own": article_id}).one()
    stands = fingerprints.Place(
        article_id=article_id,
        fingerprint_id=read.text.fingerprint_id,
        site=read.reading.article.source,
        since=so_long_before(row.first_seen_at, timedelta(seconds=run.window_s)),
        span=run.since or _LONG_AGO,
    )
    earlier = fingerprints.earlier(connection, read.reading.fingerprint, stands)
    placement = place(read.reading, earlier) if earlier.rows else Placement()
    compared = {each.article_id for each in earlier.rows}
    done = relations.exchange(connection, article_id, read.text.version_id, compared, placement.relations, now)
    if (placement.story_id, placement.merges) != (row.story_id, ()):
        later = fingerprints.later(connection, read.reading.fingerprint, stands, compared)
        if later.rows:
            # They say nothing of where it belongs, as long as they were not compared themselves; only that it is not
            # alone where it is.
            also = place(read.reading, later).relations
            placement = replace(placement, relations=(*placement.relations, *also))
        own = stories.Member(article_id, row.first_seen_at, row.dated_at)
        stories.place_again(connection, own, row.story_id, placement, now)
    return done._asdict()
