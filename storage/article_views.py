"""Views of articles, their texts, and what they are to each other; see `storage.views`."""

from __future__ import annotations

from sqlalchemy import Integer, distinct, func, select

from storage.lists import copy_lists
from storage.tables import article, article_version, relation, story
from storage.view import INTEGER, JSON, NUMBER, TEXT, TIME, YES_NO, View, ViewColumn

_every = article_version.alias("every_version")
_versions = select(func.count()).select_from(_every).where(_every.c.article_id == article.c.id).scalar_subquery()
_IS_CURRENT = article_version.c.id == article.c.version_id

ARTICLES = View(
    name="v_articles",
    meaning="An article in its current version.",
    columns=(
        ViewColumn("id", INTEGER, "number of the article", article.c.id),
        ViewColumn("url", TEXT, "normalised address, the identity of the article", article.c.url),
        ViewColumn("source", TEXT, "host of the page", article.c.source),
        ViewColumn("title", TEXT, "the feed's title, else the page's", article_version.c.title),
        ViewColumn("text", TEXT, "the text, in paragraphs", article_version.c.text),
        ViewColumn("author", TEXT, "author, or null", article_version.c.author),
        ViewColumn("published", TIME, "when it was published, or null when unknown", article.c.published),
        ViewColumn("first_seen", TIME, "when it was first seen", article.c.first_seen_at),
        ViewColumn("dated_at", TIME, "when it counts as published", article.c.dated_at),
        ViewColumn("lang", TEXT, "language (primary subtag), or null", article_version.c.lang),
        ViewColumn("words", INTEGER, "number of words", article_version.c.words),
        ViewColumn("sections", JSON, "sections that it names, a list of texts", article_version.c.sections),
        ViewColumn("repaired", TEXT, "code page that was undone, or null", article_version.c.repaired),
        ViewColumn("text_from", TEXT, "where the text came from: page or feed", article_version.c.text_from),
        ViewColumn("story", INTEGER, "id of its story", article.c.story_id),
        ViewColumn("version", INTEGER, "number of the version that is current", article_version.c.n),
        ViewColumn("versions", INTEGER, "number of versions", _versions),
        ViewColumn("credit", TEXT, "agency that the text names as its source, or null", article_version.c.credit),
        ViewColumn(
            "canonical",
            TEXT,
            "address of its original, as it says; or null",
            article_version.c.canonical,
        ),
    ),
    rows=article.join(article_version, _IS_CURRENT),
)

VERSIONS = View(
    name="v_versions",
    meaning="One of the texts that an article has had.",
    columns=(
        ViewColumn("id", INTEGER, "number of the version among those of all articles", article_version.c.id),
        ViewColumn("article", INTEGER, "id of the article", article_version.c.article_id),
        ViewColumn("n", INTEGER, "1, 2, … in the order in which they were first seen", article_version.c.n),
        ViewColumn("is_current", YES_NO, "it is the text of the article now", _IS_CURRENT),
        ViewColumn("title", TEXT, "title", article_version.c.title),
        ViewColumn("text", TEXT, "the text, in paragraphs", article_version.c.text),
        ViewColumn("text_hash", TEXT, "SHA-256 of title and text", article_version.c.text_hash),
        ViewColumn("text_from", TEXT, "where the text came from: page or feed", article_version.c.text_from),
        ViewColumn("author", TEXT, "author, or null", article_version.c.author),
        ViewColumn("published", TIME, "date that it bears, or null", article_version.c.published),
        ViewColumn("first_seen", TIME, "when it was first seen", article_version.c.created_at),
        ViewColumn("lang", TEXT, "language (primary subtag), or null", article_version.c.lang),
        ViewColumn("words", INTEGER, "number of words", article_version.c.words),
        ViewColumn("sections", JSON, "sections, a list of texts", article_version.c.sections),
        ViewColumn("repaired", TEXT, "code page that was undone, or null", article_version.c.repaired),
        ViewColumn("credit", TEXT, "agency that the text names as its source, or null", article_version.c.credit),
        ViewColumn("canonical", TEXT, "address of its original, or null", article_version.c.canonical),
        ViewColumn("pruned_at", TIME, "when its text was dropped as old, or null", article_version.c.pruned_at),
    ),
    rows=article_version.join(article, article.c.id == article_version.c.article_id),
)

