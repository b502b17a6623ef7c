"""`wirewatch copies rebuild`: the stored articles, compared once more by the algorithm as it is now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ingest.model import utc_now
from wirewatch.cli.listing import since_options
from wirewatch.cli.options import Command
from wirewatch.cli.progress import Progress
from wirewatch.cli.settle import SETTLE_S, give_way_with_room, until_settled
from wirewatch.cli.wiring import counted, pass_call, telling_that_it_goes_on
from wirewatch.fields import REBUILT

if TYPE_CHECKING:
    from storage.rebuilds import RebuildRun
    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call


@click.command(cls=Command)
@since_options("Only articles first seen from then on")
@pass_call
def rebuild(call: Call, listing: Listing) -> None:
    """Compare the stored articles once more, after the algorithm has changed.

    Fingerprints, relations, stories, credits, and what sites repeat are found anew, each article by those that came
    before it. What is still so stays as it is; other relations take the place of the old ones, which are kept as
    history. An article stays in its story while it is related to it, other than by a page that joins two stories.
    Stories keep their ids; when one merges or splits, or an article moves, `story ID` tells so.

    It may run beside `run`, but not beside another one of its kind, which is refused with exit code 5. Interrupted or
    killed, it goes on where it stood when it is started again in the same way; one over all articles also when others
    with --since were run in between.
    """
    from storage.lock import RebuildLock

    with call.reading() as listings:
        # Before anything is locked: the database must be there.
        listings.last_rebuild()
    with call.app.store() as store, RebuildLock(call.app.database), telling_that_it_goes_on():
        from datetime import timedelta

        from storage.rebuilds import RebuildSpan
        from wirewatch.rebuild import begin, compare_anew

        span = RebuildSpan(since=listing.span(call)["since"], words=listing.since or "")
        run = begin(store, timedelta(days=call.settings.copies.window_days), span, utc_now())
        with Progress(0, "articles") as progress:
            looks_again = until_settled(call.app.database, SETTLE_S, "may have looked for copies before all was done")
            give_way = give_way_with_room(call.app.database, call.app.space_floor())
            done = compare_anew(store, run, tell=progress.show, looks_again=looks_again, give_way=give_way)
    _show(call, listing, done, is_resumed=run.is_resumed)


def _show(call: Call, listing: Listing, done: RebuildRun, *, is_resumed: bool) -> None:
    if listing.how != "table":
        row = {
            "articles": done.looked_at,
            "new": done.added,
            "retired": done.retired,
            "same": done.same,
            "merged": done.merged,
            "split": done.split,
            "moved": done.moved,
            "credited": done.credited,
            "started_at": done.started_at,
        }
        listing.show_one(row, REBUILT, call)
        return
    looked_at, relations = counted(done.looked_at, "article"), counted(done.added, "relation")
    merged, moved = counted(done.merged, "story", "stories"), counted(done.moved, "article")
    click.echo(
        f"{looked_at} looked at: {relations} new, {done.retired} retired, {done.same} the same; "
        f"{merged} merged, {done.split} split, {moved} moved; {counted(done.credited, 'credit')} changed"
    )
    if is_resumed:
        begun = done.started_at.astimezone(call.settings.zone)
        click.echo(f"that is in all, since it was begun at {begun:%Y-%m-%d %H:%M}")
