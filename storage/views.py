"""Views for people who ask the database in SQL: stable names and columns, whatever becomes of the tables.

Columns are called as the fields of `--json` are, where there are such fields. Times are text on SQLite, as in JSON, and
timestamptz on PostgreSQL; lists and objects are JSON, as they are stored; true and false are 1 and 0 on SQLite.
Columns may be added and are never renamed or taken away; `docs/reference/schema.md` is made from this file.

The views are no part of a migration: `storage.migrate` drops them before and makes them after it, so that a
table can change below them. So a change in this file needs a migration, be it one that changes nothing else.
What must stay secret (the table of subscriptions has some) is in none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Integer, and_, distinct, func, inspect, select, text
from sqlalchemy.dialects import postgresql, sqlite

from storage import dialect
from storage.lists import copy_lists
from storage.tables import (
    article,
    article_version,
    entry,
    event,
    feed,
    feed_move,
    match,
    relation,
    story,
    subscription,
    topic,
    topic_version,
)

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, FromClause, Select

INTEGER = "integer"
NUMBER = "number"
TEXT = "text"
TIME = "time"
YES_NO = "true or false"
JSON = "JSON"

_DIALECTS = {"sqlite": sqlite.dialect, "postgresql": postgresql.dialect}


@dataclass(frozen=True, slots=True)
class ViewColumn:
    """A column of a view."""

    name: str
    #: INTEGER, NUMBER, TEXT, TIME, YES_NO or JSON
    kind: str
    meaning: str
    holds: ColumnElement[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A view with stable columns."""

    name: str
    #: what a row is
    meaning: str
    columns: tuple[ViewColumn, ...]
    rows: FromClause
    where: ColumnElement[bool] | None = None

    def select(self, name: str) -> Select[*tuple[Any, ...]]:
        """Return what the view selects from the tables of the database *name*, sqlite or postgresql."""
        statement = select(*(_shown(column, name).label(column.name) for column in self.columns))
        statement = statement.select_from(self.rows)
        return statement if self.where is None else statement.where(self.where)

    def sql(self, name: str) -> str:
        """Return the statement that makes the view in the database *name*, sqlite or postgresql."""
        # With named parameters, of which there are none, a percent sign stands for itself.
        dialect_of_it = _DIALECTS[name](paramstyle="named")
        spelled = self.select(name).compile(dialect=dialect_of_it, compile_kwargs={"literal_binds": True})
        return f"CREATE VIEW {self.name} AS\n{spelled}"


def _shown(column: ViewColumn, name: str) -> ColumnElement[Any]:
    return dialect.spell_time(column.holds, name) if column.kind == TIME else column.holds


def create_views(connection: Connection) -> None:
    """Make all views; there must be none of their names."""
    for view in VIEWS:
        connection.execute(text(view.sql(connection.dialect.name)))


def drop_views(connection: Connection) -> None:
    """Drop all views, also those of an earlier version that are none any more. Does nothing where there are none.

    PostgreSQL refuses it while views that other people made stand upon them.
    """
    ours = {view.name for view in VIEWS} | FORMER
    for name in sorted(ours.intersection(inspect(connection).get_view_names())):
        connection.execute(text(f"DROP VIEW {name}"))


#: Names of views that earlier versions made and that are none any more.
FORMER: frozenset[str] = frozenset()

# --- what they hold ---------------------------------------------------------------------------------

_moves = feed_move.alias("moves")
_last_move = select(func.max(_moves.c.id)).where(_moves.c.feed_id == feed.c.id).scalar_subquery()
_entries = select(func.count()).select_from(entry).where(entry.c.feed_id == feed.c.id).scalar_subquery()

