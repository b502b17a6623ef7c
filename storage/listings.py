"""What people ask for: feeds, entries, articles, stories, matches. Read only.

A listing takes a fixed number of statements, however many rows it has. Rows come newest first, by the time
they were first seen or were published; `since` belongs to the span, `until` does not.
"""

from __future__ import annotations

from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Self, TypeVar

from sqlalchemy import func, select

from storage import account, articles, documents, engine, forgotten, rebuilds, sites, texts
from storage.address import read_address
from storage.lists import (
    article_lists,
    feed_lists,
    match_lists,
    story_lists,
    timelines,
    topic_lists,
    topic_stays,
    trails,
)
from storage.records import StatsRecord
from storage.redo import renewal, runs
from storage.tables import article, article_version, feed, poll_log, raw_page, story
from storage.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Select

    from ingest.model import StoredArticle
    from rules.tree import Tree
    from storage.address import Address
    from storage.documents import StoredVersion
    from storage.forgotten import ForgottenRecord
    from storage.lists.history_records import ArticleEvent, StoryEvent, TopicStay
    from storage.lists.story_records import ShownStory
    from storage.lists.trail_records import EventRecord, TrailRecord
    from storage.rebuilds import RebuildRun
    from storage.records import (
        ArticleRecord,
        EntryRecord,
        FeedRecord,
        MatchRecord,
        RuleHits,
        RuleProblemRecord,
        ShownArticle,
        StoredMatch,
        StoryRecord,
        TopicHits,
        TopicRecord,
    )
    from storage.redo.runs import RedoKind, RedoRun
    from storage.searching.filters import Filter
    from storage.searching.search import Found, Order
    from storage.texts import Candidate, StoredText
    from storage.window import By, Cursor

T = TypeVar("T")


