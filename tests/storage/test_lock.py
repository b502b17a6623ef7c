"""One instance a database."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from storage.address import SqliteFile
from storage.errors import BackfillAtWork, DatabaseInUse, DatabaseUnwritable
from storage.lock import BackfillLock, DatabaseLock, LeaderLock, QueueLock, SharedLock, UpgradeLock, is_locked
from storage.upkeep.exclusive import LOCKS

ROOT = Path(__file__).parents[2]
HOLD = """
import sys
from pathlib import Path
from storage.address import SqliteFile
from storage.lock import DatabaseLock

with DatabaseLock(SqliteFile(Path(sys.argv[1]))):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def database(file):
    return SqliteFile(file)


def test_a_second_holder_is_refused_and_told_who_has_it(file, database):
    with DatabaseLock(database), pytest.raises(DatabaseInUse, match=f"process {os.getpid()}"), DatabaseLock(database):
        pass
    with DatabaseLock(database):
        pass


def test_the_lock_is_free_when_its_holder_is_killed(file, database):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(file)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(DatabaseInUse, match=f"process {holder.pid}"), DatabaseLock(database):
        pass
    holder.kill()
    holder.wait(60)
    holder.stdin.close()
    holder.stdout.close()
    with DatabaseLock(database):
        pass


def test_a_directory_that_does_not_exist_is_told(tmp_path):
    with pytest.raises(DatabaseUnwritable, match="none"), DatabaseLock(SqliteFile(tmp_path / "none" / "news.db")):
        pass


def test_whether_it_is_locked_can_be_asked(file, database):
    assert not is_locked(database), "nobody ever held it"
    with DatabaseLock(database):
        assert is_locked(database)
        assert is_locked(database)
    assert not is_locked(database)
    assert not is_locked(SqliteFile(file.parent / "none" / "news.db"))


def test_one_back_fill_at_a_time_beside_an_instance(file, database):
    with (
        DatabaseLock(database),
        BackfillLock(database),
        pytest.raises(BackfillAtWork, match=f"another rules apply or import is at work .process {os.getpid()}"),
        BackfillLock(database),
    ):
        pass
    with BackfillLock(database):
        assert not is_locked(database)


def test_who_works_alone_holds_every_lock_there_is():
    # Who works together with others has the first of them together, and leads only as long as that.
    together = {SharedLock, LeaderLock}
    # The first of them once more, refused in other words.
    reworded = {QueueLock, UpgradeLock}
    assert {each.number for each in reworded} == {DatabaseLock.number}
    assert set(LOCKS) == {DatabaseLock, *DatabaseLock.__subclasses__()} - together - reworded
    assert len(LOCKS) == len({each.suffix for each in LOCKS}) == len({each.number for each in LOCKS})
