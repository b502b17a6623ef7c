"""What leaves the program: one way out for all listings, in five formats.

On a terminal a table, cut to its width; else whole lines of tab-separated values. Text in the rows came from
outside and is never markup: control characters and bidirectional overrides are taken out of what people see,
and escaped in JSON, where offsets must keep their meaning.
"""

from __future__ import annotations

import re
import shutil
import sys
from dataclasses import is_dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, TextIO, cast

from wirewatch.below import weave
from wirewatch.widths import GAP, column_widths, columns_with_room, make_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import tzinfo

    from wirewatch.below import Piece
    from wirewatch.columns import Column

Format = Literal["table", "tsv", "json", "jsonl", "csv"]
FORMATS: tuple[Format, ...] = ("table", "tsv", "json", "jsonl", "csv")

#: rows are handed to the system in pieces of this many lines
CHUNK = 500

#: the most that is shown of a value within a line of a record
MAX_INLINE = 160

_OVERRIDES = [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]
_CONTROLS = [*range(0x20), *range(0x7F, 0xA0)]
#: what a terminal or a spreadsheet must not get: dropped; line ends of every kind and tabs become a space
_LINE = dict.fromkeys([*_CONTROLS, *_OVERRIDES]) | dict.fromkeys(
    [0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x85, 0x2028, 0x2029], " "
)
_TEXT = {code: to for code, to in _LINE.items() if code not in {0x09, 0x0A}}
_UNSAFE_IN_JSON = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_SURROGATES = re.compile("[\ud800-\udfff]")


def default_format(out: TextIO | None = None) -> Format:
    """Return "table" for a terminal, else "tsv"."""
    return "table" if (out or sys.stdout).isatty() else "tsv"


def clean_line(text: str) -> str:
    r"""Return *text* in one line without anything a terminal could obey.

    >>> clean_line("a\x1b[2Jb\nc\u202ed")
    'a[2Jb cd'
    """
    return _SURROGATES.sub("\ufffd", text.translate(_LINE))


def clean_text(text: str) -> str:
    """Return *text* as `clean_line` does, but with its tabs and line feeds."""
    return _SURROGATES.sub("\ufffd", text.translate(_TEXT))


def timestamp(moment: datetime) -> str:
    """Return *moment* as RFC 3339 in UTC with microseconds, always of one length, so that text sorts as time does.

    >>> timestamp(datetime(2026, 11, 22, 14, 30, tzinfo=UTC))
    '2026-11-22T14:30:00.000000Z'
    """
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def to_json(value: object) -> str:
    """Return *value* as JSON in one line, with everything escaped that a terminal could obey."""
    import msgspec

    plain = _plain(value)
    try:
        text = msgspec.json.encode(plain).decode()
    except UnicodeEncodeError:
        text = msgspec.json.encode(_without_surrogates(plain)).decode()
    return _UNSAFE_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def emit(
    records: Iterable[object],
    shown: Sequence[Column],
    how: Format,
    *,
    zone: tzinfo = UTC,
    out: TextIO | None = None,
) -> int:
    """Write *records*, mappings or dataclasses, to *out* (standard output) and return how many they were.

    JSON: one array; JSON lines: an object a line; both with the fields of the rows. TSV and CSV: a line of
    names, then all *shown* columns; lists of words are joined by commas, other nested values are JSON. *zone*
    is for the times in a table, which are for people; all other times are in UTC.
    """
    out = out or sys.stdout
    rows = map(_row, records)
    if how == "table":
        return _emit_table(rows, shown, zone, out)
    encode: Callable[[Iterable[Mapping[str, object]], Sequence[Column]], Iterator[str]] = {
        "tsv": _tsv,
        "csv": _csv,
        "json": _json,
        "jsonl": _jsonl,
    }[how]
    count = 0

    def counted() -> Iterator[Mapping[str, object]]:
        nonlocal count
        for row in rows:
            count += 1
            yield row

    lines: list[str] = []
    for line in encode(counted(), shown):
        lines.append(line)
        if len(lines) >= CHUNK:
            out.write("".join(lines))
            lines.clear()
    out.write("".join(lines))
    return count


