"""`wirewatch rules …`: the keyword rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wirewatch.cli.lazy import LazyGroup

if TYPE_CHECKING:
    from collections.abc import Mapping

#: name → where it is, and its line in the help
COMMANDS: Mapping[str, tuple[str, str]] = {
    "list": ("wirewatch.cli.rule_list:list_rules", "List the topics of the rule files."),
    "check": ("wirewatch.cli.rule_check:check", "Check the rule files and run the tests in them."),
    "test": (
        "wirewatch.cli.rule_test:test",
        "Match rules as written now against the stored articles.",
    ),
}


@click.group(cls=LazyGroup, where=COMMANDS)
def rules() -> None:
    """List, check and test the keyword rules."""
