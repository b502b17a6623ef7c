"""One editor of feeds.toml at a time, its secrets included: a lock that the system frees however its holder dies."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Wait until nobody else edits *path* and hold it; whoever only reads it need not wait. Not to be nested.

    The lock is on the folder in which the file truly lies (links are followed), so that none is left behind and a file
    that is replaced takes no lock with it. Where the file system knows no such locks, the edit is made without.
    """
    try:
        descriptor = os.open(path.resolve().parent, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        # no folder, or none of ours: the edit itself says so
        yield
        return
    try:
        # some network file systems refuse: better an edit without than none
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
