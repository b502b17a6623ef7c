"""Views of feeds, of what they brought, and of what happened to them; see `storage.views`."""

from __future__ import annotations

from sqlalchemy import func, select

from storage.tables import entry, event, feed, feed_move, subscription
from storage.view import INTEGER, TEXT, TIME, View, ViewColumn

_moves = feed_move.alias("moves")
_last_move = select(func.max(_moves.c.id)).where(_moves.c.feed_id == feed.c.id).scalar_subquery()
_entries = select(func.count()).select_from(entry).where(entry.c.feed_id == feed.c.id).scalar_subquery()

FEEDS = View(
    name="v_feeds",
    meaning="A feed, also a removed one, and how it is doing.",
    columns=(
        ViewColumn("id", INTEGER, "number of the feed", feed.c.id),
        ViewColumn("url", TEXT, "configured address, the identity of the feed", feed.c.url),
        ViewColumn("fetch_url", TEXT, "where it has moved to", feed.c.fetch_url),
        ViewColumn(
            "title",
            TEXT,
            "title in feeds.toml, else the feed's own; or null",
            func.coalesce(feed.c.given_title, feed.c.title),
        ),
        ViewColumn("state", TEXT, "active, backing-off, dormant, gone, paused or removed", feed.c.state),
        ViewColumn("last_status", INTEGER, "HTTP status of the last poll, or null", feed.c.last_status),
        ViewColumn("last_error", TEXT, "why the last poll failed, or null", feed.c.last_error),
        ViewColumn("last_error_detail", TEXT, "one line about the last error, or null", feed.c.last_error_detail),
        ViewColumn("failures", INTEGER, "failed polls in a row", feed.c.failures),
        ViewColumn("entries", INTEGER, "entries seen so far", _entries),
        ViewColumn("next_poll_at", TIME, "when it is due again", feed.c.next_poll_at),
        ViewColumn("last_polled_at", TIME, "when it was last polled, or null", feed.c.last_polled_at),
        ViewColumn("added_at", TIME, "when it was first seen by `once` or `run`", feed.c.added_at),
        ViewColumn("removed_at", TIME, "when it was no longer configured, or null", feed.c.removed_at),
        ViewColumn("plan_why", TEXT, "why the next poll is then, one sentence; or null", feed.c.plan_why),
        ViewColumn("interval_s", INTEGER, "seconds between two polls, as it has adapted", feed.c.interval_s),
        ViewColumn("last_document_at", TIME, "when a document last came, or null", feed.c.last_document_at),
        ViewColumn("last_new_at", TIME, "when it last brought a new entry, or null", feed.c.last_new_at),
        ViewColumn(
            "longest_quiet_s",
            INTEGER,
            "longest time without news that is known of it",
            feed.c.longest_quiet_s,
        ),
        ViewColumn("broken_since", TIME, "since when its polls fail, or null", feed.c.broken_since),
        ViewColumn("silent_since", TIME, "since when it answers and is unusually quiet, or null", feed.c.silent_since),
        ViewColumn("feed_format", TEXT, "rss, rdf, atom, json, sitemap or sitemap index; or null", feed.c.feed_format),
        ViewColumn("hub", TEXT, "hub that it announces (WebSub), or null", feed.c.hub),
        ViewColumn("subscription", TEXT, "pending, active or denied there; or null", subscription.c.state),
        ViewColumn("last_push_at", TIME, "when the hub last pushed, or null", subscription.c.last_push_at),
        ViewColumn("moved_from", TEXT, "where it was before it last moved for good, or null", feed_move.c.from_url),
        ViewColumn("moved_at", TIME, "when it did, or null", feed_move.c.at),
    ),
    rows=feed.outerjoin(subscription, subscription.c.feed_id == feed.c.id).outerjoin(
        feed_move, feed_move.c.id == _last_move
    ),
)

ENTRIES = View(
    name="v_entries",
    meaning="An item of a feed, and how it stands.",
    columns=(
        ViewColumn("id", INTEGER, "number of the entry", entry.c.id),
        ViewColumn("feed", INTEGER, "id of its feed", entry.c.feed_id),
        ViewColumn("feed_url", TEXT, "configured address of its feed", feed.c.url),
        ViewColumn("guid", TEXT, "the feed's own identifier, or null", entry.c.guid),
        ViewColumn("link", TEXT, "address of its page, or null", entry.c.link),
        ViewColumn("page_address", TEXT, "the same, normalised", entry.c.page_address),
        ViewColumn("title", TEXT, "title in the feed", entry.c.title),
        ViewColumn("text", TEXT, "text in the feed", entry.c.text),
        ViewColumn("published", TIME, "date in the feed, or null", entry.c.published),
        ViewColumn("first_seen", TIME, "when it was first seen", entry.c.first_seen_at),
        ViewColumn("state", TEXT, "new, retrying, done or failed", entry.c.state),
        ViewColumn("reason", TEXT, "why there is no page (see reasons.md), or null", entry.c.reason),
        ViewColumn("detail", TEXT, "one line about the reason, or null", entry.c.detail),
        ViewColumn("text_from", TEXT, "where the text came from: page, feed or null", entry.c.text_from),
        ViewColumn("article", INTEGER, "id of its article, or null", entry.c.article_id),
        ViewColumn("attempts", INTEGER, "tries that failed in a row", entry.c.attempts),
        ViewColumn("next_try_at", TIME, "when its page is fetched again, or null", entry.c.next_try_at),
        ViewColumn("date_fault", TEXT, "missing, future or zone; or null", entry.c.date_fault),
        ViewColumn(
            "found_by",
            TEXT,
            "feed, sitemap, push or archive",
            func.coalesce(entry.c.found_by, "feed"),
        ),
    ),
    rows=entry.join(feed, feed.c.id == entry.c.feed_id),
)

EVENTS = View(
    name="v_events",
    meaning="Something that happened to a feed or a site; kept for a year.",
    columns=(
        ViewColumn("id", INTEGER, "number of the event", event.c.id),
        ViewColumn("at", TIME, "when", event.c.at),
        ViewColumn("kind", TEXT, "feed.broken, feed.recovered, feed.gap, site.drift, …", event.c.kind),
        ViewColumn("feed", INTEGER, "id of the feed, or null", event.c.feed_id),
        ViewColumn("feed_url", TEXT, "configured address of the feed, or null", feed.c.url),
        ViewColumn("entry", INTEGER, "id of the entry, or null", event.c.entry_id),
        ViewColumn("site", TEXT, "host of the pages that it concerns, or null", event.c.site),
        ViewColumn("detail", TEXT, "what happened, one line", event.c.detail),
    ),
    rows=event.outerjoin(feed, feed.c.id == event.c.feed_id),
)
