"""What is kept of the lines that sites repeat: the newest pages of each, and what proved to be furniture."""

from __future__ import annotations

import threading
from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import Text, bindparam, func, select

from ingest.copies.repeats import MIN_SITES, PageLines, add_page, furniture_of_last, hash_page
from storage import dialect, direct
from storage.tables import site_line, site_memory

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy import Connection, Insert, Select

    from ingest.copies.model import Fingerprint

#: Locked where several write at once: of two pages of a site none is to be lost.
_MEMORY = select(site_memory.c.pages).where(site_memory.c.site == bindparam("host")).with_for_update()


@cache
def _set_memory(name: str) -> Insert:
    add = dialect.insert(site_memory, name)
    return add.on_conflict_do_update(index_elements=["site"], set_={"pages": add.excluded.pages})


@cache
def _add_lines(name: str) -> Insert:
    """Add lines of a site; not those known of MIN_SITES sites already, which are furniture on every site."""
    wanted = dialect.numbers("lines", name).alias("wanted")
    known = select(func.count()).where(site_line.c.line == wanted.c.value).scalar_subquery()
    new = select(wanted.c.value, bindparam("host", type_=Text()).label("site")).where(known < MIN_SITES)
    return dialect.insert(site_line, name).from_select(["line", "site"], new).on_conflict_do_nothing()


_FROM = select(site_line.c.id, site_line.c.line, site_line.c.site).where(site_line.c.id >= bindparam("last"))


@cache
def _sites(name: str) -> Select[int, str]:
    wanted = dialect.numbers("lines", name).alias("wanted")
    return select(site_line.c.line, site_line.c.site).join(wanted, wanted.c.value == site_line.c.line)


class Sites:
    """What is furniture, in memory: a look-up adds what came in since the last one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        #: what is furniture, with its sites, up to the row `_last`
        self._furniture: defaultdict[int, set[str]] = defaultdict(set)
        self._last = 0
        #: the file or run of a server that this is known of; of another one in its place all is read
        self._file: object = None

    def furniture_among(self, connection: Connection, pages: Iterable[tuple[str, Iterable[int]]]) -> frozenset[int]:
        """As `furniture_among`, from memory."""
        with self._lock:
            if (file := connection.info.get("file")) != self._file:
                self._file, self._last = file, 0
                self._furniture.clear()
            self._follow(connection)
            if not self._furniture:
                return frozenset()
            known = self._furniture.keys()
            return frozenset(
                line for site, lines in pages for line in known & lines if _is_furniture(self._furniture[line], site)
            )

    def _follow(self, connection: Connection) -> None:
        """Add what came in since the last look, which is known by its last row.

        Writers take turns on every database, so no row comes to light below one that was seen. Where that row is gone,
        all are: a rebuild, which may be another process, learns anew what sites repeat.
        """
        found = connection.execute(_FROM, {"last": self._last}).all()
        if self._last and all(row.id != self._last for row in found):
            self._furniture.clear()
            found = connection.execute(_FROM, {"last": 0}).all()
            self._last = 0
        for row in found:
            self._furniture[row.line].add(row.site)
            self._last = max(self._last, row.id)

    def remember(self, connection: Connection, site: str, url: str, taken: Fingerprint) -> None:
        """Remember a page of *site* by its lines, and keep what they prove to be furniture.

        Does nothing for a page that has no site or no prose, or that is the last one remembered, unchanged.
        """
        if not site or not taken.hashes:
            return
        name = connection.dialect.name
        row = direct.first(connection, _MEMORY, {"host": site})
        before: bytes = b"" if row is None else row.pages
        page = PageLines(hash_page(url), taken.title, taken.hashes)
        try:
            packed = add_page(before, page)
        except ValueError:
            # It is no more than a help to know furniture: it fills again, and no article may be lost for it.
            before, packed = b"", add_page(b"", page)
        if packed == before:
            return
        direct.change(connection, _set_memory(name), {"site": site, "pages": packed})
        lines = furniture_of_last(before, packed, self._unknown(site, taken.hashes))
        if lines:
            connection.execute(_add_lines(name), {"lines": dialect.pack(lines, name), "host": site})

    def _unknown(self, site: str, lines: Iterable[int]) -> frozenset[int]:
        """Those of *lines* that need to be proved: what a look-up has found to be furniture of the site is stored."""
        wanted = frozenset(lines)
        with self._lock:
            known = self._furniture.keys() & wanted
            return wanted.difference(line for line in known if site in self._furniture[line]) if known else wanted


def furniture_among(connection: Connection, pages: Iterable[tuple[str, Iterable[int]]]) -> frozenset[int]:
    """The lines of *pages*, each given by its site and its lines, that are known as furniture there or everywhere."""
    given = [(site, frozenset(lines)) for site, lines in pages]
    wanted = frozenset().union(*(lines for _, lines in given))
    if not wanted:
        return frozenset()
    name = connection.dialect.name
    known: defaultdict[int, list[str]] = defaultdict(list)
    for line, site in connection.execute(_sites(name), {"lines": dialect.pack(wanted, name)}):
        known[line].append(site)
    return frozenset(
        line
        for line, sites in known.items()
        if any(line in lines and _is_furniture(sites, site) for site, lines in given)
    )


def _is_furniture(sites: Collection[str], site: str) -> bool:
    """Whether what is furniture on *sites* is so on *site*."""
    return len(sites) >= MIN_SITES or site in sites
