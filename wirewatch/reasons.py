"""What each error kind means, in one line for people; `docs/reference/reasons.md` is made from this file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.errors import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

MEANINGS: Mapping[Reason, str] = {
    Reason.GONE: "It was taken away for good (410).",
    Reason.HTTP_CLIENT: "The server refuses the request, or has nothing at this address (4xx).",
    Reason.HTTP_SERVER: "The server failed (5xx), or gave an answer that brings nothing.",
    Reason.RATE_LIMITED: "The server asks for fewer requests (429); its Retry-After is kept.",
    Reason.UNAVAILABLE: "The server cannot answer at the moment (503); its Retry-After is kept.",
    Reason.AUTH: "A user name and a password are needed, or those given are not accepted (401, 407); "
    "or a secret that feeds.toml names is missing, and nobody was asked.",
    Reason.CHALLENGE: "A check for robots stands before the page.",
    Reason.REDIRECT: "One redirect led to the next, too often, in a circle or to nowhere.",
    Reason.CONNECTION: "The name cannot be resolved, no connection could be made, or it broke off.",
    Reason.TIMEOUT: "The answer did not come within `fetch.timeout_s`.",
    Reason.TOO_LARGE: "The answer is larger than we read.",
    Reason.DECODE: "The compressed body is corrupt, or compressed in a way that we do not know.",
    Reason.BLOCKED: "The address is a private one that `fetch.allow` does not name, or none that can be fetched.",
    Reason.ROBOTS: "The robots.txt of the host forbids the page, or cannot be had, so that nothing is known of it.",
    Reason.NOT_FEED: "What came is no RSS, Atom, RDF or JSON feed, and no sitemap.",
    Reason.PARSE: "What came is a feed, but too broken to be read.",
    Reason.NOT_HTML: "What came is no web page: a PDF, an image, a feed, binary data or nothing.",
    Reason.NOT_ARTICLE: "The page holds no text of an article: a video, a gallery, a list.",
    Reason.PAYWALL: "The text is for subscribers; the page shows none of it or little.",
    Reason.CONSENT: "The page asks for consent to cookies before it shows anything.",
    Reason.LOGIN: "The page asks for a user name and a password.",
    Reason.SCRIPT: "The page shows nothing without JavaScript.",
    Reason.SOFT_404: "The page says that there is no such page, or is another one, with status 200.",
    Reason.NO_LINK: "The entry has no link that a page could be fetched from.",
    Reason.FORGOTTEN: "Its article was forgotten for good by `articles forget`; what it brings is never stored again.",
    Reason.TOO_COMPLEX: "Reading it took too much time or memory, or ended the process that read it.",
    Reason.INTERNAL: "A bug of the program; please report it.",
}
