"""Write the reference pages from the program itself: docs/reference/{cli,settings,json,reasons,metrics,schema}.md.

In docs/reference/{copies,acquisition}.md, which people write, it fills in the values of the constants.

    python docs/generate.py

`tests/wirewatch/test_reference.py` fails when a page does not say what the program does.
"""
# ruff: noqa: INP001  # a program, in no package

from __future__ import annotations

import json
import re
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wirewatch import (
    db_fields,
    entry_fields,
    explain_fields,
    exporting,
    feed_fields,
    fields,
    history_fields,
    rule_fields,
    site_fields,
    stats_fields,
    story_fields,
    whycopy_fields,
    work_fields,
)
from wirewatch.cli.root import wirewatch
from wirewatch.errors import ExitCode
from wirewatch.metrics import DATABASE_FAMILIES, PROCESS_FAMILIES
from wirewatch.reasons import MEANINGS
from wirewatch.settings import PREFIX, Section, Settings, kind_name
from wirewatch.tally import FETCH_BOUNDS_S
from wirewatch.timespec import FORMS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wirewatch.columns import Column
    from wirewatch.metrics import Family

REFERENCE = Path(__file__).resolve().parent / "reference"
MADE = "<!-- made by docs/generate.py; do not edit -->\n"

#: A row of a table that ends in the dotted name of a constant and its value.
CONSTANT = re.compile(r"^(\|.*\| `([\w.]+)\.([A-Z_]+)` \|) \S+ \|$", re.MULTILINE)

EXIT_CODES = {
    ExitCode.DONE: "done",
    ExitCode.FAILED: "failed",
    ExitCode.USAGE: "wrong usage",
    ExitCode.SOME_FEEDS_FAILED: "done, but some feeds failed (also: no network)",
    ExitCode.INVALID: "configuration or rules invalid, or a test inside a rule file failed",
    ExitCode.DATABASE: "database missing, locked, out of date, or in use by another instance",
    ExitCode.INTERRUPTED: "interrupted",
}

RECORDS = {
    "match": (fields.MATCH, "`wirewatch matches`"),
    "story": (fields.STORY, "`wirewatch stories`"),
    "story, shown": (story_fields.STORY_SHOWN, "`wirewatch story ID`"),
    "article of a story": (story_fields.CARRIED, "in `articles` of a story; `changes` too with `--diff`"),
    "change of a story": (story_fields.STORY_CHANGE, "in `trail` of a story"),
    "change of a text": (story_fields.CHANGE, "in `changes` of `story ID --diff` and `show ID --diff`"),
    "article": (fields.ARTICLE, "`wirewatch articles`"),
    "article found": (fields.FOUND, "`wirewatch search QUERY`"),
    "article, shown": (fields.ARTICLE_SHOWN, "`wirewatch show ID`"),
    "article, exported": (exporting.COLUMNS["articles"], "`wirewatch export articles`"),
    "article, changed": (story_fields.ARTICLE_DIFF, "`wirewatch show ID --diff`"),
    "event of an article": (history_fields.ARTICLE_EVENT, "`wirewatch show ID --history`"),
    "event of a story": (history_fields.STORY_EVENT, "`wirewatch story ID --history`"),
    "articles read again": (fields.REEXTRACTED, "`wirewatch articles reextract`"),
    "article removed": (fields.FORGOT, "`wirewatch articles forget`"),
    "article forgotten": (fields.FORGOTTEN, "`wirewatch articles forgotten`"),
    "index made anew": (fields.REINDEXED, "`wirewatch db reindex`"),
    "entry": (fields.ENTRY, "`wirewatch entries`"),
    "entry, its way": (entry_fields.WHY, "`wirewatch why ENTRY|URL`"),
    "feed": (feed_fields.FEED, "`wirewatch feeds list`"),
    "feed check": (feed_fields.FEED_CHECK, "`wirewatch feeds check`"),
    "feed, diagnosed": (feed_fields.DIAGNOSIS, "`wirewatch feeds check URL`"),
    "feed, older pages": (feed_fields.FEED_BACKFILLED, "`wirewatch feeds backfill URL`"),
    "event": (feed_fields.EVENT, "`wirewatch events`"),
    "site": (site_fields.SITE, "`wirewatch sites list`"),
    "site check": (site_fields.SITE_CHECK, "`wirewatch sites check`"),
    "topic": (rule_fields.TOPIC, "`wirewatch rules list`"),
    "topic in force": (history_fields.TOPIC_STAY_DIFF, "`wirewatch rules log`; `diff` with `--diff` alone"),
    "rule problem": (rule_fields.RULE_PROBLEM, "`wirewatch rules check`"),
    "rule": (rule_fields.RULE, "`wirewatch rules list --rules`"),
    "rule test": (rule_fields.RULE_HIT, "`wirewatch rules test`, `wirewatch rules diff`"),
    "rule explanation": (explain_fields.EXPLANATION, "`wirewatch rules explain ID [TOPIC]`"),
    "rule diff": (rule_fields.RULE_DIFF, "`wirewatch rules diff --summary`, `wirewatch rules apply --dry-run`"),
    "back-fill": (rule_fields.APPLIED, "`wirewatch rules apply`"),
    "rebuild": (fields.REBUILT, "`wirewatch copies rebuild`"),
    "database": (fields.DATABASE, "`wirewatch db status`"),
    "database, copied": (db_fields.BACKED_UP, "`wirewatch db backup FILE`"),
    "database, put back": (db_fields.RESTORED, "`wirewatch db restore FILE`"),
    "database, made small": (db_fields.VACUUMED, "`wirewatch db vacuum`"),
    "database, cleared of what is old": (db_fields.PRUNED, "`wirewatch db prune`"),
    "database finding": (db_fields.FINDING, "`wirewatch db check`"),
    "database, copied to another": (db_fields.DATABASE_COPIED, "`wirewatch db copy FROM TO`"),
    "database, its queue made anew": (work_fields.REQUEUED, "`wirewatch db requeue`"),
    "worker": (work_fields.WORKER, "`wirewatch workers`"),
    "queue": (work_fields.QUEUE, "`wirewatch workers --queue`"),
    "job": (work_fields.JOB, "`wirewatch jobs`"),
    "job, handed out again": (work_fields.RETRIED, "`wirewatch jobs retry`"),
    "cycle": (fields.REPORT, "`wirewatch once`"),
    "stats": (stats_fields.STATS, "`wirewatch stats`"),
    "verdict on a pair": (whycopy_fields.WHY_COPY, "`wirewatch why-copy A B`"),
    "check": (fields.CHECK, "`wirewatch doctor`"),
}


