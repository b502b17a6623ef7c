"""What processes cost: CPU and memory of a process and all that it has started, from /proc."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

TICK_S = 1 / os.sysconf("SC_CLK_TCK")
PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1e6
#: Between two looks at the memory.
LOOK_S = 0.02


def tree(root: int, *, without: int = 0) -> list[int]:
    """The process and all its descendants, but for the process *without*."""
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            stat = path.read_text()
        except OSError:
            continue
        parents.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(path.parent.name))
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        if pid == without:
            continue
        found.append(pid)
        todo += parents.get(pid, [])
    return found


def cpu_s(pids: list[int]) -> float:
    """User and system time of the processes, and of the children that they have reaped."""
    total = 0.0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(int(fields[n]) for n in (11, 12, 13, 14)) * TICK_S
    return total


def rss_mb(pids: list[int]) -> float:
    """Their memory, added up; what they share counts for each of them."""
    total = 0.0
    for pid in pids:
        try:
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_MB
        except OSError:
            continue
    return total


@dataclass(slots=True)
class Peak:
    """The highest memory seen so far, of the process alone and of its whole tree."""

    own_mb: float = 0.0
    tree_mb: float = 0.0


@contextmanager
def peak_rss(root: int) -> Iterator[Peak]:
    """Watch the memory of a process and its descendants while this is open."""
    peak, ended = Peak(), threading.Event()

    def watch() -> None:
        while not ended.wait(LOOK_S):
            peak.own_mb = max(peak.own_mb, rss_mb([root]))
            peak.tree_mb = max(peak.tree_mb, rss_mb(tree(root)))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        ended.set()
        thread.join()
