"""The option --as-of: a listing as it was at an earlier moment."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from wirewatch.cli.wiring import Call

F = TypeVar("F", bound="Callable[..., Any]")


def as_of_option(command: F) -> F:
    """Add --as-of; the command gets it as the argument `as_of`, to be read by `read_as_of`."""
    text = "As it was shown at that moment: 2d, monday, 2026-11-22, 2026-11-22 14:30, …"
    return click.option("--as-of", metavar="WHEN", help=text)(command)


def read_as_of(call: Call, text: str | None) -> datetime | None:
    """Return the moment that *text* names. Raises click.UsageError for what is none, and for one that is to come."""
    if text is None:
        return None
    from wirewatch.timespec import parse_when

    now = datetime.now(UTC)
    try:
        moment = parse_when(text, now=now, zone=call.settings.zone)
    except ValueError as e:
        raise click.UsageError(f"--as-of: {e}") from e
    if moment > now:
        raise click.UsageError(f"--as-of {text} is yet to come: nothing has been shown then")
    return moment
