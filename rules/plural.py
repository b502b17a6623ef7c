"""English plurals, for `word~`: which words of a text are the same word in the other number.

RULES.md, "What the operators mean", is the source: a few endings, no stemming, no exceptions.
"""

from __future__ import annotations

#: Words on these endings drop "es".
_SIBILANT_PLURALS = ("sses", "xes", "ches", "shes")
#: A final s after these letters belongs to the word.
_SINGULAR_ENDINGS = ("ss", "us", "is")


def singular(word: str) -> str:
    """The word without its plural ending; *word* is folded.

    >>> [singular(w) for w in ("countries", "crashes", "assets", "crisis", "gas")]
    ['country', 'crash', 'asset', 'crisis', 'gas']
    """
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith(_SIBILANT_PLURALS):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(_SINGULAR_ENDINGS):
        return word[:-1]
    return word


def forms(word: str) -> tuple[str, ...]:
    """All words that have the same singular as *word*, which is folded and the first of them.

    >>> forms("reserves")
    ('reserves', 'reserve')
    """
    stem = singular(word)
    others = (stem, f"{stem}s", f"{stem}es", f"{stem[:-1]}ies" if stem.endswith("y") else stem)
    return tuple(dict.fromkeys([word, *(other for other in others if singular(other) == stem)]))