def emit_one(
    record: object, shown: Sequence[Column], how: Format, *, zone: tzinfo = UTC, out: TextIO | None = None
) -> None:
    """Write a single record: as text for people ("table"), as one JSON object, or as a listing of one row.

    In the text, a nested list is a block of its own, and so is a text of several lines.
    """
    out = out or sys.stdout
    row = _row(record)
    if how in {"json", "jsonl"}:
        out.write(to_json(row) + "\n")
    elif how == "table":
        out.write(_record(row, shown, zone, shutil.get_terminal_size().columns if out.isatty() else None))
    else:
        emit([row], shown, how, zone=zone, out=out)


# --- the formats ------------------------------------------------------------------------------------


def _tsv(rows: Iterable[Mapping[str, object]], shown: Sequence[Column]) -> Iterator[str]:
    names = [column.name for column in shown]
    yield "\t".join(names) + "\n"
    for row in rows:
        yield "\t".join([clean_line(cell(row.get(name))) for name in names]) + "\n"


def _csv(rows: Iterable[Mapping[str, object]], shown: Sequence[Column]) -> Iterator[str]:
    """RFC 4180: lines end with CR LF; a value with a comma, a quote or a line end is quoted."""
    import csv
    import io

    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    names = [column.name for column in shown]
    writer.writerow(names)
    for row in rows:
        writer.writerow([clean_text(cell(row.get(name))) for name in names])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def _json(rows: Iterable[Mapping[str, object]], _shown: Sequence[Column]) -> Iterator[str]:
    before = "[\n"
    for row in rows:
        yield before + to_json(row)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _jsonl(rows: Iterable[Mapping[str, object]], _shown: Sequence[Column]) -> Iterator[str]:
    for row in rows:
        yield to_json(row) + "\n"


def _emit_table(rows: Iterable[Mapping[str, object]], shown: Sequence[Column], zone: tzinfo, out: TextIO) -> int:
    """Write a table with rich, which cuts flexible columns to the terminal's width. Nothing for no rows."""
    rows = list(rows)
    visible, lines = _lines(rows, shown, zone)
    if lines:
        from rich.console import Console

        console = Console(file=out, markup=False, highlight=False, emoji=False)
        width = console.width
        kept = columns_with_room(visible, lines, width)
        visible = [visible[index] for index in kept]
        lines = [[line[index] for index in kept] for line in lines]
        widths = column_widths(visible, lines, width)
        # where not even the shortest form fits, the terminal wraps; rich would drop columns
        console.width = max(width, sum(widths) + GAP * len(widths))
        # written by ourselves, because rich ends the process when the reader has gone
        with console.capture() as drawn:
            console.print(make_table(visible, lines, widths))
        below = next((column for column in shown if column.below), None)
        told = drawn.get()
        out.write(told if below is None else "".join(weave(told, _passages(rows, below), console, width)))
    return len(lines)


def _passages(rows: Iterable[Mapping[str, object]], column: Column) -> list[list[Piece]]:
    """Return what stands below each row."""
    assert column.below is not None
    told = [row.get(column.name) for row in rows]
    return [[] if each is None else [(clean_line(text), hit) for text, hit in column.below(each)] for each in told]


def _lines(
    rows: Iterable[Mapping[str, object]], shown: Sequence[Column], zone: tzinfo
) -> tuple[list[Column], list[list[str]]]:
    """Return the columns that people see, and their cells for each of *rows*."""
    visible = [column for column in shown if column.is_shown or column.is_spare]
    lines = [[clean_line(_read(row.get(column.name), column, zone)) for column in visible] for row in rows]
    kept = [i for i, column in enumerate(visible) if not column.is_rare or any(line[i] for line in lines)]
    return [visible[i] for i in kept], [[line[i] for i in kept] for line in lines]


