"""`wirewatch db reindex`: the index of the search, made anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ingest.model import utc_now
from wirewatch.cli.listing import record_options
from wirewatch.cli.options import Command
from wirewatch.cli.progress import Progress
from wirewatch.cli.settle import give_way_with_room
from wirewatch.cli.wiring import counted, pass_call, telling_that_it_goes_on
from wirewatch.fields import REINDEXED

if TYPE_CHECKING:
    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call


@click.command(cls=Command)
@record_options
@pass_call
def reindex(call: Call, listing: Listing) -> None:
    """Make the index of the search anew, after words are read in another way.

    `doctor` says when that is so. On SQLite the new index is made beside the one in use, which takes as much room once
    more, and takes its place in the end; until then the search finds what it found before.

    It may run beside `run`, but not beside another one of its kind, which is refused with exit code 5. Interrupted or
    killed, it goes on where it stood when it is started again.
    """
    from storage.lock import RedoLock
    from storage.redo.runs import RedoKind

    with call.reading() as listings:
        # Before anything is locked: the database must be there.
        listings.last_redo(RedoKind.REINDEX)
    with call.app.store() as store, RedoLock(call.app.database), telling_that_it_goes_on():
        from wirewatch.reindex import begin, make_anew

        run = begin(store, utc_now())
        with Progress(0, "texts") as progress:
            give_way = give_way_with_room(call.app.database, call.app.space_floor())
            done = make_anew(store, run, tell=progress.show, give_way=give_way)
    if listing.how != "table":
        row = {"texts": done.looked_at, "tokenizer": done.wanted, "started_at": done.started_at}
        listing.show_one(row, REINDEXED, call)
    else:
        click.echo(f"{counted(done.looked_at, 'text')} indexed")
