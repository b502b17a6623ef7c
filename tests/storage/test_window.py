"""Cursors: what is written is read, and nothing else is."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from storage.searching.walk import ranges
from storage.tables import article
from storage.window import Cursor, Window

TIMES = st.none() | st.datetimes(timezones=st.just(UTC))


@given(TIMES, st.integers(1, 2**63 - 1))
def test_what_is_written_is_read(time, ident):
    cursor = Cursor(time=time, id=ident)
    assert Cursor.parse(str(cursor)) == cursor


def test_it_is_in_utc():
    time = datetime(2026, 11, 22, 15, 30, tzinfo=timezone(timedelta(hours=1)))
    assert str(Cursor(time=time, id=17)) == "2026-11-22T14:30:00.000000Z:17"


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            ":",
            "17",
            "null",
            "null:",
            "null:0",
            "null:-1",
            f"null:{2**63}",
            "2026-11-22:17",
            "2026-11-22T14:30:00Z",
        ),
        *("2026-02-30T14:30:00Z:1", "2026-11-22T25:30:00Z:1", "2026-11-22T14:30:00+01:00:1"),
        *(" null:1", "null:1\n", "null:١"),
    ],
)
def test_nothing_else_is_read(text):
    with pytest.raises(ValueError, match="is no cursor: TIME:ID"):
        Cursor.parse(text)


@given(st.text(max_size=40))
def test_any_text_is_a_cursor_or_refused(text):
    with suppress(ValueError):
        cursor = Cursor.parse(text)
        assert Cursor.parse(str(cursor)) == cursor


def test_what_is_not_ordered_by_time_has_no_pages():
    window = Window(after=Cursor(time=None, id=1))
    with pytest.raises(ValueError, match="pages"):
        window.of(
            select(article.c.id),
            first_seen=article.c.first_seen_at,
            published=article.c.published,
            ident=article.c.id,
            before=(article.c.story_id,),
        )


@given(st.lists(st.integers(1, 2000)), st.integers(0, 100))
def test_ranges_hold_all_and_little_else(ids, gap):
    found = list(ranges(ids, gap=gap))
    assert all(low <= high for low, high in found)
    assert all(any(low <= each <= high for low, high in found) for each in ids)
    assert all(low in ids and high in ids for low, high in found)
    assert all(later[0] - earlier[1] > gap for earlier, later in pairwise(found))
