"""The options that every listing has, and what they mean."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, TypedDict, TypeVar, cast

import click

from wirewatch.cli.options import MOST
from wirewatch.cli.wiring import note
from wirewatch.output import FORMATS, default_format, emit, emit_one

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import tzinfo

    from storage.window import Cursor
    from wirewatch.cli.wiring import Call
    from wirewatch.columns import Column
    from wirewatch.output import Format

F = TypeVar("F", bound="Callable[..., Any]")

#: rows that a table on a terminal shows when no --limit is given; the other formats have no limit of their own
SCREEN_LIMIT = 100

#: formats that have an option of their own
SHORT: tuple[Format, ...] = ("json", "jsonl", "csv")


class Span(TypedDict):
    """Which rows of a listing are wanted: those of `since` on, before `until`, ordered by the time *by*."""

    since: datetime | None
    until: datetime | None
    by: Literal["first_seen", "published"]
    limit: int | None


class Page(Span):
    """A page of them: those that come behind a row."""

    after: Cursor | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """How to list: which rows, and in which form."""

    how: Format
    since: str | None = None
    until: str | None = None
    by: Literal["first_seen", "published"] = "first_seen"
    limit: int | None = None
    #: the place behind a row, as the last page told it
    after: str | None = None
    #: the listing has pages, as long as its rows are sorted by time and id
    has_pages: bool = False
    #: the field of that time, where there is no choice of one
    time: str | None = None
    #: the form was asked for, and is not the usual one of the place where the output goes
    is_asked: bool = False

    @property
    def is_for_programs(self) -> bool:
        """JSON was asked for, so standard error is for errors."""
        return self.how in {"json", "jsonl"}

    def span(self, call: Call) -> Page:
        """The arguments that `storage.listings` wants. Raises click.UsageError."""
        return {**self.unpaged(call), "after": self._cursor()}

    def unpaged(self, call: Call) -> Span:
        """The same for a listing that has no pages. Raises click.UsageError."""
        since, until = self._moments(call)
        return {"since": since, "until": until, "by": self.by, "limit": self.row_limit}

    def _cursor(self) -> Cursor | None:
        if self.after is None:
            return None
        from storage.window import Cursor

        try:
            cursor = Cursor.parse(self.after)
        except ValueError as e:
            raise click.UsageError(f"--after: {e}") from e
        if cursor.time is None and self.by == "first_seen":
            raise click.UsageError(f"--after {self.after}: only a listing --by published has rows without a time")
        return cursor

    def within(self, rows: Iterable[Mapping[str, Any]], name: str, call: Call) -> list[Mapping[str, Any]]:
        """Return the *rows* whose time in the field *name* lies in the span, as far as the limit allows.

        Where a span is given, rows without a time are not in it. Raises click.UsageError.
        """
        since, until = self._moments(call)
        if since or until:
            rows = (row for row in rows if row[name] and not (since and row[name] < since))
            rows = (row for row in rows if not (until and row[name] >= until))
        return list(rows)[: self.row_limit]

    def _moments(self, call: Call) -> tuple[datetime | None, datetime | None]:
        """What --since and --until mean; they are no span when the first is later."""
        now = datetime.now(UTC)
        since, until = _moment(self.since, "--since", call, now), _moment(self.until, "--until", call, now)
        if since and until and since > until:
            raise click.UsageError(f"--since {self.since} is later than --until {self.until}: nothing is between them")
        return since, until

    @property
    def row_limit(self) -> int | None:
        """How many rows to read; None means all."""
        if self.limit is None:
            return SCREEN_LIMIT if self.how == "table" else None
        return self.limit or None

    def show(
        self, rows: Iterable[object], shown: Sequence[Column], call: Call, *, empty: str, has_pages: bool | None = None
    ) -> None:
        """Write the rows. Where people look at a table: say *empty* when there are none, and what shows the next ones.

        *has_pages*: False for rows that are not sorted by time and id, though their listing may be.
        """
        last: object = None

        def passing() -> Iterator[object]:
            nonlocal last
            for row in rows:
                last = row
                yield row

        count = emit(passing(), shown, self.how, zone=_zone(self.how, call))
        if self.how != "table":
            return
        if not count and empty:
            note(empty)
        elif count and count == self.row_limit:
            pages = self.has_pages if has_pages is None else has_pages
            following = self._next_page(last, call) if pages else None
            if following is not None:
                note(f"{count} rows; the next ones: {following}")
            elif self.limit is None:
                note(f"{count} rows; more with --limit, all with --limit 0")

    def _next_page(self, last: object, call: Call) -> str | None:
        """Return the command for the page behind the row *last*; None where it does not tell its place."""
        from storage.window import Cursor
        from wirewatch.cli.repeating import repeat_command

        row: Any = last
        time = self.time or self.by
        if not hasattr(row, "id") or not hasattr(row, time):
            return None
        return repeat_command(call, after=Cursor(time=getattr(row, time), id=row.id))

    def show_one(self, row: object, shown: Sequence[Column], call: Call) -> None:
        """Write a single record."""
        emit_one(row, shown, self.how, zone=_zone(self.how, call))


def _zone(how: Format, call: Call) -> tzinfo:
    return call.settings.zone if how == "table" else UTC


def _moment(text: str | None, option: str, call: Call, now: datetime) -> datetime | None:
    if text is None:
        return None
    from wirewatch.timespec import parse_when

    try:
        return parse_when(text, now=now, zone=call.settings.zone)
    except ValueError as e:
        raise click.UsageError(f"{option}: {e}") from e


def format_options(command: F) -> F:
    """Add --format and its short forms; the command gets them as the argument `listing`."""
    return _with(command, [], default=default_format)


def record_options(command: F) -> F:
    """Add --format and its short forms to a command that shows one record: text for people unless asked."""
    return _with(command, [], default=lambda: "table")


def listing_options(command: F) -> F:
    """Add --since, --until, --by, --limit, --after and --format; the command gets them as the argument `listing`.

    For listings that are sorted by time and id, as `storage.window` does.
    """
    options = [*_span_options("From then on"), _by_option(), _after_option()]
    return _with(command, options, default=default_format, has_limit=True)


def unpaged_options(command: F) -> F:
    """Add the same without --after, for listings that are worked out as a whole."""
    return _with(command, [*_span_options("From then on"), _by_option()], default=default_format, has_limit=True)


def _by_option() -> Callable[[F], F]:
    return click.option(
        "--by",
        type=click.Choice(["first_seen", "published"]),
        default="first_seen",
        show_default=True,
        help="The time that --since, --until and the order go by.",
    )


def timed_options(time: str) -> Callable[[F], F]:
    """Add the same without --by, for listings that are sorted by the field *time* and id alone."""
    options = [*_span_options("From then on"), _after_option()]
    return lambda command: _with(command, options, default=default_format, has_limit=True, time=time)


def _after_option() -> Callable[[F], F]:
    return click.option(
        "--after",
        metavar="CURSOR",
        help="Only what comes behind this row of the listing: TIME:ID, with the time that the order goes by.",
    )


def span_options(what: str) -> Callable[[F], F]:
    """Add --since, --until, --limit and --format; *what* says which time of a row they mean."""
    return lambda command: _with(command, _span_options(what), default=default_format, has_limit=True)


def since_options(what: str) -> Callable[[F], F]:
    """As `window_options`, without --until."""
    return lambda command: _with(command, _span_options(what)[:1], default=lambda: "table")


def window_options(what: str) -> Callable[[F], F]:
    """Add --since, --until and --format to a command that shows one record; *what* says which time they mean."""
    return lambda command: _with(command, _span_options(what), default=lambda: "table")


def _span_options(what: str) -> list[Callable[[F], F]]:
    return [
        click.option("--since", metavar="WHEN", help=f"{what}: 2d, 36h, today, monday, 2026-11-22, …"),
        click.option("--until", metavar="WHEN", help="Before then."),
    ]


def _with(
    command: F,
    options: Sequence[Callable[[F], F]],
    *,
    default: Callable[[], Format],
    has_limit: bool = False,
    time: str | None = None,
) -> F:
    if has_limit:
        limit_help = f"At most N rows; 0 for all. A table on a terminal has {SCREEN_LIMIT} unless asked."
        options = [*options, click.option("--limit", type=click.IntRange(0, MOST), metavar="N", help=limit_help)]
    usual = "table on a terminal, else tsv" if default is default_format else "text for people"
    options = [
        *options,
        click.option("--format", "how", type=click.Choice(FORMATS), help=f"Default: {usual}."),
        *(click.option(f"--{name}", f"as_{name}", is_flag=True, help=f"Short for --format {name}.") for name in SHORT),
    ]

    @functools.wraps(command)
    def with_listing(*args: object, how: Format | None, **kwargs: Any) -> object:
        asked = [how] if how else []
        asked += [name for name in SHORT if kwargs.pop(f"as_{name}") and name != how]
        if len(asked) > 1:
            raise click.UsageError(f"one format at a time, not {' and '.join(asked)}")
        own = {key: kwargs.pop(key) for key in ("since", "until", "by", "limit", "after") if key in kwargs}
        return command(
            *args,
            listing=Listing(
                how=asked[0] if asked else default(), is_asked=bool(asked), has_pages="after" in own, time=time, **own
            ),
            **kwargs,
        )

    decorated = cast(F, with_listing)
    for option in reversed(options):
        decorated = option(decorated)
    return decorated
