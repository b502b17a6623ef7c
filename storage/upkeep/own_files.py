"""Which files belong to an SQLite database: no copy and no export may take the place of one of them."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from storage.tables import APPLICATION_ID

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from storage.address import SqliteFile

#: What SQLite may keep beside a database.
BESIDE = ("-wal", "-shm", "-journal")
#: A copy of a database has this name until it is whole.
PART = ".part"
LOCK = ".lock"

#: How a database begins, and where its program is named in it: https://www.sqlite.org/fileformat.html
_MAGIC = b"SQLite format 3\0"
_PROGRAM = slice(68, 72)


def what_it_is(path: Path, database: SqliteFile) -> str | None:
    """Say in words what of the database *path* is, by whatever name or link; None: nothing of it.

    A name that its files have only now and then belongs to it also while there is no such file.
    """
    for home in dict.fromkeys((database.path, database.path.resolve())):
        if is_same(path, home):
            return "it is the database itself"
        beside = "it belongs to the database that is in use"
        if is_same(path.absolute().parent, home.parent) and _belongs(path.name, home.name):
            return beside
        if any(is_same(path, each) for each in _files_of(home)):
            return beside
    return None


def is_same(path: Path, other: Path) -> bool:
    """Whether both lead to one file or folder, which is there."""
    with suppress(OSError):
        return path.samefile(other)
    return False


def is_database(path: Path) -> bool:
    """Whether the file is a database of wirewatch, or empty. Raises OSError."""
    with path.open("rb") as file:
        begin = file.read(_PROGRAM.stop)
    if not begin:
        return True
    return begin.startswith(_MAGIC) and int.from_bytes(begin[_PROGRAM], "big") == APPLICATION_ID


def _belongs(name: str, database: str) -> bool:
    """Whether a file of this name beside the database is its own."""
    rest = name.removeprefix(database)
    if rest == name:
        return False
    return rest in {"", PART, *BESIDE} or (rest.startswith(".") and rest.endswith(LOCK))


def _files_of(home: Path) -> Iterator[Path]:
    with suppress(OSError), os.scandir(home.parent) as found:
        for each in found:
            if _belongs(each.name, home.name):
                yield home.parent / each.name
