"""Stored articles compared once more: what is found, what stays, and how a run goes on."""

from __future__ import annotations

import re
import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from zlib import crc32

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from ingest.copies.model import Fingerprint, Passage, Placement, Relation, RelationKind, Slot, SlotKind
from ingest.errors import Conflict
from ingest.model import Article, Reading, TextFrom
from storage.listings import Listings
from storage.rebuilds import RebuildSpan
from storage.store import Store
from wirewatch.errors import WirewatchError
from wirewatch.rebuild import begin, compare_anew

A, B, C, D, E = (f"https://news.example/{letter}" for letter in "abcde")
WINDOW = timedelta(days=14)
ALL = RebuildSpan(since=None, words="")


class Algorithm:
    """A toy: two texts are related when they share half of their words, or of the first letters of these."""

    def __init__(self, alg, *, by_letter):
        self.alg = alg
        self._key = (lambda word: word[0]) if by_letter else (lambda word: word)

    def take(self, text, title=""):
        hashes = {crc32(self._key(word).encode()) // 2 for word in re.findall(r"\w+", text)}
        return Fingerprint(alg=self.alg, hashes=tuple(sorted(hashes)), title=crc32(title.encode()))

    def place(self, reading, candidates):
        own = set(self.take(reading.article.text).hashes)
        found = []
        for row in candidates.rows:
            other = set(self.take(row.text).hashes)
            if 2 * len(own & other) >= max(len(own), len(other)):
                score = len(own & other) / max(len(own), len(other))
                found.append((score, row))
        leads = sorted((-score, row.story_id) for score, row in found if row.is_lead)
        return Placement(
            story_id=leads[0][1] if leads else None,
            relations=tuple(_relation(row.article_id, score) for score, row in found),
            merges=tuple(sorted({story for _, story in leads} - {leads[0][1]})) if leads else (),
        )


def _relation(to, score):
    passage = Passage(start=0, end=1, other_start=0, other_end=1)
    slot = Slot(kind=SlotKind.NAME, start=0, end=1, other_start=0, other_end=1)
    kind = RelationKind.COPY if score > 0.7 else RelationKind.REVISION
    return Relation(to=to, kind=kind, score=score, share=score, other_share=score, passage=passage, slots=(slot,))


class Blind(Algorithm):
    """Finds nothing."""

    def place(self, *_):
        return Placement()


class Joining(Algorithm):
    """A text that holds all words of another and more is a page that joins it with others."""

    def place(self, reading, candidates):
        own = self.take(reading.article.text).hashes
        found = [(row, self.take(row.text).hashes) for row in candidates.rows]
        copies = [row for row, other in found if other == own]
        joined = [
            (row, len(other))
            for row, other in found
            if other != own and (set(own) < set(other) or set(other) < set(own))
        ]
        parts = [row.story_id for row, size in joined if row.is_lead and size < len(own)]
        homes = [row.story_id for row in copies if row.is_lead] or [row.story_id for row in copies] or parts
        return Placement(
            story_id=min(homes, default=None),
            relations=(
                *(_relation(row.article_id, 1.0) for row in copies),
                *(
                    replace(
                        _relation(row.article_id, 0.5),
                        kind=RelationKind.COMPOSITE,
                        share=min(1.0, size / len(own)),
                        other_share=min(1.0, len(own) / size),
                    )
                    for row, size in joined
                ),
            ),
        )


JOINING = Joining(3, by_letter=False)
BLIND = Blind(1, by_letter=False)
WORDS = Algorithm(1, by_letter=False)
LETTERS = Algorithm(2, by_letter=True)


class Archive:
    """Stores articles as the pipeline does."""

    def __init__(self, store, newsroom, algorithm):
        self.store, self.newsroom, self.algorithm = store, newsroom, algorithm

    def arrive(self, url, text, at, **given):
        while True:
            known = self.store.article_at([url])
            values = {"url": url, "source": "news.example", "title": "A title", "text": text}
            article = Article(
                **values,
                author=None,
                published=None,
                lang=None,
                sections=(),
                text_from=TextFrom.PAGE,
                repaired=None,
                raw_hash=None,
            )
            reading = Reading(article=article, fingerprint=self.algorithm.take(text, "A title"), matches=())
            found = self.store.candidates(
                reading.fingerprint,
                site="news.example",
                since=at - WINDOW,
                known_as=None if known is None else known.id,
            )
            placed = self.algorithm.place(reading, found)
            values = {"story_id": placed.story_id, "relations": placed.relations, "merges": placed.merges}
            try:
                return self.newsroom.save(
                    url, text=text, at=at, fingerprint=reading.fingerprint, seen=found.seen, **values, **given
                )
            except Conflict:
                continue


@pytest.fixture
def archive(store, newsroom):
    """A way to store articles as the algorithm of words does."""
    return Archive(store, newsroom, WORDS)


def rebuild(store, make, algorithm=LETTERS, *, span=ALL, at=99, **given):
    now = make.T0 + at * make.MINUTE
    run = begin(store, WINDOW, span, now, alg=algorithm.alg)
    return compare_anew(store, run, clock=lambda: now, take=algorithm.take, place=algorithm.place, **given)


def rows(file, what, table, where="1"):
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(f"SELECT {what} FROM {table} WHERE {where} ORDER BY 1, 2").fetchall()


def pairs(file):
    """The pairs that are related."""
    told = rows(file, "article_id, other_id", "relation", "retired_at IS NULL")
    assert len(told) == len({frozenset(pair) for pair in told}), "a pair is told once"
    return {frozenset(pair) for pair in told}


def stories(file):
    """The articles by story."""
    found = {}
    for article, story in rows(file, "id, story_id", "article"):
        found.setdefault(story, []).append(article)
    return found


def trail(file):
    return rows(file, "id, kind, story_id, article_id, other_story_id", "story_change")


def dump(file, *but):
    """Everything that the database holds, but runs, counters and what no look-up sees."""
    but = ('INTO "rebuild"', "sqlite_sequence", *but)
    with closing(sqlite3.connect(file)) as connection:
        return [line for line in connection.iterdump() if not any(each in line[:80] for each in but)]


def counts(run):
    return (run.looked_at, run.added, run.retired, run.same, run.merged, run.split, run.moved, run.credited)


def at(make, minutes):
    return make.T0 + minutes * make.MINUTE


# --- what is found ------------------------------------------------------------------------------------


def test_what_the_new_algorithm_sees_as_one_merges_and_the_oldest_id_lives_on(store, file, archive, make):
    for number, (url, text) in enumerate({A: "ant bee cow", B: "axe bat cup", C: "dog elk fox"}.items()):
        archive.arrive(url, text, at(make, number))
    assert (pairs(file), stories(file)) == (set(), {1: [1], 2: [2], 3: [3]})
    assert counts(rebuild(store, make)) == (3, 1, 0, 0, 1, 0, 0, 0)
    assert pairs(file) == {frozenset((1, 2))}
    assert stories(file) == {1: [1, 2], 3: [3]}
    assert trail(file) == [(1, "merged", 1, None, 2)]
    assert store.article_at([B]).story_id == 1
    with Listings(f"sqlite:///{file}") as listings:
        assert listings.story(2).id == 1


def test_what_the_new_algorithm_tells_apart_splits_and_the_lead_leaves_or_stays(store, file, make, newsroom):
    archive = Archive(store, newsroom, LETTERS)
    for number, (url, text) in enumerate({A: "ant bee cow", B: "axe bat cup", C: "ant bee cow"}.items()):
        archive.arrive(url, text, at(make, number))
    assert stories(file) == {1: [1, 2, 3]}
    run = rebuild(store, make, WORDS)
    assert counts(run) == (3, 0, 2, 1, 0, 1, 0, 0)
    assert pairs(file) == {frozenset((1, 3))}
    assert stories(file) == {1: [1, 3], 2: [2]}
    assert trail(file) == [(1, "split", 1, 2, 2)]
    assert rows(file, "id, retired_at", "relation", "retired_at IS NOT NULL") != []
    again = rebuild(store, make, LETTERS, at=100)
    assert (again.merged, stories(file)) == (1, {1: [1, 2, 3]})


def test_an_article_moves_to_the_story_that_it_belongs_to(store, file, make, newsroom):
    archive = Archive(store, newsroom, LETTERS)
    texts = {A: "ant bee cow dog", B: "axe bat cup den", C: "elk fox", D: "ant bee cow elk"}
    for number, (url, text) in enumerate(texts.items()):
        archive.arrive(url, text, at(make, number))
    assert stories(file) == {1: [1, 2, 4], 2: [3]}
    assert rebuild(store, make, WORDS).split == 1
    assert stories(file) == {1: [1, 4], 2: [3], 3: [2]}


def test_the_fingerprints_of_another_algorithm_become_findable(store, file, archive, make):
    archive.arrive(A, "ant bee cow", make.T0)
    taken = LETTERS.take("axe bat cup")
    with Listings(f"sqlite:///{file}") as listings:
        assert listings.articles_of_other_algorithms(LETTERS.alg) == 1
        assert store.candidates(taken, site="a.example", since=make.T0).rows == ()
        rebuild(store, make)
        assert listings.articles_of_other_algorithms(LETTERS.alg) == 0
        assert listings.articles_of_other_algorithms(WORDS.alg) == 1
    with Store(f"sqlite:///{file}") as another:
        for each in (store, another):
            (row,) = each.candidates(taken, site="a.example", since=make.T0).rows
            assert (row.article_id, row.shared) == (1, 3)
    assert rows(file, "id, fingerprint_alg", "article_version") == [(1, 2)]


def test_ids_of_fingerprints_stay_and_postings_are_those_of_the_new_hashes(store, file, archive, make):
    for number, url in enumerate((A, B, C)):
        archive.arrive(url, f"ant bee cow{number}", at(make, number))
    before = rows(file, "id, article_id, version_id, created_at", "fingerprint")
    rebuild(store, make, batch=2)
    assert rows(file, "id, article_id, version_id, created_at", "fingerprint") == before
    hashes = LETTERS.take("ant bee cow").hashes
    assert rows(file, "hash, fingerprint_id", "posting") == [(each, ident) for each in hashes for ident in (1, 2, 3)]
    assert rows(file, "id, upto", "posting_state") == [(1, 3)]


def test_the_credit_is_found_in_the_stored_text(store, file, archive, make):
    archive.arrive(A, "KYIV, March 3 (Reuters) - Grain ships left the port on Tuesday.", make.T0)
    archive.arrive(B, "Nobody is named.", make.T0, credit="AFP")
    run = rebuild(store, make)
    assert run.credited == 2
    assert rows(file, "id, credit", "article_version") == [(1, "Reuters"), (2, None)]
    assert rebuild(store, make).credited == 0


def test_what_sites_repeat_is_learned_anew(store, file, archive, make):
    for number in range(6):
        words = " ".join(f"w{number}{each}" for each in range(6))
        archive.arrive(f"{A}{number}", f"subscribe today {words}", at(make, number))
    with closing(sqlite3.connect(file)) as connection:
        before = connection.execute("SELECT * FROM site_memory").fetchall()
        connection.execute("INSERT INTO site_line (line, site) VALUES (77, 'gone.example')")
        connection.execute("INSERT INTO site_memory VALUES ('gone.example', x'00')")
        connection.commit()
    rebuild(store, make, WORDS)
    assert rows(file, "*", "site_memory") == before
    assert rows(file, "line, site", "site_line", "line = 77") == []


def test_who_is_related_only_by_a_page_that_joins_stories_leaves_but_a_page_stays_with_its_part(
    store, file, archive, make
):
    """As live: there too a page without a home goes with the lead that is a part of it, and nobody follows a page."""
    texts = {A: "ant bee", B: "ant bee dog elk", C: "dog elk"}
    for number, (url, text) in enumerate(texts.items()):
        archive.arrive(url, text, at(make, number))
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE article SET story_id = 1")
        connection.execute("DELETE FROM story WHERE id > 1")
        connection.commit()
    assert pairs(file) == {frozenset((1, 2)), frozenset((2, 3))}
    assert rebuild(store, make, JOINING).split == 1
    assert stories(file) == {1: [1, 2], 3: [3]}
    before = dump(file, 'INTO "posting')
    again = rebuild(store, make, JOINING)
    assert (again.split, again.merged, again.moved) == (0, 0, 0)
    assert dump(file, 'INTO "posting') == before


# --- what stays ---------------------------------------------------------------------------------------


def test_by_the_same_algorithm_nothing_changes(store, file, archive, make):
    for number, text in enumerate(["ant bee", "ant bee cow", "dog elk", "ant elk dog", "ant bee"]):
        archive.arrive(f"{A}{number}", text, at(make, number))
    before = dump(file, 'INTO "posting')
    run = rebuild(store, make, WORDS)
    assert (run.added, run.retired, run.same) == (0, 0, len(pairs(file)))
    assert dump(file, 'INTO "posting') == before


def test_a_relation_that_the_other_one_tells_stays(store, file, archive, make):
    """As when a page confirms a feed's text: its fingerprint comes anew, and last."""
    archive.arrive(A, "ant bee cow", at(make, 0), text_from=TextFrom.FEED)
    archive.arrive(B, "ant bee cow", at(make, 1))
    archive.arrive(A, "ant bee cow", at(make, 2))
    assert rows(file, "article_id, id", "fingerprint") == [(1, 3), (2, 2)]
    before = dump(file, 'INTO "posting', 'INTO "site')
    assert counts(rebuild(store, make, WORDS))[:4] == (2, 0, 0, 1)
    assert dump(file, 'INTO "posting', 'INTO "site') == before


def test_a_corrected_lead_keeps_its_copies(store, file, archive, make):
    """Its fingerprint is the last, but those that came before it belong to it all the same."""
    for number, url in enumerate((A, B, C)):
        archive.arrive(url, "ant bee cow", at(make, number))
    archive.arrive(A, "ant bee cow dog", at(make, 3))
    assert stories(file) == {1: [1, 2, 3]}
    run = rebuild(store, make)
    assert stories(file) == {1: [1, 2, 3]}
    assert (run.split, run.moved, run.merged) == (0, 0, 0)


def test_earlier_versions_are_left_alone(store, file, archive, make):
    archive.arrive(A, "ant bee cow", at(make, 0))
    archive.arrive(A, "dog elk fox", at(make, 1))
    assert rebuild(store, make).looked_at == 1
    assert rows(file, "id, fingerprint_alg", "article_version") == [(1, 1), (2, 2)]


def test_an_empty_database_has_nothing_to_do(store, file, make):
    assert counts(rebuild(store, make)) == (0,) * 8
    with Listings(f"sqlite:///{file}") as listings:
        assert listings.articles_of_other_algorithms(2) == 0
        assert listings.last_rebuild().finished_at is not None


def test_a_story_longer_than_the_window_stays_whole(store, file, archive, make):
    """Its last articles have nothing to do with its lead but by others, whenever they are compared."""
    day = 24 * 60
    for number in range(4):
        archive.arrive(f"{A}{number}", "ant bee cow", at(make, 10 * number * day))
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE article SET story_id = 1")
        connection.execute("DELETE FROM story WHERE id > 1")
        connection.commit()
    assert pairs(file) == {frozenset((1, 2)), frozenset((2, 3)), frozenset((3, 4))}
    before = rows(file, "*", "relation")
    assert counts(rebuild(store, make, WORDS))[:4] == (4, 0, 0, 3)
    assert rows(file, "*", "relation") == before
    assert stories(file) == {1: [1, 2, 3, 4]}
    for _ in range(2):
        rebuild(store, make)
        assert (pairs(file), stories(file)) == ({frozenset((n, n + 1)) for n in (1, 2, 3)}, {1: [1, 2, 3, 4]})


# --- a window and a span ------------------------------------------------------------------------------


def test_copies_are_looked_for_before_the_article_and_not_before_today(store, file, archive, make):
    day = 24 * 60
    archive.arrive(A, "ant bee cow", at(make, 0))
    archive.arrive(B, "axe bat cup", at(make, 10 * day))
    archive.arrive(C, "arm bus car", at(make, 30 * day))
    rebuild(store, make, at=1000 * day)
    assert stories(file) == {1: [1, 2], 3: [3]}


def test_since_is_by_first_seen_and_compares_with_no_other_algorithm(store, file, archive, make):
    for number, text in enumerate(["ant bee cow", "axe bat cup", "arm bus car"]):
        archive.arrive(f"{A}{number}", text, at(make, number))
    span = RebuildSpan(since=at(make, 1), words="1..")
    assert counts(rebuild(store, make, span=span))[:2] == (2, 1)
    assert stories(file) == {1: [1], 2: [2, 3]}
    with Listings(f"sqlite:///{file}") as listings:
        assert listings.articles_of_other_algorithms(LETTERS.alg) == 1
    rebuild(store, make)
    assert stories(file) == {1: [1, 2, 3]}


def test_since_judges_relatives_from_before_and_keeps_what_sites_repeat(store, file, archive, make):
    archive.arrive(A, "ant bee cow", at(make, 0))
    archive.arrive(B, "ant bee cow", at(make, 1))
    # corrected after B came, so it is behind B, but not in the span
    archive.arrive(A, "ant bee dog", at(make, 2))
    before = rows(file, "site, pages", "site_memory")
    span = RebuildSpan(since=at(make, 1), words="1..")
    first = rebuild(store, make, WORDS, span=span)
    assert (first.looked_at, stories(file)) == (1, {1: [1, 2]})
    again = rebuild(store, make, WORDS, span=span)
    assert counts(again)[1:4] == (0, 0, 1)
    assert {site for site, _ in rows(file, "site, pages", "site_memory")} == {site for site, _ in before}


# --- runs ---------------------------------------------------------------------------------------------


def test_a_run_that_was_interrupted_goes_on_and_a_finished_one_begins_anew(store, file, archive, make):
    for number in range(4):
        archive.arrive(f"{A}{number}", f"ant{number} bee{number}", at(make, number))

    def stop(done, total):
        assert (done, total) == (1, 4)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuild(store, make, batch=1, tell=stop)
    other = begin(store, WINDOW, RebuildSpan(since=None, words="x"), make.T0, alg=2)
    assert (other.is_resumed, other.looked_at) == (False, 0)
    with pytest.raises(KeyboardInterrupt):
        rebuild(store, make, batch=1, tell=stop)
    run = begin(store, WINDOW, ALL, make.T0, alg=2)
    assert (run.is_resumed, run.looked_at, run.cursor) == (True, 1, 1)
    done = rebuild(store, make, batch=1)
    assert (done.id, done.looked_at) == (run.id, 4)
    assert not begin(store, WINDOW, ALL, make.T0, alg=2).is_resumed
    for window, alg in ((WINDOW, 3), (2 * WINDOW, 3)):
        assert not begin(store, window, ALL, make.T0, alg=alg).is_resumed


def test_a_run_over_all_goes_on_also_after_one_over_some_but_not_after_another_over_all(store, file, archive, make):
    for number in range(4):
        archive.arrive(f"{A}{number}", f"ant{number} bee{number}", at(make, number))

    def stop(*_):
        raise KeyboardInterrupt

    def interrupt(span=ALL):
        with pytest.raises(KeyboardInterrupt):
            rebuild(store, make, batch=1, tell=stop, span=span)

    some, none = (RebuildSpan(since=at(make, minute), words=f"{minute}..") for minute in (1, 99))
    interrupt()
    assert rebuild(store, make, span=none).looked_at == 0
    interrupt(some)
    with Listings(f"sqlite:///{file}") as listings:
        assert listings.unfinished_rebuild().since == some.since
        rebuild(store, make, span=some)
        assert listings.unfinished_rebuild().since is None
        run = begin(store, WINDOW, ALL, make.T0, alg=2)
        assert (run.is_resumed, run.looked_at, run.cursor) == (True, 1, 1)
        assert begin(store, WINDOW, ALL, make.T0, alg=2) == run == listings.last_rebuild()
        assert rebuild(store, make, batch=1).looked_at == 4
        assert listings.unfinished_rebuild() is None
    assert rows(file, "count(*), count(finished_at)", "rebuild") == [(3, 3)]
    interrupt()
    # It learns anew what sites repeat, so the one before it has lost what it had learnt.
    assert not begin(store, 2 * WINDOW, ALL, make.T0, alg=2).is_resumed
    assert not begin(store, WINDOW, ALL, make.T0, alg=2).is_resumed


def test_who_is_overtaken_stops_and_changes_nothing(store, file, archive, make):
    archive.arrive(A, "ant bee cow", make.T0)
    run = begin(store, WINDOW, ALL, make.T0, alg=2)
    begin(store, WINDOW, RebuildSpan(since=None, words="x"), make.T0, alg=2)
    before = dump(file)
    with pytest.raises(WirewatchError, match="start it again"):
        compare_anew(store, run, take=LETTERS.take, place=LETTERS.place)
    assert dump(file) == before


def test_what_was_read_again_meanwhile_comes_last(store, file, archive, make):
    archive.arrive(A, "ant bee cow", at(make, 0))
    archive.arrive(B, "dog elk fox", at(make, 1))
    run = begin(store, WINDOW, ALL, make.T0, alg=2)
    texts = store.texts_to_compare(run, 9)
    archive.arrive(A, "den eel fig", at(make, 2))

    class Behind:
        """A store that still tells what was there before."""

        def __getattr__(self, name):
            return getattr(store, name)

        def texts_to_compare(self, run, limit):
            nonlocal texts
            told, texts = texts, ()
            return told or store.texts_to_compare(run, limit)

    done = compare_anew(Behind(), run, take=LETTERS.take, place=LETTERS.place)
    assert (done.looked_at, done.cursor) == (2, 3)
    assert pairs(file) == {frozenset((1, 2))}
    assert {alg for _, alg in rows(file, "id, alg", "fingerprint")} == {2}


def test_others_write_meanwhile_and_all_is_as_if_they_had_written_before(tmp_path, empty_file, make, url, file, store):
    """A running instance of the new version, on connections of its own."""
    words = ["ant bee cow", "axe bat cup", "dog elk fox", "arm bus car", "den eel fig", "ant bat cow"]
    old = Archive(store, make.Newsroom(store), WORDS)
    for number in range(10):
        old.arrive(f"{A}{number}", words[number % len(words)], at(make, number))
    begun = threading.Event()

    def work():
        with Store(url) as mine:
            newsroom = make.Newsroom(mine)
            newsroom.feed()
            live = Archive(mine, newsroom, LETTERS)
            begun.wait(10)
            for number in range(10, 24):
                live.arrive(f"{A}{number}", words[number % len(words)], at(make, number))

    writer = threading.Thread(target=work)
    writer.start()
    done = rebuild(store, make, batch=2, tell=lambda *_: begun.set(), looks_again=writer.is_alive)
    writer.join()
    rest = rebuild(store, make)
    # One that was stored after the last look of the first run is looked at by the second.
    assert done.looked_at >= 10
    assert counts(rest) == (24, 0, 0, len(pairs(file)), 0, 0, 0, 0)
    fresh = tmp_path / "fresh.db"
    fresh.write_bytes(empty_file.read_bytes())
    with Store(f"sqlite:///{fresh}") as other:
        newsroom = make.Newsroom(other)
        live = Archive(other, newsroom, LETTERS)
        for number in range(24):
            live.arrive(f"{A}{number}", words[number % len(words)], at(make, number))
    assert pairs(file) == pairs(fresh)
    assert sorted(stories(file).values()) == sorted(stories(fresh).values())


def test_to_be_undone_at_any_write_changes_nothing_in_the_end(tmp_path, file, store, archive, make):
    """A kill undoes what is not committed, whatever statement it was at."""
    for number, text in enumerate(["ant bee cow", "axe bat cup", "ant bee cow", "dog elk fox", "den eel fig"]):
        archive.arrive(f"{A}{number}", text, at(make, number))
    store.close()
    start = file.read_bytes()

    def run(path, stop_at):
        """Return whether it came to its end, with how many writes."""
        written = 0
        with Store(f"sqlite:///{path}") as opened:

            @event.listens_for(opened._writer._engine, "before_cursor_execute")
            def _count(_connection, _cursor, statement, *_):
                nonlocal written
                if statement.startswith(("INSERT", "UPDATE", "DELETE")):
                    written += 1
                    if written == stop_at:
                        raise KeyboardInterrupt

            try:
                rebuild(opened, make, batch=2)
            except KeyboardInterrupt:
                return False, written
        return True, written

    whole = tmp_path / "whole.db"
    whole.write_bytes(start)
    ended, writes = run(whole, 0)
    assert ended
    assert writes > 20
    expected = dump(whole)
    for stop_at in range(1, writes + 1):
        path = tmp_path / f"{stop_at}.db"
        path.write_bytes(start)
        assert run(path, stop_at) == (False, stop_at)
        assert run(path, 0)[0]
        assert dump(path) == expected
        assert rows(path, "looked_at, added, merged, finished_at IS NULL", "rebuild")[-1] == (5, 3, 2, 0)


# --- laws ---------------------------------------------------------------------------------------------

#: (article, words)
ARRIVALS = st.lists(
    st.tuples(
        st.integers(0, 7),
        st.lists(st.sampled_from(["ant", "axe", "bee", "bat", "cow", "cup", "dog", "den"]), min_size=1, max_size=5),
    ),
    max_size=12,
)


def _fill(path, empty_file, make, arrivals, algorithm, then=lambda _: None):
    path.write_bytes(empty_file.read_bytes())
    with Store(f"sqlite:///{path}") as store:
        archive = Archive(store, make.Newsroom(store), algorithm)
        for number, (article, words) in enumerate(arrivals):
            archive.arrive(f"{A}{article}", " ".join(words), at(make, number))
        return then(store)


def _rebuild_twice(store, file, make, batch):
    rebuild(store, make, batch=batch)
    once = dump(file)
    again = rebuild(store, make, at=200)
    assert (again.added, again.retired) == (0, 0)
    assert dump(file) == once
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    leads = dict(rows(file, "id, lead_article_id", "story"))
    assert leads.keys() == stories(file).keys()
    assert all(lead in stories(file)[story] for story, lead in leads.items())


@given(arrivals=ARRIVALS, batch=st.integers(1, 5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=20)
def test_relations_are_in_the_end_as_if_the_algorithm_had_always_been_the_new_one(
    tmp_path_factory, empty_file, make, arrivals, batch
):
    folder = tmp_path_factory.mktemp("law")
    file, fresh = folder / "news.db", folder / "fresh.db"
    _fill(file, empty_file, make, arrivals, WORDS, lambda store: _rebuild_twice(store, file, make, batch))
    _fill(fresh, empty_file, make, arrivals, LETTERS)
    assert pairs(file) == pairs(fresh)


@given(arrivals=ARRIVALS, batch=st.integers(1, 5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=20)
def test_stories_are_so_too_where_none_was_found_before(tmp_path_factory, empty_file, make, arrivals, batch):
    """Where some were, an article stays in its story as long as it is related to any other of its articles."""
    arrivals = list({article: (article, words) for article, words in arrivals}.values())
    folder = tmp_path_factory.mktemp("law")
    file, fresh = folder / "news.db", folder / "fresh.db"
    _fill(file, empty_file, make, arrivals, BLIND, lambda store: _rebuild_twice(store, file, make, batch))
    _fill(fresh, empty_file, make, arrivals, LETTERS)
    assert sorted(stories(file).values()) == sorted(stories(fresh).values())
    assert pairs(file) == pairs(fresh)


def test_a_time_at_the_edge_of_the_calendar_hinders_no_rebuild(store, archive, make):
    for number, (url, text) in enumerate({A: "ant bee cow", B: "axe bat cup"}.items()):
        archive.arrive(url, text, at(make, number))
    # The first moment of year 1, in microseconds.
    store._write(lambda connection: connection.exec_driver_sql("UPDATE article SET first_seen_at = -62135596800000000"))
    assert rebuild(store, make).looked_at == 2
