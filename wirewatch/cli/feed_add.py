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
    from wirewatch.feedlook import IsFeed, IsNoFeed, Look, Unknown


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

    ADDRESS is fetched once. A feed or a sitemap is added. Of a page that announces one feed, that one is fetched, too,
    and added; of a page that announces several, they are listed (exit code 2), and added with --all as they are. What
    answers and is none of this is refused. Where nothing answers just now, the address is added as it is.

    A password in ADDRESS goes to a file of its own in `secrets` beside feeds.toml, which only you can read.
    """
    from ingest.target import redact
    from wirewatch.feedaccess import take_credentials
    from wirewatch.feedlist import FeedLine, address_fault

    if every_one and no_look:
        raise click.UsageError("--all adds what a look finds, and --no-look looks at nothing; leave one of them out")
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
        note(f"already in {path}{found.other_name(feed.url)}; to change it, edit it there")
    elif no_look:
        found.add([feed])
    else:
        _add_what_is_there(found, every_one=every_one)


class _Found:
    """What was asked for, and how it is added."""

    def __init__(self, call: Call, path: Path, feed: FeedLine, user: str | None, password: str | None) -> None:
        from wirewatch.feededit import identity
        from wirewatch.feedlist import read_feeds

        self.call = call
        self.path = path
        self.feed = feed
        self._user = user
        self._password = password
        self._identity = identity
        self._listed = {identity(each.url): each.url for each in read_feeds(path)}

    def is_listed(self, url: str) -> bool:
        return self._identity(url) in self._listed

    def other_name(self, url: str) -> str:
        """Say how the file writes the address *url* of a feed in it, where it does so in another way."""
        listed = self._listed.get(self._identity(url), url)
        return "" if listed == url else f" as {listed}"

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
            note(f"already in {self.path}: {each.url}{self.other_name(each.url)}")

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
    from wirewatch.feedlook import Announces

    feed = found.feed
    look = asyncio.run(_look(found, feed.url))
    if isinstance(look, Announces):
        _add_announced(found, look.feeds, every_one=every_one)
    else:
        _add_looked_at(found, feed, look)


def _add_looked_at(found: _Found, feed: FeedLine, look: IsFeed | Unknown | IsNoFeed) -> None:
    """Add *feed*, which *look* says something of, or refuse it."""
    from wirewatch.feedlook import IsFeed, Unknown, fix_for

    if isinstance(look, IsFeed):
        note(_told(look))
        found.add([feed])
        if look.moved_to:
            note(f"it has moved to {look.moved_to}, and is polled there")
    elif isinstance(look, Unknown):
        found.add([feed])
        see = found.call.command("feeds check", feed.url)
        note(f"it could not be looked at: {look.problem}; check it later: {see}")
    else:
        has_password = feed.user is not None or any(name.lower() == "authorization" for name, _ in feed.headers)
        raise WirewatchError(f"{feed.url}: {look.problem}; {fix_for(look.reason, has_password=has_password)}")


def _told(seen: IsFeed) -> str:
    from wirewatch.feedcheck import format_name

    what = format_name(seen.feed_format)
    title = f"“{seen.title}”, " if seen.title else ""
    if seen.sitemaps:
        return f"{title}{what}, {counted(seen.sitemaps, 'sitemap')}"
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
    lines = [replace(page, url=each.url, user=None, password=None) for each in feeds]
    if len(lines) == 1 and not found.is_listed(lines[0].url):
        _add_looked_at(found, lines[0], _only_itself(lines[0].url, asyncio.run(_look(found, lines[0].url))))
    else:
        found.add(lines)


def _only_itself(url: str, look: Look) -> IsFeed | Unknown | IsNoFeed:
    """The look at what a page has announced: a page that announces yet others is no feed."""
    from ingest.errors import Reason
    from wirewatch.feedlook import Announces, IsNoFeed

    if not isinstance(look, Announces):
        return look
    others = ", ".join(each.url for each in look.feeds if each.url != url)
    return IsNoFeed(
        reason=Reason.NOT_FEED, problem=f"announced as a feed, and is a page{others and f'; it announces {others}'}"
    )


def _list(call: Call, page: str, feeds: Sequence[AnnouncedFeed]) -> None:
    """Show the feeds of a page by number, and say how to add one of them or all."""
    from wirewatch.output import clean_line

    width = max(len(each.url) for each in feeds)
    click.echo(f"{page} announces {len(feeds)} feeds:")
    for number, each in enumerate(feeds, 1):
        click.echo(clean_line(f"{number:>4}  {each.url:<{width}}  {each.title or ''}").rstrip())
    note(f"add one with: {call.command('feeds add', feeds[0].url)}")
    note(f"add all with: {call.command('feeds add --all', page)}")


async def _look(found: _Found, url: str) -> Look:
    """Look at *url*; it gets what the feed at hand is given, where it is of the same origin."""
    from ingest.workers import InlineWorkers
    from wirewatch.feedcheck import NO_ACCESS
    from wirewatch.feedlook import look_at

    access = found.access() if url == found.feed.url or _origin(url) == _origin(found.feed.url) else NO_ACCESS
    async with looking(found.call) as fetcher:
        return await look_at(url, access, fetcher, InlineWorkers())
