"""How a feed is doing: what its polls mean for people. Pure.

Broken and silent are two things. A feed is *broken* when it cannot be read: three polls failed in a row, or one failed
in a way that does not pass. Where no connection was made it can be our own network, of which every feed would tell, so
then six polls have to fail, over six hours. A feed is *silent* when it can be read, and brings nothing new for longer
than it used to. Each is told once, when it begins; the end of a break is told as well. Two more states of a feed are
told as they begin, dormant and gone, and that a feed has moved.

What is usual for a feed is learned: the longest time that it was ever without news counts, and is forgotten by half in
two weeks, so that a weekend is remembered over the week, and a summer lull is not kept for ever. Of a feed that is new
nothing is known, and it is granted a week, which is forgotten likewise as news comes; where its first document lists
six entries or more over at least two days, their dates say more. Since a grant is no experience, people are told within
what time news was expected, and not what is usual.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from ingest.errors import Reason, Transient, lacks_secret
from ingest.polling import Event, EventKind, FeedHealth, FeedState
from ingest.schedule import in_words, shortest_failing_s

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from ingest.errors import Permanent
    from ingest.polling import Feed, PollPlan

#: Failed polls in a row after which a feed is broken, where what went wrong can pass.
BROKEN_AFTER = 3
#: The same where no connection was made, and for how long at least.
CUT_OFF_AFTER = 6
CUT_OFF_S = 6 * 3600
#: Nobody is told of a silence that is shorter: even agencies rest.
MIN_SILENCE_S = 24 * 3600
#: A feed is silent when it has been without news for so many times its longest rest.
UNUSUAL = 3
#: What a feed is granted of which nothing is known.
GRANTED_S = 7 * 24 * 3600
#: After this time half of the longest rest is forgotten.
HALF_LIFE_S = 14 * 24 * 3600
#: So many rests, over so long a time, must be seen in the dates of a document before they are believed: the thirty
#: entries of one busy day say nothing of the night.
MIN_LISTED_RESTS = 5
MIN_LISTED_SPAN_S = 2 * 24 * 3600
#: When two polls are further apart (the program did not run, the feed was paused), the time between them was not
#: watched, and nothing is learned from it.
WATCHED = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What is to be remembered of a feed, and what people are told."""

    health: FeedHealth
    events: tuple[Event, ...] = ()


def after_poll(feed: Feed, *, now: datetime, has_news: bool, dates: Iterable[datetime] = ()) -> Judged:
    """Judge a feed that was read. *dates* are those of the entries that the document lists, if one came.

    An entry that came otherwise than by a poll (a push) is no news to the poll after it, so the newest date counts
    as news, too.
    """
    past = sorted({date for date in dates if date <= now})
    news_at = max([feed.last_new_at or now, *past[-1:]])
    if has_news:
        # Old dates of new entries mean nothing; in a first document they are all there is.
        news_at = now if feed.last_new_at is not None or not past else past[-1]
    quiet_s = _learn(feed, past, news_at, now)
    health = FeedHealth(last_new_at=news_at, longest_quiet_s=quiet_s, silent_since=feed.silent_since)
    events = []
    if feed.broken_since is not None:
        events.append(_event(feed, EventKind.RECOVERED, f"answers again after {_since(feed.broken_since, now)}"))
    if not is_silent(news_at, quiet_s, now):
        health = replace(health, silent_since=None)
    elif feed.silent_since is None:
        health = replace(health, silent_since=now)
        due = in_words(patience_s(quiet_s))
        events.append(_event(feed, EventKind.SILENT, f"nothing new for {_since(news_at, now)}; expected within {due}"))
    return Judged(health=health, events=tuple(events))


