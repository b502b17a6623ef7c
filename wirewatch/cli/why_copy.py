"""`wirewatch why-copy`: why a text is a copy of another one, or why not."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import click

from wirewatch.cli.listing import record_options
from wirewatch.cli.options import MOST, Command
from wirewatch.cli.show import read_version
from wirewatch.cli.source import is_address, read_article
from wirewatch.cli.wiring import pass_call
from wirewatch.errors import WirewatchError
from wirewatch.whycopy_fields import WHY_COPY

if TYPE_CHECKING:
    from storage.listings import Listings
    from storage.records import ShownArticle
    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call
    from wirewatch.whycopy_records import Side, Told

#: ID or ID@VERSION
_STORED = re.compile(r"[0-9]+(?:@[0-9]+)?")


@click.command("why-copy", cls=Command)
@click.argument("one", metavar="A")
@click.argument("other", metavar="B")
@record_options
@pass_call
def why_copy(call: Call, listing: Listing, *, one: str, other: str) -> None:
    """Tell why article A is a copy of B, or why not.

    Each is the id of an article, ID@VERSION for an earlier text of it, a file (a page or plain text; ./7 for a file
    named 7), or - for standard input. With two files no database is needed. The verdict is made as it is live, between
    these two alone.

    Exit code 0 whatever the verdict.
    """
    if not (one and other):
        raise click.UsageError("an empty name is neither an article nor a file")
    if one == other == "-":
        raise click.UsageError("only one of the two can be standard input")
    told = _explain(call, one, other)
    if listing.how != "table":
        listing.show_one(told, WHY_COPY, call)
        return
    from wirewatch.output import clean_line
    from wirewatch.ruleexplain import Signs
    from wirewatch.whycopy_lines import lines_for_people

    text = "".join(f"{clean_line(line)}\n" for line in lines_for_people(told))
    click.echo(text.translate(Signs.of(sys.stdout.encoding).plain or {}), nl=False)


def _explain(call: Call, one: str, other: str) -> Told:
    from datetime import timedelta

    from wirewatch.whycopy import explain, learned_hashes

    names = one, other
    if not any(map(_STORED.fullmatch, names)):
        return explain(_file(one), _file(other))
    files = {name: _file(name) for name in names if not _STORED.fullmatch(name)}
    with call.reading(f"wirewatch{call.repeated} articles") as listings:
        shown = {name: _shown(call, listings, name) for name in names if name not in files}
        sides = [files.get(name) or _stored(name, shown[name]) for name in names]
        furniture = listings.furniture([(side.source, learned_hashes(side)) for side in sides])
    window = timedelta(days=call.settings.copies.window_days)
    relation = _relation(shown[one], shown[other]) if len(files) == 0 else None
    return explain(*sides, furniture=furniture, window=window, stored=relation)


def _relation(one: ShownArticle, other: ShownArticle) -> str | None:
    """What is stored that the one is to the other: it is kept of current versions only."""
    is_current = all(
        version.is_current or version.n != each.version for each in (one, other) for version in each.versions
    )
    return next((each.kind for each in one.relations if each.article == other.id), None) if is_current else None


def _shown(call: Call, listings: Listings, name: str) -> ShownArticle:
    """The article with this id, in the version after the @. Raises LookupError, WirewatchError for the version."""
    article, at, version = name.partition("@")
    # What is longer is the id of nothing; Python refuses to read numbers of many thousand digits.
    if max(len(article), len(version)) > len(str(MOST)) or not 1 <= int(article) <= MOST or int(version or 1) > MOST:
        raise LookupError(f"no article {name[:40]}")
    return read_version(call, listings, int(article), int(version) if at else None)


def _stored(name: str, article: ShownArticle) -> Side:
    from wirewatch.whycopy_records import Side

    return Side(
        name=name,
        title=article.title,
        text=article.text,
        source=article.source,
        url=article.url,
        repaired=article.repaired,
        credit=article.credit,
        article=article.id,
        version=article.version,
        versions=len(article.versions),
        story=article.story,
        first_seen=article.first_seen,
    )


def _file(name: str) -> Side:
    from wirewatch.whycopy_records import Side

    if is_address(name):
        raise WirewatchError(f"{name}: save it to a file and name that, or name the id of its article")
    article = read_article(name)
    return Side(
        name=name,
        title=article.title,
        text=article.text,
        source="",
        url=article.url,
        repaired=article.repaired,
        credit=article.credit,
    )
