"""`run` killed while articles come in, are corrected and copied: in the end all is as if nobody had killed it.

A small copy of `bench/storage.py --only kill`; how moments are drawn and databases compared stands in `bench/storing`.
All is stored one thing after the other, so that all tables must be the same, with their trails and row by row; on
PostgreSQL the same as on SQLite.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

BENCH = Path(__file__).parents[2] / "bench"

# Parts of a program of its own, not a package.
sys.path.append(str(BENCH))
try:
    from storing import kills, listed, natural, station, world
finally:
    sys.path.remove(str(BENCH))

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]

SEED = 4
EDITIONS = 3
OUTLETS = 4
KILLS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Calm:
    """A run that nobody disturbed, in a world that can be read again."""

    world: world.World
    requests: tuple[int, ...]
    contents: natural.Contents
    listings: natural.Contents


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Calm]:
    folder = tmp_path_factory.mktemp("calm")
    with world.world(seed=SEED, editions=EDITIONS, outlets=OUTLETS, fresh=3, with_newsroom=False) as the_world:
        program = set_up(folder, f"sqlite:///{folder}/data/news.db", the_world)
        played = kills.play(program, the_world, in_turn=True)
        yield Calm(
            world=the_world,
            requests=tuple(played.requests),
            contents=natural.contents(program.url, in_turn=True),
            listings=listed.listings(program, in_turn=True),
        )


def set_up(folder: Path, url: str, the_world: world.World) -> station.Station:
    the_world.reset()
    return station.set_up(folder, url, the_world.feeds(), rules=world.RULES, RUN__WORKERS="1")


def play_killed(folder: Path, url: str, calm: Calm) -> None:
    program = set_up(folder, url, calm.world)
    played = kills.play(program, calm.world, in_turn=True, kills=KILLS, seed=SEED, expected=calm.requests)
    assert sum(played.kills.values()) == KILLS
    assert (played.faults, played.shrunk, played.bugs, played.left_behind) == ([], [], [], 0)
    assert natural.difference(calm.contents, natural.contents(url, in_turn=True)) == {}
    assert natural.difference(calm.listings, listed.listings(program, in_turn=True)) == {}
    assert program.complaints_of_check() == []


def test_how_long_a_run_takes_decides_nothing(calm: Calm) -> None:
    """Whether entries can have come before those that a feed lists is asked by the clock, unless they bear no dates."""
    gaps = [row for row in calm.contents["event"] if "feed.gap" in row]
    assert gaps
    assert all("no news sitemap could be read" in row for row in gaps)
    # The last edition is one in which the feed fails.
    calm.world.reset()
    with urlopen(calm.world.feeds()[-1]) as answer:
        listed = answer.read()
    assert b"<item>" in listed
    assert b"<pubDate>" not in listed


def test_on_sqlite(calm: Calm, tmp_path: Path) -> None:
    # There is something that could be lost.
    assert all(calm.contents[table] for table in ("match", "relation", "version_change", "raw_page", "event"))
    play_killed(tmp_path, f"sqlite:///{tmp_path}/data/news.db", calm)


def test_on_postgresql(calm: Calm, server: str, postgresql_server: ModuleType, tmp_path: Path) -> None:
    with postgresql_server.new_database(server) as url:
        play_killed(tmp_path, url, calm)
