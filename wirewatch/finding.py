"""Looks for expressions and topics in the stored articles, with the matcher that also works live. Changes nothing."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rules.errors import RuleErrors
from rules.render import render
from rules.syntax import parse
from rules.topic import make_topic

if TYPE_CHECKING:
    from rules.files import LoadedRules
    from rules.topic import Topic
    from storage.listings import Listings
    from storage.records import FoundRecord, SpanRecord

By = Literal["first_seen", "published"]

#: what an expression that is tried out is called, where topics have their names
NAMELESS = "expression"

#: what could be meant as the name of a topic or file
_NAME = re.compile(r"[\w./-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What is to be tried out on the stored articles."""

    topics: tuple[Topic, ...]
    #: an expression, which has no stored matches to compare with
    is_expression: bool = False
    #: lines for people about how it was understood
    hints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A topic that matches a stored article."""

    topic: str
    rules: tuple[str, ...]
    article: int
    title: str
    url: str
    source: str
    published: datetime | None
    first_seen: datetime
    #: the match is stored already
    is_stored: bool
    spans: tuple[SpanRecord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What topics match as they are written now, against what is stored."""

    hits: tuple[Hit, ...]
    #: stored matches, as topic and article, that would be gone
    lost: tuple[tuple[str, int], ...]
    #: articles that any of the topics matches, whatever the limit, and articles in the span
    matched: int
    looked_at: int
    #: False: older articles were left out, because the index cannot help and there are too many
    is_complete: bool


def read_tried(what: str, loaded: LoadedRules) -> Tried:
    """Read *what* as a rule file, the name of a topic in *loaded*, or else an expression.

    Raises RuleError or RuleErrors when it is not understood.
    """
    from wirewatch.rulecheck import load

    if what.endswith(".rules") or Path(what).is_file():
        file = load([Path(what)])
        if file.errors:
            raise RuleErrors(file.errors)
        return Tried(topics=file.topics)
    for topic in loaded.topics:
        if topic.name == what:
            return Tried(topics=(topic,))
    if what in loaded.broken:
        raise RuleErrors(error for error in loaded.errors if error.file)
    expression = make_topic(name=NAMELESS, matches=[(parse(what, macros=loaded.macros), 1)])
    near = difflib.get_close_matches(what, [topic.name for topic in loaded.topics], n=1)
    hint = f"{what} is no topic and no file, so it is read as an expression"
    if near:
        hint += f"; did you mean {near[0]}?"
    return Tried(topics=(expression,), is_expression=True, hints=(hint,) if near or _NAME.fullmatch(what) else ())


def dry_run(
    tried: Tried,
    listings: Listings,
    *,
    since: datetime | None,
    until: datetime | None,
    by: By,
    limit: int | None,
) -> DryRun:
    """Match every topic of *tried* against the stored articles of the span; the newest hits come first."""
    hits: list[Hit] = []
    lost: list[tuple[str, int]] = []
    is_complete = True
    for topic in tried.topics:
        stored = set() if tried.is_expression else _stored(topic.name, listings, since, until, by)
        found, is_whole = _match(topic, listings, stored, since, until, by)
        hits += found
        lost += [(topic.name, article) for article in sorted(stored - {hit.article for hit in found})]
        is_complete = is_complete and is_whole
    hits.sort(key=lambda hit: (_time(hit, by), hit.article), reverse=True)
    return DryRun(
        hits=tuple(hits[:limit]),
        lost=tuple(lost),
        matched=len({hit.article for hit in hits}),
        looked_at=listings.article_count(since=since, until=until, by=by),
        is_complete=is_complete,
    )


def find(
    query: str,
    listings: Listings,
    *,
    since: datetime | None,
    until: datetime | None,
    by: By,
    limit: int | None,
) -> tuple[tuple[FoundRecord, ...], bool]:
    """Return the articles that the expression *query* matches, the newest first, and whether these are all.

    Raises RuleError.
    """
    if by == "first_seen":
        found = listings.search(query, since=since, until=until, limit=limit)
        return found.rows, found.is_complete
    # the index knows nothing of dates of publication
    found = listings.search(query)
    rows = [
        row
        for row in found.rows
        if (since is None or (row.published is not None and row.published >= since))
        and (until is None or (row.published is not None and row.published < until))
    ]
    rows.sort(key=lambda row: (_time(row, by), row.id), reverse=True)
    return tuple(rows[:limit]), found.is_complete


def _match(
    topic: Topic,
    listings: Listings,
    stored: set[int],
    since: datetime | None,
    until: datetime | None,
    by: By,
) -> tuple[list[Hit], bool]:
    """Look for each match line by itself, so that it is known which of them fired."""
    excluded = "".join(f" NOT ({render(rule.tree)})" for rule in topic.excludes)
    fired: dict[int, list[str]] = {}
    records: dict[int, FoundRecord] = {}
    spans: dict[int, set[SpanRecord]] = {}
    is_complete = True
    for rule in topic.rules:
        expression = f"({render(rule.tree)}){excluded}"
        rows, is_whole = find(expression, listings, since=since, until=until, by=by, limit=None)
        is_complete = is_complete and is_whole
        for row in rows:
            # the guard of a topic lets an article of unknown language pass
            if topic.langs and row.lang and row.lang not in topic.langs:
                continue
            records[row.id] = row
            fired.setdefault(row.id, []).append(rule.id)
            spans.setdefault(row.id, set()).update(row.spans)
    hits = [
        Hit(
            topic=topic.name,
            rules=tuple(fired[article]),
            article=article,
            title=record.title,
            url=record.url,
            source=record.source,
            published=record.published,
            first_seen=record.first_seen,
            is_stored=article in stored,
            spans=tuple(sorted(spans[article], key=lambda span: (span.field != "title", span.field, span.start))),
        )
        for article, record in records.items()
    ]
    return hits, is_complete


def _stored(name: str, listings: Listings, since: datetime | None, until: datetime | None, by: By) -> set[int]:
    try:
        return {match.article for match in listings.matches(name, since=since, until=until, by=by)}
    except LookupError:
        # a topic that was never in force
        return set()


def _time(record: Hit | FoundRecord, by: By) -> datetime:
    time = record.first_seen if by == "first_seen" else record.published
    return time or datetime.min.replace(tzinfo=UTC)
