"""How well articles answer a search: a score of our own, so that it is the same on every database.

It follows BM25F (S. Robertson, H. Zaragoza, M. Taylor, "Simple BM25 extension to multiple weighted fields", CIKM
2004). What the query looks for counts more in the title than in the text, in a short text more than in a long one,
the tenth time less than the first, and more the fewer of the articles found have it. The usual length of a title
and a text is fixed, and nothing is counted but what was found: so the order depends on no index, and is the same
in every database that holds the same articles. docs/reference/search.md tells it to people.
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: How much once in the title counts against once in a text of the usual length.
TITLE_WEIGHT = 3.0

#: Words of a usual title and a usual text of news, whose occurrences count once.
USUAL_WORDS = {"title": 10, "body": 400}

#: How much of the length counts: 0 is nothing of it, 1 all. The usual values of BM25, as is the next one.
LENGTH_SHARE = 0.75

#: So often must something stand there to count half of what it could at most.
SATURATION = 1.2


def weigh(occurrences: Mapping[str, int], words: Mapping[str, int]) -> float:
    """How strongly an article has one thing that a query looks for, from its *occurrences* by field.

    *words*: how long its title and body are. Other fields are short, and their length counts nothing.
    """
    weight = 0.0
    for field, count in occurrences.items():
        share = LENGTH_SHARE if field in USUAL_WORDS else 0.0
        length = 1 - share + share * words.get(field, 0) / USUAL_WORDS.get(field, 1)
        weight += count * (TITLE_WEIGHT if field == "title" else 1.0) / length
    return weight


def score(found: Sequence[Sequence[float]]) -> list[float]:
    """Score articles against each other: for each of them how strongly it has each thing, by `weigh`.

    >>> [round(each, 2) for each in score([(1.0, 0.0), (1.0, 1.0)])]
    [0.69, 1.79]
    """
    rarities = [log(1 + len(found) / max(1, sum(map(bool, weights)))) for weights in zip(*found, strict=True)]
    return [
        sum(
            rarity * weight * (SATURATION + 1) / (weight + SATURATION)
            for rarity, weight in zip(rarities, weights, strict=True)
        )
        for weights in found
    ]
