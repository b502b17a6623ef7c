"""docs/reference/search.md says what the program does: its numbers, its options, its fields."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from storage.searching import relevance, search, snippets
from storage.window import Cursor
from wirewatch.cli.articles import articles, entries
from wirewatch.cli.matches import matches
from wirewatch.cli.search import search as command
from wirewatch.cli.stories import stories

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "search.md"
TEXT = PAGE.read_text(encoding="utf-8")
PLAIN = " ".join(TEXT.split())


@pytest.mark.parametrize(
    "said",
    [
        f"Only the newest {search.MOST_RANKED:,} hits are sorted",
        f"the newest {search.SCAN_LIMIT:,} articles that pass the filters are read",
        f"about {snippets.WORDS} words",
        f"{1 - relevance.LENGTH_SHARE} + {relevance.LENGTH_SHARE} × length ÷ usual length",
        f"a title has usually {relevance.USUAL_WORDS['title']} words and a text {relevance.USUAL_WORDS['body']}",
        f"{relevance.SATURATION + 1} × *w* ÷ (*w* + {relevance.SATURATION})",
        "once in the title as much as three times in the text",
    ],
)
def test_the_numbers_are_those_of_the_program(said):
    assert said in PLAIN
    assert relevance.TITLE_WEIGHT == 3


def test_the_help_says_the_same_number_of_hits():
    (order,) = [each for each in command.params if each.name == "order"]
    assert f"the newest {search.MOST_RANKED:,} hits" in order.help


def test_every_option_is_one_and_every_filter_is_told():
    known = {opt for each in command.params for opt in [*each.opts, *each.secondary_opts]}
    assert set(re.findall(r"--[a-z][a-z-]*", TEXT)) - {"--outlets", "--jsonl"} <= known
    assert {"--topic", "--feed", "--source", "--lang", "--state"} <= set(
        re.findall(r"^\| `(--\w+)", TEXT, re.MULTILINE)
    )


def test_the_listings_that_have_pages_are_named():
    (named,) = re.findall(r"which works in (.*?) alike", PLAIN)
    assert named == "`search`, `matches`, `stories`, `articles` and `entries`"
    for each in (command, matches, stories, articles, entries):
        assert "after" in {parameter.name for parameter in each.params}, each.name


def test_a_cursor_of_the_last_row_is_understood():
    assert Cursor.parse("2026-11-22T14:30:00.000000Z:17").id == 17
    assert Cursor.parse("null:17").time is None


def test_the_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", TEXT):
        assert (PAGE.parent / target).exists(), target
