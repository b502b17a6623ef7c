"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

#: SQLite gives out ids by itself only in a column that is called INTEGER.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
#: microseconds since 1970, UTC
TIME = sa.BigInteger()


def upgrade() -> None:
    _create_feeds_and_entries()
    _create_articles()
    _create_copies()
    _create_topics()
    if op.get_bind().dialect.name == "sqlite":
        _create_search_index()


def _create_feeds_and_entries() -> None:
    op.create_table(
        "feed",
        sa.Column("id", ID, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("fetch_url", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("given_title", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("body_hash", sa.Text(), nullable=True),
        sa.Column("interval_s", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("last_error_detail", sa.Text(), nullable=True),
        sa.Column("last_polled_at", TIME, nullable=True),
        sa.Column("last_full_poll_at", TIME, nullable=True),
        sa.Column("next_poll_at", TIME, nullable=False),
        sa.Column("added_at", TIME, nullable=False),
        sa.Column("removed_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_feed"),
        sa.UniqueConstraint("url", name="uq_feed_url"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_feed_next_poll_at", "feed", ["next_poll_at"])
    op.create_table(
        "entry",
        sa.Column("id", ID, nullable=False),
        sa.Column("feed_id", ID, nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("guid", sa.Text(), nullable=True),
        sa.Column("link", sa.Text(), nullable=True),
        sa.Column("page_address", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=True),
        sa.Column("published", TIME, nullable=True),
        sa.Column("updated", TIME, nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("lang", sa.Text(), nullable=True),
        sa.Column("sections", sa.JSON(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("text_from", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("checks", sa.Integer(), nullable=False),
        sa.Column("next_try_at", TIME, nullable=True),
        sa.Column("first_seen_at", TIME, nullable=False),
        sa.Column("last_seen_at", TIME, nullable=False),
        sa.Column("article_id", ID, nullable=True),
        sa.Column("is_changed", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name="fk_entry_article_id_article", use_alter=True),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name="fk_entry_feed_id_feed"),
        sa.PrimaryKeyConstraint("id", name="pk_entry"),
        sa.UniqueConstraint("feed_id", "identity", name="uq_entry_feed_id_identity"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_entry_at_once",
        "entry",
        ["id"],
        sqlite_where=sa.text("state IN ('new', 'retrying') AND next_try_at IS NULL"),
        postgresql_where=sa.text("state IN ('new', 'retrying') AND next_try_at IS NULL"),
    )
    op.create_index("ix_entry_feed_id_guid", "entry", ["feed_id", "guid"])
    op.create_index("ix_entry_feed_id_page_address", "entry", ["feed_id", "page_address"])
    op.create_index("ix_entry_first_seen_at", "entry", ["first_seen_at"])
    op.create_index(
        "ix_entry_planned",
        "entry",
        ["next_try_at"],
        sqlite_where=sa.text("next_try_at IS NOT NULL"),
        postgresql_where=sa.text("next_try_at IS NOT NULL"),
    )
    op.create_table(
        "poll_log",
        sa.Column("id", ID, nullable=False),
        sa.Column("feed_id", ID, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("listed", sa.Integer(), nullable=False),
        sa.Column("new", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name="fk_poll_log_feed_id_feed"),
        sa.PrimaryKeyConstraint("id", name="pk_poll_log"),
        sa.UniqueConstraint("feed_id", "at", name="uq_poll_log_feed_id_at"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_poll_log_at", "poll_log", ["at"])


def _create_articles() -> None:
    op.create_table(
        "article",
        sa.Column("id", ID, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("entry_id", ID, nullable=False),
        sa.Column("story_id", ID, nullable=True),
        sa.Column("version_id", ID, nullable=True),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("published", TIME, nullable=True),
        sa.Column("first_seen_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["entry.id"], name="fk_article_entry_id_entry"),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"], name="fk_article_story_id_story", use_alter=True),
        sa.ForeignKeyConstraint(
            ["version_id"], ["article_version.id"], name="fk_article_version_id_article_version", use_alter=True
        ),
        sa.PrimaryKeyConstraint("id", name="pk_article"),
        sa.UniqueConstraint("url", name="uq_article_url"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_article_first_seen_at", "article", ["first_seen_at"])
    op.create_index("ix_article_published", "article", ["published"])
    op.create_index("ix_article_story_id_first_seen_at", "article", ["story_id", "first_seen_at"])
    op.create_table(
        "article_address",
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("article_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name="fk_article_address_article_id_article"),
        sa.PrimaryKeyConstraint("address", name="pk_article_address"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "article_version",
        sa.Column("id", ID, nullable=False),
        sa.Column("article_id", ID, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("text_hash", sa.Text(), nullable=False),
        sa.Column("text_from", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=True),
        sa.Column("published", TIME, nullable=True),
        sa.Column("lang", sa.Text(), nullable=True),
        sa.Column("sections", sa.JSON(), nullable=False),
        sa.Column("repaired", sa.Text(), nullable=True),
        sa.Column("raw_hash", sa.Text(), nullable=True),
        sa.Column("words", sa.Integer(), nullable=False),
        sa.Column("extractor_version", sa.Integer(), nullable=False),
        sa.Column("tokenizer_version", sa.Integer(), nullable=False),
        sa.Column("fingerprint_alg", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name="fk_article_version_article_id_article"),
        sa.PrimaryKeyConstraint("id", name="pk_article_version"),
        sa.UniqueConstraint("article_id", "text_hash", name="uq_article_version_article_id_text_hash"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "raw_page",
        sa.Column("version_id", ID, autoincrement=False, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["version_id"], ["article_version.id"], name="fk_raw_page_version_id_article_version"),
        sa.PrimaryKeyConstraint("version_id", name="pk_raw_page"),
    )
    op.create_index("ix_raw_page_created_at", "raw_page", ["created_at"])


def _create_copies() -> None:
    op.create_table(
        "fingerprint",
        sa.Column("id", ID, nullable=False),
        sa.Column("article_id", ID, nullable=False),
        sa.Column("version_id", ID, nullable=False),
        sa.Column("alg", sa.Integer(), nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name="fk_fingerprint_article_id_article"),
        sa.ForeignKeyConstraint(
            ["version_id"], ["article_version.id"], name="fk_fingerprint_version_id_article_version"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_fingerprint"),
        sa.UniqueConstraint("article_id", name="uq_fingerprint_article_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_fingerprint_created_at", "fingerprint", ["created_at"])
    op.create_table(
        "posting",
        sa.Column("hash", sa.BigInteger(), nullable=False),
        sa.Column("fingerprint_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("hash", "fingerprint_id", name="pk_posting"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "posting_state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("upto", ID, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_posting_state"),
    )
    op.create_table(
        "story",
        sa.Column("id", ID, nullable=False),
        sa.Column("lead_article_id", ID, nullable=False),
        sa.Column("first_seen_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["lead_article_id"], ["article.id"], name="fk_story_lead_article_id_article"),
        sa.PrimaryKeyConstraint("id", name="pk_story"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_story_first_seen_at", "story", ["first_seen_at"])
    op.create_table(
        "story_alias",
        sa.Column("old", ID, autoincrement=False, nullable=False),
        sa.Column("new", ID, nullable=False),
        sa.ForeignKeyConstraint(["new"], ["story.id"], name="fk_story_alias_new_story"),
        sa.PrimaryKeyConstraint("old", name="pk_story_alias"),
    )
    op.create_index("ix_story_alias_new", "story_alias", ["new"])
    op.create_table(
        "relation",
        sa.Column("id", ID, nullable=False),
        sa.Column("article_id", ID, nullable=False),
        sa.Column("version_id", ID, nullable=False),
        sa.Column("other_id", ID, nullable=False),
        sa.Column("other_version_id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("end", sa.Integer(), nullable=False),
        sa.Column("other_start", sa.Integer(), nullable=False),
        sa.Column("other_end", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("retired_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name="fk_relation_article_id_article"),
        sa.ForeignKeyConstraint(["other_id"], ["article.id"], name="fk_relation_other_id_article"),
        sa.ForeignKeyConstraint(
            ["other_version_id"], ["article_version.id"], name="fk_relation_other_version_id_article_version"
        ),
        sa.ForeignKeyConstraint(["version_id"], ["article_version.id"], name="fk_relation_version_id_article_version"),
        sa.PrimaryKeyConstraint("id", name="pk_relation"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_relation_article_id", "relation", ["article_id"])
    op.create_index("ix_relation_other_id", "relation", ["other_id"])


def _create_topics() -> None:
    op.create_table(
        "topic",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version_id", ID, nullable=True),
        sa.Column("retired_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["version_id"], ["topic_version.id"], name="fk_topic_version_id_topic_version", use_alter=True
        ),
        sa.PrimaryKeyConstraint("id", name="pk_topic"),
        sa.UniqueConstraint("name", name="uq_topic_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "topic_version",
        sa.Column("id", ID, nullable=False),
        sa.Column("topic_id", ID, nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("langs", sa.JSON(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name="fk_topic_version_topic_id_topic"),
        sa.PrimaryKeyConstraint("id", name="pk_topic_version"),
        sa.UniqueConstraint("topic_id", "version", name="uq_topic_version_topic_id_version"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "match",
        sa.Column("id", ID, nullable=False),
        sa.Column("version_id", ID, nullable=False),
        sa.Column("topic_id", ID, nullable=False),
        sa.Column("topic_version_id", ID, nullable=False),
        sa.Column("article_id", ID, nullable=False),
        sa.Column("first_seen_at", TIME, nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("spans", sa.JSON(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name="fk_match_article_id_article"),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name="fk_match_topic_id_topic"),
        sa.ForeignKeyConstraint(
            ["topic_version_id"], ["topic_version.id"], name="fk_match_topic_version_id_topic_version"
        ),
        sa.ForeignKeyConstraint(["version_id"], ["article_version.id"], name="fk_match_version_id_article_version"),
        sa.PrimaryKeyConstraint("id", name="pk_match"),
        sa.UniqueConstraint("version_id", "topic_id", name="uq_match_version_id_topic_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_match_first_seen_at", "match", ["first_seen_at"])
    op.create_index("ix_match_topic_id_first_seen_at", "match", ["topic_id", "first_seen_at"])
    op.create_table(
        "rule_problem",
        sa.Column("id", ID, nullable=False),
        sa.Column("file", sa.Text(), nullable=True),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("column", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("remedy", sa.Text(), nullable=False),
        sa.Column("source_line", sa.Text(), nullable=False),
        sa.Column("recorded_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rule_problem"),
        sqlite_autoincrement=True,
    )


def _create_search_index() -> None:
    # Rows are article versions, by id, as our own tokens with spaces between; the text itself is not kept a
    # second time. Of all characters only the space and control characters separate, so each of our tokens is
    # one of the index: "2.3", an address, a Thai mark. It folds a little more than we do, which only adds hits.
    op.execute(
        "CREATE VIRTUAL TABLE search_index USING fts5(title, body, content='', "
        """tokenize="unicode61 remove_diacritics 0 categories 'L* M* N* P* S* Cf Cn Co'")"""
    )
    # "WIRE": by it a file is known as ours.
    op.execute("PRAGMA application_id = 1464422981")
