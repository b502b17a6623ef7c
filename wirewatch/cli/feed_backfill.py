"""`wirewatch feeds backfill`: the older pages of a feed (RFC 5005)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from wirewatch.cli.listing import record_options
from wirewatch.cli.options import Command
from wirewatch.cli.wiring import counted, note, pass_call, telling_that_it_goes_on
from wirewatch.errors import ExitCode, WirewatchError
from wirewatch.feed_fields import FEED_BACKFILLED

if TYPE_CHECKING:
    from ingest.paging import Backfilled
    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call

#: pages that are read unless asked; with two seconds between them, a minute
PAGES = 30
#: more is a mistake
MOST_PAGES = 10_000


@click.command(cls=Command)
@click.argument("address")
@click.option(
    "--pages",
    type=click.IntRange(1, MOST_PAGES),
    default=PAGES,
    show_default=True,
    help="At most so many pages; the first is the feed itself.",
)
@click.option("--beyond-known", is_flag=True, help="Go on past a page of which every entry is known.")
@record_options
@pass_call
def backfill(call: Call, listing: Listing, *, address: str, pages: int, beyond_known: bool) -> None:
    """Read the older pages of a feed, where it has some.

    Feeds name them as RFC 5005 describes, and few do. What they list that was not known is fetched, compared and
    matched by the next `once`, or by a daemon that runs meanwhile. Each page is stored before the next one is asked
    for.
    """
    from wirewatch.feededit import find_feed
    from wirewatch.feedlist import read_feeds

    path = call.config_dir.feeds_file
    url = find_feed(read_feeds(path), address, path).url
    # Without that it would end at the first page that it read before.
    with telling_that_it_goes_on("to go on: the same command with --beyond-known"):
        done = asyncio.run(_read(call, url, pages, beyond_known=beyond_known))
    row = {
        "url": done.url,
        "pages": done.pages,
        "listed": done.listed,
        "new": done.new,
        "why": done.why,
        "reason": str(done.error.reason) if done.error else None,
    }
    if listing.how != "table":
        listing.show_one(row, FEED_BACKFILLED, call)
    else:
        read = f"{counted(done.pages, 'page')} read, {counted(done.listed, 'entry', 'entries')}, {done.new} of them new"
        click.echo(f"{read}: {_clean(done.why)}")
        if done.new:
            _tell_next(call)
    if done.error is not None:
        click.get_current_context().exit(ExitCode.SOME_FEEDS_FAILED)


async def _read(call: Call, url: str, pages: int, *, beyond_known: bool) -> Backfilled:
    from wirewatch.cli.progress import Progress

    feed_id = _ident(call, url)
    async with call.app.pipeline() as pipeline:
        with Progress(pages, "pages") as progress:
            return await pipeline.backfill_feed(
                feed_id, pages, beyond_known=beyond_known, tell=lambda done: progress.show(done.pages, pages)
            )


def _ident(call: Call, url: str) -> int:
    """The number of the feed. Raises WirewatchError for one that was never polled."""
    with call.app.listings() as listings:
        for feed in listings.feeds():
            if feed.url == url:
                return feed.id
    raise WirewatchError(f"{url} was never polled; poll it first: wirewatch{call.repeated} once")


def _tell_next(call: Call) -> None:
    from storage.lock import is_locked

    if is_locked(call.app.database):
        note("the running daemon fetches the new ones")
    else:
        note(f"fetch the new ones: wirewatch{call.repeated} once")


def _clean(text: str) -> str:
    from wirewatch.output import clean_line

    return clean_line(text)
