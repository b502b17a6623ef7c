"""Wildcards within one word: `*` stands for any run of characters, also none, `?` for exactly one."""

from __future__ import annotations

import re

from rules.characters import fold, normalise, script_of

_WILDCARDS = re.compile(r"[*?]+")
_PIECE = re.compile(r"[^*?]+")


def read_glob(text: str, *, is_exact: bool = False) -> str:
    """The pattern that words are compared with: what stands between wildcards folded, or else in the exact form.

    >>> read_glob("Støre?*"), read_glob("Støre?*", is_exact=True)
    ('store?*', 'Støre?*')
    """

    def read(piece: re.Match[str]) -> str:
        exact = normalise(piece[0])
        return exact if is_exact else fold(exact, script_of(exact)) or exact

    return _PIECE.sub(read, text)


def matches_glob(pattern: str, word: str) -> bool:
    """Does *pattern* match the whole *word*? Takes time proportional to the product of their lengths at most.

    The greedy algorithm with one place to go back to: a later `*` makes earlier choices irrelevant.

    >>> [matches_glob("immobili?ed", w) for w in ("immobilised", "immobilized", "immobiliseed")]
    [True, True, False]
    """
    i = j = 0
    star = -1
    restart = 0
    while i < len(word):
        if j < len(pattern) and pattern[j] == "*":
            star, restart = j, i
            j += 1
        elif j < len(pattern) and pattern[j] in ("?", word[i]):
            i += 1
            j += 1
        elif star >= 0:
            restart += 1
            i, j = restart, star + 1
        else:
            return False
    return not pattern[j:].strip("*")


def longest_piece(pattern: str) -> str:
    """The longest stretch of *pattern* without wildcards, with a space where the word must start or end.

    >>> [longest_piece(p) for p in ("immobili?ed", "*militari?*", "?rime*", "an?")]
    [' immobili', 'militari', 'rime', ' an']
    """
    padded = f" {pattern} "
    return max((piece for piece in _WILDCARDS.split(padded) if piece.strip()), key=len)