class Listings:
    """The database at *url*, for reading. Nothing is opened before it is needed.

    Any method can raise a StorageError; LookupError is raised for an id or topic that does not exist.
    """

    def __init__(self, url: str, *, busy_timeout_s: float = engine.BUSY_TIMEOUT_S) -> None:
        self._address = read_address(url)
        self._engine = engine.reading_engine(self._address, busy_timeout_s=busy_timeout_s)
        self._reader = engine.Reader(self._engine, self._address.shown)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. Calling it again does nothing."""
        self._reader.close()

    def _read(self, work: Callable[[Connection], T]) -> T:
        return self._reader.run(work)

    def feeds(self, *, since: datetime | None = None) -> tuple[FeedRecord, ...]:
        """All feeds, also removed ones, in the order in which they were added; gaps are counted from *since* on."""
        return self._read(partial(feed_lists.feeds, since=since))

    def entries(
        self,
        *,
        state: str | None = None,
        reason: str | None = None,
        feed_id: int | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        by: By = "first_seen",
        limit: int | None = None,
        after: Cursor | None = None,
    ) -> tuple[EntryRecord, ...]:
        """Entries, of one state, reason or feed if given."""
        window = Window(since=since, until=until, by=by, limit=limit, after=after)
        return self._read(partial(feed_lists.entries, window=window, state=state, reason=reason, feed_id=feed_id))

    def events(
        self,
        *,
        kind: str | None = None,
        feed_id: int | None = None,
        site: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = None,
        after: Cursor | None = None,
    ) -> tuple[EventRecord, ...]:
        """What happened, of one kind, feed or site if given; the newest first, and kept for a year."""
        window = Window(since=since, until=until, limit=limit, after=after)
        return self._read(partial(feed_lists.events, window=window, kind=kind, feed_id=feed_id, site=site))

    def trail(self, entry_id: int, *, since: datetime | None = None) -> TrailRecord:
        """The whole way of one entry; gaps of its feed are counted from *since* on."""
        return self._read(partial(trails.trail, entry_id=entry_id, since=since))

    def find_entries(self, *addresses: str) -> tuple[int, ...]:
        """The entries that have any of *addresses*, as given and normalised, as guid, page, article or link.

        The oldest first.
        """
        return self._read(partial(trails.find, addresses=addresses))

    def articles(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        by: By = "first_seen",
        limit: int | None = None,
        after: Cursor | None = None,
    ) -> tuple[ArticleRecord, ...]:
        """Articles in their current versions."""
        window = Window(since=since, until=until, by=by, limit=limit, after=after)
        return self._read(partial(article_lists.articles, window=window))

    def article_count(
        self, *, since: datetime | None = None, until: datetime | None = None, by: By = "first_seen"
    ) -> int:
        """How many articles `articles` would list."""
        return self._read(partial(article_lists.article_count, window=Window(since=since, until=until, by=by)))

    def article(self, article_id: int, n: int | None = None, *, as_of: datetime | None = None) -> ShownArticle:
        """All that is stored of one article, in its current version or version *n*; with *as_of*, as it was then."""
        return self._read(partial(article_lists.shown_article, article_id=article_id, n=n, as_of=as_of))

    def article_timeline(self, article_id: int) -> tuple[ArticleEvent, ...]:
        """What became of one article: versions, topics, relations, stories; the oldest first."""
        return self._read(partial(timelines.article_timeline, article_id=article_id))

    def article_texts(self, ids: Iterable[int]) -> Iterator[tuple[int, str]]:
        """The current texts of these articles, each with its article, a hundred read at once."""
        waiting = iter(ids)
        while some := tuple(islice(waiting, texts.BATCH)):
            found = self._read(partial(article_lists.texts, ids=some))
            yield from ((ident, found[ident]) for ident in some if ident in found)

    def furniture(self, pages: Iterable[tuple[str, Iterable[int]]]) -> frozenset[int]:
        """What of *pages*, each given by its site and `Fingerprint.hashes`, is known as furniture."""
        return self._read(partial(sites.furniture_among, pages=pages))

    def version(self, article_id: int, n: int | None = None) -> StoredVersion:
        """Version *n* of an article, or its current one, as rules are matched against it."""
        return self._read(partial(documents.read_version, article_id=article_id, n=n))

    def matches(
        self,
        topic: str | None = None,
        *,
        once_a_story: bool = False,
        since: datetime | None = None,
        until: datetime | None = None,
        by: By = "first_seen",
        limit: int | None = None,
        after: Cursor | None = None,
        as_of: datetime | None = None,
    ) -> tuple[MatchRecord, ...]:
        """Matches of the current versions of articles, of one topic if given.

        With *once_a_story* a topic and a story have one: that of the first article by time that matches. With *as_of*,
        those that were listed at that moment, see `storage.lists.history`.
        """
        window = Window(since=since, until=until, by=by, limit=limit, after=after)
        work = partial(match_lists.matches, window=window, name=topic, once_a_story=once_a_story, as_of=as_of)
        return self._read(work)

    def stories(
        self,
        topic: str | None = None,
        *,
        outlets: int | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        by: By = "first_seen",
        limit: int | None = None,
        after: Cursor | None = None,
    ) -> tuple[StoryRecord, ...]:
        """Stories with their copies; with *topic*, those of which an article matches it.

        With *outlets*, those that at least so many sources carry, most carried first; such a list has no pages:
        ValueError, when *after* is given too.
        """
        window = Window(since=since, until=until, by=by, limit=limit, after=after)
        return self._read(partial(story_lists.stories, window=window, name=topic, outlets=outlets))

    def story(self, story_id: int) -> StoryRecord:
        """The story with this id, or the one that it turned out to be."""
        return self._read(partial(story_lists.one_story, story_id=story_id))

    def shown_story(self, story_id: int) -> ShownStory:
        """All that is stored of that story: who carried it when, and as what."""
        return self._read(partial(story_lists.shown_story, story_id=story_id))

    def story_timeline(self, story_id: int) -> tuple[StoryEvent, ...]:
        """What became of that story and of those that merged into it; the oldest first."""
        return self._read(partial(story_lists.timeline, story_id=story_id))

    def search(
        self,
        text: str,
        *,
        asked: Filter | None = None,
        order: Order = "newest",
        with_snippets: bool = False,
        since: datetime | None = None,
        until: datetime | None = None,
        by: By = "first_seen",
        limit: int | None = None,
        after: Cursor | None = None,
    ) -> Found:
        """Articles that an expression of the rule language matches, within a filter if given.

        They are read when the rows are asked for, each batch in a transaction of its own; LookupError is raised then.
        Raises RuleError, and ValueError for *after* together with another order than "newest".
        """
        from storage.searching.search import Found

        window = Window(since=since, until=until, by=by, limit=limit, after=after)
        return Found(self._read, text, window, asked, order=order, with_snippets=with_snippets)

    def candidates(
        self,
        tree: Tree | None = None,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        by: By = "first_seen",
        limit: int | None = None,
    ) -> tuple[Candidate, ...] | None:
        """The articles of the span, the newest first; with *tree*, at least those that it matches.

        None when the index can say nothing about *tree*: then every article could match.
        """
        from storage.searching.clauses import index_clause

        clause = None
        if tree is not None and (clause := index_clause(tree)) is None:
            return None
        window = Window(since=since, until=until, by=by, limit=limit)
        return self._read(partial(texts.candidates, window=window, clause=clause))

    def texts(self, candidates: Iterable[Candidate]) -> Iterator[StoredText]:
        """What *candidates* say, a hundred read at once."""
        waiting = iter(candidates)
        while ids := [each.version_id for each in islice(waiting, texts.BATCH)]:
            yield from self._read(partial(texts.read, version_ids=ids))

    def stored_matches(
        self,
        names: Collection[str],
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        by: By = "first_seen",
    ) -> tuple[StoredMatch, ...]:
        """What is stored of the topics of these names; names that were never recorded have nothing."""
        window = Window(since=since, until=until, by=by)
        return self._read(partial(match_lists.stored_matches, window=window, names=names))

    def topic_hits(self, *, today: datetime, week: datetime) -> tuple[TopicHits, ...]:
        """How often each topic hit, also since the moments *today* and *week*; those that never did are left out."""
        return self._read(partial(topic_lists.topic_hits, today=today, week=week))

    def rule_hits(self, *, today: datetime, week: datetime, month: datetime) -> tuple[RuleHits, ...]:
        """How often each match line hit with the present version of its topic; those that never did are left out."""
        return self._read(partial(topic_lists.rule_hits, today=today, week=week, month=month))

    def topics(self) -> tuple[TopicRecord, ...]:
        """All topics that were ever recorded, by name."""
        return self._read(topic_lists.topics)

    def topic_stays(self, topic: str | None = None) -> tuple[TopicStay, ...]:
        """Which versions of a topic, or of all, were in force from when to when; by topic, the newest first."""
        return self._read(partial(topic_stays.topic_stays, name=topic))

    def rule_problems(self) -> tuple[RuleProblemRecord, ...]:
        """What was wrong with the rule files when they were last read."""
        return self._read(topic_lists.rule_problems)

    def unfinished_rebuild(self) -> RebuildRun | None:
        """The rebuild that is under way, or was interrupted and can be continued."""
        return self._read(rebuilds.unfinished_run)

    def last_rebuild(self) -> RebuildRun | None:
        """The last rebuild, if there ever was one."""
        return self._read(rebuilds.last_run)

    def articles_of_other_algorithms(self, alg: int) -> int:
        """How many articles have a fingerprint of another algorithm than *alg*: they are compared with no new one."""
        return self._read(partial(rebuilds.count_of_other_algorithms, alg=alg))

    # --- the account of entries, stored work done anew, what is forgotten -----------------------------

    def last_redo(self, kind: RedoKind) -> RedoRun | None:
        """The last run that has done stored work anew."""
        return self._read(partial(runs.last_run, kind=kind))

    def pages_of_earlier_extractors(self, extractor: int) -> int:
        """How many of the kept pages an earlier extractor than *extractor* has read."""
        return self._read(partial(runs.count_outdated_pages, wanted=extractor))

    def texts_of_other_tokenizers(self, tokenizer: int) -> int:
        """How many texts stand in the index of the search by another tokenizer than *tokenizer*."""
        return self._read(partial(renewal.count_of_other_tokenizers, tokenizer=tokenizer))

    def forgotten(
        self, *, since: datetime | None = None, until: datetime | None = None, limit: int | None = None
    ) -> tuple[ForgottenRecord, ...]:
        """The addresses of articles that were forgotten for good, the last ones first."""
        return self._read(partial(forgotten.list_forgotten, since=since, until=until, limit=limit))

    def forgotten_at(self, article_id: int) -> datetime | None:
        """When the article of this number was forgotten; None: it was not."""
        return self._read(partial(forgotten.forgotten_at, article_id=article_id))

    def article_at(self, addresses: Iterable[str]) -> StoredArticle | None:
        """The article known under any of these normalised addresses, the oldest if there are several."""
        return self._read(partial(articles.at, addresses=tuple(addresses)))

    def forgotten_among(self, addresses: Iterable[str]) -> frozenset[str]:
        """Those of these normalised addresses that articles had which were forgotten for good."""
        return self._read(partial(forgotten.forgotten_among, addresses=tuple(addresses)))

    def stats(self, *, since: datetime | None = None) -> StatsRecord:
        """The state of the whole; events are counted from *since* on."""
        return self._read(partial(_stats, address=self._address, since=since))


def _stats(connection: Connection, address: Address, since: datetime | None) -> StatsRecord:
    def one(statement: Select[T]) -> T:
        return connection.execute(statement).scalar_one()

    def by_state(states: ColumnElement[str]) -> dict[str, int]:
        rows = connection.execute(select(states, func.count()).group_by(states).order_by(states))
        return {row[0]: row[1] for row in rows}

    counted = account.account(connection)
    return StatsRecord(
        feeds=by_state(feed.c.state),
        entries_seen=counted.seen,
        entries_missing=counted.missing,
        entries=counted.by_state,
        retrying={str(tries): number for tries, number in counted.retrying.items()},
        next_retry_at=counted.next_retry_at,
        articles=one(select(func.count()).select_from(article)),
        versions=one(select(func.count()).select_from(article_version)),
        stories=one(select(func.count()).select_from(story)),
        copies=story_lists.copies_by_kind(connection),
        repaired=story_lists.repaired_by_code_page(connection),
        matches=match_lists.stories_by_topic(connection),
        raw_pages=one(select(func.count()).select_from(raw_page)),
        last_poll_at=one(select(func.max(poll_log.c.at))),
        last_article_at=one(select(func.max(article.c.first_seen_at))),
        database_bytes=engine.size_of(address, connection),
        rule_problems=topic_lists.rule_problems(connection),
        silent_feeds=feed_lists.count_silent(connection),
        events=feed_lists.count_events(connection, since),
        reasons=counted.by_reason,
    )
