"""What a changed rule file does to the stored articles, and when it comes into force; for `rules edit` and `add`."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from rules.errors import shorten
from wirewatch.cli.listing import Listing
from wirewatch.cli.progress import Progress
from wirewatch.cli.wiring import counted, note
from wirewatch.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from wirewatch.cli.wiring import Call
    from wirewatch.comparison import Comparison
    from wirewatch.ruleedit import Verdict

#: how far the effect is looked for unless asked
SINCE = "7d"
#: so many titles are shown of what enters and of what leaves each topic
TITLES = 3
#: so much of a title is shown, in characters
MOST_TITLE = 200
#: so many names of topics are listed
HELD = 5


def check_since(call: Call, since: str) -> None:
    """Raise click.UsageError when *since* is no time, before any work is done."""
    # what is wrong with the settings is told when the effect is
    with suppress(ConfigError):
        _start(call, since)


def show_effect(call: Call, verdict: Verdict, since: str) -> None:
    """Say how many stored articles each changed topic would gain and lose, with a few of their titles.

    Where the stored articles cannot be read, that is said, and nothing else happens.
    """
    from ingest.errors import StoreError

    if verdict.changed:
        try:
            _show_comparison(_compare(call, verdict, since), since)
        except (StoreError, ConfigError) as e:
            note(f"the effect on stored articles cannot be told: {e}")
    elif not verdict.gone and not verdict.held:
        note("every topic matches what it did before")
    for name in verdict.gone:
        note(f"topic {name}: taken out, matches nothing any more")


def tell_next(call: Call, verdict: Verdict) -> None:
    """Say how what was saved comes into force, and what does not."""
    note("in force at the next tick of a running daemon, else from the next `wirewatch once` on")
    if verdict.held:
        note(f"but {tell_held(verdict)}; see: wirewatch{call.repeated} rules check")
    if verdict.changed:
        note(f"articles that are stored already are matched by: wirewatch{call.repeated} rules apply")


def tell_held(verdict: Verdict) -> str:
    """What becomes of the topics that are not understood."""
    names = verdict.held
    if len(names) == 1:
        return f"topic {names[0]} stays at its last good version"
    more = f" and {len(names) - HELD} more" if len(names) > HELD else ""
    return f"topics {', '.join(names[:HELD])}{more} stay at their last good versions"


def _start(call: Call, since: str) -> datetime | None:
    return Listing(how="table", since=since).span(call)["since"]


def _compare(call: Call, verdict: Verdict, since: str) -> Comparison:
    from wirewatch.comparison import compare

    start = _start(call, since)
    with call.app.listings() as listings, Progress(0, "articles") as progress:
        return compare(verdict.changed, listings, since=start, wanted=("new", "lost"), tell=progress.show)


def _show_comparison(found: Comparison, since: str) -> None:
    note(f"of {counted(found.looked_at, 'stored article')} (since {since})")
    at_least = "" if found.is_complete else "at least "
    for topic in found.topics:
        note(f"topic {topic.topic}: {at_least}{topic.new} would enter, {topic.lost} leave, {topic.same} stay")
        for sign, change in (("+", "new"), ("-", "lost")):
            hits = (hit for hit in found.hits if hit.topic == topic.topic and hit.change == change)
            _show_titles(sign, [hit.title or hit.url for hit in hits])


def _show_titles(sign: str, titles: Sequence[str]) -> None:
    for title in titles[:TITLES]:
        note(f"  {sign} {shorten(' '.join(title.split()), MOST_TITLE)}")
    if len(titles) > TITLES:
        note(f"  {sign} … and {len(titles) - TITLES} more")
