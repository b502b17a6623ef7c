"""What every store promises about articles that are forgotten: all of it is gone, and it never comes back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select, update

from ingest.copies.model import RelationKind
from ingest.errors import Conflict
from ingest.model import EntryOutcome, EntryState, Fetched, TextFrom
from ingest.polling import ChangedEntry
from rules.text import TOKENIZER_VERSION
from storage import forgotten, postings, tables
from storage.account import account, broken_laws
from storage.checking.examination import examine
from storage.checking.spans import Depth
from storage.forgotten import IndexedOtherwiseError
from storage.upkeep.erasing import Eraser

A, B, C, D = (f"https://news.example/{letter}" for letter in "abcd")
#: stands in nothing but what is forgotten
WORD = "quaggaxylophone"


@pytest.fixture
def forget(url, store, make):
    """Forget an article by its number."""

    def by_number(article_id, at=None):
        with Eraser(url) as eraser:
            done = eraser.forget(article_id, at or make.T0 + make.MINUTE)
            for _ in eraser.clean(pages=2):
                pass
            return done

    return by_number


def everything(store):
    """All that is stored, as text."""

    def read(connection):
        found = {}
        for table in tables.metadata.sorted_tables:
            found[table.name] = [tuple(row) for row in connection.execute(table.select())]
        return found

    return store._read(read)


def entry_of(store, entry_id):
    return next(row for row in everything(store)["entry"] if row[0] == entry_id)


def test_no_word_is_left_and_the_account_is_whole(store, make, newsroom, forget, listings):
    one = newsroom.save(
        A, title=f"A {WORD} title", text=f"The {WORD} text.", author=WORD, fingerprint=make.hashes(1, 2)
    )
    two = newsroom.save(
        B,
        text=f"Its {WORD} copy.",
        fingerprint=make.hashes(1, 2),
        page=make.page(B, WORD.encode()),
        story_id=one.story_id,
        relations=(make.relation(one.article_id),),
    )
    again = newsroom.save(B, text=f"A newer {WORD} one.", fingerprint=make.hashes(1, 3), at=make.T0 + make.MINUTE)
    assert again.is_new_version
    done = forget(two.article_id)
    assert (done.article, done.addresses, done.versions, done.entries) == (two.article_id, (B,), 2, 1)
    stored = everything(store)
    assert len(stored["article"]) == 1
    assert stored["relation"] == stored["raw_page"] == stored["version_change"] == []
    forget(one.article_id)
    stored = everything(store)
    for table in ("article", "article_version", "article_address", "fingerprint", "story", "match", "posting"):
        assert stored[table] == [], table
    assert WORD not in str(stored)
    counted = store._read(account)
    assert (counted.seen, counted.stored, counted.by_state) == (2, 2, {"done": 2})
    assert counted.by_reason == {"done": {"forgotten": 2}}
    assert store._read(broken_laws) == ()
    assert {each.address: each.article for each in store._read(forgotten.list_forgotten)} == {
        A: one.article_id,
        B: two.article_id,
    }
    assert listings.search(WORD).rows == ()


def test_no_line_of_the_index_is_left(url, store, make, newsroom, forget):
    """Also of one that had several texts, of which one was dropped as old, and that came last of all."""
    day = make.MINUTE * 1440
    newsroom.save(B)
    for number, text in enumerate(("one one", "two two", "three three")):
        saved = newsroom.save(A, text=text, at=make.T0 + number * day)
    assert store.prune_texts(make.T0 + day + make.MINUTE, make.T0 + 9 * day)[0] == 1
    done = forget(saved.article_id)
    assert done.versions == 2
    assert not [each.message for each in examine(url, Depth.FULL)]


def test_entries_that_only_lead_there_and_logs_say_nothing_more(store, make, newsroom, forget):
    saved = newsroom.save(A)
    newsroom.feed("https://other.example/feed")
    (waiting,) = newsroom.poll(make.new_entry(A, guid="other", title=WORD, text=WORD))
    failed = EntryOutcome(
        state=EntryState.RETRYING,
        reason="timeout",
        detail=WORD,
        attempts=1,
        next_try_at=make.T0,
        fetched=Fetched(at=make.T0, status=None, url=A, redirects=0),
    )
    store.finish_entry(waiting, failed)
    assert WORD in str(everything(store)["fetch_log"])
    assert forget(saved.article_id).entries == 2
    assert WORD not in str(everything(store))
    assert len(everything(store)["fetch_log"]) == 1
    assert store._read(broken_laws) == ()


def test_of_stories_that_it_left_no_stay_is_told(store, make, newsroom, forget):
    one = newsroom.save(A, fingerprint=make.hashes(1))
    two = newsroom.save(B, fingerprint=make.hashes(2))
    newsroom.save(
        C,
        fingerprint=make.hashes(3),
        story_id=one.story_id,
        merges=(two.story_id,),
        relations=(make.relation(one.article_id), make.relation(two.article_id)),
    )
    assert everything(store)["story_stay"] != []
    forget(two.article_id)
    assert everything(store)["story_stay"] == []


def test_no_posting_is_left_where_they_are_written(url, store, make, newsroom, forget):
    newsroom.save(B, fingerprint=make.hashes(1, 9))
    saved = newsroom.save(A, fingerprint=make.hashes(1, 2, 3))
    store._write(lambda connection: postings.write_up_to(connection, 2))
    assert len(everything(store)["posting"]) == 5
    forget(saved.article_id)
    assert sorted(everything(store)["posting"]) == [(1, 1), (9, 1)]
    assert not [each.message for each in examine(url, Depth.FULL)]


def test_nobody_is_compared_with_it_any_more(store, make, newsroom, forget):
    """Also by a store that has its hashes in memory."""
    alike = make.hashes(1, 2, 3)
    saved = newsroom.save(A, fingerprint=alike)
    since = make.T0 - make.MINUTE
    assert store.candidates(alike, site="news.example", since=since).rows
    forget(saved.article_id)
    assert not store.candidates(alike, site="news.example", since=since).rows


def test_of_a_story_the_next_one_leads_and_an_empty_one_goes_with_its_aliases(store, make, newsroom, forget, listings):
    one = newsroom.save(A)
    two = newsroom.save(B, story_id=one.story_id, relations=(make.relation(one.article_id),))
    three = newsroom.save(C, at=make.T0 + make.MINUTE)
    # the two stories turn out to be one
    newsroom.save(
        D,
        story_id=one.story_id,
        merges=(three.story_id,),
        relations=(make.relation(one.article_id), make.relation(three.article_id)),
        at=make.T0 + 2 * make.MINUTE,
    )
    assert listings.story(three.story_id).id == one.story_id
    forget(one.article_id)
    led = listings.shown_story(one.story_id)
    assert (led.url, led.first.article) == (B, two.article_id)
    assert led.copy_count == 2
    for url in (B, C, D):
        forget(store.article_at((url,)).id)
    for number in (one.story_id, three.story_id):
        with pytest.raises(LookupError):
            listings.story(number)
    assert everything(store)["story_alias"] == []


def test_what_is_listed_again_is_stored_as_seen_without_a_word(store, make, newsroom, forget):
    saved = newsroom.save(A, addresses=(A, C))
    forget(saved.article_id)
    own = newsroom.made[A]
    # the same item, changed; then the address in another feed, and the other address of the page
    changed = ChangedEntry(id=own, content_hash="new", listed=make.listed(A, title=WORD, text=WORD))
    assert newsroom.poll(at=make.T0 + make.MINUTE, changed=(changed,)) == ()
    newsroom.feed("https://other.example/feed")
    assert newsroom.poll(make.new_entry(A, title=WORD, text=WORD), make.new_entry(C, text=WORD)) == ()
    assert store.record_found(newsroom.feed_id, [make.new_entry(A, guid="pushed", text=WORD)], make.T0) == ()
    assert store.due_entries(make.T0 + 999 * make.MINUTE, 9) == ()
    stored = everything(store)
    assert WORD not in str(stored)
    assert len(stored["entry"]) == 4
    assert store._read(account).by_reason == {"done": {"forgotten": 4}}
    assert store._read(broken_laws) == ()


def test_an_entry_that_changes_to_a_forgotten_address_says_nothing_more(store, make, newsroom, forget):
    saved = newsroom.save(A)
    newsroom.save(B)
    forget(saved.article_id)
    changed = ChangedEntry(id=newsroom.made[B], content_hash="new", listed=make.listed(A, text=WORD))
    assert newsroom.poll(at=make.T0 + make.MINUTE, changed=(changed,)) == ()
    assert WORD not in str(everything(store))
    assert store._read(broken_laws) == ()


def test_what_is_forgotten_says_nothing_more_wherever_it_is_listed_now(store, make, newsroom, forget):
    saved = newsroom.save(A)
    forget(saved.article_id)
    listed = make.listed(D, title=WORD, text=WORD)
    changed = ChangedEntry(id=newsroom.made[A], content_hash="new", listed=listed)
    assert newsroom.poll(at=make.T0 + make.MINUTE, changed=(changed,)) == ()
    assert WORD not in str(everything(store))
    assert make.stored(store, newsroom.made[A]).page_address == D
    assert store._read(broken_laws) == ()


@pytest.mark.parametrize("as_own", [True, False])
def test_a_step_that_was_under_way_stores_nothing(store, make, newsroom, forget, as_own):
    """Whether the page is at that address, or says that it belongs there."""
    saved = newsroom.save(A)
    waiting = newsroom.entry(A if as_own else B)
    item = newsroom.item(A, entry_url=A if as_own else B, text=WORD, addresses=(A, B))
    answer = Fetched(at=make.T0, status=200, url=A)
    forget(saved.article_id)
    assert store.save(replace(item, outcome=replace(item.outcome, fetched=answer))) is None
    assert len(everything(store)["fetch_log"]) == 1, "that a server was asked is told all the same"
    entry = make.stored(store, waiting)
    assert (entry.state, entry.text, entry.article_id) == (EntryState.DONE, "", None)
    assert entry_of(store, waiting)
    assert WORD not in str(everything(store))
    # neither does one that would only say how the entry stands
    outcome = EntryOutcome(state=EntryState.DONE, text_from=TextFrom.PAGE, next_try_at=make.T0)
    store.finish_entry(waiting, outcome, article_id=saved.article_id)
    store.finish_entry(waiting, outcome)
    assert make.stored(store, waiting) == entry
    assert store._read(broken_laws) == ()


def test_who_was_compared_with_it_looks_for_candidates_again(store, make, newsroom, forget):
    saved = newsroom.save(A)
    item = newsroom.item(B, story_id=saved.story_id, relations=(make.relation(saved.article_id, RelationKind.COPY),))
    forget(saved.article_id)
    with pytest.raises(Conflict):
        store.save(item)
    assert store.article_at((B,)) is None
    assert store.save(replace(item, placement=newsroom.item(B).placement)).is_new_version


def test_what_cannot_be_forgotten_is_left_whole(store, make, newsroom, forget):
    with pytest.raises(LookupError, match="no article 7"):
        forget(7)
    saved = newsroom.save(A)
    change = update(tables.article_version).values(tokenizer_version=TOKENIZER_VERSION + 1)
    store._write(lambda connection: connection.execute(change))
    before = everything(store)
    with pytest.raises(IndexedOtherwiseError):
        forget(saved.article_id)
    assert everything(store) == before


def test_no_reference_is_left_without_its_row(store, make, newsroom, forget):
    one = newsroom.save(A, fingerprint=make.hashes(1))
    newsroom.save(
        B,
        story_id=one.story_id,
        relations=(make.relation(one.article_id),),
        fingerprint=make.hashes(1),
        addresses=(B, C),
    )
    newsroom.save(A, text="New.", fingerprint=make.hashes(2), at=make.T0 + make.MINUTE)
    forget(one.article_id)

    def dangling(connection):
        found = []
        for table in tables.metadata.sorted_tables:
            for column in table.c:
                for key in column.foreign_keys:
                    lost = select(column).where(column.is_not(None), column.not_in(select(key.column)))
                    found += [(str(column), row[0]) for row in connection.execute(lost)]
        return found

    assert store._read(dangling) == []


def test_nothing_that_was_forgotten_is_counted_twice(store, newsroom, forget):
    saved = newsroom.save(A)
    forget(saved.article_id)
    with pytest.raises(LookupError):
        forget(saved.article_id)
    assert store.forgotten_among((A, B)) == {A}
    assert store.forgotten_among(()) == frozenset()
    assert store._read(lambda c: forgotten.forgotten_at(c, saved.article_id)) is not None
    assert store._read(lambda c: forgotten.forgotten_at(c, 99)) is None
