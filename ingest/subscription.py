"""The types of WebSub: subscriptions at the hubs that feeds announce. Times are aware datetimes in UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class SubscriptionState(StrEnum):
    """How a subscription at a hub stands (WebSub)."""

    #: asked for; the hub has not yet verified it
    PENDING = "pending"
    ACTIVE = "active"
    #: the hub has refused or ended it
    DENIED = "denied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A subscription at a hub, as https://www.w3.org/TR/websub/ describes it."""

    feed_id: int
    hub: str
    #: the address under which the hub knows the feed
    topic: str
    #: the last part of our callback address, not to be guessed
    token: str = field(repr=False)
    #: signs what the hub pushes
    secret: str = field(repr=False)
    state: SubscriptionState
    lease_until: datetime | None
    asked_at: datetime
    last_push_at: datetime | None = None
    #: why it was refused or could not be asked for, or None
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HubFeed:
    """A polled feed that announces a hub."""

    feed_id: int
    hub: str
    #: the address under which the hub knows it
    topic: str
