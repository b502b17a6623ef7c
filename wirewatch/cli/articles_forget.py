"""`wirewatch articles forget` and `forgotten`: what is removed for good."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import click

from wirewatch.cli.listing import format_options, span_options
from wirewatch.cli.options import MOST, Command
from wirewatch.cli.progress import Progress
from wirewatch.cli.wiring import counted, note, pass_call, tell, telling_that_it_goes_on
from wirewatch.errors import WirewatchError
from wirewatch.fields import FORGOT, FORGOTTEN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.forgotten import Forgot
    from storage.listings import Listings
    from storage.records import ShownArticle
    from storage.upkeep.erasing import Eraser
    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call

_IDENT = re.compile(r"[0-9]{1,19}")
#: so many articles are named before it is asked
MOST_NAMED = 20
_GOES_ON = "the same command does the rest, and goes on with the words that are left in the file"


@click.command(cls=Command)
@click.argument("what", metavar="ID|URL...", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Do not ask.")
@format_options
@pass_call
def forget(call: Call, listing: Listing, *, what: tuple[str, ...], yes: bool) -> None:
    """Remove articles for good, and remember that they were.

    All that says or quotes a word of them goes: texts, versions, pages, matches, relations, and what feeds say of them.
    What stays are their numbers and addresses, and their entries as done, for the reason forgotten: whatever lists or
    leads to one of the addresses later, nothing of it is stored. This cannot be undone.

    Of an SQLite database the words are overwritten in the file and in its log. Backups and exports keep theirs; on
    PostgreSQL so do the server's own files, until its administrator has seen to that.

    Interrupted or killed, call it again: what is forgotten already is said, and the rest is done.
    """
    from storage.upkeep.erasing import Eraser

    with call.reading(f"wirewatch{call.repeated} articles") as listings:
        found = [_find(call, listings, name) for name in dict.fromkeys(what)]
    for each in found:
        if isinstance(each, str):
            note(each)
    chosen = list({each.id: each for each in found if not isinstance(each, str)}.values())
    if not chosen:
        # Whoever was interrupted before the words were overwritten tries the same once more.
        with telling_that_it_goes_on(_GOES_ON), Eraser(call.settings.database.url) as eraser:
            listing.show([], FORGOT, call, empty="")
            _overwrite(eraser)
        return
    if not yes and not _is_sure(chosen):
        raise WirewatchError("nothing was removed")
    with (
        telling_that_it_goes_on(_GOES_ON),
        Eraser(call.settings.database.url) as eraser,
    ):
        try:
            done = _forget_all(call, eraser, chosen)
        except WirewatchError:
            _overwrite(eraser)
            raise
        listing.show(done, FORGOT, call, empty="")
        _overwrite(eraser)
    note("backups and exports keep what they hold")


@click.command(cls=Command)
@span_options("Only what was forgotten from then on")
@pass_call
def forgotten(call: Call, listing: Listing) -> None:
    """List what was removed for good, the last first: addresses, and the numbers that the articles had."""
    span = listing.unpaged(call)
    with call.reading() as listings:
        rows = listings.forgotten(since=span["since"], until=span["until"], limit=span["limit"])
    listing.show(rows, FORGOTTEN, call, empty="nothing was forgotten")


def _find(call: Call, listings: Listings, name: str) -> ShownArticle | str:
    """The article with this number or address; in words, that it was forgotten already. Raises LookupError."""
    from ingest.target import redact

    if _IDENT.fullmatch(name) and 0 < int(name) <= MOST:
        when = listings.forgotten_at(int(name))
        if when is not None:
            return f"article {name} was forgotten already, {when:%Y-%m-%d %H:%M} UTC"
        return listings.article(int(name))
    spellings = _spellings(call, name)
    found = listings.article_at(spellings)
    if found is not None:
        return listings.article(found.id)
    if listings.forgotten_among(spellings):
        return f"{redact(name)}: forgotten already; see: wirewatch{call.repeated} articles forgotten"
    raise LookupError(f"no article has the address {redact(name)}")


def _spellings(call: Call, name: str) -> list[str]:
    """The address as it is given, and as addresses of pages are stored."""
    from ingest.address import normalise_address
    from ingest.errors import IngestError

    try:
        return list(dict.fromkeys([name, normalise_address(name, call.app.trackers)]))
    except (IngestError, ValueError):
        return [name]


def _is_sure(chosen: Sequence[ShownArticle]) -> bool:
    if not sys.stdin.isatty():
        raise click.UsageError("nobody can be asked here: to remove them for good, add --yes")
    tell(f"article {each.id}: {each.title or 'no title'} ({each.url})" for each in chosen[:MOST_NAMED])
    if len(chosen) > MOST_NAMED:
        tell([f"… and {len(chosen) - MOST_NAMED} more"])
    question = f"remove {counted(len(chosen), 'article')} for good? This cannot be undone (yes or no): "
    click.echo(question, err=True, nl=False)
    return sys.stdin.readline().strip().lower() == "yes"


def _forget_all(call: Call, eraser: Eraser, chosen: Sequence[ShownArticle]) -> list[Forgot]:
    from ingest.model import utc_now
    from storage.forgotten import IndexedOtherwiseError

    done: list[Forgot] = []
    with Progress(len(chosen), "articles") as progress:
        for each in chosen:
            try:
                done.append(eraser.forget(each.id, utc_now()))
            except IndexedOtherwiseError as error:
                fix = f"the index is to be made anew first: wirewatch{call.repeated} db reindex"
                raise WirewatchError(f"{error}; {fix}; {_so_far(done)}") from error
            except LookupError:
                # Another process was quicker.
                note(f"article {each.id} is gone already")
            progress.step()
    return done


def _so_far(done: Sequence[Forgot]) -> str:
    return f"removed until then: {', '.join(str(each.article) for each in done)}" if done else "nothing was removed"


def _overwrite(eraser: Eraser) -> None:
    """Overwrite what is left of the words in the file and its log; tell where they stay."""
    if not eraser.is_file:
        note("the server keeps the words in its files until VACUUM, and in backups and archives of its own")
        return
    with Progress(0, "pieces of the file overwritten") as progress:
        for number, _ in enumerate(eraser.clean(), 1):
            progress.show(number, number)
    if not eraser.fold_log():
        note("somebody reads from the database, so its log (-wal) keeps the words until that has ended")
