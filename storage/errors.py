"""What can go wrong with the database. Each message names the file and the fix.

* ingest.errors.StoreError
  + StorageError
    - DatabaseMissing      there is no such file, or there are no tables
      . DatabaseNotCreated there is no such database on the server
    - DatabaseOutOfDate    made by an earlier version: upgrade it
    - DatabaseNewer        made by a later version: upgrade the program
    - NotADatabase         some other file, or another program's database
    - DatabaseBusy         locked by another process for too long; passing
    - DatabaseInUse        another instance works on it
      . BackfillAtWork     another back-fill does
      . RebuildAtWork      another rebuild does
      . RedoAtWork         stored work is being redone already
      . LeaderAtWork       another scheduler leads
      . WorkersAtWork      workers are at work, and would be disturbed
      . UpgradeHeldUp      workers are at work that the upgraded schema would not suit
    - DatabaseUnwritable   no permission, or a read-only disk
    - DatabaseFull         no space left on the disk
      . NotEnoughSpace     less is free than what is to be done takes: nothing was begun
    - DatabaseDamaged      the file is corrupt
      . ValueUnreadable    the file is whole, and a value in it is none of the kind of its column
    - SearchIndexDamaged   the index of the search is, and nothing else: it can be made anew
    - ViewsInTheWay        other people's views stand upon what is to be changed
    - DatabaseUrlInvalid   not an address of a database that this version knows
    - DatabaseClosed       used after `close()`
    - DatabaseUnreachable  the server is away; passing
    - DatabaseRefused      the server does not let this user in
    - DatabaseUnsuitable   the server is too old, or the database is not in UTF-8
    - DatabaseDriverMissing what speaks with servers is not installed
    - QueueMissing         there are no tables to hand out work by
    - QueueOutdated        these tables are of another version of Procrastinate
    - CopyUnfinished       a copy of another database, which is not whole yet
    - CopyTargetTaken      where a copy is to be made there is something already
    - CopyDiffers          a copy is not what it was made of
    - BackupExists         what a copy would be called is there already
    - BackupUnusable       the file to restore is none of ours, or damaged
    - StorageFault         anything else: a failing disk, or a bug of ours

All exceptions of SQLAlchemy, sqlite3 and psycopg become one of these; tests hold the tables of all three and fail if
one is unmapped.
"""

from __future__ import annotations

from ingest.errors import StoreError


class StorageError(StoreError):
    """Something about the database *subject* (its file or address) did not work; `fix` says what to do.

    `command`, where there is one, is what does that: what to type after `wirewatch` and its options. `server_fix` is
    what to do where the database is on a server, where that is something else.
    """

    what = "the database cannot be used"
    fix = ""
    server_fix = ""
    command = ""

    def __init__(self, subject: str, detail: str = "") -> None:
        self.subject = subject
        self.detail = detail
        super().__init__(self.say())

    def say(self, options: str = "") -> str:
        """Return the message; *options*, such as " --db x.db", are repeated in the command that it names."""
        message = f"{self.subject}: {self.what}"
        if self.detail:
            message += f" ({self.detail})"
        fix = self.server_fix if self.server_fix and "://" in self.subject else self.fix
        if self.command:
            fix = f"{fix}: wirewatch{options} {self.command}"
        return f"{message}; {fix}" if fix else message

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.subject, self.detail))


class DatabaseMissing(StorageError):
    """There is no such file."""

    what = "there is no database"
    fix = "create it with"
    command = "init"


class DatabaseNotCreated(DatabaseMissing):
    """The server has no database of this name."""

    what = "there is no such database on the server"
    fix = "make it with createdb, as a user of the server who may, then make its tables with"


class DatabaseOutOfDate(StorageError):
    """The schema is that of an earlier version."""

    what = "the database was made by an earlier version"
    fix = "upgrade it with"
    command = "db upgrade"


class DatabaseNewer(StorageError):
    """The schema is that of a later version. Schemas only go forward."""

    what = "the database was made by a later version of wirewatch"
    fix = "upgrade the program, or use another database with --db"


class NotADatabase(StorageError):
    """The file is something else, or a database of another program."""

    what = "this is no wirewatch database"
    fix = "check the path in --db or database.url"
    server_fix = "check --db or database.url"


class DatabaseBusy(StorageError):
    """Another process held the lock for longer than we wait. Passing."""

    what = "the database is locked by another process"
    fix = "try again, or end the program that holds it"


class DatabaseInUse(StorageError):
    """Another instance works on the same database."""

    what = "another wirewatch works on this database"
    fix = "stop it first, or use another database with --db"


class BackfillAtWork(DatabaseInUse):
    """Another back-fill works on the same database."""

    what = "another rules apply or import is at work"
    fix = "wait for its end, or stop it: what it has done stays done"


class RebuildAtWork(DatabaseInUse):
    """Another rebuild works on the same database."""

    what = "another copies rebuild is at work"
    fix = "wait for its end, or stop it: what it has done stays done"


class RedoAtWork(DatabaseInUse):
    """Stored work of the same database is being redone by another process."""

    what = "another articles reextract, or db reindex, is at work"
    fix = "wait for its end, or stop it: what it has done stays done"


