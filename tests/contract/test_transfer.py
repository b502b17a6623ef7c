"""What goes through an archive comes out the same, on every database and across them, and nothing is ever doubled."""

from __future__ import annotations

import itertools
import json
import shutil
from collections import Counter
from typing import Any

import pytest

from ingest.polling import Event, EventKind
from rules.match import TopicMatch
from storage import tables
from storage.archive import outgoing
from storage.archive.transfer import ArchiveReader
from storage.checking.examination import examine
from storage.checking.findings import IMPORT
from storage.listings import Listings
from storage.store import Store
from wirewatch.archive import lines_of
from wirewatch.errors import WirewatchError


def test_what_goes_through_an_archive_comes_out_the_same(newsroom, make, url, other_url, third_url, archives):
    """SQLite → PostgreSQL → SQLite and the other way round: the same lines, but for the time in the first."""
    archives.fill(newsroom, make)
    lines = archives.export(url, make)
    archives.bring(lines, other_url, make)
    assert archives.export(other_url, make) == lines
    archives.bring(archives.export(other_url, make), third_url, make)
    assert archives.export(third_url, make) == lines


def test_listings_are_the_same_but_for_ids(newsroom, make, url, third_url, archives):
    archives.fill(newsroom, make)
    archives.bring(archives.export(url, make), third_url, make)
    with Listings(url) as one, Listings(third_url) as two:
        assert [(m.url, m.topic, m.rules, m.spans, m.copy_count, m.added) for m in one.matches()] == [
            (m.url, m.topic, m.rules, m.spans, m.copy_count, m.added) for m in two.matches()
        ]
        assert [(s.url, s.title, s.topics, s.outlets, s.copy_count) for s in one.stories()] == [
            (s.url, s.title, s.topics, s.outlets, s.copy_count) for s in two.stories()
        ]
        assert [(a.url, a.title, a.versions, a.dated_at) for a in one.articles() if a.source] == [
            (a.url, a.title, a.versions, a.dated_at) for a in two.articles() if a.source
        ]
        assert [e.detail for e in one.events()] == [e.detail for e in two.events()]
        found = [f.url for f in two.search("ships").rows]
        assert found == [f.url for f in one.search("ships").rows] != []


def test_the_same_archive_twice_changes_nothing(newsroom, make, url, third_url, archives):
    archives.fill(newsroom, make)
    lines = archives.export(url, make)
    archives.bring(lines, third_url, make)
    before = archives.everything(third_url)
    counts = archives.bring(lines, third_url, make)
    assert archives.everything(third_url) == before
    assert all(name.endswith(".known") for name in counts), counts


def test_an_archive_changes_nothing_where_it_came_from(newsroom, make, url, archives):
    archives.fill(newsroom, make)
    before = archives.everything(url)
    archives.bring(archives.export(url, make), url, make)
    after = archives.everything(url)
    # An article without an address is now known also by what archives call it.
    named = [row for row in after.pop("article_address") if row not in before["article_address"]]
    assert [row.count("urn:wirewatch:entry:") for row in named] == [1]
    del before["article_address"]
    assert after == before


