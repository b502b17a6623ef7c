"""Whatever strangers and rule files say, a page of HTML has no markup of theirs and a spreadsheet no formula."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from storage.lists.export_lists import ShownText
from storage.records import MatchRecord, SpanRecord
from wirewatch.export_html import Chapter, write_page
from wirewatch.export_tables import guarded

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
MARKUP = "<i>\"x\" & 'y'</i>"


def test_every_text_of_a_page_is_escaped():
    spans = tuple(SpanRecord(field=field, start=0, end=3, text=MARKUP) for field in ("title", "body"))
    match = MatchRecord(
        id=1,
        topic=MARKUP,
        topic_version="v1",
        rules=("r",),
        story=1,
        article=1,
        title=MARKUP,
        url=f"https://a.example/{MARKUP}",
        source=MARKUP,
        published=None,
        first_seen=NOW,
        spans=spans,
        matched=(MARKUP,),
        copy_count=0,
        added=False,
    )
    chapter = Chapter(
        topic=MARKUP,
        title=f"About {MARKUP}",
        matches=(match,),
        texts={1: ShownText(text=MARKUP, lang=MARKUP)},
        is_cut=True,
    )
    page = "".join(write_page([chapter], now=NOW, zone=UTC, span=MARKUP))
    assert "<i>" not in page
    assert "</i>" not in page
    assert '"x"' not in page
    # span, topic, its title, source, address, title, word, text
    assert page.count("&quot;x&quot;") == 8


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
@pytest.mark.parametrize("before", ["", "a;", "a\t", "a\n"])
def test_a_sign_that_begins_a_formula_is_guarded(before, sign):
    assert guarded(f"{before}{sign}1") == f"{before}'{sign}1"
