"""Every method that redoes stored work tells what is wrong with the database."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ingest.model import Reread
from storage.errors import DatabaseBusy, DatabaseClosed, DatabaseMissing
from storage.redo.runs import RedoKind, RedoRun, RedoSpan
from storage.store import Store

NOW = datetime(2026, 1, 5, tzinfo=UTC)
RUN = RedoRun(
    id=1,
    kind=RedoKind.REINDEX,
    wanted=1,
    since=None,
    is_all=False,
    cursor=0,
    looked_at=0,
    changed=0,
    failed=0,
    started_at=NOW,
    finished_at=None,
)
REREAD = Reread(version_id=1, run_id=1, topics={})

#: method → (it writes, how it is called)
METHODS = {
    "begin": (True, lambda redo: redo.begin(RedoKind.REEXTRACT, 1, RedoSpan(), NOW)),
    "last_run": (False, lambda redo: redo.last_run(RedoKind.REEXTRACT)),
    "pages": (False, lambda redo: redo.pages(RUN, 9)),
    "count_pages": (False, lambda redo: redo.count_pages(RUN)),
    "keep_same": (True, lambda redo: redo.keep_same(REREAD)),
    "keep_passed": (True, lambda redo: redo.keep_passed(REREAD, is_failed=True)),
    "finish": (True, lambda redo: redo.finish(RUN, NOW)),
    "begin_index": (True, lambda redo: redo.begin_index(1, NOW)),
    "ended_index": (False, lambda redo: redo.ended_index(1)),
    "texts_to_index": (False, lambda redo: redo.texts_to_index(RUN, 9)),
    "count_texts_to_index": (False, lambda redo: redo.count_texts_to_index(RUN)),
    "index": (True, lambda redo: redo.index(RUN, (), 1)),
    "finish_index": (True, lambda redo: redo.finish_index(RUN, NOW)),
    "mark_indexed": (True, lambda redo: redo.mark_indexed(RUN, 9)),
    "clear_old_index": (True, lambda redo: redo.clear_old_index(9)),
}


def test_the_table_names_every_method(store):
    assert METHODS.keys() == {name for name in dir(store.redo) if not name.startswith("_")}


@pytest.mark.parametrize("method", METHODS)
def test_a_missing_database_and_a_closed_one_are_told(tmp_path, url, method):
    with Store(f"sqlite:///{tmp_path}/none.db") as store, pytest.raises(DatabaseMissing):
        METHODS[method][1](store.redo)
    store = Store(url)
    store.close()
    with pytest.raises(DatabaseClosed):
        METHODS[method][1](store.redo)


@pytest.mark.parametrize("method", [name for name, (writes, _) in METHODS.items() if writes])
def test_a_writer_waits_for_no_longer_than_it_is_told(url, store, method):
    with Store(url, busy_timeout_s=0.0) as other:

        def meanwhile(_):
            with pytest.raises(DatabaseBusy):
                METHODS[method][1](other.redo)

        store._write(meanwhile)
