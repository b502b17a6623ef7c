"""Of a sitemap index at most ten children are read in a poll, the news among them, and all of them in the end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.polling import SitemapLink
from ingest.sitemap_choice import MAX_CHILDREN, MIN_UNDATED, choose_children

NOW = datetime(2026, 1, 12, 6, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def maps(*names, changed=None):
    return [SitemapLink(url=f"https://news.example/maps/{name}.xml", changed=changed) for name in names]


def dated(count, newest=NOW):
    """So many, a day apart, the newest first."""
    return [SitemapLink(url=f"https://news.example/{n}.xml", changed=newest - n * DAY) for n in range(count)]


def names(choice):
    return [child.url.rpartition("/")[2].removesuffix(".xml") for child in choice.read]


WORDS = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu"]


# --- with dates -------------------------------------------------------------------------------------


def test_at_the_first_poll_the_newest_are_read_and_the_others_are_archives():
    choice = choose_children(dated(30), None, NOW)
    assert names(choice) == [str(n) for n in range(10)]
    assert choice.lines() == ("20 older sitemaps are not read",)
    assert choose_children(dated(11), None, NOW).lines() == ("1 older sitemap is not read",)
    assert choose_children(dated(10), None, NOW).lines() == ()


def test_later_those_that_changed_are_read_and_no_word_is_said_of_the_others():
    choice = choose_children(dated(30, NOW - timedelta(hours=3)), NOW - timedelta(hours=5), NOW)
    assert (names(choice), choice.lines()) == (["0"], ())


def test_that_more_have_changed_than_are_read_is_said():
    choice = choose_children(dated(12), NOW - 99 * DAY, NOW)
    assert (len(choice.read), choice.missed, choice.older) == (10, 2, 0)
    assert choice.lines() == ("2 more sitemaps have changed since the last poll; only the newest 10 are read",)


# --- without dates ----------------------------------------------------------------------------------


def test_a_few_are_all_read():
    assert names(choose_children(maps(*WORDS[:10]), NOW, NOW)) == WORDS[:10]


@pytest.mark.parametrize(
    ("listed", "news"),
    [
        (WORDS, {"alpha", "beta", "gamma", "lambda", "mu"}),
        ([f"posts-{n}" for n in range(30)], {f"posts-{n}" for n in range(25, 30)}),
        ([f"posts-{n}" for n in reversed(range(30))], {f"posts-{n}" for n in range(25, 30)}),
        # as numbers, not as text
        ([f"{year}-{month}" for year in (2025, 2026) for month in range(1, 13)], {f"2026-{n}" for n in range(8, 13)}),
        ([f"v2-{word}" for word in WORDS], {"v2-alpha", "v2-beta", "v2-gamma", "v2-lambda", "v2-mu"}),
    ],
)
def test_where_news_is_expected_is_read_at_each_poll(listed, news):
    for hours in range(30):
        choice = choose_children(maps(*listed), NOW, NOW + hours * HOUR)
        assert news <= set(names(choice))
        assert choice.waiting == len(listed) - 10


def test_who_waits_is_said():
    (line,) = choose_children(maps(*WORDS), NOW, NOW).lines()
    assert line == "2 sitemaps without a date wait for their turn at a later poll"
    (line,) = choose_children(maps(*WORDS[:11]), NOW, NOW).lines()
    assert line == "1 sitemap without a date waits for its turn at a later poll"


@given(st.integers(1, 100), st.integers(1, 28), st.booleans(), st.integers(0, 12))
def test_however_often_a_feed_is_polled_each_has_its_turn(count, every_h, has_numbers, busy):
    """Also where all the other places are taken by children that have changed."""
    listed = [f"{n}" if has_numbers else chr(0x4E00 + n) for n in range(count)]
    read = set()
    for poll in range(2 * max(count, 29)):
        now = NOW + poll * every_h * HOUR
        choice = choose_children([*dated(busy, now), *maps(*listed)], now - 30 * DAY, now)
        read |= {child.url for child in choice.read}
    assert {child.url for child in maps(*listed)} <= read


# --- both -------------------------------------------------------------------------------------------


@given(st.integers(0, 40), st.integers(0, 40), st.none() | st.integers(0, 50), st.integers(0, 10**5))
def test_at_most_ten_are_read_each_once_and_all_are_accounted_for(with_date, without, days_ago, hours):
    now = NOW + hours * HOUR
    children = [
        *dated(with_date, now),
        *(SitemapLink(url=f"https://a.example/{n}", changed=None) for n in range(without)),
    ]
    since = None if days_ago is None else now - days_ago * DAY
    choice = choose_children(children, since, now)
    assert len(choice.read) == len(set(choice.read)) <= MAX_CHILDREN
    changed = sum(child.changed is not None and (since is None or child.changed > since - HOUR) for child in children)
    assert len(choice.read) + choice.older + choice.missed + choice.waiting == changed + without
    assert len(choice.read) == min(changed + without, MAX_CHILDREN), "no place is left empty"
    assert sum(child.changed is None for child in choice.read) >= min(without, MIN_UNDATED)
    assert choose_children(children, since, now) == choice
