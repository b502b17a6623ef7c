"""What sites brought of late and before, for `ingest.drift` to compare. Read only."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, case, func, select

from ingest.errors import Reason
from ingest.hosts import SiteSample, TextSample
from ingest.model import EntryState, TextFrom
from ingest.polling import EventKind
from storage import dialect
from storage.tables import article, article_version, entry, event

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import Connection, Row, Select

#: "Of late", and the time before that with which it is compared.
RECENT = timedelta(days=1)
EARLIER = timedelta(days=14)
#: Pages that a site must have brought of late.
LEAST_PAGES = 10
#: Texts of a site that are looked at: the newest of each span.
MOST_RECENT = 50
MOST_EARLIER = 300
BEGINNING_CHARS = 300

_ARTICLES = (
    select(article.c.source, func.count())
    .where(article.c.first_seen_at >= bindparam("since"), article.c.first_seen_at < bindparam("until"))
    .group_by(article.c.source)
)

#: Entries that ended without the text of their page; all that is asked for stands in the index `ix_entry_trouble`.
_WITHOUT = select(entry.c.page_address, entry.c.reason, entry.c.first_seen_at).where(
    entry.c.first_seen_at >= bindparam("since"),
    entry.c.first_seen_at < bindparam("until"),
    entry.c.reason.is_not(None),
    entry.c.state.in_((EntryState.DONE, EntryState.FAILED)),
    func.coalesce(entry.c.text_from, "") != TextFrom.PAGE,
    # The site is not to blame.
    entry.c.reason != Reason.FORGOTTEN,
)


@cache
def _texts(name: str) -> Select[*tuple[Any, ...]]:
    """The newest texts of each site; those that came from the feed are no sample of its pages."""
    wanted = dialect.texts("sites", name).alias("wanted")
    is_recent = article.c.first_seen_at >= bindparam("recent")
    place = func.row_number().over(
        partition_by=(article.c.source, is_recent), order_by=(article.c.first_seen_at.desc(), article.c.id.desc())
    )
    # Versions hold the texts: only those of a few articles are looked up.
    newest = (
        select(article.c.id, article.c.source, article.c.version_id, is_recent.label("is_recent"), place.label("place"))
        .where(
            article.c.first_seen_at >= bindparam("since"),
            article.c.first_seen_at < bindparam("until"),
            article.c.source.in_(select(wanted.c.value)),
        )
        .subquery()
    )
    most = case((newest.c.is_recent, MOST_RECENT), else_=MOST_EARLIER)
    beginning = case((newest.c.is_recent, func.substr(article_version.c.text, 1, BEGINNING_CHARS)), else_="")
    return (
        select(
            newest.c.source,
            newest.c.is_recent,
            article_version.c.words,
            article_version.c.text_hash,
            beginning.label("beginning"),
        )
        .join(article_version, article_version.c.id == newest.c.version_id)
        .where(newest.c.place <= most, article_version.c.text_from == TextFrom.PAGE)
        .order_by(newest.c.source, newest.c.place)
    )


_TOLD = (
    select(event.c.site, func.max(event.c.at))
    .where(event.c.kind == EventKind.DRIFT, event.c.site.is_not(None))
    .group_by(event.c.site)
)


def take(connection: Connection, now: datetime) -> tuple[SiteSample, ...]:
    """A sample of each site that brought LEAST_PAGES pages or more in the last day, by name."""
    recent, since = now - RECENT, now - EARLIER
    pages: Counter[str] = Counter(
        {row[0]: row[1] for row in connection.execute(_ARTICLES, {"since": recent, "until": now})}
    )
    reasons: dict[tuple[str, bool], Counter[str]] = defaultdict(Counter)
    failed: Counter[str] = Counter()
    for address, reason, first_seen_at in connection.execute(_WITHOUT, {"since": since, "until": now}):
        site = _site_of(address or "")
        is_recent = first_seen_at >= recent
        reasons[site, is_recent][reason] += 1
        failed[site] += is_recent
    # An article whose text is the feed's counts twice: better a sample too many.
    pages.update(failed)
    sites = sorted(site for site, number in pages.items() if site and number >= LEAST_PAGES)
    if not sites:
        return ()
    texts = _read_texts(connection, sites, since=since, recent=recent, until=now)
    told: dict[str, datetime] = {row[0]: row[1] for row in connection.execute(_TOLD)}
    return tuple(
        SiteSample(
            site=site,
            recent=tuple(texts[site, True]),
            earlier=tuple(texts[site, False]),
            recent_reasons=tuple(sorted(reasons[site, True].items())),
            earlier_reasons=tuple(sorted(reasons[site, False].items())),
            last_told_at=told.get(site),
        )
        for site in sites
    )


def _read_texts(
    connection: Connection, sites: Collection[str], *, since: datetime, recent: datetime, until: datetime
) -> dict[tuple[str, bool], list[TextSample]]:
    name = connection.dialect.name
    values = {"sites": dialect.pack(sites, name), "since": since, "recent": recent, "until": until}
    found: dict[tuple[str, bool], list[TextSample]] = defaultdict(list)
    row: Row[*tuple[Any, ...]]
    for row in connection.execute(_texts(name), values):
        sample = TextSample(words=row.words, text_hash=row.text_hash, beginning=row.beginning)
        found[row.source, bool(row.is_recent)].append(sample)
    return found


def _site_of(address: str) -> str:
    """The host of a normalised address, written as in `article.source`."""
    host = address.partition("://")[2].partition("/")[0]
    before_port, _, port = host.rpartition(":")
    return before_port if port.isdigit() and before_port else host