def _record(row: Mapping[str, object], shown: Sequence[Column], zone: tzinfo, room: int | None) -> str:
    """Return the fields of *row* as lines "name  value", then what is longer than a line in blocks.

    Of a nested list, spare columns are left out where a terminal has less *room* than they need.
    """
    width = max(len(column.title) for column in shown)
    lines: list[str] = []
    blocks: list[str] = []
    for column in shown:
        name = column.title
        value = row.get(column.name)
        if column.is_rare and not value:
            continue
        if column.reads is not None:
            lines.append(f"{name:<{width}}  {clean_line(column.reads(value, zone))}".rstrip())
        elif isinstance(value, list | tuple) and value and not all(isinstance(item, str) for item in value):
            items = (
                _block(value, column.nested, zone, room) if column.nested else [_inline(each, zone) for each in value]
            )
            blocks.append("\n".join([f"\n{name}", *(f"  {item}" for item in items)]))
        elif isinstance(value, list | tuple | dict) and not value:
            lines.append(f"{name:<{width}}  none")
        elif isinstance(value, str) and "\n" in value:
            blocks.append(f"\n{clean_text(value)}")
        else:
            lines.append(f"{name:<{width}}  {clean_line(_for_people(value, zone))}".rstrip())
    return "\n".join([*lines, *blocks]) + "\n"


def _block(items: Sequence[object], nested: Sequence[Column], zone: tzinfo, room: int | None) -> list[str]:
    """Return a line of names and a line for each of *items*."""
    visible, lines = _lines(map(_row, items), nested, zone)
    if room is not None:
        kept = columns_with_room(visible, lines, room - GAP)
        visible, lines = [visible[i] for i in kept], [[line[i] for i in kept] for line in lines]
    cells = [[column.title for column in visible], *([_short(cell) for cell in line] for line in lines)]
    widths = [max(map(len, of_column)) for of_column in zip(*cells, strict=True)]
    return [
        (" " * GAP)
        .join(
            cell.rjust(width) if column.is_number else cell.ljust(width)
            for cell, width, column in zip(line, widths, visible, strict=True)
        )
        .rstrip()
        for line in cells
    ]


def _short(text: str) -> str:
    return f"{text[:MAX_INLINE]}…" if len(text) > MAX_INLINE else text


def _inline(item: object, zone: tzinfo) -> str:
    if isinstance(item, dict) or is_dataclass(item):
        told = [_for_people(value, zone) for value in _row(item).values() if value is not None and value != ""]
        return clean_line("  ".join(map(_short, told)))
    return clean_line(_for_people(item, zone))


# --- values -----------------------------------------------------------------------------------------


def _row(record: object) -> Mapping[str, object]:
    """Return the fields of a dataclass by name; a mapping as it is."""
    if isinstance(record, dict):
        return record
    names: Iterable[str] = cast("Any", record).__dataclass_fields__
    return {name: getattr(record, name) for name in names}


def _plain(value: object) -> object:
    """Return *value* with dataclasses as objects and every time spelled as `timestamp` does."""
    if is_dataclass(value):
        return {name: _plain(inner) for name, inner in _row(value).items()}
    if isinstance(value, datetime):
        return timestamp(value)
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value


def _without_surrogates(value: object) -> object:
    if isinstance(value, str):
        return _SURROGATES.sub("\ufffd", value)
    if isinstance(value, dict):
        return {key: _without_surrogates(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_surrogates(inner) for inner in value]
    return value


def cell(value: object) -> str:
    """Return *value* as the text of a cell of TSV or CSV."""
    if isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return timestamp(value)
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return ",".join(value)
    # numbers, true, false and nested values are written as in JSON; nothing is an empty cell
    return "" if value is None else to_json(value)


def _read(value: object, column: Column, zone: tzinfo) -> str:
    return column.reads(value, zone) if column.reads is not None else _for_people(value, zone)


def _for_people(value: object, zone: tzinfo) -> str:
    """Return *value* as people read it in a table."""
    if isinstance(value, datetime):
        return value.astimezone(zone).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.2f}"
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {_for_people(inner, zone)}" for key, inner in value.items())
    return cell(value)
