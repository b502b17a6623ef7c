"""What `wirewatch doctor` says of feeds: of their secrets, and of how they are doing, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    for feed in feeds:
        count += (feed.password is not None) + len(feed.headers)
        if not feed.is_paused:
            try:
                read_access(feed)
            except ConfigError as e:
                yield fail("secrets", str(e), ExitCode.INVALID)
    is_open = False
    for path in secret_files(feeds):
        if is_readable_by_others(path):
            is_open = True
            yield warn("secrets", f"{path} can be read by others; keep it to yourself: chmod 600 {path}")
    if count and not is_open:
        yield ok("secrets", "the files of passwords and keys can be read by you alone")


def check_feeds(feeds: Iterable[FeedRecord], now: datetime) -> Iterator[Check]:
    """Feeds should answer, bring news as they used to, leave no gaps, and be two in name and in fact."""
    polled = [feed for feed in feeds if feed.state not in {"removed", "paused"}]
    found = [
        *_tell("gone", [feed for feed in polled if feed.state == "gone"], _gone),
        *_tell("dormant", [feed for feed in polled if feed.state == "dormant"], _failing(now)),
        *_tell("backing off", [feed for feed in polled if feed.state == "backing-off"], _failing(now)),
        *_tell("silent", [feed for feed in polled if feed.silent_since and feed.state == "active"], _silent(now)),
        *_tell("gaps", [feed for feed in polled if feed.gaps], _gaps),
        *_twins(polled),
    ]
    yield from found
    if not found:
        told = "1 feed is polled" if len(polled) == 1 else f"{len(polled):,} feeds are polled"
        yield ok("feeds", f"{told}, none fails, is silent or leaves gaps")


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
        usual = f"; {in_words(feed.longest_quiet_s)} at most is usual for it" if feed.longest_quiet_s else ""
        return f"it answers, and brings {news}{usual}. Has it moved? See"

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