@pytest.mark.parametrize("batch", [1, 3, 200])
def test_of_an_archive_that_is_cut_off_at_any_line_what_came_is_stored_and_it_is_told(
    newsroom, make, url, third_url, empty_file, tmp_path, batch, archives
):
    """A cut at the end of a line is a cut too, and the last records before it are not lost with their batch."""
    archives.fill(newsroom, make)
    lines = archives.export(url, make)
    for left in (1, 2, len(lines) // 2, len(lines) - 1):
        path = shutil.copy(empty_file, tmp_path / f"{batch}-{left}.db")
        with pytest.raises(WirewatchError, match=rf"^archive\.jsonl:{left}: the archive is cut off"):
            archives.bring(lines[:left], f"sqlite:///{path}", make, batch=batch)
        assert archives.bring_some(lines[:left], f"sqlite:///{path}", make) == left - 1
    path = f"sqlite:///{tmp_path / f'{batch}-{len(lines) - 1}.db'}"
    assert archives.export(path, make) == lines


@pytest.mark.parametrize("batch", [1, 3])
def test_an_import_that_was_killed_ends_the_same(newsroom, make, url, third_url, empty_file, tmp_path, batch, archives):
    archives.fill(newsroom, make)
    lines = archives.export(url, make)

    class Killed(Exception):
        pass

    for moment in range(1, len(lines) // batch, 5):
        told = itertools.count(1)
        path = shutil.copy(empty_file, tmp_path / f"{batch}-{moment}.db")

        def die(_done: int, told: Any = told, moment: int = moment) -> None:
            if next(told) == moment:
                raise Killed

        with pytest.raises(Killed):
            archives.bring(lines, f"sqlite:///{path}", make, batch=batch, tell=die)
        archives.bring(lines, f"sqlite:///{path}", make)
        assert archives.export(f"sqlite:///{path}", make) == lines


def test_after_an_import_that_was_broken_off_the_check_says_to_run_it_again(newsroom, make, url, third_url, archives):
    archives.fill(newsroom, make)
    lines = archives.export(url, make)
    first = next(i for i, line in enumerate(lines) if '"record":"article"' in line)
    with pytest.raises(WirewatchError, match="cut off"):
        archives.bring(lines[:first], third_url, make)
    assert IMPORT in {found.fix for found in examine(third_url)}
    archives.bring(lines, third_url, make)
    assert [found.message for found in examine(third_url)] == [found.message for found in examine(url)]


def test_what_a_record_names_and_is_not_there_is_left_out(newsroom, make, url, third_url, archives):
    archives.fill(newsroom, make)
    lines = archives.without(archives.export(url, make), "entry")
    counts = archives.bring(lines, third_url, make)
    assert counts["article.left_out"] > 0
    assert counts["relation.left_out"] > 0
    assert counts["match.left_out"] > 0
    assert archives.read_rows(third_url, tables.article) == []


def test_an_export_beside_a_writer_can_be_imported(newsroom, make, url, third_url, archives):
    """What comes in meanwhile is left out; what was there is in it once, and all that it names too."""
    archives.fill(newsroom, make)
    with ArchiveReader(url) as reader:
        lines = []
        for number, line in enumerate(lines_of(reader.header(make.T0), reader.records())):
            lines.append(line)
            if number % 4 == 1:
                saved = newsroom.save(f"https://later.example/{number}", **archives.text(f"Later {number}"))
                assert saved.article_id
    counts = archives.bring(lines, third_url, make)
    assert not [name for name in counts if name.endswith(".left_out")]
    assert not any("later.example" in row.url for row in archives.read_rows(third_url, tables.article))


def test_an_archive_of_several_pages_holds_all(make, third_url, archives):
    """One more of everything than a page has."""
    most = outgoing.PAGE + 1
    with Store(third_url) as store:
        newsroom = make.Newsroom(store)
        newsroom.feed()
        store.sync_feeds([*newsroom.configured, *make.feeds(*(f"https://f.example/{n}" for n in range(most)))], make.T0)
        topics = [archives.Topic(f"t{number}", "v1") for number in range(most)]
        store.record_topics(topics, make.T0)
        store.record_events([Event(kind=EventKind.GAP, feed_id=1, detail=f"gap {n}") for n in range(most)], make.T0)
        found = tuple(TopicMatch(topic=each.name, version="v1", rules=("r",), spans=()) for each in topics)
        saved = [newsroom.save("https://a.example/", matches=found)]
        saved += [newsroom.save(f"https://a.example/{number}") for number in range(most)]
        # the last one is a copy of all others, whose story becomes part of the one before: so there is a trail
        *others, _ = saved
        newsroom.save(
            f"https://a.example/{most - 1}",
            text="Another text.",
            story_id=others[-1].story_id,
            relations=tuple(make.relation(each.article_id) for each in others),
        )
        rows = [{"address": f"https://gone.example/{n}", "article_id": None, "at": make.T0} for n in range(most)]
        store._write(lambda connection: connection.execute(tables.forgotten.insert(), rows))
    records = Counter(json.loads(line)["record"] for line in archives.export(third_url, make)[1:-1])
    archived = ("feed", "topic", "entry", "article", "relation", "match", "event", "forgotten")
    stored = {name: len(archives.read_rows(third_url, tables.metadata.tables[name])) for name in archived}
    assert records == {**stored, "story": 1}
    assert min(stored.values()) >= most


def test_raw_pages_come_along_when_they_are_asked_for(newsroom, make, url, third_url, archives):
    archives.fill(newsroom, make)
    assert all('"body_zstd"' not in line for line in archives.export(url, make, raw_pages=False))
    archives.bring(archives.export(url, make), third_url, make)
    assert [row.body for row in archives.read_rows(third_url, tables.raw_page)] == [
        row.body for row in archives.read_rows(url, tables.raw_page)
    ]
