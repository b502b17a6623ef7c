"""The command that was typed, to be suggested with an option changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wirewatch.cli.wiring import Call


def repeat_command(call: Call, **changed: object) -> str:
    """Return the command of this call, quoted for the shell, with the options of *changed* in place of its own.

    An option that cannot be told by its value, as one that only switches something off, is repeated as it was given.
    """
    context = click.get_current_context()
    words: list[str] = []
    arguments: list[str] = []
    for parameter in context.command.params:
        name = parameter.name or ""
        if isinstance(parameter, click.Option):
            words += _option(context, parameter, changed.get(name))
        elif context.params.get(name) is not None:
            given = context.params[name]
            arguments += map(str, given) if isinstance(given, tuple) else [str(given)]
    if any(each.startswith("-") for each in arguments):
        arguments.insert(0, "--")
    path = context.command_path.split()[1:]
    return call.command(path[0], *path[1:], *words, *arguments)


def _option(context: click.Context, option: click.Option, value: object) -> Iterator[str]:
    """The words that give *option* its value, or *value* instead."""
    name = option.name or ""
    if value is None:
        if context.get_parameter_source(name) is not ParameterSource.COMMANDLINE or name not in context.params:
            return
        value = context.params[name]
    if option.is_flag:
        switch = option.opts if value else option.secondary_opts
        yield max(switch, key=len)
        return
    for each in value if isinstance(value, tuple) else (value,):
        yield from (max(option.opts, key=len), str(each))
