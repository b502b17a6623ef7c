"""What every store promises about kept pages that are read once more."""

from __future__ import annotations

from ingest.model import Reread
from storage import tables
from storage.redo.runs import RedoKind, RedoSpan

A = "https://news.example/a"


def pages_of(store):
    rows = store._read(lambda connection: connection.execute(tables.raw_page.select()).all())
    return {row.version_id for row in rows}


def test_only_pages_of_texts_that_are_shown_are_read_again(store, make, newsroom):
    newsroom.save(A, text="one one", page=make.page(A))
    newsroom.save(A, text="two two", page=make.page(A), at=make.T0 + make.MINUTE)
    run = store.redo.begin(RedoKind.REEXTRACT, 99, RedoSpan(), make.T0 + 9 * make.MINUTE)
    assert [page.version_id for page in store.redo.pages(run, 9)] == [2]
    assert store.redo.count_pages(run) == 1


def test_a_page_that_gives_the_text_of_an_earlier_version_takes_the_place_of_its_page(store, make, newsroom, listings):
    newsroom.save(A, text="one one", page=make.page(A))
    saved = newsroom.save(A, text="two two", page=make.page(A), at=make.T0 + make.MINUTE)
    assert pages_of(store) == {1, 2}
    run = store.redo.begin(RedoKind.REEXTRACT, 99, RedoSpan(is_all=True), make.T0 + 9 * make.MINUTE)
    reread = Reread(version_id=2, run_id=run.id, topics=store.versions_in_force())
    again = newsroom.item(A, text="one one", outcome=None, reread=reread, at=make.T0 + 9 * make.MINUTE)
    assert store.save(again) is not None
    assert pages_of(store) == {1}
    assert listings.article(saved.article_id).text == "one one"
    after = store.redo.last_run(RedoKind.REEXTRACT)
    assert (after.cursor, after.looked_at, after.changed) == (2, 1, 1)
    # the second time its article shows another text
    assert store.save(again) is None
    assert store.redo.last_run(RedoKind.REEXTRACT) == after
