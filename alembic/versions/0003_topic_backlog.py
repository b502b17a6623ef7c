"""Which topics were never applied to the texts that were stored before them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

#: SQLite gives out ids by itself only in a column that is called INTEGER.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "topic_backlog",
        sa.Column("topic_id", ID, nullable=False),
        sa.Column("upto", ID, nullable=False),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name="fk_topic_backlog_topic_id_topic"),
        sa.PrimaryKeyConstraint("topic_id", name="pk_topic_backlog"),
    )
    # The texts that came before the version did, unless a back-fill of all texts has come to its end since.
    op.execute("""
        INSERT INTO topic_backlog (topic_id, upto)
        SELECT topic.id, (SELECT max(fingerprint.id) FROM fingerprint WHERE fingerprint.created_at < v.created_at)
        FROM topic JOIN topic_version AS v ON v.id = topic.version_id
        WHERE topic.retired_at IS NULL
            AND EXISTS (SELECT 1 FROM fingerprint WHERE fingerprint.created_at < v.created_at)
            AND NOT EXISTS (
                SELECT 1 FROM backfill AS run
                WHERE run.started_at >= v.created_at AND run.finished_at IS NOT NULL
                    AND run.since IS NULL AND run.until IS NULL
            )
    """)
