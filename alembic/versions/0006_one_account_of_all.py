"""What was seen and what was shown when, what is to be forgotten, work that is done anew; full text on PostgreSQL."""

from __future__ import annotations

import re

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
    _create_story_stays()
    _index_what_was()
    _index_filters()
    _create_forgotten()
    _create_redo()
    op.add_column("article_version", sa.Column("pruned_at", TIME, nullable=True))
    op.add_column("posting_state", sa.Column("floor", ID, nullable=False, server_default="0"))
    _index_guids_apart()
    _index_listed_entries()
    _drop_second_indexes()
    if op.get_context().dialect.name == "postgresql":
        _order_texts_by_bytes()
        _create_search_index()
    else:
        _put_bodies_first()


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


def _create_story_stays() -> None:
    """Of the past it is known which single articles left a story, and not which ones came along when stories merged."""
    op.create_table(
        "story_stay",
        sa.Column("id", ID, nullable=False),
        sa.Column("article_id", ID, nullable=False),
        sa.Column("story_id", ID, nullable=False),
        sa.Column("until", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_story_stay"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_story_stay_article_id", "story_stay", ["article_id"])
    op.create_index("ix_story_stay_story_id", "story_stay", ["story_id"])
    op.execute(
        "INSERT INTO story_stay (article_id, story_id, until) "
        "SELECT article_id, story_id, at FROM story_change WHERE kind IN ('split', 'moved') ORDER BY id"
    )


def _index_what_was() -> None:
    retired = sa.text("retired_at IS NOT NULL")
    op.create_index(
        "ix_match_retired", "match", ["topic_id", "first_seen_at"], sqlite_where=retired, postgresql_where=retired
    )
    stored = sa.text("article_id IS NOT NULL")
    op.create_index("ix_entry_article_id", "entry", ["article_id"], sqlite_where=stored, postgresql_where=stored)


def _index_filters() -> None:
    """So that a search within a source or a language that few articles have begins with these."""
    op.create_index("ix_article_source_first_seen_at", "article", ["source", "first_seen_at"])
    op.create_index("ix_article_version_lang", "article_version", ["lang"])
    op.create_index("ix_article_version_tokenizer_version", "article_version", ["tokenizer_version"])


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


def _index_listed_entries() -> None:
    """As they are listed by their dates, and those that stand where they do for a reason."""
    op.create_index("ix_entry_published", "entry", ["published"])
    where = sa.text("reason IS NOT NULL")
    op.create_index(
        "ix_entry_reason",
        "entry",
        ["reason", "first_seen_at", "id", "state"],
        sqlite_where=where,
        postgresql_where=where,
    )


def _index_guids_apart() -> None:
    """Most guids are what the entry is identified by, and that has an index already."""
    op.drop_index("ix_entry_feed_id_guid", "entry")
    where = sa.text("guid IS NOT NULL AND identity != ('guid:' || guid)")
    op.create_index("ix_entry_guid_apart", "entry", ["feed_id", "guid"], sqlite_where=where, postgresql_where=where)


def _drop_second_indexes() -> None:
    """Of what is known from another index as well.

    The address of an article is the key of a row of `article_address`, so no other article can have it. The versions of
    an article are few, so their texts need no index to be compared with a new one.
    """
    if op.get_context().dialect.name == "postgresql":
        op.drop_constraint("uq_article_url", "article", type_="unique")
        op.drop_constraint("uq_article_version_article_id_text_hash", "article_version", type_="unique")
        op.create_unique_constraint("uq_article_version_article_id_n", "article_version", ["article_id", "n"])
    else:
        _make_anew("article", r",\s*CONSTRAINT uq_article_url UNIQUE \(url\)", "")
        _make_anew(
            "article_version",
            r"CONSTRAINT uq_article_version_article_id_text_hash UNIQUE \(article_id, text_hash\)",
            "CONSTRAINT uq_article_version_article_id_n UNIQUE (article_id, n)",
        )


def _make_anew(table: str, old: str, new: str) -> None:
    """SQLite cannot take a constraint from a table. No id that was given out is given out again."""
    bind = op.get_bind()
    form: str = bind.execute(sa.text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": table}).scalar_one()
    indexes = "SELECT sql FROM sqlite_master WHERE tbl_name = :name AND type = 'index' AND sql IS NOT NULL"
    statements = bind.execute(sa.text(indexes), {"name": table}).scalars().all()
    last = bind.execute(sa.text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table}).scalar()
    changed, count = re.subn(old, new, form)
    anew, begun = re.subn(rf'^CREATE TABLE "?{table}"?', f"CREATE TABLE {table}_anew", changed)
    if (count, begun) != (1, 1):
        raise AssertionError(f"this table is not as it was made: {form}")
    op.execute(anew)
    op.execute(f"INSERT INTO {table}_anew SELECT * FROM {table}")  # noqa: S608  # names of our tables
    op.execute(f"DROP TABLE {table}")
    op.execute(f"ALTER TABLE {table}_anew RENAME TO {table}")
    for statement in statements:
        op.execute(statement)
    if last is not None:
        bind.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": table})
        bind.execute(
            sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)"), {"name": table, "last": last}
        )


def _put_bodies_first() -> None:
    """In an empty index: a word of the first column takes two bytes less, a third of an index of texts.

    An index that has texts stays as it is, and gets this form when it is made anew.
    """
    if op.get_bind().execute(sa.text("SELECT 1 FROM article_version LIMIT 1")).first() is None:
        op.execute("DROP TABLE search_index")
        op.execute(
            "CREATE VIRTUAL TABLE search_index USING fts5(body, title, content='', "
            """tokenize="unicode61 remove_diacritics 0 categories 'L* M* N* P* S* Cf Cn Co'")"""
        )
    # See `storage.redo.index_beside.MERGED_AT`.
    op.execute("INSERT INTO search_index (search_index, rank) VALUES ('automerge', 8)")


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
