"""The fields of what commands tell about rules and topics; see `wirewatch.fields`."""

from __future__ import annotations

from wirewatch.columns import Column
from wirewatch.fields import INTEGER, TEXT, TEXTS, TIME

TOPIC = (
    Column("topic", TEXT, "name of the topic", is_shown=True),
    Column("title", TEXT, "what it is about", is_flexible=True, is_shown=True),
    Column("tags", TEXTS, "tags", is_shown=True),
    Column("lang", TEXTS, "languages that it is limited to"),
    Column("rules", INTEGER, "number of match lines", is_shown=True),
    Column("version", TEXT, "changes when its meaning does", is_spare=True),
    Column("file", TEXT, "rule file", is_spare=True),
    Column(
        "state",
        TEXT,
        "in force; not applied: in force, but articles that were stored before it were never judged by it, see "
        "`rules apply`; new: not before the next `once`, or when `run` reads the rules again; "
        "last good: the file is not understood, and the last version that was is in force",
        is_shown=True,
    ),
    Column("known_since", TIME, "when this version was first in force, or null when it is new"),
    Column("hits_today", INTEGER, "articles first seen today that it matches", heading="today", is_shown=True),
    Column("hits_7d", INTEGER, "the same of the last 7 days, today among them", heading="7 days", is_shown=True),
    Column("last_hit", TIME, "when the newest article that it matches was first seen, or null", is_shown=True),
    Column("matches", INTEGER, "all articles that it matches", is_spare=True),
    Column("stale", INTEGER, "of these, found by another version of it; see `rules apply`", is_shown=True),
)

RULE = (
    Column("rule", TEXT, "id of the match line: topic.number", is_shown=True),
    Column("topic", TEXT, "name of the topic"),
    Column("expression", TEXT, "what it looks for, macros written out", is_flexible=True, is_shown=True),
    Column("hits_today", INTEGER, "articles first seen today on which it fired", heading="today", is_shown=True),
    Column("hits_7d", INTEGER, "the same of the last 7 days, today among them", heading="7 days", is_shown=True),
    Column("hits_30d", INTEGER, "the same of the last 30 days", heading="30 days", is_shown=True),
    Column("last_hit", TIME, "when the newest of them was first seen; null: it never fired", is_shown=True),
    Column("matches", INTEGER, "all articles on which it fired, since its topic is as it is", is_spare=True),
    Column("file", TEXT, "rule file"),
    Column("line", INTEGER, "line in the file, from 1"),
    Column("known_since", TIME, "when this version of the topic was first in force, or null when it is new"),
)

RULE_PROBLEM = (
    Column("file", TEXT, "name of the rule file in its folder; of a file elsewhere, as it was given", is_shown=True),
    Column("line", INTEGER, "line, from 1", is_shown=True),
    Column("column", INTEGER, "column in characters, from 1", is_shown=True),
    Column("code", TEXT, "E… or W… as in the manual of the rule language; TEST for a test that failed", is_shown=True),
    Column("message", TEXT, "what is wrong and what to do", is_flexible=True, is_shown=True),
    Column("end_line", INTEGER, "line where it ends"),
    Column("end_column", INTEGER, "column where it ends, exclusive; that of its start when only this is known"),
    Column("severity", TEXT, "error, test, or warning: a lint, which stops no rule"),
    Column("remedy", TEXT, "what to do, also part of the message; may be empty"),
    Column("topic", TEXT, "topic that it is in, or null"),
    Column("path", TEXT, "the file, to be opened from where the command was called"),
)

RULE_HIT = (
    Column("topic", TEXT, "name of the topic; expression for an expression", is_shown=True),
    Column("rules", TEXTS, "rules that fired", is_shown=True),
    Column("article", INTEGER, "id of the article", is_shown=True),
    Column("title", TEXT, "title of the article", is_flexible=True, is_shown=True),
    Column("url", TEXT, "address of the article"),
    Column("source", TEXT, "host of the article", is_flexible=True, is_shown=True),
    Column("published", TIME, "when it was published, or null when unknown"),
    Column("first_seen", TIME, "when the article was first seen", is_shown=True),
    Column("is_stored", "true or false", "the match is stored already", heading="stored"),
    Column("spans", "list of {field, start, end, text}", "what matched"),
    Column(
        "change",
        TEXT,
        "new: matches and is not stored; lost: is stored and matches no longer; same: both",
        is_shown=True,
    ),
)

RULE_DIFF = (
    Column("topic", TEXT, "name of the topic", is_shown=True),
    Column(
        "state",
        TEXT,
        "changed: in force in another version; new: not in force; not applied: in force, but articles that were "
        "stored before it were never judged by it; unchanged; gone: in no rule file any more, what it matched stays",
        is_shown=True,
    ),
    Column("new", INTEGER, "articles that enter", is_shown=True),
    Column("lost", INTEGER, "articles that leave", is_shown=True),
    Column("same", INTEGER, "articles that stay", is_shown=True),
    Column("renewed", INTEGER, "of these, stored with another version of the topic", is_spare=True),
)

APPLIED = (
    Column("articles", INTEGER, "articles judged, also before the run was interrupted"),
    Column("new", INTEGER, "matches stored for articles that the topic had not matched"),
    Column("renewed", INTEGER, "matches of an older version of their topic that were replaced"),
    Column("same", INTEGER, "matches left as they were"),
    Column("retired", INTEGER, "matches that no longer hold: kept as history, and no longer listed"),
    Column("started_at", TIME, "when the run was begun"),
)
