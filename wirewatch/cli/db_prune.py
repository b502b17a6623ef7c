"""`wirewatch db prune`: forget what is old, beside a running daemon."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

from ingest.model import utc_now
from wirewatch.cli.listing import record_options
from wirewatch.cli.options import Command
from wirewatch.cli.progress import Progress
from wirewatch.cli.settle import give_way_on
from wirewatch.cli.wiring import counted, pass_call, telling_that_it_goes_on
from wirewatch.db_fields import PRUNED

if TYPE_CHECKING:
    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call
    from wirewatch.retention import Cutoffs

KINDS = ("raw_pages", "poll_log", "fetch_log", "events", "wishes", "texts")


@click.command(cls=Command)
@click.option("--older-than", metavar="SPAN", help="Not what the settings say, but all that is older: 36h, 30d, 26w, …")
@click.option("--only", "kinds", type=click.Choice(KINDS), multiple=True, help="Only this; can be given several times.")
@click.option("--dry-run", "is_dry", is_flag=True, help="Tell how much would go; change nothing.")
@record_options
@pass_call
def prune(call: Call, listing: Listing, *, older_than: str | None, kinds: tuple[str, ...], is_dry: bool) -> None:
    """Forget what is old: pages, logs, texts no longer shown.

    Those are pages as they came (store.raw_days), the logs of polls and of pages and the events (store.log_days), and
    the texts that articles showed before they changed (store.version_days, by default for ever). Entries, articles,
    the texts that they show, stories and matches always stay. The daemon does the same every hour.

    The space is used again by what comes in; `db vacuum` gives it back to the disk.
    """
    from wirewatch.retention import count_old, forget

    now = utc_now()
    until = _cutoffs(call, older_than).only(kinds)
    gone: Counter[str] = Counter()
    with call.app.store() as store, Progress(0, "") as progress:
        if is_dry:
            for step in count_old(store, until):
                gone[step.kind] += step.count
        else:
            give_way = give_way_on(call.app.database)
            with telling_that_it_goes_on("the same command goes on with the rest"):
                for step in forget(store, until, now):
                    gone[step.kind] += step.count
                    progress.say(f"{gone.total():,} forgotten")
                    give_way()
    _show(call, listing, gone, is_dry=is_dry)


def _cutoffs(call: Call, older_than: str | None) -> Cutoffs:
    from wirewatch.retention import all_before, cutoffs
    from wirewatch.timespec import parse_when

    now = utc_now()
    if older_than is None:
        return cutoffs(call.settings.store, now)
    try:
        return all_before(parse_when(older_than, now=now, zone=call.settings.zone))
    except ValueError as e:
        raise click.UsageError(f"--older-than: {e}") from e


def _show(call: Call, listing: Listing, gone: Counter[str], *, is_dry: bool) -> None:
    if listing.how != "table":
        listing.show_one({kind: gone[kind] for kind in KINDS}, PRUNED, call)
        return
    click.echo(
        f"{counted(gone['raw_pages'], 'page')}, {counted(gone['poll_log'] + gone['fetch_log'], 'line')} of logs, "
        f"{counted(gone['events'], 'event')}, {counted(gone['texts'], 'text')} no longer shown"
        f" {'would be' if is_dry else ''} forgotten".replace("  ", " ")
    )
