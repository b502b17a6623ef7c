"""Compares topics as they are written with the matches that are stored: which articles enter, leave and stay.

One matcher: the compiled rule set judges here as it does live and in a back-fill. The full-text index only spares
it articles that cannot match, and each article is read and tokenised once, however many topics there are.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rules.compile import compile_rules
from rules.tree import join_or
from storage.matches import spans_with_text
from storage.searching.search import SCAN_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from rules.match import TopicMatch
    from rules.topic import Topic
    from storage.listings import Listings
    from storage.records import SpanRecord, StoredMatch
    from storage.texts import Candidate, StoredText

#: A `scan_limit` that leaves no article out.
ALL_ARTICLES = sys.maxsize - 1

By = Literal["first_seen", "published"]

#: new: matches now and is not stored; lost: is stored and matches no longer; same: both
Change = Literal["new", "lost", "same"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """What becomes of a topic and a stored article."""

    topic: str
    #: the match lines that hold; none where it is lost
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
    change: Change


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicChanges:
    """What becomes of a topic: numbers of articles."""

    topic: str
    new: int
    lost: int
    #: of these, `renewed` are stored with another version of the topic
    same: int
    renewed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What topics match as they are written, against what is stored."""

    #: in the order in which they were given
    topics: tuple[TopicChanges, ...]
    #: the newest articles first
    hits: tuple[Hit, ...]
    #: articles that any of the topics matches, and articles in the span
    matched: int
    looked_at: int
    #: False: older articles were left out, because the index cannot help and there are too many
    is_complete: bool


def compare(
    topics: Sequence[Topic],
    listings: Listings,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    by: By = "first_seen",
    limit: int | None = None,
    wanted: Collection[Change] = ("new", "lost", "same"),
    is_stored: bool = True,
    scan_limit: int = SCAN_LIMIT,
    tell: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Match *topics* against the stored articles of the span, and compare with the matches that are stored.

    At most *limit* hits are given, of the kinds *wanted*; the numbers count all. *is_stored* is False for what has
    no stored matches, such as an expression, whatever its name. *scan_limit*: so many articles are read for topics
    with which the index cannot help. Nothing is written.
    """
    stored: Mapping[int, dict[str, StoredMatch]] = defaultdict(dict)
    if is_stored:
        for each in listings.stored_matches([t.name for t in topics], since=since, until=until, by=by):
            stored[each.candidate.article][each.topic] = each
    candidates, is_complete = _find_candidates(topics, listings, since, until, by, scan_limit)
    candidates |= {each.candidate for of_article in stored.values() for each in of_article.values()}
    ruleset = compile_rules(topics)
    counts: Counter[tuple[str, str]] = Counter()
    hits: list[Hit] = []
    matched = 0
    for number, text in enumerate(listings.texts(sorted(candidates, reverse=True)), 1):
        found = {match.topic: match for match in ruleset.match(text.document)}
        before = stored.get(text.article, {})
        matched += bool(found)
        for topic in sorted(found.keys() | before.keys()):
            hit = _hit(topic, text, found.get(topic), is_stored=topic in before)
            counts[topic, hit.change] += 1
            if hit.change == "same" and before[topic].topic_version != found[topic].version:
                counts[topic, "renewed"] += 1
            if hit.change in wanted and (limit is None or len(hits) < limit):
                hits.append(hit)
        if tell is not None:
            tell(number, len(candidates))
    return Comparison(
        topics=tuple(
            TopicChanges(
                topic=t.name,
                new=counts[t.name, "new"],
                lost=counts[t.name, "lost"],
                same=counts[t.name, "same"],
                renewed=counts[t.name, "renewed"],
            )
            for t in topics
        ),
        hits=tuple(hits),
        matched=matched,
        looked_at=listings.article_count(since=since, until=until, by=by),
        is_complete=is_complete,
    )


def _find_candidates(
    topics: Sequence[Topic],
    listings: Listings,
    since: datetime | None,
    until: datetime | None,
    by: By,
    scan_limit: int,
) -> tuple[set[Candidate], bool]:
    """All articles that a topic could match, and whether these are all."""
    candidates: set[Candidate] = set()
    needs_all = False
    for topic in topics:
        found = listings.candidates(join_or(rule.tree for rule in topic.rules), since=since, until=until, by=by)
        if found is None:
            needs_all = True
        else:
            candidates.update(found)
    if not needs_all:
        return candidates, True
    every = listings.candidates(since=since, until=until, by=by, limit=scan_limit + 1) or ()
    return candidates.union(every[:scan_limit]), len(every) <= scan_limit


def _hit(topic: str, text: StoredText, found: TopicMatch | None, *, is_stored: bool) -> Hit:
    document = text.document
    return Hit(
        topic=topic,
        change="lost" if found is None else "same" if is_stored else "new",
        rules=() if found is None else found.rules,
        article=text.article,
        title=document.title,
        url=document.url or "",
        source=document.source or "",
        published=text.published,
        first_seen=text.first_seen,
        is_stored=is_stored,
        spans=spans_with_text(found.spans if found else (), document),
    )
