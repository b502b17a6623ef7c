"""What articles must be, beside what they say: of a topic, a feed, a source, a language, or with an entry in a state.

Each condition can be asked in two ways: for one article whether it holds, and for the articles for which it does. So
a search can begin with the condition that few articles fulfil.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, func, literal_column, select

from storage.lists.match_lists import topic_id_of
from storage.tables import article, article_version, entry, feed, match

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Column, ColumnElement, Connection, Select


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Only articles for which each condition holds; one with several values holds for any of them."""

    #: names of topics that the article matches now
    topics: tuple[str, ...] = ()
    #: ids of feeds of which an entry led to the article
    feeds: tuple[int, ...] = ()
    #: hosts; each with its subdomains, as `source:` in a rule
    sources: tuple[str, ...] = ()
    #: languages; each with its regions, as `lang:` in a rule
    langs: tuple[str, ...] = ()
    #: states of the entry that looks after the article
    states: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A condition of a filter, as statements."""

    #: for a statement that selects from `article`
    holds: ColumnElement[bool]
    #: ids of at least those articles for which it holds; some may come twice
    articles: Select[int]


def conditions(connection: Connection, asked: Filter) -> tuple[Condition, ...]:
    """What *asked* means in this database. Raises LookupError for a topic or feed that it does not have."""
    return tuple(_conditions(connection, asked))


def _conditions(connection: Connection, asked: Filter) -> Iterator[Condition]:
    if asked.topics:
        yield _of_topics([topic_id_of(connection, name) for name in asked.topics])
    if asked.feeds:
        for feed_id in asked.feeds:
            if connection.execute(select(feed.c.id).where(feed.c.id == feed_id)).first() is None:
                raise LookupError(f"no feed {feed_id}")
        listed = entry.alias("listed")
        brought = listed.c.feed_id.in_(asked.feeds)
        yield Condition(
            holds=exists().where(listed.c.article_id == article.c.id, brought),
            articles=select(listed.c.article_id).where(brought, listed.c.article_id.is_not(None)),
        )
    if asked.sources:
        names = _stored(connection, article.c.source, asked.sources, _is_of_domain)
        yield Condition(
            # Not by the index: who asks for one article after the other wants them sorted by time.
            holds=func.coalesce(article.c.source, "").in_(names),
            articles=select(article.c.id).where(article.c.source.in_(names)),
        )
    if asked.langs:
        tags = _stored(connection, article_version.c.lang, asked.langs, _is_of_language)
        said = article_version.alias("said")
        spoken = said.c.lang.in_(tags)
        yield Condition(
            holds=exists().where(said.c.id == article.c.version_id, spoken),
            articles=select(said.c.article_id).where(spoken),
        )
    if asked.states:
        yield _of_states(asked.states)


def _of_topics(ids: Sequence[int]) -> Condition:
    held = match.alias("held")
    in_force = (held.c.topic_id.in_(ids), held.c.retired_at.is_(None))
    return Condition(
        holds=exists().where(held.c.version_id == article.c.version_id, *in_force),
        articles=select(held.c.article_id).where(*in_force),
    )


def _of_states(states: Sequence[str]) -> Condition:
    keeper = entry.alias("keeper")
    stands: list[ColumnElement[bool]] = [keeper.c.state.in_(states)]
    if "done" not in states:
        # Said as the index of open entries says it, or it would not be used.
        stands.append(keeper.c.state != literal_column("'done'"))
    return Condition(
        holds=exists().where(keeper.c.id == article.c.entry_id, *stands),
        articles=select(keeper.c.article_id).where(*stands, keeper.c.article_id.is_not(None)),
    )


# --- values that stand for several -------------------------------------------------------------------


def _stored(
    connection: Connection, column: Column[Any], asked: Sequence[str], stands_for: Callable[[str, str], bool]
) -> list[str]:
    """The values in *column* that one of *asked* stands for.

    They are few, and found by one step in the column's index for each.
    """
    values = select(func.min(column).label("value")).cte("stored", recursive=True)
    following = select(func.min(column)).where(column > values.c.value).scalar_subquery()
    values = values.union_all(select(following).where(values.c.value.is_not(None)))
    rows = connection.execute(select(values.c.value).where(values.c.value.is_not(None)))
    return [value for (value,) in rows if any(stands_for(each.lower(), value.lower()) for each in asked)]


def _is_of_domain(domain: str, host: str) -> bool:
    return host == domain or host.endswith(f".{domain}")


def _is_of_language(tag: str, lang: str) -> bool:
    return lang == tag or lang.startswith(f"{tag}-")
