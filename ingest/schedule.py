"""When to poll a feed again, when to try an entry again, when to look at a page again. Pure.

A feed is polled as often as it brings something: the interval between two polls shrinks when much of a
document is new and grows when nothing is. Three parties have wishes, and the stronger ones come last:

1. The feed itself (ttl, sy:updatePeriod) asks not to be polled more often. Many programs write such a wish without
   being told to.
   So does the server (max-age, Expires), which speaks of its caches.
2. The user (`every` in feeds.toml) says how long he wants to wait at most between two polls of a feed that is well,
   5 minutes at least. That cuts the interval and these wishes short: a poll with validators costs the server little.
3. A server that says when to come back (Retry-After) is never asked sooner, for up to 7 days.

A feed that fails is polled less and less often, and never given up.

Jitter is a number from 0 to 1. It only ever lengthens a wait, by up to a tenth, so that feeds that were
added together drift apart and nobody is asked sooner than he wished. It comes last: the longest waits (a day, 7 and 30
days) are lengthened, too, or all feeds that have one would be asked at the same moment for ever.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from ingest.errors import Reason, Transient, is_unasked, lacks_secret
from ingest.http_dates import read_http_date
from ingest.polling import FeedState, PollPlan
from ingest.retry_after import MAX_RETRY_AFTER_S, retry_after_s

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ingest.errors import IngestError, Permanent
    from ingest.polling import Feed

_MINUTE_S = 60
_HOUR_S = 60 * _MINUTE_S
_DAY_S = 24 * _HOUR_S

MIN_INTERVAL_S = 10 * _MINUTE_S
#: For feeds whose publisher or user asks for more.
MIN_ASKED_INTERVAL_S = 5 * _MINUTE_S
MAX_INTERVAL_S = _DAY_S
#: Failed polls in a row, at a day's distance most of them, after which a feed is dormant.
DORMANT_AFTER = 30
#: Failed polls in a row, after the first, that a moved feed's new address is forgiven.
BACK_AFTER = 3
DORMANT_INTERVAL_S = 7 * _DAY_S
GONE_INTERVAL_S = 30 * _DAY_S
#: Some servers answer 304 for ever, so a feed is fetched without validators once in so long.
FULL_POLL_EVERY_S = _DAY_S

_LONGEST_WAITS_S = {FeedState.DORMANT: DORMANT_INTERVAL_S, FeedState.GONE: GONE_INTERVAL_S}
#: States that the user has put a feed in; no poll that was under way then changes them.
_GIVEN_STATES = frozenset({FeedState.PAUSED, FeedState.REMOVED})
#: Answers that can bring a Retry-After.
_REFUSALS = frozenset({Reason.RATE_LIMITED, Reason.UNAVAILABLE})

_JITTER = 0.1
#: Why a poll for which nobody was asked comes when it does; the feed itself has agreed to nothing then.
_PUT_OFF = "put off: "

_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?([0-9]{1,10})")
_SECONDS = re.compile(r"[0-9]{1,10}")

#: A quiet night makes 30 minutes two and a half hours, and the first few new entries bring it back. A feed
#: settles where about every second poll brings something. Factors by the least share of known entries, and the same
#: in words.
_FACTORS = (
    (1.0, 1.25, "nothing was new"),
    (2 / 3, 0.75, "up to a third of what it lists was new"),
    (1 / 3, 0.5, "about half of what it lists was new"),
    (0.0, 0.25, "most of what it lists was new"),
)

#: Wait after each failed try of an entry. Then there is nothing more to hope for.
_ENTRY_WAITS_S = (10 * _MINUTE_S, _HOUR_S, 6 * _HOUR_S, _DAY_S)

#: A page is looked at again 1, 6, 24 and 72 hours after it was done; these are the waits in between.
_CHECK_WAITS_H = (1, 5, 18, 48)


def after_poll(
    feed: Feed,
    *,
    now: datetime,
    jitter: float,
    known_share: float,
    ttl_s: int | None = None,
    headers: Mapping[str, str] | None = None,
    every_s: int | None = None,
    is_gap: bool = False,
) -> PollPlan:
    """Plan the next poll after one that went well.

    *known_share* is the share of listed entries that were known, 0 to 1; 1 also for a 304 or the same body
    again. *ttl_s* is what the feed itself asks for, *headers* are those of the answer, names in lower case,
    *every_s* is what the user asks for. *is_gap*: entries may have been missed since the last poll.
    A Retry-After holds whatever the status is, for up to 7 days.
    """
    interval_s, why = _interval(feed, known_share, ttl_s, every_s, is_gap=is_gap)
    wait_s: float = interval_s
    wish_s, wish = _longest_wish(ttl_s, headers or {}, now)
    most_s = MAX_INTERVAL_S if every_s is None else max(every_s, MIN_ASKED_INTERVAL_S)
    if wish_s > most_s:
        wait_s, why = most_s, f"every {in_words(most_s)}, as feeds.toml asks (every), although {wish}"
    elif wish_s > wait_s:
        wait_s, why = wish_s, wish
    wait_s = _jittered(wait_s, jitter)
    away_s = _jittered(retry_after_s(headers or {}, now) or 0.0, jitter)
    if away_s > wait_s:
        wait_s, why = away_s, _until_in_words(now, away_s)
    return PollPlan(
        state=feed.state if feed.state in _GIVEN_STATES else FeedState.ACTIVE,
        interval_s=interval_s,
        failures=0,
        next_poll_at=now + timedelta(seconds=wait_s),
        why=why,
    )


def after_failure(feed: Feed, error: Transient | Permanent, *, now: datetime, jitter: float) -> PollPlan:
    """Plan the next poll after one that failed. The interval stays as it is, for when the feed is back.

    What the feed and its server asked for while it was well (ttl, max-age) holds for a feed that fails, too.
    A poll for which nobody was asked is none: it is put off to the end of the wait, and all else stays as it is.
    """
    if is_unasked(error):
        wait_s = _jittered(_retry_after_s(error), jitter)
        # A server that wants to be left alone is well; a feed that waits for its secret brings nothing until it comes.
        is_locked = lacks_secret(error) and feed.state is FeedState.ACTIVE
        return PollPlan(
            state=FeedState.BACKING_OFF if is_locked else feed.state,
            interval_s=feed.interval_s,
            failures=feed.failures,
            next_poll_at=now + timedelta(seconds=wait_s),
            why=f"{_PUT_OFF}{error.detail}",
        )
    failures = feed.failures + 1
    state = _failed_state(feed, error, failures)
    # What passes may pass soon: a night without a network must not cost the next day.
    growth = 1.5 if isinstance(error, Transient) else 2.0
    longest_s = _LONGEST_WAITS_S.get(state, MAX_INTERVAL_S)
    shortest_s = longest_s if state in _LONGEST_WAITS_S else MIN_ASKED_INTERVAL_S
    grown_s = _clamp(feed.interval_s * growth ** min(failures - 1, 20), shortest_s, longest_s)
    # What was agreed has its jitter already.
    agreed_s = _agreed_wait_s(feed)
    wait_s = max(_jittered(grown_s, jitter), agreed_s)
    why = _failure_in_words(state, error, failures, max(grown_s, agreed_s))
    refused_s = _jittered(_retry_after_s(error), jitter)
    if refused_s > wait_s:
        wait_s, why = refused_s, _until_in_words(now, refused_s)
    return PollPlan(
        state=state,
        interval_s=feed.interval_s,
        failures=failures,
        next_poll_at=now + timedelta(seconds=wait_s),
        why=why,
    )


def wants_full_poll(feed: Feed, now: datetime) -> bool:
    """Whether to fetch the feed without validators this time."""
    return feed.last_full_poll_at is None or now - feed.last_full_poll_at >= timedelta(seconds=FULL_POLL_EVERY_S)


def wants_configured_address(feed: Feed, error: Transient | Permanent) -> bool:
    """Whether to go back to the address that the user gave, now that a poll of where it had moved to has failed.

    A redirect can be a mistake, and the place it led to can end.
    """
    if feed.fetch_url == feed.url or is_unasked(error):
        return False
    return not isinstance(error, Transient) or feed.failures >= BACK_AFTER


def shortest_failing_s(feed: Feed, failures: int) -> float:
    """The time, in seconds, from the first of so many failed polls in a row to the last, at the least.

    Waits are never shorter than that, whatever the errors were.
    """
    waits = (feed.interval_s * 1.5 ** min(number, 20) for number in range(failures - 1))
    return sum(_clamp(wait_s, MIN_ASKED_INTERVAL_S, MAX_INTERVAL_S) for wait_s in waits)


def after_wait(error: IngestError, now: datetime, jitter: float) -> datetime:
    """When the wait is over for which an entry was not asked for (`errors.is_unasked`)."""
    return now + timedelta(seconds=_jittered(_retry_after_s(error), jitter))


def entry_retry(attempts: int, error: IngestError, now: datetime) -> datetime | None:
    """When to try an entry again that has just failed, after *attempts* failed tries before; None: not again."""
    if not isinstance(error, Transient) or attempts >= len(_ENTRY_WAITS_S):
        return None
    return now + timedelta(seconds=max(_ENTRY_WAITS_S[attempts], _retry_after_s(error)))


def next_check(checks: int, now: datetime) -> datetime | None:
    """When to look again at the page of an entry that is done, after *checks* such looks; None: not again.

    To be asked when the entry is done and after each look.
    """
    return now + timedelta(hours=_CHECK_WAITS_H[checks]) if checks < len(_CHECK_WAITS_H) else None


def _failed_state(feed: Feed, error: IngestError, failures: int) -> FeedState:
    if feed.state in _GIVEN_STATES or feed.state is FeedState.GONE:
        # Only a feed that answers again is no longer gone.
        return feed.state
    if error.reason is Reason.GONE and feed.last_error == Reason.GONE:
        return FeedState.GONE
    if failures >= DORMANT_AFTER or feed.state is FeedState.DORMANT:
        return FeedState.DORMANT
    return FeedState.BACKING_OFF


def _interval(
    feed: Feed, known_share: float, ttl_s: int | None, every_s: int | None, *, is_gap: bool
) -> tuple[int, str]:
    """The adaptive time between two polls, and why it is so long."""
    asked_s = min(each for each in (MIN_INTERVAL_S, ttl_s, every_s) if each is not None)
    lowest_s = max(MIN_ASKED_INTERVAL_S, asked_s)
    highest_s = MAX_INTERVAL_S if every_s is None else _clamp(every_s, lowest_s, MAX_INTERVAL_S)
    if is_gap:
        factor, why = 0.0, "entries may have been missed since the last poll"
    elif feed.body_hash is None and feed.last_document_at is None:
        # Everything in the first document is new, which tells nothing.
        factor, why = 1.0, "it was read for the first time"
    else:
        factor, why = next((factor, why) for share, factor, why in _FACTORS if known_share >= share)
    wanted_s = feed.interval_s * factor
    interval_s = round(_clamp(wanted_s, lowest_s, highest_s))
    if wanted_s > highest_s and every_s is not None:
        return interval_s, f"{why}: every {in_words(interval_s)}, as feeds.toml asks (every)"
    return interval_s, f"{why}: every {in_words(interval_s)}"


def _longest_wish(ttl_s: int | None, headers: Mapping[str, str], now: datetime) -> tuple[float, str]:
    """The longest time between two polls that feed or server wish for, up to a day, and who does; 0: none."""
    feed_s, (server_s, header) = min(ttl_s or 0, MAX_INTERVAL_S), _freshness_s(headers, now)
    server_s = min(server_s, MAX_INTERVAL_S)
    if server_s > feed_s:
        return server_s, f"the server says that its answer holds for {in_words(server_s)} ({header})"
    return feed_s, f"the feed asks for {in_words(feed_s)} between two polls (ttl)"


def _agreed_wait_s(feed: Feed) -> float:
    """The wait that the last poll planned, up to a day and its jitter; 0 where a refusal made it, or none was."""
    if feed.last_polled_at is None or feed.last_error in _REFUSALS or (feed.plan_why or "").startswith(_PUT_OFF):
        return 0
    return _clamp((feed.next_poll_at - feed.last_polled_at).total_seconds(), 0, _jittered(MAX_INTERVAL_S, 1))


def _until_in_words(now: datetime, wait_s: float) -> str:
    return f"the server asks to wait until {now + timedelta(seconds=wait_s):%Y-%m-%d %H:%M} UTC (Retry-After)"


def _failure_in_words(state: FeedState, error: IngestError, failures: int, wait_s: float) -> str:
    if state is FeedState.GONE:
        return f"gone (410 twice): looked at every {in_words(wait_s)}"
    times = "failed once" if failures == 1 else f"failed {failures} times in a row"
    kind = error.reason.replace("_", " ")
    if state is FeedState.DORMANT:
        return f"dormant, {times} ({kind}): looked at every {in_words(wait_s)}"
    return f"{times} ({kind}): back-off of {in_words(wait_s)}"


def in_words(seconds: float) -> str:
    """Return a span of time for people, in its two largest units, rounded to minutes.

    >>> in_words(20), in_words(900), in_words(5400), in_words(86400), in_words(700000)
    ('1 min', '15 min', '1 h 30 min', '24 h', '8 d 2 h')
    """
    minutes = max(1, round(seconds / _MINUTE_S))
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def _retry_after_s(error: IngestError) -> float:
    asked_s = error.retry_after_s if isinstance(error, Transient) else None
    return _clamp(asked_s or 0, 0, MAX_RETRY_AFTER_S)


def _freshness_s(headers: Mapping[str, str], now: datetime) -> tuple[float, str]:
    """For how long the server says that its answer holds, in seconds, as RFC 9111 reckons it, and the header's name.

    0 when it does not say so.
    """
    cache_control = headers.get("cache-control", "").lower()
    if "no-cache" in cache_control or "no-store" in cache_control:
        return 0, ""
    max_age = _MAX_AGE.search(cache_control)
    if max_age is not None:
        age = headers.get("age", "").strip()
        return max(0, int(max_age[1]) - (int(age) if _SECONDS.fullmatch(age) else 0)), "max-age"
    # "Expires: 0" and "-1" are common, and mean that it does not hold.
    expires = read_http_date(headers.get("expires", ""))
    if expires is None:
        return 0, ""
    sent = read_http_date(headers.get("date", "")) or now
    return max(0.0, (expires - sent).total_seconds()), "Expires"


def _jittered(wait_s: float, jitter: float) -> float:
    return wait_s * (1 + _JITTER * jitter)


def _clamp(value: float, lowest: float, highest: float) -> float:
    return min(max(value, lowest), highest)
