"""A group that knows where its commands are, so that its help imports none of them."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import click

from wirewatch.cli.options import Group

if TYPE_CHECKING:
    from collections.abc import Mapping


class LazyGroup(Group):
    """A group that imports a command when it is called."""

    def __init__(self, *args: Any, where: Mapping[str, tuple[str, str]], **kwargs: Any) -> None:
        """*where* gives for each name the place of its command, `module:attribute`, and its line in the help."""
        super().__init__(*args, **kwargs)
        self.where = where

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # the signature is click's
        """Return the names in the order of the help."""
        return list(self.where)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's
        """Import the command, or return None for a name that is none."""
        if cmd_name not in self.where:
            return None
        module, _, attribute = self.where[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # click's
        """Write the list of commands from what is known here."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self.where.items()])
