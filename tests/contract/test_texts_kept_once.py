"""What a feed says of an entry is not kept a second time where its page says it too."""

from __future__ import annotations

import pytest

from ingest.model import EntryOutcome, EntryState, TextFrom

URL = "https://news.example/1"
PAGE = "The bridge was closed on Monday.\nIt opens again in May, says the town."


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("The bridge was closed on Monday.", ""),
        (PAGE, ""),
        ("All about the bridge, in our blog.", "All about the bridge, in our blog."),
        ("", ""),
    ],
)
def test_only_what_the_page_does_not_say_is_kept(store, make, newsroom, told, kept):
    new = make.new_entry(URL, text=told)
    (entry_id,) = store.record_poll(make.poll(newsroom.feed(), new))
    store.save(make.item(entry_id, URL, text=PAGE))
    assert make.stored(store, entry_id).text == kept


def test_the_text_stays_while_there_is_no_page(store, make, newsroom):
    (entry_id,) = store.record_poll(make.poll(newsroom.feed(), make.new_entry(URL, text=PAGE)))
    outcome = EntryOutcome(state=EntryState.DONE, text_from=TextFrom.FEED)
    store.save(make.item(entry_id, URL, text=PAGE, text_from=TextFrom.FEED, outcome=outcome))
    assert make.stored(store, entry_id).text == PAGE