def cli_page() -> str:
    """Return the page of the commands."""
    lines = [
        MADE,
        "# Commands",
        "",
        "## Exit codes",
        "",
        *_table(("code", "meaning"), [(str(int(code)), meaning) for code, meaning in EXIT_CODES.items()]),
        "",
        "## Times",
        "",
        f"`--since`, `--until` and `--as-of` take {FORMS}.",
        "Days begin at midnight in the time zone of the setting `timezone`. The moment of `--until` is not included,",
        "that of `--as-of` is.",
        "",
        "## Where the configuration is looked for",
        "",
        "`--config DIR`, `$WIREWATCH_CONFIG`, `./config`, the working directory, the user's configuration directory,",
        "and last the built-in defaults. `--config` and `--db` may stand before or after the name of the command.",
        "",
        "## Formats",
        "",
        "A listing is a table on a terminal, else lines of tab-separated values after a line of names.",
        "`--format` chooses; `json.md` tells the fields. Notes and errors go to standard error; with `--json` or",
        '`--jsonl` an error is one object, `{"error": {"message", "exit_code"}}`.',
    ]
    for name, text in _helps(wirewatch, "wirewatch", None):
        lines += ["", f"## {name}", "", "```", text, "```"]
    return "\n".join(lines) + "\n"


def settings_page() -> str:
    """Return the page of the settings."""
    rows = []
    for name, field in Settings.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            rows += [_setting(f"{name}.{key}", inner) for key, inner in kind.model_fields.items()]
        else:
            rows.append(_setting(name, field))
    return "\n".join(
        [
            MADE,
            "# Settings",
            "",
            "In `wirewatch.toml`; an environment variable wins over the file. Lists in variables are JSON.",
            "An unknown key is refused with file, line and the nearest known one.",
            "",
            *_table(("key", "type", "default", "meaning", "variable"), rows),
            "",
        ]
    )


def json_page() -> str:
    """Return the page of the JSON fields."""
    lines = [
        MADE,
        "# JSON fields",
        "",
        "The same fields are the columns of TSV and CSV. Fields may be added; none is renamed or taken away.",
        "Times are RFC 3339 in UTC with microseconds. Offsets are half-open and in code points of the stored field.",
        "`--json` writes one array (one object where a single record is shown), `--jsonl` an object a line.",
    ]
    for name, (columns, where) in RECORDS.items():
        lines += ["", f"## {name}", "", where, "", *_fields(columns)]
    return "\n".join(lines) + "\n"


def reasons_page() -> str:
    """Return the page of the reasons."""
    return "\n".join(
        [
            MADE,
            "# Reasons",
            "",
            "Why an entry has no text from its page (`wirewatch entries --reason REASON`; `detail` says more), and",
            "why the last poll of a feed failed (`wirewatch feeds list`, `wirewatch feeds check`). Of one entry,",
            "`wirewatch why` tells all; how pages and feeds are fetched is told in [acquisition.md](acquisition.md).",
            "",
            *_table(("reason", "meaning"), [(f"`{reason}`", meaning) for reason, meaning in MEANINGS.items()]),
            "",
        ]
    )


