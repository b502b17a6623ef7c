"""The reference pages say what the program does, and the fields that scripts rely on do not go away."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import fields as dataclass_fields
from pathlib import Path

import pytest

from ingest.copies import difference
from ingest.errors import Reason
from storage import records
from storage.lists import story_records, trail_records
from storage.searching import found
from wirewatch import (
    changes,
    comparison,
    entry_fields,
    feed_fields,
    feedcheck,
    fields,
    rule_fields,
    rulestate,
    stats_fields,
    story_fields,
    why,
    work_fields,
    workforce,
)
from wirewatch.reasons import MEANINGS

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def generator():
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "page", ["cli.md", "settings.md", "json.md", "reasons.md", "metrics.md", "schema.md", "acquisition.md"]
)
def test_a_page_is_what_the_program_says(generator, page):
    """When this fails, run: python docs/generate.py."""
    assert (DOCS / "reference" / page).read_text(encoding="utf-8") == generator.pages()[page]


@pytest.mark.parametrize(
    ("record", "columns"),
    [
        (records.MatchRecord, fields.MATCH),
        (records.StoryRecord, fields.STORY),
        (records.CopyRecord, fields.COPY),
        (records.ArticleRecord, fields.ARTICLE),
        (records.ShownArticle, fields.ARTICLE_SHOWN),
        (found.FoundRecord, fields.FOUND),
        (records.EntryRecord, fields.ENTRY),
        (records.FeedRecord, feed_fields.FEED),
        (trail_records.EventRecord, feed_fields.EVENT),
        (trail_records.FetchRecord, entry_fields.FETCH),
        (why.ToldEntry, entry_fields.WHY),
        (rulestate.ShownStats, stats_fields.STATS),
        (rulestate.HeldTopic, fields.HELD_TOPIC),
        (records.ArticleMatchRecord, fields.ARTICLE_MATCH),
        (records.VersionRecord, fields.VERSION),
        (story_records.ShownStory, story_fields.STORY_SHOWN),
        (story_records.CarriedRecord, story_fields.CARRIED),
        (story_records.StoryChangeRecord, story_fields.STORY_CHANGE),
        (changes.CarriedDiff, story_fields.CARRIED_DIFF),
        (changes.ArticleDiff, story_fields.ARTICLE_DIFF),
        (difference.Change, story_fields.CHANGE),
        (comparison.Hit, rule_fields.RULE_HIT),
        (feedcheck.FeedCheck, feed_fields.FEED_CHECK),
        (workforce.ShownWorker, work_fields.WORKER),
        (workforce.ShownQueue, work_fields.QUEUE),
        (workforce.ShownJob, work_fields.JOB),
    ],
)
def test_every_field_of_a_record_is_documented_and_the_other_way_round(record, columns):
    assert {field.name for field in dataclass_fields(record)} == {column.name for column in columns}
    assert all(column.meaning for column in columns)


def test_the_manual_names_no_constant_that_is_gone():
    assert "| ? |" not in (DOCS / "reference" / "acquisition.md").read_text(encoding="utf-8")


def test_every_reason_is_explained_in_one_line():
    assert list(MEANINGS) == list(Reason)
    for meaning in MEANINGS.values():
        assert re.fullmatch(r"[A-Z][^|\n]+\.", meaning)


def test_no_promised_field_has_gone(generator):
    """These are the fields of the first release. Fields may be added to the program; nothing may leave this list."""
    promised = {
        "match": "id topic topic_version rules story article title url source published first_seen spans copy_count",
        "story": "id title url source first_seen topics copy_count copies",
        "article": "id url source title author published first_seen lang words repaired text_from story versions",
        "entry": "id feed guid link title published first_seen state reason text_from article",
        "feed": "id url fetch_url title state last_status last_error failures next_poll_at entries",
    }
    for name, names in promised.items():
        columns, _ = generator.RECORDS[name]
        assert set(names.split()) <= {column.name for column in columns}
