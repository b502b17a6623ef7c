"""The fields of what commands tell about the past; see `wirewatch.fields`."""

from __future__ import annotations

from wirewatch.columns import Column
from wirewatch.fields import INTEGER, NUMBER, TEXT, TEXTS, TIME

#: `show ID --history`
ARTICLE_EVENT = (
    Column("at", TIME, "when it happened", is_shown=True),
    Column(
        "happened",
        TEXT,
        "seen: the article was first seen; version: it showed another version from then on; joined: it belonged to "
        "`story` from then on; matched, renewed, unmatched: `topic` matched it from then on, did so by another version "
        "or other rules, did so no more; related, unrelated: it was a `kind` of `other` from then on, was no more",
        heading="what",
        is_shown=True,
    ),
    Column("version", INTEGER, "number of the version that it showed then", is_shown=True),
    Column(
        "title", TEXT, "title of that version; null where the version did not change", is_flexible=True, is_shown=True
    ),
    Column("topic", TEXT, "name of a topic, or null", is_shown=True, is_rare=True),
    Column("topic_version", TEXT, "version of the topic that matched, or null"),
    Column("rules", TEXTS, "rules that fired, or null", is_shown=True, is_rare=True),
    Column(
        "kind", TEXT, "copy, excerpt, extended, composite or revision of `other`, or null", is_shown=True, is_rare=True
    ),
    Column("other", INTEGER, "id of another article, or null", is_shown=True, is_rare=True),
    Column("source", TEXT, "host of that article, or null", is_shown=True, is_rare=True),
    Column("score", NUMBER, "share of the shorter text that both have in common, 0 to 1, or null"),
    Column("story", INTEGER, "id of a story, or null", is_shown=True, is_rare=True),
)

#: `story ID --history`
STORY_EVENT = (
    Column("at", TIME, "when it happened", is_shown=True),
    Column(
        "happened",
        TEXT,
        "joined: `article` came in and belonged to `story` from the first; merged: `other_story` became part of "
        "`story`; split: `article` left `story` and founded `other_story`; moved: `article` went from `story` to "
        "`other_story`; first: `article` became the first of `story` by time of publication",
        heading="what",
        is_shown=True,
    ),
    Column("story", INTEGER, "id of the story", is_shown=True),
    Column("article", INTEGER, "id of an article, or null", is_shown=True),
    Column("source", TEXT, "host of that article, or null", is_shown=True),
    Column("title", TEXT, "title that the article has now, or null", is_flexible=True, is_shown=True),
    Column("other_story", INTEGER, "id of another story, or null", is_shown=True, is_rare=True),
)

#: `rules log`
TOPIC_STAY = (
    Column("topic", TEXT, "name of the topic", is_shown=True),
    Column("version", TEXT, "changes when its meaning does", is_shown=True),
    Column("since", TIME, "from when on it was in force", is_shown=True),
    Column(
        "until",
        TIME,
        "until when; null: it is in force",
        is_shown=True,
        reads=lambda until, zone: "now" if until is None else f"{until.astimezone(zone):%Y-%m-%d %H:%M}",
    ),
    Column("ended", TEXT, "why it is in force no more: changed or retired; null: it is", is_shown=True, is_rare=True),
    Column(
        "matches",
        INTEGER,
        "articles that the topic matched at the end of that time; now, where the version is in force",
        is_shown=True,
    ),
    Column("title", TEXT, "what it is about, or null", is_flexible=True, is_spare=True),
    Column("file", TEXT, "rule file, as it was last in force", is_shown=True),
    Column("source", TEXT, "the text from which it can be compiled again"),
)

#: `rules log --diff`
TOPIC_STAY_DIFF = (
    *TOPIC_STAY,
    Column(
        "diff", TEXT, "the lines of the source that changed against the version in force before; null for the first"
    ),
)
