"""`wirewatch search`: articles by what they say."""

from __future__ import annotations

import difflib
import re
from functools import partial
from typing import TYPE_CHECKING

import click

from ingest.model import EntryState
from wirewatch.cli.listing import listing_options
from wirewatch.cli.options import IDENT, Command
from wirewatch.cli.topics import of_topic
from wirewatch.cli.wiring import note, pass_call
from wirewatch.errors import WirewatchError
from wirewatch.fields import FOUND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.listings import Listings
    from storage.searching.search import Order
    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call

#: what can be a host; it may be given as in a rule, with a dot in front
_HOST = re.compile(r"\.?[^\s/:@?#.]+(\.[^\s/:@?#.]+)*\.?|\[[0-9a-fA-F:.]+\]")
_LANG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


def _read_hosts(_ctx: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """Return the hosts as they are stored. Raises click.BadParameter for an address."""
    for value in values:
        if not _HOST.fullmatch(value):
            raise click.BadParameter(f"{value!r} is no host; write one as in cnn.com, which has its subdomains too")
    return tuple(value.lower().strip(".") for value in values)


def _read_langs(_ctx: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if not _LANG.fullmatch(value):
            raise click.BadParameter(f"{value!r} is no code of a language; write one as in en or pt-br")
    return tuple(value.lower() for value in values)


@click.command(cls=Command)
@click.argument("query")
@click.option("--topic", "topics", metavar="TOPIC", multiple=True, help="Only articles that match this topic.")
@click.option("--feed", "feeds", type=IDENT, metavar="ID", multiple=True, help="Only articles that this feed listed.")
@click.option(
    "--source",
    "sources",
    metavar="HOST",
    multiple=True,
    callback=_read_hosts,
    help="Only articles of this host and its subdomains.",
)
@click.option(
    "--lang",
    "langs",
    metavar="CODE",
    multiple=True,
    callback=_read_langs,
    help="Only articles in this language: en is en-GB too.",
)
@click.option(
    "--state",
    "states",
    type=click.Choice([str(state) for state in EntryState]),
    multiple=True,
    help="Only articles whose entry is in this state, as entries lists it.",
)
@click.option(
    "--order",
    type=click.Choice(["newest", "relevance"]),
    default="newest",
    show_default=True,
    help="What comes first; relevance sorts the newest 2,000 hits.",
)
@click.option("--snippets/--no-snippets", default=True, help="Show the passage with the hits, or save that time.")
@listing_options
@pass_call
def search(
    call: Call,
    listing: Listing,
    *,
    query: str,
    topics: tuple[str, ...],
    feeds: tuple[int, ...],
    sources: tuple[str, ...],
    langs: tuple[str, ...],
    states: tuple[str, ...],
    order: Order,
    snippets: bool,
) -> None:
    """List the articles that an expression of the rule language matches.

    For example: wirewatch search '"Black Sea" AND (grain | wheat)'. The newest come first. An option that is given
    twice lets both values pass. docs/reference/search.md tells the rest.
    """
    from storage.searching.filters import Filter
    from storage.searching.search import MOST_RANKED, SCAN_LIMIT

    if not query.strip():
        raise click.UsageError("the search is empty: write a word to look for")
    if listing.after is not None and order != "newest":
        raise click.UsageError(f"--after goes with --order newest: by {order} there are no pages")
    with call.reading(f"wirewatch{call.repeated} feeds list") as listings:
        known = _known_topics(call, listings, topics) if topics else ()
        if topics and not known:
            listing.show((), FOUND, call, empty="")
            return
        asked = Filter(topics=known, feeds=feeds, sources=sources, langs=langs, states=states)
        found = listings.search(query, asked=asked, order=order, with_snippets=snippets, **listing.span(call))
        listing.show(found, FOUND, call, empty="nothing found", has_pages=order == "newest")
    if not found.is_complete:
        note(
            f"only the newest {SCAN_LIMIT:,} articles were read; "
            "narrow it with --since, an option such as --source, or a word that must occur"
        )
    if found.is_ranking_cut:
        note(f"only the newest {MOST_RANKED:,} hits were sorted by relevance; narrow it with --since or --until")


def _known_topics(call: Call, listings: Listings, topics: Sequence[str]) -> tuple[str, ...]:
    """Return those of *topics* that are recorded, and say of one that only the rule files have that it is new.

    Raises WirewatchError for a topic that nobody has.
    """
    recorded = [topic.name for topic in listings.topics()]

    def find(name: str) -> str:
        if name not in recorded:
            raise LookupError(name)
        return name

    known = []
    for name in topics:
        try:
            known.append(of_topic(call, name, partial(find, name)))
        except LookupError as e:
            near = difflib.get_close_matches(name, recorded, n=1)
            hint = f"did you mean {near[0]}?" if near else f"see: wirewatch{call.repeated} rules list"
            raise WirewatchError(f"no topic {name}; {hint}") from e
    return tuple(name for name in known if name is not None)
