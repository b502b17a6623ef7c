"""Looks at an address that is to become a feed: is it one, does it announce some, or what else answers there?

One polite fetch a look, and nothing is stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.discover import announced_feeds
from ingest.errors import Reason
from wirewatch.feedcheck import ask

if TYPE_CHECKING:
    from ingest.discover import AnnouncedFeed
    from ingest.polling import FeedAccess
    from ingest.ports import Fetch, Workers


@dataclass(frozen=True, slots=True, kw_only=True)
class IsFeed:
    """A feed, or a sitemap, answers at the address."""

    #: as of `FeedDocument`
    feed_format: str
    title: str | None
    entries: int
    #: of a sitemap index, how many it lists; they are not read
    sitemaps: int
    #: where it has moved for good, or None
    moved_to: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Announces:
    """A page answers, and announces these feeds: at least one."""

    feeds: tuple[AnnouncedFeed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """Nothing could be learned now: there is no network, or the server is not well. Later there may be a feed."""

    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IsNoFeed:
    """Something answers that is no feed and announces none, or nothing that can be had."""

    reason: Reason
    problem: str


#: What passes, so that there may be a feed tomorrow.
PASSING = frozenset(
    {Reason.CONNECTION, Reason.TIMEOUT, Reason.HTTP_SERVER, Reason.UNAVAILABLE, Reason.RATE_LIMITED, Reason.INTERNAL}
)

Look = IsFeed | Announces | Unknown | IsNoFeed


async def look_at(url: str, access: FeedAccess, fetch: Fetch, workers: Workers) -> Look:
    """Fetch *url*, with what *access* sends along, and say what is there."""
    seen = await ask(url, access, fetch, workers)
    if seen.page is not None and seen.document is not None:
        return IsFeed(
            feed_format=seen.document.feed_format,
            title=seen.document.title,
            entries=len(seen.document.entries),
            sitemaps=len(seen.document.children),
            moved_to=seen.page.moved_to,
        )
    if seen.error is None or seen.error.reason in PASSING:
        return Unknown(problem=seen.check.detail or "")
    if seen.page is not None and seen.error.reason is Reason.NOT_FEED:
        feeds = announced_feeds(seen.page.body, seen.page.url)
        if feeds:
            return Announces(feeds=feeds)
    return IsNoFeed(reason=seen.error.reason, problem=seen.error.detail)


def fix_for(reason: Reason, *, has_password: bool) -> str:
    """Return what people can do about an address that is refused for *reason*; it may name a command's option.

    *has_password*: a user name and a password, or what stands for them, were sent.
    """
    if reason is Reason.AUTH and has_password:
        return "correct them, or add it as it is with --no-look"
    return _FIXES.get(reason, "correct the address, or add it as it is with --no-look")


_FIXES = {
    Reason.NOT_FEED: "give the address of a feed, a sitemap, or a page that announces one; "
    "or add it as it is with --no-look",
    Reason.AUTH: 'give --user NAME and --password "env:VARIABLE" or "file:PATH"',
    Reason.GONE: "look for its new address on the site; or add it as it is with --no-look",
}
