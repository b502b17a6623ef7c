"""A match can be retired, and says where it came from; runs of the back-fill."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

#: SQLite gives out ids by itself only in a column that is called INTEGER.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
#: microseconds since 1970, UTC
TIME = sa.BigInteger()
#: the matches that are listed
IN_FORCE = sa.text("retired_at IS NULL")

KEPT = "id, version_id, topic_id, topic_version_id, article_id, first_seen_at, rules, spans, created_at"


def upgrade() -> None:
    op.drop_index("ix_match_first_seen_at", "match")
    op.drop_index("ix_match_topic_id_first_seen_at", "match")
    if op.get_bind().dialect.name == "sqlite":
        _make_matches_anew()
    else:
        op.drop_constraint("uq_match_version_id_topic_id", "match", type_="unique")
        op.add_column("match", sa.Column("origin", sa.Text(), nullable=False, server_default="live"))
        op.alter_column("match", "origin", server_default=None)
        op.add_column("match", sa.Column("retired_at", TIME, nullable=True))
    _index_matches()
    _create_backfill()


def _make_matches_anew() -> None:
    """SQLite cannot take a constraint from a table. No match was ever deleted, so no id is given out again."""
    op.create_table(
        "match_anew",
        sa.Column("id", ID, nullable=False),
        sa.Column("version_id", ID, nullable=False),
        sa.Column("topic_id", ID, nullable=False),
        sa.Column("topic_version_id", ID, nullable=False),
        sa.Column("article_id", ID, nullable=False),
        sa.Column("first_seen_at", TIME, nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("spans", sa.JSON(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("retired_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name="fk_match_article_id_article"),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name="fk_match_topic_id_topic"),
        sa.ForeignKeyConstraint(
            ["topic_version_id"], ["topic_version.id"], name="fk_match_topic_version_id_topic_version"
        ),
        sa.ForeignKeyConstraint(["version_id"], ["article_version.id"], name="fk_match_version_id_article_version"),
        sa.PrimaryKeyConstraint("id", name="pk_match"),
        sqlite_autoincrement=True,
    )
    # All that is stored was found as the articles came in.
    op.execute(f"INSERT INTO match_anew ({KEPT}, origin) SELECT {KEPT}, 'live' FROM match ORDER BY id")  # noqa: S608  # a constant
    op.drop_table("match")
    op.rename_table("match_anew", "match")


def _index_matches() -> None:
    indexes = {
        "uq_match_version_id_topic_id": ["version_id", "topic_id"],
        "ix_match_first_seen_at": ["first_seen_at"],
        "ix_match_topic_id_first_seen_at": [
            "topic_id",
            "first_seen_at",
            "id",
            "topic_version_id",
            "version_id",
            "article_id",
            "retired_at",
        ],
    }
    for name, columns in indexes.items():
        is_unique = name.startswith("uq_")
        op.create_index(name, "match", columns, unique=is_unique, sqlite_where=IN_FORCE, postgresql_where=IN_FORCE)


def _create_backfill() -> None:
    op.create_table(
        "backfill",
        sa.Column("id", ID, nullable=False),
        sa.Column("rules_version", sa.Text(), nullable=False),
        sa.Column("tokenizer_version", sa.Integer(), nullable=False),
        sa.Column("window", sa.Text(), nullable=False),
        sa.Column("since", TIME, nullable=True),
        sa.Column("until", TIME, nullable=True),
        sa.Column("cursor", ID, nullable=False),
        sa.Column("looked_at", sa.Integer(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("renewed", sa.Integer(), nullable=False),
        sa.Column("same", sa.Integer(), nullable=False),
        sa.Column("retired", sa.Integer(), nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("finished_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_backfill"),
        sqlite_autoincrement=True,
    )
