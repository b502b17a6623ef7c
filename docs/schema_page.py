"""The page docs/reference/schema.md: views and tables, from the tables themselves and the comments in their source."""
# ruff: noqa: INP001  # part of a program, in no package

from __future__ import annotations

import ast
import inspect
import io
import tokenize
from typing import TYPE_CHECKING

from sqlalchemy import UniqueConstraint
from sqlalchemy.dialects import postgresql, sqlite

from storage import copy_tables, feed_tables, tables
from storage.columns import UtcTime, metadata
from storage.tables import SCHEMA_REVISION
from storage.views import VIEWS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    from sqlalchemy import Column, Table

_SOURCES: tuple[ModuleType, ...] = (feed_tables, tables, copy_tables)

_INTRODUCTION = f"""\
# Schema

Schema revision {SCHEMA_REVISION}; `wirewatch db status` says which one a database has. SQLite and PostgreSQL have the
same tables and views.

## What may change

- **The views are a contract.** Their names and columns stay; columns may be added, at the end or in between, so name
  those that you select. Columns are called as the fields of `--json` are ([json.md](json.md)).
- **The tables are not.** Any release may change them by a migration. Ask the views, or use `--json` and
  [export](../how-to/export-and-share.md).
- Read only. On SQLite open the file with `mode=ro`, as in `sqlite3 'file:wirewatch.db?mode=ro'`, and end each query
  soon: while one is open, the write-ahead log grows. A row that is written by hand breaks what the program relies on.
- Each upgrade drops the views and makes them anew. Views of your own that stand upon ours belong into another file
  (SQLite, `ATTACH`) or must be dropped before an upgrade (PostgreSQL, which says which ones they are); rights to read
  ours are kept by `ALTER DEFAULT PRIVILEGES … GRANT SELECT ON TABLES TO …`.
- Full text lies in `search_index`, by our own tokens: ask it by `wirewatch search`.

## How values are written

| kind | on SQLite | on PostgreSQL |
| --- | --- | --- |
| time, in a view | text: `2026-11-22T14:30:00.000000Z`, which sorts as time does | `timestamptz` |
| time, in a table | integer: microseconds since 1970, UTC | the same |
| JSON | text; see `json_each` and `->>` | `json` |
| true or false | 1 or 0 | `boolean` |

Texts are compared and sorted by their bytes. No id is ever given out twice. A story that became part of another one
has no row any more; `story_alias` leads from its id to that one.

Secrets of subscriptions at hubs are in the table `subscription` and in no view.

```sql
-- what topic purl found since Monday, and how many outlets carry each story
SELECT m.first_seen, m.source, m.title, m.url, s.outlets
FROM v_matches m JOIN v_stories s ON s.id = m.story
WHERE m.topic = 'purl' AND m.first_seen >= '2026-11-16T00:00:00.000000Z'
ORDER BY m.first_seen DESC;
```
"""  # noqa: S608  # a page, and no query


def schema_page(made: str) -> str:
    """Return the page; *made* is its first line."""
    lines = [made, _INTRODUCTION, "## Views"]
    for view in VIEWS:
        rows = [(f"`{column.name}`", column.kind, column.meaning) for column in view.columns]
        lines += ["", f"### {view.name}", "", view.meaning, "", *_table(("column", "kind", "meaning"), rows)]
    lines += ["", "## Tables"]
    comments = _comments()
    for table in sorted(metadata.tables.values(), key=lambda each: each.name):
        lines += ["", *_section(table, comments)]
    return "\n".join(lines) + "\n"


def _section(table: Table, comments: dict[tuple[str, str], str]) -> list[str]:
    rows = [
        (f"`{column.name}`", _type(column), _keys(column), comments.get((table.name, column.name), ""))
        for column in table.columns
    ]
    lines = [f"### {table.name}", ""]
    if meaning := comments.get((table.name, "")):
        lines += [meaning, ""]
    lines += _table(("column", "type", "key", "meaning"), rows)
    named = [
        f"unique ({', '.join(column.name for column in each.columns)})"
        for each in sorted(
            (each for each in table.constraints if isinstance(each, UniqueConstraint)), key=lambda each: str(each.name)
        )
    ]
    for index in sorted(table.indexes, key=lambda each: str(each.name)):
        where = index.dialect_options["postgresql"]["where"]
        options = {"literal_binds": True, "include_table": False}
        only = "" if where is None else f" where {where.compile(dialect=sqlite.dialect(), compile_kwargs=options)}"
        kind = "unique index" if index.unique else "index"
        named.append(f"{kind} `{index.name}` ({', '.join(column.name for column in index.columns)}){only}")
    if named:
        lines += ["", *(f"- {each}" for each in named)]
    return lines


def _type(column: Column[object]) -> str:
    if isinstance(column.type, UtcTime):
        kind = "time"
    else:
        names = [str(column.type.compile(dialect=each.dialect())).split(" COLLATE")[0] for each in (sqlite, postgresql)]
        small, large = (name.lower() for name in names)
        kind = small if small == large else f"{small} / {large}"
    return f"{kind} or null" if column.nullable else kind


def _keys(column: Column[object]) -> str:
    words = ["primary"] if column.primary_key else []
    words += [f"→ `{each.column.table.name}`" for each in column.foreign_keys]
    return ", ".join(words)


# --- comments in the source -------------------------------------------------------------------------


def _comments() -> dict[tuple[str, str], str]:
    """Return what the comments `#:` say, by table and column; the column is empty for what is said of a table."""
    found: dict[tuple[str, str], str] = {}
    for module in _SOURCES:
        source = inspect.getsource(module)
        above = _above_lines(source)
        for node in ast.parse(source).body:
            if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
                continue
            call = node.value
            if not isinstance(call.func, ast.Name) or call.func.id != "Table":
                continue
            table = ast.literal_eval(call.args[0])
            found[table, ""] = above.get(node.lineno, "")
            for argument in call.args[2:]:
                if name := _name_of(argument):
                    found[table, name] = above.get(argument.lineno, "")
    return found


def _name_of(argument: ast.expr) -> str | None:
    """Return the name of the column that an argument of a table makes."""
    if not isinstance(argument, ast.Call) or not isinstance(argument.func, ast.Name):
        return None
    kind = argument.func.id
    if kind in {"UniqueConstraint", "Index"}:
        return None
    if kind == "id_column":
        return "id"
    name = argument.args[1 if kind in {"to", "back_to"} else 0]
    return str(ast.literal_eval(name))


def _above_lines(source: str) -> dict[int, str]:
    """Return by number of line what the comments `#:` just above it say."""
    said: dict[int, str] = {}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and token.string.startswith("#:"):
            line = token.start[0]
            before = said.pop(line, "")
            said[line + 1] = f"{before} {token.string[2:].strip()}".strip()
    return said


def _table(names: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    escaped = [tuple(cell.replace("|", "\\|") for cell in row) for row in rows]
    return [f"| {' | '.join(row)} |" for row in (names, ("---",) * len(names), *escaped)]
