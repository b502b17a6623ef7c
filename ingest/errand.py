"""One request on its way over all of its hops, and what is sent with it. Pure."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from ingest.content_coding import ACCEPT_ENCODING
from ingest.errors import Permanent, Reason, Transient
from ingest.feed_access import LOOK_AGAIN_S
from ingest.header_rules import credentials_fault, header_fault
from ingest.http_status import REDIRECTS
from ingest.robots import MAX_ROBOTS_BYTES, MAX_ROBOTS_REDIRECTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ingest.fetch_settings import FetchSettings
    from ingest.target import Target
    from ingest.web import Hop, Request

_ACCEPT_FEED = (
    b"application/rss+xml, application/atom+xml, application/feed+json, "
    b"application/rdf+xml;q=0.9, application/xml;q=0.8, text/xml;q=0.8, */*;q=0.5"
)
_ACCEPT_PAGE = b"text/html, application/xhtml+xml;q=0.9, */*;q=0.5"
_ACCEPT_TEXT = b"text/plain, */*;q=0.5"
#: RFC 9110, section 5.5: what may stand in a header, in Latin-1.
_FIELD_VALUE = re.compile(r"[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?")
#: What is read of the answer to a form.
_MAX_FORM_ANSWER_BYTES = 4_096
_MAX_FORM_REDIRECTS = 5

Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back for one request."""

    status: int
    #: names in lower case; one that came several times has its values joined by commas
    headers: dict[str, str]
    #: decoded; empty for a status that is not `http_status.WHOLE`, unless the errand wants all
    body: bytes


@dataclass(slots=True, kw_only=True)
class Errand:
    """One request on its way, over all of its hops."""

    #: the address asked for, for errors: without credentials
    subject: str
    #: sent to whoever is asked
    headers: Headers
    #: sent to the origin of the address asked for, and dropped for good at a redirect to another one
    private: Headers = field(default=(), repr=False)
    method: bytes = b"GET"
    content: bytes = field(default=b"", repr=False)
    max_bytes: int
    #: a longer body is cut instead of refused
    is_cut: bool = False
    #: it carries validators, so that 304 is an answer
    is_conditional: bool = False
    #: the body is read whatever the status is
    wants_all: bool = False
    max_redirects: int
    #: the statuses that are followed
    redirects: frozenset[int] = REDIRECTS
    #: seconds that its exchanges may still take; waiting for turns does not count
    left_s: float
    #: robots.txt is asked before each hop
    obeys_robots: bool = False
    is_for_robots: bool = False
    #: its hops go before others that wait for the same host
    is_urgent: bool = False

    # How it stands
    is_redirected: bool = False
    #: every redirect so far was permanent
    has_moved: bool = True
    #: status of the answer that is being read; None while there is none
    status: int | None = None
    #: the answers so far
    hops: list[Hop] = field(default_factory=list)

    @property
    def has_password(self) -> bool:
        """Whether credentials go with it, as things stand: a redirect can have dropped them."""
        return any(name.lower() == b"authorization" for name, _ in self.private)


