"""What marks a database as a copy that is not whole yet, and what is put off until it is: references and numbers.

The mark is a table, so that whoever opens the database meanwhile is told so (`stored_revision` of both kinds).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, inspect, select, text

from storage.copying.plan import tables
from storage.errors import CopyTargetTaken, CopyUnfinished
from storage.tables import MARK_OF_COPY as MARK

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from storage.copying.plan import CopiedTable

_REFERENCES = text("""
SELECT quote_ident(t.relname) AS name, quote_ident(c.conname) AS reference, pg_get_constraintdef(c.oid) AS how
FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
WHERE c.contype = 'f' AND c.connamespace = current_schema()::regnamespace AND t.relname = ANY(:names) ORDER BY 1, 2
""")


def begin(connection: Connection, source: str, subject: str) -> bool:
    """Mark the database as a copy of *source*; returns whether that was done before, so that it is gone on with.

    Raises CopyUnfinished when it is a copy of another database, CopyTargetTaken when it has rows and no mark.
    """
    if inspect(connection).has_table(MARK):
        of = connection.execute(text(f"SELECT source FROM {MARK}")).scalar_one()  # noqa: S608  # a constant
        if of != source:
            raise CopyUnfinished(subject, f"of {of}")
        return True
    for each in tables(connection.dialect.name):
        if connection.execute(select(each.table.c[each.keys[0]]).limit(1)).first() is not None:
            raise CopyTargetTaken(subject, f"there are rows in {each.name}")
    again = _drop_references(connection) if connection.dialect.name == "postgresql" else []
    connection.execute(text(f"CREATE TABLE {MARK} (source TEXT NOT NULL, again TEXT NOT NULL)"))
    insert = text(f"INSERT INTO {MARK} (source, again) VALUES (:source, :again)")  # noqa: S608  # a constant
    connection.execute(insert, {"source": source, "again": json.dumps(again)})
    return False


def _drop_references(connection: Connection) -> list[str]:
    """Drop the foreign keys, as tables refer to each other in circles; return what makes them again."""
    names = [each.name for each in tables(connection.dialect.name)]
    found = connection.execute(_REFERENCES, {"names": names}).all()
    for each in found:
        connection.exec_driver_sql(f"ALTER TABLE {each.name} DROP CONSTRAINT {each.reference}")
    return [f"ALTER TABLE {each.name} ADD CONSTRAINT {each.reference} {each.how}" for each in found]


def end(connection: Connection) -> None:
    """Make the references again, which looks at all rows, and take the mark away."""
    again: list[str] = json.loads(connection.execute(text(f"SELECT again FROM {MARK}")).scalar_one())  # noqa: S608  # a constant
    for statement in again:
        connection.exec_driver_sql(statement)
    connection.execute(text(f"DROP TABLE {MARK}"))


# --- numbers ----------------------------------------------------------------------------------------

_SEQUENCE = text("SELECT pg_get_serial_sequence(:name, 'id')")


def last_number(connection: Connection, of: CopiedTable) -> int:
    """The last id that the table ever gave out, also of a row that is gone; 0: none."""
    highest = connection.execute(select(func.coalesce(func.max(of.table.c.id), 0))).scalar_one()
    if connection.dialect.name == "postgresql":
        sequence = _sequence_of(connection, of)
        row: Any = connection.exec_driver_sql(f"SELECT last_value, is_called FROM {sequence}").one()  # noqa: S608  # ours
        given = row.last_value if row.is_called else row.last_value - 1
    else:
        asked = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
        given = connection.execute(asked, {"name": of.name}).scalar() or 0
    return max(int(highest), int(given))


def set_last_number(connection: Connection, of: CopiedTable, number: int) -> None:
    """Let the table give out higher ids than *number* alone."""
    if not number:
        return
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT setval(:name, :n)"), {"name": _sequence_of(connection, of), "n": number})
        return
    connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": of.name})
    insert = text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :n)")
    connection.execute(insert, {"name": of.name, "n": number})


def _sequence_of(connection: Connection, of: CopiedTable) -> str:
    quoted = connection.dialect.identifier_preparer.quote(of.name)
    return str(connection.execute(_SEQUENCE, {"name": quoted}).scalar_one())
