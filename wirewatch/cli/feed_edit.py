"""`wirewatch feeds remove`, `pause`, `resume` and `import`: feeds.toml is edited, nothing is fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wirewatch.cli.options import Command
from wirewatch.cli.wiring import note, pass_call
from wirewatch.errors import WirewatchError

if TYPE_CHECKING:
    from pathlib import Path

    from ingest.opml import OpmlFeed
    from wirewatch.cli.wiring import Call
    from wirewatch.feedlist import FeedLine


@click.command(cls=Command)
@click.argument("address")
@pass_call
def remove(call: Call, address: str) -> None:
    """Take a feed out of feeds.toml; what it brought is kept."""
    from wirewatch.feedaccess import abandoned_password
    from wirewatch.feededit import remove_feed
    from wirewatch.feedlist import read_feeds

    path = call.own_config_dir.feeds_file
    feed = remove_feed(path, address)
    note(f"removed from {path}; what it brought is kept")
    if secret := abandoned_password(feed, read_feeds(path)):
        note(f"its password stays in {secret}; delete it if it is not needed")


@click.command(cls=Command)
@click.argument("address")
@pass_call
def pause(call: Call, address: str) -> None:
    """Poll a feed no more, until it is resumed.

    It stays in feeds.toml, with `paused = true`, and what it brought is kept. A running daemon reads the file again
    on SIGHUP.
    """
    _set_paused(call, address, is_paused=True)


@click.command(cls=Command)
@click.argument("address")
@pass_call
def resume(call: Call, address: str) -> None:
    """Poll a feed again that was paused.

    What it listed meanwhile and lists no longer may be missing; then the next poll reports a gap.
    """
    _set_paused(call, address, is_paused=False)


def _set_paused(call: Call, address: str, *, is_paused: bool) -> None:
    from wirewatch.feededit import pause_feed

    path = call.own_config_dir.feeds_file
    is_changed = pause_feed(path, address, is_paused=is_paused)
    what = "paused" if is_paused else "resumed"
    note(f"{what} in {path}" if is_changed else f"is {'paused already' if is_paused else 'not paused'} in {path}")


@click.command("import", cls=Command)
@click.argument("source", metavar="FILE|URL|-")
@pass_call
def import_opml(call: Call, source: str) -> None:
    """Add the feeds of an OPML list to feeds.toml.

    A password in an address goes to a file of its own in `secrets`, which only you can read.
    """
    from ingest.opml import read_opml
    from ingest.target import redact
    from wirewatch.cli.source import read_source
    from wirewatch.feededit import add_feeds, identity
    from wirewatch.feedlist import read_feeds

    path = call.own_config_dir.feeds_file
    try:
        outlines = read_opml(read_source(call, source, is_feed=True).body)
    except ValueError as e:
        raise WirewatchError(f"{redact(source)}: {e}") from e
    listed = {identity(feed.url) for feed in read_feeds(path)}
    usable = [feed for feed in (_usable(outline, path, listed) for outline in outlines) if feed]
    if not usable:
        raise WirewatchError(f"{redact(source)}: holds no feeds; an OPML list has <outline xmlUrl=…> in it")
    added, known = add_feeds(path, usable)
    note(f"{len(added)} added to {path}, {len(known)} {'was' if len(known) == 1 else 'were'} in it already")


def _usable(outline: OpmlFeed, path: Path, listed: set[str]) -> FeedLine | None:
    """The feed of an outline, its password put away; None where its address is none, which is said."""
    from ingest.target import redact
    from wirewatch.feedaccess import take_credentials
    from wirewatch.feededit import identity
    from wirewatch.feedlist import FeedLine, address_fault

    url, user, password = take_credentials(outline.url)
    if fault := address_fault(url):
        note(f"left out: {redact(url)}: {fault}")
        return None
    if identity(url) in listed or user is None:
        return FeedLine(url=url, title=outline.title)
    return with_credentials(path, FeedLine(url=url, title=outline.title), user, password)


def with_credentials(path: Path, feed: FeedLine, user: str, password: str | None) -> FeedLine:
    """Return *feed* with what stood in its address: the user name, and where the password has been put; say so.

    *path* is feeds.toml. Raises WirewatchError for what can be in no header.
    """
    from dataclasses import replace

    from ingest.header_rules import credentials_fault
    from wirewatch.feedaccess import keep_password

    if fault := credentials_fault(user, password or ""):
        raise WirewatchError(f"{feed.url}: {fault}; correct what stands before the @ in the address")
    if password is None:
        return replace(feed, user=user)
    reference = keep_password(path, feed.url, password)
    note(f"{feed.url}: the password was put into {path.parent / reference.removeprefix('file:')}, for you alone")
    return replace(feed, user=user, password=reference)
