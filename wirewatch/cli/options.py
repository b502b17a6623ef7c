"""What all commands share: the global options, which may stand before and after the command's name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

CONFIG = "wirewatch.config"
DB = "wirewatch.db"
DEBUG = "wirewatch.debug"

#: the largest number that a database can hold
MOST = 2**63 - 1
#: the type of an argument that is the number of something
IDENT = click.IntRange(1, MOST)


def _remember(key: str) -> Callable[[click.Context, click.Parameter, object], None]:
    """Return a callback that keeps the option's value for all commands; one given later wins."""

    def keep(ctx: click.Context, _param: click.Parameter, value: object) -> None:
        if value:
            ctx.meta[key] = value

    return keep


def global_options() -> list[click.Parameter]:
    """Return new copies of the global options."""
    return [
        click.Option(
            ["--config"],
            metavar="DIR",
            expose_value=False,
            callback=_remember(CONFIG),
            help="Directory with wirewatch.toml, feeds.toml and rules/.",
        ),
        click.Option(
            ["--db"],
            metavar="URL",
            expose_value=False,
            callback=_remember(DB),
            help="Database: sqlite:///PATH, a path, or postgresql://USER@HOST/NAME.",
        ),
        click.Option(
            ["--debug"],
            is_flag=True,
            expose_value=False,
            callback=_remember(DEBUG),
            help="Show the traceback of an unexpected error.",
        ),
    ]


class Command(click.Command):
    """A command that takes the global options too."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return its own parameters, then the global ones."""
        *own, help_option = super().get_params(ctx)
        return [*own, *global_options(), help_option]


class Group(click.Group):
    """A group of commands; it takes the global options too."""

    command_class = Command

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return its own parameters, then the global ones."""
        *own, help_option = super().get_params(ctx)
        return [*own, *global_options(), help_option]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; for a name that is none, say which one is near. Raises click.UsageError."""
        name = args[0]
        if not ctx.resilient_parsing and not name.startswith("-") and self.get_command(ctx, name) is None:
            from difflib import get_close_matches

            near = get_close_matches(name, self.list_commands(ctx), n=1)
            ctx.fail(f"no such command: {name}" + (f"; did you mean {near[0]}?" if near else ""))
        return super().resolve_command(ctx, args)
