"""Changes feeds.toml: adds, removes, pauses. What is not changed stays as it is, byte for byte.

Only a byte order mark goes. Whoever reads the file finds the old list or the new one, and its permissions stay. Edits
at the same time wait for each other (`editlock`), so none undoes another.
"""

from __future__ import annotations

import difflib
import os
import re
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ingest.errors import Permanent
from ingest.target import redact
from wirewatch import tomlfile
from wirewatch.editlock import alone
from wirewatch.errors import ConfigError, WirewatchError
from wirewatch.feedlist import address_fault, parse_feeds, read_feeds, span_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wirewatch.feedlist import FeedLine


def add_feeds(path: Path, wanted: Iterable[FeedLine]) -> tuple[tuple[FeedLine, ...], tuple[FeedLine, ...]]:
    """Append to *path* the feeds that it does not list yet; return those added and those it has already.

    It has one that is of the same `identity`, too. Nothing is written when nothing is added.
    Raises ConfigError as `read_feeds` does, for a bad address, and when the file cannot be written.
    """
    with alone(path):
        return _add_feeds(path, wanted)


def _add_feeds(path: Path, wanted: Iterable[FeedLine]) -> tuple[tuple[FeedLine, ...], tuple[FeedLine, ...]]:
    listed = {identity(feed.url) for feed in read_feeds(path)}
    added: list[FeedLine] = []
    known: list[FeedLine] = []
    faults: list[str] = []
    for feed in wanted:
        fault = address_fault(feed.url)
        if fault:
            faults.append(f"{redact(feed.url)}: {fault}")
        elif identity(feed.url) in listed:
            known.append(feed)
        else:
            listed.add(identity(feed.url))
            added.append(feed)
    if faults:
        raise ConfigError("\n".join(faults))
    if added:
        _write(path, _appended(_exact_text(path), added))
    return tuple(added), tuple(known)


def identity(url: str) -> str:
    """Return what two ways to write one address have in common.

    Beyond `normalise_address`, percent-encoding is made one (RFC 3986, section 6.2.2). What is no address is itself.

    >>> identity("HTTPS://News.Example:443/%7eme/feed%2f1?utm_source=x#top")
    'https://news.example/~me/feed%2F1'
    """
    from ingest.address import normalise_address

    try:
        return _ENCODED.sub(_decoded, normalise_address(url))
    except Permanent:
        return url


_ENCODED = re.compile(r"%([0-9A-Fa-f]{2})")


def _decoded(found: re.Match[str]) -> str:
    """The character, where it is one that needs no encoding."""
    character = chr(int(found[1], 16))
    is_unreserved = character.isascii() and (character.isalnum() or character in "-._~")
    return character if is_unreserved else found[0].upper()


def remove_feed(path: Path, url: str) -> FeedLine:
    """Take the feed *url* out of *path*, with the comments inside its table, and return it.

    Raises ConfigError as `read_feeds` does, WirewatchError when the feed is not listed (the nearest is named).
    """
    with alone(path):
        return _remove_feed(path, url)


def _remove_feed(path: Path, url: str) -> FeedLine:
    import tomlkit

    feeds = read_feeds(path)
    found = find_feed(feeds, url, path)
    document = tomlkit.parse(_exact_text(path))
    tables = document["feeds"]
    assert isinstance(tables, list)
    if len(feeds) == 1:
        # tomlkit would leave `feeds = []`, after which no [[feeds]] may follow
        del document["feeds"]
    else:
        del tables[feeds.index(found)]
    _write(path, document.as_string())
    return found


def pause_feed(path: Path, url: str, *, is_paused: bool) -> bool:
    """Set or take away `paused = true` of the feed *url*; return whether that changed anything.

    Raises as `remove_feed` does.
    """
    with alone(path):
        return _pause_feed(path, url, is_paused=is_paused)


def _pause_feed(path: Path, url: str, *, is_paused: bool) -> bool:
    feeds = read_feeds(path)
    found = find_feed(feeds, url, path)
    if found.is_paused is is_paused:
        return False
    index = feeds.index(found)
    text = _exact_text(path)
    wanted = tuple(replace(feed, is_paused=is_paused) if feed is found else feed for feed in feeds)
    edited = _with_line(text, index) if is_paused else _without_line(text, index)
    if not _reads_as(edited, wanted, path):
        edited = _paused_by_tomlkit(text, index, is_paused=is_paused)
    _write(path, edited)
    return True


def find_feed(feeds: Iterable[FeedLine], url: str, path: Path) -> FeedLine:
    """Return the feed *url* of *path*. Raises WirewatchError, which names the nearest of the same host."""
    listed = {feed.url: feed for feed in feeds}
    if url in listed:
        return listed[url]
    near = difflib.get_close_matches(url, [each for each in listed if _host(each) == _host(url)], n=1)
    hint = f"did you mean {near[0]}?" if near else "see: wirewatch feeds list; or add it with: wirewatch feeds add"
    raise WirewatchError(f"{path}: {redact(url)} is not listed; {hint}")


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


# --- the text ---------------------------------------------------------------------------------------


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _with_line(text: str, index: int) -> str:
    """Return *text* with `paused = true` in a line of its own below the address of a feed.

    tomlkit would write it at the end of the table, behind comments that stand above the next one.
    """
    lines = text.split("\n")
    place = tomlfile.line_of(text, ["feeds", index, "url"])
    end = "\r" if lines[place - 1].endswith("\r") else ""
    if place == len(lines):
        # the file ends without a line end
        lines[-1] += _newline(text).removesuffix("\n")
    return "\n".join([*lines[:place], f"paused = true{end}", *lines[place:]])


def _without_line(text: str, index: int) -> str:
    """Return *text* without the line in which a feed is paused."""
    lines = text.split("\n")
    del lines[tomlfile.line_of(text, ["feeds", index, "paused"]) - 1]
    return "\n".join(lines)


def _reads_as(text: str, wanted: tuple[FeedLine, ...], path: Path) -> bool:
    try:
        return parse_feeds(text, path) == wanted
    except ConfigError:
        return False


def _paused_by_tomlkit(text: str, index: int, *, is_paused: bool) -> str:
    """Do the same where the feeds are not written a key a line."""
    import tomlkit

    document = tomlkit.parse(text)
    tables = document["feeds"]
    assert isinstance(tables, list)
    if is_paused:
        tables[index]["paused"] = True
    else:
        del tables[index]["paused"]
    return document.as_string()


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
    newline = _newline(text)
    if text and not text.endswith("\n"):
        text += newline
    for feed in feeds:
        block = tomlkit.table()
        block.update(_keys(feed))
        text += newline if text else ""
        text += f"[[feeds]]\n{block.as_string()}".replace("\n", newline)
    return text


def _keys(feed: FeedLine) -> dict[str, object]:
    """Return what is written of a feed."""
    import tomlkit

    headers = tomlkit.inline_table()
    headers.update(dict(feed.headers))
    written = {
        "title": feed.title or None,
        "url": feed.url,
        "paused": feed.is_paused or None,
        "every": None if feed.every_s is None else span_text(feed.every_s),
        "headers": headers if feed.headers else None,
        "user": feed.user,
        "password": feed.password,
    }
    return {key: value for key, value in written.items() if value is not None}


def _exact_text(path: Path) -> str:
    """Return the text of *path* with its line ends as they are; a byte order mark is dropped."""
    return path.read_bytes().decode("utf-8-sig")


def _write(path: Path, text: str) -> None:
    """Replace *path* at once."""
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
