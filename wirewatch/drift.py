"""Looks whether the pages of a site have changed their nature, and stores what it finds as events."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ingest.drift import find_drift

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from typing import Protocol

    from ingest.hosts import SiteSample
    from ingest.polling import Event

    class Samples(Protocol):
        """The part of `storage.store.Store` that this needs."""

        def site_samples(self, now: datetime) -> Sequence[SiteSample]:
            """What sites brought of late, and before."""
            ...

        def record_events(self, events: Sequence[Event], now: datetime) -> None:
            """Store events."""
            ...


log = logging.getLogger(__name__)


def look_for_drift(store: Samples, now: datetime) -> tuple[Event, ...]:
    """Judge the sites that brought enough in the last day; what drifts is stored, logged and returned."""
    events = find_drift(store.site_samples(now), now)
    if events:
        store.record_events(events, now)
    for event in events:
        log.warning("site %s has changed: %s", event.site, event.detail)
    return events
