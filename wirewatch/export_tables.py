"""Exports as rows: JSON lines, JSON, CSV, TSV, CSV for spreadsheets, and Parquet."""

from __future__ import annotations

import codecs
import io
import re
from dataclasses import is_dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from wirewatch.errors import WirewatchError
from wirewatch.fields import INTEGER, NUMBER, TEXTS, TIME, YES_NO
from wirewatch.output import cell, clean_text, emit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from wirewatch.columns import Column
    from wirewatch.output import Format

#: Rows of a row group: what a reader of Parquet takes at once.
ROW_GROUP = 5_000

#: What a spreadsheet takes for a formula: also the full-width forms of the signs, and also behind what it may take for
#: the end of a cell: a comma is ours, but where commas stand in numbers, spreadsheets look for semicolons.
_FORMULA = re.compile("(^|[;\t\n])(?=[=+\\-@\t\r\uff1d\uff0b\uff0d\uff20])")


def guarded(text: str) -> str:
    r"""Return *text* so that no spreadsheet runs it: what looks like a formula gets an apostrophe before it.

    >>> guarded("=HYPERLINK(1)"), guarded("a;=1"), guarded("1+1")
    ("'=HYPERLINK(1)", "a;'=1", '1+1')
    """
    return _FORMULA.sub(r"\1'", text)


def write_rows(
    rows: Iterable[object], columns: Sequence[Column], how: Format, out: BinaryIO, *, for_excel: bool = False
) -> int:
    """Write *rows* to *out* as the listings do, in UTF-8; return how many they were.

    *for_excel*: with a mark of the byte order, and with cells that no spreadsheet takes for a formula.
    """
    if for_excel:
        out.write(codecs.BOM_UTF8)
        rows = (_for_excel(row, columns) for row in rows)
    text = io.TextIOWrapper(cast(Any, out), encoding="utf-8", newline="", write_through=True)
    try:
        return emit(rows, columns, how, out=text)
    finally:
        text.detach()


def _for_excel(row: object, columns: Sequence[Column]) -> dict[str, object]:
    cells: dict[str, object] = {}
    for column in columns:
        value = row.get(column.name) if isinstance(row, dict) else getattr(row, column.name)
        is_number = isinstance(value, int | float)
        # Cleaned first: what is dropped must not stand before a formula.
        cells[column.name] = value if is_number else guarded(clean_text(cell(value)))
    return cells


# --- Parquet ----------------------------------------------------------------------------------------

_SPANS = (("field", "text"), ("start", INTEGER), ("end", INTEGER), ("text", "text"))


def write_parquet(
    rows: Iterable[object], columns: Sequence[Column], out: BinaryIO, *, row_group: int = ROW_GROUP
) -> int:
    """Write *rows* to *out* as Parquet, with the columns of JSON; return how many they were.

    Times are timestamps in UTC with microseconds, lists are lists. Raises WirewatchError where pyarrow is not
    installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as e:
        raise WirewatchError(
            'Parquet needs what is not installed; install it with: pip install "wirewatch[parquet]"'
        ) from e
    schema = pa.schema([(column.name, _arrow_type(pa, column)) for column in columns])
    count = 0
    with pq.ParquetWriter(out, schema, compression="zstd") as writer:
        for some in _in_groups(rows, row_group):
            plain = [_plain(row) for row in some]
            writer.write_table(pa.Table.from_pylist(plain, schema=schema), row_group_size=row_group)
            count += len(some)
    return count


def _in_groups(rows: Iterable[object], most: int) -> Iterator[list[object]]:
    some: list[object] = []
    for row in rows:
        some.append(row)
        if len(some) == most:
            yield some
            some = []
    if some:
        yield some


def _arrow_type(pa: Any, column: Column) -> Any:
    simple = {
        TIME: pa.timestamp("us", tz="UTC"),
        INTEGER: pa.int64(),
        NUMBER: pa.float64(),
        YES_NO: pa.bool_(),
        TEXTS: pa.list_(pa.string()),
    }
    if column.nested:
        return pa.list_(pa.struct([(each.name, _arrow_type(pa, each)) for each in column.nested]))
    if column.kind.startswith("list of {field, start, end, text}"):
        return pa.list_(pa.struct([(name, simple.get(kind, pa.string())) for name, kind in _SPANS]))
    return simple.get(column.kind, pa.string())


def _plain(value: Any) -> Any:
    """Return *value* with dataclasses as mappings; a text in UTF-8 has no half of a pair."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode() if not value.isascii() else value
    if isinstance(value, datetime) or value is None or isinstance(value, int | float):
        return value
    if is_dataclass(value):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    given: Mapping[str, object] = value
    return {name: _plain(each) for name, each in given.items()}
