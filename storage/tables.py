"""The tables, in the words of the product: feed, entry, article, story, relation, topic, match.

Ids are never reused. Times are integers, microseconds since 1970 in UTC: they sort and compare as they
are, on every database. The full-text table is made by its migration and known to `dialect` alone.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, Table, UniqueConstraint

from storage import copy_tables, feed_tables
from storage.columns import Id, Line, back_to, count, id_column, json, metadata, partial, text, time, to
from storage.jobs import tables as job_tables

#: The migration that makes these tables; the revisions are numbers, so that older and newer can be told apart.
SCHEMA_REVISION = "0007"

#: "WIRE", the `application_id` of our SQLite files, https://www.sqlite.org/fileformat2.html#application_id
APPLICATION_ID = 0x57495245

#: the table that Alembic keeps its revision in
REVISION_TABLE = "alembic_version"

#: the table that is in a copy of another database until it is whole, see `storage.copying.mark`
MARK_OF_COPY = "copy_begun"

# --- polling ----------------------------------------------------------------------------------------

#: They are described in a file of their own.
feed = feed_tables.feed
poll_log = feed_tables.poll_log
feed_move = feed_tables.feed_move
event = feed_tables.event
subscription = feed_tables.subscription
entry = feed_tables.entry
fetch_log = feed_tables.fetch_log
host_wait = feed_tables.host_wait
robots_file = feed_tables.robots_file

# --- several processes ------------------------------------------------------------------------------

host_turn = job_tables.host_turn
worker = job_tables.worker

# --- articles ---------------------------------------------------------------------------------------

article = Table(
    "article",
    metadata,
    id_column(),
    text("url"),
    text("source"),
    #: the entry whose title the article bears, and that looks after its page
    to("entry.id", "entry_id"),
    #: null only inside the transaction that makes the article
    back_to("story.id", "story_id"),
    back_to("article_version.id", "version_id"),
    #: validators of its page
    text("etag", nullable=True),
    text("last_modified", nullable=True),
    #: of the current version, kept here because listings sort by it
    time("published", nullable=True),
    time("first_seen_at"),
    #: when it counts as published, see `ingest.model.date_of`
    time("dated_at"),
    # That no two have the same `url` is seen to by `article_address`, where each has it too.
    Index(None, "story_id", "first_seen_at"),
    #: its first by time, and which of its articles came before another one
    Index(None, "story_id", "dated_at"),
    Index(None, "first_seen_at"),
    Index(None, "published"),
    #: so that a search within a source that few articles have begins with these
    Index(None, "source", "first_seen_at"),
    sqlite_autoincrement=True,
)

article_address = Table(
    "article_address",
    metadata,
    Column("address", Line, primary_key=True),
    to("article.id", "article_id"),
    sqlite_with_rowid=False,
)

article_version = Table(
    "article_version",
    metadata,
    id_column(),
    to("article.id", "article_id"),
    #: 1, 2, … in the order in which the texts were first seen
    count("n"),
    text("title"),
    text("text"),
    #: see `Article.text_hash`
    text("text_hash"),
    text("text_from"),
    text("author", nullable=True),
    time("published", nullable=True),
    text("lang", nullable=True),
    json("sections"),
    text("repaired", nullable=True),
    text("raw_hash", nullable=True),
    count("words"),
    count("extractor_version"),
    count("tokenizer_version"),
    count("fingerprint_alg"),
    time("created_at"),
    #: see `Article`
    text("credit", nullable=True),
    text("canonical", nullable=True),
    #: when its text was dropped because it was old and no longer shown; the text is empty since
    time("pruned_at", nullable=True),
    # That no two of an article have the same text is seen to by `articles.save`.
    UniqueConstraint("article_id", "n"),
    #: as that of `article.source`
    Index(None, "lang"),
    #: to count those of other tokenizers, and to find them
    Index(None, "tokenizer_version"),
    sqlite_autoincrement=True,
)
#: So that they are counted without a look at the texts of all articles.
partial(
    "ix_article_version_repaired",
    article_version.c.repaired,
    article_version.c.article_id,
    where=article_version.c.repaired.is_not(None),
)

#: Which text an article has shown since when, from its second on; no row is ever changed.
version_change = Table(
    "version_change",
    metadata,
    id_column(),
    to("article.id", "article_id"),
    to("article_version.id", "version_id"),
    time("at"),
    Index(None, "article_id", "at"),
    sqlite_autoincrement=True,
)

#: Addresses of articles that were forgotten for good: what they bring is never stored again.
forgotten = Table(
    "forgotten",
    metadata,
    Column("address", Line, primary_key=True),
    #: the article that it was
    Column("article_id", Id, nullable=True),
    time("at"),
    sqlite_with_rowid=False,
)

raw_page = Table(
    "raw_page",
    metadata,
    Column("version_id", Id, ForeignKey("article_version.id"), primary_key=True, autoincrement=False),
    text("url"),
    #: those headers that say how to read the body
    json("headers"),
    #: the body, compressed by zstd
    Column("body", LargeBinary, nullable=False),
    time("created_at"),
    Index(None, "created_at"),
)

# --- copies -----------------------------------------------------------------------------------------

#: They are described in a file of their own.
fingerprint = copy_tables.fingerprint
posting = copy_tables.posting
posting_state = copy_tables.posting_state
story = copy_tables.story
story_alias = copy_tables.story_alias
story_change = copy_tables.story_change
story_stay = copy_tables.story_stay
relation = copy_tables.relation
site_memory = copy_tables.site_memory
site_line = copy_tables.site_line
rebuild = copy_tables.rebuild

# --- topics -----------------------------------------------------------------------------------------

topic = Table(
    "topic",
    metadata,
    id_column(),
    text("name"),
    #: null only inside the transaction that makes the topic
    back_to("topic_version.id", "version_id"),
    #: when it was no longer found in any rule file
    time("retired_at", nullable=True),
    UniqueConstraint("name"),
    sqlite_autoincrement=True,
)

topic_version = Table(
    "topic_version",
    metadata,
    id_column(),
    to("topic.id", "topic_id"),
    text("version"),
    #: the text from which it can be compiled again
    text("source"),
    text("title", nullable=True),
    json("tags"),
    json("langs"),
    text("file"),
    time("created_at"),
    UniqueConstraint("topic_id", "version"),
    sqlite_autoincrement=True,
)

#: Which version of a topic was in force since when; no row is ever changed.
topic_change = Table(
    "topic_change",
    metadata,
    id_column(),
    to("topic.id", "topic_id"),
    #: null: it was retired
    Column("topic_version_id", Id, ForeignKey("topic_version.id"), nullable=True),
    time("at"),
    Index(None, "topic_id", "at"),
    sqlite_autoincrement=True,
)

#: A topic whose version came into force when texts were stored already, until a back-fill has judged these by it.
topic_backlog = Table(
    "topic_backlog",
    metadata,
    Column("topic_id", Id, ForeignKey("topic.id"), primary_key=True, autoincrement=False),
    #: the newest `fingerprint.id` at that time; texts that came later were judged as they came
    Column("upto", Id, nullable=False),
)

#: What an article version matches. A match that a back-fill found to be out of date is retired and never deleted;
#: of an article version and a topic one match at most is not retired, and only such are listed.
match = Table(
    "match",
    metadata,
    id_column(),
    to("article_version.id", "version_id"),
    to("topic.id", "topic_id"),
    to("topic_version.id", "topic_version_id"),
    #: the article, and when it was first seen: so that a listing of a topic is one walk through an index
    to("article.id", "article_id"),
    time("first_seen_at"),
    #: ["purl.1", …]
    json("rules"),
    #: [{"field", "start", "end", "text"}, …]
    json("spans"),
    time("created_at"),
    #: see `ingest.model.MatchOrigin`: nobody is alerted to what a back-fill found
    text("origin"),
    time("retired_at", nullable=True),
    sqlite_autoincrement=True,
)
_IN_FORCE = match.c.retired_at.is_(None)
partial("uq_match_version_id_topic_id", match.c.version_id, match.c.topic_id, where=_IN_FORCE, unique=True)
partial("ix_match_first_seen_at", match.c.first_seen_at, where=_IN_FORCE)
#: Sorted as a topic's listing is; with the others its matches are counted without a look at their rows.
partial(
    "ix_match_topic_id_first_seen_at",
    match.c.topic_id,
    match.c.first_seen_at,
    match.c.id,
    match.c.topic_version_id,
    match.c.version_id,
    match.c.article_id,
    # Always null here; but without it SQLite looks at the row to see that it is.
    match.c.retired_at,
    where=_IN_FORCE,
)

#: Of an article those of a topic are found by both columns: what a topic showed at an earlier moment is among them.
partial("ix_match_retired", match.c.topic_id, match.c.first_seen_at, where=match.c.retired_at.is_not(None))

#: Judging stored articles anew: one row a run. Articles are taken in the order of `fingerprint.id`, which grows
#: with every new text of any article: so one number says how far a run is, and what comes meanwhile comes last.
backfill = Table(
    "backfill",
    metadata,
    id_column(),
    #: `RuleSet.version` of the topics it judges by
    text("rules_version"),
    count("tokenizer_version"),
    #: the span of articles as it was asked for, and the moments that this meant
    text("window"),
    time("since", nullable=True),
    time("until", nullable=True),
    #: the last `fingerprint.id` that was judged
    Column("cursor", Id, nullable=False),
    count("looked_at"),
    #: matches; see `matches.Changes`
    count("added"),
    count("renewed"),
    count("same"),
    count("retired"),
    time("started_at"),
    #: when it first came to the end
    time("finished_at", nullable=True),
    sqlite_autoincrement=True,
)

#: Stored work done anew, after an extractor or the tokenizer has changed: one row a run.
redo = Table(
    "redo",
    metadata,
    id_column(),
    #: see `storage.redo.runs.RedoKind`
    text("kind"),
    #: the version of extractor or tokenizer that it works with
    count("wanted"),
    #: the span of articles as it was asked for, and the moment that this meant
    text("words"),
    time("since", nullable=True),
    #: the last `article_version.id` that was looked at
    Column("cursor", Id, nullable=False),
    count("looked_at"),
    count("changed"),
    count("failed"),
    time("started_at"),
    time("finished_at", nullable=True),
    sqlite_autoincrement=True,
)

#: What was wrong with the rule files when they were last read, for `doctor` and `stats` of other processes.
rule_problem = Table(
    "rule_problem",
    metadata,
    id_column(),
    text("file", nullable=True),
    count("line", nullable=True),
    count("column"),
    text("code"),
    text("message"),
    text("remedy"),
    text("source_line"),
    time("recorded_at"),
    sqlite_autoincrement=True,
)
