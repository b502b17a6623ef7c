"""The tables of polling: feeds, entries, what happened to them, what hosts ask for. `storage.tables` has them all."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, Table, UniqueConstraint, and_, literal_column

from storage.columns import Id, Line, back_to, count, flag, id_column, json, metadata, partial, text, time, to

feed = Table(
    "feed",
    metadata,
    id_column(),
    text("url"),
    text("fetch_url"),
    #: what the feed calls itself, and what the user calls it
    text("title", nullable=True),
    text("given_title", nullable=True),
    text("state"),
    text("etag", nullable=True),
    text("last_modified", nullable=True),
    text("body_hash", nullable=True),
    count("interval_s"),
    count("failures"),
    count("last_status", nullable=True),
    text("last_error", nullable=True),
    text("last_error_detail", nullable=True),
    time("last_polled_at", nullable=True),
    time("last_full_poll_at", nullable=True),
    time("next_poll_at"),
    time("added_at"),
    time("removed_at", nullable=True),
    #: when a document last came
    time("last_document_at", nullable=True),
    #: see `ingest.polling.FeedHealth`
    time("last_new_at", nullable=True),
    count("longest_quiet_s", nullable=True),
    time("broken_since", nullable=True),
    time("silent_since", nullable=True),
    #: what its last document says of itself
    text("hub", nullable=True),
    text("self_url", nullable=True),
    text("feed_format", nullable=True),
    #: why `next_poll_at` is then, one sentence for people
    text("plan_why", nullable=True),
    #: how many entries it ever brought: as many rows of `entry` must be there
    Column("entries_seen", Integer, nullable=False, server_default="0"),
    UniqueConstraint("url"),
    Index(None, "next_poll_at"),
    sqlite_autoincrement=True,
)

poll_log = Table(
    "poll_log",
    metadata,
    id_column(),
    to("feed.id", "feed_id"),
    time("at"),
    count("status", nullable=True),
    text("error", nullable=True),
    text("detail", nullable=True),
    count("listed"),
    count("new"),
    count("changed"),
    UniqueConstraint("feed_id", "at"),
    Index(None, "at"),
    sqlite_autoincrement=True,
)

#: Where feeds have moved to; no row is ever changed or deleted.
feed_move = Table(
    "feed_move",
    metadata,
    id_column(),
    to("feed.id", "feed_id"),
    text("from_url"),
    text("to_url"),
    time("at"),
    Index(None, "feed_id"),
    sqlite_autoincrement=True,
)

#: What happened that people want to know, see `ingest.polling.EventKind`.
event = Table(
    "event",
    metadata,
    id_column(),
    time("at"),
    text("kind"),
    Column("feed_id", Id, ForeignKey("feed.id"), nullable=True),
    Column("entry_id", Id, ForeignKey("entry.id"), nullable=True),
    #: host of the pages that it concerns
    text("site", nullable=True),
    text("detail"),
    Index(None, "at"),
    #: to find the last of a site, and to count gaps
    Index(None, "kind", "at"),
    Index(None, "feed_id", "at"),
    sqlite_autoincrement=True,
)

#: Subscriptions at hubs (WebSub); a feed has one at most.
subscription = Table(
    "subscription",
    metadata,
    Column("feed_id", Id, ForeignKey("feed.id"), primary_key=True, autoincrement=False),
    text("hub"),
    text("topic"),
    #: the last part of our callback address, and what signs pushes: neither is ever shown
    text("token"),
    text("secret"),
    text("state"),
    time("lease_until", nullable=True),
    time("asked_at"),
    time("last_push_at", nullable=True),
    text("problem", nullable=True),
)

# --- entries ----------------------------------------------------------------------------------------

entry = Table(
    "entry",
    metadata,
    id_column(),
    to("feed.id", "feed_id"),
    text("identity"),
    text("guid", nullable=True),
    text("link", nullable=True),
    text("page_address", nullable=True),
    text("title"),
    text("author", nullable=True),
    time("published", nullable=True),
    time("updated", nullable=True),
    text("text"),
    text("lang", nullable=True),
    json("sections"),
    text("content_hash"),
    text("state"),
    text("reason", nullable=True),
    text("detail", nullable=True),
    text("text_from", nullable=True),
    count("attempts"),
    count("checks"),
    #: null with a state of new: at once; null else: nothing is planned
    time("next_try_at", nullable=True),
    time("first_seen_at"),
    #: when a document last listed it
    time("last_seen_at"),
    back_to("article.id", "article_id"),
    flag("is_changed"),
    count("revision"),
    #: see `ingest.polling.DateFault`; null: nothing is wrong with its date
    text("date_fault", nullable=True),
    #: see `ingest.polling.FoundBy`; null: a poll of the feed
    text("found_by", nullable=True),
    UniqueConstraint("feed_id", "identity"),
    Index(None, "feed_id", "page_address"),
    Index(None, "first_seen_at"),
    Index(None, "published"),
    sqlite_autoincrement=True,
)
#: A guid that is not what the entry is identified by; the others are found by `identity`.
HAS_GUID_APART = and_(entry.c.guid.is_not(None), entry.c.identity != literal_column("'guid:'") + entry.c.guid)
partial("ix_entry_guid_apart", entry.c.feed_id, entry.c.guid, where=HAS_GUID_APART)
partial(
    "ix_entry_at_once", entry.c.id, where=and_(entry.c.state.in_(("new", "retrying")), entry.c.next_try_at.is_(None))
)
partial("ix_entry_planned", entry.c.next_try_at, where=entry.c.next_try_at.is_not(None))
#: So that entries are counted by state without a look at each: most are done, and not in it.
partial("ix_entry_open", entry.c.state, where=entry.c.state != "done")
#: Those that brought an article, whichever of its addresses led to it.
partial("ix_entry_article_id", entry.c.article_id, where=entry.c.article_id.is_not(None))
#: What went wrong with entries, so that it is counted without a look at their texts. Most entries are not in it.
partial(
    "ix_entry_trouble",
    entry.c.first_seen_at,
    entry.c.reason,
    entry.c.state,
    entry.c.text_from,
    entry.c.page_address,
    where=entry.c.reason.is_not(None),
)

#: Those of a reason, sorted as they are listed; with their states all are counted without a look at their rows.
partial(
    "ix_entry_reason",
    entry.c.reason,
    entry.c.first_seen_at,
    entry.c.id,
    entry.c.state,
    where=entry.c.reason.is_not(None),
)

#: How servers answered when pages of entries were asked for.
fetch_log = Table(
    "fetch_log",
    metadata,
    id_column(),
    to("entry.id", "entry_id"),
    time("at"),
    #: null: no answer came
    count("status", nullable=True),
    #: where the answer came from; null: the link or the page's address of the entry
    text("url", nullable=True),
    count("redirects"),
    #: what came of it, as in `entry`
    text("reason", nullable=True),
    text("detail", nullable=True),
    UniqueConstraint("entry_id", "at"),
    Index(None, "at"),
    sqlite_autoincrement=True,
)

# --- what hosts ask for -----------------------------------------------------------------------------

#: Addresses, or whole hosts, that asked to be left alone for a while.
host_wait = Table(
    "host_wait",
    metadata,
    Column("address", Line, primary_key=True),
    text("host"),
    time("until"),
    #: it holds for all addresses of the host
    flag("holds"),
    sqlite_with_rowid=False,
)

#: robots.txt of each origin, as it was last fetched.
robots_file = Table(
    "robots_file",
    metadata,
    Column("origin", Line, primary_key=True),
    #: null: there is none
    Column("body", LargeBinary, nullable=True),
    text("problem"),
    flag("is_refused"),
    time("until"),
)
