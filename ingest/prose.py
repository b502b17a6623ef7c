"""How much of a short text is an article's own prose: whole sentences that report, and speak to nobody.

What stands in place of an article speaks to its reader ("please enable", "choose", "you have reached"), in lines that
are labels or notices. An article about such walls quotes them, and tells of them in sentences that do neither; so what
these come to is evidence that a text is an article, whatever phrases of walls stand in the others.

Pure.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ingest import wall_words
from ingest.wall_words import flatten

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: A shorter sentence is a label, a name or a figure.
MIN_SENTENCE = 28

#: What is quoted is said by somebody else. No quotation is longer, and none goes over a line.
_QUOTED = re.compile(
    r"“[^“”\n]{1,300}”|„[^„“”\n]{1,300}[“”]|«[^«»\n]{1,300}»|»[^«»\n]{1,300}«|”[^”\n]{1,300}”|「[^「」\n]{1,300}」"
    r"|『[^『』\n]{1,300}』|\"[^\"\n]{1,300}\"|‘[^‘’\n]{1,300}’(?!\w)"  # marks of all languages
)
_ENDS = ".!?。！？؟।"  # what ends a sentence, in all scripts
_REPORTS = ".!。！।"  # and one that is no question
_BETWEEN = re.compile(r"(?<=[.!?؟।])[\"”“»«’)]*\s+|(?<=[。！？])[」』]*")  # in all scripts
#: Han, kana and Hangul.
_IDEOGRAPHS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def size_of(text: str) -> int:
    """The length of a text in characters of an alphabet: what these write with three, others write with one.

    >>> size_of("harbour"), size_of("港町")
    (7, 6)
    """
    return len(text) + 2 * len(_IDEOGRAPHS.findall(text))


def unquoted(text: str) -> str:
    """*text* with nothing between its quotation marks; the end of a sentence that stood there stands after them.

    >>> unquoted("“Accept all cookies.” He said “No” twice.")
    '“”. He said “” twice.'
    """
    return _QUOTED.sub(lambda quoted: "“”." if quoted[0][-2] in _ENDS else "“”", text)


def sentences(line: str) -> Iterator[str]:
    """The sentences of a line, without what is quoted in them.

    >>> list(sentences("It cost 2.5 million. “Who pays?” asked the mayor."))
    ['It cost 2.5 million.', '“”.', 'asked the mayor.']
    """
    return (part for part in _BETWEEN.split(unquoted(line)) if part)


def own_prose(lines: Iterable[str], phrases: Iterable[str] = ()) -> int:
    """The size of the sentences that are whole, speak to nobody, and have none of *phrases* outside of quotations.

    >>> own_prose(["The harbour stays closed until May, the mayor said.", "Please enable JavaScript to see this page."])
    51
    """
    known = tuple(phrases)
    return sum(size_of(sentence) for line in lines for sentence in sentences(line) if _reports(sentence, known))


def is_addressed(text: str) -> bool:
    """The text speaks to its reader, or of the page that it stands on."""
    return bool(wall_words.ADDRESS.search(text) or wall_words.POLITE.search(text))


def _reports(sentence: str, phrases: tuple[str, ...]) -> bool:
    bare = sentence.rstrip('"”“»«’)」』 ')
    if size_of(sentence) < MIN_SENTENCE or bare.endswith(("...", "…")) or not bare.endswith(tuple(_REPORTS)):
        return False
    if is_addressed(sentence):
        return False
    flat = flatten(sentence)
    return not any(phrase in flat for phrase in phrases)
