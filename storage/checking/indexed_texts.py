"""Is the index of the search in step with the texts: one row for each that is kept, by its own words?"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from rules.text import TOKENIZER_VERSION, tokenize
from storage import dialect
from storage.checking.findings import REINDEX, Finding, named
from storage.checking.spans import Depth, chosen, spans
from storage.tables import article_version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Connection

    from storage.engine import Reader

LEAST_ID, GREATEST_ID = -(2**63), 2**63 - 1


def check_index(reader: Reader, depth: Depth, tell: Callable[[str, int, int], None]) -> Iterator[Finding]:
    """Yield what is wrong with the index; FULL: every word of every text is looked up."""
    missing: list[int] = []
    surplus: list[int] = []
    for after, upto in spans(reader, article_version.c.id, depth):
        tell("index", after, upto)
        lost, strange = reader.run(partial(_out_of_step, after=after, upto=upto))
        missing += lost
        surplus += strange
    surplus += reader.run(_beyond_all)
    changed: list[int] = []
    outdated: list[int] = []
    for ids in chosen(reader, article_version.c.id, depth, partial(tell, "words")):
        others, of_others = reader.run(partial(_differently_indexed, ids=ids, is_whole=depth is Depth.FULL))
        changed += others
        outdated += of_others
    for found, message in (
        (missing, "texts are not found by the search, versions"),
        (surplus, "the search finds texts that are not there, versions"),
        (sorted(set(changed) - set(missing)), "texts stand in the index by other words, versions"),
        (outdated, "texts stand in the index by an earlier tokenizer, versions"),
    ):
        if found:
            yield Finding(check="index", count=len(found), message=f"{message} {named(found, len(found))}", fix=REINDEX)


def _out_of_step(connection: Connection, after: int, upto: int) -> tuple[list[int], list[int]]:
    """What the index lacks, and what it has that is no text that is kept."""
    kept = select(article_version.c.id).where(
        article_version.c.id > after, article_version.c.id <= upto, article_version.c.pruned_at.is_(None)
    )
    stored = set(connection.execute(kept).scalars())
    found = dialect.indexed(connection, after, upto)
    return sorted(stored - found), sorted(found - stored)


def _beyond_all(connection: Connection) -> list[int]:
    """What the index has before the first text and after the last one."""
    first = connection.execute(select(func.min(article_version.c.id))).scalar() or 1
    last = connection.execute(select(func.max(article_version.c.id))).scalar() or 0
    before = dialect.indexed(connection, LEAST_ID, first - 1)
    return sorted(before | dialect.indexed(connection, last, GREATEST_ID))


def _differently_indexed(connection: Connection, ids: Sequence[int], *, is_whole: bool) -> tuple[list[int], list[int]]:
    """Which of the texts are there by other words, and which by those of another tokenizer."""
    name = connection.dialect.name
    wanted = dialect.numbers("ids", name).alias("wanted")
    columns = (article_version.c[each] for each in ("id", "title", "text", "tokenizer_version"))
    statement = (
        select(*columns)
        .select_from(wanted.join(article_version, article_version.c.id == wanted.c.value))
        .where(article_version.c.pruned_at.is_(None))
        .order_by(article_version.c.id)
    )
    wrong, outdated = [], []
    for row in connection.execute(statement, {"ids": dialect.pack(ids, name)}).all():
        if row.tokenizer_version != TOKENIZER_VERSION:
            outdated.append(row.id)
            continue
        title, body = (dialect.index_line(tokenize(line).folded) for line in (row.title, row.text))
        if not dialect.is_indexed_as(connection, row.id, title, body, is_whole=is_whole):
            wrong.append(row.id)
    return wrong, outdated
