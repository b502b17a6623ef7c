"""Compares what a case has left with what it must leave."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from hostility.case import ANY, requests_to
from hostility.found import count_articles, read_entries, read_feed
from hostility.reply import fill

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hostility.case import Case, Item, Scene, Wait
    from hostility.outcome import Found

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def judge_scene(scene: Scene, done: Any, database: Path, polled_at: datetime) -> list[str]:
    """Complaints about the last poll of a scene; *done* is what `refresh_feed` returned."""
    feed = read_feed(database)
    complaints = [
        *_differ("error", scene.error, feed["last_error"]),
        *_differ("state", scene.state, feed["state"]),
        *_differ("status", scene.status, feed["last_status"]),
        *_differ("new", scene.new, done.new),
        *_differ("changed", scene.changed, done.changed),
    ]
    if complaints and feed["last_error_detail"]:
        complaints[-1] += f" ({feed['last_error_detail']})"
    if scene.next is not None:
        complaints += _judge_wait("next poll", scene.next, _moment(feed["next_poll_at"]) - polled_at)
    return complaints


def judge(case: Case, found: Found, now: datetime) -> list[str]:
    """Complaints about what is stored in the end, and about what was asked of the servers."""
    feed, entries = read_feed(found.database), read_entries(found.database)
    complaints = []
    if isinstance(case.items, int):
        complaints += _differ("entries", ANY if case.items < 0 else case.items, len(entries))
    else:
        complaints += _differ("entries", len(case.items), len(entries))
        for number, (item, entry) in enumerate(zip(case.items, entries, strict=False)):
            complaints += [f"entry {number}: {line}" for line in _judge_item(item, entry, found.names, now)]
    if case.fetch_url is not ANY:
        complaints += _differ("fetch_url", fill(str(case.fetch_url), found.names), feed["fetch_url"])
    complaints += _differ("title", case.title, feed["title"])
    if case.articles is not ANY:
        complaints += _differ("articles", case.articles, count_articles(found.database))
    for path, count in case.asked.items():
        complaints += _differ(f"requests for {path}", count, len(requests_to(found, path)))
    for asked in found.asked:
        # Point 1, in every case: no cookies, no referrer.
        complaints += [f"sent {name} to {asked.path}" for name in ("cookie", "referer") if name in asked.headers]
    if case.check is not None:
        complaints += case.check(found)
    return complaints


def _judge_item(item: Item, entry: Mapping[str, Any], names: Mapping[str, str], now: datetime) -> list[str]:
    complaints = [
        *_differ("title", item.title, entry["title"]),
        *_differ("state", item.state, entry["state"]),
        *_differ("reason", item.reason, entry["reason"]),
        *_differ("text from", item.text_from, entry["text_from"]),
        *_differ("published", item.published, _written(entry["published"])),
        *_differ("date fault", item.date_fault, entry.get("date_fault")),
        *_differ("found by", item.found_by, entry.get("found_by")),
        *_differ("versions", item.versions, entry["versions"]),
    ]
    if complaints and entry["detail"]:
        complaints[-1] += f" ({entry['detail']})"
    for what, wanted, is_so in (("link", item.link, entry["link"]), ("article", item.article, entry["article_url"])):
        complaints += _differ(what, fill(wanted, names) if isinstance(wanted, str) else wanted, is_so)
    text = entry["article_text"] or ""
    if item.text is not None and item.text not in text:
        complaints.append(f"text: {item.text[:60]!r} is not in {text[:100]!r}")
    if item.lacks is not None and item.lacks in text:
        complaints.append(f"text: {item.lacks[:60]!r} is in it")
    if item.again is not None:
        if entry["next_try_at"] is None:
            complaints.append("no next try is planned")
        else:
            complaints += _judge_wait("next try", item.again, _moment(entry["next_try_at"]) - now)
    return complaints


def _differ(what: str, wanted: object, is_so: object) -> list[str]:
    if wanted is ANY or wanted == is_so or (isinstance(wanted, frozenset) and is_so in wanted):
        return []
    shown = sorted(map(str, wanted)) if isinstance(wanted, frozenset) else wanted
    return [f"{what} is {_short(is_so)}, not {_short(shown)}"]


def _judge_wait(what: str, wanted: Wait, wait: timedelta) -> list[str]:
    seconds = wait.total_seconds()
    if wanted.least_s <= seconds <= wanted.most_s:
        return []
    return [f"{what} in {seconds:.0f} s, not {wanted.least_s:.0f} to {wanted.most_s:.0f} s"]


def _moment(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


def _written(microseconds: int | None) -> str | None:
    return None if microseconds is None else _moment(microseconds).strftime("%Y-%m-%dT%H:%M:%SZ")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) < 120 else f"{text[:117]}…"
