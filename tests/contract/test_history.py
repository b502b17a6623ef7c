"""What every store promises about the past: what was listed at a moment is told as it was listed."""

from __future__ import annotations

import dataclasses
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from ingest.copies.model import Passage, Relation, RelationKind
from rules.compile import compile_rules
from rules.document import Document
from rules.files import parse_topic
from storage.backfills import BackfillSpan
from storage.matches import Judged
from storage.tables import article, article_version

MICROSECOND = timedelta(microseconds=1)
WORDS = ("crimea", "purl", "nato", "grain")


def topic(name: str, words: str) -> Any:
    return parse_topic(f"topic {name}\n    match {words}\n")


@dataclass
class Archive:
    """A store in which articles come and change, and what its listings showed when."""

    store: Any
    listings: Any
    newsroom: Any
    make: Any
    now: Any = None
    topics: dict[str, Any] = field(default_factory=dict)
    articles: list[Any] = field(default_factory=list)
    #: listings by moment; of several of one moment the last
    seen: dict[Any, tuple[Any, ...]] = field(default_factory=dict)

    def clear(self) -> None:
        def empty(connection: Any) -> None:
            self.make.clear_tables(connection)
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("INSERT INTO search_index (search_index) VALUES ('delete-all')")

        self.store._write(empty)
        self.newsroom.feed_id, self.newsroom.configured, self.newsroom.made = 0, [], {}
        self.now = self.make.T0

    # --- what happens -------------------------------------------------------------------------------

    def save(self, number: int, words: tuple[str, ...], **given: Any) -> Any:
        title = " ".join(words)
        text = f"Of {title} in {number}."
        rules = compile_rules(list(self.topics.values()))
        return self.newsroom.save(
            f"https://news.example/{number}",
            at=self.now,
            title=title,
            text=text,
            published=self.make.T0 - timedelta(hours=sum(map(len, words)) + number % 3),
            matches=rules.match(Document(title=title, body=text)),
            **given,
        )

    def new(self, words: tuple[str, ...], near: int, kind: RelationKind | None, *, merges: bool) -> None:
        self.articles.append(self.save(len(self.articles), words, **self._placement(near, kind, merges=merges)))

    def change(self, number: int, words: tuple[str, ...], near: int, kind: RelationKind | None) -> None:
        if self.articles:
            number %= len(self.articles)
            self.save(number, words, **self._placement(near, kind, own=number))

    def _placement(
        self, near: int, kind: RelationKind | None, *, merges: bool = False, own: int | None = None
    ) -> dict[str, Any]:
        """Near an article, or nowhere; with two stories in one where that is wanted."""
        if not self.articles or kind is None or near % len(self.articles) == own:
            return {}
        other = self.articles[near % len(self.articles)].article_id
        stories = self.stories()
        relation = Relation(
            to=other,
            kind=kind,
            score=0.9,
            share=0.3 + near % 3 / 10,
            other_share=0.4,
            passage=Passage(start=0, end=2, other_start=0, other_end=2),
        )
        home = stories[other]
        if kind is RelationKind.COMPOSITE:
            return {"relations": (relation,)}
        others = [story for story in set(stories.values()) if story != home]
        return {"story_id": home, "relations": (relation,), "merges": tuple(others[:1]) if merges else ()}

    def stories(self) -> dict[int, int]:
        return dict(
            self.store._read(lambda connection: connection.execute(select(article.c.id, article.c.story_id)).all())
        )

    def rules(self, words: dict[str, str], *, is_applied: bool) -> None:
        self.topics = {name: topic(name, expression) for name, expression in words.items()}
        self.store.record_topics(list(self.topics.values()), self.now)
        if is_applied:
            self.back_fill()

    def back_fill(self) -> None:
        versions = {name: each.version for name, each in self.topics.items()}
        rules = compile_rules(list(self.topics.values()))
        run = self.store.begin_backfill(
            repr(sorted(versions)), BackfillSpan(since=None, until=None, words=""), self.now
        )
        while True:
            texts, cursor = self.store.texts_to_judge(run, 5)
            if not texts:
                break
            judged = [Judged(text=text, found=rules.match(text.document)) for text in texts]
            run = self.store.record_judged(run, judged, cursor, versions, self.now)
        self.store.finish_backfill(run, versions, self.now)

    def prune(self) -> None:
        """The texts that are no longer shown go, as `storage.upkeep.prune` does it."""
        old = article_version.c.id.not_in(select(article.c.version_id))
        self.store._write(
            lambda connection: connection.execute(
                update(article_version).where(old).values(text="", pruned_at=self.now)
            )
        )

    # --- what is seen -------------------------------------------------------------------------------

    def look(self) -> None:
        self.seen[self.now] = self.show()

    def show(self, as_of: Any = None) -> tuple[Any, ...]:
        def rows(**given: Any) -> tuple[Any, ...]:
            found = self.listings.matches(**given, as_of=as_of)
            return tuple(tuple(dataclasses.asdict(row).items()) for row in found)

        shown = []
        for each in self.articles[:2]:
            with suppress(LookupError):  # it was not there yet
                one = self.listings.article(each.article_id, as_of=as_of)
                held = (one.version, one.story, one.published, one.matches, relations(one), one.versions)
                shown.append((one.id, *held))
        since, until = (self.make.T0 + timedelta(minutes=minutes) for minutes in (1, 4))
        return (
            rows(),
            rows(by="published", limit=2),
            rows(once_a_story=True),
            rows(topic="a", since=since, until=until),
            tuple(shown),
        )


