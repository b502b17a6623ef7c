"""What an HTTP status means for us. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.errors import Permanent, Reason, Transient

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ingest.errors import IngestError

#: The answer carries the whole page (203: changed on its way by a proxy).
WHOLE = frozenset({200, 203})
NOT_MODIFIED = 304
REDIRECTS = frozenset({301, 302, 303, 307, 308})
#: The page has moved for good.
PERMANENT_REDIRECTS = frozenset({301, 308})
#: The same form is to be sent again, elsewhere (RFC 9110, section 15.4).
FORM_REDIRECTS = frozenset({307, 308})
#: The host as a whole has had enough, whichever address was asked for.
OVERLOADED = frozenset({429, 503})

#: Something passing. 404: pages come late, and come back; 425 and 408 ask for another try.
_TRANSIENT = {
    206: (Reason.HTTP_SERVER, "a part was sent although the whole was asked for"),
    404: (Reason.HTTP_CLIENT, "there is no such page (404)"),
    # The user's own proxy: a wrong password must not cost the pages that were asked for meanwhile.
    407: (Reason.AUTH, "the proxy wants a password (407)"),
    408: (Reason.HTTP_CLIENT, "the server gave up waiting (408)"),
    425: (Reason.HTTP_CLIENT, "the server wants to be asked later (425)"),
    429: (Reason.RATE_LIMITED, "the server wants fewer requests (429)"),
    503: (Reason.UNAVAILABLE, "the server cannot answer at the moment (503)"),
}
#: Asking again will not help, unless the server itself says when.
_PERMANENT = {
    401: (Reason.AUTH, "a password is needed (401)"),
    402: (Reason.PAYWALL, "payment is needed (402)"),
    403: (Reason.HTTP_CLIENT, "the server refuses (403)"),
    451: (Reason.HTTP_CLIENT, "withheld for legal reasons (451)"),
}
_WRONG_CREDENTIALS = "the user name or the password was refused (401)"
#: What bot walls add to their answer, by header: https://developers.cloudflare.com/cloudflare-challenges/,
#: https://docs.aws.amazon.com/waf/latest/developerguide/waf-captcha-and-challenge-how-it-works.html
_CHALLENGE_HEADERS = ("cf-mitigated", "x-amzn-waf-action", "x-datadome")


#: Those of them that stand on nothing else; DataDome marks every page of a site that it protects.
_SURE_CHALLENGE_HEADERS = ("cf-mitigated", "x-amzn-waf-action")


def is_surely_challenge(headers: Mapping[str, str]) -> bool:
    """The answer is a check for robots, even if its status says that all is well."""
    return any(name in headers for name in _SURE_CHALLENGE_HEADERS)


def is_challenge(headers: Mapping[str, str]) -> bool:
    """The answer is a check for robots instead of what was asked for, as its headers say."""
    return any(name in headers for name in _CHALLENGE_HEADERS)


def error_for(
    status: int,
    headers: Mapping[str, str],
    *,
    subject: str,
    retry_after_s: float | None,
    said: str = "",
    has_password: bool = False,
) -> IngestError:
    """Return the error for an answer that brings no page.

    That is every status but 200, 203 (unless `is_surely_challenge`), 304 and the redirects.

    A refusal that says when to come back is a passing one, whatever its number: some servers send 403
    where they mean 429. *said* is what the server says about it, for people; *has_password*: one was sent.
    """
    said = f": {said}" if said else ""
    if status == 410 and not is_surely_challenge(headers):
        return Permanent(Reason.GONE, subject, f"gone for good (410){said}", status=status)
    if is_challenge(headers):
        # Whatever the number is: such checks come and go, and some let the next request pass.
        reason, detail = Reason.CHALLENGE, f"a check for robots stands before the page ({status})"
    elif status in _TRANSIENT:
        reason, detail = _TRANSIENT[status]
    elif status in _PERMANENT:
        reason, detail = _PERMANENT[status]
        if status == 401 and has_password:
            detail = _WRONG_CREDENTIALS
        if retry_after_s is None:
            return Permanent(reason, subject, detail + said, status=status)
    elif 400 <= status < 500:
        reason, detail = Reason.HTTP_CLIENT, f"the server refuses the request ({status})"
        if retry_after_s is None:
            return Permanent(reason, subject, detail + said, status=status)
    elif 500 <= status < 600:
        reason, detail = Reason.HTTP_SERVER, f"the server has a problem ({status})"
    else:
        # 202 is what some robot checks answer, 204 and 205 are empty; 1xx, 3xx and beyond 599 nobody should send.
        reason, detail = Reason.HTTP_SERVER, f"the answer brings no page ({status})"
    return Transient(reason, subject, detail + said, status=status, retry_after_s=retry_after_s)
