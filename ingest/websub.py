"""WebSub, the subscriber's side: a hub tells us at once what a feed brings. Pure; https://www.w3.org/TR/websub/.

    feed announces hub -> plan_subscriptions -> subscribe_fields, sent to the hub -> the hub asks back: verify
    -> it pushes: is_signed -> ... -> before the lease ends: plan_subscriptions again

A subscription that is no longer wanted is not renewed, and what the hub still pushes is answered with 410, at which
hubs end it. Feeds go on being polled: a hub can be silent for reasons of its own.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from ingest.address import host_of
from ingest.address_guard import is_public
from ingest.clean import clean_line
from ingest.subscription import Subscription, SubscriptionState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from ingest.subscription import HubFeed

#: What we ask for; most hubs give as much or less.
LEASE = timedelta(days=10)
#: What a hub may give. One that gives more could not be told that we have moved; less is taken for a mistake.
LEAST_LEASE, MOST_LEASE = timedelta(minutes=1), timedelta(days=90)
#: A lease is renewed when so much of the one we asked for is left, or half of it where it is shorter.
RENEW_BEFORE = timedelta(days=1)
#: A hub that has not asked back is asked again after this time, one that has refused after the second.
ASK_AGAIN_AFTER = timedelta(hours=6)
ASK_DENIED_AFTER = timedelta(days=7)

#: What a hub may sign with (section 7.1).
_METHODS = {"sha1": hashlib.sha1, "sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512}
_MAX_CHALLENGE = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be done about subscriptions."""

    #: to be stored and asked for
    ask: tuple[Subscription, ...] = ()
    #: feeds whose subscription is no longer wanted
    drop: tuple[int, ...] = ()


def plan_subscriptions(
    feeds: Iterable[HubFeed], subscriptions: Iterable[Subscription], *, now: datetime, draw: Callable[[], str]
) -> Plan:
    """Decide what to ask of hubs. *draw* gives a fresh text that nobody can guess, of at most 200 bytes.

    A hub that is reached by plain http is not used, since the secret would be readable on the way; but for one in
    a private network.
    """
    wanted = {feed.feed_id: feed for feed in feeds if is_safe_hub(feed.hub)}
    known = {each.feed_id: each for each in subscriptions}
    ask = []
    for feed_id, feed in sorted(wanted.items()):
        old = known.get(feed_id)
        if old is None:
            ask.append(_fresh(feed, now, draw))
        elif (old.hub, old.topic) != (feed.hub, feed.topic):
            # A feed can name itself otherwise at every poll.
            if now - old.asked_at >= ASK_AGAIN_AFTER:
                ask.append(_fresh(feed, now, draw))
        elif is_due(old, now):
            is_running = old.state is SubscriptionState.ACTIVE and not _is_over(old, now)
            state = SubscriptionState.ACTIVE if is_running else SubscriptionState.PENDING
            ask.append(replace(old, state=state, asked_at=now, problem=None))
    return Plan(ask=tuple(ask), drop=tuple(sorted(set(known) - set(wanted))))


def choose_hub(hubs: Iterable[str]) -> str | None:
    """The first of the hubs that a feed announces to which a secret may be sent; None where there is none."""
    return next(filter(is_safe_hub, hubs), None)


def is_safe_hub(hub: str) -> bool:
    """Whether a secret may be sent to *hub*.

    >>> is_safe_hub("https://hub.example/"), is_safe_hub("http://hub.example/"), is_safe_hub("http://127.0.0.1:8080/")
    (True, False, True)
    """
    if hub.startswith("https://"):
        return True
    host = host_of(hub).strip("[]")
    is_address = ":" in host or host.rpartition(".")[2].isdigit()
    return hub.startswith("http://") and is_address and not is_public(host)


def is_due(subscription: Subscription, now: datetime) -> bool:
    """Whether the hub is to be asked (again)."""
    waited = now - subscription.asked_at
    if subscription.state is SubscriptionState.DENIED:
        return waited >= ASK_DENIED_AFTER
    if (
        subscription.state is SubscriptionState.PENDING
        or subscription.lease_until is None
        or _is_over(subscription, now)
    ):
        return waited >= ASK_AGAIN_AFTER
    lease = subscription.lease_until - subscription.asked_at
    if now < subscription.lease_until - min(RENEW_BEFORE, lease / 2):
        return False
    # Once at the beginning of that span, and then only as often as a hub that says nothing.
    return waited >= min(ASK_AGAIN_AFTER, lease / 4)


def subscribe_fields(subscription: Subscription, callback: str) -> dict[str, str]:
    """The form that asks the hub (section 5.1); *callback* is our public address, to which the token is added."""
    return {
        "hub.callback": f"{callback.rstrip('/')}/{subscription.token}",
        "hub.mode": "subscribe",
        "hub.topic": subscription.topic,
        "hub.lease_seconds": str(int(LEASE.total_seconds())),
        "hub.secret": subscription.secret,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """How a hub that asks back is answered."""

    status: int
    body: str = ""
    #: how the subscription stands from now on; None: as before
    subscription: Subscription | None = None


def verify(subscription: Subscription | None, query: Mapping[str, str], *, now: datetime) -> Verification:
    """Answer a hub that asks whether we meant it (section 5.3), or says that it will not (section 5.2).

    *subscription* is the one that the called address belongs to, if any.
    """
    mode, topic = query.get("hub.mode", ""), query.get("hub.topic", "")
    if subscription is None or topic != subscription.topic:
        return Verification(status=404)
    if mode == "denied":
        why = clean_line(query.get("hub.reason", ""), 200) or "the hub gives no reason"
        denied = replace(subscription, state=SubscriptionState.DENIED, lease_until=None, problem=why)
        return Verification(status=200, subscription=denied)
    challenge = query.get("hub.challenge", "")
    if mode != "subscribe" or not challenge or len(challenge) > _MAX_CHALLENGE:
        # "unsubscribe" is nothing that we ask for.
        return Verification(status=404)
    active = replace(
        subscription,
        state=SubscriptionState.ACTIVE,
        lease_until=now + _lease(query.get("hub.lease_seconds", "")),
        problem=None,
    )
    return Verification(status=200, body=challenge, subscription=active)


def is_signed(signature: str, secret: str, body: bytes) -> bool:
    """Whether *signature*, the header X-Hub-Signature, proves that who sent *body* knows the secret (section 7.1).

    >>> is_signed("sha256=" + hmac.new(b"key", b"body", "sha256").hexdigest(), "key", b"body")
    True
    """
    method, _, digest = signature.strip().partition("=")
    make = _METHODS.get(method.strip().lower())
    if make is None or not digest.isascii():
        return False
    return hmac.compare_digest(hmac.new(secret.encode(), body, make).hexdigest(), digest.strip().lower())


def _fresh(feed: HubFeed, now: datetime, draw: Callable[[], str]) -> Subscription:
    return Subscription(
        feed_id=feed.feed_id,
        hub=feed.hub,
        topic=feed.topic,
        token=draw(),
        secret=draw(),
        state=SubscriptionState.PENDING,
        lease_until=None,
        asked_at=now,
    )


def _is_over(subscription: Subscription, now: datetime) -> bool:
    return subscription.lease_until is not None and subscription.lease_until <= now


def _lease(seconds: str) -> timedelta:
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) < 10):
        return LEASE
    return min(max(timedelta(seconds=int(seconds)), LEAST_LEASE), MOST_LEASE)
