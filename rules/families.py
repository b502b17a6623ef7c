"""Which words that a prefix reaches belong together, judged by their endings.

`Крим*` is meant for Криму and кримський and also reaches кримінальний. There is no dictionary here: what follows the
prefix is either made of usual endings of English, German, French, Spanish, Russian and Ukrainian, or it makes the
word one of another family. A compound (Krimtataren) counts as another family too; people can tell, so the words
are shown to them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.characters import CLASSES

if TYPE_CHECKING:
    from collections.abc import Iterable

#: So few letters after a prefix are an ending in any language.
_SHORT = 2
#: Words that go on with the same letters, so many, are one family.
_SHARED = 2

#: What makes a word of another; one or two of them, then an ending.
_MAKING = (
    "abilit abl acion age al alit an anc ance and ano ant ar ari arian ary at ation atis atiz ator cion d dom e "
    "ean ed eer en enc ence eng ent er es ess est et ful hood i ia ial ian ibilit ibl ic ical ician ien ier ies "
    "ig ik iker in ing ino io ion iqu is isation isch ish ism ist istic it iv iz ization keit l land ler less "
    "lich lik ling ly man ment mos n ness nik o or oral ous r s sation sch schaft sh ship sk sm st ste t tion tor "
    "ty ung ur w wid y z zation zeit ан анин ац ев ен ец ець зьк изм ин ион ионн ир ист ич к льн н ник нич ов ова "
    "овк овн ост ск скотатар ств ськ ськотатар ува цк цьк ційн ційні чан чанин чин щин ян янин єв івк івн ізм ін "
    "іст іч"
)
#: What only changes the form of a word.
_ENDINGS = (
    "a ad adas ado ados ais aise aises am ami ana anas ano anos ao as ation ations c d e ed ee ees el em en ene "
    "ens er erin ern ers es ese est et eur eurs ic ica icas ico icos ics ie ien ienne iennes iens ies ii ille in "
    "ing ings innen ion ions is ite iy man men ment mente ments n ne nen ns o oes om on os ou ow r re rs s se ses "
    "st sten t te ten ter tes th ts ty u um us woman women x y ya ym z а ам ами ах ая е ев ее ей ем ему ею ие ий "
    "им ими их ию ия иям иями иях його йому о ов ого ое ой ом ому ою ої ская ские ский ського у ую чане чани ы ый "
    "ым ыми ых ь ья ю юю я ям ями ях яя ё ём є і ів ій іям іями іях ією ії ї їв"
)
_PIECES = frozenset(_MAKING.split())
_LAST = frozenset(_ENDINGS.split()) | {""}
_LONGEST = max(map(len, _PIECES | _LAST))


class Reached(NamedTuple):
    """A stored word, folded, and the number of articles that hold it."""

    word: str
    articles: int


class Family(NamedTuple):
    """Words that start alike and differently from what their prefix is meant for."""

    #: the letters that they share
    stem: str
    #: the most frequent one first
    words: tuple[Reached, ...]

    @property
    def articles(self) -> int:
        """How often they were found; an article that holds several words counts for each."""
        return sum(word.articles for word in self.words)


def find_other_families(prefix: str, reached: Iterable[Reached]) -> tuple[Family, ...]:
    """The families among *reached*, words that start with *prefix*, other than its own; the most frequent first.

    None for scripts other than Latin and Cyrillic, whose endings are not known here.

    >>> [family.stem for family in find_other_families("iran", [Reached("iranian", 9), Reached("iranometer", 1)])]
    ['iranometer']
    """
    if CLASSES[prefix[-1]] not in {"LATIN", "CYRILLIC"}:
        return ()
    groups: dict[str, list[Reached]] = {}
    for each in reached:
        rest = each.word[len(prefix) :]
        if rest.isalpha() and not is_ending(rest):
            groups.setdefault(rest[:_SHARED], []).append(each)
    families = [Family(_shared(words), tuple(sorted(words, key=_by_frequency))) for words in groups.values()]
    return tuple(sorted(families, key=lambda family: (-family.articles, family.stem)))


def is_ending(rest: str) -> bool:
    """*rest*, what follows a prefix, is made of usual endings.

    >>> [is_ending(rest) for rest in ("", "ians", "ations", "ricity")]
    [True, True, True, False]
    """
    if len(rest) <= _SHORT or rest in _LAST:
        return True
    for first in range(1, min(_LONGEST, len(rest)) + 1):
        if rest[:first] in _PIECES:
            middle = rest[first:]
            if middle in _LAST:
                return True
            for second in range(1, min(_LONGEST, len(middle)) + 1):
                if middle[:second] in _PIECES and middle[second:] in _LAST:
                    return True
    return False


def _by_frequency(each: Reached) -> tuple[int, str]:
    return -each.articles, each.word


def _shared(words: list[Reached]) -> str:
    first, last = min(each.word for each in words), max(each.word for each in words)
    size = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[:size]
