"""The fields of workers, jobs and the queue; see `wirewatch.fields`."""

from __future__ import annotations

from wirewatch.columns import Column
from wirewatch.fields import INTEGER, NUMBER, TEXT, TEXTS, TIME

WORKER = (
    Column("name", TEXT, "host and process", is_shown=True),
    Column("role", TEXT, "worker or scheduler", is_shown=True),
    Column(
        "state",
        TEXT,
        "of a worker: working, draining or refused; of a scheduler: leading or waiting; dead: not heard of for 15 s",
        is_shown=True,
    ),
    Column("doing", TEXTS, "what it does, such as `extract example.org`", is_flexible=True, is_shown=True),
    Column(
        "articles_per_minute",
        NUMBER,
        "articles that it stored a minute since it was started, or null where it is no worker",
        heading="articles/min",
        is_shown=True,
    ),
    Column("jobs", INTEGER, "jobs at work", is_shown=True),
    Column("concurrency", INTEGER, "jobs at the same time, at most", heading="at most", is_shown=True),
    Column("seen_at", TIME, "when it was last heard of", heading="last heard", is_shown=True),
    Column("version", TEXT, "of the program"),
    Column("queues", TEXTS, "kinds of jobs that it takes"),
    Column("rules_version", TEXT, "of the rules that it judges by"),
    Column("polls", INTEGER, "polls since it was started"),
    Column("entries", INTEGER, "entries done since it was started"),
    Column("articles", INTEGER, "articles and new versions of articles stored since it was started"),
    Column("started_at", TIME, "when it was started"),
)

QUEUE = (
    Column("waiting", INTEGER, "jobs that wait, or null where there are no tables for the queue"),
    Column("at_work", INTEGER, "jobs that a worker has"),
    Column("dead", INTEGER, "jobs that ended with a bug; see `jobs --dead`"),
    Column("stalled", INTEGER, "of those at work, jobs whose worker is dead; a scheduler takes them back"),
    Column("feeds_due", INTEGER, "feeds to be polled now"),
    Column("oldest_feed_at", TIME, "since when the one is due that waits longest, or null"),
    Column("entries_due", INTEGER, "entries to be done now"),
    Column("oldest_entry_at", TIME, "since when the one is due that waits longest, or null"),
    Column("workers", INTEGER, "workers that live"),
    Column("schedulers", INTEGER, "schedulers that live, whether they lead or wait"),
    Column("trouble", TEXTS, "what is not as it should be, in words"),
)

JOB = (
    Column("id", INTEGER, "number of the job", is_shown=True),
    Column("kind", TEXT, "poll: the feeds of a host; extract: the pages of a host", is_shown=True),
    Column("target", TEXT, "the host; empty for entries without a page", is_flexible=True, is_shown=True),
    Column("state", TEXT, "waiting, at_work or dead", is_shown=True),
    Column("attempts", INTEGER, "how often it was begun", is_shown=True),
    Column("worker", TEXT, "who has it, or null", is_shown=True),
    Column("since", TIME, "when it came into this state", is_shown=True),
)

RETRIED = (
    Column("id", INTEGER, "number of the dead job, which is gone", is_shown=True),
    Column("kind", TEXT, "of the job that was made in its place, unless one waited already", is_shown=True),
    Column("target", TEXT, "of that job", is_flexible=True, is_shown=True),
)

REQUEUED = (
    Column("feeds_due", INTEGER, "feeds to be polled now"),
    Column("entries_due", INTEGER, "entries to be done now"),
)
