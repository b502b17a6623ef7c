"""Workers and schedulers at work while the schema is upgraded: they go on, or refuse politely."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine

from storage.migrate import upgrade
from storage.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

BENCH = Path(__file__).parents[2] / "bench"

# Parts of a program of its own, not a package.
sys.path.append(str(BENCH))
try:
    from storing import station
finally:
    sys.path.remove(str(BENCH))

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]


@pytest.fixture
def url(server: str, postgresql_server: Any) -> Iterator[str]:
    with postgresql_server.new_database(server) as made:
        upgrade(made)
        with Store(made) as store:
            store.jobs.rebuild()
        yield made


def change(url: str, *statements: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        for each in statements:
            connection.exec_driver_sql(each)
    engine.dispose()


def test_they_go_on_with_a_newer_schema_until_it_no_longer_suits_them(url: str, tmp_path: Path) -> None:
    place = station.set_up(tmp_path, url, [], RUN__WORKERS="1")
    with ExitStack() as stack, Store(url) as store:
        both = [place.start("worker"), place.start("scheduler")]
        for each in both:
            stack.callback(each.kill)

        def heard() -> list[Any]:
            return [each.seen_at for each in store.jobs.workers()]

        both[0].wait_until(lambda: len(heard()) == 2, "both at work")
        # A later version has expanded the schema.
        change(url, "UPDATE alembic_version SET version_num = '9998'")
        begun = heard()
        both[0].wait_until(lambda: all(now > then for now, then in zip(heard(), begun, strict=True)), "a heartbeat")
        # It has taken away what this one needs.
        change(
            url, "UPDATE alembic_version SET version_num = '9999'", "UPDATE schema_floor SET oldest_revision = '9998'"
        )
        for each in both:
            assert each.process.wait(station.PATIENCE_S) == 5
            assert "schema 9999, for which schema 9998 must be known" in each.log
            assert "upgrade the program" in each.log
            assert "Traceback" not in each.log