def after_failure(feed: Feed, plan: PollPlan, error: Transient | Permanent, *, now: datetime) -> Judged:
    """Judge a feed that could not be read; *plan* is what `schedule.after_failure` has made of it.

    Nothing is told when nobody was asked, but for want of a secret.
    """
    events = []
    broken_since = feed.broken_since
    if broken_since is None and _is_broken(feed, plan, error):
        broken_since = now
        times = f" ({plan.failures} times in a row)" if plan.failures > 1 else ""
        events.append(_event(feed, EventKind.BROKEN, f"{error.detail}{times}"))
    if plan.state is not feed.state:
        if plan.state is FeedState.DORMANT:
            told = f"{plan.failures} polls in a row failed, at last: {error.detail}; looked at every 7 days from now on"
            events.append(_event(feed, EventKind.DORMANT, told))
        elif plan.state is FeedState.GONE:
            told = "the server says, for the second time, that it is gone (410); looked at every 30 days from now on"
            events.append(_event(feed, EventKind.GONE, told))
    health = FeedHealth(
        last_new_at=feed.last_new_at,
        longest_quiet_s=feed.longest_quiet_s,
        broken_since=broken_since,
        silent_since=feed.silent_since,
    )
    return Judged(health=health, events=tuple(events))


def _is_broken(feed: Feed, plan: PollPlan, error: Transient | Permanent) -> bool:
    if not isinstance(error, Transient):
        return True
    if not error.was_asked:
        # A wait passes; a secret that is missing is missed until somebody sees to it.
        return lacks_secret(error)
    if error.reason is Reason.CONNECTION:
        return plan.failures >= CUT_OFF_AFTER and shortest_failing_s(feed, plan.failures) >= CUT_OFF_S
    return plan.failures >= BROKEN_AFTER


def is_silent(last_new_at: datetime, longest_quiet_s: float, now: datetime) -> bool:
    """Whether a feed that can be read has been without news for longer than is expected of it."""
    return (now - last_new_at).total_seconds() > patience_s(longest_quiet_s)


def patience_s(longest_quiet_s: float) -> float:
    """For how long a feed may be without news before it is silent, in seconds."""
    return max(MIN_SILENCE_S, UNUSUAL * longest_quiet_s)


def moved(feed: Feed, fetch_url: str | None, *, is_configured: bool) -> tuple[Event, ...]:
    """Tell that a feed is asked for at *fetch_url* from now on; nothing for None and for where it was all along.

    *is_configured*: that is the address of another feed of the user's, so both now bring the same.
    """
    if fetch_url is None or fetch_url == feed.fetch_url:
        return ()
    if fetch_url == feed.url:
        told = f"asked for at its configured address again; {feed.fetch_url} did not hold"
    elif is_configured:
        told = f"has moved for good to {fetch_url}, which is configured as well: one of the two can be taken out"
    else:
        told = f"has moved for good to {fetch_url}"
    return (_event(feed, EventKind.MOVED, told),)


def _learn(feed: Feed, past: list[datetime], news_at: datetime, now: datetime) -> int:
    """The longest time without news that is known of the feed, in seconds."""
    known_s = feed.longest_quiet_s
    if known_s is None:
        known_s = _listed_quiet_s(past)
    elif feed.last_new_at is not None and news_at > feed.last_new_at and _was_watched(feed, now):
        rested_s = (news_at - feed.last_new_at).total_seconds()
        known_s = int(max(rested_s, known_s * 0.5 ** (rested_s / HALF_LIFE_S)))
    return known_s


def _listed_quiet_s(past: list[datetime]) -> int:
    """The longest time between two entries of a document; a third of what a feed is granted where it says little."""
    rests = [(later - earlier).total_seconds() for earlier, later in pairwise(past)]
    if len(rests) < MIN_LISTED_RESTS or sum(rests) < MIN_LISTED_SPAN_S:
        return GRANTED_S // UNUSUAL
    return round(max(rests))


def _was_watched(feed: Feed, now: datetime) -> bool:
    return feed.broken_since is None and feed.last_polled_at is not None and now - feed.last_polled_at <= WATCHED


def _since(moment: datetime, now: datetime) -> str:
    return in_words((now - moment).total_seconds())


def _event(feed: Feed, kind: EventKind, detail: str) -> Event:
    return Event(kind=kind, detail=detail, feed_id=feed.id)
