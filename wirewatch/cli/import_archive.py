"""`wirewatch import`: what another database held, brought into this one."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from wirewatch.cli.options import Command
from wirewatch.cli.progress import Progress
from wirewatch.cli.wiring import counted, note, pass_call, telling_that_it_goes_on
from wirewatch.output import clean_line

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator
    from typing import BinaryIO

    from wirewatch.archive import Line
    from wirewatch.cli.wiring import Call

#: What people are told of, with the word for one and for several; the others go along with these.
_TOLD = {
    "feed": ("feed", "feeds"),
    "topic": ("topic", "topics"),
    "entry": ("entry", "entries"),
    "article": ("article", "articles"),
    "relation": ("relation", "relations"),
    "match": ("match", "matches"),
    "event": ("event", "events"),
    "forgotten": ("forgotten address", "forgotten addresses"),
}


@click.command("import", cls=Command)
@click.argument("file", metavar="FILE|-", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--dry-run", is_flag=True, help="Read all of it and say what would be new here; store nothing.")
@pass_call
def import_archive(call: Call, file: str, *, dry_run: bool) -> None:
    """Bring an archive made by `export archive` into the database.

    What is stored already stays as it is and is not doubled: the same archive twice changes nothing. Feeds arrive as
    removed, with all that they brought: nothing is polled before it is in feeds.toml. Topics that no rule file here
    has arrive as retired. What was forgotten, here or there, stays forgotten. Of an archive that is cut off or damaged
    what stands before that is stored, and the exit code is 1. So it is when records name what is not there, which are
    left out.

    It may run beside `run`, but not beside a back-fill or a rebuild. When it is interrupted, killed, or stopped because
    less than store.min_free_mb is free on the disk, start it again.
    """
    from wirewatch.export_files import reading

    path = None if file == "-" else Path(file)
    name = "standard input" if path is None else clean_line(str(path))
    with reading(path) as stream:
        if dry_run:
            _look_through(call, stream, name)
            return
        counts = _store(call, stream, name)
    told = _told(counts)
    click.echo(f"imported: {told}" if told else "nothing is in it")
    for text in _notes(call, counts):
        note(text)
    _require_all(counts)


def _look_through(call: Call, stream: BinaryIO, name: str) -> None:
    from storage.archive.transfer import ArchiveReader
    from wirewatch.archive import read_archive
    from wirewatch.importing import survey_records

    header, lines = read_archive(stream, name)
    with _database(call) as (url, is_there), ArchiveReader(url) as reader, Progress(0, "records") as progress:
        counts = survey_records(reader, lines, tell=lambda done: progress.show(done, 0))
    where = "" if is_there else f"; there is no database here yet, which is made with: {call.command('init')}"
    how = "with records that are left out" if _lost(counts) else "without a fault"
    note(f"{name}: an archive of {header.exported_at:%Y-%m-%d %H:%M} UTC, {how}; nothing was stored{where}")
    told = _told(counts)
    click.echo(f"new here: {told}" if told else "nothing is in it")
    for text in _left_out(call, counts):
        note(text)
    _require_all(counts)


@contextmanager
def _database(call: Call) -> Iterator[tuple[str, bool]]:
    """The address of the database, and that it is there; where there is none, of an empty one that is gone after."""
    from storage.errors import DatabaseMissing
    from storage.migrate import upgrade

    try:
        with call.reading() as listings:
            listings.last_rebuild()
    except DatabaseMissing:
        with TemporaryDirectory(prefix="wirewatch-") as folder:
            url = f"sqlite:///{folder}/empty.db"
            upgrade(url)
            yield url, False
        return
    yield call.settings.database.url, True


def _store(call: Call, stream: BinaryIO, name: str) -> Counter[str]:
    from collections import Counter

    from storage.archive.transfer import ArchiveWriter
    from storage.lock import BackfillLock, RebuildLock
    from wirewatch.archive import read_archive
    from wirewatch.errors import WirewatchError
    from wirewatch.importing import import_records

    with call.reading() as listings:
        # Before anything is locked: the database must be there.
        listings.last_rebuild()
    _, lines = read_archive(stream, name)
    database = call.app.database
    # Both judge what comes in while they are at work, and would end without having seen the last of it.
    with (
        BackfillLock(database),
        RebuildLock(database),
        telling_that_it_goes_on("started again it brings the rest"),
        ArchiveWriter(call.settings.database.url) as store,
        Progress(0, "records") as progress,
    ):
        require_room = call.app.space_floor().require
        watched = _watched(call, lines, name)
        counts: Counter[str] = Counter()
        try:
            import_records(
                store, watched, tell=lambda done: progress.show(done, 0), require_room=require_room, counts=counts
            )
        except (WirewatchError, KeyboardInterrupt):
            if told := _told(counts):
                click.echo(f"imported: {told}")
            raise
        return counts


def _watched(call: Call, lines: Iterator[Line], name: str) -> Iterator[Line]:
    """Say, where the archive is damaged or cut off, that what came before is stored."""
    from wirewatch.errors import WirewatchError
    from wirewatch.export_files import readable

    count = 0
    try:
        with readable(name):
            for line in lines:
                count += 1
                yield line
    except WirewatchError as e:
        if count:
            raise WirewatchError(
                f"{e}; what stands before was stored, or is there already: get the whole archive, and import it again; "
                f"what is missing until then is told by: {call.command('db', 'check')}"
            ) from e
        raise


def _told(counts: Counter[str]) -> str:
    parts = []
    for kind, words in _TOLD.items():
        added = counts[f"{kind}.added"] + (counts["entry.open"] if kind == "entry" else 0)
        changed, known = counts[f"{kind}.changed"], counts[f"{kind}.known"]
        if added or changed or known:
            beside = [f"{changed} changed"] if changed else []
            beside += [f"{known} known"] if known else []
            parts.append(counted(added, *words) + (f" ({', '.join(beside)})" if beside else ""))
    return ", ".join(parts)


def _notes(call: Call, counts: Counter[str]) -> Iterator[str]:
    if counts["feed.added"]:
        yield (
            "the feeds that are new here are removed, and are not polled; to poll them, export them where the archive "
            f"comes from with `feeds export FILE` and bring them here with: {call.command('feeds', 'import')} FILE; "
            f"or add one with: {call.command('feeds', 'add')} URL"
        )
    if counts["entry.open"]:
        entries = counted(counts["entry.open"], "entry", "entries")
        yield f"{entries} still to be done: `once` and `run` fetch their pages"
    if counts["topic.added"]:
        yield "topics that are new here are retired until a rule file has them"
    if counts["article.added"] or counts["article.changed"]:
        yield f"by the rules in force here they are judged with: {call.command('rules', 'apply')}"
    yield from _left_out(call, counts)


def _left_out(call: Call, counts: Counter[str]) -> Iterator[str]:
    if counts["article.forgotten"]:
        yield f"{counted(counts['article.forgotten'], 'article')} left out: forgotten here"
    if counts["forgotten.stored_here"]:
        yield (
            f"{counted(counts['forgotten.stored_here'], 'address', 'addresses')} that the archive has forgotten "
            f"stored here as articles; to forget them here too: {call.command('articles', 'forget')} URL"
        )
    of_forgotten = sum(number for became, number in counts.items() if became.endswith(".of_forgotten"))
    if of_forgotten:
        yield f"{counted(of_forgotten, 'record')} left out: they are about what was forgotten here"


def _lost(counts: Counter[str]) -> int:
    """How many records name what is neither there nor in the archive before them."""
    return sum(number for became, number in counts.items() if became.endswith(".left_out"))


def _require_all(counts: Counter[str]) -> None:
    """Raise WirewatchError where records were left out, or would be, because the archive is not sound."""
    from wirewatch.errors import WirewatchError

    if lost := _lost(counts):
        raise WirewatchError(
            f"{counted(lost, 'record')} left out: what they are about is not there, nor in the archive before them; "
            "get the archive as it was exported, and import it again"
        )
