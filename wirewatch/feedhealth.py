"""What `wirewatch doctor` says of feeds: of their secrets, and of how they are doing, in words."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from ingest.health import patience_s
from ingest.schedule import in_words
from wirewatch.check import fail, ok, warn
from wirewatch.errors import ConfigError, ExitCode
from wirewatch.feedaccess import is_readable_by_others, read_access, secret_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from storage.records import FeedRecord
    from wirewatch.check import Check
    from wirewatch.feedlist import FeedLine

#: of many feeds with the same trouble, so many are named
MOST_TOLD = 10


def check_secrets(feeds: Iterable[FeedLine]) -> Iterator[Check]:
    """Every secret that feeds.toml names must be there, and its file be for nobody else."""
    feeds = tuple(feeds)
    count = 0
    is_well = True
    for feed in feeds:
        count += (feed.password is not None) + len(feed.headers)
        if not feed.is_paused:
            try:
                read_access(feed)
            except ConfigError as e:
                is_well = False
                yield fail("secrets", str(e), ExitCode.INVALID)
    for path in secret_files(feeds):
        if is_readable_by_others(path):
            is_well = False
            fix = f"keep it to yourself: chmod 600 {shlex.quote(str(path))}"
            yield warn("secrets", f"{path} can be read by others; {fix}")
    if count and is_well:
        yield ok("secrets", "the files of passwords and keys can be read by you alone")


def check_feeds(
    feeds: Iterable[FeedRecord], now: datetime, listed: Iterable[FeedLine] | None = None
) -> Iterator[Check]:
    """Feeds should answer, bring news as they used to, leave no gaps, and be two in name and in fact.

    *listed* are those of feeds.toml, which the database may not know of yet; None: that cannot be read.
    """
    known = [feed for feed in feeds if feed.state != "removed"]
    polled = [feed for feed in known if feed.state != "paused"]
    unseen = 0
    if listed is not None:
        by_url = {feed.url: feed for feed in known}
        wanted = [feed.url for feed in listed if not feed.is_paused]
        polled = [by_url[url] for url in wanted if url in by_url]
        unseen = len(wanted) - len(polled)
    found = [
        *_tell("gone", [feed for feed in polled if feed.state == "gone"], _gone),
        *_tell("dormant", [feed for feed in polled if feed.state == "dormant"], _failing(now)),
        *_tell("backing off", [feed for feed in polled if feed.state == "backing-off"], _failing(now)),
        *_tell("silent", [feed for feed in polled if feed.silent_since and feed.state == "active"], _silent(now)),
        *_tell("gaps", [feed for feed in polled if feed.gaps], _gaps),
        *_twins(polled),
    ]
    yield from found
    if not found and polled:
        told = "1 feed is polled" if len(polled) == 1 else f"{len(polled):,} feeds are polled"
        yield ok("feeds", f"{told}, none fails, is silent or leaves gaps")
    if unseen:
        told = "1 feed was" if unseen == 1 else f"{unseen:,} feeds were"
        yield ok("feeds", f"{told} added since the last poll; the next one takes {'it' if unseen == 1 else 'them'} up")
    elif not polled:
        yield ok("feeds", "none is to be polled")


def _tell(what: str, feeds: Sequence[FeedRecord], say: Callable[[FeedRecord], str]) -> Iterator[Check]:
    for feed in feeds[:MOST_TOLD]:
        yield warn("feeds", f"{what}: {feed.url}: {say(feed)}", f"feeds check {feed.url}")
    if len(feeds) > MOST_TOLD:
        yield warn("feeds", f"{what}: … and {len(feeds) - MOST_TOLD:,} more; see", "feeds list")


def _gone(_: FeedRecord) -> str:
    return "its server says that it was taken away for good; it is looked at every 30 days. Take it out, or see"


def _failing(now: datetime) -> Callable[[FeedRecord], str]:
    def say(feed: FeedRecord) -> str:
        since = f", broken for {_for(feed.broken_since, now)}" if feed.broken_since else ""
        next_poll = f", looked at again in {_for(now, feed.next_poll_at)}" if feed.next_poll_at > now else ""
        times = f"{feed.failures} polls in a row failed" if feed.failures > 1 else "the last poll failed"
        return f"{times}{since}{next_poll}: {feed.last_error_detail or feed.last_error}; see"

    return say


def _silent(now: datetime) -> Callable[[FeedRecord], str]:
    def say(feed: FeedRecord) -> str:
        news = f"nothing new for {_for(feed.last_new_at, now)}" if feed.last_new_at else "nothing new"
        due = "" if feed.longest_quiet_s is None else f"; expected within {in_words(patience_s(feed.longest_quiet_s))}"
        return f"it answers, and brings {news}{due}. Has it moved? See"

    return say


def _gaps(feed: FeedRecord) -> str:
    count = f"{feed.gaps} times" if feed.gaps > 1 else "once"
    ask = 'it can be polled more often with every = "5m" in feeds.toml'
    return f"{count} in 30 days nothing of the poll before was left, so entries may be missing; {ask}. See"


def _twins(feeds: Sequence[FeedRecord]) -> Iterator[Check]:
    """Feeds of different addresses that are asked for at one."""
    by_target: dict[str, list[FeedRecord]] = {}
    for feed in feeds:
        by_target.setdefault(feed.fetch_url, []).append(feed)
    for target, same in by_target.items():
        if len(same) > 1:
            names = " and ".join(feed.url for feed in same)
            yield warn("feeds", f"{names} lead to one address, {target}; one is enough", f"feeds remove {same[-1].url}")


def _for(since: datetime | None, now: datetime) -> str:
    return in_words((now - since).total_seconds()) if since else ""
