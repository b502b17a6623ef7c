"""Runs the migrations. The program calls it by `storage.migrate`, which hands over an open transaction.

By hand, to write a new migration: `alembic -x url=sqlite:///some.db revision --autogenerate -m "what it does"`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import context
from sqlalchemy import create_engine

from storage import dialect
from storage.tables import metadata

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.sql.schema import SchemaItem


def include_object(item: SchemaItem, name: str | None, kind: str, reflected: bool, other: SchemaItem | None) -> bool:  # noqa: ARG001, FBT001  # signature of Alembic
    """The full-text table and the queue are not made by us; SQLite keeps the one in tables of similar names."""
    return kind not in {"table", "index"} or dialect.is_described(name)


def run(connection: Connection) -> None:
    """Run what is asked for in the transaction that *connection* is in."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_object=include_object,
        # SQLite changes a table by making it anew.
        render_as_batch=True,
    )
    context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with create_engine(context.get_x_argument(as_dictionary=True)["url"]).begin() as own:
        run(own)
