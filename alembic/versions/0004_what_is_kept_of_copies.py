"""What is kept of copies: both shares, changed facts, the first copy by time, what became of a story, furniture."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

#: SQLite gives out ids by itself only in a column that is called INTEGER.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
#: microseconds since 1970, UTC
TIME = sa.BigInteger()

#: A text counts as published when it says so, unless that is later than it was seen, or more than 30 days before.
DATED_AT = """
    CASE WHEN published <= first_seen_at AND published >= first_seen_at - 2592000000000 THEN published
    ELSE first_seen_at END
"""
#: The first copy by time; there is no story without an article, but nothing may fail that holds one.
FIRST = """
    coalesce(
        (SELECT a.id FROM article AS a WHERE a.story_id = story.id ORDER BY a.dated_at, a.id LIMIT 1), lead_article_id
    )
"""


def upgrade() -> None:
    name = op.get_context().dialect.name
    op.add_column("article_version", sa.Column("credit", sa.Text(), nullable=True))
    op.add_column("article_version", sa.Column("canonical", sa.Text(), nullable=True))
    if name == "sqlite":
        # SQLite adds no column that must have a value but has no default.
        _make_articles_anew()
        _make_fingerprints_anew()
        _make_stories_anew()
        _make_relations_anew()
    else:
        # Each value is an expression of the row: the column is filled, then closed.
        _add("article", sa.Column("dated_at", TIME), DATED_AT)
        _add("fingerprint", sa.Column("title", sa.BigInteger()), "0")
        _add("story", sa.Column("first_article_id", ID), FIRST)
        op.create_foreign_key("fk_story_first_article_id_article", "story", "article", ["first_article_id"], ["id"])
        _add("relation", sa.Column("share", sa.Float()), "score")
        _add("relation", sa.Column("other_share", sa.Float()), "score")
        _add("relation", sa.Column("slots", sa.JSON()), "'[]'")
        _close_circles()
    _forget_hashes()
    op.create_index("ix_article_story_id_dated_at", "article", ["story_id", "dated_at"])
    op.create_index("ix_fingerprint_alg", "fingerprint", ["alg"])
    where = sa.text("repaired IS NOT NULL")
    op.create_index(
        "ix_article_version_repaired",
        "article_version",
        ["repaired", "article_id"],
        sqlite_where=where,
        postgresql_where=where,
    )
    _create_trail()
    _create_site_tables()
    _create_rebuilds()


def _forget_hashes() -> None:
    """Those of another algorithm find nothing: `copies rebuild` takes new ones, which have half the length."""
    op.execute("UPDATE fingerprint SET hashes = X''" if _is_sqlite() else "UPDATE fingerprint SET hashes = ''::bytea")
    op.execute("DELETE FROM posting")


def _is_sqlite() -> bool:
    return op.get_context().dialect.name == "sqlite"


def _add(table: str, column: sa.Column[object], value: str) -> None:
    op.add_column(table, column)
    op.execute(f"UPDATE {table} SET {column.name} = {value}")  # noqa: S608  # constants
    op.alter_column(table, column.name, nullable=False)


def _close_circles() -> None:
    """Add the references that 0001 left out where they cannot be made with their table."""
    for table, column, other in (
        ("entry", "article_id", "article"),
        ("article", "story_id", "story"),
        ("article", "version_id", "article_version"),
        ("topic", "version_id", "topic_version"),
    ):
        op.create_foreign_key(f"fk_{table}_{column}_{other}", table, other, [column], ["id"])


def _exchange(table: str, kept: str, added: str, values: str) -> None:
    """Fill TABLE_anew from *table* and put it in its place; no id of a row that is gone is given out again."""
    op.execute(f"INSERT INTO {table}_anew ({kept}, {added}) SELECT {kept}, {values} FROM {table} ORDER BY id")  # noqa: S608  # constants
    op.execute(f"DELETE FROM sqlite_sequence WHERE name = '{table}_anew'")  # noqa: S608  # constants
    last = f"SELECT '{table}_anew', seq FROM sqlite_sequence WHERE name = '{table}'"  # noqa: S608  # constants
    op.execute(f"INSERT INTO sqlite_sequence (name, seq) {last}")
    op.drop_table(table)
    op.rename_table(f"{table}_anew", table)


def _make_articles_anew() -> None:
    op.create_table(
        "article_anew",
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
        sa.Column("dated_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["entry.id"], name="fk_article_entry_id_entry"),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"], name="fk_article_story_id_story", use_alter=True),
        sa.ForeignKeyConstraint(
            ["version_id"], ["article_version.id"], name="fk_article_version_id_article_version", use_alter=True
        ),
        sa.PrimaryKeyConstraint("id", name="pk_article"),
        sa.UniqueConstraint("url", name="uq_article_url"),
        sqlite_autoincrement=True,
    )
    kept = "id, url, source, entry_id, story_id, version_id, etag, last_modified, published, first_seen_at"
    _exchange("article", kept, "dated_at", DATED_AT)
    op.create_index("ix_article_first_seen_at", "article", ["first_seen_at"])
    op.create_index("ix_article_published", "article", ["published"])
    op.create_index("ix_article_story_id_first_seen_at", "article", ["story_id", "first_seen_at"])


def _make_fingerprints_anew() -> None:
    op.create_table(
        "fingerprint_anew",
        sa.Column("id", ID, nullable=False),
        sa.Column("article_id", ID, nullable=False),
        sa.Column("version_id", ID, nullable=False),
        sa.Column("alg", sa.Integer(), nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.Column("title", sa.BigInteger(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name="fk_fingerprint_article_id_article"),
        sa.ForeignKeyConstraint(
            ["version_id"], ["article_version.id"], name="fk_fingerprint_version_id_article_version"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_fingerprint"),
        sa.UniqueConstraint("article_id", name="uq_fingerprint_article_id"),
        sqlite_autoincrement=True,
    )
    kept = "id, article_id, version_id, alg, hashes, created_at"
    _exchange("fingerprint", kept, "title", "0")
    op.create_index("ix_fingerprint_created_at", "fingerprint", ["created_at"])


def _make_stories_anew() -> None:
    op.create_table(
        "story_anew",
        sa.Column("id", ID, nullable=False),
        sa.Column("lead_article_id", ID, nullable=False),
        sa.Column("first_article_id", ID, nullable=False),
        sa.Column("first_seen_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["lead_article_id"], ["article.id"], name="fk_story_lead_article_id_article"),
        sa.ForeignKeyConstraint(["first_article_id"], ["article.id"], name="fk_story_first_article_id_article"),
        sa.PrimaryKeyConstraint("id", name="pk_story"),
        sqlite_autoincrement=True,
    )
    _exchange("story", "id, lead_article_id, first_seen_at", "first_article_id", FIRST)
    op.create_index("ix_story_first_seen_at", "story", ["first_seen_at"])


def _make_relations_anew() -> None:
    op.create_table(
        "relation_anew",
        sa.Column("id", ID, nullable=False),
        sa.Column("article_id", ID, nullable=False),
        sa.Column("version_id", ID, nullable=False),
        sa.Column("other_id", ID, nullable=False),
        sa.Column("other_version_id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("share", sa.Float(), nullable=False),
        sa.Column("other_share", sa.Float(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("end", sa.Integer(), nullable=False),
        sa.Column("other_start", sa.Integer(), nullable=False),
        sa.Column("other_end", sa.Integer(), nullable=False),
        sa.Column("slots", sa.JSON(), nullable=False),
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
    kept = (
        'id, article_id, version_id, other_id, other_version_id, kind, score, start, "end", other_start, other_end, '
        "created_at, retired_at"
    )
    # The score is the share of the shorter text: the best that is known of either, until `copies rebuild`, which
    # `db upgrade` asks for.
    _exchange("relation", kept, "share, other_share, slots", "score, score, '[]'")
    op.create_index("ix_relation_article_id", "relation", ["article_id"])
    op.create_index("ix_relation_other_id", "relation", ["other_id"])


def _create_trail() -> None:
    op.create_table(
        "story_change",
        sa.Column("id", ID, nullable=False),
        sa.Column("story_id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("article_id", ID, nullable=True),
        sa.Column("other_story_id", ID, nullable=True),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name="fk_story_change_article_id_article"),
        sa.PrimaryKeyConstraint("id", name="pk_story_change"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_story_change_story_id", "story_change", ["story_id"])
    op.create_index("ix_story_change_other_story_id", "story_change", ["other_story_id"])


def _create_site_tables() -> None:
    op.create_table(
        "site_memory",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("pages", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("site", name="pk_site_memory"),
    )
    op.create_table(
        "site_line",
        sa.Column("id", ID, nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_site_line"),
        sa.UniqueConstraint("line", "site", name="uq_site_line_line_site"),
        sqlite_autoincrement=True,
    )


def _create_rebuilds() -> None:
    op.create_table(
        "rebuild",
        sa.Column("id", ID, nullable=False),
        sa.Column("alg", sa.Integer(), nullable=False),
        sa.Column("window_s", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("since", TIME, nullable=True),
        sa.Column("cursor", ID, nullable=False),
        sa.Column("looked_at", sa.Integer(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("retired", sa.Integer(), nullable=False),
        sa.Column("same", sa.Integer(), nullable=False),
        sa.Column("merged", sa.Integer(), nullable=False),
        sa.Column("split", sa.Integer(), nullable=False),
        sa.Column("moved", sa.Integer(), nullable=False),
        sa.Column("credited", sa.Integer(), nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("finished_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_rebuild"),
        sqlite_autoincrement=True,
    )
