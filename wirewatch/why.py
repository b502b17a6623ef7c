"""Tells the whole way of one entry: seen when and where, how its page answered, what became of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.errors import Reason
from ingest.schedule import in_words
from wirewatch.reasons import MEANINGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime, tzinfo

    from storage.lists.trail_records import EventRecord, FetchRecord, TrailArticle, TrailRecord
    from storage.records import ArticleMatchRecord

#: of many fetches, so many are shown to people, the newest
MOST_FETCHES = 12
#: of what happened to its feed, so much
MOST_EVENTS = 3
WIDTH = 10

FOUND_BY = {
    "feed": "a poll of the feed",
    "sitemap": "the news sitemap of the site, read after a gap between two polls",
    "push": "the hub, which pushed it",
    "archive": "an older page of the feed",
}
DATE_FAULTS = {
    "missing": "the feed gives no date",
    "future": "which lies in the future; it is kept, and when it was first seen counts",
    "zone": "without a time zone that is known; read as UTC",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldEntry:
    """The way of one entry, with the fields of its JSON object."""

    entry: int
    title: str
    guid: str | None
    link: str | None
    page_address: str | None
    feed: int
    feed_url: str
    feed_title: str | None
    feed_state: str
    #: see `ingest.polling.FoundBy`
    found_by: str
    first_seen: datetime
    #: when a document last listed it
    last_seen: datetime
    published: datetime | None
    date_fault: str | None
    #: characters of the text that the feed gives, and how often it has changed what it says
    feed_text: int
    revision: int
    state: str
    reason: str | None
    #: what the reason means
    meaning: str | None
    detail: str | None
    text_from: str | None
    #: the oldest first
    fetches: tuple[FetchRecord, ...]
    article: TrailArticle | None
    matches: tuple[ArticleMatchRecord, ...]
    #: failed tries in a row, and looks at its page after it was done
    attempts: int
    checks: int
    next_try_at: datetime | None
    #: why then, or why never
    next_why: str
    #: what happened to it and its feed, the newest first
    events: tuple[EventRecord, ...]


def tell_entry(trail: TrailRecord) -> ToldEntry:
    """Return what is told of an entry."""
    return ToldEntry(
        entry=trail.id,
        title=trail.title,
        guid=trail.guid,
        link=trail.link,
        page_address=trail.page_address,
        feed=trail.feed.id,
        feed_url=trail.feed.url,
        feed_title=trail.feed.title,
        feed_state=trail.feed.state,
        found_by=trail.found_by,
        first_seen=trail.first_seen,
        last_seen=trail.last_seen,
        published=trail.published,
        date_fault=trail.date_fault,
        feed_text=trail.feed_text,
        revision=trail.revision,
        state=trail.state,
        reason=trail.reason,
        meaning=_meaning(trail.reason),
        detail=trail.detail,
        text_from=trail.text_from,
        fetches=trail.fetches,
        article=trail.article,
        matches=trail.matches,
        attempts=trail.attempts,
        checks=trail.checks,
        next_try_at=trail.next_try_at,
        next_why=_next_why(trail),
        events=trail.events,
    )


def _meaning(reason: str | None) -> str | None:
    return MEANINGS[Reason(reason)] if reason in set(Reason) else None


def _next_why(trail: TrailRecord) -> str:
    """Say why the next look at its page is when it is, or why there is none."""
    if trail.state == "failed":
        return f"given up after {_times(trail.attempts)}" if trail.attempts > 1 else "what went wrong does not pass"
    if trail.state == "done":
        return _why_again(trail) if trail.next_try_at is not None else _why_not_again(trail)
    if trail.attempts:
        return f"{_failed(trail)}; what went wrong can pass"
    if trail.is_changed:
        return "the feed has changed what it says, so its page is fetched again"
    return "it is due: fetched by the next `once`, or the daemon that runs"


def _why_again(trail: TrailRecord) -> str:
    if trail.attempts:
        return f"the page is tried again, though there is a text: {_failed(trail)}"
    return f"the page is looked at for corrections, for the {_ordinal(trail.checks + 1)} time"


def _why_not_again(trail: TrailRecord) -> str:
    if trail.reason == Reason.FORGOTTEN:
        return "its article was forgotten for good; nothing of it is stored again"
    if trail.article is not None and trail.article.entry != trail.id:
        return f"entry {trail.article.entry} looks after the page"
    if trail.checks:
        return f"the page was looked at again {_count(trail.checks, 'time')}"
    return "trying again would not help" if trail.reason else "all is done"


def _failed(trail: TrailRecord) -> str:
    return f"{_times(trail.attempts)} failed in a row"


def _times(number: int) -> str:
    return _count(number, "try", "tries")


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def _ordinal(number: int) -> str:
    return {1: "first", 2: "second", 3: "third"}.get(number, f"{number}th")


# --- for people -------------------------------------------------------------------------------------


def lines_for_people(told: ToldEntry, zone: tzinfo, now: datetime, options: str) -> Iterator[str]:
    """The way in plain lines; times in *zone*, *options* are repeated in the commands that are suggested.

    They quote the feed, so whoever writes them to a terminal must clean them first.
    """
    yield f"entry {told.entry}: {told.title or 'no title'}"
    yield f"  {told.link or 'it has no link'}"
    yield ""
    for name, texts in _rows(told, zone, now, options):
        for index, text in enumerate(texts):
            yield f"{'' if index else name:<{WIDTH}}  {text}".rstrip()


def _rows(told: ToldEntry, zone: tzinfo, now: datetime, options: str) -> Iterator[tuple[str, Iterable[str]]]:
    feed = f"feed {told.feed}, {told.feed_title or told.feed_url}"
    again = f"; it was last listed {_time(told.last_seen, zone)}" if told.last_seen > told.first_seen else ""
    yield "seen", [f"{_time(told.first_seen, zone)} in {feed}{again}"]
    yield "found by", [FOUND_BY.get(told.found_by, told.found_by)]
    yield "dated", [_dated(told, zone)]
    if told.revision:
        yield "changed", [f"the feed has changed what it says {_count(told.revision, 'time')}"]
    yield "fetched", list(_fetched(told, zone)) or [_not_fetched(told)]
    yield (
        "state",
        [told.state if told.reason is None else f"{told.state}: {told.reason}. {told.meaning or ''}".rstrip()],
    )
    yield "text", [_text(told)]
    yield "story", list(_story(told, options))
    yield "topics", list(_topics(told, options))
    yield "next", [_next(told, zone, now)]
    if told.feed_state != "active" or told.events:
        yield "feed", list(_feed(told, zone, options))


def _dated(told: ToldEntry, zone: tzinfo) -> str:
    fault = DATE_FAULTS.get(told.date_fault or "", "")
    if told.published is None:
        return f"unknown: {fault or DATE_FAULTS['missing']}"
    return f"{_time(told.published, zone)}{f', {fault}' if fault else ''}"


def _fetched(told: ToldEntry, zone: tzinfo) -> Iterator[str]:
    if len(told.fetches) > MOST_FETCHES:
        yield f"… {len(told.fetches) - MOST_FETCHES} earlier"
    for fetch in told.fetches[-MOST_FETCHES:]:
        answer = "no answer" if fetch.status is None else str(fetch.status)
        where = f", redirected {_count(fetch.redirects, 'time')}" if fetch.redirects else ""
        where += f", answered by {fetch.url}" if fetch.url else ""
        # The reason stays without its words where the article was forgotten.
        why = "".join(f": {said}" for said in (fetch.reason, fetch.detail) if said)
        yield f"{_time(fetch.at, zone)}  {answer}{where}{why}"


def _not_fetched(told: ToldEntry) -> str:
    article = told.article
    if article is not None and article.entry != told.entry and article.text_from == "page":
        return f"fetched for entry {article.entry}, which has the same page"
    return "its page was not asked for in the last 30 days"


def _text(told: ToldEntry) -> str:
    article = told.article
    if article is None:
        feed = f"; the feed itself gives {_count(told.feed_text, 'character')}" if told.feed_text else ""
        return f"none{feed or '; the feed itself gives none'}"
    source = "its page" if article.text_from == "page" else "the feed itself"
    repaired = f", repaired: {article.repaired} was undone" if article.repaired else ""
    version = f", version {article.version} of {article.versions}" if article.versions > 1 else ""
    language = f", {article.lang}" if article.lang else ""
    raw = "" if article.has_raw_page or article.text_from == "feed" else "; the page itself is no longer kept"
    return f"from {source}: {_count(article.words, 'word')}{language}{repaired}{version}: article {article.id}{raw}"


def _story(told: ToldEntry, options: str) -> Iterator[str]:
    article = told.article
    if article is None:
        yield "none: there is no text to be compared"
    elif article.is_lead:
        yield f"it leads story {article.story}: wirewatch{options} story {article.story}"
    elif article.kind is None or article.relative is None:
        yield f"it belongs to story {article.story}: wirewatch{options} story {article.story}"
    else:
        score = f" ({100 * article.score:.0f} %)" if article.score is not None else ""
        yield f"{_kind(article.kind)}{score} of article {article.relative}, {article.relative_url}"
        yield f"in story {article.story}: wirewatch{options} story {article.story}"
        yield f"in full: wirewatch{options} why-copy {article.id} {article.relative}"


def _kind(kind: str) -> str:
    return {"excerpt": "an excerpt", "extended": "an extended version"}.get(kind, f"a {kind}")


def _topics(told: ToldEntry, options: str) -> Iterator[str]:
    for match in told.matches:
        words = ", ".join(match.matched)
        yield f"{match.topic}: {', '.join(match.rules)}: {words}"
    if told.article is None:
        yield "none: there is no text to be matched"
    elif told.matches:
        yield f"in full: wirewatch{options} rules explain {told.article.id}"
    else:
        yield f"no rule matches; why not: wirewatch{options} rules explain {told.article.id}"


def _next(told: ToldEntry, zone: tzinfo, now: datetime) -> str:
    if told.next_try_at is None:
        return f"at once: {told.next_why}" if told.state == "new" else f"nothing is planned: {told.next_why}"
    left = (told.next_try_at - now).total_seconds()
    when = f"in {in_words(left)}" if left > 0 else "due"
    return f"{_time(told.next_try_at, zone)} ({when}): {told.next_why}"


def _feed(told: ToldEntry, zone: tzinfo, options: str) -> Iterator[str]:
    yield f"{told.feed_state}; now: wirewatch{options} feeds check {told.feed_url}"
    for event in told.events[:MOST_EVENTS]:
        yield f"{_time(event.at, zone)}  {event.kind}: {event.detail}"


def _time(at: datetime, zone: tzinfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M")
