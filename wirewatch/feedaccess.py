"""Reads the secrets that feeds.toml names: what is sent with the polls of a feed. They are shown nowhere.

A file of a secret holds one line; its name is relative to feeds.toml. `take_credentials` and `keep_password` move those
out of an address that somebody pastes.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from ingest.header_rules import credentials_fault, header_fault
from ingest.polling import FeedAccess
from ingest.target import redact
from wirewatch.editlock import alone
from wirewatch.errors import ConfigError, MissingSecret
from wirewatch.secretnames import SECRET

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from wirewatch.feedlist import FeedLine

#: the folder beside feeds.toml in which passwords are kept that came in addresses
SECRETS_DIR = "secrets"
#: more is no password
MAX_SECRET_BYTES = 64 * 1024
_FILE_NAME = re.compile(r"[^a-z0-9.-]+")


def read_access(feed: FeedLine, environ: Mapping[str, str] = os.environ, *, folder: Path | None = None) -> FeedAccess:
    """Return what is sent with the polls of *feed*, with its secrets read.

    *folder* is what file names start from where the feed does not come from a file itself.

    Raises MissingSecret, with the line in feeds.toml, for a variable that is not set, a file that cannot be read and a
    value that no header can hold.
    """
    headers = []
    for name, text in feed.headers:
        value = _read(text, feed, environ, folder, ("headers", name))
        if fault := header_fault(name, value):
            raise _fault(feed, fault, ("headers", name))
        headers.append((name, value))
    credentials = None
    if feed.user is not None:
        password = _read(feed.password, feed, environ, folder, ("password",)) if feed.password else ""
        credentials = (feed.user, password)
        if fault := credentials_fault(*credentials):
            raise _fault(feed, fault, ("password",))
    return FeedAccess(headers=tuple(headers), credentials=credentials, every_s=feed.every_s)


def read_all_access(feeds: Iterable[FeedLine]) -> tuple[dict[str, FeedAccess], tuple[str, ...]]:
    """How each of *feeds* is to be asked for, by its address, and a line for each secret that cannot be had.

    The access of a feed that lacks its secret says so (`FeedAccess.missing`). Secrets of paused feeds are not read.
    """
    access: dict[str, FeedAccess] = {}
    faults = []
    for feed in feeds:
        try:
            access[feed.url] = FeedAccess(every_s=feed.every_s) if feed.is_paused else read_access(feed)
        except MissingSecret as error:
            access[feed.url] = FeedAccess(every_s=feed.every_s, missing=error.what)
            faults.append(str(error))
    return access, tuple(faults)


def access_or_missing(feed: FeedLine) -> FeedAccess:
    """How *feed* is to be asked for, also where it is paused; where a secret is missing, that says so."""
    try:
        return read_access(feed)
    except MissingSecret as error:
        return FeedAccess(every_s=feed.every_s, missing=error.what)


def secret_files(feeds: Iterable[FeedLine]) -> Iterator[Path]:
    """Yield each file that *feeds* name as one of a secret, once."""
    seen: set[Path] = set()
    for feed in feeds:
        for text in (feed.password or "", *(value for _, value in feed.headers)):
            found = SECRET.fullmatch(text)
            path = _path(found[2], feed) if found and found[1] == "file" else None
            if path is not None and path not in seen:
                seen.add(path)
                yield path


def is_readable_by_others(path: Path) -> bool:
    """Whether anybody but the owner of *path* may read it; not where there is no such file, as for a folder."""
    try:
        return path.is_file() and bool(stat.S_IMODE(path.stat().st_mode) & (stat.S_IRGRP | stat.S_IROTH))
    except OSError:
        return False


def abandoned_password(feed: FeedLine, others: Iterable[FeedLine]) -> Path | None:
    """Return the file of the password of *feed*, as `keep_password` names it, where none of *others* names it."""
    files = [path for path in secret_files([feed]) if feed.password]
    if not files or feed.place is None or not (feed.password or "").startswith(f"file:{SECRETS_DIR}/"):
        return None
    own = files[0]
    is_ours = own.parent == feed.place.path.resolve().parent / SECRETS_DIR
    return own if is_ours and own.is_file() and own not in set(secret_files(others)) else None


# --- credentials in an address ----------------------------------------------------------------------


def take_credentials(url: str) -> tuple[str, str | None, str | None]:
    """Return *url* without credentials, its user name and its password; None for what it does not have.

    >>> take_credentials("https://me:p%40ss@news.example/feed")
    ('https://news.example/feed', 'me', 'p@ss')
    """
    try:
        parts = urlsplit(url)
        user, password = parts.username, parts.password
    except ValueError:
        return url, None, None
    if user is None:
        return url, None, None
    return redact(url), unquote(user), None if password is None else unquote(password)


def keep_password(feeds_file: Path, url: str, password: str) -> str:
    """Write *password* to a new file beside *feeds_file*, for its owner alone; return how feeds.toml names it.

    The file is called by the host of *url*; one that holds this password already is used again. Raises ConfigError
    when it cannot be written.
    """
    folder = feeds_file.resolve().parent / SECRETS_DIR
    host = _FILE_NAME.sub("-", urlsplit(url).hostname or "").strip(".-") or "feed"
    try:
        with alone(feeds_file):
            folder.mkdir(mode=0o700, exist_ok=True)
            number = 1
            while True:
                name = host if number == 1 else f"{host}-{number}"
                if _keep(folder / name, password):
                    return f"file:{SECRETS_DIR}/{name}"
                number += 1
    except OSError as e:
        raise ConfigError(f"{folder}: the password cannot be written: {e.strerror}") from e


def _keep(path: Path, password: str) -> bool:
    """Write the file, or find that it holds just this; False: it is another one's."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.is_file() and path.read_bytes() == f"{password}\n".encode()
    with os.fdopen(handle, "wb") as file:
        file.write(f"{password}\n".encode())
    return True


# --- one secret -------------------------------------------------------------------------------------


def _read(text: str, feed: FeedLine, environ: Mapping[str, str], folder: Path | None, key: tuple[str, ...]) -> str:
    """Return the secret that *text*, the value of *key*, names; or *text* where it names none. Raises ConfigError."""
    found = SECRET.fullmatch(text)
    if found is None:
        return text
    if found[1] == "file":
        secret, fault = _of_file(_path(found[2], feed, folder))
    else:
        secret = environ.get(found[2], "")
        fault = "" if secret else f"the variable {found[2]} is not set; set it where wirewatch is started"
    if fault:
        raise _fault(feed, fault, key)
    return secret


def _of_file(path: Path) -> tuple[str, str]:
    """Return the line in the file, or what is wrong with it, which quotes nothing of it."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_SECRET_BYTES + 1)
        lines = content.decode("utf-8-sig").splitlines()
    except OSError as e:
        return "", f"{path} cannot be read: {e.strerror}; write the secret into it, in one line"
    except UnicodeDecodeError:
        return "", f"{path} is not UTF-8; write the secret into it, in one line"
    if len(content) > MAX_SECRET_BYTES or len(lines) != 1 or not lines[0]:
        return "", f"{path} must hold the secret in one line, and nothing else"
    return lines[0], ""


def _path(name: str, feed: FeedLine, folder: Path | None = None) -> Path:
    base = feed.place.path.resolve().parent if feed.place else folder or Path.cwd()
    return base / Path(name).expanduser()


def _fault(feed: FeedLine, fault: str, key: tuple[str, ...]) -> MissingSecret:
    place = feed.place.line(*key) if feed.place else feed.url
    return MissingSecret(f"{place}: {': '.join(key)}", fault)
