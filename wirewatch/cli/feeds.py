"""`wirewatch feeds …`: which feeds are polled, and how they are doing."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wirewatch.cli.listing import format_options, span_options
from wirewatch.cli.options import Group
from wirewatch.cli.wiring import counted, note, pass_call
from wirewatch.errors import ExitCode, WirewatchError
from wirewatch.fields import FEED, FEED_CHECK

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call
    from wirewatch.feedlist import FeedLine


@click.group(cls=Group)
def feeds() -> None:
    """Add, list, remove, import, export and check feeds."""


@feeds.command()
@click.argument("address")
@click.option("--title", help="What to call it; else the feed's own title is used.")
@pass_call
def add(call: Call, address: str, title: str | None) -> None:
    """Add a feed to feeds.toml; it is polled from the next cycle on."""
    from wirewatch.feedlist import FeedLine, add_feeds, address_fault

    if fault := address_fault(address):
        raise click.UsageError(f"{address}: {fault}")
    path = call.own_config_dir.feeds_file
    added, _ = add_feeds(path, [FeedLine(url=address, title=title)])
    note(f"{'added to' if added else 'already in'} {path}")


@feeds.command()
@click.argument("address")
@pass_call
def remove(call: Call, address: str) -> None:
    """Take a feed out of feeds.toml; what it brought is kept."""
    from wirewatch.feedlist import remove_feed

    path = call.own_config_dir.feeds_file
    remove_feed(path, address)
    note(f"removed from {path}; what it brought is kept")


@feeds.command("list")
@click.option("--removed", is_flag=True, help="Also feeds that are no longer in feeds.toml.")
@span_options("Only feeds whose last poll was then or later")
@pass_call
def list_feeds(call: Call, listing: Listing, *, removed: bool) -> None:
    """List the feeds of feeds.toml with what is known about each.

    With --until, those that were not polled since then.
    """
    from wirewatch.feedlist import read_feeds

    configured = read_feeds(call.config_dir.feeds_file)
    rows = list(_joined(configured, _stored(call), with_removed=removed))
    shown = listing.within(rows, "last_polled_at", call)
    listing.show(shown, FEED, call, empty="no feed was polled in that span" if rows else "")
    if not rows and not listing.is_for_programs:
        note(_no_feed(call))
    if listing.how == "table":
        for row in shown:
            if row["last_error"]:
                note(f"{row['url']}: {row['last_error_detail'] or row['last_error']}")


def _no_feed(call: Call) -> str:
    add = f"wirewatch{call.repeated} feeds add ADDRESS"
    return f"no feed in {call.config_dir.feeds_file}; add one with: {add}"


def _stored(call: Call) -> dict[str, dict[str, object]]:
    """What the database knows, by address; nothing when there is no database yet."""
    from storage.errors import DatabaseMissing

    try:
        with call.app.listings() as listings:
            return {feed.url: asdict(feed) for feed in listings.feeds()}
    except DatabaseMissing:
        return {}


def _joined(
    configured: Iterable[FeedLine], stored: dict[str, dict[str, object]], *, with_removed: bool
) -> Iterable[Mapping[str, object]]:
    unknown = dict.fromkeys(column.name for column in FEED)
    for feed in configured:
        row = stored.pop(feed.url, None)
        title = feed.title or (row["title"] if row else None)
        state = row["state"] if row and row["state"] != "removed" else "active"
        yield {**(row or unknown), "url": feed.url, "title": title, "state": state}
    if with_removed:
        for row in stored.values():
            yield {**row, "state": "removed"}


@feeds.command("import")
@click.argument("source", metavar="FILE|URL|-")
@pass_call
def import_opml(call: Call, source: str) -> None:
    """Add the feeds of an OPML list to feeds.toml."""
    from ingest.opml import read_opml
    from wirewatch.cli.source import read_source
    from wirewatch.feedlist import FeedLine, add_feeds, address_fault

    path = call.own_config_dir.feeds_file
    try:
        outlines = read_opml(read_source(call, source, is_feed=True).body)
    except ValueError as e:
        raise WirewatchError(f"{source}: {e}") from e
    listed = [FeedLine(url=feed.url, title=feed.title) for feed in outlines]
    usable = [feed for feed in listed if not address_fault(feed.url)]
    for feed in listed:
        if fault := address_fault(feed.url):
            note(f"left out: {feed.url}: {fault}")
    if not usable:
        raise WirewatchError(f"{source}: holds no feeds; an OPML list has <outline xmlUrl=…> in it")
    added, known = add_feeds(path, usable)
    note(f"{len(added)} added to {path}, {len(known)} were in it already")


@feeds.command("export")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@pass_call
def export_opml(call: Call, file: Path | None) -> None:
    """Write the feeds of feeds.toml as OPML, to FILE or standard output."""
    from ingest.opml import OpmlFeed, write_opml
    from wirewatch.feedlist import read_feeds

    listed = read_feeds(call.config_dir.feeds_file)
    document = write_opml(OpmlFeed(url=feed.url, title=feed.title) for feed in listed)
    if file is None:
        click.echo(document, nl=False)
    else:
        file.write_bytes(document)


@feeds.command()
@format_options
@pass_call
def check(call: Call, listing: Listing) -> None:
    """Fetch every feed now and say how it answers; store nothing.

    Exit code 3 when some feeds fail.
    """
    rows = asyncio.run(_check(call))
    listing.show(rows, FEED_CHECK, call, empty="")
    if not rows and not listing.is_for_programs:
        note(_no_feed(call))
    failed = [row for row in rows if row["reason"]]
    if failed:
        if all(row["reason"] == "connection" for row in rows):
            note(f"no network: {len(failed)} of {counted(len(rows), 'feed')} unreachable; try wirewatch demo")
        else:
            note(f"{len(failed)} of {counted(len(rows), 'feed')} failed; correct them in {call.config_dir.feeds_file}")
        click.get_current_context().exit(ExitCode.SOME_FEEDS_FAILED)


async def _check(call: Call) -> list[dict[str, object]]:
    from ingest.workers import InlineWorkers
    from wirewatch.cli.progress import Progress
    from wirewatch.feedcheck import check_feeds
    from wirewatch.feedlist import read_feeds

    urls = [feed.url for feed in read_feeds(call.config_dir.feeds_file)]
    rows: dict[str, dict[str, object]] = {}
    async with call.app.fetcher() as fetcher:
        with Progress(len(urls), "feeds") as progress:
            async for done in check_feeds(urls, fetcher, InlineWorkers()):
                rows[done.url] = asdict(done)
                progress.step()
    return [rows[url] for url in urls]
