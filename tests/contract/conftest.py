"""The stores that fulfil the contract."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from storage.migrate import upgrade
from storage.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def make() -> Any:
    """The module `builders`."""
    spec = importlib.util.spec_from_file_location("builders", Path(__file__).with_name("builders.py"))
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


def sqlite_store(folder: Path, empty_file: Path) -> Store:
    return Store(f"sqlite:///{shutil.copy(empty_file, folder)}")


@pytest.fixture(params=[pytest.param(sqlite_store, id="sqlite")])
def store(request: pytest.FixtureRequest, tmp_path: Path, empty_file: Path) -> Iterator[Store]:
    """An empty store of each kind."""
    with request.param(tmp_path, empty_file) as opened:
        yield opened


@pytest.fixture
def newsroom(store: Store, make: Any) -> Any:
    """The store, with ways to fill it."""
    return make.Newsroom(store)
