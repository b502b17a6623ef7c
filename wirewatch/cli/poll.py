"""`wirewatch once` and `wirewatch run`: the main job, once and on a schedule."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from wirewatch.cli.listing import record_options
from wirewatch.cli.options import Command
from wirewatch.cli.progress import Progress
from wirewatch.cli.wiring import counted, note, pass_call
from wirewatch.errors import ExitCode
from wirewatch.fields import REPORT

if TYPE_CHECKING:
    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call
    from wirewatch.cycle import CycleReport


@click.command(cls=Command)
@click.option("--all", "every", is_flag=True, help="Poll every feed, due or not.")
@click.option("--migrate", is_flag=True, help="Upgrade a database of an earlier version before, as `db upgrade` does.")
@record_options
@pass_call
def once(call: Call, listing: Listing, *, every: bool, migrate: bool) -> None:
    """Poll the feeds that are due, once.

    Then fetch, read, compare and match what they list. A database that is missing is refused with exit code 5, see
    `wirewatch init`, as is one of an earlier version unless --migrate is given, and a disk with less room than
    store.min_free_mb. Exit code 3 when some feeds failed; those that are put off, since their server asked to be left
    alone, have not.
    """
    from storage.migrate import SchemaState, status
    from wirewatch.cli.db_schema import bring_up_to_date
    from wirewatch.cli.wiring import require_database
    from wirewatch.logs import log_errors

    # a rule that is not understood and a bug are told; feeds that failed are told at the end, in one place
    log_errors()
    found = status(call.settings.database.url)
    require_database(found)
    # else one of another version is refused when it is opened, as `run` does
    if migrate and found.state is SchemaState.OUT_OF_DATE:
        bring_up_to_date(call.settings.database.url)
    with Progress(0, "feeds and entries") as progress:
        done = asyncio.run(call.app.run_once(all_feeds=every, tell=progress.show))
    if listing.how == "table":
        click.echo(summary(done.cycle))
    else:
        listing.show_one(as_row(done.cycle), REPORT, call)
    _tell(call, done.cycle, feeds=done.feeds, has_reasons=not listing.is_for_programs)
    for fault in done.missed_selectors:
        note(fault)
    if done.cycle.failed:
        click.get_current_context().exit(ExitCode.SOME_FEEDS_FAILED)


@click.command(cls=Command)
@pass_call
def run(call: Call) -> None:
    """Poll on a schedule until stopped.

    Rule files that were edited come into force at the next tick. SIGHUP reads them at once, and the feeds again.
    SIGTERM and Ctrl-C let what is under way end, within 35 s; a second Ctrl-C ends at once. A second instance on the
    same database is refused, and so is a database that is missing, see `wirewatch init`, or of an earlier version, see
    `wirewatch db upgrade`.
    """
    from storage.migrate import status
    from wirewatch.cli.wiring import require_database
    from wirewatch.logs import log_as

    log_as(call.settings.run.log_format)
    require_database(status(call.settings.database.url))
    asyncio.run(call.app.run_daemon())


def summary(report: CycleReport) -> str:
    """Return what a cycle did, in one line."""
    failed = f", {len(report.failed)} failed" if report.failed else ""
    put_off = f", {report.put_off} put off" if report.put_off else ""
    return (
        f"{counted(report.polled, 'feed')} polled{failed}{put_off} · "
        f"{counted(report.new_entries, 'new entry', 'new entries')} · "
        f"{counted(report.articles, 'article')} · {counted(report.relations, 'relation')} · "
        f"{counted(report.matches, 'match', 'matches')}"
    )


def as_row(report: CycleReport) -> dict[str, object]:
    """Return the report with the fields of its JSON object."""
    return {
        "polled": report.polled,
        "failed": [{"url": feed.url, "reason": feed.reason, "detail": feed.detail} for feed in report.failed],
        "put_off": report.put_off,
        "new_entries": report.new_entries,
        "changed_entries": report.changed_entries,
        "articles": report.articles,
        "relations": report.relations,
        "matches": report.matches,
        "without_page": [{"reason": reason, "entries": count} for reason, count in report.without_page],
    }


def _tell(call: Call, report: CycleReport, *, feeds: int, has_reasons: bool) -> None:
    """Say on standard error what went wrong, and what to do when nothing was to be done."""
    if report.without_page and has_reasons:
        by_count = sorted(report.without_page, key=lambda item: (-item[1], item[0]))
        reasons = ", ".join(f"{reason} {count}" for reason, count in by_count)
        entries = counted(sum(count for _, count in by_count), "entry", "entries")
        see = f"wirewatch{call.repeated} entries --reason {by_count[0][0]}"
        note(f"{entries} without their page: {reasons}; see: {see}")
    if report.is_offline:
        note(f"no network: {len(report.failed)} of {counted(report.polled, 'feed')} unreachable; try wirewatch demo")
    elif report.failed:
        for feed in report.failed:
            note(f"failed: {feed.url}: {feed.detail}")
    elif not feeds:
        note("no feed is configured; add one with: wirewatch feeds add ADDRESS")
    elif not report.polled and not report.put_off and _are_all_paused(call):
        note(f"all feeds are paused; resume one with: {call.command('feeds resume')} ADDRESS")
    elif not report.polled and not report.put_off:
        note("no feed is due; poll all of them with: wirewatch once --all")


def _are_all_paused(call: Call) -> bool:
    from wirewatch.errors import ConfigError
    from wirewatch.feedlist import read_feeds

    try:
        return all(feed.is_paused for feed in read_feeds(call.config_dir.feeds_file))
    except ConfigError:
        # edited since; what was done has been done
        return False
