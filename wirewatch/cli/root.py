"""The command `wirewatch`: names, help lines and where each command is, so that `--help` imports none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wirewatch.cli.lazy import LazyGroup

if TYPE_CHECKING:
    from collections.abc import Mapping

ORIENTATION = """\
wirewatch polls news feeds, groups the copies of a story, and tags what your keyword rules match.

  wirewatch demo        see it work on a bundled sample newsroom; needs no network
  wirewatch init        write commented settings, feeds and rules to ./config
  wirewatch once        poll what is due, once        (wirewatch run: as a daemon)
  wirewatch matches     what the rules matched        (wirewatch stories: grouped)
  wirewatch --help      all commands
"""

#: name → where it is, and its line in the help
COMMANDS: Mapping[str, tuple[str, str]] = {
    "demo": ("wirewatch.cli.demo:demo", "Show the whole job on a bundled sample newsroom."),
    "init": ("wirewatch.cli.init:init", "Write commented configuration files and create the database."),
    "once": ("wirewatch.cli.poll:once", "Poll the feeds that are due, once."),
    "run": ("wirewatch.cli.poll:run", "Poll on a schedule until stopped."),
    "worker": ("wirewatch.cli.work:worker", "Do the work that a scheduler hands out, until stopped."),
    "scheduler": ("wirewatch.cli.work:scheduler", "Hand out what is due to the workers, until stopped."),
    "workers": ("wirewatch.cli.work_look:workers", "List the workers and schedulers, and tell how full the queue is."),
    "jobs": ("wirewatch.cli.work_look:jobs", "List the jobs in the queue, or hand dead ones out again."),
    "feeds": ("wirewatch.cli.feeds:feeds", "Add, list, check, pause, import and export feeds."),
    "sites": ("wirewatch.cli.sites:sites", "List and test what sites.toml says about single sites."),
    "rules": ("wirewatch.cli.rules:rules", "Write, check, test, explain and apply the keyword rules."),
    "matches": ("wirewatch.cli.matches:matches", "List the articles that match a topic."),
    "stories": ("wirewatch.cli.stories:stories", "List stories: articles that carry the same text."),
    "story": ("wirewatch.cli.stories:story", "Show a story: who carried it when, and how much of it."),
    "articles": ("wirewatch.cli.articles:articles", "List articles, read their pages again, or forget some."),
    "entries": ("wirewatch.cli.articles:entries", "List the entries of feeds, with state and reason."),
    "why": ("wirewatch.cli.why:why", "Tell the whole way of one entry, or why there is none."),
    "events": ("wirewatch.cli.events:events", "List what happened to feeds and sites."),
    "show": ("wirewatch.cli.show:show", "Show an article: text, versions, relations, and why it matches."),
    "why-copy": ("wirewatch.cli.why_copy:why_copy", "Tell why article A is a copy of B, or why not."),
    "copies": ("wirewatch.cli.copies:copies", "Find the copies among the stored articles anew."),
    "search": ("wirewatch.cli.search:search", "List the articles that an expression of the rule language matches."),
    "stats": ("wirewatch.cli.stats:stats", "Count feeds, entries, articles, stories and matches."),
    "export": ("wirewatch.cli.export:export", "Write what is stored to a file, for other programs."),
    "import": (
        "wirewatch.cli.import_archive:import_archive",
        "Bring an archive made by `export archive` into the database.",
    ),
    "db": ("wirewatch.cli.db:db", "Back up, restore, check, prune, index and upgrade the database."),
    "doctor": ("wirewatch.cli.doctor:doctor", "Check configuration, rules, database, feeds and clock."),
    "try": ("wirewatch.cli.trial:trial", "Run one stage on a file or address; store nothing."),
}


def version() -> str:
    """Return the version of the installed program."""
    from importlib.metadata import version as installed

    return installed("wirewatch")


def _print_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001  # click calls it
    if value:
        click.echo(f"wirewatch {version()}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    where=COMMANDS,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Show the version."
)
@click.pass_context
def wirewatch(ctx: click.Context) -> None:
    """Watch the news: poll feeds, group copies into stories, match keyword rules.

    Exit codes: 0 done, 1 failed, 2 usage, 3 done but some feeds failed, 4 configuration or rules invalid,
    5 database missing, locked, out of date or in use, 130 interrupted.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ORIENTATION, nl=False)
