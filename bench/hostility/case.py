"""One hostile behaviour: what the servers do, and what has to come of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import timedelta

    from hostility.outcome import Found
    from hostility.reply import Asked, Reply

MINUTE_S = 60.0
HOUR_S = 60 * MINUTE_S
DAY_S = 24 * HOUR_S

#: The schedule lengthens waits by a tenth at most (jitter), and a second is lost to rounding.
JITTER = 1.1


class _Any:
    def __repr__(self) -> str:
        return "ANY"


#: The value does not matter.
ANY = _Any()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Bounds of the time from a poll to the next, in seconds."""

    least_s: float
    most_s: float


def around(seconds: float) -> Wait:
    """*seconds*, with the jitter of a tenth."""
    return Wait(least_s=seconds - 1, most_s=seconds * JITTER + 1)


def between(least_s: float, most_s: float) -> Wait:
    """Anything from *least_s* to *most_s* seconds, the latter with its jitter."""
    return Wait(least_s=least_s - 1, most_s=most_s * JITTER + 1)


#: The first document of a feed that asks for nothing: "start 30 min".
START = around(30 * MINUTE_S)
#: After something known or unchanged: longer than at the start, at most twice as long.
LONGER = between(31 * MINUTE_S, 60 * MINUTE_S)
#: A first failed poll: not sooner than the feed would have been polled anyway, and well before a day.
FIRST_FAILURE = between(30 * MINUTE_S, 2 * HOUR_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An entry as it must stand in the end. ANY: it does not matter."""

    title: object = ANY
    state: object = "done"
    reason: object = None
    text_from: object = "page"
    #: the address of the entry, with `@A@` for a host
    link: object = ANY
    #: RFC 3339 with Z, or None
    published: object = ANY
    date_fault: object = ANY
    found_by: object = ANY
    #: stands in the current text of its article, or does not
    text: str | None = None
    lacks: str | None = None
    #: how many texts its article has had
    versions: object = ANY
    #: the normalised address of its article
    article: object = ANY
    #: the next try, seconds from the end of the last scene
    again: Wait | None = None


def page(title: object = ANY, **more: object) -> Item:
    """Done, with the text of its page."""
    return Item(title=title, **more)


def fed(title: object, reason: object, **more: object) -> Item:
    """Done with the feed's own text, for this reason."""
    return Item(title=title, reason=reason, text_from="feed", **more)


def waiting(title: object, reason: object, **more: object) -> Item:
    """To be tried again; until then the feed's own text serves."""
    return Item(title=title, state="retrying", reason=reason, text_from="feed", **more)


def unread(title: object = ANY, **more: object) -> Item:
    """Only listed: the case does not ask for pages."""
    return Item(title=title, state="new", text_from=None, **more)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One poll (or several), what the servers say meanwhile, and what must come of the last one."""

    #: "/path" on host A or "b/path" on host B → what is said there; several replies come one after the other
    routes: Mapping[str, Reply | tuple[Reply, ...]] = field(default_factory=dict)
    #: time since the last scene; None: until the next poll is due
    after: timedelta | None = None
    #: how many polls, each when it is due
    times: int = 1
    #: the program was ended and started anew before it
    is_after_restart: bool = False
    #: False: time passes, and only entries are worked on
    is_poll: bool = True
    error: object = None
    state: object = "active"
    #: HTTP status that is kept with the feed
    status: object = ANY
    next: Wait | None = None
    #: entries that the poll found new, and changed
    new: object = ANY
    changed: object = ANY
    #: kinds of the events that the scene must bring, and of those that it must not
    events: tuple[str, ...] = ()
    no_events: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Raises ValueError when it expects nothing."""

    name: str
    #: point of the issue that asks for it
    point: int
    scenes: tuple[Scene, ...]
    #: all entries in the order in which they were stored, or how many there are; -1: that does not matter
    items: tuple[Item, ...] | int = 0
    #: path on host A, or a whole address
    feed: str = "/feed.xml"
    #: letters of the hosts that answer
    hosts: str = "a"
    #: names that are resolved, and to what: `@A@` stands for the bare address of host A; a list: one after the other
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: differ from what the bench uses
    settings: Mapping[str, object] = field(default_factory=dict)
    #: how the user wants the feed to be asked for: the fields of `FeedAccess`
    access: Mapping[str, object] = field(default_factory=dict)
    #: False: pages are not fetched
    reads: bool = True
    #: where the feed is fetched in the end, with `@A@`
    fetch_url: object = ANY
    title: object = ANY
    #: how many articles are stored
    articles: object = ANY
    #: "host/path" → how often it was asked for
    asked: Mapping[str, int] = field(default_factory=dict)
    #: what else must hold; returns complaints
    check: Callable[[Found], list[str]] | None = None

    def __post_init__(self) -> None:
        if not self.scenes:
            raise ValueError(f"{self.name}: a case needs a scene")


def one(name: str, point: int, routes: Mapping[str, Reply | tuple[Reply, ...]], **more: object) -> Case:
    """A case of one poll. What *more* says of a `Scene` goes there."""
    scene = {key: more.pop(key) for key in list(more) if key in _SCENE}
    scene.setdefault("next", FIRST_FAILURE if scene.get("error") else None)
    scene.setdefault("state", "backing-off" if scene.get("error") else "active")
    return Case(name=name, point=point, scenes=(Scene(routes=routes, **scene),), **more)


_SCENE = frozenset({"error", "state", "status", "next", "new", "changed", "events", "no_events"})


def requests_to(found: Found, path: str) -> list[Asked]:
    """What was asked for at "/path" of host A, or at "b/path"."""
    host, _, rest = path.partition("/")
    return [asked for asked in found.asked if (asked.host, asked.path) == (host or "a", f"/{rest}")]
