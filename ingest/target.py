"""Parses the address of a request once, so that nothing after it has to parse again. Pure.

Addresses are read as browsers read them (WHATWG, by ada-url): `http://2130706433/`, `http://0x7f.1/` and
`http://127.1/` are all 127.0.0.1, international names are in punycode, path and query are plain ASCII.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from urllib.parse import unquote

import ada_url

#: Servers, proxies and browsers take 2,000 characters and little more. Counted as it is sent: percent-encoded.
MAX_ADDRESS_CHARS = 2_048
#: Nothing longer can get short enough by losing its fragment and its credentials, so it is not even read.
_MAX_INPUT_CHARS = 8 * MAX_ADDRESS_CHARS

#: The scheme with its slashes, or two slashes alone, then everything up to the last @ of the authority.
_USERINFO = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*:[/\\]*|[/\\]{2,})[^/?#\\]*@")
#: What the standard takes no notice of: these anywhere, and these at the beginning.
_PASSED_OVER = str.maketrans("", "", "\t\n\r")
_LEADING = "".join(map(chr, range(0x21)))
_DEFAULT_PORTS = {"http": 80, "https": 443}
_TOO_LONG = f"the address is longer than {MAX_ADDRESS_CHARS:,} characters"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where one request goes. Host and path are ASCII."""

    #: "http" or "https"
    scheme: str
    #: lower case; IPv6 addresses without brackets
    host: str
    port: int
    #: host as it stands in the Host header: IPv6 in brackets, the port unless it is the usual one
    netloc: str
    #: path and query
    path: str
    #: user and password from the address, percent-encoded; empty when there are none
    userinfo: str = field(repr=False)

    @property
    def origin(self) -> str:
        """Scheme and netloc: what one robots.txt is for."""
        return f"{self.scheme}://{self.netloc}"

    @property
    def url(self) -> str:
        """The normalised address, without credentials and fragment: fit for logs and for storing."""
        return f"{self.scheme}://{self.netloc}{self.path}"

    @property
    def credentials(self) -> tuple[str, str] | None:
        """User and password, decoded."""
        if not self.userinfo:
            return None
        user, _, password = self.userinfo.partition(":")
        return unquote(user), unquote(password)


def parse_target(address: str) -> Target:
    """Read an absolute http(s) address. Raises ValueError with the reason, which never quotes credentials.

    >>> parse_target("HTTP://Example.com:80/a b#c").url
    'http://example.com/a%20b'
    >>> parse_target("http://0x7f.1/").host
    '127.0.0.1'
    """
    return _parse(address, None)


def follow(target: Target, location: str) -> Target:
    """Return where a redirect from *target* to *location*, absolute or relative, leads.

    Credentials that a redirect brings along are nobody's that we know, and are dropped. Raises ValueError as
    `parse_target` does.
    """
    return replace(_parse(location, target.url), userinfo="")


def redact(address: str) -> str:
    """Return *address* without its credentials, for messages; also when it is no valid address.

    >>> redact("https://me:secret@example.com/feed")
    'https://example.com/feed'
    """
    if "@" not in address:
        return address
    return _USERINFO.sub(r"\1", address.translate(_PASSED_OVER).lstrip(_LEADING))


def _parse(address: str, base: str | None) -> Target:
    if len(address) > _MAX_INPUT_CHARS:
        raise ValueError(_TOO_LONG)
    try:
        parsed = ada_url.URL(address, base)
    except ValueError:
        raise ValueError("this is not an address that can be read") from None
    scheme = parsed.protocol[:-1]
    if scheme not in _DEFAULT_PORTS:
        raise ValueError(f"only http and https addresses can be fetched, this one is {scheme[:20]}:")
    # A name with the final dot is the same host, but no certificate bears it.
    name = parsed.hostname.removesuffix(".")
    if not name:
        raise ValueError("the address names no host")
    port = parsed.port
    userinfo = parsed.username
    if parsed.password:
        userinfo = f"{userinfo}:{parsed.password}"
    netloc = f"{name}:{port}" if port else name
    path = parsed.pathname + parsed.search
    if len(scheme) + len("://") + len(netloc) + len(path) > MAX_ADDRESS_CHARS:
        raise ValueError(_TOO_LONG)
    return Target(
        scheme=scheme,
        host=name[1:-1] if name[0] == "[" else name,
        port=int(port) if port else _DEFAULT_PORTS[scheme],
        netloc=netloc,
        path=path,
        userinfo=userinfo,
    )
