"""Reads the address of the proxy that the user wants all requests to go through. Pure, and cheap to import."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote

from ingest.header_rules import credentials_fault

_ADDRESS = re.compile(
    r"http://(?:(?P<userinfo>[^/?#\s]*)@)?(?P<host>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_.-]+):(?P<port>\d{1,5})/?", re.ASCII
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """An HTTP proxy. It may stand on any address, also a private one: the user has named it."""

    #: IPv6 addresses without brackets
    host: str
    port: int
    #: user and password, decoded
    credentials: tuple[str, str] | None = field(default=None, repr=False)


def parse_proxy(text: str) -> Proxy:
    """Read `http://[user:password@]host:port`. Raises ValueError, which never quotes it: it can hold a password.

    >>> parse_proxy("http://me:secret@proxy.example:3128")
    Proxy(host='proxy.example', port=3128)
    """
    parts = _ADDRESS.fullmatch(text.strip())
    if parts is None:
        raise ValueError("a proxy is written http://host:port or http://user:password@host:port")
    port = int(parts["port"])
    if not 1 <= port <= 65535:
        raise ValueError("ports go from 1 to 65535")
    credentials = None
    if parts["userinfo"]:
        user, _, password = parts["userinfo"].partition(":")
        credentials = unquote(user), unquote(password)
        why = credentials_fault(*credentials)
        if why is not None:
            raise ValueError(why)
    return Proxy(host=parts["host"].strip("[]").lower(), port=port, credentials=credentials)
