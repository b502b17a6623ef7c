"""`wirewatch why`: the whole way of one entry."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from wirewatch.cli.listing import record_options
from wirewatch.cli.options import MOST, Command
from wirewatch.cli.source import is_address
from wirewatch.cli.wiring import pass_call, tell
from wirewatch.entry_fields import WHY
from wirewatch.errors import WirewatchError

if TYPE_CHECKING:
    from storage.listings import Listings
    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call
    from wirewatch.why import ToldEntry

_IDENT = re.compile(r"[0-9]{1,19}")


@click.command(cls=Command)
@click.argument("what", metavar="ENTRY|URL")
@record_options
@pass_call
def why(call: Call, listing: Listing, *, what: str) -> None:
    """Tell the whole way of one entry, or why there is none.

    ENTRY is its number, as `entries` lists it; URL the address of its page, of its article, or its guid. Told are:
    when and in which feed it was seen, each fetch of its page and what came of it, which text was used, what it is a
    copy of, which topics match, and when it is tried next. Several entries of one address are all told.
    """
    from ingest.model import utc_now
    from wirewatch.why import lines_for_people

    told = _told(call, what)
    if listing.how != "table":
        listing.show(told, WHY, call, empty="")
        return
    now = utc_now()
    for index, each in enumerate(told):
        tell(([""] if index else []) + list(lines_for_people(each, call.settings.zone, now, call.repeated)))


def _told(call: Call, what: str) -> list[ToldEntry]:
    from ingest.target import redact
    from wirewatch.why import tell_entry

    with call.reading(f"wirewatch{call.repeated} entries") as listings:
        if _IDENT.fullmatch(what) and int(what) <= MOST:
            return [tell_entry(listings.trail(int(what)))]
        found = listings.find_entries(*_spellings(call, what))
        if not found and listings.forgotten_among(_spellings(call, what)):
            see = f"wirewatch{call.repeated} articles forgotten"
            raise WirewatchError(f"{redact(what)}: its article was forgotten for good; see: {see}")
        if not found:
            raise WirewatchError(f"{redact(what)}: no entry has this address; {_what_to_try(call, listings, what)}")
        return [tell_entry(listings.trail(ident)) for ident in found]


def _spellings(call: Call, what: str) -> list[str]:
    """The address as it is given, and as addresses of pages are stored."""
    from ingest.address import normalise_address
    from ingest.errors import IngestError

    if not is_address(what):
        return [what]
    try:
        return list(dict.fromkeys([what, normalise_address(what, call.app.trackers)]))
    except (IngestError, ValueError):
        return [what]


def _what_to_try(call: Call, listings: Listings, what: str) -> str:
    """Say what to do where an address is not known; a feed itself is told apart."""
    from ingest.target import parse_target

    if not is_address(what):
        return f"give the number of an entry or an address; see: wirewatch{call.repeated} entries"
    feeds = listings.feeds()
    if any(what in {feed.url, feed.fetch_url} for feed in feeds):
        return f"it is a feed; see: {call.command('feeds check', what)}"
    try:
        host = parse_target(what).host
    except ValueError:
        return "it is none that a page can have"
    nearby = next((feed.url for feed in feeds if parse_target(feed.url).host == host), None)
    if nearby is not None:
        return f"no feed has listed it; does this one list it now? {call.command('feeds check', nearby)}"
    return f"no feed of {host} is followed; {call.command('feeds add', f'https://{host}/')}"
