"""When to poll a feed again, when to try an entry again, when to look at a page again. Pure.

A feed is polled as often as it brings something: the interval between two polls shrinks when much of a
document is new and grows when nothing is. What the publisher and the server ask for (ttl, max-age, Expires,
Retry-After) is a lower bound. A feed that fails is polled less and less often, and never given up.

Jitter is a number from 0 to 1. It only ever lengthens a wait, by up to a tenth, so that feeds that were
added together drift apart and nobody is asked sooner than he wished.
"""

from __future__ import annotations

import re
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from ingest.errors import Reason, Transient
from ingest.polling import FeedState, PollPlan

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ingest.errors import IngestError, Permanent
    from ingest.polling import Feed

_MINUTE_S = 60
_HOUR_S = 60 * _MINUTE_S
_DAY_S = 24 * _HOUR_S

#: Time between the first two polls of a feed.
START_INTERVAL_S = 30 * _MINUTE_S
MIN_INTERVAL_S = 10 * _MINUTE_S
#: For feeds whose publisher asks for more.
MIN_ASKED_INTERVAL_S = 5 * _MINUTE_S
MAX_INTERVAL_S = _DAY_S
#: No server is believed when it asks for more.
MAX_RETRY_AFTER_S = 7 * _DAY_S
#: Failed polls in a row, at a day's distance most of them, after which a feed is dormant.
DORMANT_AFTER = 30
#: Failed polls in a row, after the first, that a moved feed's new address is forgiven.
BACK_AFTER = 3
DORMANT_INTERVAL_S = 7 * _DAY_S
GONE_INTERVAL_S = 30 * _DAY_S
#: Some servers answer 304 for ever, so a feed is fetched without validators once in so long.
FULL_POLL_EVERY_S = _DAY_S

_LONGEST_WAITS_S = {FeedState.DORMANT: DORMANT_INTERVAL_S, FeedState.GONE: GONE_INTERVAL_S}

_JITTER = 0.1

_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?([0-9]{1,10})")
_SECONDS = re.compile(r"[0-9]{1,10}")

#: A quiet night makes 30 minutes two and a half hours, and the first few new entries bring it back. A feed
#: settles where about every second poll brings something. Factors by the least share of known entries.
_FACTORS = ((1.0, 1.25), (2 / 3, 0.75), (1 / 3, 0.5), (0.0, 0.25))

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
) -> PollPlan:
    """Plan the next poll after one that went well.

    *known_share* is the share of listed entries that were known, 0 to 1; 1 also for a 304 or the same body
    again. *ttl_s* is what the feed itself asks for, *headers* are those of the answer, names in lower case.
    """
    asked_s = max(ttl_s or 0, _freshness_s(headers or {}, now))
    lowest_s = MIN_INTERVAL_S if ttl_s is None else max(MIN_ASKED_INTERVAL_S, min(ttl_s, MIN_INTERVAL_S))
    # Everything in the first document is new, which tells nothing.
    factor = 1.0 if feed.body_hash is None else _factor(known_share)
    interval_s = round(_clamp(feed.interval_s * factor, lowest_s, MAX_INTERVAL_S))
    wait_s = min(_jittered(max(interval_s, asked_s), jitter), MAX_INTERVAL_S)
    return PollPlan(
        state=FeedState.REMOVED if feed.state is FeedState.REMOVED else FeedState.ACTIVE,
        interval_s=interval_s,
        failures=0,
        next_poll_at=now + timedelta(seconds=wait_s),
    )


def after_failure(feed: Feed, error: Transient | Permanent, *, now: datetime, jitter: float) -> PollPlan:
    """Plan the next poll after one that failed. The interval stays as it is, for when the feed is back."""
    failures = feed.failures + 1
    state = _failed_state(feed, error, failures)
    # What passes may pass soon: a night without a network must not cost the next day.
    growth = 1.5 if isinstance(error, Transient) else 2.0
    longest_s = _LONGEST_WAITS_S.get(state, MAX_INTERVAL_S)
    shortest_s = longest_s if state in _LONGEST_WAITS_S else MIN_ASKED_INTERVAL_S
    wait_s = _clamp(_jittered(feed.interval_s * growth ** min(failures - 1, 20), jitter), shortest_s, longest_s)
    return PollPlan(
        state=state,
        interval_s=feed.interval_s,
        failures=failures,
        next_poll_at=now + timedelta(seconds=max(wait_s, _jittered(_retry_after_s(error), jitter))),
    )


def wants_full_poll(feed: Feed, now: datetime) -> bool:
    """Whether to fetch the feed without validators this time."""
    return feed.last_full_poll_at is None or now - feed.last_full_poll_at >= timedelta(seconds=FULL_POLL_EVERY_S)


def wants_configured_address(feed: Feed, error: Transient | Permanent) -> bool:
    """Whether to go back to the address that the user gave, now that a poll of where it had moved to has failed.

    A redirect can be a mistake, and the place it led to can end.
    """
    return feed.fetch_url != feed.url and (not isinstance(error, Transient) or feed.failures >= BACK_AFTER)


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
    if feed.state in {FeedState.REMOVED, FeedState.GONE}:
        # Only a feed that answers again is no longer gone.
        return feed.state
    if error.reason is Reason.GONE and feed.last_error == Reason.GONE:
        return FeedState.GONE
    if failures >= DORMANT_AFTER or feed.state is FeedState.DORMANT:
        return FeedState.DORMANT
    return FeedState.BACKING_OFF


def _factor(known_share: float) -> float:
    return next(factor for share, factor in _FACTORS if known_share >= share)


def _retry_after_s(error: IngestError) -> float:
    asked_s = error.retry_after_s if isinstance(error, Transient) else None
    return _clamp(asked_s or 0, 0, MAX_RETRY_AFTER_S)


def _freshness_s(headers: Mapping[str, str], now: datetime) -> float:
    """For how long the server says that its answer holds, in seconds, as RFC 9111 reckons it; 0 when it does not."""
    cache_control = headers.get("cache-control", "").lower()
    if "no-cache" in cache_control or "no-store" in cache_control:
        return 0
    max_age = _MAX_AGE.search(cache_control)
    if max_age is not None:
        age = headers.get("age", "").strip()
        return max(0, int(max_age[1]) - (int(age) if _SECONDS.fullmatch(age) else 0))
    expires = _http_date(headers.get("expires", ""))
    if expires is None:
        return 0
    return max(0.0, (expires - (_http_date(headers.get("date", "")) or now)).total_seconds())


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        # "Expires: 0" and "-1" are common, and mean that it does not hold.
        return None


def _jittered(wait_s: float, jitter: float) -> float:
    return wait_s * (1 + _JITTER * jitter)


def _clamp(value: float, lowest: float, highest: float) -> float:
    return min(max(value, lowest), highest)
