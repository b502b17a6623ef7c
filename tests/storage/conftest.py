"""A database on a file, and ways to fill it."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine, event

from rules.files import load_rules
from storage import tables
from storage.migrate import upgrade
from storage.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine


@pytest.fixture(scope="session")
def make() -> Any:
    """The module `builders`."""
    spec = importlib.util.spec_from_file_location("builders", Path(__file__).parents[1] / "contract" / "builders.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["builders"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database as the migrations make it; copied, since they take longer than most tests."""
    path = tmp_path_factory.mktemp("empty") / "news.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def file(tmp_path: Path, empty_file: Path) -> Path:
    """A new database."""
    return Path(shutil.copy(empty_file, tmp_path))


@pytest.fixture
def url(file: Path) -> str:
    """Its address."""
    return f"sqlite:///{file}"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """An empty store."""
    with Store(url) as opened:
        yield opened


@pytest.fixture
def newsroom(store: Store, make: Any) -> Any:
    """The store, with ways to fill it."""
    return make.Newsroom(store)


@pytest.fixture
def rules(tmp_path: Path) -> Any:
    """Rule texts by file name → `LoadedRules`."""

    def load(**files: str) -> Any:
        folder = tmp_path / "rules"
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            (folder / f"{name}.rules").write_text(text, encoding="utf-8")
        return load_rules(folder)

    return load


# --- the same on both databases ---------------------------------------------------------------------


@pytest.fixture(scope="session")
def on_postgresql(postgresql_url: str) -> Iterator[Engine]:
    """A PostgreSQL with our tables, which the tests share."""
    engine = create_engine(postgresql_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An SQLite file with our tables, made as those of `on_postgresql`."""
    engine = create_engine(f"sqlite:///{tmp_path_factory.mktemp('tables')}/news.db")

    @event.listens_for(engine, "connect")
    def _check_references(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA foreign_keys = ON")

    with engine.begin() as connection:
        tables.metadata.create_all(connection)
    yield engine
    engine.dispose()


@pytest.fixture
def shared_store(empty_with_queue: str) -> Iterator[Store]:
    """A store that hands out work, on PostgreSQL."""
    with Store(empty_with_queue, hands_out=True) as opened:
        yield opened
