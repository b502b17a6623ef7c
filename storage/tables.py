"""The tables, in the words of the product: feed, entry, article, story, relation, topic, match.

Ids are never reused. Times are integers, microseconds since 1970 in UTC: they sort and compare as they
are, on every database. The full-text table is made by its migration and known to `dialect` alone.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    and_,
)

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Dialect

#: The migration that makes these tables; the revisions are numbers, so that older and newer can be told apart.
SCHEMA_REVISION = "0001"

#: "WIRE", the `application_id` of our SQLite files, https://www.sqlite.org/fileformat2.html#application_id
APPLICATION_ID = 0x57495245

#: the table that Alembic keeps its revision in
REVISION_TABLE = "alembic_version"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class UtcTime(TypeDecorator[datetime]):
    """An aware datetime, stored as microseconds since 1970. Naive ones are refused with ValueError."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002  # signature of SQLAlchemy
        """Datetime → microseconds."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone cannot be stored: {value!r}")
        return (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Microseconds → datetime in UTC."""
        return None if value is None else _EPOCH + timedelta(microseconds=value)


#: SQLite gives out ids by itself only in a column that is called INTEGER
_Id = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[int]:
    return Column("id", _Id, primary_key=True)


def _to(column: str, name: str) -> Column[int]:
    return Column(name, _Id, ForeignKey(column), nullable=False)


def _back_to(column: str, name: str) -> Column[int]:
    """A reference that closes a circle: null until the other row exists."""
    return Column(name, _Id, ForeignKey(column, use_alter=True), nullable=True)


def _text(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Text, nullable=nullable)


def _count(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, Integer, nullable=nullable)


def _time(name: str, *, nullable: bool = False) -> Column[datetime]:
    return Column(name, UtcTime, nullable=nullable)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False)


def _json(name: str) -> Column[object]:
    return Column(name, JSON, nullable=False)


def _partial(name: str, *columns: Column[object], where: ColumnElement[bool]) -> Index:
    return Index(name, *columns, sqlite_where=where, postgresql_where=where)


# --- polling ----------------------------------------------------------------------------------------

feed = Table(
    "feed",
    metadata,
    _id(),
    _text("url"),
    _text("fetch_url"),
    #: what the feed calls itself, and what the user calls it
    _text("title", nullable=True),
    _text("given_title", nullable=True),
    _text("state"),
    _text("etag", nullable=True),
    _text("last_modified", nullable=True),
    _text("body_hash", nullable=True),
    _count("interval_s"),
    _count("failures"),
    _count("last_status", nullable=True),
    _text("last_error", nullable=True),
    _text("last_error_detail", nullable=True),
    _time("last_polled_at", nullable=True),
    _time("last_full_poll_at", nullable=True),
    _time("next_poll_at"),
    _time("added_at"),
    _time("removed_at", nullable=True),
    UniqueConstraint("url"),
    Index(None, "next_poll_at"),
    sqlite_autoincrement=True,
)

poll_log = Table(
    "poll_log",
    metadata,
    _id(),
    _to("feed.id", "feed_id"),
    _time("at"),
    _count("status", nullable=True),
    _text("error", nullable=True),
    _text("detail", nullable=True),
    _count("listed"),
    _count("new"),
    _count("changed"),
    UniqueConstraint("feed_id", "at"),
    Index(None, "at"),
    sqlite_autoincrement=True,
)

entry = Table(
    "entry",
    metadata,
    _id(),
    _to("feed.id", "feed_id"),
    _text("identity"),
    _text("guid", nullable=True),
    _text("link", nullable=True),
    _text("page_address", nullable=True),
    _text("title"),
    _text("author", nullable=True),
    _time("published", nullable=True),
    _time("updated", nullable=True),
    _text("text"),
    _text("lang", nullable=True),
    _json("sections"),
    _text("content_hash"),
    _text("state"),
    _text("reason", nullable=True),
    _text("detail", nullable=True),
    _text("text_from", nullable=True),
    _count("attempts"),
    _count("checks"),
    #: null with a state of new: at once; null else: nothing is planned
    _time("next_try_at", nullable=True),
    _time("first_seen_at"),
    #: when a document last listed it
    _time("last_seen_at"),
    _back_to("article.id", "article_id"),
    _flag("is_changed"),
    _count("revision"),
    UniqueConstraint("feed_id", "identity"),
    Index(None, "feed_id", "guid"),
    Index(None, "feed_id", "page_address"),
    Index(None, "first_seen_at"),
    sqlite_autoincrement=True,
)
_partial(
    "ix_entry_at_once", entry.c.id, where=and_(entry.c.state.in_(("new", "retrying")), entry.c.next_try_at.is_(None))
)
_partial("ix_entry_planned", entry.c.next_try_at, where=entry.c.next_try_at.is_not(None))

# --- articles ---------------------------------------------------------------------------------------

article = Table(
    "article",
    metadata,
    _id(),
    _text("url"),
    _text("source"),
    #: the entry whose title the article bears, and that looks after its page
    _to("entry.id", "entry_id"),
    #: null only inside the transaction that makes the article
    _back_to("story.id", "story_id"),
    _back_to("article_version.id", "version_id"),
    #: validators of its page
    _text("etag", nullable=True),
    _text("last_modified", nullable=True),
    #: of the current version, kept here because listings sort by it
    _time("published", nullable=True),
    _time("first_seen_at"),
    UniqueConstraint("url"),
    Index(None, "story_id", "first_seen_at"),
    Index(None, "first_seen_at"),
    Index(None, "published"),
    sqlite_autoincrement=True,
)

article_address = Table(
    "article_address",
    metadata,
    Column("address", Text, primary_key=True),
    _to("article.id", "article_id"),
    sqlite_with_rowid=False,
)

