"""`wirewatch articles reextract`: the kept pages, read again by the extractor as it is now."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from ingest.model import EXTRACTOR_VERSION, utc_now
from wirewatch.cli.listing import since_options
from wirewatch.cli.options import Command
from wirewatch.cli.progress import Progress
from wirewatch.cli.settle import give_way_with_room
from wirewatch.cli.wiring import counted, pass_call, telling_that_it_goes_on
from wirewatch.fields import REEXTRACTED

if TYPE_CHECKING:
    from ingest.ports import Workers
    from storage.redo.runs import RedoRun, RedoSpan
    from storage.store import Store
    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call
    from wirewatch.reextract import Reextraction, Trial


@click.command(cls=Command)
@click.option("--all", "is_all", is_flag=True, help="Also pages that the present extractor has read already.")
@click.option("--dry-run", "is_dry", is_flag=True, help="Tell which texts would change; store nothing.")
@since_options("Only articles first seen from then on")
@pass_call
def reextract(call: Call, listing: Listing, *, is_all: bool, is_dry: bool) -> None:
    """Read the kept pages again by the present extractor.

    Pages are kept for `store.raw_days`. Where a page gives another text, that becomes a new version of its article,
    which is compared and matched as one that came in; the one before is kept. With --all, also after a change of
    sites.toml. Nobody is asked for anything.

    It may run beside `run`, but not beside another one of its kind, which is refused with exit code 5. Interrupted or
    killed, it goes on where it stood when it is started again in the same way.
    """
    from storage.redo.runs import RedoSpan

    span = RedoSpan(since=listing.span(call)["since"], is_all=is_all, words=listing.since or "")
    with call.app.store() as store:
        # The database must be there before anything is locked.
        store.versions_in_force()
        if is_dry:
            _show_trial(call, listing, asyncio.run(_try_out(call, store, span)))
            return
        from storage.lock import RedoLock

        with RedoLock(call.app.database), telling_that_it_goes_on():
            done, is_resumed = asyncio.run(_redo(call, store, span))
    _show(call, listing, done, is_resumed=is_resumed)


async def _redo(call: Call, store: Store, span: RedoSpan) -> tuple[RedoRun, bool]:
    from storage.redo.runs import RedoKind

    run = store.redo.begin(RedoKind.REEXTRACT, EXTRACTOR_VERSION, span, utc_now())
    with Progress(0, "pages") as progress:
        async with call.app.workers() as workers:
            done = await _reextraction(call, store, workers, progress).run(run)
    return done, run.is_resumed


async def _try_out(call: Call, store: Store, span: RedoSpan) -> Trial:
    from storage.redo.runs import RedoKind, RedoRun

    thought_of = RedoRun(
        id=0,
        kind=RedoKind.REEXTRACT,
        wanted=EXTRACTOR_VERSION,
        since=span.since,
        is_all=span.is_all,
        cursor=0,
        looked_at=0,
        changed=0,
        failed=0,
        started_at=utc_now(),
        finished_at=None,
    )
    with Progress(0, "pages") as progress:
        async with call.app.workers() as workers:
            return await _reextraction(call, store, workers, progress).try_out(thought_of)


def _reextraction(call: Call, store: Store, workers: Workers, progress: Progress) -> Reextraction:
    from datetime import timedelta

    from wirewatch.reextract import Reextraction
    from wirewatch.sitefile import read_sites

    return Reextraction(
        store=store,
        workers=workers,
        window=timedelta(days=call.settings.copies.window_days),
        trackers=call.app.trackers,
        site_rule=read_sites(call.config_dir.sites_file).rule_for,
        tell=progress.show,
        give_way=give_way_with_room(call.app.database, call.app.space_floor()),
    )


def _show(call: Call, listing: Listing, done: RedoRun, *, is_resumed: bool) -> None:
    if listing.how != "table":
        row = {
            "pages": done.looked_at,
            "changed": done.changed,
            "same": done.looked_at - done.changed - done.failed,
            "failed": done.failed,
            "extractor": done.wanted,
            "started_at": done.started_at,
            "articles": [],
        }
        listing.show_one(row, REEXTRACTED, call)
        return
    click.echo(_in_words(done.looked_at, done.changed, done.failed))
    if is_resumed:
        begun = done.started_at.astimezone(call.settings.zone)
        click.echo(f"that is in all, since it was begun at {begun:%Y-%m-%d %H:%M}")


def _show_trial(call: Call, listing: Listing, trial: Trial) -> None:
    if listing.how != "table":
        row = {
            "pages": trial.looked_at,
            "changed": len(trial.changed),
            "same": trial.looked_at - len(trial.changed) - trial.failed,
            "failed": trial.failed,
            "extractor": EXTRACTOR_VERSION,
            "started_at": None,
            "articles": trial.changed,
        }
        listing.show_one(row, REEXTRACTED, call)
        return
    for each in trial.changed:
        click.echo(f"article {each.article}, {each.url}: {each.words_before} words become {each.words}")
    click.echo(f"{_in_words(trial.looked_at, len(trial.changed), trial.failed)}; nothing was stored")


def _in_words(pages: int, changed: int, failed: int) -> str:
    same = pages - changed - failed
    return f"{counted(pages, 'page')} read again: {changed} with another text, {same} the same, {failed} not read"
