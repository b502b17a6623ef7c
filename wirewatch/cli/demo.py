"""`wirewatch demo`: the whole job on the bundled sample newsroom, served on loopback, with the normal program."""

from __future__ import annotations

import asyncio
import shlex
import shutil
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wirewatch.cli.options import Command

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from wirewatch.app import App
    from wirewatch.cycle import CycleReport
    from wirewatch.demo.newsroom import Newsroom


@click.command(cls=Command)
@click.option("--stay", is_flag=True, help="Go on serving the outlets afterwards, until Ctrl-C.")
def demo(*, stay: bool) -> None:
    """Show the whole job on a bundled sample newsroom.

    Serves invented outlets on loopback addresses, polls them batch by batch, and shows stories and matches.
    Needs no network. The configuration and the database are kept in a temporary directory, which is named.
    """
    from ingest.model import utc_now
    from wirewatch.demo.newsroom import Newsroom
    from wirewatch.logs import log_errors

    log_errors()
    folder = Path(tempfile.mkdtemp(prefix="wirewatch-demo-"))
    with Newsroom(ends_at=utc_now()) as newsroom:
        app = set_up(folder, newsroom)
        asyncio.run(_poll(app, newsroom))
        _show(app)
        _tell_more(folder)
        if stay:
            _stay(newsroom)


def _stay(newsroom: Newsroom) -> None:
    """Let the outlets be asked until somebody ends it."""
    click.echo(f"\nthe outlets, such as {newsroom.url()}, go on answering until Ctrl-C")
    sys.stdout.flush()
    with suppress(KeyboardInterrupt):
        threading.Event().wait()


def _tell_more(folder: Path) -> None:
    program = how_called(sys.argv[0], sys.executable, shutil.which("wirewatch"), Path.cwd())
    click.echo(
        f"""
all of it is kept in {folder}; look around with
  {program} --config {folder} matches purl
  {program} --config {folder} stories --json
  {program} --config {folder} search 'frozen BEFORE/3 assets'
on real feeds: {program} init, then {program} once"""
    )


def how_called(script: str, python: str, on_path: str | None, cwd: Path) -> str:
    """Return what to write in *cwd* so that this program is called.

    *script* is what was called (`sys.argv[0]`), *python* the interpreter, *on_path* the program `wirewatch` that the
    shell finds. A module that was called with -m is called by the script beside the interpreter, if there is one.
    """
    ours = Path(script).absolute()
    is_module = ours.suffix == ".py"
    if is_module:
        ours = Path(python).absolute().parent / "wirewatch"
    if on_path and Path(on_path).absolute() == ours:
        return "wirewatch"
    if is_module and not ours.is_file():
        return f"{shlex.quote(_near(Path(python).absolute(), cwd))} -m wirewatch"
    return shlex.quote(_near(ours, cwd))


def _near(path: Path, cwd: Path) -> str:
    """Return *path* in its shortest form, relative to *cwd* where it lies below it."""
    try:
        relative = str(path.relative_to(cwd))
    except ValueError:
        return str(path)
    # without a slash, the shell would look for it on PATH
    return relative if "/" in relative else f"./{relative}"


def set_up(folder: Path, newsroom: Newsroom) -> App:
    """Make *folder* a configuration for *newsroom*: the default rules, its feeds, and access to its addresses alone.

    The database is created in it. Nothing of the user's own settings takes part.
    """
    from storage.migrate import upgrade
    from wirewatch.app import App
    from wirewatch.defaults import copy_defaults
    from wirewatch.feededit import add_feeds
    from wirewatch.feedlist import FeedLine
    from wirewatch.places import FEEDS_FILE, SETTINGS_FILE, ConfigDir
    from wirewatch.settings import load_settings

    (folder / FEEDS_FILE).write_text("# the feeds of the sample newsroom; it is gone when the demo ends\n")
    allow = ", ".join(f'"{host}"' for host in newsroom.allow)
    (folder / SETTINGS_FILE).write_text(f"[fetch]\npause_s = 0\nallow = [{allow}]\n")
    copy_defaults(folder)
    add_feeds(folder / FEEDS_FILE, [FeedLine(url=feed["url"], title=feed["title"]) for feed in newsroom.feeds()])
    config = ConfigDir(path=folder, origin="--config")
    app = App(load_settings(config, environ={}), config)
    upgrade(app.settings.database.url)
    return app


async def poll_all(app: App, newsroom: Newsroom) -> AsyncIterator[CycleReport]:
    """Poll every feed once a batch until the newsroom has no more; yield what each cycle did."""
    from wirewatch.demo.newsroom import LAST_BATCH

    async with app.session() as session:
        while True:
            yield await session.do_all_due(all_feeds=True)
            if newsroom.batch == LAST_BATCH:
                return
            newsroom.publish()


async def _poll(app: App, newsroom: Newsroom) -> None:
    from wirewatch.cli.poll import summary

    async for report in poll_all(app, newsroom):
        click.echo(f"batch {newsroom.batch}: {summary(report)}")


def _show(app: App) -> None:
    """Print the stories that more than one outlet carried, and what the rules matched."""
    from wirewatch.fields import COPY, MATCH
    from wirewatch.output import clean_line, emit

    with app.listings() as listings:
        stories = [story for story in listings.stories() if story.copies]
        matches = listings.matches()
        repaired = [article for article in listings.articles() if article.repaired]
    for story in reversed(stories):
        click.echo(f"\nstory {story.id}: {clean_line(story.title)}\nfirst seen at {story.source}, also carried by")
        emit(story.copies, COPY, "table")
    for article in repaired:
        click.echo(f"\narticle {article.id} had been read through the wrong code page; {article.repaired} was undone")
    click.echo("\nmatches")
    emit(matches, MATCH, "table")
