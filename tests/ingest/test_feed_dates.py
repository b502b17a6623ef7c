from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.feed import parse_feed
from ingest.feed_dates import names_zone, read_date
from ingest.polling import DateFault
from ingest.web import Page

MOMENTS = st.datetimes(min_value=datetime.fromisoformat("1972-01-01"), max_value=datetime.fromisoformat("2100-01-01"))
OFFSETS = st.integers(-12 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))


@given(MOMENTS, OFFSETS)
def test_every_written_offset_is_seen_and_read(moment, offset):
    aware = moment.replace(microsecond=0, tzinfo=offset)
    for text in (aware.isoformat(), aware.isoformat(" "), format_datetime(aware), aware.strftime("%Y%m%dT%H%M%S%z")):
        assert names_zone(text)
        assert read_date(text) == aware


@given(MOMENTS)
def test_a_date_without_a_zone_names_none(moment):
    for text in (moment.isoformat(), moment.isoformat(" "), str(moment.date()), moment.strftime("%d-%m-%Y")):
        assert not names_zone(text)
    assert read_date(moment.isoformat()) == moment


@pytest.mark.parametrize(
    ("date", "is_named"),
    [
        ("Mon, 05 Jan 2026 10:00:00 GMT", True),
        ("Mon, 05 Jan 2026 10:00:00 UTC", True),
        ("Mon, 05 Jan 2026 10:00:00 EST", True),
        ("Mon, 05 Jan 2026 10:00:00 Etc/GMT", True),
        ("Mon, 05 Jan 2026 10:00:00 GMT+0200 (CEST)", True),
        ("Mon, 05 Jan 2026 10:00 +0100", True),
        ("2026-01-05T10:00Z", True),
        ("2026-01-05t10z", True),
        ("2026-01-05 10:00:00 UTC", True),
        ("2026-01-05T10:00:00-05", True),
        ("Mon, 05 Jan 2026 10:00:00 CEST", False),
        ("Mon, 05 Jan 2026 10:00:00 Local", False),
        ("Mon, 05 Jan 2026", False),
        ("Mon Jan 05 10:00:00 2026", False),
        ("10:00 pm", False),
        ("", False),
    ],
)
def test_which_dates_name_a_zone(date, is_named):
    assert names_zone(date) is is_named


@pytest.mark.parametrize(
    ("date", "moment"),
    [
        (" 2026-01-05T10:00:00Z\n", datetime(2026, 1, 5, 10, tzinfo=UTC)),
        ("2026", datetime.fromisoformat("2026-01-01")),
        ("2026-02", datetime.fromisoformat("2026-02-01")),
        ("Mon, 05 Jan 2026 10:00:00 GMT", datetime(2026, 1, 5, 10, tzinfo=UTC)),
        ("2026-13-05", None),
        ("soon", None),
        ("", None),
        ("1" * 5000, None),
    ],
)
def test_what_is_read(date, moment):
    assert read_date(date) == moment


@given(st.text(st.sampled_from("0123456789-:+.TZ gmtEST(),"), max_size=40) | st.text())
def test_any_text_is_borne(date):
    assert names_zone(date) in {True, False}
    assert read_date(date) is None or isinstance(read_date(date), datetime)


@given(st.text(max_size=120) | st.from_regex(r"(?:[A-Z][a-z]{2}, )?[0-9]{1,2} [A-Z][a-z]{2} [0-9]{2,5} .{0,30}"))
def test_any_text_is_a_date_or_none(text):
    assert isinstance(read_date(text), datetime | None)


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("Mon, 05 Oct 2026 08:00:00", DateFault.ZONE),
        ("05 Oct 2026 08:00:00", DateFault.ZONE),
        ("5 Oct 2026 08:00", DateFault.ZONE),
        ("Mon, 05 Oct 2026 08:00:00 GMT", None),
    ],
)
def test_a_feed_may_leave_out_the_zone(written, fault):
    rss = f"<rss><channel><item><title>a</title><pubDate>{written}</pubDate></item></channel></rss>"
    url = "https://news.example/feed"
    page = Page(requested_url=url, url=url, moved_to=None, status=200, headers={}, body=rss.encode())
    (entry,) = parse_feed(page).entries
    assert (entry.published, entry.date_fault) == (datetime(2026, 10, 5, 8, tzinfo=UTC), fault)
