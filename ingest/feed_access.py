"""Who gets what the user wants sent with the requests of a feed: its own site, and nobody else. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ingest.errors import Reason, Transient
from ingest.target import parse_target

if TYPE_CHECKING:
    from ingest.polling import FeedAccess
    from ingest.target import Target
    from ingest.web import Request


#: When it is looked again, in seconds, whether a secret that is missing is there. Nobody is asked for that, and those
#: that are read anew are there at once.
LOOK_AGAIN_S = 3600


def with_access(request: Request, feed_url: str, access: FeedAccess) -> Request:
    """Return *request* with headers and credentials of the feed configured as *feed_url*, where it may have them.

    That is, where both have the same origin (scheme, host and port), or where the request goes to the same host by
    https while the feed is configured with http. A feed that has moved to another site takes no secrets there.

    Raises Transient(AUTH) for which nobody was asked, where a secret should be sent that could not be read.
    """
    if not access.headers and access.credentials is None and access.missing is None:
        return request
    try:
        feed, wanted = parse_target(feed_url), parse_target(request.url)
    except ValueError:
        # Whoever makes the request says what is wrong with the address.
        return request
    if wanted.origin != feed.origin and not _is_upgrade(feed, wanted):
        return request
    check_secrets(request.url, access)
    return replace(request, headers=(*request.headers, *access.headers), credentials=access.credentials)


def check_secrets(url: str, access: FeedAccess) -> None:
    """Raise Transient(AUTH) for which nobody was asked, where a secret of *access* could not be read."""
    if access.missing is not None:
        raise Transient(Reason.AUTH, url, access.missing, retry_after_s=LOOK_AGAIN_S, was_asked=False)


def _is_upgrade(feed: Target, wanted: Target) -> bool:
    doors = (feed.scheme, feed.port, wanted.scheme, wanted.port)
    return wanted.host == feed.host and doors == ("http", 80, "https", 443)
