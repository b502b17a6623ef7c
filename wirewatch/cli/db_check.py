"""`wirewatch db check`: is there anything in the database that must never be?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wirewatch.cli.listing import format_options
from wirewatch.cli.options import Command
from wirewatch.cli.progress import Progress
from wirewatch.cli.wiring import counted, note, pass_call
from wirewatch.db_fields import FINDING
from wirewatch.errors import ExitCode

if TYPE_CHECKING:
    from storage.checking.findings import Fix
    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call


@click.command(cls=Command)
@click.option("--full", is_flag=True, help="Compare every text with the index, every hash, and the file as a whole.")
@format_options
@pass_call
def check(call: Call, listing: Listing, *, full: bool) -> None:
    """Look through the database for what must never be.

    Whether the file is whole, every entry accounted for, nothing refers to what is not there, the index of the search
    and the fingerprints are in step with the texts. It only reads, also beside a running daemon. Each finding names
    what to do about it. Exit code 5 when there is one.
    """
    from storage.checking.examination import examine
    from storage.checking.spans import Depth

    depth = Depth.FULL if full else Depth.USUAL
    with Progress(0, "") as progress:
        found = list(examine(call.settings.database.url, depth, tell=progress.show_part))
    rows = [
        {"check": each.check, "count": each.count, "message": each.message, "fix": say_fix(each.fix, call.repeated)}
        for each in found
    ]
    listing.show(rows, FINDING, call, empty="nothing is wrong")
    if rows:
        if listing.how == "table":
            note(counted(len(rows), "finding"))
        click.get_current_context().exit(ExitCode.DATABASE)


def say_fix(fix: Fix, options: str) -> str:
    """Say what to do; the global *options* are repeated in the command."""
    return f"{fix.words}: wirewatch{options} {fix.command}" if fix.command else fix.words
