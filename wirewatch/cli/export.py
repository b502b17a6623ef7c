"""`wirewatch export`: what is stored, for other programs and for people without one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from ingest.model import utc_now
from wirewatch.cli.listing import Listing
from wirewatch.cli.options import MOST, Command
from wirewatch.cli.progress import Progress
from wirewatch.cli.wiring import counted, note, pass_call
from wirewatch.output import clean_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from storage.listings import Listings
    from storage.lists.export_lists import ExportListings
    from wirewatch.cli.wiring import Call
    from wirewatch.export_html import Chapter
    from wirewatch.exporting import Wanted
    from wirewatch.output import Format

WHATS = ("matches", "stories", "articles", "entries", "feeds", "events", "archive")
FORMATS = ("jsonl", "csv", "tsv", "json", "parquet", "html", "opml")

#: What can be written in a format, where that is not everything but the archive.
_ONLY = {"html": ("matches", "stories"), "opml": ("feeds",)}

#: Matches of a topic in a page of HTML unless asked: what people scroll through.
PAGE_LIMIT = 500


@click.command(cls=Command)
@click.argument("what", type=click.Choice(WHATS), default="matches")
@click.option(
    "--format", "how", type=click.Choice(FORMATS), help="Default: by the name of the file; jsonl on standard output."
)
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, allow_dash=True), default="-", help="Default: standard output."
)
@click.option("--topic", metavar="TOPIC", help="Only matches of this topic, or stories with such.")
@click.option("--excel", is_flag=True, help="CSV for spreadsheets: a byte order mark, and no cell is run as a formula.")
@click.option("--raw-pages", is_flag=True, help="With the archive also the pages as they came, where they are kept.")
@click.option("--force", is_flag=True, help="Overwrite the file.")
@click.option("--since", metavar="WHEN", help="From then on: 2d, 36h, today, monday, 2026-11-22, …")
@click.option("--until", metavar="WHEN", help="Before then.")
@click.option(
    "--by",
    type=click.Choice(["first_seen", "published"]),
    default="first_seen",
    show_default=True,
    help="The time that --since, --until and the order go by.",
)
@click.option("--limit", type=click.IntRange(1, MOST), metavar="N", help="At most N rows, the newest.")
@pass_call
def export(
    call: Call,
    /,
    *,
    what: str,
    how: str | None,
    output: str,
    topic: str | None,
    excel: bool,
    raw_pages: bool,
    force: bool,
    **span: Any,
) -> None:
    """Write what is stored to a file, for other programs.

    WHAT is matches (the default), stories, articles (with their texts), entries, feeds, events, or archive: all that
    is stored, for `import` into another database. Rows have the columns of the listings; html is a page of matches by
    topic that stands alone. A file that ends in .gz or .zst is compressed; it is there only when it is whole.

    A running instance may write meanwhile: what comes in after the beginning may be left out.
    """
    path = None if output == "-" else Path(output)
    how = _format(what, how, path)
    listing = Listing(how="jsonl", **span)
    _refuse(what, how, path, listing, topic=topic, excel=excel, raw_pages=raw_pages)
    from wirewatch.export_files import writing
    from wirewatch.exporting import Wanted

    if path is not None:
        call.refuse_own(path)
    if what == "archive":
        with writing(path, is_forced=force) as out:
            count = _archive(call, out, raw_pages=raw_pages)
    else:
        wanted = Wanted(what=what, topic=topic, **listing.unpaged(call))
        with call.reading(f"wirewatch{call.repeated} rules list") as listings:
            _check_topic(listings, topic)
            with writing(path, is_forced=force) as out:
                count = _export(call, listings, wanted, how, out, for_excel=excel)
    if path is not None:
        told = "matches" if how == "html" else what
        note(f"{clean_line(str(path))}: {counted(count, _ONE[told], _MANY[told])}")


_ONE = {
    "matches": "match",
    "stories": "story",
    "articles": "article",
    "entries": "entry",
    "feeds": "feed",
    "events": "event",
    "archive": "record",
}
_MANY = {what: "records" if what == "archive" else what for what in WHATS}


def _format(what: str, how: str | None, path: Path | None) -> str:
    """The format that was asked for, else that of the file's name. Raises click.UsageError where that says none."""
    if how is not None:
        return how
    if path is not None:
        from wirewatch.export_files import bare_name

        ending = Path(bare_name(path)).suffix.removeprefix(".").lower()
        if ending in FORMATS:
            return ending
        if ending == "htm":
            return "html"
        if ending == "xml" and what == "feeds":
            return "opml"
        # An archive is of one format, whatever it is called; what is no file is refused by that which opens it.
        if what != "archive" and (path.is_file() or not path.exists()):
            known = ", ".join(f".{each}" for each in FORMATS)
            raise click.UsageError(
                f"{clean_line(str(path))}: the name says no format; end it in one of {known}, or add --format"
            )
    return "jsonl"


