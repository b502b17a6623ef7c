"""The one tokenizer: text → tokens, folded and exact, with offsets back into the text as given.

Rules, copies and full-text search all read text through it, so they agree on what a word is. RULES.md, "How
text is read", is its specification. No token holds white space, so the text is cut there first and each
stretch is read by itself; texts repeat their words, so what has been read is remembered.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache, partial
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from rules.characters import (
    CHARACTERS,
    CLASSES,
    COMMON,
    DIGIT,
    MARK,
    SEPARATOR,
    SPACELESS,
    fold,
    normalise,
    script_of,
)
from rules.stretches import find_tokens
from rules.tokens import Rest, Tokens

if TYPE_CHECKING:
    from collections.abc import Callable

#: Changes whenever the same text can give other tokens; stored with everything that was made from tokens.
TOKENIZER_VERSION = 1


T = TypeVar("T")

#: Tokens of a stretch without white space: folded, exact, starts and ends, the offsets counting from its start.
_Stretch = tuple[tuple[str, ...], tuple[str, ...], tuple[int, ...], tuple[int, ...]]


def tokenize(text: str) -> Tokens:
    """Read *text*.

    >>> tokenize("the U.S.-led talks on Crimea’s €2.3bn").folded
    ('the', 'us', 'led', 'talks', 'on', 'crimea', '2.3bn')
    """
    folded = tuple(chain.from_iterable(map(_forms.__getitem__, text.split())))
    return Tokens(folded, partial(_read_rest, text), partial(_read_exact, text))


def _read_exact(text: str) -> tuple[str, ...]:
    """The exact form alone, which rules ask for of every article, and the rest of few."""
    exact: list[str] = []
    for stretch in text.split():
        if stretch.isalpha() and stretch.isascii():
            exact.append(stretch)
        else:
            exact += _readings[stretch][1]
    return tuple(exact)


def _read_rest(text: str) -> Rest:
    """Where the tokens stand, and as what: takes more time than the folded form, and many texts are never asked."""
    exact: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    # What is white space to this pattern is so to str.split: both go by str.isspace.
    for found in _STRETCH.finditer(text):
        stretch = found[0]
        position, end = found.span()
        if stretch.isalpha() and stretch.isascii():
            exact.append(stretch)
            starts.append(position)
            ends.append(end)
        else:
            reading = _readings[stretch]
            exact += reading[1]
            starts += [position + start for start in reading[2]]
            ends += [position + end for end in reading[3]]
    return Rest(tuple(exact), tuple(starts), tuple(ends))


def tokenize_url(url: str) -> Tokens:
    """Cut an address into words at everything that is no letter or digit; this is how `url:` reads.

    >>> tokenize_url("https://cnn.com/2025/peace_talks").folded
    ('https', 'cnn', 'com', '2025', 'peace', 'talks')
    """
    words = list(_URL_WORD.finditer(url))
    exact = tuple(normalise(w.group()) for w in words)
    return Tokens(
        tuple(fold(e, script_of(e)) or e for e in exact),
        Rest(exact, tuple(w.start() for w in words), tuple(w.end() for w in words)),
    )


def is_opaque(token: str) -> bool:
    """The token is a web or mail address: it counts as one position, and no prefix reaches into it."""
    return "/" in token or "@" in token or token[:4].lower() == "www."  # Www. too, in the exact form


_URL_WORD = re.compile(r"[^\W_]+")

_STRETCH = re.compile(r"\S+")

#: Longer words and stretches (text without spaces, long addresses) hardly ever come again.
_MEMO_CHARS = 48

#: Marks after one letter that are read. More is no writing, and sorting them takes quadratic time.
_MAX_MARKS = 32

#: Han and kana that no normalisation changes; ー only after another one. The bulk of Chinese and Japanese text.
_PLAIN_CJK = re.compile(
    "[\u3041-\u3096\u309d\u309e\u30a1-\u30fa\u30fd\u30fe\u3400-\u4dbf\u4e00-\u9fff]"
    "[\u3041-\u3096\u309d\u309e\u30a1-\u30fa\u30fc-\u30fe\u3400-\u4dbf\u4e00-\u9fff]+"
)

#: Signs around words that only separate, whatever stands beside them.
_EDGES = ".,;:!?'\"()[]{}<>*-–—“”„«»‘’…"
_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)*", re.ASCII)
_POSSESSIVES = ("'s", "’s", "'S", "’S")
_WWW = ("www", "Www", "WWw", "WWW", "wWW", "wwW", "WwW", "wWw")
_COMPOUND = re.compile(r"[A-Za-z]+(?:-[A-Za-z]+)+")
_PART = re.compile(r"[A-Za-z]+")
_AT_START = (0,)


def _read(stretch: str) -> _Stretch:
    """Read a stretch: the plain ones, 19 of 20 in news, without a look at each character."""
    if stretch.isascii() and stretch.isalpha():
        as_it_is = (stretch,)
        return as_it_is if stretch.islower() else (stretch.lower(),), as_it_is, _AT_START, (len(stretch),)
    core = stretch.lstrip(_EDGES)
    start = len(stretch) - len(core)
    core = core.rstrip(_EDGES)
    if core.isascii() and core.isalpha():
        if core.endswith(_WWW):
            return _read_closely(stretch)  # with a dot behind it, it may be an address
        return (core.lower(),), (core,), (start,), (start + len(core),)
    word = core[:-2] if core.endswith(_POSSESSIVES) else core
    form = _fold_plain(word)
    if form:
        return (form,), (word,), (start,), (start + len(word),)
    if _COMPOUND.fullmatch(core) and not core.endswith(_WWW):
        parts = list(_PART.finditer(core))
        exact = tuple([part[0] for part in parts])
        starts, ends = [start + part.start() for part in parts], [start + part.end() for part in parts]
        return tuple(map(str.lower, exact)), exact, tuple(starts), tuple(ends)
    return _read_closely_once(stretch) if len(stretch) <= _MEMO_CHARS else _read_closely(stretch)


def _read_folded(stretch: str) -> tuple[str, ...]:
    """The folded tokens alone, which of a plain word take half the time."""
    if stretch.isascii() and stretch.isalpha():
        return (stretch if stretch.islower() else stretch.lower(),)
    return _read(stretch)[0]


def _fold_plain(word: str) -> str:
    """A plain word folded: letters of one script that NFKC leaves alone, or one number. Else an empty string."""
    if word.isascii():
        return word.lower() if word.isalpha() or _NUMBER.fullmatch(word) else ""
    return _fold_letters(word) if len(word) <= _MEMO_CHARS and word.isalpha() else ""


@lru_cache(maxsize=8192)
def _fold_letters(word: str) -> str:
    """The same for letters beyond ASCII."""
    if not unicodedata.is_normalized("NFKC", word):
        return ""
    scripts = set(map(CLASSES.__getitem__, word))
    script = scripts.pop()
    return "" if scripts or script in _NO_SCRIPTS else fold(word, script)


#: Classes of characters of which words are made together with others.
_NO_SCRIPTS = frozenset({SEPARATOR, MARK, DIGIT, COMMON, SPACELESS})


def _read_closely(stretch: str) -> _Stretch:
    folded: list[str] = []
    exact: list[str] = []
    offsets: list[tuple[int, int]] = []
    position = 0
    for run in () if stretch.isascii() else _PLAIN_CJK.finditer(stretch):
        # What follows may belong to the last character (a mark) or read differently after it ('s).
        end = run.end()
        if not _is_plain_end(stretch, end):
            end -= 1
            while CLASSES[stretch[end]] == COMMON:  # and ー goes with what precedes it
                end -= 1
        _read_part(stretch, position, run.start(), folded, exact, offsets)
        characters = stretch[run.start() : end]
        folded.extend(characters)
        exact.extend(characters)
        offsets.extend(zip(range(run.start(), end), range(run.start() + 1, end + 1), strict=True))
        position = end
    _read_part(stretch, position, len(stretch), folded, exact, offsets)
    return tuple(folded), tuple(exact), tuple([start for start, _ in offsets]), tuple([end for _, end in offsets])


#: What is read closely comes again in other texts (U.S., don't), and is dear; 400 bytes an entry at most.
_read_closely_once = lru_cache(maxsize=4096)(_read_closely)


class _Memo(dict[str, T]):
    """What was made of stretches, those of other texts too: most of a text's stretches have come before.

    In two generations: when the younger one is full the older one is forgotten, and what is still in use comes over
    from it. Twice as many entries save 5 % of the time of a stream of 1,000 different texts.
    """

    def __init__(self, read: Callable[[str], T], size: int) -> None:
        """A generation has *size* entries."""
        super().__init__()
        self._read = read
        self._size = size
        self._older: dict[str, T] = {}

    def __missing__(self, stretch: str) -> T:
        made = self._older.get(stretch)
        if made is None:
            made = self._read(stretch)
            if len(stretch) > _MEMO_CHARS:
                return made
        if len(self) >= self._size:
            self._older = dict(self)
            self.clear()
        self[stretch] = made
        return made


#: The folded tokens. Both memos take 4 MB at most.
_forms = _Memo(_read_folded, 8_192)
#: The whole readings of stretches other than plain words.
_readings = _Memo(_read, 2_048)


def _is_plain_end(stretch: str, end: int) -> bool:
    if end == len(stretch):
        return True
    character = CHARACTERS[stretch[end]]
    if not character.expansion or character.joins or character.expansion == "'":
        return False
    return CLASSES[character.expansion[0]] not in {MARK, COMMON}


def _read_part(
    stretch: str, start: int, end: int, folded: list[str], exact: list[str], offsets: list[tuple[int, int]]
) -> None:
    """Add the tokens of `stretch[start:end]`."""
    if start == end:
        return
    text, starts, ends = _normalise(stretch, start, end)
    for token in find_tokens(text):
        form = fold(token.text, token.script)
        if form:
            folded.append(form)
            exact.append(token.text)
            offsets.append((starts[token.start], ends[token.end - 1]))


def _normalise(stretch: str, start: int, end: int) -> tuple[str, list[int] | range, list[int] | range]:
    """Return `stretch[start:end]` normalised, and for each character of that where it came from: [start, end)."""
    part = stretch[start:end]
    if part.isascii():
        return part.replace("`", "'"), range(start, end), range(start + 1, end + 1)
    text: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    i = 0
    while i < len(part):
        # What combines with a character must be normalised together with it; what is removed does not stand between.
        members = [i] if CHARACTERS[part[i]].expansion else []
        i += 1
        while i < len(part):
            follower = CHARACTERS[part[i]]
            if follower.joins and len(members) <= _MAX_MARKS:
                members.append(i)
            elif follower.expansion and not follower.joins:
                break
            i += 1
        if members:
            _add_segment(part, members, start, text, starts, ends)
    return "".join(text), starts, ends


def _add_segment(part: str, members: list[int], base: int, text: list[str], starts: list[int], ends: list[int]) -> None:
    """Add one character, or a letter with what combines with it, at `part[members]`."""
    expansions = [CHARACTERS[part[m]].expansion for m in members]
    apart = "".join(expansions)
    whole = apart if len(members) == 1 else _combine(part, members, expansions)
    text.append(whole)
    if whole == apart:
        for member, expansion in zip(members, expansions, strict=True):
            starts.extend([base + member] * len(expansion))
            ends.extend([base + member + 1] * len(expansion))
    elif any(CLASSES[c] == SPACELESS for c in whole):
        # Each is a token of its own: marks were sorted or composed, so share out the places in order.
        last = len(members) - 1
        surplus = max(len(members) - len(whole), 0)
        for k in range(len(whole)):
            starts.append(base + members[0 if k == 0 else min(k + surplus, last)])
            ends.append(base + members[min(k + surplus, last)] + 1)
    else:
        starts.extend([base + members[0]] * len(whole))
        ends.extend([base + members[-1] + 1] * len(whole))


def _combine(part: str, members: list[int], expansions: list[str]) -> str:
    if expansions[0] != normalise(part[members[0]]):
        # A symbol that became a space, a ½ that stays: NFKC must not see it.
        return expansions[0] + normalise("".join(part[m] for m in members[1:]))
    return normalise("".join(part[m] for m in members))
