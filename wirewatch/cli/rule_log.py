"""`wirewatch rules log`: which versions of the topics were in force from when to when."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import click

from storage.lists.history_records import TopicStay
from wirewatch.cli.listing import format_options
from wirewatch.cli.options import Command
from wirewatch.cli.wiring import pass_call, tell
from wirewatch.history_fields import TOPIC_STAY, TOPIC_STAY_DIFF

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicStayDiff(TopicStay):
    """A version that was in force, and what it changed."""

    #: lines as `diff -u` gives them; null for the first version
    diff: str | None


@click.command(cls=Command)
@click.argument("topic", required=False)
@click.option("--diff", "with_diff", is_flag=True, help="What each version changed against the one before, by line.")
@format_options
@pass_call
def log(call: Call, listing: Listing, *, topic: str | None, with_diff: bool) -> None:
    """List which versions of a topic were in force from when to when.

    Without TOPIC, of all topics, also of those that no rule file has any more. The newest come first. What they listed
    at a moment: wirewatch matches TOPIC --as-of WHEN.
    """
    with call.reading(f"wirewatch{call.repeated} rules list") as listings:
        stays = listings.topic_stays(topic)
    if not with_diff:
        listing.show(stays, TOPIC_STAY, call, empty=_EMPTY)
    elif listing.how == "table":
        tell(_tell(list(_compare(stays)), call))
    else:
        listing.show(_compare(stays), TOPIC_STAY_DIFF, call, empty=_EMPTY)


_EMPTY = "no topic was ever in force; `once` and `run` put the topics of the rule files in force"


def _compare(stays: Sequence[TopicStay]) -> Iterator[TopicStayDiff]:
    """Yield each with what it changed against the one before, which stands behind it."""
    for stay, before in zip(stays, [*stays[1:], None], strict=True):
        diff = None
        if before is not None and before.topic == stay.topic:
            lines = difflib.unified_diff(
                before.source.splitlines(), stay.source.splitlines(), before.version, stay.version, lineterm="", n=1
            )
            diff = "\n".join(lines)
        yield TopicStayDiff(**{field.name: getattr(stay, field.name) for field in fields(stay)}, diff=diff)


def _tell(stays: Sequence[TopicStayDiff], call: Call) -> Iterator[str]:
    if not stays:
        yield _EMPTY
    zone = call.settings.zone
    for stay in stays:
        until = "now" if stay.until is None else f"{stay.until.astimezone(zone):%Y-%m-%d %H:%M}"
        ended = f", {stay.ended}" if stay.ended else ""
        since = f"{stay.since.astimezone(zone):%Y-%m-%d %H:%M}"
        yield f"{stay.topic} {stay.version}  {since} to {until}{ended}; {stay.file}; {stay.matches} matches"
        if stay.diff is None:
            yield from (f"  {line}" for line in stay.source.splitlines())
        elif not stay.diff:
            yield "  nothing changed"
        else:
            # What is compared stands above already.
            yield from (f"  {line}" for line in stay.diff.splitlines()[2:])
