"""How feeds are doing, what happened to them, how pages answered; error kinds in the words that people ask for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

#: SQLite gives out ids by itself only in a column that is called INTEGER.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
#: microseconds since 1970, UTC
TIME = sa.BigInteger()

#: error kinds as they were → as they are; those that are not here kept their names
REASONS = {
    "dns": "connection",
    "connect": "connection",
    "tls": "connection",
    "protocol": "connection",
    "server_error": "http_server",
    "forbidden": "http_client",
    "not_found": "http_client",
    "http_error": "http_client",
    "too_many_redirects": "redirect",
    "bad_coding": "decode",
    "bad_address": "blocked",
    "address_refused": "blocked",
    "robots_unreachable": "robots",
    "not_a_feed": "not_feed",
    "not_a_page": "not_html",
    "not_an_article": "not_article",
    "too_slow": "too_complex",
    "worker_died": "too_complex",
    "internal_error": "internal",
}
#: the columns that hold them
HOLDERS = (("entry", "reason"), ("feed", "last_error"), ("poll_log", "error"))


def upgrade() -> None:
    _add_columns()
    _rename_reasons()
    op.execute("UPDATE feed SET state = 'backing-off' WHERE state = 'failing'")
    _index_entries()
    _create_history()
    _create_fetch_log()
    _create_subscriptions()
    _create_host_tables()


def _add_columns() -> None:
    for name, kind in (
        ("last_document_at", TIME),
        ("last_new_at", TIME),
        ("longest_quiet_s", sa.Integer()),
        ("broken_since", TIME),
        ("silent_since", TIME),
        ("hub", sa.Text()),
        ("self_url", sa.Text()),
        ("feed_format", sa.Text()),
        ("plan_why", sa.Text()),
    ):
        op.add_column("feed", sa.Column(name, kind, nullable=True))
    op.add_column("entry", sa.Column("date_fault", sa.Text(), nullable=True))
    op.add_column("entry", sa.Column("found_by", sa.Text(), nullable=True))


def _rename_reasons() -> None:
    """Each table is walked through once, and only those rows are written whose kind has another name now."""
    for table, column in HOLDERS:
        named = sa.table(table, sa.column(column, sa.Text()))
        kind = named.c[column]
        renamed = sa.case(REASONS, value=kind, else_=kind)
        op.execute(named.update().where(kind.in_(list(REASONS))).values({column: renamed}))


def _index_entries() -> None:
    where = sa.text("reason IS NOT NULL")
    op.create_index(
        "ix_entry_trouble",
        "entry",
        ["first_seen_at", "reason", "state", "text_from", "page_address"],
        sqlite_where=where,
        postgresql_where=where,
    )


def _create_history() -> None:
    op.create_table(
        "feed_move",
        sa.Column("id", ID, nullable=False),
        sa.Column("feed_id", ID, nullable=False),
        sa.Column("from_url", sa.Text(), nullable=False),
        sa.Column("to_url", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name="fk_feed_move_feed_id_feed"),
        sa.PrimaryKeyConstraint("id", name="pk_feed_move"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_feed_move_feed_id", "feed_move", ["feed_id"])
    op.create_table(
        "event",
        sa.Column("id", ID, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("feed_id", ID, nullable=True),
        sa.Column("entry_id", ID, nullable=True),
        sa.Column("site", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["entry.id"], name="fk_event_entry_id_entry"),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name="fk_event_feed_id_feed"),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_event_at", "event", ["at"])
    op.create_index("ix_event_kind_at", "event", ["kind", "at"])
    op.create_index("ix_event_feed_id_at", "event", ["feed_id", "at"])


def _create_fetch_log() -> None:
    op.create_table(
        "fetch_log",
        sa.Column("id", ID, nullable=False),
        sa.Column("entry_id", ID, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("redirects", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["entry_id"], ["entry.id"], name="fk_fetch_log_entry_id_entry"),
        sa.PrimaryKeyConstraint("id", name="pk_fetch_log"),
        sa.UniqueConstraint("entry_id", "at", name="uq_fetch_log_entry_id_at"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_fetch_log_at", "fetch_log", ["at"])


def _create_subscriptions() -> None:
    op.create_table(
        "subscription",
        sa.Column("feed_id", ID, autoincrement=False, nullable=False),
        sa.Column("hub", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("lease_until", TIME, nullable=True),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("last_push_at", TIME, nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name="fk_subscription_feed_id_feed"),
        sa.PrimaryKeyConstraint("feed_id", name="pk_subscription"),
    )


def _create_host_tables() -> None:
    op.create_table(
        "host_wait",
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("until", TIME, nullable=False),
        sa.Column("holds", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("address", name="pk_host_wait"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "robots_file",
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("is_refused", sa.Boolean(), nullable=False),
        sa.Column("until", TIME, nullable=False),
        sa.PrimaryKeyConstraint("origin", name="pk_robots_file"),
    )
