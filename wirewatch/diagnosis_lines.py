"""A diagnosis of a feed, as lines for people.

They quote what a server sent, so whoever writes them to a terminal must clean them first.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from ingest.schedule import in_words
from wirewatch.feedcheck import format_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime, tzinfo

    from storage.records import FeedRecord
    from wirewatch.diagnosis import Diagnosis, Live

#: lines of one kind that are shown
MOST_SHOWN = 10
#: spaces before the second column
WIDTH = 16
#: headers that have a line of their own
_OWN_LINE = frozenset({"content-type", "etag", "last-modified", "link", "date"})


def lines_for_people(told: Diagnosis, zone: tzinfo, now: datetime) -> Iterator[str]:
    """The verdict first, then how it came about. Times are shown in *zone*."""
    yield told.url
    yield f"  {_verdict(told)}"
    yield from _block("address", _address(told))
    yield from _block("answer", _answer(told.live))
    yield from _block("document", _document(told.live, zone))
    yield from _block("site", _site(told.live))
    yield from _block("history", _history(told, zone, now))


def _verdict(told: Diagnosis) -> str:
    live = told.live
    if live.reason is not None:
        return f"does not answer as a feed now: {live.reason}: {live.detail}"
    what = format_name(live.kind or "")
    article = "an" if what[0] in "AR" else "a"
    if live.sitemaps is not None:
        what += f" of {_count(live.sitemaps, 'sitemap')}, of which {live.sitemaps_read or 0} were read"
    title = f" “{live.title}”" if live.title else ""
    troubled = f"; {_count(len(live.problems), 'problem')} in it" if live.problems else ""
    return f"answers with {article} {what}{title}, {_count(live.entries or 0, 'entry', 'entries')}{troubled}"


def _address(told: Diagnosis) -> Iterator[tuple[str, str]]:
    if not told.is_configured:
        yield "configured", "no, it is not in feeds.toml"
    elif told.is_paused:
        yield "configured", "yes, and paused there"
    else:
        yield "configured", "yes"
    if told.stored is not None and told.stored.fetch_url != told.url:
        yield "polled at", f"{told.stored.fetch_url}, where it has moved"
    live = told.live
    if len(live.hops) > 1:
        for hop in live.hops:
            yield "hop", f"{_status(hop.status)}  {hop.url}"
        yield "moved", f"for good, to {live.moved_to}" if live.moved_to else "for now only: the redirects are temporary"
    if told.with_access:
        yield "sent along", ", ".join(told.with_access)


def _answer(live: Live) -> Iterator[tuple[str, str]]:
    yield "status", _status(live.status) if live.status else "no answer came"
    if live.content_type is not None:
        yield "content type", live.content_type
    elif live.bytes is not None:
        yield "content type", "none is given"
    if live.bytes is not None:
        yield "size", f"{live.bytes:,} bytes, decoded"
        yield "validators", _validators(live)
    if live.again_status is not None:
        said = live.again_detail or "the answer to a second request, with its validators"
        yield "asked again", f"{_status(live.again_status)}: {said}"
    elif live.again_detail is not None:
        yield "asked again", live.again_detail
    for name, value in live.headers.items():
        if name not in _OWN_LINE:
            yield name, value


def _validators(live: Live) -> str:
    told = [f"etag {live.etag}"] if live.etag else []
    told += [f"last-modified {live.last_modified}"] if live.last_modified else []
    return ", ".join(told) or "none: each poll brings the whole document"


def _document(live: Live, zone: tzinfo) -> Iterator[tuple[str, str]]:
    if live.kind is None:
        return
    yield "format", live.kind
    if live.sitemaps is not None:
        yield "sitemaps", f"{live.sitemaps:,} listed, {live.sitemaps_read or 0} of them read, as its first poll would"
    yield "entries", f"{live.entries:,}{', and more that are not read' if live.is_cut else ''}"
    if live.dates is not None:
        yield from _dates(live, zone)
    if live.ttl_s is not None:
        yield "asks for", f"a poll every {in_words(live.ttl_s)} at most"
    for problem in live.problems[:MOST_SHOWN]:
        yield "problem", problem
    if len(live.problems) > MOST_SHOWN:
        yield "problem", f"… and {len(live.problems) - MOST_SHOWN} more"
    if live.older_page:
        yield "older entries", f"{live.older_page} (see feeds backfill)"
    for hub in live.hubs:
        yield "hub", hub


def _dates(live: Live, zone: tzinfo) -> Iterator[tuple[str, str]]:
    dates = live.dates
    assert dates is not None
    if dates.newest and dates.oldest:
        yield "dated", f"{_time(dates.oldest, zone)} to {_time(dates.newest, zone)}"
    faults = (
        (dates.missing, "without a date"),
        (dates.future, "dated in the future"),
        (dates.zone, "without a time zone that is known"),
    )
    if told := ", ".join(f"{count} {what}" for count, what in faults if count):
        yield "dates", told


def _site(live: Live) -> Iterator[tuple[str, str]]:
    robots = live.robots
    if robots is None:
        return
    yield "robots.txt", "not asked for the feed: you have named it yourself"
    if robots.is_allowed is None:
        yield "first article", f"{robots.page}: not now, robots.txt cannot be had: {robots.problem}"
    else:
        verdict = "robots.txt allows it" if robots.is_allowed else "robots.txt forbids it: its feed's text is used"
        yield "first article", f"{robots.page}: {verdict}"
    for sitemap in robots.sitemaps[:MOST_SHOWN]:
        yield "sitemap", sitemap


def _history(told: Diagnosis, zone: tzinfo, now: datetime) -> Iterator[tuple[str, str]]:
    stored = told.stored
    if stored is None:
        yield "stored", "nothing: it was never polled"
        return
    yield "state", _state(stored, zone, now)
    yield "last poll", _last_poll(stored, zone, now)
    if told.is_paused or stored.state in {"paused", "removed"}:
        yield "next poll", "none"
    else:
        yield "next poll", _soon(stored.next_poll_at, zone, now) + (f": {stored.plan_why}" if stored.plan_why else "")
    yield "entries", f"{stored.entries:,} seen so far"
    if stored.gaps:
        yield "gaps", f"{stored.gaps} in the last 30 days: entries in between may be missing"
    if stored.hub:
        yield "subscription", _subscription(stored, zone, now)
    for event in told.events[:MOST_SHOWN]:
        yield "event", f"{_time(event.at, zone)}  {event.kind}  {event.detail}"


def _state(stored: FeedRecord, zone: tzinfo, now: datetime) -> str:
    told = [stored.state]
    if stored.broken_since:
        told.append(f"broken since {_soon(stored.broken_since, zone, now)}")
    if stored.silent_since:
        told.append(f"silent for longer than expected since {_soon(stored.silent_since, zone, now)}")
    if stored.last_new_at:
        told.append(f"last news {_soon(stored.last_new_at, zone, now)}")
    if stored.moved_at:
        told.append(f"moved {_soon(stored.moved_at, zone, now)} from {stored.moved_from}")
    return "; ".join(told)


def _last_poll(stored: FeedRecord, zone: tzinfo, now: datetime) -> str:
    if stored.last_polled_at is None:
        return "none yet"
    when = _soon(stored.last_polled_at, zone, now)
    if stored.last_error is None:
        return f"{when}: {_status(stored.last_status)}"
    times = f" ({stored.failures} times in a row)" if stored.failures > 1 else ""
    return f"{when}: {stored.last_error}{times}: {stored.last_error_detail}"


def _subscription(stored: FeedRecord, zone: tzinfo, now: datetime) -> str:
    if stored.subscription is None:
        return "none; see websub.callback in wirewatch.toml"
    pushed = f"; last push {_soon(stored.last_push_at, zone, now)}" if stored.last_push_at else ""
    return f"{stored.subscription} at {stored.hub}{pushed}"


def _soon(at: datetime, zone: tzinfo, now: datetime) -> str:
    seconds = (now - at).total_seconds()
    apart = "now" if abs(seconds) < 60 else f"{in_words(seconds)} ago" if seconds > 0 else f"in {in_words(-seconds)}"
    return f"{_time(at, zone)} ({apart})"


def _time(at: datetime, zone: tzinfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def _status(status: int | None) -> str:
    """Return the status with what it is called."""
    if status is None:
        return "no answer"
    try:
        return f"{status} {HTTPStatus(status).phrase.lower()}"
    except ValueError:
        return str(status)


def _block(title: str, rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    listed = list(rows)
    if listed:
        yield ""
        yield title
        yield from (f"  {name:<{WIDTH}}  {text}" for name, text in listed)


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
