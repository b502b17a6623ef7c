"""`wirewatch copies …`: what is stored of copies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wirewatch.cli.lazy import LazyGroup

if TYPE_CHECKING:
    from collections.abc import Mapping

#: name → where it is, and its line in the help
COMMANDS: Mapping[str, tuple[str, str]] = {
    "rebuild": (
        "wirewatch.cli.copies_rebuild:rebuild",
        "Compare the stored articles once more, after the algorithm has changed.",
    ),
}


@click.group(cls=LazyGroup, where=COMMANDS)
def copies() -> None:
    """Find the copies among the stored articles anew."""