_FEEDS = View(
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

_ENTRIES = View(
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

_every = article_version.alias("every_version")
_versions = select(func.count()).select_from(_every).where(_every.c.article_id == article.c.id).scalar_subquery()
_IS_CURRENT = article_version.c.id == article.c.version_id

_ARTICLES = View(
    name="v_articles",
    meaning="An article in its current version.",
    columns=(
        ViewColumn("id", INTEGER, "number of the article", article.c.id),
        ViewColumn("url", TEXT, "normalised address, the identity of the article", article.c.url),
        ViewColumn("source", TEXT, "host of the page", article.c.source),
        ViewColumn("title", TEXT, "the feed's title, else the page's", article_version.c.title),
        ViewColumn("text", TEXT, "the text, in paragraphs", article_version.c.text),
        ViewColumn("author", TEXT, "author, or null", article_version.c.author),
        ViewColumn("published", TIME, "when it was published, or null when unknown", article.c.published),
        ViewColumn("first_seen", TIME, "when it was first seen", article.c.first_seen_at),
        ViewColumn("dated_at", TIME, "when it counts as published", article.c.dated_at),
        ViewColumn("lang", TEXT, "language (primary subtag), or null", article_version.c.lang),
        ViewColumn("words", INTEGER, "number of words", article_version.c.words),
        ViewColumn("sections", JSON, "sections that it names, a list of texts", article_version.c.sections),
        ViewColumn("repaired", TEXT, "code page that was undone, or null", article_version.c.repaired),
        ViewColumn("text_from", TEXT, "where the text came from: page or feed", article_version.c.text_from),
        ViewColumn("story", INTEGER, "id of its story", article.c.story_id),
        ViewColumn("version", INTEGER, "number of the version that is current", article_version.c.n),
        ViewColumn("versions", INTEGER, "number of versions", _versions),
        ViewColumn("credit", TEXT, "agency that the text names as its source, or null", article_version.c.credit),
        ViewColumn(
            "canonical",
            TEXT,
            "address of its original, as it says; or null",
            article_version.c.canonical,
        ),
    ),
    rows=article.join(article_version, _IS_CURRENT),
)

_VERSIONS = View(
    name="v_versions",
    meaning="One of the texts that an article has had.",
    columns=(
        ViewColumn("id", INTEGER, "number of the version among those of all articles", article_version.c.id),
        ViewColumn("article", INTEGER, "id of the article", article_version.c.article_id),
        ViewColumn("n", INTEGER, "1, 2, … in the order in which they were first seen", article_version.c.n),
        ViewColumn("is_current", YES_NO, "it is the text of the article now", _IS_CURRENT),
        ViewColumn("title", TEXT, "title", article_version.c.title),
        ViewColumn("text", TEXT, "the text, in paragraphs", article_version.c.text),
        ViewColumn("text_hash", TEXT, "SHA-256 of title and text", article_version.c.text_hash),
        ViewColumn("text_from", TEXT, "where the text came from: page or feed", article_version.c.text_from),
        ViewColumn("author", TEXT, "author, or null", article_version.c.author),
        ViewColumn("published", TIME, "date that it bears, or null", article_version.c.published),
        ViewColumn("first_seen", TIME, "when it was first seen", article_version.c.created_at),
        ViewColumn("lang", TEXT, "language (primary subtag), or null", article_version.c.lang),
        ViewColumn("words", INTEGER, "number of words", article_version.c.words),
        ViewColumn("sections", JSON, "sections, a list of texts", article_version.c.sections),
        ViewColumn("repaired", TEXT, "code page that was undone, or null", article_version.c.repaired),
        ViewColumn("credit", TEXT, "agency that the text names as its source, or null", article_version.c.credit),
        ViewColumn("canonical", TEXT, "address of its original, or null", article_version.c.canonical),
        ViewColumn("pruned_at", TIME, "when its text was dropped as old, or null", article_version.c.pruned_at),
    ),
    rows=article_version.join(article, article.c.id == article_version.c.article_id),
)

_lead = article.alias("lead")
_lead_version = article_version.alias("lead_version")
_first = article.alias("first_one")
_carrier = article.alias("carrier")
_outlets = (
    select(func.count(distinct(_carrier.c.source)))
    .where(_carrier.c.story_id == story.c.id)
    .scalar_subquery()
    .cast(Integer)
)

_STORIES = View(
    name="v_stories",
    meaning="Articles that carry the same text. Title, address and source are those of the lead, the one seen first.",
    columns=(
        ViewColumn("id", INTEGER, "number of the story", story.c.id),
        ViewColumn("title", TEXT, "title of the lead", _lead_version.c.title),
        ViewColumn("url", TEXT, "address of the lead", _lead.c.url),
        ViewColumn("source", TEXT, "host of the lead", _lead.c.source),
        ViewColumn("first_seen", TIME, "when the lead was first seen", story.c.first_seen_at),
        ViewColumn("published", TIME, "when the lead was published, or null when unknown", _lead.c.published),
        ViewColumn("copy_count", INTEGER, "number of other articles in the story", copy_lists.copy_count(story.c.id)),
        ViewColumn("outlets", INTEGER, "number of different sources among its articles", _outlets),
        ViewColumn("article", INTEGER, "id of the lead", story.c.lead_article_id),
        ViewColumn("first_article", INTEGER, "id of its first article by `dated_at`", story.c.first_article_id),
        ViewColumn("first_url", TEXT, "address of that article", _first.c.url),
        ViewColumn("first_source", TEXT, "host of that article", _first.c.source),
        ViewColumn("first_dated_at", TIME, "when that article counts as published", _first.c.dated_at),
    ),
    rows=story.join(_lead, _lead.c.id == story.c.lead_article_id)
    .join(_lead_version, _lead_version.c.id == _lead.c.version_id)
    .join(_first, _first.c.id == story.c.first_article_id),
)

_own = article.alias("own")
_other = article.alias("other")
_own_version = article_version.alias("own_version")

_RELATIONS = View(
    name="v_relations",
    meaning="What an article is to another one now: `article` is a `kind` of `other_article`.",
    columns=(
        ViewColumn("id", INTEGER, "number of the relation", relation.c.id),
        ViewColumn("article", INTEGER, "id of the article", relation.c.article_id),
        ViewColumn("url", TEXT, "its address", _own.c.url),
        ViewColumn("source", TEXT, "its host", _own.c.source),
        ViewColumn("kind", TEXT, "copy, excerpt, extended, composite or revision", relation.c.kind),
        ViewColumn("other_article", INTEGER, "id of the other article", relation.c.other_id),
        ViewColumn("other_url", TEXT, "its address", _other.c.url),
        ViewColumn("other_source", TEXT, "its host", _other.c.source),
        ViewColumn("score", NUMBER, "share of the shorter text that both have in common, 0 to 1", relation.c.score),
        ViewColumn("share", NUMBER, "share of the article's text that both have in common, 0 to 1", relation.c.share),
        ViewColumn("other_share", NUMBER, "the same of the other's text", relation.c.other_share),
        ViewColumn(
            "passage",
            TEXT,
            "the longest stretch that both share, as it stands in the article",
            func.substr(_own_version.c.text, relation.c.start + 1, relation.c.end - relation.c.start),
        ),
        ViewColumn("start", INTEGER, "where it stands there: half-open, in code points of its text", relation.c.start),
        ViewColumn("end", INTEGER, 'see `start`; a word of SQL, so write `"end"`', relation.c.end),
        ViewColumn("other_start", INTEGER, "where it stands in the other article", relation.c.other_start),
        ViewColumn("other_end", INTEGER, "see `other_start`", relation.c.other_end),
        ViewColumn(
            "slots", JSON, "facts that differ: a list of {kind, start, end, other_start, other_end}", relation.c.slots
        ),
        ViewColumn("first_seen", TIME, "when it was found", relation.c.created_at),
    ),
    rows=relation.join(_own, _own.c.id == relation.c.article_id)
    .join(_other, _other.c.id == relation.c.other_id)
    .join(_own_version, _own_version.c.id == relation.c.version_id),
    where=relation.c.retired_at.is_(None),
)

_IS_LISTED = and_(article.c.id == match.c.article_id, article.c.version_id == match.c.version_id)

_MATCHES = View(
    name="v_matches",
    meaning="A topic that the current version of an article matches. What a back-fill has retired is not among them.",
    columns=(
        ViewColumn("id", INTEGER, "number of the match", match.c.id),
        ViewColumn("topic", TEXT, "name of the topic", topic.c.name),
        ViewColumn("topic_version", TEXT, "version of the topic that matched", topic_version.c.version),
        ViewColumn("rules", JSON, "rules that fired, a list of texts: topic.number of the match line", match.c.rules),
        ViewColumn("story", INTEGER, "id of the story", article.c.story_id),
        ViewColumn("article", INTEGER, "id of the article", article.c.id),
        ViewColumn("title", TEXT, "title of the article", article_version.c.title),
        ViewColumn("url", TEXT, "address of the article", article.c.url),
        ViewColumn("source", TEXT, "host of the article", article.c.source),
        ViewColumn("published", TIME, "when it was published, or null when unknown", article.c.published),
        ViewColumn("first_seen", TIME, "when the article was first seen", match.c.first_seen_at),
        ViewColumn(
            "spans", JSON, "what matched: a list of {field, start, end, text}; half-open, in code points", match.c.spans
        ),
        ViewColumn(
            "copy_count", INTEGER, "number of other articles in the story", copy_lists.copy_count(article.c.story_id)
        ),
        ViewColumn("origin", TEXT, "live, or backfill: nobody was alerted to it", match.c.origin),
        ViewColumn("matched_at", TIME, "when the match was stored", match.c.created_at),
    ),
    rows=match.join(article, _IS_LISTED)
    .join(article_version, article_version.c.id == match.c.version_id)
    .join(topic, topic.c.id == match.c.topic_id)
    .join(topic_version, topic_version.c.id == match.c.topic_version_id),
    where=match.c.retired_at.is_(None),
)

_counted = match.alias("counted")
_shown_article = article.alias("shown_article")
_matches = (
    select(func.count())
    .select_from(
        _counted.join(
            _shown_article,
            and_(_shown_article.c.id == _counted.c.article_id, _shown_article.c.version_id == _counted.c.version_id),
        )
    )
    .where(_counted.c.topic_id == topic.c.id, _counted.c.retired_at.is_(None))
    .scalar_subquery()
)

_TOPICS = View(
    name="v_topics",
    meaning="A topic that was ever recorded, in its last version.",
    columns=(
        ViewColumn("topic", TEXT, "name of the topic", topic.c.name),
        ViewColumn("title", TEXT, "what it is about, or null", topic_version.c.title),
        ViewColumn("tags", JSON, "tags, a list of texts", topic_version.c.tags),
        ViewColumn("lang", JSON, "languages that it is limited to, a list of texts", topic_version.c.langs),
        ViewColumn("version", TEXT, "changes when its meaning does", topic_version.c.version),
        ViewColumn("file", TEXT, "rule file", topic_version.c.file),
        ViewColumn("source", TEXT, "the text from which it can be compiled again", topic_version.c.source),
        ViewColumn("is_active", YES_NO, "it is in force", topic.c.retired_at.is_(None)),
        ViewColumn("retired_at", TIME, "when it was no longer found in any rule file, or null", topic.c.retired_at),
        ViewColumn("known_since", TIME, "when this version was first in force", topic_version.c.created_at),
        ViewColumn("matches", INTEGER, "number of articles that it matches", _matches),
    ),
    rows=topic.join(topic_version, topic_version.c.id == topic.c.version_id),
)

_EVENTS = View(
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

VIEWS = (_FEEDS, _ENTRIES, _ARTICLES, _VERSIONS, _STORIES, _RELATIONS, _MATCHES, _TOPICS, _EVENTS)
