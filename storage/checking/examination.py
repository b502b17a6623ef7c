"""Looks through a database for what must never be. Read only, in parts, so that no reader holds up the log for long.

How closely is said by `spans.Depth`. Each finding names what to do about it; `check_laws` lists what must hold of rows.
"""

from __future__ import annotations

import re
from collections import Counter
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from storage import account, catalogue, engine, sqlite_file
from storage.address import SqliteFile, read_address
from storage.checking import laws
from storage.checking.findings import IMPORT, REINDEX, REPORT, RESTORE, RESTORE_VALUES, VACUUM, Finding, named
from storage.checking.indexed_texts import check_index
from storage.checking.posted import check_postings
from storage.checking.schema import check_schema
from storage.checking.spans import Depth, spans
from storage.checking.stored_texts import check_texts
from storage.checking.values import check_values
from storage.columns import metadata
from storage.errors import DatabaseDamaged, SearchIndexDamaged, ValueUnreadable
from storage.tables import article_version, match

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection, Table

    from storage.errors import StorageError

    #: is called with what is looked at, how far it is and how far it goes
    Tell = Callable[[str, int, int], None]
    Check = Callable[[engine.Reader, Depth, Tell], Iterator[Finding]]

#: Damages that SQLite is asked for.
MOST_DAMAGES = 10


def _nobody(_what: str, _done: int, _total: int) -> None:
    pass


def examine(url: str, depth: Depth = Depth.USUAL, *, tell: Tell = _nobody) -> Iterator[Finding]:
    """Yield what is wrong with the database. Raises StorageError when it cannot be read at all."""
    address = read_address(url)
    reader = engine.Reader(engine.reading_engine(address), address.shown)
    checks: list[Check] = [check_account, check_all_laws, check_matches, check_texts, check_index, check_postings]
    if isinstance(address, SqliteFile) and depth > Depth.SOON:
        checks = [check_file, check_references, *checks]
    checks = [check_schema, check_values, *checks]
    done: dict[Check, list[Finding]] = {}
    try:
        for check in checks:
            done[check] = list(_look(check, reader, depth, tell, done))
            yield from done[check]
    finally:
        reader.close()


def _look(
    check: Check, reader: engine.Reader, depth: Depth, tell: Tell, done: Mapping[Check, Sequence[Finding]]
) -> Iterator[Finding]:
    """What *check* finds, or that it could not go on; *done*: what the checks before it have found."""
    try:
        yield from check(reader, depth, tell)
    except (ValueUnreadable, SearchIndexDamaged, DatabaseDamaged) as error:
        # FTS5 names a damaged index by a code of its own, but not where its words are walked through.
        is_sound = check_file in done and all(each.fix in {REINDEX, VACUUM} for each in done[check_file])
        if isinstance(error, ValueUnreadable):
            message = f"{_NAMES[check]} could not be looked at to the end: {error.what}, {error.detail}"
            yield Finding(check="values", count=1, message=message, fix=RESTORE_VALUES)
        elif isinstance(error, SearchIndexDamaged) or (is_sound and check is check_index):
            yield Finding(
                check="index", count=1, message=_with("the index of the search is damaged", error), fix=REINDEX
            )
        else:
            yield Finding(check="integrity", count=1, message=_with("the file is damaged", error), fix=RESTORE)
    except Exception:
        # What is missing or cannot be read was told, and nothing that stands upon it can be relied on. Without that it
        # is a bug or a fault, and told as one.
        if not (done.get(check_schema) or done.get(check_values)):
            raise
        if check is check_index and any(each.fix is REINDEX for each in done[check_schema]):
            return
        message = f"{_NAMES[check]} could not be looked at to the end, for what is missing or cannot be read"
        yield Finding(check="schema" if done.get(check_schema) else "values", count=1, message=message, fix=RESTORE)


def _with(words: str, error: StorageError) -> str:
    return f"{words}: {error.detail}" if error.detail else words


def _own_tables(connection: Connection) -> list[str]:
    """The names of those tables that are there."""
    there = catalogue.schema_names(connection)
    return [table.name for table in _tables() if table.name in there]


def _tables() -> Sequence[Table]:
    return sorted(metadata.tables.values(), key=lambda table: table.name)


# --- SQLite's own -----------------------------------------------------------------------------------


def check_file(reader: engine.Reader, depth: Depth, tell: Tell) -> Iterator[Finding]:
    """The tables with their indexes, one by one, each in a reading of its own; FULL: the file as a whole."""
    parts = [""] if depth is Depth.FULL else reader.run(_own_tables)
    for number, part in enumerate(parts):
        tell("tables", number, len(parts))
        try:
            found = reader.run(partial(_integrity, table=part))
        except DatabaseDamaged as error:
            found = [error.detail]
        if found and not part and _is_index_alone(reader):
            yield Finding(check="index", count=1, message="the index of the search is damaged", fix=REINDEX)
        elif found and all(_UNUSED.fullmatch(line) for each in found for line in each.splitlines()):
            message = "pages of the file belong to nothing, as a damaged index leaves them that was made anew"
            yield Finding(check="integrity", count=len(found), message=message, fix=VACUUM)
        elif found:
            yield Finding(check="integrity", count=len(found), message=f"{part or 'file'}: {found[0]}", fix=RESTORE)


