"""What an export wants of articles beside their listing: their texts, and in which language these are. Read only."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select

from storage import dialect
from storage.listings import Listings
from storage.tables import article, article_version

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection, Select


class ShownText(NamedTuple):
    """The current text of an article."""

    text: str
    lang: str | None


@cache
def _texts(name: str) -> Select[int, str, str | None]:
    wanted = dialect.numbers("ids", name).alias("wanted")
    return (
        select(article.c.id, article_version.c.text, article_version.c.lang)
        .select_from(wanted.join(article, article.c.id == wanted.c.value))
        .join(article_version, article_version.c.id == article.c.version_id)
    )


def shown_texts(connection: Connection, ids: Iterable[int]) -> dict[int, ShownText]:
    """The texts of these articles, by id; unknown ids have none."""
    name = connection.dialect.name
    rows = connection.execute(_texts(name), {"ids": dialect.pack(ids, name)})
    return {row.id: ShownText(row.text, row.lang) for row in rows}


class ExportListings(Listings):
    """The listings, with the texts of articles."""

    def shown_texts(self, ids: Iterable[int]) -> dict[int, ShownText]:
        """The current texts of these articles, by id; unknown ids have none."""
        return self._read(partial(shown_texts, ids=tuple(ids)))
