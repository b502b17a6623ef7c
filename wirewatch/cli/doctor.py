"""`wirewatch doctor`: is everything well, and what to do where it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wirewatch.cli.listing import record_options
from wirewatch.cli.options import Command
from wirewatch.cli.wiring import pass_call
from wirewatch.errors import ExitCode
from wirewatch.fields import CHECK
from wirewatch.output import clean_line

if TYPE_CHECKING:
    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call


@click.command(cls=Command)
@record_options
@pass_call
def doctor(call: Call, listing: Listing) -> None:
    """Check configuration, rules, database, feeds and clock.

    Exit code 4 when the configuration or the rules are invalid, 5 when the database cannot be used.
    """
    from ingest.model import utc_now
    from wirewatch.checkup import examine

    checks = list(examine(lambda: call.config_dir, call.settings_of, utc_now()))
    if listing.how == "table":
        for check in checks:
            click.echo(clean_line(f"{check.status:<4}  {check.check:<10}  {check.say(call.repeated)}"))
    else:
        options = call.repeated
        rows = [{"check": each.check, "status": each.status, "message": each.say(options)} for each in checks]
        listing.show(rows, CHECK, call, empty="")
    worst = next((check.exit_code for check in checks if check.exit_code is not ExitCode.DONE), ExitCode.DONE)
    click.get_current_context().exit(worst)
