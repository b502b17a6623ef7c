"""Work for several processes: turns at hosts, who is at work, and on PostgreSQL what finds the work of a host.

The tables of the queue itself are Procrastinate's, and made by `storage.jobs.queue`.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

#: SQLite gives out ids by itself only in a column that is called INTEGER.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
#: microseconds since 1970, UTC
TIME = sa.BigInteger()
LINE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

#: The host of an address, as `storage.jobs.due` asks for it.
HOST = "lower(coalesce(substring({} FROM '^[^:]+://(?:[^/?#@]*@)?(\\[[^]]*\\]|[^/:?#]*)'), ''))"


def upgrade() -> None:
    op.create_table(
        "host_turn",
        sa.Column("host", LINE, nullable=False),
        sa.Column("holder", LINE, nullable=True),
        sa.Column("until", TIME, nullable=False),
        sa.Column("started_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("host", name="pk_host_turn"),
    )
    op.create_table(
        "worker",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", LINE, nullable=False),
        sa.Column("role", LINE, nullable=False),
        sa.Column("version", LINE, nullable=False),
        sa.Column("queues", LINE, nullable=False),
        sa.Column("concurrency", sa.Integer(), nullable=False),
        sa.Column("state", LINE, nullable=False),
        sa.Column("doing", LINE, nullable=False),
        sa.Column("rules_version", LINE, nullable=False),
        sa.Column("polls", sa.Integer(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("articles", sa.Integer(), nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_worker"),
        sa.UniqueConstraint("name", name="uq_worker_name"),
        sqlite_autoincrement=True,
    )
    if op.get_context().dialect.name == "postgresql":
        # The oldest revision whose code may work with this database, see `storage.schema_floor`.
        op.execute("CREATE TABLE schema_floor (oldest_revision text NOT NULL)")
        op.execute("INSERT INTO schema_floor (oldest_revision) VALUES ('0007')")
        op.execute(
            "CREATE FUNCTION wirewatch_now() RETURNS bigint LANGUAGE sql VOLATILE "
            "AS 'SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint'"
        )
        # A job asks for what is due at its host, of which a day's backlog has thousands.
        op.execute(
            f"CREATE INDEX ix_entry_due_host ON entry (({HOST.format('page_address')})) "
            "WHERE state IN ('new', 'retrying') OR next_try_at IS NOT NULL"
        )
        op.execute(f"CREATE INDEX ix_feed_host ON feed (({HOST.format('fetch_url')}))")
