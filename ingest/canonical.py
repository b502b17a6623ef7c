"""The address that a page names as that of the original, where this says something. Pure: nothing is looked up.

Pages mostly name themselves, some their home page, and some, through a fault, several; all of these say nothing.
Where a page names another address of its own site for the same story, that is its own: see `ingest.same_page`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ingest.address import DEFAULT_TRACKERS, host_of, normalise_address, resolve
from ingest.address_guard import is_public
from ingest.errors import Permanent

if TYPE_CHECKING:
    from collections.abc import Iterable

#: More links than these are nobody's canonical address.
_MAX_LINKS = 20

#: Ends of names that lead nowhere, or into a network of the page's own (RFC 2606, 6761, 6762, 8375, and habits).
_LOCAL_NAMES = frozenset(
    {"arpa", "corp", "home", "internal", "intranet", "invalid", "lan", "local", "localhost", "test"}
)


def choose_canonical(
    links: Iterable[str],
    graph: Iterable[str],
    *,
    base: str,
    own: str,
    trackers: tuple[str, ...] = DEFAULT_TRACKERS,
) -> str | None:
    """The normalised address of the page that *own*, a normalised address, says it is a copy of; None: of none.

    *links* are those with rel=canonical, *graph* those of og:url, which count where no valid link is given. Relative
    ones start from *base*. Ignored are two different ones, home pages, private addresses, and the page itself, also
    with or without "www.", "https" and the last slash. *trackers* are the parameters that make no other page of an
    address.
    """
    address = named_address(links, graph, base=base, trackers=trackers)
    return address if address is not None and _says_something(address, own) else None


def named_address(
    links: Iterable[str], graph: Iterable[str], *, base: str, trackers: tuple[str, ...] = DEFAULT_TRACKERS
) -> str | None:
    """The one normalised address that a page names, be it its own; None where it names none, or two different ones."""
    for given in (links, graph):
        found = {address for link in list(given)[:_MAX_LINKS] if (address := _normalised(link, base, trackers))}
        if found:
            address = found.pop()
            return None if found else address
    return None


def _normalised(link: str, base: str, trackers: tuple[str, ...]) -> str | None:
    address = resolve(link.strip(), base) if link.strip() else None
    try:
        return normalise_address(address, trackers) if address else None
    except Permanent:
        return None


def _says_something(address: str, own: str) -> bool:
    if urlsplit(address).path in {"", "/"} or _same_page(address) == _same_page(own):
        return False
    # A newsroom within a private network names addresses there.
    return not _is_private(address) or _is_private(own)


def _same_page(address: str) -> str:
    return address.partition("://")[2].removeprefix("www.").rstrip("/")


def _is_private(address: str) -> bool:
    """Its host is a private network address, or a name that is not public, as far as the name alone can tell."""
    host = host_of(address).strip("[]")
    if ":" in host or host.rpartition(".")[2].isdigit():
        return not is_public(host)
    *more, last = host.rstrip(".").split(".")
    return not more or last in _LOCAL_NAMES
