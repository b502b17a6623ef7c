"""What was seen and what was shown when, what is to be forgotten, work that is done anew; full text on PostgreSQL."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

#: SQLite gives out ids by itself only in a column that is called INTEGER.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
#: microseconds since 1970, UTC
TIME = sa.BigInteger()


def upgrade() -> None:
    _count_entries()
    _create_version_changes()
    _create_topic_changes()
    _create_forgotten()
    _create_redo()
    op.add_column("article_version", sa.Column("pruned_at", TIME, nullable=True))
    if op.get_context().dialect.name == "postgresql":
        _order_texts_by_bytes()
        _create_search_index()


def _count_entries() -> None:
    """From now on each feed says how many entries it ever brought, apart from the rows that tell of them."""
    op.add_column("feed", sa.Column("entries_seen", sa.Integer(), nullable=False, server_default="0"))
    op.execute("UPDATE feed SET entries_seen = (SELECT count(*) FROM entry WHERE entry.feed_id = feed.id)")
    where = sa.text("state != 'done'")
    op.create_index("ix_entry_open", "entry", ["state"], sqlite_where=where, postgresql_where=where)


def _create_version_changes() -> None:
    """When articles came back to an earlier text was never stored; when each text was first shown was."""
    op.create_table(
        "version_change",
        sa.Column("id", ID, nullable=False),
        sa.Column("article_id", ID, nullable=False),
        sa.Column("version_id", ID, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name="fk_version_change_article_id_article"),
        sa.ForeignKeyConstraint(
            ["version_id"], ["article_version.id"], name="fk_version_change_version_id_article_version"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_version_change"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_version_change_article_id_at", "version_change", ["article_id", "at"])
    op.execute(
        "INSERT INTO version_change (article_id, version_id, at) "
        "SELECT article_id, id, created_at FROM article_version WHERE n > 1 ORDER BY id"
    )


def _create_topic_changes() -> None:
    """Of the past it is known when the present version was first recorded, and when a topic was retired."""
    op.create_table(
        "topic_change",
        sa.Column("id", ID, nullable=False),
        sa.Column("topic_id", ID, nullable=False),
        sa.Column("topic_version_id", ID, nullable=True),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name="fk_topic_change_topic_id_topic"),
        sa.ForeignKeyConstraint(
            ["topic_version_id"], ["topic_version.id"], name="fk_topic_change_topic_version_id_topic_version"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_topic_change"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_topic_change_topic_id_at", "topic_change", ["topic_id", "at"])
    op.execute(
        "INSERT INTO topic_change (topic_id, topic_version_id, at) "
        "SELECT topic_id, id, created_at FROM topic_version ORDER BY created_at, id"
    )
    op.execute(
        "INSERT INTO topic_change (topic_id, topic_version_id, at) "
        "SELECT id, NULL, retired_at FROM topic WHERE retired_at IS NOT NULL ORDER BY retired_at, id"
    )


def _create_forgotten() -> None:
    op.create_table(
        "forgotten",
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("article_id", ID, nullable=True),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("address", name="pk_forgotten"),
        sqlite_with_rowid=False,
    )


def _create_redo() -> None:
    op.create_table(
        "redo",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("since", TIME, nullable=True),
        sa.Column("cursor", ID, nullable=False),
        sa.Column("looked_at", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("finished_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_redo"),
        sqlite_autoincrement=True,
    )


def _order_texts_by_bytes() -> None:
    """By the rules of a language, of which servers have many versions, listings would differ between machines."""
    rows = op.get_bind().execute(
        sa.text(
            "SELECT table_name, column_name FROM information_schema.columns "
            "WHERE table_schema = current_schema() AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C' "
            "AND table_name IN (SELECT table_name FROM information_schema.tables "
            "WHERE table_schema = current_schema() AND table_type = 'BASE TABLE') ORDER BY 1, 2"
        )
    )
    for table, column in rows.all():
        op.execute(f'ALTER TABLE "{table}" ALTER COLUMN "{column}" TYPE text COLLATE "C"')


def _create_search_index() -> None:
    # Rows are article versions. The tokens are our own, those of titles with the weight A, those of texts with B.
    op.execute(
        "CREATE TABLE search_index (version_id bigint CONSTRAINT pk_search_index PRIMARY KEY "
        "CONSTRAINT fk_search_index_version_id_article_version REFERENCES article_version (id), "
        "tokens tsvector NOT NULL)"
    )
    op.execute("CREATE INDEX ix_search_index_tokens ON search_index USING gin (tokens)")
