"""`wirewatch feeds add`: the address is looked at, and what is a feed there is added. Asks nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from wirewatch.cli.feed_edit import with_credentials
from wirewatch.cli.looking import looking
from wirewatch.cli.options import Command
from wirewatch.cli.wiring import counted, note, pass_call
from wirewatch.errors import ExitCode, WirewatchError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ingest.discover import AnnouncedFeed
    from ingest.polling import FeedAccess
    from wirewatch.cli.wiring import Call
    from wirewatch.feedlist import FeedLine
    from wirewatch.feedlook import IsFeed, Look


def _span(_ctx: click.Context, _param: click.Parameter, text: str | None) -> int | None:
    from wirewatch.feedlist import every_s

    if text is None:
        return None
    try:
        return every_s(text)
    except ValueError as e:
        raise click.BadParameter(str(e)) from e


def _reference(_ctx: click.Context, _param: click.Parameter, text: str | None) -> str | None:
    from wirewatch.secretnames import reference_fault

    if text is not None and (fault := reference_fault(text)):
        raise click.BadParameter(fault)
    return text


@click.command(cls=Command)
@click.argument("address")
@click.option("--title", help="What to call it; else the feed's own title is used.")
@click.option("--every", metavar="SPAN", callback=_span, help="Poll it at least so often: 5m to 24h.")
@click.option("--user", metavar="NAME", help="User name, where the feed wants one.")
@click.option(
    "--password", metavar="env:NAME|file:PATH", callback=_reference, help="Where its password is; never itself."
)
@click.option("--all", "every_one", is_flag=True, help="Add all feeds that the page announces.")
@click.option("--no-look", is_flag=True, help="Add the address as it is, without a look at it.")
@pass_call
def add(  # an option each
    call: Call,
    address: str,
    *,
    title: str | None,
    every: int | None,
    user: str | None,
    password: str | None,
    every_one: bool,
    no_look: bool,
) -> None:
    """Add a feed to feeds.toml; it is polled from the next cycle on.

    ADDRESS is fetched once. A feed or a sitemap is added. Of a page that announces one feed, that one is added; of a
    page that announces several, they are listed (exit code 2), and added with --all. What answers and is none of this
    is refused. Where nothing answers just now, the address is added as it is.

    A password in ADDRESS goes to a file of its own in `secrets` beside feeds.toml, which only you can read.
    """
    from ingest.target import redact
    from wirewatch.feedaccess import take_credentials
    from wirewatch.feedlist import FeedLine, address_fault

    if password and user is None:
        raise click.UsageError('--password goes with --user; give --user "" where there is none')
    url, in_address, password_there = take_credentials(address)
    if fault := address_fault(url):
        raise click.UsageError(f"{redact(url)}: {fault}")
    if user is not None and in_address is not None:
        raise click.UsageError("there is a user name in the address; leave out --user, or that")
    path = call.own_config_dir.feeds_file
    feed = FeedLine(url=url, title=title, every_s=every, user=user, password=password)
    found = _Found(call, path, feed, in_address, password_there)
    if found.is_listed(feed.url):
        note(f"already in {path}; to change it, edit it there")
    elif no_look:
        found.add([feed])
    else:
        _add_what_is_there(found, every_one=every_one)


class _Found:
    """What was asked for, and how it is added."""

    def __init__(self, call: Call, path: Path, feed: FeedLine, user: str | None, password: str | None) -> None:
        from wirewatch.feedlist import read_feeds

        self.call = call
        self.path = path
        self.feed = feed
        self._user = user
        self._password = password
        self._listed = {each.url for each in read_feeds(path)}

    def is_listed(self, url: str) -> bool:
        return url in self._listed

    def access(self) -> FeedAccess:
        """What is sent with the look. Raises ConfigError."""
        from wirewatch.feedaccess import read_access

        own = read_access(self.feed, folder=self.path.parent)
        return own if self._user is None else replace(own, credentials=(self._user, self._password or ""))

    def add(self, feeds: Sequence[FeedLine]) -> None:
        """Write *feeds* to feeds.toml; each gets what is needed to get in, if it is of the same origin."""
        from wirewatch.feededit import add_feeds

        added, known = add_feeds(self.path, [self._with_access(feed) for feed in feeds])
        for each in added:
            note(f"added to {self.path}: {each.url}")
        for each in known:
            note(f"already in {self.path}: {each.url}")

    def _with_access(self, feed: FeedLine) -> FeedLine:
        needs = self._user is not None or self.feed.user is not None
        if self.is_listed(feed.url) or not needs:
            return feed
        if _origin(feed.url) != _origin(self.feed.url):
            note(f"{feed.url} is on another host, which is not given the user name and the password")
            return feed
        if self._user is not None:
            return with_credentials(self.path, feed, self._user, self._password)
        return replace(feed, user=self.feed.user, password=self.feed.password)


def _origin(url: str) -> str:
    from ingest.target import parse_target

    return parse_target(url).origin


def _add_what_is_there(found: _Found, *, every_one: bool) -> None:
    from wirewatch.feedlook import Announces, IsFeed, IsNoFeed, Unknown, fix_for

    feed = found.feed
    match asyncio.run(_look(found)):
        case IsFeed() as seen:
            note(_told(seen))
            found.add([feed])
            if seen.moved_to:
                note(f"it has moved to {seen.moved_to}, and is polled there")
        case Unknown(problem=problem):
            found.add([feed])
            note(f"it could not be looked at: {problem}; check it later: {found.call.command('feeds check', feed.url)}")
        case IsNoFeed(reason=reason, problem=problem):
            raise WirewatchError(f"{feed.url}: {problem}; {fix_for(reason)}")
        case Announces(feeds=feeds):
            _add_announced(found, feeds, every_one=every_one)


def _told(seen: IsFeed) -> str:
    what = seen.feed_format if seen.feed_format.startswith("sitemap") else f"{seen.feed_format} feed"
    title = f"“{seen.title}”, " if seen.title else ""
    return f"{title}{what}, {counted(seen.entries, 'entry', 'entries')}"


def _add_announced(found: _Found, feeds: Sequence[AnnouncedFeed], *, every_one: bool) -> None:
    page = found.feed
    if len(feeds) > 1 and not every_one:
        _list(found.call, page.url, feeds)
        click.get_current_context().exit(ExitCode.USAGE)
    if len(feeds) > 1 and page.title:
        raise click.UsageError("--title goes with one feed, and the page announces several; leave it out")
    told = [f"{each.url} “{each.title}”" if each.title else each.url for each in feeds]
    note(f"{page.url} announces {counted(len(feeds), 'feed')}: {', '.join(told)}")
    found.add([replace(page, url=each.url, user=None, password=None) for each in feeds])


def _list(call: Call, page: str, feeds: Sequence[AnnouncedFeed]) -> None:
    """Show the feeds of a page by number, and say how to add one of them or all."""
    from wirewatch.output import clean_line

    width = max(len(each.url) for each in feeds)
    click.echo(f"{page} announces {len(feeds)} feeds:")
    for number, each in enumerate(feeds, 1):
        click.echo(clean_line(f"{number:>4}  {each.url:<{width}}  {each.title or ''}").rstrip())
    note(f"add one with: {call.command('feeds add', feeds[0].url)}")
    note(f"add all with: {call.command('feeds add --all', page)}")


async def _look(found: _Found) -> Look:
    from ingest.workers import InlineWorkers
    from wirewatch.feedlook import look_at

    access = found.access()
    async with looking(found.call) as fetcher:
        return await look_at(found.feed.url, access, fetcher, InlineWorkers())
