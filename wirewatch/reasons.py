"""What each error kind means, in one line for people; `docs/reference/reasons.md` is made from this file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.errors import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

MEANINGS: Mapping[Reason, str] = {
    Reason.DNS: "The name of the host cannot be resolved.",
    Reason.CONNECT: "No connection could be made, or it broke off.",
    Reason.TLS: "The certificate is not valid, or no secure connection could be agreed on.",
    Reason.TIMEOUT: "The answer did not come within `fetch.timeout_s`.",
    Reason.PROTOCOL: "The answer is not proper HTTP, or ended before it was whole.",
    Reason.RATE_LIMITED: "The server asks for fewer requests (429); its Retry-After is kept.",
    Reason.SERVER_ERROR: "The server failed (5xx).",
    Reason.FORBIDDEN: "The server refuses to show it to us (401, 403 and the like).",
    Reason.NOT_FOUND: "There is nothing at this address (404).",
    Reason.GONE: "It was taken away for good (410).",
    Reason.HTTP_ERROR: "The server gave another status that means an error.",
    Reason.TOO_MANY_REDIRECTS: "One redirect led to the next, too often or in a circle.",
    Reason.TOO_LARGE: "The answer, or the page in it, is larger than we read.",
    Reason.BAD_CODING: "The compressed body is corrupt, or compressed in a way that we do not know.",
    Reason.BAD_ADDRESS: "The address is not one that can be fetched.",
    Reason.ADDRESS_REFUSED: "The address is a private one, and `fetch.allow` does not name it.",
    Reason.ROBOTS: "The robots.txt of the host forbids the page.",
    Reason.ROBOTS_UNREACHABLE: "The robots.txt of the host cannot be had, so nothing is known of what it allows.",
    Reason.NOT_A_FEED: "What came is no RSS, Atom, RDF or JSON feed.",
    Reason.NOT_A_PAGE: "What came is no web page: a PDF, an image, a feed, binary data or nothing.",
    Reason.NOT_AN_ARTICLE: "The page holds no text of an article: a video, a gallery, a check of the browser.",
    Reason.PAYWALL: "The text is for subscribers; the page shows none of it or little.",
    Reason.NO_LINK: "The entry has no link that a page could be fetched from.",
    Reason.TOO_SLOW: "Reading it took too much time and was broken off.",
    Reason.WORKER_DIED: "The process that read it died.",
    Reason.INTERNAL_ERROR: "A bug of the program; please report it.",
}
