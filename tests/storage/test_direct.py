"""What goes to the driver directly is what SQLAlchemy would write and read."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import (
    Boolean,
    Column,
    Integer,
    MetaData,
    Table,
    Text,
    bindparam,
    case,
    create_engine,
    func,
    select,
    text,
    update,
)

from storage import dialect, direct
from storage.columns import UtcTime, json
from storage.errors import DatabaseUnreachable, StorageError
from storage.translation import translated

NOW = datetime(2026, 1, 5, 10, 0, 0, 7, tzinfo=UTC)
THINGS = Table(
    "thing",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("name", Text, unique=True),
    Column("at", UtcTime),
    Column("is_new", Boolean),
    json("sections"),
)
ROW = {"name": "Zoë's", "at": NOW, "is_new": True, "sections": ["World", "O’Neill"]}
ALL = select(THINGS, (THINGS.c.id + 1).label("next")).order_by(THINGS.c.id)
ONE = select(THINGS.c.at, THINGS.c.is_new).where(THINGS.c.id == bindparam("which")).limit(1)
SET = (
    update(THINGS)
    .where(THINGS.c.name != bindparam("other"))
    .values({THINGS.c.is_new: False, THINGS.c.name: case((THINGS.c.is_new, "was new"), else_=func.upper("old"))})
)


@pytest.fixture(params=["sqlite", "postgresql"])
def connection(request, tmp_path):
    url = f"sqlite:///{tmp_path / 'things.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("empty_postgresql")
    engine = create_engine(url)
    THINGS.metadata.create_all(engine)
    with engine.begin() as opened:
        yield opened
        # After an error PostgreSQL answers nothing more in a transaction.
        opened.get_transaction().rollback()
    THINGS.metadata.drop_all(engine)
    engine.dispose()


def test_rows_are_as_sqlalchemy_reads_them(connection):
    assert direct.insert_row(connection, THINGS, ROW) == 1
    assert direct.insert_row(connection, THINGS, {"sections": [], "at": None}) == 2
    ours, theirs = direct.rows(connection, ALL, {}), connection.execute(ALL).all()
    assert [row._asdict() for row in ours] == [row._asdict() for row in theirs]
    assert ours[0].at == NOW
    assert ours[0].is_new is True
    assert ours[0].sections == ["World", "O’Neill"]
    assert ours[1].next == 3


def test_the_first_row_or_none(connection):
    direct.insert_row(connection, THINGS, ROW)
    assert direct.first(connection, ONE, {"which": 1}) == (NOW, True)
    assert direct.first(connection, ONE, {"which": 2}) is None


def test_a_change_tells_how_many_rows_it_met(connection):
    for name in ("a", "b"):
        direct.insert_row(connection, THINGS, ROW | {"name": name})
    direct.change(connection, update(THINGS).where(THINGS.c.id == 2).values(is_new=False), {})
    assert direct.change(connection, SET, {"other": "b"}) == 1
    assert [row.name for row in direct.rows(connection, ALL, {})] == ["was new", "b"]
    assert direct.change(connection, SET, {"other": "was new"}) == 1
    assert [row.name for row in direct.rows(connection, ALL, {})] == ["was new", "OLD"]


def test_an_insert_has_the_columns_that_it_is_given(connection):
    add = dialect.insert(THINGS, connection.dialect.name).on_conflict_do_nothing(index_elements=["name"])
    assert direct.change(connection, add, ROW) == 1
    assert direct.change(connection, add, ROW) == 0
    assert direct.change(connection, add, {"sections": [], "name": "other"}) == 1
    assert [row.at for row in direct.rows(connection, ALL, {})] == [NOW, None]


def test_values_are_refused_as_ever(connection):
    with pytest.raises(ValueError, match="without a zone"):
        direct.insert_row(connection, THINGS, ROW | {"at": datetime(2026, 1, 5)})  # noqa: DTZ001  # that is the case


def test_errors_of_the_driver_are_translated(connection):
    direct.insert_row(connection, THINGS, ROW)
    with pytest.raises(StorageError) as caught, translated("things.db"):
        direct.insert_row(connection, THINGS, ROW)
    cause = caught.value.__cause__
    assert isinstance(getattr(cause, "orig", cause), connection.dialect.loaded_dbapi.IntegrityError)


def test_a_connection_that_was_ended_is_given_up(postgresql_url):
    engine = create_engine(postgresql_url)
    with engine.connect() as first, engine.connect() as other:
        ident = first.execute(text("SELECT pg_backend_pid()")).scalar_one()
        other.execute(text("SELECT pg_terminate_backend(:ident, 5000)"), {"ident": ident})
        with pytest.raises(DatabaseUnreachable), translated("things.db"):
            direct.say(first, "SELECT 1")
        assert first.invalidated
    engine.dispose()


def test_lists_are_no_parameters(connection):
    with pytest.raises(AssertionError, match="no parameter"):
        direct.rows(connection, select(THINGS.c.id).where(THINGS.c.id.in_([1, 2])), {})
