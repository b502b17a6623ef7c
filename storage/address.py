"""Where a database is: an SQLite file, or a database on a PostgreSQL server."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from storage.errors import DatabaseUrlInvalid

if TYPE_CHECKING:
    from sqlalchemy import URL

#: What people write for PostgreSQL; all mean the same driver.
POSTGRES_SCHEMES = ("postgresql+psycopg", "postgresql", "postgres")


@dataclass(frozen=True, slots=True)
class SqliteFile:
    """A database in a file."""

    path: Path

    @property
    def shown(self) -> str:
        """How people are told of it."""
        return str(self.path)


@dataclass(frozen=True, slots=True)
class PostgresDatabase:
    """A database on a server. Two are equal when they are shown alike."""

    #: how people are told of it: without the password
    shown: str
    #: what SQLAlchemy takes, with the password
    url: URL = field(repr=False, compare=False)


Address = SqliteFile | PostgresDatabase


def read_address(url: str) -> Address:
    """Read `sqlite:///PATH` or `postgresql://USER@HOST/NAME`, also written postgres:// and postgresql+psycopg://.

    PATH is taken as it stands, nothing in it is decoded. Raises DatabaseUrlInvalid for every other address, and for
    an SQLite database in memory, which two connections could not share.

    >>> read_address("sqlite:////var/lib/news 50%.db")
    SqliteFile(path=PosixPath('/var/lib/news 50%.db'))
    >>> read_address("postgres://news:secret@db.example:5433/news")
    PostgresDatabase(shown='postgresql://news@db.example:5433/news')
    """
    scheme, separator, rest = url.partition("://")
    if scheme == "sqlite":
        name = rest.removeprefix("/")
        if rest.startswith("/") and name and name != ":memory:":
            return SqliteFile(Path(name))
        raise DatabaseUrlInvalid(url, "a file is needed")
    if scheme in POSTGRES_SCHEMES and separator:
        return _read_postgres(rest)
    raise DatabaseUrlInvalid(without_secrets(url))


def without_secrets(url: str) -> str:
    """Return the address as it may be shown: without a password; where it cannot be read, without all that may be one.

    >>> without_secrets("postgres://news:secret@db.example/news")
    'postgresql://news@db.example/news'
    >>> without_secrets("mysql://news:secret@db.example/news")
    'mysql://…'
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme == "sqlite":
        return url
    if scheme in POSTGRES_SCHEMES:
        try:
            return _read_postgres(rest).shown
        except DatabaseUrlInvalid as error:
            return error.subject
    return f"{scheme}://…" if "@" in rest or "?" in rest else url


def _read_postgres(rest: str) -> PostgresDatabase:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(f"postgresql+psycopg://{rest}")
    except (ArgumentError, ValueError):
        # Neither the address nor what is said of it may be told: both have the password.
        raise DatabaseUrlInvalid("postgresql://…", "it cannot be read") from None
    if not url.database and "service" not in url.query:
        raise DatabaseUrlInvalid(_shown(url), "the name of the database is missing")
    return PostgresDatabase(_shown(url), url)


def _shown(url: URL) -> str:
    host = url.host or url.query.get("host") or url.query.get("service") or ""
    if not isinstance(host, str):
        host = ",".join(host)
    user = f"{url.username}@" if url.username else ""
    port = f":{url.port}" if url.port else ""
    host = f"[{host}]" if ":" in host else host
    return f"postgresql://{user}{host}{port}/{url.database or ''}"
