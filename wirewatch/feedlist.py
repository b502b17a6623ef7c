"""feeds.toml: which feeds are polled, and how to get in. Read with tomllib; `feededit` changes it.

    [[feeds]]
    url = "https://example.org/rss.xml"
    title = "Example"                       # optional, as all that follows
    paused = true                           # not polled; what it brought is kept
    every = "5m"                            # polled at least so often, but for a Retry-After; else as it brings news
    headers = {X-Api-Key = "env:EXAMPLE"}   # sent to its host and no other
    user = "me"
    password = "file:secrets/example"       # or env:NAME; never the password itself

The address is the identity of a feed, character for character; nothing is normalised here. Secrets are only named
here; `feedaccess` reads them.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ingest.header_rules import credentials_fault, header_fault
from ingest.target import redact
from wirewatch import tomlfile
from wirewatch.errors import ConfigError
from wirewatch.secretnames import SECRET, reference_fault

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

#: the keys of a feed, in the order in which they are written
KEYS = ("title", "url", "paused", "every", "headers", "user", "password")

_SPAN = re.compile(r"([0-9]{1,5})([mhd])")
_UNITS_S = {"m": 60, "h": 3600, "d": 86_400}
#: The bounds of `every`. Nobody's feed is asked for more often, and each is looked at once a day.
MIN_EVERY_S = 300
MAX_EVERY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a feed stands: the file, and its number there, from 0."""

    path: Path
    index: int

    def line(self, *key: str | int) -> str:
        """Return FILE:LINE of *key* of the feed, or of the feed where it has no such key. Reads the file."""
        text = tomlfile.read_text(self.path)
        # the nearest that there is
        lines = (tomlfile.line_of(text, ["feeds", self.index, *key[:count]]) for count in range(len(key), -1, -1))
        return f"{self.path}:{next((line for line in lines if line > 1), 1)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedLine:
    """A feed of feeds.toml. Of secrets it holds where they are, but for a header that is written out there."""

    url: str
    title: str | None = None
    is_paused: bool = False
    #: seconds between two polls at most, while it is well, 300 to 86,400; None: as schedule.py decides
    every_s: int | None = None
    #: name and value, or env:NAME or file:PATH where the value is
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    user: str | None = None
    #: env:NAME or file:PATH
    password: str | None = None
    #: None: it is not of a file
    place: Place | None = field(default=None, compare=False, repr=False)


def read_feeds(path: Path) -> tuple[FeedLine, ...]:
    """Return the feeds of *path* in order.

    Raises ConfigError, with a line for each fault, when the file is missing, is not TOML, has an unknown key,
    names an address twice or one that is not http(s), or holds a password.
    """
    if not path.is_file():
        raise ConfigError(f"{path}: no such file; create it with: wirewatch init {path.parent}")
    return parse_feeds(tomlfile.read_text(path), path)


def parse_feeds(text: str, path: Path) -> tuple[FeedLine, ...]:
    """Return the feeds that *text* lists; *path* is what errors call it. Raises ConfigError as `read_feeds` does."""
    document = tomlfile.parse(text, path)
    faults = [
        f"{path}:{tomlfile.line_of(text, [key])}: unknown key {key}; each feed begins with [[feeds]]"
        for key in document
        if key != "feeds"
    ]
    listed = document.get("feeds", [])
    if not isinstance(listed, list) or not all(isinstance(feed, dict) for feed in listed):
        raise ConfigError(f"{path}:{tomlfile.line_of(text, ['feeds'])}: feeds must be tables; write [[feeds]]")
    feeds: list[FeedLine] = []
    first_place: dict[str, int] = {}
    for index, table in enumerate(listed):
        fault = _fault(table)
        if fault is None and table["url"] in first_place:
            line = tomlfile.line_of(text, ["feeds", first_place[table["url"]], "url"])
            fault = ("url", f"{table['url']} is listed already in line {line}; take one of the two out")
        if fault:
            key, message = fault
            where: Sequence[str | int] = ["feeds", index, key] if key in table else ["feeds", index]
            faults.append(f"{path}:{tomlfile.line_of(text, where)}: {message}")
        else:
            first_place[table["url"]] = index
            feeds.append(_feed(table, Place(path=path, index=index)))
    if faults:
        raise ConfigError("\n".join(faults))
    return tuple(feeds)


