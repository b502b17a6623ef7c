"""Are the texts those that were stored? Each has a hash of its title and its text beside it."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import select

from storage import dialect
from storage.checking.findings import RESTORE_TEXTS, Finding, named
from storage.checking.spans import chosen
from storage.tables import article_version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Connection

    from storage.checking.spans import Depth
    from storage.engine import Reader


def is_as_stored(title: str, body: str, text_hash: str) -> bool:
    """Whether a text has the hash that it was stored with, see `ingest.model.Article.text_hash`."""
    return hashlib.sha256(f"{title}\0{body}".encode(errors="surrogatepass")).hexdigest() == text_hash


def check_texts(reader: Reader, depth: Depth, tell: Callable[[str, int, int], None]) -> Iterator[Finding]:
    """Yield which texts are not those that were stored; FULL: of all, else of a sample."""
    changed: list[int] = []
    for ids in chosen(reader, article_version.c.id, depth, partial(tell, "texts")):
        changed += reader.run(partial(_changed, ids=ids))
    if changed:
        message = f"the text of versions {named(changed, len(changed))} is not the one that was stored"
        yield Finding(check="texts", count=len(changed), message=message, fix=RESTORE_TEXTS)


def _changed(connection: Connection, ids: Sequence[int]) -> list[int]:
    name = connection.dialect.name
    wanted = dialect.numbers("ids", name).alias("wanted")
    statement = (
        select(*(article_version.c[each] for each in ("id", "title", "text", "text_hash")))
        .select_from(wanted.join(article_version, article_version.c.id == wanted.c.value))
        # Of one that was dropped as old only the hash is left.
        .where(article_version.c.pruned_at.is_(None))
        .order_by(article_version.c.id)
    )
    rows = connection.execute(statement, {"ids": dialect.pack(ids, name)})
    return [row.id for row in rows if not is_as_stored(row.title, row.text, row.text_hash)]
