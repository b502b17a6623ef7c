from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.listing import flag_future
from ingest.polling import DateFault, ListedEntry

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
HOURS = st.none() | st.integers(-40, 40).map(lambda hours: NOW + timedelta(hours=hours))


def listed(published=None, updated=None, fault=None):
    return ListedEntry(
        guid="g",
        link=None,
        page_address=None,
        title="t",
        author=None,
        published=published,
        updated=updated,
        text="",
        lang=None,
        date_fault=fault,
    )


ENTRIES = st.lists(st.builds(listed, HOURS, HOURS, st.sampled_from([None, DateFault.ZONE, DateFault.MISSING])))


@pytest.mark.parametrize(
    ("ahead", "before", "after"),
    [
        (timedelta(0), None, None),
        (timedelta(minutes=5), None, None),
        (timedelta(minutes=5, microseconds=1), None, DateFault.FUTURE),
        (timedelta(hours=-1), DateFault.ZONE, DateFault.ZONE),
        (timedelta(hours=14), DateFault.ZONE, DateFault.ZONE),
        (timedelta(hours=15), DateFault.ZONE, DateFault.FUTURE),
        (timedelta(days=9999), None, DateFault.FUTURE),
    ],
)
def test_dates_ahead_of_the_poll(ahead, before, after):
    entry = listed(NOW + ahead, fault=before)
    assert flag_future([entry], NOW) == (replace(entry, date_fault=after),)


def test_the_date_of_change_counts_where_there_is_no_other():
    assert flag_future([listed(None, NOW + timedelta(hours=1))], NOW)[0].date_fault is DateFault.FUTURE
    assert flag_future([listed(NOW, NOW + timedelta(hours=1))], NOW)[0].date_fault is None


@given(ENTRIES)
def test_nothing_but_the_flag_changes_and_a_second_time_nothing(entries):
    flagged = flag_future(entries, NOW)
    assert [replace(entry, date_fault=None) for entry in flagged] == [
        replace(entry, date_fault=None) for entry in entries
    ]
    assert flag_future(flagged, NOW) == flagged
    for before, after in zip(entries, flagged, strict=True):
        assert after.date_fault in {before.date_fault, DateFault.FUTURE}
