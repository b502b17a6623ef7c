"""What sites brought of late and before, as drift detection wants to know it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.model import EntryOutcome, EntryState, TextFrom
from ingest.polling import Event, EventKind
from storage import samples
from storage.store import Store

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SITE = "news.example"


@pytest.fixture
def now(make):
    return make.T0 + 30 * DAY


def save(newsroom, number, at, *, site=SITE, **given):
    newsroom.save(f"https://{site}/{number}", at=at, source=site, **given)


def fill(newsroom, now, *, recent=samples.LEAST_PAGES, earlier=0, site=SITE):
    for number in range(earlier):
        save(newsroom, f"old{number}", now - 3 * DAY, site=site, text=f"An earlier text, number {number}.")
    for number in range(recent):
        save(newsroom, number, now - HOUR, site=site)


def test_a_site_with_too_little_is_left_out(store, newsroom, now):
    fill(newsroom, now, recent=samples.LEAST_PAGES - 1, earlier=20)
    assert store.site_samples(now) == ()
    save(newsroom, "last", now - DAY)
    (sample,) = store.site_samples(now)
    assert (sample.site, len(sample.recent), len(sample.earlier)) == (SITE, samples.LEAST_PAGES, 20)


def test_texts_are_told_newest_first_and_only_recent_ones_with_their_beginning(store, make, newsroom, now):
    fill(newsroom, now, earlier=2)
    text = "Word " * 200
    save(newsroom, "newest", now - make.MINUTE, text=text)
    (sample,) = store.site_samples(now)
    newest = sample.recent[0]
    assert (newest.words, newest.beginning) == (200, text[: samples.BEGINNING_CHARS])
    assert newest.text_hash == make.item(1, text=text).reading.article.text_hash
    assert {each.beginning for each in sample.earlier} == {""}
    assert {each.words for each in sample.earlier} == {5}


def test_spans_end_where_they_say(store, newsroom, now):
    fill(newsroom, now)
    save(newsroom, "future", now)
    save(newsroom, "just", now - samples.RECENT)
    save(newsroom, "before", now - samples.RECENT - timedelta(microseconds=1))
    save(newsroom, "first", now - samples.EARLIER)
    save(newsroom, "too old", now - samples.EARLIER - timedelta(microseconds=1))
    (sample,) = store.site_samples(now)
    assert (len(sample.recent), len(sample.earlier)) == (samples.LEAST_PAGES + 1, 2)


def test_no_more_texts_are_read_than_are_wanted(store, newsroom, now):
    fill(newsroom, now, recent=samples.MOST_RECENT + 5, earlier=samples.MOST_EARLIER + 2)
    (sample,) = store.site_samples(now)
    assert (len(sample.recent), len(sample.earlier)) == (samples.MOST_RECENT, samples.MOST_EARLIER)


def test_texts_that_the_feed_gave_are_no_sample_of_pages(store, newsroom, now):
    fill(newsroom, now)
    save(newsroom, "feed", now - HOUR, text_from=TextFrom.FEED)
    (sample,) = store.site_samples(now)
    assert len(sample.recent) == samples.LEAST_PAGES


def test_pages_without_text_are_counted_by_reason(store, make, newsroom, now):
    outcomes = [
        ("recent1", now - HOUR, EntryOutcome(state=EntryState.DONE, reason="consent", text_from=TextFrom.FEED)),
        ("recent2", now - HOUR, EntryOutcome(state=EntryState.DONE, reason="consent", text_from=TextFrom.FEED)),
        ("recent3", now - HOUR, EntryOutcome(state=EntryState.FAILED, reason="not_article")),
        ("earlier", now - 2 * DAY, EntryOutcome(state=EntryState.FAILED, reason="script")),
        ("too old", now - 20 * DAY, EntryOutcome(state=EntryState.FAILED, reason="script")),
        # It is not the end yet.
        ("waiting", now - HOUR, EntryOutcome(state=EntryState.RETRYING, reason="timeout", next_try_at=now)),
        # The text of the page is there, though something was the matter.
        ("page", now - HOUR, EntryOutcome(state=EntryState.DONE, reason="paywall", text_from=TextFrom.PAGE)),
    ]
    for number, at, outcome in outcomes:
        store.finish_entry(newsroom.entry(f"https://{SITE}:8080/{number}", at=at), outcome)
    fill(newsroom, now)
    (sample,) = store.site_samples(now)
    assert sample.recent_reasons == (("consent", 2), ("not_article", 1))
    assert sample.earlier_reasons == (("script", 1),)


def test_a_site_that_gives_no_text_any_more_is_looked_at_too(store, make, newsroom, now):
    failed = EntryOutcome(state=EntryState.FAILED, reason="script")
    for number in range(samples.LEAST_PAGES):
        store.finish_entry(newsroom.entry(f"https://{SITE}/{number}", at=now - HOUR), failed)
    newsroom.poll(make.new_entry(None, guid="x"), at=now - HOUR)
    (sample,) = store.site_samples(now)
    assert (sample.site, sample.recent, sample.recent_reasons) == (SITE, (), (("script", samples.LEAST_PAGES),))


def test_sites_come_by_name_each_with_its_own_and_when_it_was_last_told(store, make, newsroom, now):
    for site in ("b.example", "a.example", "small.example"):
        fill(newsroom, now, recent=1 if site == "small.example" else samples.LEAST_PAGES, site=site)
    for at in (now - 9 * DAY, now - 5 * DAY):
        store.record_events([Event(kind=EventKind.DRIFT, detail="", site="b.example")], at)
    store.record_events([Event(kind=EventKind.CUT, detail="", site="a.example")], now)
    told = [(sample.site, sample.last_told_at) for sample in store.site_samples(now)]
    assert told == [("a.example", None), ("b.example", now - 5 * DAY)]


@given(ages_h=st.lists(st.integers(0, 24 * 16), max_size=40))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=10)
def test_whatever_came_when_is_in_the_span_it_belongs_to(tmp_path_factory, empty_file, make, now, ages_h):
    file = tmp_path_factory.mktemp("samples") / "news.db"
    file.write_bytes(empty_file.read_bytes())
    with Store(f"sqlite:///{file}") as store:
        newsroom = make.Newsroom(store)
        for number, age in enumerate(ages_h):
            save(newsroom, number, now - age * HOUR)
        taken = store.site_samples(now)
    recent = sum(0 < age <= 24 for age in ages_h)
    earlier = sum(24 < age <= 24 * 14 for age in ages_h)
    expected = [(recent, earlier)] if recent >= samples.LEAST_PAGES else []
    assert [(len(sample.recent), len(sample.earlier)) for sample in taken] == expected
