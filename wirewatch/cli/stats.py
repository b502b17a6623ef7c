"""`wirewatch stats`: how much there is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from wirewatch.checkup import outdated_fingerprints
from wirewatch.cli.feed_list import lately
from wirewatch.cli.listing import record_options
from wirewatch.cli.options import Command
from wirewatch.cli.wiring import counted, note, pass_call
from wirewatch.cli.work_look import say_troubles
from wirewatch.stats_fields import STATS

if TYPE_CHECKING:
    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call
    from wirewatch.rulestate import ShownStats

#: of many topics or problems, so many are shown to people
MOST_SHOWN = 20


@click.command(cls=Command)
@record_options
@pass_call
def stats(call: Call, listing: Listing) -> None:
    """Count feeds, entries, articles, stories and matches.

    Matches are counted by story: once for a topic, however many copies of the story match it.
    """
    from ingest.copies.fingerprint import FINGERPRINT_ALG
    from storage.address import SqliteFile
    from storage.sqlite_file import wal_bytes
    from wirewatch.accountcheck import difference_in_words
    from wirewatch.rulestate import show_stats
    from wirewatch.space import free_at
    from wirewatch.workcheck import look_at_work
    from wirewatch.workforce import count_jobs, count_workers, is_shared, troubles

    with call.reading() as listings:
        found, topics = listings.stats(since=lately()), listings.topics()
        outdated = listings.articles_of_other_algorithms(FINGERPRINT_ALG)
    database = call.app.database
    work = look_at_work(call.settings.database.url)
    if work is not None and not is_shared(work):
        work = None
    shown = replace(
        show_stats(call.config_dir, found, topics, outdated),
        wal_bytes=wal_bytes(database.path) if isinstance(database, SqliteFile) else None,
        free_bytes=free_at(database),
        workers=count_workers(work) if work else None,
        jobs=count_jobs(work) if work else None,
    )
    if listing.how != "table":
        listing.show_one(shown, STATS, call)
        return
    listing.show_one(_shorten(shown), STATS, call)
    if (low := shown.free_bytes) is not None and low < call.settings.store.min_free_mb * 1_000_000:
        note(f"only {low / 1e6:,.0f} MB of the disk are free: nothing new is taken (store.min_free_mb)")
    if found.entries_missing:
        note(f"THE ACCOUNT OF ENTRIES IS BROKEN: {difference_in_words(found)}; see: wirewatch{call.repeated} db check")
    if work is not None:
        say_troubles(troubles(work), call)
    if len(shown.held) > MOST_SHOWN:
        note(f"… and {len(shown.held) - MOST_SHOWN:,} more held; see: wirewatch{call.repeated} rules list")
    if outdated:
        note(f"{outdated_fingerprints(outdated)}; compare them once more: wirewatch{call.repeated} copies rebuild")
    if found.rule_problems:
        more = len(found.rule_problems) - MOST_SHOWN
        problems = f"… and {more:,} more problems" if more > 0 else counted(len(found.rule_problems), "problem")
        note(f"{problems} in the rule files; see: wirewatch{call.repeated} rules check")


def _shorten(found: ShownStats) -> ShownStats:
    """The same with few topics and problems, for people."""
    more = len(found.absent) - MOST_SHOWN
    return replace(
        found,
        rule_problems=found.rule_problems[:MOST_SHOWN],
        held=found.held[:MOST_SHOWN],
        absent=(*found.absent[:MOST_SHOWN], f"… and {more:,} more") if more > 0 else found.absent,
    )
