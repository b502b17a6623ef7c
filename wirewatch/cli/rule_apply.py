"""`wirewatch rules apply`: the stored articles, judged anew by the rules as written now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ingest.model import utc_now
from wirewatch.backfill import back_fill, begin
from wirewatch.cli.listing import window_options
from wirewatch.cli.options import Command
from wirewatch.cli.progress import Progress
from wirewatch.cli.settle import SETTLE_S, until_settled
from wirewatch.cli.topics import choose_topics, diff_rows, no_article, no_topic, note_errors
from wirewatch.cli.wiring import counted, note, pass_call, telling_that_it_goes_on
from wirewatch.comparison import ALL_ARTICLES, compare
from wirewatch.rule_fields import APPLIED, RULE_DIFF
from wirewatch.rulebook import build_rules, record_rules
from wirewatch.rulecheck import load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rules.files import LoadedRules
    from rules.topic import Topic
    from storage.backfills import BackfillRun, BackfillSpan
    from storage.store import Store
    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call
    from wirewatch.rulebook import RulesInForce


@click.command(cls=Command)
@click.option("--topic", "names", metavar="NAME", multiple=True, help="Only this topic; can be given several times.")
@click.option("--dry-run", "is_dry", is_flag=True, help="Tell for each topic what would change; write nothing.")
@click.option("--no-wait", is_flag=True, help="Do not wait until a running instance works by the new rules too.")
@window_options("Only articles first seen from then on")
@pass_call
def apply(call: Call, listing: Listing, *, names: tuple[str, ...], is_dry: bool, no_wait: bool) -> None:
    """Judge the stored articles anew, by the rules as written now.

    What is new is stored and counts as old news: nobody is alerted to it. What no longer holds, and what an older
    version of a topic found, is retired: kept as history, and no longer listed. A topic that is not understood keeps
    its last good version; what a topic matched that is in no file any more stays as it is.

    It may run beside `run`, but not beside another one of its kind, which is refused with exit code 5. Interrupted or
    killed, or stopped because less than store.min_free_mb is free on the disk, it goes on where it stood when it is
    started again in the same way; once it has come to its end, only what has come in since is looked at, until rules
    change.
    """
    loaded = load(call.config_dir.rules_dir)
    with call.app.store() as store:
        rules = build_rules(loaded, store)
        _tell_errors(rules, call)
        topics = choose_topics(rules.topics, names, call, loaded) if names else rules.topics
        if not topics:
            note(no_topic(call))
            return
        if is_dry:
            _show_changes(call, listing, topics, loaded)
        else:
            from storage.lock import BackfillLock

            with BackfillLock(call.app.database):
                _change(call, listing, store, rules, topics, waits=not no_wait)


def _tell_errors(rules: RulesInForce, call: Call) -> None:
    note_errors(rules.errors, call)
    if rules.held:
        note(f"not understood, so judged by their last good version: {', '.join(rules.held)}")
    if rules.absent:
        note(f"never understood, so not in force: {', '.join(rules.absent)}")


def _show_changes(call: Call, listing: Listing, topics: Sequence[Topic], loaded: LoadedRules) -> None:
    span = listing.span(call)
    with call.reading() as listings, Progress(0, "articles") as progress:
        stored = {topic.name: topic for topic in listings.topics()}
        done = compare(
            topics,
            listings,
            since=span["since"],
            until=span["until"],
            limit=0,
            scan_limit=ALL_ARTICLES,
            tell=progress.show,
        )
    listing.show(diff_rows(done, topics, stored, loaded, with_gone=False), RULE_DIFF, call, empty="")
    if not done.looked_at and not listing.is_for_programs:
        note(no_article(listing))


def _change(
    call: Call, listing: Listing, store: Store, rules: RulesInForce, topics: Sequence[Topic], *, waits: bool
) -> None:
    span = _span(call, listing)
    with call.app.listings() as listings:
        before = {topic.name: topic.version for topic in listings.topics() if topic.is_active}
        is_empty = not listings.article_count(since=span.since, until=span.until)
    with telling_that_it_goes_on():
        run, done = _judge(call, store, rules, topics, span, before=before, waits=waits)
    nothing = no_article(listing) if is_empty else "all was judged by these rules before, and nothing has come in since"
    _show_done(call, listing, done, is_resumed=run.is_resumed, nothing=nothing)


def _judge(
    call: Call,
    store: Store,
    rules: RulesInForce,
    topics: Sequence[Topic],
    span: BackfillSpan,
    *,
    before: Mapping[str, str],
    waits: bool,
) -> tuple[BackfillRun, BackfillRun]:
    """Return the run as it was begun and as it ended; *before* are the versions that were in force until now."""
    now = utc_now()
    run = begin(store, topics, span, now)
    record_rules(rules, store, now)
    # Who runs has put in force what is recorded before it judges by it, so it is behind only when that has changed:
    # now, or when somebody was at this run who was interrupted before he had waited.
    waits = waits and (before != rules.versions or run.is_resumed)
    with Progress(0, "articles") as progress:
        looks_again = _at_once
        if waits:
            wait_s = call.settings.run.tick_s + SETTLE_S
            looks_again = until_settled(call.app.database, wait_s, "may still judge by the rules it had", from_now=True)
        require_room = call.app.space_floor().require
        done = back_fill(store, topics, run, tell=progress.show, looks_again=looks_again, require_room=require_room)
        return run, done


def _span(call: Call, listing: Listing) -> BackfillSpan:
    from storage.backfills import BackfillSpan

    span = listing.span(call)
    words = f"{listing.since or ''}..{listing.until or ''}"
    return BackfillSpan(since=span["since"], until=span["until"], words=words)


def _at_once() -> bool:
    return False


def _show_done(call: Call, listing: Listing, done: BackfillRun, *, is_resumed: bool, nothing: str) -> None:
    row = {
        "articles": done.looked_at,
        "new": done.added,
        "renewed": done.renewed,
        "same": done.same,
        "retired": done.retired,
        "started_at": done.started_at,
    }
    if listing.how != "table":
        listing.show_one(row, APPLIED, call)
        return
    click.echo(
        f"{counted(done.looked_at, 'article')} looked at: {counted(done.added, 'match', 'matches')} new, "
        f"{done.renewed} renewed, {done.same} the same, {done.retired} retired"
    )
    if not done.looked_at:
        click.echo(nothing)
    elif is_resumed:
        begun = done.started_at.astimezone(call.settings.zone)
        click.echo(f"that is in all, since it was begun at {begun:%Y-%m-%d %H:%M}")