class LeaderAtWork(DatabaseInUse):
    """Another scheduler hands out the work; this one waits until that one has ended."""

    what = "another scheduler leads"
    fix = "this one takes over when that one ends"


class WorkersAtWork(DatabaseInUse):
    """Workers, schedulers or an instance that works alone are at work, and what is to be done would disturb them."""

    what = "others are at work on this database"
    fix = "stop them first, or use --force: they go on then, and what they do at that moment may be done twice"


class UpgradeHeldUp(DatabaseInUse):
    """Workers are at work, and one of the migrations to be made takes away what they need."""

    what = "this upgrade takes away what those at work rely on"
    fix = "stop them, upgrade, and start the new version"


class DatabaseUnwritable(StorageError):
    """No permission to read or write the file or its directory, or a disk that is mounted read-only."""

    what = "the database cannot be opened or written"
    fix = "check the permissions of the file and of its directory"
    server_fix = "let the user of the address own the database and its tables"


class DatabaseFull(StorageError):
    """No space left on the disk. What is stored can still be read."""

    what = "the disk is full"
    fix = "free some space; clearing the database needs space too"
    server_fix = "free some space on the server"


class NotEnoughSpace(DatabaseFull):
    """Less is free than what is to be done takes. It was not begun."""

    what = "there is not enough free space"
    fix = "free some space, or use another disk"


class DatabaseDamaged(StorageError):
    """The file is corrupt."""

    what = "the database is damaged"
    fix = "restore a backup, or save what is left with: sqlite3 FILE .recover"
    server_fix = "see the log of the server; restore a backup"


class ValueUnreadable(DatabaseDamaged):
    """A stored value is none of the kind of its column: somebody has changed it past the program."""

    what = "a stored value cannot be read"
    fix = "see which with"
    server_fix = ""
    command = "db check --full"


class SearchIndexDamaged(StorageError):
    """The full-text index contradicts itself. Whatever it holds can be made anew from the texts."""

    what = "the index of the search is damaged, and nothing is lost by that"
    fix = "make it anew with"
    command = "db reindex"


class ViewsInTheWay(StorageError):
    """Views or functions that are none of ours stand upon what an upgrade makes anew. Nothing was changed."""

    what = "what is none of wirewatch's stands upon its views, which an upgrade makes anew"
    fix = "keep how it is made (pg_get_viewdef), drop it, repeat the command, and make it again"


class DatabaseUrlInvalid(StorageError):
    """Not an address of a database that this version knows."""

    what = "this is no database address that wirewatch knows"
    fix = "write sqlite:///PATH or postgresql://USER@HOST/NAME"


class DatabaseClosed(StorageError):
    """The store was used after `close()`."""

    what = "the database is closed already"


class BackupExists(StorageError):
    """Where a copy of the database is to be written there is something already."""

    what = "there is a file of this name already"
    fix = "name another file, or replace a copy that is there with --force"


class CopyUnfinished(StorageError):
    """A copy of another database was begun here and is not whole: nobody may work with it."""

    what = "this is the beginning of a copy of another database"
    fix = "go on with `wirewatch db copy FROM TO`, or make the copy elsewhere"


class CopyTargetTaken(StorageError):
    """The database to copy to has something in it."""

    what = "this database is not empty, so nothing is copied to it"
    fix = "name another one, which is new"


class CopyDiffers(StorageError):
    """What was copied is not what is there: it changed since the copy was begun, or a disk fails."""

    what = "the copy is not the same"
    fix = "make it once more, to a new database, while nobody works on the one that is copied"


class BackupUnusable(StorageError):
    """The file that is to take the place of the database cannot."""

    what = "this backup cannot be used"
    fix = "use another one; the database stays as it is"


class StorageFault(StorageError):
    """A failing disk, or a bug of ours: the cause tells."""

    what = "the database failed"
    fix = "check the disk; if it is in order, please report this"
    server_fix = "see the log of the server; if it is in order, please report this"


class DatabaseUnreachable(StorageError):
    """The server does not answer, or has ended the connection. Passing."""

    what = "the database cannot be reached"
    fix = "see that the server runs and that the address is right"


class DatabaseRefused(StorageError):
    """The server does not let this user in."""

    what = "the server refuses the user or the password"
    fix = "check user and password in --db, database.url, PGPASSWORD or ~/.pgpass, and pg_hba.conf of the server"


class DatabaseUnsuitable(StorageError):
    """The server is too old, or the database does not hold all letters."""

    what = "this database cannot be used by wirewatch"
    fix = "use PostgreSQL 13 or later, and a database made with: createdb -E UTF8 -T template0 NAME"


class DatabaseDriverMissing(StorageError):
    """What speaks with the server is not installed: it is an extra."""

    what = "what speaks with PostgreSQL is not installed"
    fix = 'install it with: pip install "wirewatch[postgres]"'


class QueueMissing(StorageError):
    """The tables of the queue were never made, or are lost; what is due is not: it stands in our own."""

    what = "there are no tables to hand out work by"
    fix = "make them"
    command = "db requeue"


class QueueOutdated(QueueMissing):
    """The tables of the queue are those of another version of Procrastinate."""

    what = "the tables to hand out work by are of another version"
    fix = "stop all workers and make them anew"
