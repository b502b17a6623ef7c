"""`wirewatch feeds check`: how feeds answer now. All of them in a table, or one in full."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from wirewatch.cli.feed_list import known_feeds, lately, tell_no_feed
from wirewatch.cli.listing import format_options
from wirewatch.cli.looking import looking
from wirewatch.cli.options import Command
from wirewatch.cli.wiring import counted, note, pass_call, tell
from wirewatch.errors import ExitCode
from wirewatch.feed_fields import DIAGNOSIS, FEED_CHECK

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ingest.polling import FeedAccess
    from storage.lists.trail_records import EventRecord
    from storage.records import FeedRecord
    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call
    from wirewatch.diagnosis import Diagnosis, Live
    from wirewatch.feedlist import FeedLine

#: events of a feed that a diagnosis tells
MOST_EVENTS = 20


@click.command(cls=Command)
@click.argument("addresses", metavar="[URL]...", nargs=-1)
@format_options
@pass_call
def check(call: Call, listing: Listing, *, addresses: tuple[str, ...]) -> None:
    """Fetch feeds now and say how they answer; store nothing.

    Without URL, all feeds of feeds.toml that are not paused, a line each. With one URL, a diagnosis in full, also of
    an address that is not in feeds.toml: each redirect, headers, whether validators work, what is wrong with the
    document, robots.txt, and what the database knows: state, gaps, last errors, next poll and why.

    Exit code 3 when some feeds fail.
    """
    from wirewatch.feedlist import address_fault, read_feeds

    for url in addresses:
        if fault := address_fault(url):
            from ingest.target import redact

            raise click.UsageError(f"{redact(url)}: {fault}")
    configured = {feed.url: feed for feed in read_feeds(call.config_dir.feeds_file)}
    if len(addresses) == 1:
        _diagnose(call, listing, addresses[0], configured.get(addresses[0]))
    else:
        _check_all(call, listing, configured, addresses)


# --- all --------------------------------------------------------------------------------------------


def _check_all(call: Call, listing: Listing, configured: Mapping[str, FeedLine], addresses: Sequence[str]) -> None:
    from wirewatch.feedlist import FeedLine

    asked = [configured.get(url) or FeedLine(url=url) for url in dict.fromkeys(addresses)]
    if not addresses:
        asked = [feed for feed in configured.values() if not feed.is_paused]
    rows = asyncio.run(_check(call, asked))
    listing.show(rows, FEED_CHECK, call, empty="")
    if not configured and not rows and not listing.is_for_programs:
        tell_no_feed(call)
    if not addresses and len(asked) < len(configured) and not listing.is_for_programs:
        note(f"{counted(len(configured) - len(asked), 'paused feed')} not asked; name one to check it")
    failed = [row for row in rows if row["reason"]]
    if failed:
        if all(row["reason"] == "connection" for row in rows):
            note(f"no network: {len(failed)} of {counted(len(rows), 'feed')} unreachable; try wirewatch demo")
        else:
            see = call.command("feeds check", str(failed[0]["url"]))
            note(f"{len(failed)} of {counted(len(rows), 'feed')} failed; one in full: {see}")
        click.get_current_context().exit(ExitCode.SOME_FEEDS_FAILED)


async def _check(call: Call, feeds: Sequence[FeedLine]) -> list[dict[str, object]]:
    from ingest.workers import InlineWorkers
    from wirewatch.cli.progress import Progress
    from wirewatch.feedaccess import access_or_missing
    from wirewatch.feedcheck import check_feeds

    access = {feed.url: access_or_missing(feed) for feed in feeds}
    stored = known_feeds(call)
    rows: dict[str, dict[str, object]] = {}
    async with looking(call) as fetcher:
        with Progress(len(access), "feeds") as progress:
            async for done in check_feeds(access, fetcher, InlineWorkers()):
                known = stored.get(done.url, {})
                rows[done.url] = asdict(done) | {"gaps": known.get("gaps"), "silent_since": known.get("silent_since")}
                progress.step()
    return [rows[url] for url in access]


# --- one --------------------------------------------------------------------------------------------


def _diagnose(call: Call, listing: Listing, url: str, feed: FeedLine | None) -> None:
    from ingest.model import utc_now
    from wirewatch.diagnosis import as_row
    from wirewatch.diagnosis_lines import lines_for_people

    told = _told(call, url, feed)
    if listing.is_asked and listing.how != "table":
        listing.show_one(as_row(told), DIAGNOSIS, call)
    else:
        tell(lines_for_people(told, call.settings.zone, utc_now()))
    if told.live.reason:
        click.get_current_context().exit(ExitCode.SOME_FEEDS_FAILED)


def _told(call: Call, url: str, feed: FeedLine | None) -> Diagnosis:
    from wirewatch.diagnosis import Diagnosis, names_of
    from wirewatch.feedaccess import access_or_missing
    from wirewatch.feedcheck import NO_ACCESS

    live = asyncio.run(_look(call, url, access_or_missing(feed) if feed else NO_ACCESS))
    stored, events = _known(call, url)
    return Diagnosis(
        url=url,
        is_configured=feed is not None,
        is_paused=feed is not None and feed.is_paused,
        with_access=names_of(feed),
        live=live,
        stored=stored,
        events=events,
    )


async def _look(call: Call, url: str, access: FeedAccess) -> Live:
    from ingest.model import utc_now
    from ingest.workers import InlineWorkers
    from wirewatch.diagnosis import look

    async with looking(call) as fetcher:
        return await look(url, access, fetcher, InlineWorkers(), utc_now)


def _known(call: Call, url: str) -> tuple[FeedRecord | None, tuple[EventRecord, ...]]:
    """What the database knows of the feed; nothing when there is no database yet."""
    from storage.errors import DatabaseMissing

    try:
        with call.app.listings() as listings:
            stored = next((feed for feed in listings.feeds(since=lately()) if feed.url == url), None)
            events = () if stored is None else listings.events(feed_id=stored.id, limit=MOST_EVENTS)
            return stored, events
    except DatabaseMissing:
        return None, ()