article_version = Table(
    "article_version",
    metadata,
    _id(),
    _to("article.id", "article_id"),
    #: 1, 2, … in the order in which the texts were first seen
    _count("n"),
    _text("title"),
    _text("text"),
    #: see `Article.text_hash`
    _text("text_hash"),
    _text("text_from"),
    _text("author", nullable=True),
    _time("published", nullable=True),
    _text("lang", nullable=True),
    _json("sections"),
    _text("repaired", nullable=True),
    _text("raw_hash", nullable=True),
    _count("words"),
    _count("extractor_version"),
    _count("tokenizer_version"),
    _count("fingerprint_alg"),
    _time("created_at"),
    UniqueConstraint("article_id", "text_hash"),
    sqlite_autoincrement=True,
)

raw_page = Table(
    "raw_page",
    metadata,
    Column("version_id", _Id, ForeignKey("article_version.id"), primary_key=True, autoincrement=False),
    _text("url"),
    #: those headers that say how to read the body
    _json("headers"),
    #: the body, compressed by zstd
    Column("body", LargeBinary, nullable=False),
    _time("created_at"),
    Index(None, "created_at"),
)

# --- copies -----------------------------------------------------------------------------------------

#: The fingerprint of the current version of an article. A new version gets a new row with a higher id, by
#: which `save` sees that something came in between; hence no posting of a superseded text is ever found.
fingerprint = Table(
    "fingerprint",
    metadata,
    _id(),
    _to("article.id", "article_id"),
    _to("article_version.id", "version_id"),
    _count("alg"),
    #: the hashes, 8 bytes each, big-endian: to find the postings again without an index on them
    Column("hashes", LargeBinary, nullable=False),
    _time("created_at"),
    UniqueConstraint("article_id"),
    Index(None, "created_at"),
    sqlite_autoincrement=True,
)

#: Which fingerprint has a hash. Written for many fingerprints at once: a hundred rows at random places an
#: article would touch a hundred pages, which took more time than all the rest of `save`. Until then the
#: hashes are found in `fingerprint.hashes`, see `fingerprints.Tail`.
#: No foreign key: its check for each row buys nothing, they are written and deleted in one place.
posting = Table(
    "posting",
    metadata,
    Column("hash", BigInteger, primary_key=True),
    Column("fingerprint_id", _Id, primary_key=True),
    sqlite_with_rowid=False,
)

#: One row: postings are written for the fingerprints up to this one.
posting_state = Table(
    "posting_state",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("upto", _Id, nullable=False),
)

story = Table(
    "story",
    metadata,
    _id(),
    #: the first article seen of the story
    _to("article.id", "lead_article_id"),
    _time("first_seen_at"),
    Index(None, "first_seen_at"),
    sqlite_autoincrement=True,
)

#: Stories that turned out to be another one. `new` is never an alias itself.
story_alias = Table(
    "story_alias",
    metadata,
    Column("old", _Id, primary_key=True, autoincrement=False),
    _to("story.id", "new"),
    Index(None, "new"),
)

#: Article `article_id` is a `kind` of `other_id`; the offsets point into the texts of the two versions.
relation = Table(
    "relation",
    metadata,
    _id(),
    _to("article.id", "article_id"),
    _to("article_version.id", "version_id"),
    _to("article.id", "other_id"),
    _to("article_version.id", "other_version_id"),
    _text("kind"),
    Column("score", Float, nullable=False),
    _count("start"),
    _count("end"),
    _count("other_start"),
    _count("other_end"),
    _time("created_at"),
    #: when a new version of `article_id` replaced it
    _time("retired_at", nullable=True),
    Index(None, "other_id"),
    sqlite_autoincrement=True,
)
Index(None, relation.c.article_id)

# --- topics -----------------------------------------------------------------------------------------

topic = Table(
    "topic",
    metadata,
    _id(),
    _text("name"),
    #: null only inside the transaction that makes the topic
    _back_to("topic_version.id", "version_id"),
    #: when it was no longer found in any rule file
    _time("retired_at", nullable=True),
    UniqueConstraint("name"),
    sqlite_autoincrement=True,
)

topic_version = Table(
    "topic_version",
    metadata,
    _id(),
    _to("topic.id", "topic_id"),
    _text("version"),
    #: the text from which it can be compiled again
    _text("source"),
    _text("title", nullable=True),
    _json("tags"),
    _json("langs"),
    _text("file"),
    _time("created_at"),
    UniqueConstraint("topic_id", "version"),
    sqlite_autoincrement=True,
)

match = Table(
    "match",
    metadata,
    _id(),
    _to("article_version.id", "version_id"),
    _to("topic.id", "topic_id"),
    _to("topic_version.id", "topic_version_id"),
    #: the article, and when it was first seen: so that a listing of a topic is one walk through an index
    _to("article.id", "article_id"),
    _time("first_seen_at"),
    #: ["purl.1", …]
    _json("rules"),
    #: [{"field", "start", "end", "text"}, …]
    _json("spans"),
    _time("created_at"),
    UniqueConstraint("version_id", "topic_id"),
    Index(None, "topic_id", "first_seen_at"),
    Index(None, "first_seen_at"),
    sqlite_autoincrement=True,
)

#: What was wrong with the rule files when they were last read, for `doctor` and `stats` of other processes.
rule_problem = Table(
    "rule_problem",
    metadata,
    _id(),
    _text("file", nullable=True),
    _count("line", nullable=True),
    _count("column"),
    _text("code"),
    _text("message"),
    _text("remedy"),
    _text("source_line"),
    _time("recorded_at"),
    sqlite_autoincrement=True,
)