def _refuse(
    what: str, how: str, path: Path | None, listing: Listing, *, topic: str | None, excel: bool, raw_pages: bool
) -> None:
    """Raise UsageError for what makes no sense together."""
    is_narrowed = topic or listing.since or listing.until or listing.limit is not None
    if what == "archive" and how != "jsonl":
        raise click.UsageError("an archive is written as jsonl alone")
    if what == "archive" and is_narrowed:
        raise click.UsageError("an archive holds everything; --topic, --since, --until and --limit do not go with it")
    if what not in _ONLY.get(how, WHATS):
        raise click.UsageError(f"--format {how} goes with: {', '.join(_ONLY[how])}")
    if topic and what not in {"matches", "stories"}:
        raise click.UsageError("--topic goes with: matches, stories")
    if what == "feeds" and (listing.since or listing.until):
        raise click.UsageError("feeds have no time: --since and --until do not go with them")
    if excel and how != "csv":
        raise click.UsageError("--excel goes with --format csv")
    if raw_pages and what != "archive":
        raise click.UsageError("--raw-pages goes with: archive")
    if how == "parquet" and path is None and sys.stdout.isatty():
        raise click.UsageError("parquet is nothing for a terminal; name a file with --output")


def _check_topic(listings: Listings, topic: str | None) -> None:
    """Before a file is begun: the topic must be known. Raises LookupError."""
    if topic is not None:
        listings.matches(topic, limit=1)


# --- the archive ------------------------------------------------------------------------------------


def _archive(call: Call, out: BinaryIO, *, raw_pages: bool) -> int:
    from storage.archive.transfer import ArchiveReader
    from wirewatch.archive import lines_of

    with ArchiveReader(call.settings.database.url) as reader:
        total, count = reader.count(), 0
        with Progress(total, "records") as progress:
            # The line behind the records, which is the last, gets their number.
            for count, line in enumerate(lines_of(reader.header(utc_now()), reader.records(raw_pages=raw_pages)), -1):
                out.write(line.encode())
                progress.show(max(count, 0), max(total, count))
    return count


# --- rows -------------------------------------------------------------------------------------------


def _export(call: Call, listings: Listings, wanted: Wanted, how: str, out: BinaryIO, *, for_excel: bool) -> int:
    from wirewatch.exporting import COLUMNS, rows_of

    if how == "html":
        return _html(call, listings, wanted, out)
    with Progress(0, wanted.what) as progress:
        rows = _counting(rows_of(listings, wanted), progress)
        if how == "opml":
            return _opml(rows, out)
        columns = COLUMNS[wanted.what]
        if how == "parquet":
            from wirewatch.export_tables import write_parquet

            return write_parquet(rows, columns, out)
        from wirewatch.export_tables import write_rows

        return write_rows(rows, columns, _ROWS[how], out, for_excel=for_excel)


_ROWS: dict[str, Format] = {"jsonl": "jsonl", "json": "json", "csv": "csv", "tsv": "tsv"}


def _counting(rows: Iterable[Any], progress: Progress) -> Iterator[Any]:
    for count, row in enumerate(rows, 1):
        yield row
        progress.show(count, 0)


def _opml(rows: Iterable[Any], out: BinaryIO) -> int:
    """Write the feeds that are polled, or paused."""
    from ingest.opml import OpmlFeed, write_opml

    listed = [OpmlFeed(url=row.url, title=row.title) for row in rows if row.state != "removed"]
    out.write(write_opml(listed))
    return len(listed)


def _html(call: Call, listings: Listings, wanted: Wanted, out: BinaryIO) -> int:
    from dataclasses import replace

    from storage.lists.export_lists import ExportListings
    from wirewatch.export_html import write_page
    from wirewatch.exporting import topics_of

    most = wanted.limit or PAGE_LIMIT
    titles = {topic.name: topic.title for topic in listings.topics()}
    count = 0

    def chapters() -> Iterator[Chapter]:
        nonlocal count
        for of_topic in topics_of(listings, replace(wanted, what="matches")):
            chapter = _chapter(texts, of_topic, titles, most)
            count += len(chapter.matches)
            yield chapter

    zone = call.settings.zone
    with ExportListings(call.settings.database.url) as texts:
        out.writelines(
            piece.encode() for piece in write_page(chapters(), now=utc_now(), zone=zone, span=_span_words(wanted))
        )
    return count


def _chapter(listings: ExportListings, wanted: Wanted, titles: dict[str, str | None], most: int) -> Chapter:
    from wirewatch.export_html import Chapter

    topic = wanted.topic or ""
    found = listings.matches(topic, since=wanted.since, until=wanted.until, by=wanted.by, limit=most + 1)
    matches = found[:most]
    return Chapter(
        topic=topic,
        title=titles.get(topic),
        matches=matches,
        texts=listings.shown_texts({match.article for match in matches}),
        is_cut=len(found) > most,
    )


def _span_words(wanted: Wanted) -> str:
    words = f"topic {wanted.topic}" if wanted.topic else "all topics"
    if wanted.since:
        words += f", since {wanted.since:%Y-%m-%d %H:%M} UTC"
    if wanted.until:
        words += f", until {wanted.until:%Y-%m-%d %H:%M} UTC"
    return words
