"""The tables of work for several processes. Those of the queue are Procrastinate's."""

from __future__ import annotations

from sqlalchemy import Column, Table, UniqueConstraint

from storage.columns import Line, count, id_column, metadata, text, time

#: Who may send a request to a host at this moment; see `storage.jobs.turns`.
host_turn = Table(
    "host_turn",
    metadata,
    Column("host", Line, primary_key=True),
    #: null while nobody has the turn
    text("holder", nullable=True),
    #: it ends by itself then
    time("until"),
    #: when the last request began
    time("started_at", nullable=True),
)

#: Processes at work; see `storage.jobs.roster`.
worker = Table(
    "worker",
    metadata,
    id_column(),
    #: where it runs: host and process
    text("name"),
    #: worker or scheduler
    text("role"),
    #: of the program
    text("version"),
    #: names, parted by commas
    text("queues"),
    count("concurrency"),
    #: working, draining or refused
    text("state"),
    #: what it does at this moment, one job a line
    text("doing"),
    #: of the rules that it judges by
    text("rules_version"),
    #: done since it was started
    count("polls"),
    count("entries"),
    count("articles"),
    time("started_at"),
    time("seen_at"),
    UniqueConstraint("name"),
    sqlite_autoincrement=True,
)
