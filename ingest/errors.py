"""The errors of the stages; an error says what to do next.


* IngestError
  + Transient      passing; try again later, `retry_after_s` at the earliest
  + Permanent      trying again will not help; the reason is kept
* StoreError       the database cannot be read or written; no fault of the entry
* Conflict         another article came in between; read again and decide again

Anything else that a step raises is a bug: it is logged loudly and the entry is tried again.
"""

from __future__ import annotations

from enum import StrEnum

from ingest.clean import clean_line


class Reason(StrEnum):
    """Error kinds, as stored with entries and feeds and shown to people."""

    # The network
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    PROTOCOL = "protocol"
    # The server's answer
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    GONE = "gone"
    HTTP_ERROR = "http_error"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    TOO_LARGE = "too_large"
    BAD_CODING = "bad_coding"
    # Our own refusal
    BAD_ADDRESS = "bad_address"
    ADDRESS_REFUSED = "address_refused"
    #: robots.txt forbids the page
    ROBOTS = "robots"
    #: robots.txt cannot be had, so nothing is known of what it allows
    ROBOTS_UNREACHABLE = "robots_unreachable"
    # What came is not what was looked for
    NOT_A_FEED = "not_a_feed"
    NOT_A_PAGE = "not_a_page"
    NOT_AN_ARTICLE = "not_an_article"
    PAYWALL = "paywall"
    NO_LINK = "no_link"
    # Our own work
    TOO_SLOW = "too_slow"
    WORKER_DIED = "worker_died"
    INTERNAL_ERROR = "internal_error"


class IngestError(Exception):
    """Something about *subject* (an address) did not work; `reason` is stored, `detail` is one line for people."""

    def __init__(self, reason: Reason, subject: str, detail: str = "", *, status: int | None = None) -> None:
        self.reason = reason
        self.subject = subject
        # It can quote what a server sent.
        self.detail = clean_line(detail) or reason.value.replace("_", " ")
        #: HTTP status where one was received
        self.status = status
        super().__init__(f"{subject}: {self.detail}")

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword arguments get lost in the default pickling, and workers raise these across processes.
        return (_rebuild, (type(self), dict(self.__dict__)))


class Transient(IngestError):
    """Passing: try again later, and no sooner than `retry_after_s` seconds from now where that is given."""

    def __init__(
        self,
        reason: Reason,
        subject: str,
        detail: str = "",
        *,
        status: int | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(reason, subject, detail, status=status)
        self.retry_after_s = retry_after_s


class Permanent(IngestError):
    """Trying again will not help. The reason is kept, and the feed's own text is used where there is one."""


class StoreError(Exception):
    """The database cannot be read or written, which says nothing about the entry at hand.

    `storage.errors` has the family.
    """


class Conflict(Exception):
    """Newer fingerprints share hashes with the article to be saved: look for candidates again."""


def _rebuild(kind: type[IngestError], attributes: dict[str, object]) -> IngestError:
    error = kind.__new__(kind)
    error.__dict__.update(attributes)
    error.args = (f"{attributes['subject']}: {attributes['detail']}",)
    return error
