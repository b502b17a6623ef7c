"""Invented prose, the sample newsroom's stories, and articles placed among stories in memory."""

from __future__ import annotations

import random
import sys
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ingest.copies.fingerprint import take_fingerprint
from ingest.copies.memory import CopyIndex
from ingest.model import Reading

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ingest.copies.memory import Placed
    from ingest.model import Article

SHARED = Path(__file__).parents[3].parent / "shared"

_SYLLABLES = [
    consonant + vowel for consonant in ("b", "d", "gr", "k", "l", "m", "n", "pl", "s", "t") for vowel in "aeiou"
]


@cache
def _vocabulary() -> tuple[list[str], list[float]]:
    """3,000 invented words, the common ones short and frequent as in any language (Zipf)."""
    rng = random.Random(7)
    words = list(dict.fromkeys("".join(rng.choices(_SYLLABLES, k=1 + n // 400)) for n in range(4500)))[:3000]
    return words, [1 / (rank + 3) for rank in range(len(words))]


def _write_prose(seed: int, paragraphs: int) -> list[str]:
    """Paragraphs of two to four sentences. Different seeds give texts that share small words and no more.

    As in real texts, every second word or so is one that tells what the text is about, and comes again and again.
    """
    rng = random.Random(seed)
    words, weights = _vocabulary()
    words = [*words[:200], *rng.sample(words[200:], 120)]
    weights = [*weights[:200], *[sum(weights[:200]) / 120] * 120]
    return [
        " ".join(
            " ".join(rng.choices(words, weights, k=rng.randint(8, 20))).capitalize() + "."
            for _ in range(rng.randint(2, 4))
        )
        for _ in range(paragraphs)
    ]


@pytest.fixture(scope="session")
def write_prose():
    """A function: seed and number of paragraphs to a list of paragraphs."""
    return _write_prose


def _place_all(articles: Iterable[tuple[str, Article]]) -> list[dict[str, Any]]:
    index = CopyIndex(window=timedelta(days=14))
    at = datetime(2026, 1, 12, tzinfo=UTC)
    placed: dict[str, Placed] = {}
    for name, article in articles:
        fingerprint = take_fingerprint(article.text, article.title)
        placed[name] = index.place(Reading(article=article, fingerprint=fingerprint, matches=()), at=at)
    names = {each.article_id: name for name, each in placed.items()}
    return [
        {
            "id": name,
            "story": index.story(each.article_id),
            "relations": [{"to": names[relation.to], "kind": relation.kind.value} for relation in each.relations],
        }
        for name, each in placed.items()
    ]


@pytest.fixture(scope="session")
def place_all():
    """A function: named articles, in the order of arrival, to the story of each and what it is to others."""
    return _place_all


@pytest.fixture(scope="session")
def newsroom():
    """The folder of the sample newsroom, whose package `press` can be imported then."""
    folder = SHARED / "newsroom"
    if not folder.is_dir():
        pytest.skip(f"the sample newsroom is not there: {folder}")
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    return folder