_lead = article.alias("lead")
_lead_version = article_version.alias("lead_version")
_first = article.alias("first_one")
_carrier = article.alias("carrier")
_outlets = (
    select(func.count(distinct(_carrier.c.source)))
    .where(_carrier.c.story_id == story.c.id)
    .scalar_subquery()
    .cast(Integer)
)

STORIES = View(
    name="v_stories",
    meaning="Articles that carry the same text. Title, address and source are those of the lead, the one seen first.",
    columns=(
        ViewColumn("id", INTEGER, "number of the story", story.c.id),
        ViewColumn("title", TEXT, "title of the lead", _lead_version.c.title),
        ViewColumn("url", TEXT, "address of the lead", _lead.c.url),
        ViewColumn("source", TEXT, "host of the lead", _lead.c.source),
        ViewColumn("first_seen", TIME, "when the lead was first seen", story.c.first_seen_at),
        ViewColumn("published", TIME, "when the lead was published, or null when unknown", _lead.c.published),
        ViewColumn("copy_count", INTEGER, "number of other articles in the story", copy_lists.copy_count(story.c.id)),
        ViewColumn("outlets", INTEGER, "number of different sources among its articles", _outlets),
        ViewColumn("article", INTEGER, "id of the lead", story.c.lead_article_id),
        ViewColumn("first_article", INTEGER, "id of its first article by `dated_at`", story.c.first_article_id),
        ViewColumn("first_url", TEXT, "address of that article", _first.c.url),
        ViewColumn("first_source", TEXT, "host of that article", _first.c.source),
        ViewColumn("first_dated_at", TIME, "when that article counts as published", _first.c.dated_at),
    ),
    rows=story.join(_lead, _lead.c.id == story.c.lead_article_id)
    .join(_lead_version, _lead_version.c.id == _lead.c.version_id)
    .join(_first, _first.c.id == story.c.first_article_id),
)

_own = article.alias("own")
_other = article.alias("other")
_own_version = article_version.alias("own_version")

RELATIONS = View(
    name="v_relations",
    meaning="What an article is to another one now: `article` is a `kind` of `other_article`.",
    columns=(
        ViewColumn("id", INTEGER, "number of the relation", relation.c.id),
        ViewColumn("article", INTEGER, "id of the article", relation.c.article_id),
        ViewColumn("url", TEXT, "its address", _own.c.url),
        ViewColumn("source", TEXT, "its host", _own.c.source),
        ViewColumn("kind", TEXT, "copy, excerpt, extended, composite or revision", relation.c.kind),
        ViewColumn("other_article", INTEGER, "id of the other article", relation.c.other_id),
        ViewColumn("other_url", TEXT, "its address", _other.c.url),
        ViewColumn("other_source", TEXT, "its host", _other.c.source),
        ViewColumn("score", NUMBER, "share of the shorter text that both have in common, 0 to 1", relation.c.score),
        ViewColumn("share", NUMBER, "share of the article's text that both have in common, 0 to 1", relation.c.share),
        ViewColumn("other_share", NUMBER, "the same of the other's text", relation.c.other_share),
        ViewColumn(
            "passage",
            TEXT,
            "the longest stretch that both share, as it stands in the article",
            func.substr(_own_version.c.text, relation.c.start + 1, relation.c.end - relation.c.start),
        ),
        ViewColumn("start", INTEGER, "where it stands there: half-open, in code points of its text", relation.c.start),
        ViewColumn("end", INTEGER, 'see `start`; a word of SQL, so write `"end"`', relation.c.end),
        ViewColumn("other_start", INTEGER, "where it stands in the other article", relation.c.other_start),
        ViewColumn("other_end", INTEGER, "see `other_start`", relation.c.other_end),
        ViewColumn(
            "slots", JSON, "facts that differ: a list of {kind, start, end, other_start, other_end}", relation.c.slots
        ),
        ViewColumn("first_seen", TIME, "when it was found", relation.c.created_at),
    ),
    rows=relation.join(_own, _own.c.id == relation.c.article_id)
    .join(_other, _other.c.id == relation.c.other_id)
    .join(_own_version, _own_version.c.id == relation.c.version_id),
    where=relation.c.retired_at.is_(None),
)
