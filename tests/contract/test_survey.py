"""What a dry run of an import tells is what the import then does, and the dry run changes nothing."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from storage import forgotten


def as_foretold(counts):
    """What an import told, as a dry run tells it."""
    foretold = Counter()
    for name, number in counts.items():
        kind, _, became = name.partition(".")
        if kind != "story" or became in {"left_out", "of_forgotten"}:
            foretold[f"{kind}.{'known' if became == 'changed' else became}"] += number
    return foretold


def check(lines, url, make, archives, **given):
    before = archives.everything(url)
    foretold = archives.foretell(lines, url, **given)
    assert archives.everything(url) == before
    assert foretold == as_foretold(archives.bring(lines, url, make))
    return foretold


@pytest.mark.parametrize("batch", [1, 3, 200])
def test_into_an_empty_database_all_is_new_and_then_all_is_known(newsroom, make, url, third_url, batch, archives):
    archives.fill(newsroom, make)
    lines = archives.export(url, make)
    first = check(lines, third_url, make, archives, batch=batch)
    assert {name.partition(".")[2] for name in first} == {"added", "open"}
    second = check(lines, third_url, make, archives, batch=batch)
    assert {name.partition(".")[2] for name in second} == {"known"}
    assert archives.foretell(lines, url) == second


def test_what_is_there_in_part_is_told_apart(newsroom, other, make, url, third_url, archives):
    """Some articles, with a relation and a match of their own; another version of one; a feed that is not there."""
    archives.fill(newsroom, make)
    other.feed("https://news.example/feed")
    first = other.save("https://a.example/1", at=make.T0, **archives.text("Bridges"))
    beside = {"story_id": first.story_id, "relations": (make.relation(first.article_id),)}
    other.save("https://b.example/1", at=make.T0 + timedelta(days=1), **beside, **archives.text("Bridges!"))
    other.save("https://e.example/1", at=make.T0, **archives.text("Other cranes"))
    foretold = check(archives.export(url, make), third_url, make, archives)
    assert foretold["article.known"] == 3
    assert min(foretold["article.added"], foretold["feed.added"], foretold["feed.known"]) > 0
    assert min(foretold["entry.added"], foretold["entry.known"], foretold["entry.open"]) > 0
    assert min(foretold["relation.added"], foretold["relation.known"]) > 0


def test_what_was_forgotten_is_told(newsroom, other, make, url, third_url, archives):
    """Here: with all that is about it. There: where it is stored here."""
    archives.fill(newsroom, make)
    gone = newsroom.save("https://gone.example/1", **archives.text("Gone"))
    newsroom.store._write(lambda connection: forgotten.forget(connection, gone.article_id, make.T0))
    other.feed("https://news.example/feed")
    other.save("https://gone.example/1", **archives.text("Gone"))
    mine = other.save("https://a.example/1", **archives.text("Bridges"))
    other.store._write(lambda connection: forgotten.forget(connection, mine.article_id, make.T0))
    foretold = check(archives.export(url, make), third_url, make, archives)
    assert (foretold["article.forgotten"], foretold["forgotten.stored_here"]) == (1, 1)
    assert min(foretold["relation.of_forgotten"], foretold["match.of_forgotten"]) > 0
    assert not [name for name in foretold if name.endswith("left_out")]


@pytest.mark.parametrize("kind", ["feed", "topic", "entry", "article"])
@pytest.mark.parametrize("is_moved", [False, True])
def test_what_names_what_is_not_there_or_comes_later_is_left_out(
    newsroom, make, url, third_url, archives, kind, is_moved
):
    archives.fill(newsroom, make)
    whole = archives.export(url, make)
    lines = archives.without(whole, kind)
    if is_moved:
        moved = [line for line in whole if f'"record":"{kind}"' in line]
        lines = [*lines[:-1], *moved, archives.end_of([*lines[:-1], *moved])]
    foretold = check(lines, third_url, make, archives, batch=3)
    assert sum(number for name, number in foretold.items() if name.endswith("left_out")) > 0
