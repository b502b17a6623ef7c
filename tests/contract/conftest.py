"""The stores that fulfil the contract."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from storage.listings import Listings
from storage.migrate import upgrade
from storage.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def make() -> Any:
    """The module `builders`."""
    return _load("builders")


@pytest.fixture(scope="session")
def archives() -> Any:
    """The module `archives`."""
    return _load("archives")


def _load(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database as the migrations make it; copied, since they take longer than most tests."""
    path = tmp_path_factory.mktemp("empty") / "news.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """The address of an empty database of each kind."""
    if request.param == "sqlite":
        folder, empty = request.getfixturevalue("tmp_path"), request.getfixturevalue("empty_file")
        return f"sqlite:///{shutil.copy(empty, folder)}"
    return request.getfixturevalue("empty_postgresql")


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """An empty store of each kind."""
    with Store(url) as opened:
        yield opened


@pytest.fixture
def listings(url: str) -> Iterator[Listings]:
    """What people ask of it."""
    with Listings(url) as opened:
        yield opened


@pytest.fixture
def newsroom(store: Store, make: Any) -> Any:
    """The store, with ways to fill it."""
    return make.Newsroom(store)


@pytest.fixture
def other_url(url: str, request: pytest.FixtureRequest, tmp_path_factory: Any) -> str:
    """An empty database of the other kind."""
    if url.startswith("sqlite"):
        return request.getfixturevalue("empty_postgresql")
    empty = request.getfixturevalue("empty_file")
    return f"sqlite:///{shutil.copy(empty, tmp_path_factory.mktemp('other'))}"


@pytest.fixture
def third_url(empty_file: Path, tmp_path_factory: Any) -> str:
    return f"sqlite:///{shutil.copy(empty_file, tmp_path_factory.mktemp('third'))}"


@pytest.fixture
def other(newsroom: Any, make: Any, url: str, third_url: str) -> Any:
    """A second newsroom, beside the one whose database is exported."""
    with Store(third_url) as store:
        yield make.Newsroom(store)
