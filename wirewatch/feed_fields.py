"""The fields of records about feeds, as `fields` has those of the others: `feeds list`, `feeds check`, `events`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wirewatch.columns import Column
from wirewatch.fields import INTEGER, TEXT, TEXTS, TIME, YES_NO

if TYPE_CHECKING:
    from datetime import tzinfo


def _problems(problems: Any, _: tzinfo) -> str:
    return str(len(problems)) if problems else ""


def _few(number: Any, _: tzinfo) -> str:
    return str(number) if number else ""


FEED = (
    Column("id", INTEGER, "number of the feed; null until it was first seen by `once` or `run`"),
    Column("url", TEXT, "configured address, the identity of the feed", is_flexible=True, is_shown=True),
    Column("fetch_url", TEXT, "where it has moved to"),
    Column("title", TEXT, "title in feeds.toml, else the feed's own", is_flexible=True, is_shown=True),
    Column("state", TEXT, "active, backing-off, dormant, gone, paused or removed", is_shown=True),
    Column("last_status", INTEGER, "HTTP status of the last poll", is_shown=True),
    Column("last_error", TEXT, "why the last poll failed, or null", is_shown=True),
    Column("failures", INTEGER, "failed polls in a row", is_shown=True),
    Column("next_poll_at", TIME, "when it is due again", is_shown=True),
    Column("entries", INTEGER, "entries seen so far", is_shown=True),
    Column("last_error_detail", TEXT, "one line about the last error, or null"),
    Column("last_polled_at", TIME, "when it was last polled, or null"),
    Column("added_at", TIME, "when it was first seen by `once` or `run`, or null"),
    Column("plan_why", TEXT, "why the next poll is then, one sentence; or null"),
    Column("interval_s", INTEGER, "seconds between two polls, as it has adapted to what the feed brings"),
    Column("last_document_at", TIME, "when a document with entries last came (no 304 and not the same again), or null"),
    Column("last_new_at", TIME, "when it last brought a new entry, or null", heading="last news", is_spare=True),
    Column(
        "longest_quiet_s",
        INTEGER,
        "longest time in seconds without news that is known of it, or, of a new feed, is granted to it; or null",
    ),
    Column("broken_since", TIME, "since when its polls fail, if people were told; or null"),
    Column(
        "silent_since",
        TIME,
        "since when it answers and brings nothing new for longer than is expected of it; or null",
        heading="silent since",
        is_shown=True,
        is_rare=True,
    ),
    Column(
        "gaps",
        INTEGER,
        "polls of the last 30 days that shared no entry with the one before: entries in between may be missing",
        is_shown=True,
        is_rare=True,
        reads=_few,
    ),
    Column("feed_format", TEXT, "rss, rdf, atom, json, sitemap or sitemap index; null before it was read"),
    Column("hub", TEXT, "hub that it announces (WebSub), or null"),
    Column("subscription", TEXT, "how the subscription there stands: pending, active, denied; or null"),
    Column("last_push_at", TIME, "when the hub last pushed, or null"),
    Column("moved_from", TEXT, "where it was before it last moved for good, or null"),
    Column("moved_at", TIME, "when it did, or null"),
)

FEED_CHECK = (
    Column("url", TEXT, "configured address", is_flexible=True, is_shown=True),
    Column("status", INTEGER, "HTTP status, or null when no answer came", is_shown=True),
    Column("moved_to", TEXT, "where it has moved for good, or null"),
    Column("kind", TEXT, "rss, rdf, atom, json, sitemap or sitemap index", is_shown=True),
    Column("title", TEXT, "the feed's own title", is_flexible=True, is_shown=True),
    Column("entries", INTEGER, "entries it lists", is_shown=True),
    Column("sitemaps", INTEGER, "sitemaps that it lists, of a sitemap index; else null"),
    Column("sitemaps_read", INTEGER, "how many of them were read for its entries, as its first poll would; else null"),
    Column("reason", TEXT, "why it failed, or null", is_shown=True),
    Column("detail", TEXT, "one line about the reason", is_flexible=True, is_shown=True),
    Column(
        "problems", TEXTS, "what is wrong with the document, a line each", is_shown=True, is_rare=True, reads=_problems
    ),
    Column("gaps", INTEGER, "as in a feed", is_shown=True, is_rare=True, reads=_few),
    Column("silent_since", TIME, "as in a feed", is_shown=True, is_rare=True),
)

EVENT = (
    Column("id", INTEGER, "number of the event"),
    Column("at", TIME, "when", is_shown=True),
    Column(
        "kind",
        TEXT,
        "feed.broken, feed.recovered, feed.dormant, feed.gone, feed.moved, feed.silent, feed.gap, feed.cut or "
        "site.drift",
        is_shown=True,
    ),
    Column("feed", INTEGER, "id of the feed, or null"),
    Column("feed_url", TEXT, "configured address of the feed, or null", is_flexible=True, is_shown=True),
    Column("entry", INTEGER, "id of the entry, or null"),
    Column("site", TEXT, "host of the pages that it concerns, or null", is_shown=True, is_rare=True),
    Column("detail", TEXT, "what happened, one line", is_flexible=True, is_shown=True),
)

FEED_BACKFILLED = (
    Column("url", TEXT, "configured address of the feed"),
    Column("pages", INTEGER, "pages read, the feed itself among them"),
    Column("listed", INTEGER, "entries that they list"),
    Column("new", INTEGER, "of these, entries that were not known"),
    Column("why", TEXT, "why it ended there"),
    Column("reason", TEXT, "why a page could not be read, or null"),
)

_DATES = "{newest, oldest, missing, future, zone} or null"
_ROBOTS = "{page, is_allowed, problem, sitemaps} or null"

DIAGNOSIS = (
    Column("url", TEXT, "the address that was asked for"),
    Column("is_configured", YES_NO, "it is in feeds.toml"),
    Column("is_paused", YES_NO, "it is paused there"),
    Column("with_access", TEXTS, "what is sent with its polls, by name: headers, user name, password"),
    Column("status", INTEGER, "HTTP status, or null when no answer came"),
    Column("reason", TEXT, "why it cannot be read as a feed, or null"),
    Column("detail", TEXT, "one line about the reason"),
    Column("final_url", TEXT, "where the answer came from, after redirects, or null"),
    Column("moved_to", TEXT, "where it has moved for good, or null"),
    Column("hops", "list of {url, status}", "each answer on the way, the last one included"),
    Column("headers", "{name: text}", "headers of the answer that tell how it is served"),
    Column("bytes", INTEGER, "size of the body, decoded, or null"),
    Column("content_type", TEXT, "the header, or null"),
    Column("charset", TEXT, "charset in the header, or null"),
    Column("etag", TEXT, "validator, as sent, or null"),
    Column("last_modified", TEXT, "validator, as sent, or null"),
    Column("again_status", INTEGER, "status when it was asked again with its validators; null: it has none"),
    Column("again_detail", TEXT, "what is wrong with that answer, or null"),
    Column("kind", TEXT, "rss, rdf, atom, json, sitemap or sitemap index; null when it could not be read"),
    Column("title", TEXT, "the feed's own title"),
    Column("entries", INTEGER, "entries that it lists"),
    Column("sitemaps", INTEGER, "sitemaps that it lists, of a sitemap index; else null"),
    Column("sitemaps_read", INTEGER, "how many of them were read for its entries, as its first poll would; else null"),
    Column("ttl_s", INTEGER, "seconds between two polls that it asks for, or null"),
    Column("problems", TEXTS, "what is wrong with the document, a line each"),
    Column("is_cut", YES_NO, "it lists more entries than are read"),
    Column("dates", _DATES, "dates of the entries: the newest, the oldest, and how many have a fault"),
    Column("older_page", TEXT, "page with older entries (RFC 5005), or null"),
    Column("self_url", TEXT, "its own address, as it says (WebSub), or null"),
    Column("hubs", TEXTS, "hubs that it announces (WebSub)"),
    Column("robots", _ROBOTS, "what robots.txt says of the first article that it links to; it is not asked for feeds"),
    Column("stored", "a feed, or null", "what the database knows of it, with the fields of `feeds list`"),
    Column("events", "list of events", "what happened to it, the newest first", nested=EVENT),
)
