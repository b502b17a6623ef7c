"""Views of topics and of what they match; see `storage.views`."""

from __future__ import annotations

from sqlalchemy import and_, func, select

from storage.lists import copy_lists
from storage.tables import article, article_version, match, topic, topic_version
from storage.view import INTEGER, JSON, TEXT, TIME, YES_NO, View, ViewColumn

_IS_LISTED = and_(article.c.id == match.c.article_id, article.c.version_id == match.c.version_id)

MATCHES = View(
    name="v_matches",
    meaning="A topic that the current version of an article matches. What a back-fill has retired is not among them.",
    columns=(
        ViewColumn("id", INTEGER, "number of the match", match.c.id),
        ViewColumn("topic", TEXT, "name of the topic", topic.c.name),
        ViewColumn("topic_version", TEXT, "version of the topic that matched", topic_version.c.version),
        ViewColumn("rules", JSON, "rules that fired, a list of texts: topic.number of the match line", match.c.rules),
        ViewColumn("story", INTEGER, "id of the story", article.c.story_id),
        ViewColumn("article", INTEGER, "id of the article", article.c.id),
        ViewColumn("title", TEXT, "title of the article", article_version.c.title),
        ViewColumn("url", TEXT, "address of the article", article.c.url),
        ViewColumn("source", TEXT, "host of the article", article.c.source),
        ViewColumn("published", TIME, "when it was published, or null when unknown", article.c.published),
        ViewColumn("first_seen", TIME, "when the article was first seen", match.c.first_seen_at),
        ViewColumn(
            "spans", JSON, "what matched: a list of {field, start, end, text}; half-open, in code points", match.c.spans
        ),
        ViewColumn(
            "copy_count", INTEGER, "number of other articles in the story", copy_lists.copy_count(article.c.story_id)
        ),
        ViewColumn("origin", TEXT, "live, or backfill: nobody was alerted to it", match.c.origin),
        ViewColumn("matched_at", TIME, "when the match was stored", match.c.created_at),
    ),
    rows=match.join(article, _IS_LISTED)
    .join(article_version, article_version.c.id == match.c.version_id)
    .join(topic, topic.c.id == match.c.topic_id)
    .join(topic_version, topic_version.c.id == match.c.topic_version_id),
    where=match.c.retired_at.is_(None),
)

_counted = match.alias("counted")
_shown_article = article.alias("shown_article")
_matches = (
    select(func.count())
    .select_from(
        _counted.join(
            _shown_article,
            and_(_shown_article.c.id == _counted.c.article_id, _shown_article.c.version_id == _counted.c.version_id),
        )
    )
    .where(_counted.c.topic_id == topic.c.id, _counted.c.retired_at.is_(None))
    .scalar_subquery()
)

TOPICS = View(
    name="v_topics",
    meaning="A topic that was ever recorded, in its last version.",
    columns=(
        ViewColumn("topic", TEXT, "name of the topic", topic.c.name),
        ViewColumn("title", TEXT, "what it is about, or null", topic_version.c.title),
        ViewColumn("tags", JSON, "tags, a list of texts", topic_version.c.tags),
        ViewColumn("lang", JSON, "languages that it is limited to, a list of texts", topic_version.c.langs),
        ViewColumn("version", TEXT, "changes when its meaning does", topic_version.c.version),
        ViewColumn("file", TEXT, "rule file", topic_version.c.file),
        ViewColumn("source", TEXT, "the text from which it can be compiled again", topic_version.c.source),
        ViewColumn("is_active", YES_NO, "it is in force", topic.c.retired_at.is_(None)),
        ViewColumn("retired_at", TIME, "when it was no longer found in any rule file, or null", topic.c.retired_at),
        ViewColumn("known_since", TIME, "when this version was first in force", topic_version.c.created_at),
        ViewColumn("matches", INTEGER, "number of articles that it matches", _matches),
    ),
    rows=topic.join(topic_version, topic_version.c.id == topic.c.version_id),
)