def relations(shown: Any) -> tuple[Any, ...]:
    """Without the passage, which is gone with the text of its version."""
    return tuple(dataclasses.replace(each, passage="") for each in shown.relations)


KIND = st.sampled_from([None, *RelationKind])
SOME = st.lists(st.sampled_from(WORDS), min_size=1, max_size=2, unique=True).map(tuple)
NEAR = st.integers(0, 9)
RULES = st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from([*WORDS, "crimea | purl"]), max_size=2)
STEP = st.one_of(
    st.tuples(st.just("new"), SOME, NEAR, KIND, st.booleans()),
    st.tuples(st.just("change"), NEAR, SOME, NEAR, KIND),
    st.tuples(st.just("rules"), RULES, st.booleans()),
    st.tuples(st.just("back_fill")),
)
#: between two steps
PAUSE = st.sampled_from([timedelta(0), MICROSECOND, timedelta(minutes=1)])


@pytest.fixture
def archive(store, listings, newsroom, make):
    return Archive(store, listings, newsroom, make)


def take(archive: Archive, step: tuple[Any, ...]) -> None:
    name, *given = step
    match name:
        case "new":
            archive.new(*given[:3], merges=given[3])
        case "rules":
            archive.rules(given[0], is_applied=given[1])
        case _:
            getattr(archive, name)(*given)
    archive.look()


COPY, MINUTE = RelationKind.COPY, timedelta(minutes=1)


@given(steps=st.lists(st.tuples(PAUSE, STEP), min_size=1, max_size=12), is_pruned=st.booleans())
@example(
    # an article leaves its story twice
    steps=[
        (MINUTE, ("new", ("crimea",), 0, None, False)),
        (MINUTE, ("new", ("crimea", "grain"), 0, None, False)),
        (MINUTE, ("new", ("crimea", "purl"), 0, COPY, False)),
        (MINUTE, ("change", 2, ("crimea", "nato"), 1, COPY)),
        (MINUTE, ("change", 2, ("nato", "crimea"), 0, None)),
        (MINUTE, ("change", 2, ("purl", "crimea"), 0, COPY)),
    ],
    is_pruned=False,
)
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=20,
    deadline=None,
    # Explaining a failure takes minutes.
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
)
def test_what_was_listed_at_a_moment_is_told_as_it_was_listed(store, listings, newsroom, make, steps, is_pruned):
    archive = Archive(store, listings, newsroom, make)
    archive.clear()
    archive.topics = {}
    take(archive, ("rules", {"a": "crimea", "b": "nato | purl"}, False))
    for pause, step in steps:
        archive.now += pause
        take(archive, step)
    if is_pruned:
        archive.prune()
    for moment, seen in archive.seen.items():
        assert without_pruned(archive.show(as_of=moment)) == without_pruned(seen), moment


def without_pruned(shown: tuple[Any, ...]) -> tuple[Any, ...]:
    """What was shown, without what is said of texts that went since: that they did."""
    *lists, articles = shown
    return (
        *lists,
        [(*rest, [dataclasses.replace(each, pruned=None) for each in versions]) for *rest, versions in articles],
    )
