"""The address of the database as people write it: made whole, and shown without a password."""

from __future__ import annotations

from pathlib import Path


def database_url(text: str, base: Path) -> str:
    """Return *text*, a path or sqlite:///PATH, as sqlite:///ABSOLUTE-PATH; relative to *base*.

    An address on a PostgreSQL server is returned as it is. Raises ValueError for anything else.
    """
    if "://" in text:
        scheme, _, rest = text.partition("://")
        if scheme != "sqlite":
            return _server_url(text)
        if not rest.startswith("/") or rest == "/":
            raise ValueError("use sqlite:///PATH (four slashes for an absolute path) or a path")
        text = rest[1:]
    if text == ":memory:" or "?" in text or "\0" in text:
        raise ValueError("the database must be a file, and its name has no question mark")
    path = (base / Path(text).expanduser()).absolute()
    if path.is_dir():
        raise ValueError("is a directory; name a file in it")
    return f"sqlite:///{path}"


def _server_url(text: str) -> str:
    from storage.address import read_address
    from storage.errors import DatabaseUrlInvalid

    try:
        read_address(text)
    except DatabaseUrlInvalid as e:
        why = f"{e.detail}; " if e.detail else ""
        raise ValueError(f"{why}use a path, sqlite:///PATH or postgresql://USER@HOST/NAME") from None
    return text


def shown_url(text: str) -> str:
    """Return what is written for a database as it may be shown: without a password."""
    if "://" not in text or text.startswith("sqlite:"):
        return text
    from storage.address import without_secrets

    return without_secrets(text)
