"""`wirewatch rules diff`: which stored articles enter and leave the topics with the rules as written now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wirewatch.cli.listing import unpaged_options
from wirewatch.cli.options import Command
from wirewatch.cli.progress import Progress
from wirewatch.cli.topics import choose_topics, diff_rows, no_article, note_errors
from wirewatch.cli.wiring import counted, note, pass_call
from wirewatch.comparison import ALL_ARTICLES, compare
from wirewatch.rule_fields import RULE_DIFF, RULE_HIT
from wirewatch.rulecheck import load

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call


@click.command(cls=Command)
@click.argument("names", metavar="[TOPIC]...", nargs=-1)
@click.option("--summary", "is_summary", is_flag=True, help="A row for each topic, not for each article.")
@unpaged_options
@pass_call
def diff(call: Call, listing: Listing, *, names: tuple[str, ...], is_summary: bool) -> None:
    """Tell which stored articles enter or leave with the rules as written now.

    Compares all topics of the rule files with the matches that are stored, and shows those that differ; with TOPIC,
    these alone. A topic differs when articles enter or leave, when matches are of an older version of it, and when it
    is new, changed or gone. Nothing is written; `rules apply` does it. What a topic matched that is in no file any
    more stays as it is.
    """
    loaded = load(call.config_dir.rules_dir)
    with call.reading() as listings, Progress(0, "articles") as progress:
        stored = {topic.name: topic for topic in listings.topics()}
        topics = choose_topics(loaded.topics, names, call, loaded) if names else loaded.topics
        done = compare(
            topics,
            listings,
            **listing.unpaged(call),
            wanted=("new", "lost"),
            # a topic that differs in old articles alone differs too
            scan_limit=ALL_ARTICLES,
            tell=progress.show,
        )
    every = list(diff_rows(done, topics, stored, loaded, with_gone=not names))
    rows = every if names else [row for row in every if _differs(row)]
    if is_summary:
        listing.show(rows, RULE_DIFF, call, empty="no topic differs from what is stored")
    else:
        listing.show(done.hits, RULE_HIT, call, empty="no stored article enters or leaves")
    if not listing.is_for_programs:
        if not is_summary:
            _sum_up(rows)
        if not done.looked_at:
            note(no_article(listing))
        elif alike := len(every) - len(rows):
            note(f"{counted(alike, 'topic')} {'has' if alike == 1 else 'have'} no difference")
    note_errors(loaded.errors, call)


def _differs(row: Mapping[str, object]) -> bool:
    return row["state"] in {"new", "changed", "gone"} or any(row[name] for name in ("new", "lost", "renewed"))


def _sum_up(rows: Iterable[Mapping[str, object]]) -> None:
    for row in rows:
        renewed = f", {row['renewed']} of these of an older version" if row["renewed"] else ""
        note("topic {topic} ({state}): {new} new, {lost} lost, {same} the same".format_map(row) + renewed)
