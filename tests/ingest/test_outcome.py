"""What becomes of an entry, decided without any I/O."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import outcome
from ingest.errors import Permanent, Reason, Transient
from ingest.model import Entry, EntryState, StoredArticle, TextFrom

NOW = datetime(2026, 1, 12, 6, tzinfo=UTC)
ENTRY = Entry(
    id=7,
    feed_id=1,
    link="https://example.org/a?utm_source=rss",
    page_address="https://example.org/a",
    title="A title",
    author=None,
    published=None,
    text="What the feed says.",
    lang=None,
    sections=(),
    state=EntryState.NEW,
    attempts=0,
    checks=0,
    next_try_at=None,
    first_seen_at=NOW,
    article_id=None,
    is_changed=False,
)
STORED = StoredArticle(
    id=3,
    url="https://example.org/a",
    title="A title",
    story_id=3,
    text_from=TextFrom.PAGE,
    etag='"x"',
    last_modified="Mon, 12 Jan 2026 05:00:00 GMT",
    entry_id=7,
    text_hash="0" * 64,
)


@pytest.mark.parametrize(
    ("state", "next_try_at", "is_due"),
    [
        (EntryState.NEW, None, True),
        (EntryState.RETRYING, NOW, True),
        (EntryState.RETRYING, NOW + timedelta(seconds=1), False),
        (EntryState.DONE, None, False),
        (EntryState.DONE, NOW, True),
        (EntryState.FAILED, None, False),
    ],
)
def test_is_due(state: EntryState, next_try_at: datetime | None, is_due: bool) -> None:
    assert outcome.is_due(replace(ENTRY, state=state, next_try_at=next_try_at), NOW) is is_due


def test_a_page_read_for_another_entry_is_not_fetched_again() -> None:
    assert outcome.is_read_already(ENTRY, replace(STORED, entry_id=1))


@pytest.mark.parametrize(
    ("entry", "stored"),
    [
        (replace(ENTRY, is_changed=True), STORED),
        (replace(ENTRY, state=EntryState.DONE, next_try_at=NOW), STORED),
        (ENTRY, replace(STORED, text_from=TextFrom.FEED)),
    ],
    ids=["the feed says something new", "a look for corrections", "only the feed's text is stored"],
)
def test_a_page_is_fetched_again_with_reason(entry: Entry, stored: StoredArticle) -> None:
    assert not outcome.is_read_already(entry, stored)


def test_the_title_is_that_of_the_first_entry_that_listed_the_article() -> None:
    assert outcome.title_for(ENTRY, None) == "A title"
    assert outcome.title_for(replace(ENTRY, title="New"), STORED) == "New"
    assert outcome.title_for(replace(ENTRY, id=8, title="Other feed's"), STORED) == "A title"


def test_a_stored_page_is_asked_for_with_its_validators() -> None:
    request = outcome.page_request(replace(ENTRY, is_changed=True), STORED)
    assert (request.etag, request.last_modified) == (STORED.etag, STORED.last_modified)
    assert request.url == ENTRY.link


@pytest.mark.parametrize(
    ("entry", "stored"),
    [
        (ENTRY, None),
        (ENTRY, replace(STORED, text_from=TextFrom.FEED)),
        (replace(ENTRY, is_changed=True, title="A new title"), STORED),
    ],
    ids=["nothing is stored", "only the feed's text is stored", "the title has changed"],
)
def test_a_page_whose_text_is_needed_is_asked_for_without_validators(
    entry: Entry, stored: StoredArticle | None
) -> None:
    request = outcome.page_request(entry, stored)
    assert (request.etag, request.last_modified) == (None, None)


def test_an_entry_without_a_link_has_no_page() -> None:
    with pytest.raises(Permanent) as caught:
        outcome.page_request(replace(ENTRY, link=None), None)
    assert caught.value.reason is Reason.NO_LINK


def test_the_page_of_a_done_entry_is_looked_at_four_more_times() -> None:
    entry, waits, now = ENTRY, [], NOW
    while True:
        result = outcome.with_page(entry, STORED, now)
        if result.next_try_at is None:
            break
        waits.append(result.next_try_at - now)
        now = result.next_try_at
        entry = replace(entry, state=EntryState.DONE, checks=result.checks, next_try_at=result.next_try_at)
    assert len(waits) == 4
    assert waits == sorted(waits)


def test_only_the_entry_that_named_the_article_looks_after_its_page() -> None:
    assert outcome.with_page(ENTRY, replace(STORED, entry_id=1), NOW).next_try_at is None


@given(attempts=st.integers(0, 3), has_text=st.booleans())
def test_passing_trouble_is_tried_again(attempts: int, has_text: bool) -> None:
    error = Transient(Reason.TIMEOUT, "https://example.org/a")
    result = outcome.without_page(replace(ENTRY, attempts=attempts), None, error, NOW, has_feed_text=has_text)
    assert result.state is EntryState.RETRYING
    assert result.next_try_at is not None
    assert result.next_try_at > NOW
    assert result.attempts == attempts + 1
    assert result.text_from is (TextFrom.FEED if has_text else None)


@pytest.mark.parametrize(
    ("has_text", "state"), [(True, EntryState.DONE), (False, EntryState.FAILED)], ids=["text", "no text"]
)
@pytest.mark.parametrize(
    ("entry", "error"),
    [
        (ENTRY, Permanent(Reason.GONE, "https://example.org/a", status=410)),
        (replace(ENTRY, attempts=4), Transient(Reason.TIMEOUT, "https://example.org/a")),
    ],
    ids=["gone for good", "tried for the last time"],
)
def test_in_the_end_there_is_the_text_of_the_feed_or_none(
    entry: Entry, error: Transient | Permanent, has_text: bool, state: EntryState
) -> None:
    result = outcome.without_page(entry, None, error, NOW, has_feed_text=has_text)
    assert (result.state, result.reason, result.next_try_at) == (state, error.reason, None)


def test_a_failed_look_for_corrections_leaves_what_is_stored() -> None:
    entry = replace(ENTRY, state=EntryState.DONE, next_try_at=NOW, checks=1)
    error = Transient(Reason.HTTP_SERVER, "https://example.org/a", status=503)
    result = outcome.without_page(entry, STORED, error, NOW, has_feed_text=True)
    assert (result.state, result.reason, result.text_from, result.checks) == (EntryState.DONE, None, TextFrom.PAGE, 2)


def test_a_crash_is_tried_again_and_says_what_it_was() -> None:
    fault = outcome.bug_as_fault("https://example.org/a", ZeroDivisionError("oh"))
    result = outcome.without_page(ENTRY, None, fault, NOW, has_feed_text=False)
    assert (result.state, result.reason) == (EntryState.RETRYING, Reason.INTERNAL)
    assert result.detail == "ZeroDivisionError: oh"


UNASKED = Transient(Reason.RATE_LIMITED, "https://example.org/a", "not asked", retry_after_s=3_600, was_asked=False)


@given(attempts=st.integers(0, 4), days=st.floats(0, 13.9), jitter=st.floats(0, 1), has_text=st.booleans())
def test_a_wait_that_we_keep_costs_no_try(attempts: int, days: float, jitter: float, has_text: bool) -> None:
    entry = replace(ENTRY, attempts=attempts)
    now = NOW + timedelta(days=days)
    result = outcome.without_page(entry, None, UNASKED, now, has_feed_text=has_text, jitter=jitter)
    assert (result.state, result.attempts) == (EntryState.RETRYING, attempts)
    assert result.next_try_at is not None
    assert timedelta(hours=1) <= result.next_try_at - now <= timedelta(hours=1.1)


def test_an_entry_does_not_wait_for_ever_behind_others_of_its_host() -> None:
    now = NOW + outcome.LONGEST_PUT_OFF
    entry, tries = ENTRY, 0
    while True:
        result = outcome.without_page(entry, None, UNASKED, now, has_feed_text=True)
        tries += 1
        if result.next_try_at is None:
            break
        entry, now = replace(entry, attempts=result.attempts), result.next_try_at
    assert (tries, result.state) == (5, EntryState.DONE)


def test_a_look_for_corrections_for_which_nobody_was_asked_is_made_later() -> None:
    entry = replace(ENTRY, state=EntryState.DONE, next_try_at=NOW, checks=1)
    result = outcome.without_page(entry, STORED, UNASKED, NOW, has_feed_text=True)
    assert (result.state, result.checks, result.next_try_at) == (EntryState.DONE, 1, NOW + timedelta(hours=1))
