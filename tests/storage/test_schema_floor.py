"""Code and schema are upgraded beside workers at work: expand, deploy, contract."""

from __future__ import annotations

import asyncio
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from storage import migrate, schema_floor
from storage.address import read_address
from storage.copying import copier
from storage.errors import DatabaseInUse, DatabaseNewer, UpgradeHeldUp
from storage.lock import DatabaseLock, SharedLock
from storage.migrate import Migrations, SchemaState
from storage.store import Store
from storage.tables import SCHEMA_REVISION
from wirewatch.jobs.scheduler import Scheduler

EXPANDING = """
from alembic import op

revision, down_revision, branch_labels, depends_on = "0008", "0007", None, None
expands = True

def upgrade():
    op.execute("ALTER TABLE feed ADD COLUMN colour text")
"""
CONTRACTING = """
from alembic import op

revision, down_revision, branch_labels, depends_on = "0009", "0008", None, None

def upgrade():
    op.execute("ALTER TABLE feed DROP COLUMN colour")
"""
REVISIONS = st.integers(1, 30).map("{:04}".format)


@pytest.fixture
def url(server, postgresql_server):
    with postgresql_server.new_database(server) as made:
        migrate.upgrade(made)
        yield made


@pytest.fixture
def later(tmp_path):
    """The migrations of a later version: up to 0008, which expands, or up to 0009, which does not."""

    def make(newest):
        folder = tmp_path / newest
        shutil.copytree(migrate.scripts(), folder, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "versions" / "0008_more.py").write_text(EXPANDING)
        if newest == "0009":
            (folder / "versions" / "0009_less.py").write_text(CONTRACTING)
        return Migrations(folder=folder, newest=newest)

    return make


def stand(url, revision, floor):
    """Let the database be of this revision, for code of *floor* on."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE alembic_version SET version_num = '{revision}'"))
        connection.execute(text(f"UPDATE schema_floor SET oldest_revision = '{floor}'"))
    engine.dispose()


def floor_of(url):
    engine = create_engine(url)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT oldest_revision FROM schema_floor")).scalar_one()
    engine.dispose()
    return found


# --- what may work ----------------------------------------------------------------------------------


def test_a_new_database_is_for_code_of_its_own_schema(url):
    assert floor_of(url) == SCHEMA_REVISION


def test_a_newer_schema_suits_as_long_as_its_floor_is_not_above(url):
    stand(url, "0008", SCHEMA_REVISION)
    assert migrate.status(url).state is SchemaState.AHEAD
    assert migrate.upgrade(url).state is SchemaState.AHEAD
    with Store(url) as store:
        assert store.last_topic_change() == 0
        store.jobs.require_schema()
        stand(url, "0009", "0008")
        with pytest.raises(DatabaseNewer, match="schema 0009, for which schema 0008 must be known"):
            store.jobs.require_schema()
    assert migrate.status(url).state is SchemaState.NEWER
    with Store(url) as store, pytest.raises(DatabaseNewer):
        store.last_topic_change()


def test_one_without_a_floor_suits_its_own_code_alone(url):
    stand(url, "0008", SCHEMA_REVISION)
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM schema_floor"))
    engine.dispose()
    assert migrate.status(url).state is SchemaState.NEWER


def test_what_is_ahead_is_not_copied(url, tmp_path):
    stand(url, "0008", SCHEMA_REVISION)
    with pytest.raises(DatabaseNewer):
        copier.copy(url, f"sqlite:///{tmp_path}/copy.db")
    migrate.upgrade(f"sqlite:///{tmp_path}/of.db")
    with pytest.raises(DatabaseNewer):
        copier.copy(f"sqlite:///{tmp_path}/of.db", url)


@given(REVISIONS, st.none() | REVISIONS, REVISIONS)
def test_code_suits_its_own_schema_and_newer_ones_down_to_the_floor(revision, floor, code):
    suits = schema_floor.is_suited(revision, floor, code=code)
    assert suits == (code == revision or (floor is not None and floor <= code < revision))


@given(st.lists(st.tuples(REVISIONS, st.booleans()), unique_by=lambda each: each[0]))
def test_the_floor_rises_to_the_last_migration_that_takes_something_away(pending):
    raised = schema_floor.raised_to(pending)
    others = [revision for revision, expands in pending if not expands]
    assert raised == (max(others) if others else None)


# --- upgrading --------------------------------------------------------------------------------------


def test_what_only_expands_is_done_beside_workers_who_go_on(url, later):
    with SharedLock(read_address(url)), Store(url) as working:
        working.last_topic_change()
        assert migrate.upgrade(url, migrations=later("0008")).state is SchemaState.OUT_OF_DATE
        working.jobs.require_schema()
        working.sync_feeds([], None)
    assert (migrate.status(url).revision, floor_of(url)) == ("0008", SCHEMA_REVISION)
    with Store(url) as newcomer:
        assert newcomer.last_topic_change() == 0


def test_what_takes_something_away_is_refused_while_workers_are_at_work(url, later):
    contracting = later("0009")
    with SharedLock(read_address(url)), SharedLock(read_address(url)):
        with pytest.raises(UpgradeHeldUp, match=r"process \d+ on .*, process \d+ on ") as refused:
            migrate.upgrade(url, migrations=contracting)
        assert "stop them, upgrade, and start the new version" in str(refused.value)
        assert migrate.status(url).revision == SCHEMA_REVISION
    migrate.upgrade(url, migrations=contracting)
    assert floor_of(url) == "0009"
    assert migrate.status(url).state is SchemaState.NEWER


def test_no_upgrade_is_made_beside_one_that_works_alone(url, later):
    with DatabaseLock(read_address(url)), pytest.raises(DatabaseInUse):
        migrate.upgrade(url, migrations=later("0008"))


# --- at work ----------------------------------------------------------------------------------------


class House:
    """Of the housekeeping, what a scheduler needs that leads."""

    class rules:  # noqa: N801  # it stands for an attribute
        version = "v"

    def __init__(self, then):
        self._then = then

    async def load(self):
        self._then()

    def look_at_rules(self, *, is_asked=False):
        """Nothing is to be seen."""

    async def look_at_clock(self):
        from ingest.model import utc_now

        return utc_now()

    async def forget_old(self):
        """Nothing is old."""

    look_for_drift = tidy = forget_old

    async def stop_looking(self, *, grace_s):
        """Nothing is looked at."""


def test_a_scheduler_that_has_become_too_old_refuses(url):
    with Store(url) as store:
        store.jobs.rebuild()
        house = House(then=lambda: stand(url, "0009", "0008"))
        scheduler = Scheduler(house, store, address=read_address(url), tick_s=1)
        with pytest.raises(DatabaseNewer):
            asyncio.run(scheduler.run())