def metrics_page() -> str:
    """Return the page of the figures for Prometheus."""
    bounds = ", ".join(f"{bound:g}" for bound in FETCH_BOUNDS_S)
    return "\n".join(
        [
            MADE,
            "# Figures and health",
            "",
            "`run`, `worker` and `scheduler` tell them where the setting `metrics.listen` says, such as",
            '`127.0.0.1:9464`, when the extra is installed: `pip install "wirewatch[metrics]"`. Whoever reaches that',
            "address is told all figures, so another one than of this machine itself is refused unless",
            "`metrics.allow_remote = true`. A figure may be added; none is renamed or taken away. No label is an",
            "address of a page or a feed.",
            "",
            "## Paths",
            "",
            "| path | answer |",
            "|---|---|",
            "| `/metrics` | all figures below, and those of the process: `process_cpu_seconds_total` and so on |",
            "| `/healthz` | 200 while ticks end (of a worker: heartbeats), well or with trouble, else 503 |",
            "| `/readyz` | 200 while that is so, the database answers, and rules are in force, else 503 |",
            "",
            "A tick that has not ended for three times `run.tick_s`, 15 seconds at least, is one that hangs. Both",
            "answer with one line of JSON; `faults` of `/readyz` says what is lacking. A scheduler that waits to lead",
            "needs no rules to be ready. systemd is told by the same measure that a service lives (`WatchdogSec`), and",
            "only while a write to the database comes back, refused or not: one that is away makes a service unready,",
            "and does not have it restarted.",
            "",
            "## What this process did",
            "",
            f"Since it was started. Requests are counted by time up to {bounds} seconds.",
            "",
            *_families(PROCESS_FAMILIES),
            "",
            "## What the database holds",
            "",
            "The same from each process; take them from one, or the greatest of all. They are asked for at most every",
            "15 seconds, and at most for a twentieth of the time: where that is slow, the last answer is told, and",
            "`wirewatch_database_asked_timestamp_seconds` says when that was.",
            "",
            *_families(DATABASE_FAMILIES),
            "",
        ]
    )


def _families(families: tuple[Family, ...]) -> list[str]:
    rows = [
        (f"`{each.name}`", each.kind, ", ".join(f"`{label}`" for label in each.labels), each.meaning)
        for each in families
    ]
    return _table(("figure", "kind", "labels", "meaning"), rows)


def manual_page(name: str) -> str:
    """Return a page that people write as it stands, with the values that the constants have now; ? for what is gone."""
    text = (REFERENCE / name).read_text(encoding="utf-8")
    return CONSTANT.sub(lambda row: f"{row[1]} {_value_of(row[2], row[3])} |", text)


def pages() -> dict[str, str]:
    """Return name and text of every page."""
    return {
        "cli.md": cli_page(),
        "settings.md": settings_page(),
        "json.md": json_page(),
        "reasons.md": reasons_page(),
        "metrics.md": metrics_page(),
        "schema.md": _beside("schema_page").schema_page(MADE),
        **{name: manual_page(name) for name in ("copies.md", "acquisition.md")},
    }


def _beside(name: str) -> Any:
    """Return the module *name* of this folder, which is no package."""
    spec = spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _helps(command: click.Command, name: str, parent: click.Context | None) -> Iterator[tuple[str, str]]:
    """Yield path and help of *command* and of all below it."""
    ctx = click.Context(
        command, parent=parent, info_name=name, max_content_width=100, terminal_width=100, **command.context_settings
    )
    yield ctx.command_path, command.get_help(ctx).rstrip()
    if isinstance(command, click.Group):
        for below in command.list_commands(ctx):
            found = command.get_command(ctx, below)
            assert found is not None
            yield from _helps(found, below, ctx)


def _setting(key: str, field: object) -> tuple[str, ...]:
    default = json.dumps(getattr(field, "default", None), default=list)
    return (
        f"`{key}`",
        kind_name(getattr(field, "annotation", None)),
        "(built-in list)" if default == "null" else f"`{default}`",
        getattr(field, "description", None) or "",
        f"`{PREFIX}{key.replace('.', '__').upper()}`",
    )


def _value_of(module: str, name: str) -> str:
    """Return a constant as it is written on a page: 40,000 and 0.0125."""
    value: float | None = getattr(import_module(module), name, None)
    if value is None:
        return "?"
    return f"{int(value):,}" if value == int(value) else f"{value:.3g}"


def _fields(columns: tuple[Column, ...]) -> list[str]:
    return _table(("field", "type", "meaning"), [(f"`{c.name}`", c.kind, c.meaning) for c in columns])


def _table(names: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (names, ("---",) * len(names), *rows)]


if __name__ == "__main__":
    REFERENCE.mkdir(exist_ok=True)
    for page, content in pages().items():
        (REFERENCE / page).write_text(content, encoding="utf-8")
