"""feeds.toml: which feeds are polled. Read with tomllib, edited with tomlkit so that comments stay.

    [[feeds]]
    url = "https://example.org/rss.xml"
    title = "Example"        # optional

The address is the identity of a feed, character for character; nothing is normalised here.
"""

from __future__ import annotations

import difflib
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from wirewatch import tomlfile
from wirewatch.errors import ConfigError, WirewatchError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

KEYS = ("url", "title")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedLine:
    """A feed of feeds.toml."""

    url: str
    title: str | None = None


def read_feeds(path: Path) -> tuple[FeedLine, ...]:
    """Return the feeds of *path* in order.

    Raises ConfigError, with a line for each fault, when the file is missing, is not TOML, has an unknown key,
    names an address twice or one that is not http(s).
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
            feeds.append(FeedLine(url=table["url"], title=table.get("title") or None))
    if faults:
        raise ConfigError("\n".join(faults))
    return tuple(feeds)


def address_fault(url: str) -> str | None:
    """Return what is wrong with *url* as the address of a feed, or None."""
    if any(c.isspace() or not c.isprintable() for c in url):
        return "an address has no spaces and no control characters"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as e:
        return f"not an address: {e}"
    if parts.scheme not in {"http", "https"}:
        return "an address begins with https:// or http://"
    if not host:
        return "the address has no host"
    if parts.username is not None:
        return "an address with a user name is not supported"
    return None


def add_feeds(path: Path, wanted: Iterable[FeedLine]) -> tuple[tuple[FeedLine, ...], tuple[FeedLine, ...]]:
    """Append to *path* the feeds that it does not list yet; return those added and those it has already.

    The rest of the file stays as it is, byte for byte; only a byte order mark goes. Nothing is written when
    nothing is added.
    Raises ConfigError as `read_feeds` does, for a bad address, and when the file cannot be written.
    """
    listed = {feed.url for feed in read_feeds(path)}
    added: list[FeedLine] = []
    known: list[FeedLine] = []
    faults: list[str] = []
    for feed in wanted:
        fault = address_fault(feed.url)
        if fault:
            faults.append(f"{feed.url}: {fault}")
        elif feed.url in listed:
            known.append(feed)
        else:
            listed.add(feed.url)
            added.append(feed)
    if faults:
        raise ConfigError("\n".join(faults))
    if added:
        _write(path, _appended(_exact_text(path), added))
    return tuple(added), tuple(known)


def remove_feed(path: Path, url: str) -> FeedLine:
    """Take the feed *url* out of *path*, with the comments inside its table, and return it.

    Raises ConfigError as `read_feeds` does, WirewatchError when the feed is not listed (the nearest is named).
    """
    import tomlkit

    feeds = read_feeds(path)
    found = [index for index, feed in enumerate(feeds) if feed.url == url]
    if not found:
        near = difflib.get_close_matches(url, [feed.url for feed in feeds], n=1)
        hint = f"did you mean {near[0]}?" if near else "see: wirewatch feeds list"
        raise WirewatchError(f"{path}: {url} is not listed; {hint}")
    document = tomlkit.parse(_exact_text(path))
    tables = document["feeds"]
    assert isinstance(tables, list)
    if len(feeds) == 1:
        # tomlkit would leave `feeds = []`, after which no [[feeds]] may follow
        del document["feeds"]
    else:
        del tables[found[0]]
    _write(path, document.as_string())
    return feeds[found[0]]


def _fault(table: dict[str, object]) -> tuple[str, str] | None:
    """Return the key that is wrong in a table of feeds.toml and what is wrong with it, or None."""
    for key in table:
        if key not in KEYS:
            near = difflib.get_close_matches(key, KEYS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are: {', '.join(KEYS)}"
            return key, f"unknown key {key}; {hint}"
    for key in KEYS:
        if key in table and not isinstance(table[key], str):
            return key, f"{key}: expected text in quotes"
    url = table.get("url")
    if not isinstance(url, str):
        return "url", 'the feed has no address; add url = "https://…"'
    fault = address_fault(url)
    return ("url", f"{url}: {fault}") if fault else None


def _appended(text: str, feeds: Iterable[FeedLine]) -> str:
    """Return *text* with a table for each of *feeds* at its end."""
    import tomlkit

    document = tomlkit.parse(text)
    inline = document.get("feeds")
    if isinstance(inline, tomlkit.items.Array):
        for feed in feeds:
            table = tomlkit.inline_table()
            table.update(_keys(feed))
            inline.append(table)
        return document.as_string()
    newline = "\r\n" if "\r\n" in text else "\n"
    if text and not text.endswith("\n"):
        text += newline
    for feed in feeds:
        block = tomlkit.table()
        block.update(_keys(feed))
        text += newline if text else ""
        text += f"[[feeds]]\n{block.as_string()}".replace("\n", newline)
    return text


def _keys(feed: FeedLine) -> dict[str, str]:
    return {"title": feed.title, "url": feed.url} if feed.title else {"url": feed.url}


def _exact_text(path: Path) -> str:
    """Return the text of *path* with its line ends as they are; a byte order mark is dropped."""
    return path.read_bytes().decode("utf-8-sig")


def _write(path: Path, text: str) -> None:
    """Replace *path* at once: whoever reads it finds the old list or the new one. Its permissions stay."""
    parse_feeds(text, path)
    target = path.resolve()
    temporary: str | None = None
    try:
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(target.stat().st_mode)
        Path(temporary).replace(target)
    except OSError as e:
        if temporary:
            with suppress(OSError):
                Path(temporary).unlink()
        raise ConfigError(f"{path}: cannot be written: {e.strerror}") from e
