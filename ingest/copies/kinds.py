"""What a text is to another one with which it shares much: copy, excerpt, composite or revision."""

from __future__ import annotations

import re
from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from ingest.copies.model import RelationKind
from ingest.copies.telling import find_telling, read_sentences

if TYPE_CHECKING:
    from ingest.copies.slots import Conflicts
    from ingest.copies.wording import Wording

#: A copy has up to a quarter missing or added: the part of the longer text that is common, against that of the
#: shorter one, which tells how much was edited. Less than three quarters, since edited words are not seen as common.
COPY_SHARE = 0.68
#: A text of which this share is common is there as a whole: words that were edited at the ends of a paragraph are not
#: seen as common.
WHOLE_SHARE = 0.7
#: A copy keeps its figures; more replaced names than this are changed facts as well.
MAX_COPY_NAMES = 1.0
#: Paragraphs that begin with a clock time make a live blog.
MIN_LIVE_PARAGRAPHS = 3
#: Of two stories in one page, each has at least this share of it.
MIN_PART = 0.3
#: One comes after the other: the part that is common stretches over hardly more words than it has.
MAX_SPREAD = 1.4
#: And they have at most this share of their words in common, of the words that tell what a text is about. On the
#: development set 9 in 10 composites had less than 0.17, half of them 0.06; 9 in 10 excerpts had more than 0.14.
MAX_COHESION = 0.115
#: More, where the common part begins this far into the page: who shortens a story keeps its beginning.
MAX_LATE_COHESION = 0.18
LATE_START = 0.35
#: A sentence is common when this part of it is.
MIN_COMMON_PART = 1 / 3
#: Which sentences belong to a story is a guess from their words, so it counts a little less than the share itself.
LINKED_TRUST = 0.9
#: One sentence that speaks of something else may do so by chance; furniture has more.
MIN_STRAY_SENTENCES = 2
#: And it makes the share at most so many times as large.
MAX_LINKED = 1.5
#: Of a story's sentences at least this part shares such a word with another one.
MIN_LINKED = 0.4
#: With fewer such words in a part nothing can be said.
MIN_TELLING_WORDS = 12

_clock = re.compile(r"\d{1,2}[.:h]\d\d")


class Share(NamedTuple):
    """How much of a text stands in another one as well, 0 to 1: of its words, and of its paragraphs."""

    words: float
    paragraphs: float

    @property
    def mean(self) -> float:
        """Both together: editors cut and add paragraphs, but these differ much in length."""
        return (self.words + self.paragraphs) / 2

    @property
    def most(self) -> float:
        """The mean, or the words where they say more: a text that is one paragraph."""
        return max(self.words, self.mean)


class Part(NamedTuple):
    """A text of a pair with the words that both have."""

    wording: Wording
    common: frozenset[int]
    share: Share


def share_of(wording: Wording, common: frozenset[int]) -> Share:
    """How much of a text the words *common* are. A paragraph counts when half of it is common."""
    if not common:
        return Share(0.0, 0.0)
    measure = wording.measure
    if isinstance(measure, range):
        size = float(len(common))
    else:
        size = sum(measure[word + 1] - measure[word] for word in common)
    bounds = [*(paragraph.word for paragraph in wording.paragraphs), len(wording.words)]
    counts = [0] * len(wording.paragraphs)
    ordered = sorted(common)
    n = 0
    for word in ordered:
        while bounds[n + 1] <= word:
            n += 1
        counts[n] += 1
    there = sum(2 * count >= bounds[n + 1] - bounds[n] for n, count in enumerate(counts))
    return Share(size / wording.size, there / len(counts))


def decide_kind(shorter: Part, longer: Part, conflicts: Conflicts) -> RelationKind:
    """What the shorter text is to the longer one."""
    if _is_live(shorter.wording) and _is_live(longer.wording):
        return RelationKind.REVISION
    if is_composite(longer.wording, longer.common):
        return RelationKind.COMPOSITE
    share, longer_share = _share_of_story(shorter), _share_of_story(longer)
    if longer_share >= COPY_SHARE * share and share >= COPY_SHARE * longer_share:
        is_changed = conflicts.figures or conflicts.is_rewritten or conflicts.names > MAX_COPY_NAMES
        return RelationKind.REVISION if is_changed else RelationKind.COPY
    return RelationKind.EXCERPT if share > longer_share else RelationKind.EXTENDED


def _share_of_story(part: Part) -> float:
    """How much of the text's story is common, at least as much as of the text.

    Sentences that share no telling word with what is common are no part of the story, as far as one can tell.
    """
    inside = 0
    told: set[str] = set()
    others: list[tuple[int, frozenset[str]]] = []
    for words, telling in read_sentences(part.wording):
        common = len(part.common.intersection(words))
        inside += common
        if MIN_COMMON_PART * len(words) <= common:
            told |= telling
        else:
            others.append((len(words) - common, telling))
    linked = [size for size, telling in others if telling & told]
    if len(others) - len(linked) < MIN_STRAY_SENTENCES:
        return part.share.mean
    outside = sum(linked)
    return max(part.share.mean, min(LINKED_TRUST * inside / max(1, inside + outside), MAX_LINKED * part.share.mean))


def is_composite(wording: Wording, common: frozenset[int]) -> bool:
    """Whether a page holds a second story beside the words *common*: the two speak of different things."""
    size = len(wording.words)
    if not MIN_PART * size <= len(common) <= (1 - MIN_PART) * size:
        return False
    if max(common) - min(common) > MAX_SPREAD * len(common):
        return False
    told = set(find_telling(wording.words[word] for word in sorted(common)))
    rest = set(find_telling(wording.words[word] for word in range(size) if word not in common))
    fewer = min(len(told), len(rest))
    limit = MAX_LATE_COHESION if min(common) >= LATE_START * size else MAX_COHESION
    return fewer >= MIN_TELLING_WORDS and len(told & rest) <= limit * fewer and _is_one_text(wording, common)


def _is_one_text(wording: Wording, common: frozenset[int]) -> bool:
    """Whether the sentences beside *common* speak of the same, as those of a story do.

    Appeals, teasers and what else surrounds a story have nothing to do with each other.
    """
    sentences = [
        telling
        for words, telling in read_sentences(wording)
        if len(common.intersection(words)) < MIN_COMMON_PART * len(words)
    ]
    times = Counter(chain.from_iterable(sentences))
    linked = sum(any(times[each] > 1 for each in sentence) for sentence in sentences)
    return linked >= MIN_LINKED * len(sentences)


def _is_live(wording: Wording) -> bool:
    starts = sum(_is_clock_time(wording, paragraph.word) for paragraph in wording.paragraphs)
    return starts >= MIN_LIVE_PARAGRAPHS and 2 * starts >= len(wording.paragraphs)


def _is_clock_time(wording: Wording, word: int) -> bool:
    """10.05 is one token, 10:05 is two with a sign between."""
    first, *second = wording.words[word : word + 2]
    if not first[0].isdigit():
        return False
    if second and wording.signs_before(word + 1) == ":":
        first = f"{first}:{second[0]}"
    return _clock.fullmatch(first) is not None
