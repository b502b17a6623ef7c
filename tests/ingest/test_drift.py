"""When the pages of a site have changed their nature, and when not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.drift import TOLD_AGAIN_AFTER, find_drift, judge
from ingest.hosts import SiteSample, TextSample
from ingest.polling import EventKind

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


def texts(number, words=500, beginning="A ship ran aground.", name="text"):
    return tuple(TextSample(words=words, text_hash=f"{name} {n}", beginning=beginning) for n in range(number))


SAMPLE = SiteSample(
    site="news.example",
    recent=texts(20),
    earlier=texts(100),
    recent_reasons=(),
    earlier_reasons=(),
    last_told_at=None,
)


def test_a_site_as_ever_is_no_event():
    assert judge(SAMPLE) == ()
    assert find_drift([SAMPLE], NOW) == ()


@pytest.mark.parametrize(
    ("change", "sign"),
    [
        ({"recent": texts(20, words=80)}, "articles have 80 words, before 500"),
        ({"recent": texts(20, words=2000)}, "articles have 2000 words"),
        ({"recent": texts(8), "recent_reasons": (("consent", 12),)}, "60% of the pages gave no text, before 0%"),
        ({"recent": texts(20, beginning="We and our 780 partners store cookies on")}, "100% of the texts begin with"),
        ({"recent": texts(15) + texts(1, name="wall") * 5}, "5 of 20 articles have one and the same text"),
    ],
)
def test_each_sign_is_told_with_its_figures(change, sign):
    (event,) = find_drift([replace(SAMPLE, **change)], NOW)
    assert (event.kind, event.site, event.feed_id) == (EventKind.DRIFT, "news.example", None)
    assert event.detail.startswith(sign)


@pytest.mark.parametrize(
    "change",
    [
        {"recent": texts(9, words=80)},
        {"recent": texts(20, words=80), "earlier": texts(19)},
        {"recent": texts(20, words=20), "earlier": texts(50, words=55)},
        # A server that is down is another matter.
        {"recent": texts(3), "recent_reasons": (("http_server", 30),)},
        # It was always so.
        {"recent": texts(4), "recent_reasons": (("paywall", 16),), "earlier_reasons": (("paywall", 400),)},
        {"recent": texts(17) + texts(1, name="twin") * 3},
        {"recent": texts(18) + texts(2, beginning="We value your privacy", name="wall")},
    ],
)
def test_what_is_no_sign(change):
    assert judge(replace(SAMPLE, **change)) == ()


def test_people_are_told_once_a_week():
    drifted = replace(SAMPLE, recent=texts(20, words=80))
    assert find_drift([replace(drifted, last_told_at=NOW - TOLD_AGAIN_AFTER + timedelta(seconds=1))], NOW) == ()
    assert len(find_drift([replace(drifted, last_told_at=NOW - TOLD_AGAIN_AFTER)], NOW)) == 1


@given(
    st.builds(
        replace,
        st.just(SAMPLE),
        recent=st.integers(0, 30).map(texts),
        earlier=st.integers(0, 30).map(texts),
        recent_reasons=st.lists(st.tuples(st.sampled_from(["consent", "timeout"]), st.integers(1, 50))).map(tuple),
    )
)
def test_any_sample_can_be_judged(sample):
    assert all(judge(sample))
