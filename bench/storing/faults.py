"""What can befall a database while the daemon works on it: it is said in a clear line, nothing is lost, work goes on.

    python bench/storing/faults.py [NAME...]        prints one JSON object: the complaints about each fault

Each fault is played so: the daemon reads the first edition; the second comes out, all that waits is made due, and the
daemon asks for it, but is not answered; now the fault is made, and the answers come. The daemon has to meet it and say
so. Then the fault is mended, nobody touches the daemon, and in the end the database must hold what that of an
undisturbed run holds. Faults of the disk need a mount, made in a namespace of users and mounts of this program's own
(`unshare -rm`); where that is not permitted they are skipped, and that is said.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from storing.due import is_settled, make_all_due
from storing.fault_kinds import FAULTS, restarts
from storing.kills import play
from storing.natural import contents, difference
from storing.press import RULES
from storing.station import set_up
from storing.world import world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from storing.fault_kinds import Fault
    from storing.natural import Contents
    from storing.station import Running, Station
    from storing.world import World

#: The disk of those faults that fill it: the write-ahead log alone grows to 16 MB before it is folded into the file.
DISK_MB = 64
#: One worker process is enough for a dozen pages; most of what a fault costs is the start of the daemon.
FEW = {"RUN__WORKERS": "1"}
#: Nothing that follows from the work of the second edition is planned for so soon.
FAR = timedelta(minutes=5)
#: Lines of the log that tell of trouble; a fault is told once, and for work that was under way once for each.
MOST_LINES = 6
_TROUBLE = re.compile(r" (?:WARNING|ERROR|CRITICAL) ")


# --- playing one ------------------------------------------------------------------------------------


def play_fault(fault: Fault, station: Station, the_world: World, wanted: Contents) -> list[str]:
    """What is not as it must be."""
    the_world.reset()
    try:
        return _play(fault, station, the_world, wanted)
    except AssertionError as error:
        return [str(error)[-3000:]]


def _play(fault: Fault, station: Station, the_world: World, wanted: Contents) -> list[str]:
    complaints = []
    with station.running("run") as daemon:
        daemon.wait_for("running;")
        daemon.wait_until(lambda: is_settled(station.url), "the first edition")
        the_world.bring_out()
        if fault.is_at_start:
            complaints += _end(daemon)
            make_all_due(station.url)
            mend = fault.make(station)
        else:
            with the_world.press.held():
                make_all_due(station.url)
                daemon.wait_until(lambda: the_world.press.waiting > 0, "the daemon at work")
                mend = fault.make(station)
            _go_through(fault, station, daemon, mend)
            complaints += _end(daemon)
    if fault.is_at_start:
        with station.running("run") as daemon:
            _go_through(fault, station, daemon, mend)
            complaints += _end(daemon)
    for table, told in difference(wanted, contents(station.url)).items():
        complaints.append(f"{table}: {len(told['lost'])} lost, {len(told['more'])} more: {json.dumps(told)[:400]}")
    return complaints


def _go_through(fault: Fault, station: Station, daemon: Running, mend: Callable[[], None]) -> None:
    """Let the daemon meet the fault and say so; mend it, and let the daemon come to the end of its work."""
    if fault.says:
        daemon.wait_for(fault.says)
    mend()
    if fault.ends:
        daemon.wait_for(fault.ends)
    daemon.wait_until(lambda: is_settled(station.url, within=FAR), "the end of the work")


def _end(daemon: Running) -> list[str]:
    code = daemon.end()
    return [*([] if code == 0 else [f"the daemon ended with {code}"]), *_complaints_about(daemon)]


def _complaints_about(daemon: Running) -> Iterator[str]:
    log = daemon.log
    if "Traceback" in log or "a bug" in log:
        yield f"a traceback: {log[-3000:]}"
    trouble = [line for line in log.splitlines() if _TROUBLE.search(line) and "feed http" not in line]
    if len(trouble) > MOST_LINES:
        yield f"{len(trouble)} lines of trouble, such as: {trouble[:3]}"


def undisturbed(the_world: World, folder: Path, url: str) -> Contents:
    """What the database at *url* holds after both editions."""
    the_world.reset()
    station = set_up(folder, url, the_world.feeds(), rules=RULES, **FEW)
    play(station, the_world)
    return contents(url)


def can_mount() -> bool:
    """Whether a namespace of our own is permitted."""
    if shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode == 0


def is_in_namespace() -> bool:
    return os.environ.get("STORING_IN_NAMESPACE") == "1"


def in_namespace(names: Sequence[str]) -> dict[str, list[str] | str]:
    """Play these faults in a namespace of our own, or say why they are skipped."""
    if not can_mount():
        return dict.fromkeys(names, "skipped: this system permits no namespace of users and mounts (unshare -rm)")
    done = subprocess.run(
        ["unshare", "-rm", sys.executable, __file__, *names],
        env=os.environ | {"STORING_IN_NAMESPACE": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"what plays {names} ended with {done.returncode}"
    told: dict[str, list[str] | str] = json.loads(done.stdout)
    return told


def play_faults(names: Sequence[str], *, seed: int = 1) -> dict[str, list[str] | str]:
    """Play these faults of SQLite; complaints by name, or why one was skipped."""
    chosen = [fault for fault in FAULTS if fault.name in names]
    told: dict[str, list[str] | str] = {}
    here = [fault for fault in chosen if not fault.needs_mount or is_in_namespace()]
    apart = [fault.name for fault in chosen if fault.needs_mount and not is_in_namespace()]
    if here:
        told |= _play_here(here, seed)
    if apart:
        told |= in_namespace(apart)
    return told


def _play_here(faults: Sequence[Fault], seed: int) -> dict[str, list[str] | str]:
    told: dict[str, list[str] | str] = {}
    with (
        tempfile.TemporaryDirectory() as name,
        world(seed=seed, editions=2, outlets=3, fresh=3, with_newsroom=False) as the_world,
    ):
        folder = Path(name)
        wanted = undisturbed(the_world, folder / "undisturbed", f"sqlite:///{folder}/undisturbed/data/news.db")
        for fault in faults:
            place = folder / fault.name
            place.mkdir()
            if fault.needs_mount:
                subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(place)], check=True)
            (place / "data").mkdir()
            url = f"sqlite:///{place}/data/news.db"
            station = set_up(
                folder / f"{fault.name}-config", url, the_world.feeds(), rules=RULES, **FEW, **dict(fault.settings)
            )
            told[fault.name] = play_fault(fault, station, the_world, wanted)
            if fault.needs_mount:
                subprocess.run(["umount", "--lazy", str(place)], check=True)
    return told


def play_restarts(*, seed: int = 1) -> dict[str, list[str] | str]:
    """A server of our own, stopped and started. Raises NoServerError."""
    from storing.servers import new_database, own_cluster

    told: dict[str, list[str] | str] = {}
    with (
        tempfile.TemporaryDirectory() as name,
        world(seed=seed, editions=2, outlets=3, fresh=3, with_newsroom=False) as the_world,
        own_cluster() as cluster,
    ):
        folder = Path(name)
        wanted = undisturbed(the_world, folder / "undisturbed", new_database(cluster))
        for fault in restarts(cluster):
            station = set_up(folder / fault.name, new_database(cluster), the_world.feeds(), rules=RULES, **FEW)
            told[fault.name] = play_fault(fault, station, the_world, wanted)
    return told


# --- files that cannot be written, when a command begins ----------------------------------------------


WRITERS = (("run",), ("once", "--all"), ("rules", "apply"), ("copies", "rebuild"))
READERS = (("matches",), ("entries",), ("stats",))


def refused(station: Station, writers: Sequence[tuple[str, ...]], readers: Sequence[tuple[str, ...]]) -> list[str]:
    """What is not as it must be where the database cannot be written: writers say so, readers read."""
    complaints = []
    for arguments in writers:
        done = station.call(*arguments)
        lines = done.err.strip().splitlines()
        if done.code != 5 or len(lines) != 1 or "cannot be opened or written" not in done.err:
            complaints.append(f"{' '.join(arguments)}: exit {done.code}: {done.err.strip()}")
    for arguments in readers:
        done = station.call(*arguments)
        if done.code:
            complaints.append(f"{' '.join(arguments)}: exit {done.code}: {done.err.strip()}")
    return complaints


def play_read_only() -> dict[str, list[str] | str]:
    """The file, then its folder, mounted read-only; for a namespace of our own."""
    told: dict[str, list[str] | str] = {}
    with (
        tempfile.TemporaryDirectory() as name,
        world(seed=1, editions=1, outlets=2, fresh=2, with_newsroom=False) as the_world,
    ):
        folder = Path(name)
        (folder / "data").mkdir()
        station = set_up(folder, f"sqlite:///{folder}/data/news.db", the_world.feeds(), rules=RULES, **FEW)
        play(station, the_world)
        for kind, place, number in (
            ("read-only-file", folder / "data" / "news.db", None),
            ("read-only-folder", folder / "data", 1),
        ):
            subprocess.run(["mount", "--bind", str(place), str(place)], check=True)
            subprocess.run(["mount", "-o", "remount,ro,bind", str(place)], check=True)
            told[kind] = refused(station, WRITERS[:number], READERS[:number])
            subprocess.run(["umount", "--lazy", str(place)], check=True)
            done = station.call("once")
            if done.code:
                told[kind] += [f"afterwards: exit {done.code}: {done.err}"]
    return told


READ_ONLY = ("read-only-file", "read-only-folder")
RESTARTS = ("server-restarted-fast", "server-restarted-immediate")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    every = [fault.name for fault in FAULTS]
    parser.add_argument(
        "names", nargs="*", default=every, metavar="NAME", help=", ".join((*every, *READ_ONLY, *RESTARTS))
    )
    arguments = parser.parse_args()
    told: dict[str, Any] = {}
    if set(arguments.names) & set(READ_ONLY):
        told |= play_read_only() if is_in_namespace() else in_namespace(READ_ONLY)
    if set(arguments.names) & set(RESTARTS):
        told |= play_restarts()
    told |= play_faults(arguments.names)
    print(json.dumps(told))


if __name__ == "__main__":
    main()
