"""`wirewatch feeds list` and `feeds export`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wirewatch.cli.listing import span_options
from wirewatch.cli.options import Command
from wirewatch.cli.wiring import note, pass_call
from wirewatch.feed_fields import FEED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call
    from wirewatch.feedlist import FeedLine

LATELY = timedelta(days=30)


@click.command("list", cls=Command)
@click.option("--removed", is_flag=True, help="Also feeds that are no longer in feeds.toml.")
@span_options("Only feeds whose last poll was then or later")
@pass_call
def list_feeds(call: Call, listing: Listing, *, removed: bool) -> None:
    """List the feeds of feeds.toml with what is known about each.

    With --until, those that were not polled since then.
    """
    from wirewatch.feedlist import read_feeds

    configured = read_feeds(call.config_dir.feeds_file)
    rows = list(_joined(configured, known_feeds(call), with_removed=removed))
    shown = listing.within(rows, "last_polled_at", call)
    listing.show(shown, FEED, call, empty="no feed was polled in that span" if rows else "")
    if not rows and not listing.is_for_programs:
        tell_no_feed(call)
    if listing.how == "table":
        for row in shown:
            if row["last_error"]:
                note(f"{row['url']}: {row['last_error_detail'] or row['last_error']}")


def tell_no_feed(call: Call) -> None:
    """Say that feeds.toml lists none, and what to do."""
    note(f"no feed in {call.config_dir.feeds_file}; add one with: wirewatch{call.repeated} feeds add ADDRESS")


def lately() -> datetime:
    """From when on gaps are counted: old ones say nothing of how a feed is doing."""
    from ingest.model import utc_now

    return utc_now() - LATELY


def known_feeds(call: Call) -> dict[str, dict[str, object]]:
    """What the database knows, by address; nothing when there is no database yet."""
    from storage.errors import DatabaseMissing

    try:
        with call.app.listings() as listings:
            return {feed.url: asdict(feed) for feed in listings.feeds(since=lately())}
    except DatabaseMissing:
        return {}


def _joined(
    configured: Iterable[FeedLine], stored: dict[str, dict[str, object]], *, with_removed: bool
) -> Iterable[Mapping[str, object]]:
    unknown = dict.fromkeys(column.name for column in FEED)
    for feed in configured:
        row = stored.pop(feed.url, None)
        title = feed.title or (row["title"] if row else None)
        state = "paused" if feed.is_paused else row["state"] if row else "active"
        # what the file says holds from the next cycle on
        if state == "removed" or (state == "paused" and not feed.is_paused):
            state = "active"
        yield {**(row or unknown), "url": feed.url, "title": title, "state": state}
    if with_removed:
        for row in stored.values():
            yield {**row, "state": "removed"}


@click.command("export", cls=Command)
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Overwrite the file.")
@pass_call
def export_opml(call: Call, file: Path | None, *, force: bool) -> None:
    """Write the feeds of feeds.toml as OPML, to FILE or standard output.

    What is needed to get in, user names and headers, is not written.
    """
    from ingest.opml import OpmlFeed, write_opml
    from wirewatch.export_files import writing
    from wirewatch.feedlist import read_feeds

    if file is not None:
        call.refuse_own(file)
    listed = read_feeds(call.config_dir.feeds_file)
    document = write_opml(OpmlFeed(url=feed.url, title=feed.title) for feed in listed)
    with writing(file, is_forced=force) as out:
        out.write(document)
