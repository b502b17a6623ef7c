"""What is old is forgotten a little at a time; what is shown, and what was matched, stays."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from sqlalchemy import update

from ingest.polling import Event, EventKind
from rules.text import TOKENIZER_VERSION
from storage import tables
from storage.checking.examination import examine
from storage.checking.spans import Depth
from storage.upkeep import prune
from storage.upkeep.prune import Old
from wirewatch.retention import KINDS, all_before, count_old, cutoffs, forget
from wirewatch.settings import StoreSection

A, B = "https://a.example/1", "https://b.example/2"
DAY = timedelta(days=1)


def found(url):
    return [(each.check, each.message) for each in examine(url, Depth.FULL)]


def test_a_batch_has_a_bound_and_takes_the_oldest_first(store, make, newsroom, listings):
    for day in range(5):
        store.record_events([Event(kind=EventKind.DRIFT, detail="", site="a.example")], make.T0 + day * DAY)
    assert store.count_old(Old.EVENTS, make.T0 + 4 * DAY) == 4
    assert [store.prune(Old.EVENTS, make.T0 + 4 * DAY, 3) for _ in range(3)] == [3, 1, 0]
    assert [each.at for each in listings.events()] == [make.T0 + 4 * DAY]


def test_a_text_that_is_no_longer_shown_goes_and_comes_back(url, store, make, newsroom, listings):
    newsroom.save(A, text="The quick brown fox.", at=make.T0, page=make.page(A))
    saved = newsroom.save(A, text="The lazy dog.", at=make.T0 + DAY)
    assert store.prune_texts(make.T0 + DAY, make.T0 + 9 * DAY)[0] == 0, "it was shown until then"
    assert store.prune_texts(make.T0 + DAY + make.MINUTE, make.T0 + 9 * DAY)[0] == 1
    assert store.prune_texts(make.T0 + DAY + make.MINUTE, make.T0 + 9 * DAY)[0] == 0
    assert listings.article(saved.article_id, 1).text == ""
    assert listings.article(saved.article_id).text == "The lazy dog."
    assert listings.article(saved.article_id, 1).title == "A title"
    assert store._read(lambda connection: connection.execute(tables.raw_page.select()).all()) == []
    assert not found(url)
    again = newsroom.save(A, text="The quick brown fox.", at=make.T0 + 10 * DAY)
    assert again.article_id == saved.article_id
    assert listings.article(saved.article_id).version == 1
    assert listings.article(saved.article_id).text == "The quick brown fox."
    assert not found(url)


def test_a_text_that_was_shown_again_since_is_kept(store, make, newsroom, listings):
    for day, text in enumerate(("one one", "two two", "one one", "three three")):
        saved = newsroom.save(A, text=text, at=make.T0 + day * DAY)
    # At that time "one one" was shown once more.
    assert store.prune_texts(make.T0 + 2 * DAY + make.MINUTE, make.T0 + 9 * DAY)[0] == 1
    assert [listings.article(saved.article_id, n).text for n in (1, 2, 3)] == ["one one", "", "three three"]


def test_what_was_shown_then_is_said_by_the_order_of_changes_as_in_the_past(store, make, newsroom, listings):
    """A clock that was set back: what `--as-of` shows is kept, not what was stored at the latest time."""
    for day, text in ((0, "one one"), (10, "two two"), (5, "three three"), (20, "four four")):
        saved = newsroom.save(A, text=text, at=make.T0 + day * DAY)
    moment = make.T0 + 12 * DAY
    assert listings.article(saved.article_id, as_of=moment).text == "three three"
    assert store.prune_texts(moment, make.T0 + 99 * DAY)[0] == 2
    assert listings.article(saved.article_id, as_of=moment).text == "three three"
    assert [listings.article(saved.article_id, n).text for n in (1, 2, 3, 4)] == ["", "", "three three", "four four"]


def test_a_text_that_comes_back_while_it_is_to_go_stays(url, store, make, newsroom, listings):
    newsroom.save(A, text="one one", at=make.T0)
    saved = newsroom.save(A, text="two two", at=make.T0 + DAY)
    old = store._read(partial(prune.old_texts, before=make.T0 + 3 * DAY, after=0))
    assert [each.version_id for each in old.texts] == [1]
    newsroom.save(A, text="one one", at=make.T0 + 4 * DAY)
    assert store._write(partial(prune.drop_texts, texts=old.texts, now=make.T0 + 5 * DAY)) == 0
    assert listings.article(saved.article_id).text == "one one"
    assert not found(url)


def test_what_another_tokenizer_has_indexed_stays_until_the_index_is_made_anew(store, make, newsroom):
    for day, text in enumerate(("one one", "two two", "three three")):
        newsroom.save(A, text=text, at=make.T0 + day * DAY)
    change = update(tables.article_version).values(tokenizer_version=TOKENIZER_VERSION - 1)
    store._write(lambda connection: connection.execute(change))
    # also where more of them are old than go at once
    assert store.prune_texts(make.T0 + 9 * DAY, make.T0 + 9 * DAY, limit=1) == (0, 1)
    assert store.count_old_texts(make.T0 + 9 * DAY) == (0, 1)


def test_where_a_relation_is_seen_in_a_text_it_stays(url, store, make, newsroom, listings):
    newsroom.save(A, text="one one", at=make.T0)
    newsroom.save(B, text="two two", at=make.T0)
    tie = {"article_id": 2, "version_id": 2, "other_id": 1, "other_version_id": 1}
    newsroom.save(A, text="new one", at=make.T0 + DAY)
    newsroom.save(B, text="new two", at=make.T0 + DAY)
    row = {"kind": "copy", "score": 0.9, "share": 0.9, "other_share": 0.9, "slots": [], "created_at": make.T0}
    row |= dict.fromkeys(("start", "end", "other_start", "other_end"), 0)
    store._write(lambda connection: connection.execute(tables.relation.insert(), tie | row))
    assert store.prune_texts(make.T0 + 9 * DAY, make.T0 + 9 * DAY)[0] == 0
    end = update(tables.relation).values(retired_at=make.T0 + DAY)
    store._write(lambda connection: connection.execute(end))
    assert store.prune_texts(make.T0 + 9 * DAY, make.T0 + 9 * DAY)[0] == 2


def test_many_texts_of_one_article_go_in_several_batches(url, store, make, newsroom):
    for number in range(7):
        newsroom.save(A, text=f"text {number}", at=make.T0 + number * DAY)
    newsroom.save(B, text="other", at=make.T0)
    newsroom.save(B, text="another", at=make.T0 + DAY)
    counts, after = [], 0
    while after is not None:
        count, after = store.prune_texts(make.T0 + 99 * DAY, make.T0 + 100 * DAY, after=after, limit=3)
        counts.append(count)
    assert sum(counts) == 7
    assert max(counts) == 3
    assert not found(url)


def kept_texts(shown, day):
    """The texts that were shown at *day* or later; *shown*: which text from which day on."""
    then = [text for since, text in sorted(shown.items()) if since < day][-1:]
    return {text for since, text in shown.items() if since >= day} | set(then or [shown[min(shown)]])


def test_the_model_of_pruning(store, make, newsroom, listings):
    """Articles with all kinds of histories at once: one look at the database for all of them."""
    histories = [(0, 1), (0, 1, 0), (0, 1, 2), (0, 1, 2, 0), (0, 1, 0, 1, 2), (0, 1, 2, 3, 2, 1)]
    for day in range(7):
        ids = {}
        for number, history in enumerate(histories):
            address = f"https://n{day}.example/{number}"
            for since, text in enumerate(history):
                ids[number] = newsroom.save(
                    address, text=f"text {text} of {address}", at=make.T0 + since * DAY
                ).article_id
        after = 0
        moment = make.T0 + day * DAY
        while after is not None:
            _, after = store.prune_texts(moment, make.T0 + 99 * DAY, after=after)
        for number, history in enumerate(histories):
            changes = {0: history[0]} | {
                since: text for since, text in enumerate(history) if since and text != history[since - 1]
            }
            kept = kept_texts(changes, day)
            address = f"https://n{day}.example/{number}"
            texts = {n - 1: listings.article(ids[number], n).text for n in range(1, len(set(history)) + 1)}
            assert {n for n, text in texts.items() if text} == kept, (history, day, address)


def test_by_the_settings_all_kinds_go_in_their_time(url, store, make, newsroom):
    newsroom.save(A, text="old", at=make.T0, page=make.page(A))
    newsroom.save(A, text="new", at=make.T0 + DAY, page=make.page(A))
    newsroom.poll(at=make.T0)
    kept = StoreSection(raw_days=1, log_days=2, version_days=3)
    now = make.T0 + 1.5 * DAY
    assert {each.kind for each in forget(store, cutoffs(kept, now), now) if each.count} == {"raw_pages"}
    now = make.T0 + 5 * DAY
    gone = {each.kind: each.count for each in forget(store, cutoffs(kept, now), now) if each.count}
    assert gone.keys() == {"raw_pages", "poll_log", "texts"}
    assert not [each for each in forget(store, cutoffs(kept, now), now) if each.count]
    assert not found(url)


def test_a_dry_run_counts_what_would_go(store, make, newsroom):
    newsroom.save(A, text="old", at=make.T0, page=make.page(A))
    newsroom.save(A, text="new", at=make.T0 + DAY)
    until = all_before(make.T0 + 9 * DAY)
    counted = {each.kind: each.count for each in count_old(store, until) if each.count}
    assert counted == {each.kind: each.count for each in forget(store, until, make.T0 + 9 * DAY) if each.count}
    assert counted["texts"] == 1


def test_some_kinds_alone(make):
    until = all_before(make.T0)
    assert until.only(()) == until
    assert until.only(["texts"]).old == {}
    assert until.only(["events"]).texts is None
    assert set(until.only(KINDS).old) == set(Old)
