"""Which headers and credentials a user may have sent with requests. Pure, and cheap to import."""

from __future__ import annotations

import re

#: RFC 9110, section 5.6.2.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
#: Printable ASCII: what lies beyond means different things to different servers.
_VALUE = re.compile(r"[!-~](?:[\t -~]*[!-~])?")
_MAX_NAME_CHARS = 100
#: Servers take 8 KB for all headers together, many no more.
_MAX_VALUE_CHARS = 4_000

#: What must not be sent, and why.
_FORBIDDEN = (
    dict.fromkeys(("host", "content-length", "content-type"), "it belongs to the request itself")
    | dict.fromkeys(
        ("connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "expect", "proxy-connection"),
        "it steers the connection, which is not the user's",
    )
    | dict.fromkeys(("proxy-authorization",), "the password of a proxy belongs into the setting fetch.proxy")
    | dict.fromkeys(("cookie", "cookie2"), "cookies are never sent")
    | dict.fromkeys(("referer", "origin"), "we do not tell servers where we come from")
    | dict.fromkeys(("accept-encoding",), "only codings that can be undone within bounds are asked for")
    | dict.fromkeys(
        ("if-none-match", "if-modified-since", "if-match", "if-unmodified-since", "if-range", "range"),
        "what the server said last is sent back by itself",
    )
)


def header_fault(name: str, value: str) -> str | None:
    """Return why this header cannot be sent, as one sentence that does not quote the value; None when it can.

    User-Agent and Accept may be sent, and then stand for ours; so may Authorization.

    >>> header_fault("X-Api-Key", "k3y"), header_fault("Cookie", "a=b")
    (None, 'cookies are never sent')
    """
    if _TOKEN.fullmatch(name) is None or len(name) > _MAX_NAME_CHARS:
        return f"a name has letters, digits and hyphens, at most {_MAX_NAME_CHARS}"
    why = _FORBIDDEN.get(name.lower())
    if why is not None:
        return why
    if not value:
        return "the value is empty"
    if len(value) > _MAX_VALUE_CHARS:
        return f"the value is longer than {_MAX_VALUE_CHARS:,} characters"
    if _VALUE.fullmatch(value) is None:
        return "the value must be printable ASCII, without line breaks and without spaces at its ends"
    return None


def credentials_fault(user: str, password: str) -> str | None:
    """Return why this user name and password cannot be sent (RFC 7617), quoting neither; None when they can.

    >>> credentials_fault("me:you", "secret")
    'a user name cannot contain a colon'
    """
    if ":" in user:
        return "a user name cannot contain a colon"
    if len(user) + len(password) > _MAX_VALUE_CHARS // 2:
        return f"user name and password are longer than {_MAX_VALUE_CHARS // 2:,} characters"
    if any(not letter.isprintable() for letter in user + password):
        return "user name and password cannot contain control characters or line breaks"
    return None
