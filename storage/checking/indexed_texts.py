"""Is the index of the search in step with the texts: one row for each that is kept, by its own words?"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from rules.text import TOKENIZER_VERSION, tokenize
from storage import dialect
from storage.checking import word_sums
from storage.checking.findings import REINDEX, Finding, named
from storage.checking.spans import COMPARED_AT_ONCE, Depth, chosen, spans
from storage.checking.stored_texts import is_as_stored
from storage.redo import renewal
from storage.tables import article_version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Connection, Row

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
    for ids in _to_compare(reader, depth, partial(tell, "words")):
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


def _to_compare(reader: Reader, depth: Depth, tell: Callable[[int, int], None]) -> Iterator[Sequence[int]]:
    """The texts that are to be compared word by word, in parts; FULL: all of which it is not known that they agree."""
    if depth is Depth.FULL and reader.run(_can_sum):
        last = reader.run(lambda connection: connection.execute(_LAST).scalar_one())
        found = word_sums.suspects(reader, last, partial(_tokens, reader, last, tell))
        if found is not None:
            ids = sorted(found)
            for start in range(0, len(ids), COMPARED_AT_ONCE):
                yield ids[start : start + COMPARED_AT_ONCE]
            return
    yield from chosen(reader, article_version.c.id, depth, tell)


_LAST = select(func.coalesce(func.max(article_version.c.id), 0))


def _can_sum(connection: Connection) -> bool:
    """Not where some texts stand in the index by another tokenizer: their words have sums, too."""
    name = connection.dialect.name
    return dialect.can_walk_words(name) and not renewal.count_of_other_tokenizers(connection, TOKENIZER_VERSION)


def _tokens(reader: Reader, last: int, tell: Callable[[int, int], None]) -> word_sums.Tokens:
    """All texts up to *last*, some in each reading; those of one are of one state of the database."""
    after = 0
    while True:
        rows, lengths = reader.run(partial(_texts_after, after=after, last=last))
        if not rows:
            return
        for row in rows:
            title, body = (dialect.pieces_of(dialect.index_line(tokenize(line).folded)) for line in row[1:3])
            yield row.id, title, body, lengths.get(row.id)
        after = rows[-1].id
        tell(after, last)


def _texts_after(
    connection: Connection, after: int, last: int
) -> tuple[Sequence[Row[int, str, str]], dict[int, bytes]]:
    statement = (
        select(article_version.c.id, article_version.c.title, article_version.c.text)
        .where(article_version.c.id > after, article_version.c.id <= last, article_version.c.pruned_at.is_(None))
        .order_by(article_version.c.id)
        .limit(COMPARED_AT_ONCE)
    )
    rows = connection.execute(statement).all()
    return rows, word_sums.lengths_of(connection, after, rows[-1].id) if rows else {}


def _differently_indexed(connection: Connection, ids: Sequence[int], *, is_whole: bool) -> tuple[list[int], list[int]]:
    """Which of the texts are there by other words, and which by those of another tokenizer."""
    name = connection.dialect.name
    wanted = dialect.numbers("ids", name).alias("wanted")
    columns = (article_version.c[each] for each in ("id", "title", "text", "text_hash", "tokenizer_version"))
    statement = (
        select(*columns)
        .select_from(wanted.join(article_version, article_version.c.id == wanted.c.value))
        .where(article_version.c.pruned_at.is_(None))
        .order_by(article_version.c.id)
    )
    lines, outdated = [], []
    for row in connection.execute(statement, {"ids": dialect.pack(ids, name)}).all():
        if not is_as_stored(row.title, row.text, row.text_hash):
            # The index is right, and the text is not: made anew by it, the index would hide that.
            continue
        if row.tokenizer_version != TOKENIZER_VERSION:
            outdated.append(row.id)
        else:
            title, body = (dialect.index_line(tokenize(line).folded) for line in (row.title, row.text))
            lines.append((row.id, title, body))
    if not dialect.can_walk_words(name):
        return dialect.other_vectors(connection, lines), outdated
    wrong = [each[0] for each in lines if not word_sums.is_indexed_as(connection, *each, is_whole=is_whole)]
    return wrong, outdated
