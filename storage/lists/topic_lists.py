"""Listings of topics and rules with what they found, and of what was wrong with the rule files. Read only."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Integer, and_, bindparam, func, select

from storage import backlog, dialect
from storage.columns import UtcTime
from storage.records import RuleHits, RuleProblemRecord, TopicHits, TopicRecord
from storage.tables import article, match, rule_problem, topic, topic_backlog, topic_version

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Select

#: The matches that are listed: not retired, and of the text that the article has now.
_LISTED = match.join(article, and_(article.c.id == match.c.article_id, article.c.version_id == match.c.version_id))


def topics(connection: Connection) -> tuple[TopicRecord, ...]:
    """All topics that were ever recorded, by name."""
    current = (
        select(match.c.topic_id, func.count().label("matches"))
        .select_from(_LISTED)
        .where(match.c.retired_at.is_(None))
        .group_by(match.c.topic_id)
        .subquery()
    )
    rows = connection.execute(
        select(
            topic.c.name,
            topic_version.c.version,
            topic_version.c.title,
            topic_version.c.tags,
            topic_version.c.file,
            topic.c.retired_at.is_(None).label("is_active"),
            func.coalesce(current.c.matches, 0).label("matches"),
            topic_version.c.source,
            topic_version.c.created_at.label("first_seen"),
            backlog.is_behind().label("is_behind"),
        )
        .join(topic_version, topic_version.c.id == topic.c.version_id)
        .outerjoin(topic_backlog, topic_backlog.c.topic_id == topic.c.id)
        .outerjoin(current, current.c.topic_id == topic.c.id)
        .order_by(topic.c.name)
    )
    return tuple(TopicRecord(**{**row._asdict(), "tags": tuple(row.tags)}) for row in rows)


def rule_problems(connection: Connection) -> tuple[RuleProblemRecord, ...]:
    """What was wrong with the rule files when they were last read."""
    columns = [column for column in rule_problem.c if column.name != "id"]
    rows = connection.execute(select(*columns).order_by(rule_problem.c.id))
    return tuple(RuleProblemRecord(**row._asdict()) for row in rows)


# --- what they found --------------------------------------------------------------------------------


def _since(moment: str) -> ColumnElement[int]:
    """How many matches of the group are of articles first seen at or after that parameter."""
    is_later = match.c.first_seen_at >= bindparam(moment, type_=UtcTime)
    return func.coalesce(func.sum(is_later.cast(Integer)), 0)


#: One walk through the index of topics, which has all that is counted.
_TOPIC_HITS = (
    select(
        topic.c.name.label("topic"),
        func.count().label("matches"),
        _since("today").label("today"),
        _since("week").label("week"),
        func.max(match.c.first_seen_at).label("last"),
        func.sum((match.c.topic_version_id != topic.c.version_id).cast(Integer)).label("stale"),
    )
    .select_from(_LISTED.join(topic, topic.c.id == match.c.topic_id))
    .where(match.c.retired_at.is_(None))
    .group_by(match.c.topic_id, topic.c.name)
    .order_by(topic.c.name)
)


def topic_hits(connection: Connection, today: datetime, week: datetime) -> tuple[TopicHits, ...]:
    """What each topic found that ever found anything, by name; *today* and *week* are when these began."""
    rows = connection.execute(_TOPIC_HITS, {"today": today, "week": week})
    return tuple(TopicHits(**row._asdict()) for row in rows)


@cache
def _rule_hits(name: str) -> Select[*tuple[Any, ...]]:
    rule = dialect.texts_of(match.c.rules, name).alias("rule")
    return (
        select(
            topic.c.name.label("topic"),
            rule.c.value.label("rule"),
            func.count().label("matches"),
            _since("today").label("today"),
            _since("week").label("week"),
            _since("month").label("month"),
            func.max(match.c.first_seen_at).label("last"),
        )
        .select_from(
            _LISTED.join(
                # The number of a line means something within one version only.
                topic,
                and_(topic.c.id == match.c.topic_id, topic.c.version_id == match.c.topic_version_id),
            ).join(rule, rule.c.value.is_not(None))
        )
        .where(match.c.retired_at.is_(None))
        .group_by(match.c.topic_id, topic.c.name, rule.c.value)
    )


def rule_hits(connection: Connection, today: datetime, week: datetime, month: datetime) -> tuple[RuleHits, ...]:
    """What each match line found that found anything since its topic has its present version; by topic and rule."""
    statement = _rule_hits(connection.dialect.name)
    rows = connection.execute(statement, {"today": today, "week": week, "month": month})
    # Here, as texts that are taken out of JSON are sorted in ways of its own by each database.
    return tuple(RuleHits(**row._asdict()) for row in sorted(rows, key=lambda row: (row.topic, row.rule)))
