"""One instance a database."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from storage.errors import BackfillAtWork, DatabaseInUse, DatabaseUnwritable
from storage.lock import BackfillLock, DatabaseLock, is_locked

ROOT = Path(__file__).parents[2]
HOLD = """
import sys
from pathlib import Path
from storage.lock import DatabaseLock

with DatabaseLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_holder_is_refused_and_told_who_has_it(file):
    with DatabaseLock(file), pytest.raises(DatabaseInUse, match=f"process {os.getpid()}"), DatabaseLock(file):
        pass
    with DatabaseLock(file):
        pass


def test_the_lock_is_free_when_its_holder_is_killed(file):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(file)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(DatabaseInUse, match=f"process {holder.pid}"), DatabaseLock(file):
        pass
    holder.kill()
    holder.wait(60)
    holder.stdin.close()
    holder.stdout.close()
    with DatabaseLock(file):
        pass


def test_a_directory_that_does_not_exist_is_told(tmp_path):
    with pytest.raises(DatabaseUnwritable, match="none"), DatabaseLock(tmp_path / "none" / "news.db"):
        pass


def test_whether_it_is_locked_can_be_asked(file):
    assert not is_locked(file), "nobody ever held it"
    with DatabaseLock(file):
        assert is_locked(file)
        assert is_locked(file)
    assert not is_locked(file)
    assert not is_locked(file.parent / "none" / "news.db")


def test_one_back_fill_at_a_time_beside_an_instance(file):
    with (
        DatabaseLock(file),
        BackfillLock(file),
        pytest.raises(BackfillAtWork, match=f"another rules apply is at work .process {os.getpid()}"),
        BackfillLock(file),
    ):
        pass
    with BackfillLock(file):
        assert not is_locked(file)
