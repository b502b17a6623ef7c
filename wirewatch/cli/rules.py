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
    "check": (
        "wirewatch.cli.rule_check:check",
        "Check the rule files, run their tests, warn of what looks wrong.",
    ),
    "test": (
        "wirewatch.cli.rule_trial:test",
        "Match rules as written now against the stored articles.",
    ),
    "explain": ("wirewatch.cli.rule_explain:explain", "Tell why an article matches a topic, or why not."),
    "diff": ("wirewatch.cli.rule_diff:diff", "Tell which stored articles enter or leave by the rules as written."),
    "apply": ("wirewatch.cli.rule_apply:apply", "Judge the stored articles anew, by the rules as written now."),
    "log": ("wirewatch.cli.rule_log:log", "List which versions of a topic were in force from when to when."),
    "edit": ("wirewatch.cli.rule_edit:edit", "Edit a rule file, as visudo does: nothing is saved unseen."),
    "add": (
        "wirewatch.cli.rule_add:add",
        "Add a match line to a topic, or make a topic; print the id of the new rule.",
    ),
}


@click.group(cls=LazyGroup, where=COMMANDS)
def rules() -> None:
    """Write, check, test, explain and apply the keyword rules."""
