"""Dates of HTTP."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.http_dates import read_http_date


@pytest.mark.parametrize(
    "text",
    ["Thu, 01 Oct 2026 12:10:00 GMT", "Thursday, 01-Oct-26 12:10:00 GMT", "Thu Oct  1 12:10:00 2026",
     "Thu, 01 Oct 2026 14:10:00 +0200", "01 Oct 2026 12:10 GMT"],
)  # fmt: skip
def test_dates(text):
    assert read_http_date(text) == datetime(2026, 10, 1, 12, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "0", "-1", "soon", "Thu, 99 Oct 2026 12:10:00 GMT", "Thu, 01 Oct 99999 12:10:00 GMT"]
)
def test_no_dates(text):
    assert read_http_date(text) is None


@given(st.text(max_size=60))
def test_any_text_is_a_date_in_utc_or_none(text):
    date = read_http_date(text)
    assert date is None or date.tzinfo is UTC