def address_fault(url: str) -> str | None:
    """Return what is wrong with *url* as the address of a feed, or None. What it says never has a password in it."""
    if any(c.isspace() or not c.isprintable() for c in url):
        return "an address has no spaces and no control characters"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as e:
        # what urllib says quotes the address
        return "not an address that can be read" if "@" in url else f"not an address: {e}"
    if parts.scheme not in {"http", "https"}:
        return "an address begins with https:// or http://"
    if not host:
        return "the address has no host"
    if parts.username is not None:
        return (
            "an address has no user name in it, for addresses are shown and stored; "
            'write user = "…" and password = "env:NAME" or "file:PATH" below it'
        )
    return None


def every_s(text: str) -> int:
    """Return the seconds that a span such as 5m, 2h or 1d stands for. Raises ValueError beyond 5m to 24h.

    >>> every_s("90m")
    5400
    """
    found = _SPAN.fullmatch(text)
    seconds = int(found[1]) * _UNITS_S[found[2]] if found else 0
    if not MIN_EVERY_S <= seconds <= MAX_EVERY_S:
        raise ValueError("expected a span of 5m to 24h, such as 5m, 90m or 2h")
    return seconds


def span_text(seconds: int) -> str:
    """Return *seconds*, a whole number of minutes, as `every_s` reads it.

    >>> span_text(5400), span_text(7200)
    ('90m', '2h')
    """
    return f"{seconds // 3600}h" if seconds % 3600 == 0 else f"{seconds // 60}m"


# --- one table --------------------------------------------------------------------------------------


def _fault(table: dict[str, object]) -> tuple[str, str] | None:
    """Return the key that is wrong in a table of feeds.toml and what is wrong with it, or None."""
    for key in table:
        if key not in KEYS:
            near = difflib.get_close_matches(key, KEYS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are: {', '.join(KEYS)}"
            return key, f"unknown key {key}; {hint}"
    for key, judge in _JUDGES.items():
        if key in table and (fault := judge(table[key])):
            return key, fault
    if "url" not in table:
        return "url", 'the feed has no address; add url = "https://…"'
    if "password" in table and "user" not in table:
        return "password", 'a password goes with a user name; add user = "…", if need be user = ""'
    return None


def _url_fault(value: object) -> str | None:
    if not isinstance(value, str):
        return "url: expected text in quotes"
    fault = address_fault(value)
    return f"{redact(value)}: {fault}" if fault else None


def _title_fault(value: object) -> str | None:
    return None if isinstance(value, str) else "title: expected text in quotes"


def _paused_fault(value: object) -> str | None:
    return None if isinstance(value, bool) else "paused: expected true or false, without quotes"


def _every_fault(value: object) -> str | None:
    try:
        every_s(value if isinstance(value, str) else "")
    except ValueError as e:
        return f"every: {e}, in quotes"
    return None


def _headers_fault(value: object) -> str | None:
    """Say what is wrong with further headers. It never quotes a value, which can be a secret."""
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        return 'headers: expected names and texts, as in {Accept-Language = "de"}'
    for name, text in value.items():
        is_reference = SECRET.fullmatch(text) is not None
        fault = reference_fault(text) if is_reference else header_fault(name, text)
        # of what is kept elsewhere, the name can be judged
        fault = fault or (header_fault(name, "x") if is_reference else None)
        if fault:
            return f"headers: {name}: {fault}"
    return None


def _user_fault(value: object) -> str | None:
    if not isinstance(value, str):
        return "user: expected text in quotes"
    fault = credentials_fault(value, "")
    return f"user: {fault}" if fault else None


def _password_fault(value: object) -> str | None:
    # never with the value, which is likely to be the password
    if isinstance(value, str) and SECRET.fullmatch(value):
        fault = reference_fault(value)
        return f"password: {fault}" if fault else None
    return (
        "password: it is not written here; put it into a file that only you can read and write "
        'password = "file:secrets/NAME" (from this file on), or into a variable and write "env:NAME"'
    )


_JUDGES: dict[str, Callable[[object], str | None]] = {
    "url": _url_fault,
    "title": _title_fault,
    "paused": _paused_fault,
    "every": _every_fault,
    "headers": _headers_fault,
    "user": _user_fault,
    "password": _password_fault,
}


def _feed(table: dict[str, object], place: Place) -> FeedLine:
    """Return the feed of a table without fault."""

    def text(key: str) -> str | None:
        value = table.get(key)
        return value if isinstance(value, str) else None

    headers = table.get("headers")
    every = text("every")
    return FeedLine(
        url=text("url") or "",
        title=text("title") or None,
        is_paused=table.get("paused") is True,
        every_s=every_s(every) if every else None,
        headers=tuple(headers.items()) if isinstance(headers, dict) else (),
        user=text("user"),
        password=text("password"),
        place=place,
    )
