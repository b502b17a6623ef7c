"""What must hold of single rows, and no foreign key sees to. Each is looked at by spans of a number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, not_, or_, select

from storage.checking.findings import REBUILD, REPORT, RESTORE
from storage.tables import (
    article,
    article_address,
    article_version,
    fingerprint,
    match,
    site_line,
    site_memory,
    story,
    story_alias,
    topic,
    topic_version,
    version_change,
)

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

    from storage.checking.findings import Fix


class Law(NamedTuple):
    """Rows that must not be."""

    check: str
    #: what they are
    words: str
    #: the number by which they are looked through, and named
    key: Any
    is_broken: ColumnElement[bool]
    fix: Fix


def _has(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """There is such a row; the table of the law is that of the enclosing statement."""
    return select(1).where(*conditions).exists()


_SHOWN = article_version.alias("shown")
_OWN = article.alias("own")
_OTHER = story_alias.alias("other")
_MEMBER = article.alias("member")
_CHANGED = article_version.alias("changed")

LAWS = (
    Law(
        "articles",
        "articles show no version, or one of another article",
        article.c.id,
        not_(_has(_SHOWN.c.id == article.c.version_id, _SHOWN.c.article_id == article.c.id)),
        RESTORE,
    ),
    Law("articles", "articles belong to no story", article.c.id, article.c.story_id.is_(None), RESTORE),
    Law(
        "articles",
        "articles are not found by their own address",
        article.c.id,
        not_(_has(article_address.c.address == article.c.url)),
        RESTORE,
    ),
    Law(
        "articles",
        "articles show a text that was dropped as old",
        article.c.id,
        _has(_SHOWN.c.id == article.c.version_id, _SHOWN.c.pruned_at.is_not(None)),
        RESTORE,
    ),
    Law(
        "articles",
        "changes tell of a version of another article",
        version_change.c.id,
        not_(_has(_CHANGED.c.id == version_change.c.version_id, _CHANGED.c.article_id == version_change.c.article_id)),
        RESTORE,
    ),
    Law(
        "fingerprints",
        "articles have no fingerprint, so that copies of them are not found",
        article.c.id,
        not_(_has(fingerprint.c.article_id == article.c.id)),
        REBUILD,
    ),
    Law(
        "fingerprints",
        "fingerprints are not of the text that their article shows",
        fingerprint.c.id,
        not_(_has(_OWN.c.id == fingerprint.c.article_id, _OWN.c.version_id == fingerprint.c.version_id)),
        RESTORE,
    ),
    Law("stories", "stories have no article", story.c.id, not_(_has(_MEMBER.c.story_id == story.c.id)), RESTORE),
    Law(
        "stories",
        "stories are led by an article, or have a first one, that is in another story",
        story.c.id,
        or_(
            not_(_has(_MEMBER.c.id == story.c.lead_article_id, _MEMBER.c.story_id == story.c.id)),
            not_(_has(_MEMBER.c.id == story.c.first_article_id, _MEMBER.c.story_id == story.c.id)),
        ),
        RESTORE,
    ),
    Law(
        "stories",
        "stories that merged are there still, or lead to one that merged too",
        story_alias.c.old,
        or_(_has(story.c.id == story_alias.c.old), _has(_OTHER.c.old == story_alias.c.new)),
        RESTORE,
    ),
    Law(
        "matches",
        "matches are of another article than their text, or of another topic than their version",
        match.c.id,
        or_(
            not_(_has(_SHOWN.c.id == match.c.version_id, _SHOWN.c.article_id == match.c.article_id)),
            not_(_has(topic_version.c.id == match.c.topic_version_id, topic_version.c.topic_id == match.c.topic_id)),
        ),
        RESTORE,
    ),
    Law(
        "topics",
        "topics have no version, or one of another topic",
        topic.c.id,
        not_(_has(topic_version.c.id == topic.c.version_id, topic_version.c.topic_id == topic.c.id)),
        RESTORE,
    ),
    Law(
        "sites",
        "lines are known to repeat on sites of which no page is remembered",
        site_line.c.id,
        not_(_has(site_memory.c.site == site_line.c.site)),
        REPORT,
    ),
)


def broken(connection: Connection, law: Law, after: int, upto: int) -> list[int]:
    """The numbers after *after*, up to *upto*, of rows that break the law."""
    statement = select(law.key).where(and_(law.key > after, law.key <= upto), law.is_broken).order_by(law.key)
    return list(connection.execute(statement).scalars())