class Outfitter:
    """Makes errands, and gives them the headers for each of their hops."""

    def __init__(self, settings: FetchSettings) -> None:
        self._settings = settings
        common = (
            (b"User-Agent", settings.full_user_agent.encode("ascii")),
            (b"Accept-Encoding", ACCEPT_ENCODING.encode("ascii")),
        )
        self._feed_headers: Headers = (*common, (b"Accept", _ACCEPT_FEED))
        self._page_headers: Headers = (*common, (b"Accept", _ACCEPT_PAGE))
        self._text_headers: Headers = (*common, (b"Accept", _ACCEPT_TEXT))

    def for_request(self, request: Request, target: Target, subject: str) -> Errand:
        """Return the errand that fetches a feed or a page; Permanent(BLOCKED) for headers that cannot be sent."""
        settings = self._settings
        headers = self._feed_headers if request.is_feed else self._page_headers
        validators = _validators(request)
        errand = Errand(
            subject=subject,
            headers=(*headers, *validators),
            is_conditional=bool(validators),
            max_bytes=settings.max_feed_bytes if request.is_feed else settings.max_page_bytes,
            max_redirects=settings.max_redirects,
            left_s=settings.timeout_s,
            obeys_robots=not request.is_feed,
        )
        if request.headers or request.credentials is not None or target.userinfo:
            errand.private = _private(request, target, subject)
        return errand

    def for_robots(self, robots: Target) -> Errand:
        """Return the errand that fetches a robots.txt."""
        return Errand(
            subject=robots.url,
            headers=self._text_headers,
            max_bytes=MAX_ROBOTS_BYTES,
            is_cut=True,
            max_redirects=MAX_ROBOTS_REDIRECTS,
            left_s=self._settings.timeout_s,
            is_for_robots=True,
            is_urgent=True,
        )

    def for_form(self, fields: Iterable[tuple[str, str]], subject: str, redirects: frozenset[int]) -> Errand:
        """Return the errand that sends a form."""
        content = urlencode(list(fields)).encode("ascii")
        return Errand(
            subject=subject,
            headers=(
                *self._text_headers,
                (b"Content-Type", b"application/x-www-form-urlencoded"),
                (b"Content-Length", str(len(content)).encode("ascii")),
            ),
            method=b"POST",
            content=content,
            max_bytes=_MAX_FORM_ANSWER_BYTES,
            is_cut=True,
            wants_all=True,
            max_redirects=_MAX_FORM_REDIRECTS,
            redirects=redirects,
            left_s=self._settings.timeout_s,
        )

    def headers_for(self, target: Target, errand: Errand) -> Headers:
        """Return what is sent to *target*: ours, what the settings say of its host, what is private to the request.

        What comes later in this row replaces what came before it. Raises Transient(AUTH) for which nobody was asked,
        where a secret that should go there could not be read.
        """
        own = self._settings.for_host(target.host) if self._settings.hosts and errand.obeys_robots else None
        if own is not None and own.missing is not None:
            raise Transient(Reason.AUTH, errand.subject, own.missing, retry_after_s=LOOK_AGAIN_S, was_asked=False)
        more: Headers = () if own is None else tuple(_bytes(name, value) for name, value in own.headers)
        if not more and not errand.private:
            return errand.headers
        headers = {name.lower(): (name, value) for name, value in errand.headers}
        for name, value in (*more, *errand.private):
            headers[name.lower()] = name, value
        return tuple(headers.values())


def _private(request: Request, target: Target, subject: str) -> Headers:
    # The configuration has checked them; what is wrong here is refused all the same, and not quoted.
    for name, value in request.headers:
        why = header_fault(name, value)
        if why is not None:
            raise Permanent(Reason.BLOCKED, subject, f"the header {ascii(name)[1:-1][:100]} cannot be sent: {why}")
    headers = [_bytes(name, value) for name, value in request.headers]
    credentials = request.credentials or target.credentials
    if credentials is not None:
        why = credentials_fault(*credentials)
        if why is not None:
            raise Permanent(Reason.BLOCKED, subject, f"user name and password cannot be sent: {why}")
        # RFC 7617. A header that the user gives by name is the more special wish, so it comes later.
        pair = ":".join(credentials).encode()
        headers.insert(0, (b"Authorization", b"Basic " + base64.b64encode(pair)))
    return tuple(headers)


def _bytes(name: str, value: str) -> tuple[bytes, bytes]:
    return name.encode("ascii"), value.encode("ascii")


def _validators(request: Request) -> Headers:
    """Make the request conditional: the validators, byte for byte, but for one that no server can have sent."""
    return tuple(
        (name, value.encode("latin-1"))
        for name, value in ((b"If-None-Match", request.etag), (b"If-Modified-Since", request.last_modified))
        if value and _FIELD_VALUE.fullmatch(value)
    )
