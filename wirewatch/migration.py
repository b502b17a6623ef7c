"""Brings a database to the present schema, after a backup: never by surprise, and never without a way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage import migrate
from storage.address import SqliteFile
from storage.errors import NotEnoughSpace
from storage.upkeep.backup import back_up

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from storage.migrate import SchemaStatus


def backup_name(path: Path, needed: str) -> Path:
    """How the copy is called that is made before the upgrade of *path* to the schema *needed*; one that is not there.

    >>> from pathlib import Path
    >>> backup_name(Path("/nowhere/news.db"), "0006").name
    'news.before-0006.db'
    """
    number, more = 1, ""
    while True:
        found = path.with_name(f"{path.stem}.before-{needed}{more}{path.suffix}")
        if not found.exists():
            return found
        number += 1
        more = f"-{number}"


def upgrade(
    url: str,
    *,
    has_backup: bool = True,
    tell: Callable[[int, int], None] = lambda _done, _total: None,
    say: Callable[[str], None],
) -> SchemaStatus:
    """Create the database, or bring it to the present schema; return how it stood before.

    An SQLite file with data in it is copied before, unless *has_backup* is false; *tell* gets how far that is, and
    *say* its name. Raises NotEnoughSpace where there is no room for the copy, and what `migrate.upgrade` raises.
    """

    def before(found: SchemaStatus) -> None:
        database = found.database
        if not has_backup or not isinstance(database, SqliteFile):
            return
        target = backup_name(database.path, found.needed)
        try:
            back_up(database, target, tell=tell)
        except NotEnoughSpace as error:
            raise NoRoomForBackup(error.subject, error.detail) from error
        say(f"{target}: a copy of the database as it was before (schema {found.revision})")

    return migrate.upgrade(url, before=before)


class NoRoomForBackup(NotEnoughSpace):
    """There is no room for the copy that is made before an upgrade."""

    fix = "free some space, or make a copy elsewhere with `wirewatch db backup FILE` and upgrade with --no-backup"
