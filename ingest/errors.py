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
    """Error kinds, as stored with entries and feeds and shown to people; `wirewatch.reasons` says what each means."""

    # The server's answer
    GONE = "gone"
    HTTP_CLIENT = "http_client"
    HTTP_SERVER = "http_server"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    AUTH = "auth"
    #: a check for robots stands before the page
    CHALLENGE = "challenge"
    REDIRECT = "redirect"
    # The network
    CONNECTION = "connection"
    TIMEOUT = "timeout"
    TOO_LARGE = "too_large"
    DECODE = "decode"
    # Our own refusal
    #: no public address, or none that can be fetched at all
    BLOCKED = "blocked"
    ROBOTS = "robots"
    # What came is not what was looked for
    NOT_FEED = "not_feed"
    #: a feed, but too broken to be read
    PARSE = "parse"
    NOT_HTML = "not_html"
    NOT_ARTICLE = "not_article"
    PAYWALL = "paywall"
    CONSENT = "consent"
    LOGIN = "login"
    #: the page is empty without JavaScript
    SCRIPT = "script"
    #: "there is no such page", said with status 200
    SOFT_404 = "soft_404"
    NO_LINK = "no_link"
    #: the user had its article forgotten for good
    FORGOTTEN = "forgotten"
    # Our own work
    TOO_COMPLEX = "too_complex"
    INTERNAL = "internal"


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
    """Passing: try again later, and no sooner than `retry_after_s` seconds from now where that is given.

    Without `was_asked` we kept a wait that the server had asked for before, or lack a secret (`lacks_secret`), so this
    says nothing new of the subject and counts as no try; `retry_after_s` then says when the wait is over.
    """

    def __init__(
        self,
        reason: Reason,
        subject: str,
        detail: str = "",
        *,
        status: int | None = None,
        retry_after_s: float | None = None,
        was_asked: bool = True,
    ) -> None:
        super().__init__(reason, subject, detail, status=status)
        self.retry_after_s = retry_after_s
        self.was_asked = was_asked


class Permanent(IngestError):
    """Trying again will not help. The reason is kept, and the feed's own text is used where there is one."""


class StoreError(Exception):
    """The database cannot be read or written, which says nothing about the entry at hand.

    `storage.errors` has the family.
    """


class Conflict(Exception):
    """Newer fingerprints share hashes with the article to be saved: look for candidates again."""


class Overtaken(Conflict):
    """The article came in by another way since the step looked for it, with another text: begin the step again."""


def is_unasked(error: IngestError) -> bool:
    """Nobody was asked, since a wait that was asked for before is not over; see `Transient`."""
    return isinstance(error, Transient) and not error.was_asked


def lacks_secret(error: IngestError) -> bool:
    """Nobody was asked, since a secret that is configured could not be read; see `feed_access`."""
    return is_unasked(error) and error.reason is Reason.AUTH


def is_put_off(error: IngestError) -> bool:
    """Nobody was asked, since a server's own wish still holds: what is known of the subject stays as it is."""
    return is_unasked(error) and not lacks_secret(error)


def _rebuild(kind: type[IngestError], attributes: dict[str, object]) -> IngestError:
    error = kind.__new__(kind)
    error.__dict__.update(attributes)
    error.args = (f"{attributes['subject']}: {attributes['detail']}",)
    return error
