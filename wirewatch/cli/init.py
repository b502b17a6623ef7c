"""`wirewatch init`: a configuration of one's own, and a database."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wirewatch.cli.options import Command
from wirewatch.cli.wiring import note, pass_call

if TYPE_CHECKING:
    from wirewatch.cli.wiring import Call


@click.command(cls=Command)
@click.argument("directory", required=False, metavar="[DIR]")
@click.option("--no-backup", is_flag=True, help="Make no copy of an SQLite database that is upgraded.")
@pass_call
def init(call: Call, directory: str | None, *, no_backup: bool) -> None:
    """Write commented configuration files and create the database.

    They go to DIR, else to what --config or WIREWATCH_CONFIG names, else to ./config, where they are found
    without --config. Nothing is overwritten; a database that exists is upgraded, after a copy was made beside it.
    """
    from wirewatch.cli.db_schema import bring_up_to_date, tell_outdated
    from wirewatch.database_url import shown_url
    from wirewatch.defaults import copy_defaults
    from wirewatch.places import find_config_dir

    name = directory or call.given_config or "config"
    copied = copy_defaults(Path(name).expanduser())
    for path in copied.written:
        click.echo(f"wrote    {path}")
    for path in copied.kept:
        click.echo(f"kept     {path}")
    config = find_config_dir(name, os.environ, Path.cwd())
    url = call.settings_of(config).database.url
    bring_up_to_date(url, has_backup=not no_backup)
    click.echo(f"database {shown_url(url.removeprefix('sqlite:///'))}")
    is_found = find_config_dir(None, os.environ, Path.cwd()).path == config.path
    options = call.repeated_with(None if is_found else name)
    note(
        f"""
next:
  wirewatch{options} feeds check    which of the feeds answer
  wirewatch{options} once           poll them all once
  wirewatch{options} matches        what the rules in {name}/rules matched"""
    )
    tell_outdated(url, options)
