"""The lines of an archive: written by `export archive`, read by `import`; docs/reference/archive.md describes them.

A line is one object of JSON. The first is the header; in the others `record` says what they tell, and the last counts
them. A line that is not understood ends the reading with its number and the field, and so does an end without the last
line: half an archive is never taken for a whole one in silence.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from collections import Counter
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from ingest.errors import Reason
from storage.archive.names import address_of_none
from storage.archive.rows import (
    ARCHIVE_VERSION,
    KINDS,
    NO_ADDRESS,
    ArchivedArticle,
    ArchivedEntry,
    ArchivedTopic,
    ArchiveEnd,
    Header,
)
from wirewatch.errors import WirewatchError
from wirewatch.output import to_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

    from storage.archive.rows import Archived, ArchivedVersion

#: A longer line is refused, so that no file can take all memory. A book with its page is a tenth of it.
MAX_LINE_BYTES = 256 * 1024 * 1024

#: Times that databases, zones and windows of time can be reckoned with; `ingest.listing.sane_date` lets no other in.
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(9000, 1, 1, tzinfo=UTC)
#: What may begin a time outside of these, or so near that its zone decides.
_ODD_YEAR = re.compile(rb'"(?!19[89]|197[1-9]|[2-7]|8[0-8]|89[0-8])[0-9]{4}-')


class Line(NamedTuple):
    """A record, and the number of its line, from 1."""

    number: int
    record: Archived


class _Tag(msgspec.Struct):
    """What a line tells, before all of it is read."""

    record: str


class _FaultError(ValueError):
    """What is wrong with a line, in words."""


def lines_of(header: Header, records: Iterable[Archived]) -> Iterator[str]:
    """Yield the lines of an archive, with their ends: its header, the *records*, and how many they are."""
    counts: Counter[str] = Counter()
    yield header_line(header)
    for record in records:
        counts[record.kind] += 1
        yield record_line(record)
    yield record_line(ArchiveEnd(records=counts))


def header_line(header: Header) -> str:
    """Return the first line, with its end."""
    return to_json(header) + "\n"


def record_line(record: Archived | ArchiveEnd) -> str:
    """Return the line of a record, with its end."""
    return to_json({"record": record.kind, **{name: getattr(record, name) for name in _NAMES[type(record)]}}) + "\n"


#: What a line can tell, but for the first.
_TOLD: tuple[type[Archived | ArchiveEnd], ...] = (*KINDS, ArchiveEnd)
#: The fields of each record, in their order.
_NAMES = {kind: tuple(field.name for field in fields(kind)) for kind in _TOLD}


def read_archive(stream: BinaryIO, name: str, *, max_line_bytes: int = MAX_LINE_BYTES) -> tuple[Header, Iterator[Line]]:
    """Return the header of the archive in *stream*, and its records as they are read; *name* is what errors call it.

    Raises WirewatchError, also while the records are read, with the number of the line and what is wrong with it: after
    the last of them, where the line is missing that counts them, or counts others.
    """
    first = stream.readline(max_line_bytes + 1).removeprefix(codecs.BOM_UTF8)
    try:
        header = _read_header(first)
    except _FaultError as e:
        raise WirewatchError(f"{name}:1: {e}") from e
    return header, _records(stream, name, max_line_bytes)


def _read_header(line: bytes) -> Header:
    if not line.strip():
        raise _FaultError("the file is empty; an archive is made with: wirewatch export archive")
    try:
        begun = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        begun = None
    if not isinstance(begun, dict) or begun.get("wirewatch") != "archive":
        raise _FaultError("this is no archive of wirewatch; one is made with: wirewatch export archive")
    version = begun.get("version")
    if isinstance(version, int) and version > ARCHIVE_VERSION:
        raise _FaultError(
            f"the archive has version {version} and was made by a later wirewatch; this one reads up to "
            f"{ARCHIVE_VERSION}: upgrade the program"
        )
    header: Header = _decode(msgspec.json.Decoder(Header), line)
    return header


def _records(stream: BinaryIO, name: str, max_line_bytes: int) -> Iterator[Line]:
    number = 1
    counts: Counter[str] = Counter()
    is_whole = False
    while line := stream.readline(max_line_bytes + 1):
        number += 1
        if is_whole:
            raise WirewatchError(f"{name}:{number}: the archive has ended with the line before this one")
        try:
            record = read_record(line, max_line_bytes)
            if isinstance(record, ArchiveEnd):
                _check_end(record, counts)
                is_whole = True
                continue
        except _FaultError as e:
            raise WirewatchError(f"{name}:{number}: {e}") from e
        counts[record.kind] += 1
        yield Line(number, record)
    if not is_whole:
        raise WirewatchError(f"{name}:{number}: the archive is cut off behind this line: its end is missing")


def _check_end(end: ArchiveEnd, counts: Counter[str]) -> None:
    for kind in sorted({*end.records, *counts}):
        if (wanted := end.records.get(kind, 0)) != counts[kind]:
            told = f"{counts[kind]} records {kind[:40]!r} stand before its end, which counts {wanted}"
            raise _FaultError(f"the archive is not whole: {told}")


_read_tag = msgspec.json.Decoder(_Tag)


@cache
def _decoders() -> dict[str, msgspec.json.Decoder[Any]]:
    return {kind.kind: msgspec.json.Decoder(kind) for kind in _TOLD}


def read_record(line: bytes, max_line_bytes: int = MAX_LINE_BYTES) -> Archived | ArchiveEnd:
    """Return the record of a line. Raises ValueError with what is wrong, and where."""
    if len(line) > max_line_bytes:
        raise _FaultError(f"the line is longer than {max_line_bytes} bytes")
    tag = _decode(_read_tag, line).record
    decoder = _decoders().get(tag)
    if decoder is None:
        raise _FaultError(f"unknown record {tag[:40]!r}; known are: {', '.join(_decoders())}")
    if not line.endswith(b"\n"):
        raise _FaultError("the file ends within this line; it was cut off")
    record: Archived | ArchiveEnd = _decode(decoder, line)
    # All of a record is looked at only where there is a sign of what is seldom there; an escape may spell a digit too.
    if b"\\u00" in line or _ODD_YEAR.search(line):
        _check_values(record)
    if isinstance(record, ArchivedEntry):
        _check_entry(record)
    if isinstance(record, ArchivedArticle):
        _check_article(record)
    if isinstance(record, ArchivedTopic):
        _check_topic(record)
    return record


def _decode(decoder: msgspec.json.Decoder[Any], line: bytes) -> Any:
    try:
        return decoder.decode(line)
    except RecursionError as e:
        raise _FaultError("nested too deep") from e
    except UnicodeDecodeError as e:
        raise _FaultError(f"not UTF-8: {e.reason}") from e
    except msgspec.ValidationError as e:
        raise _FaultError(str(e)) from e
    except msgspec.DecodeError as e:
        raise _FaultError(f"not JSON: {e}" if line.endswith(b"\n") else "the file ends within this line") from e


def _check_values(value: object, where: str = "$") -> None:
    """No database stores a NUL, and with times at the edge of the calendar nobody can reckon."""
    if isinstance(value, str):
        if "\0" in value:
            raise _FaultError(f"a text holds the character NUL, which databases cannot store - at `{where}`")
    elif isinstance(value, datetime):
        if not _EARLIEST <= value < _LATEST:
            raise _FaultError(f"{value.isoformat()}: a time before 1970 or after year 8999 - at `{where}`")
    else:
        for name, each in _parts(value):
            _check_values(each, f"{where}{name}")


def _parts(value: object) -> Iterator[tuple[str, object]]:
    """What a value consists of, with how that is named in it."""
    if isinstance(value, tuple):
        yield from ((f"[{index}]", each) for index, each in enumerate(value))
    elif isinstance(value, dict):
        yield from (("[...]", each) for each in (*value, *value.values()))
    elif is_dataclass(value):
        yield from ((f".{field.name}", getattr(value, field.name)) for field in fields(value))


def _check_entry(record: ArchivedEntry) -> None:
    """The laws of `storage.account` that tell how an entry stands."""
    is_forgotten = record.reason == Reason.FORGOTTEN
    if record.text_from is not None and (record.state in {"new", "failed"} or is_forgotten):
        how = "was forgotten" if is_forgotten else f"is {record.state}"
        raise _FaultError(f"an entry that {how} has no text - at `$.text_from`")
    if is_forgotten and record.state != "done":
        raise _FaultError("an entry that was forgotten is done - at `$.state`")
    if record.state == "done" and record.text_from is None and not is_forgotten:
        raise _FaultError("an entry that is done has a text - at `$.text_from`")
    if record.next_try_at is not None and (record.state in {"new", "failed"} or is_forgotten):
        raise _FaultError("for such an entry no try is planned - at `$.next_try_at`")


def _check_article(record: ArchivedArticle) -> None:
    known = set()
    for index, version in enumerate(record.versions):
        if version.text_hash in known:
            raise _FaultError(f"the same version twice - at `$.versions[{index}].text_hash`")
        known.add(version.text_hash)
        _check_version(version, f"$.versions[{index}]", is_shown=version.text_hash == record.version)
    if record.version not in known:
        raise _FaultError("the version that is shown is none of its versions - at `$.version`")
    if record.url.startswith(NO_ADDRESS) and record.url != address_of_none(record.entry):
        raise _FaultError("an article without an address has that of its entry - at `$.entry`")
    for index, change in enumerate(record.changes):
        if change.version not in known:
            raise _FaultError(f"a version that is none of its versions - at `$.changes[{index}].version`")


def _check_version(version: ArchivedVersion, where: str, *, is_shown: bool) -> None:
    if version.pruned_at is not None:
        if is_shown:
            raise _FaultError(f"the text that is shown is not dropped - at `{where}.pruned_at`")
        if version.text:
            raise _FaultError(f"a text that was dropped is empty - at `{where}.text`")
        return
    if not version.text.strip():
        raise _FaultError(f"a version without text - at `{where}.text`")
    if hashlib.sha256(f"{version.title}\0{version.text}".encode()).hexdigest() != version.text_hash:
        raise _FaultError(f"title and text are not those of the hash - at `{where}.text_hash`")


def _check_topic(record: ArchivedTopic) -> None:
    known = {each.version for each in record.versions}
    if record.version not in known:
        raise _FaultError("the last version is none of its versions - at `$.version`")
    for index, change in enumerate(record.changes):
        if change.version is not None and change.version not in known:
            raise _FaultError(f"a version that is none of its versions - at `$.changes[{index}].version`")