def _is_index_alone(reader: engine.Reader) -> bool:
    found: list[bool] = []

    def work(connection: Connection) -> None:
        driver: Any = connection.connection.dbapi_connection
        found.append(sqlite_file.damages(driver, Path())[1])

    # A transaction that has met a damaged page cannot even be ended well.
    with suppress(DatabaseDamaged):
        reader.run(work)
    return any(found)


_UNUSED = re.compile(r"\*\*\* in database main \*\*\*|Page \d+ is never used")


def _integrity(connection: Connection, table: str) -> list[str]:
    rows = connection.exec_driver_sql(f"PRAGMA integrity_check({table or MOST_DAMAGES})").fetchmany(MOST_DAMAGES)
    return [row[0] for row in rows if row[0] != "ok"]


def check_references(reader: engine.Reader, _depth: Depth, tell: Tell) -> Iterator[Finding]:
    """What refers to another row finds it. PostgreSQL always sees to that, SQLite only for who asks it to."""
    there = frozenset(reader.run(_own_tables))
    tables = [table for table in _tables() if table.foreign_keys and table.name in there]
    for number, table in enumerate(tables):
        tell("references", number, len(tables))
        for other, count in sorted(reader.run(partial(_lost_references, table=table.name)).items()):
            message = f"rows of {table.name} refer to rows of {other} that are not there"
            yield Finding(check="references", count=count, message=message, fix=RESTORE)


def _lost_references(connection: Connection, table: str) -> Counter[str]:
    return Counter(row[2] for row in connection.exec_driver_sql(f"PRAGMA foreign_key_check({table})"))


# --- what must hold ---------------------------------------------------------------------------------


def check_account(reader: engine.Reader, depth: Depth, tell: Tell) -> Iterator[Finding]:
    """Every entry that was ever seen is there, once, in one state."""
    tell("entries", 0, 1)
    for each in reader.run(account.differences if depth > Depth.SOON else _differences_of_sums):
        message = f"feed {each.feed} has brought {each.seen} entries, and {each.stored} are stored: {each.url}"
        yield Finding(check="entries", count=abs(each.seen - each.stored), message=message, fix=RESTORE)
    for law in reader.run(partial(account.broken_laws, is_thorough=depth > Depth.SOON)):
        message = f"entries break the law that {law.law}: {named(law.entries, law.count)}"
        # An archive has all its entries before the first article.
        fix = IMPORT if law.law == account.HAS_ARTICLE else REPORT
        yield Finding(check="entries", count=law.count, message=message, fix=fix)


def _differences_of_sums(connection: Connection) -> tuple[account.FeedDifference, ...]:
    """It is looked which feeds differ only where the sums do."""
    return account.account(connection).differences


def check_all_laws(reader: engine.Reader, depth: Depth, tell: Tell) -> Iterator[Finding]:
    """What `check_laws` lists."""
    for number, law in enumerate(laws.LAWS):
        tell("rows", number, len(laws.LAWS))
        found = [
            ident
            for after, upto in spans(reader, law.key, depth)
            for ident in reader.run(partial(laws.broken, law=law, after=after, upto=upto))
        ]
        if found:
            message = f"{law.words}: {named(found, len(found))}"
            yield Finding(check=law.check, count=len(found), message=message, fix=law.fix)


def check_matches(reader: engine.Reader, depth: Depth, tell: Tell) -> Iterator[Finding]:
    """Of a text and a topic one match at most is in force."""
    doubled: list[int] = []
    for after, upto in spans(reader, article_version.c.id, depth):
        tell("matches", after, upto)
        doubled += reader.run(partial(_doubled, after=after, upto=upto))
    if doubled:
        message = f"topics match a text twice, versions {named(doubled, len(doubled))}"
        yield Finding(check="matches", count=len(doubled), message=message, fix=RESTORE)


def _doubled(connection: Connection, after: int, upto: int) -> list[int]:
    statement = (
        select(match.c.version_id)
        .where(match.c.retired_at.is_(None), match.c.version_id > after, match.c.version_id <= upto)
        .group_by(match.c.version_id, match.c.topic_id)
        .having(func.count() > 1)
        .order_by(match.c.version_id)
    )
    return list(connection.execute(statement).scalars())


#: How each is called where it could not go on.
_NAMES: dict[Check, str] = {
    check_schema: "the schema",
    check_values: "values",
    check_file: "the file",
    check_references: "references",
    check_account: "entries",
    check_all_laws: "rows",
    check_matches: "matches",
    check_texts: "texts",
    check_index: "the index of the search",
    check_postings: "fingerprints",
}
