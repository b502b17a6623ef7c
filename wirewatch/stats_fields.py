"""The fields of `stats`; see `wirewatch.fields`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wirewatch.columns import Column
from wirewatch.fields import HELD_TOPIC, INTEGER, TEXT, TEXTS, TIME
from wirewatch.rule_fields import RULE_PROBLEM

if TYPE_CHECKING:
    from collections.abc import Mapping


def _by_reason(reasons: Mapping[str, Mapping[str, int]]) -> str:
    """Return how many entries have each reason, whatever their state, the most frequent first."""
    counts: dict[str, int] = {}
    for by_reason in reasons.values():
        for reason, count in by_reason.items():
            counts[reason] = counts.get(reason, 0) + count
    return ", ".join(f"{reason} {count}" for reason, count in sorted(counts.items(), key=lambda row: (-row[1], row[0])))


def _by_tries(retrying: Mapping[str, int]) -> str:
    """Return how many entries wait for another try, by the number of tries that failed."""
    return ", ".join(f"{number} after {tries} failed" for tries, number in retrying.items())


STATS = (
    Column("feeds", "{state: integer}", "feeds by state"),
    Column(
        "silent_feeds", INTEGER, "feeds that answer and bring nothing new for longer than they used to", is_rare=True
    ),
    Column(
        "events", "{kind: integer}", "what happened to feeds and sites in the last 30 days; see `events`", is_rare=True
    ),
    Column("entries_seen", INTEGER, "entries that were ever seen, as they were counted when they were stored"),
    Column(
        "entries_missing",
        INTEGER,
        "how many of them are not stored, which must be 0; less than 0: how many are stored and were not counted",
        is_rare=True,
    ),
    Column("entries", "{state: integer}", "entries by state; together, all that were ever seen"),
    Column(
        "retrying",
        "{tries: integer}",
        "entries that are tried again, by how many tries have failed: after 10 minutes, 1, 6 and 24 hours",
        is_rare=True,
        reads=lambda retrying, _: _by_tries(retrying),
    ),
    Column("next_retry_at", TIME, "when the first of them is due, or null", is_rare=True),
    Column(
        "reasons",
        "{state: {reason: integer}}",
        "entries without a text from their page, by state and reason; see reasons.md",
        is_rare=True,
        reads=lambda reasons, _: _by_reason(reasons),
    ),
    Column("articles", INTEGER, "articles"),
    Column("versions", INTEGER, "versions of articles"),
    Column("stories", INTEGER, "stories"),
    Column("copies", "{kind: integer}", "articles beside the leads of their stories, by what they are to these"),
    Column("repaired", "{code page: integer}", "articles of which a wrong code page was undone, by code page"),
    Column(
        "matches",
        "{topic: integer}",
        "stories of which the current version of an article matches, each counted once, by topic",
    ),
    Column("raw_pages", INTEGER, "pages kept as they came"),
    Column("last_poll_at", TIME, "when a feed was last polled"),
    Column("last_article_at", TIME, "when the newest article was first seen"),
    Column("database_bytes", INTEGER, "size of the database"),
    Column(
        "rule_problems",
        "list of {file, line, column, code, message, remedy, source_line, recorded_at}",
        "what was wrong with the rule files when they were last read",
        nested=RULE_PROBLEM,
    ),
    Column("rules_version", TEXT, "changes with the topics in force and their versions; also in the daemon's log"),
    Column(
        "held",
        "list of {topic, version, known_since, held_since}",
        "topics in force in their last good version, as the files are not understood: which version, since when it "
        "was known, and since when it is held, or null while the files were not read again",
        nested=HELD_TOPIC,
    ),
    Column("absent", TEXTS, "topics that were never understood, so not in force"),
    Column(
        "outdated_fingerprints",
        INTEGER,
        "articles that are compared with no new one until `copies rebuild`, since the algorithm has changed",
    ),
    Column("wal_bytes", INTEGER, "of database_bytes, its write-ahead log; null on PostgreSQL", is_rare=True),
    Column(
        "free_bytes", INTEGER, "what is free on the disk of the database; null where that is not known", is_rare=True
    ),
    Column(
        "workers",
        "{state: integer}",
        "workers and schedulers by state, as `workers` has them; null where one process does all",
        is_rare=True,
    ),
    Column("jobs", "{state: integer}", "jobs in the queue by state; null where there is none", is_rare=True),
)
