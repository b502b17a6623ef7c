"""Kinds of relations, and judgements with all that led to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.copies.kinds import COPY_SHARE, Share, is_composite, share_of
from ingest.copies.model import RelationKind
from ingest.copies.relate import MAX_CONFLICTS_PER_WORD, MIN_COMMON_WORDS, MIN_SHARE, Verdict, judge, relate
from ingest.copies.wording import read_wording

if TYPE_CHECKING:
    from ingest.copies.wording import Wording

SEEDS = st.integers(min_value=0, max_value=10**9)

BLAST = [
    "At least {dead} people were killed and {hurt} injured when a depot for fireworks exploded in Tarnby on Friday.",
    "The blast at 10:40 tore the roof off two warehouses and broke windows as far as the station, two kilometres away.",
    "Fire chief Lars Dahlquist said {men} firefighters were at the scene and one employee of the firm was missing.",
    "The depot belongs to a family firm and was licensed to hold 12 tonnes of goods, according to the town council.",
    "A school beside the site was evacuated, and residents of four streets were told to keep their windows shut.",
]
STRIKE = [
    "A missile strike on {city} killed {dead} people during the night, the governor said in a message on Tuesday.",
    "Rescuers searched the rubble of a block of flats for survivors until the morning, when the search was ended.",
    "The air force said it had shot down most of the drones and missiles that were launched against the country.",
]


def tell(lines: list[str], **facts: object) -> str:
    return "\n".join(lines).format(**facts)


def test_a_new_toll_is_a_revision():
    first = tell(BLAST, dead="four", hurt=17, men=60)
    later = tell(BLAST, dead="six", hurt=17, men=110)
    evidence = relate(later, first)
    assert evidence is not None
    assert evidence.kind is RelationKind.REVISION
    assert (evidence.conflicts.figures, evidence.conflicts.names) == (2, 0)


def test_another_town_is_another_event():
    """Two notices from one template are no copies, however alike they are."""
    kharkiv, odesa = tell(STRIKE, city="Kharkiv", dead=5), tell(STRIKE, city="Odesa", dead=7)
    judgement = judge(read_wording(kharkiv), read_wording(odesa))
    assert (judgement.verdict, judgement.evidence) == (Verdict.OTHER_FACTS, None)
    assert judgement.conflicts.figures == 1
    assert judgement.conflicts.names > 0
    assert judgement.conflicts.total > judgement.allowed_conflicts
    assert relate(kharkiv, odesa) is None


def test_a_replaced_passage_with_other_figures_is_a_revision():
    """It is no slot, so it speaks against no copy; but the facts are others."""
    less = "The hospital of Malmo admitted eight wounded until noon and expected further ones, as its director told us."
    more = "Doctors at Malmo treated 31 wounded, nine of them in intensive care, according to a spokeswoman there."
    first, later = (tell([*BLAST[:3], line, *BLAST[3:]], dead=4, hurt=17, men=60) for line in (less, more))
    assert relate(later, first).kind is RelationKind.COPY
    inside = BLAST[2].replace("at the scene", "at the scene, of whom seven men needed care in a tent behind it")
    other = BLAST[2].replace("at the scene", "at the scene and that 31 more were on their way from three towns nearby")
    first, later = (tell([*BLAST[:2], line, *BLAST[3:]], dead=4, hurt=17, men=60) for line in (inside, other))
    assert relate(later, first).kind is RelationKind.REVISION


@pytest.mark.parametrize(
    ("one", "other", "verdict"),
    [
        (BLAST[1:], BLAST[1:], Verdict.RELATED),
        (BLAST[1:], STRIKE[1:], Verdict.NO_SHARED_PASSAGE),
        ([BLAST[1], *STRIKE[1:]], [*BLAST[1:], BLAST[1].replace("tore", "ripped")], Verdict.TOO_LITTLE),
    ],
)
def test_verdicts(one, other, verdict):
    one, other = tell(one, men=60, city="Lviv", dead=3), tell(other, men=60, city="Lviv", dead=3)
    judgement = judge(read_wording(one), read_wording(other))
    assert judgement.verdict is verdict
    assert (judgement.evidence is not None) == (verdict is Verdict.RELATED)


@given(seed=SEEDS, kept=st.integers(0, 8), added=st.integers(0, 8))
def test_a_judgement_is_told_from_both_sides(write_prose, seed, kept, added):
    story = write_prose(seed, 8)
    one, other = (read_wording("\n".join(lines)) for lines in (story, [*story[:kept], *write_prose(seed + 1, added)]))
    here, there = judge(one, other), judge(other, one)
    assert (here.verdict, here.share, here.other_share) == (there.verdict, there.other_share, there.share)
    assert here.conflicts.turned() == there.conflicts
    assert here.evidence == (there.evidence and there.evidence.turned())
    if here.verdict is Verdict.RELATED:
        assert here.common_words >= MIN_COMMON_WORDS
        assert here.mean_share >= MIN_SHARE
        assert here.allowed_conflicts == pytest.approx(MAX_CONFLICTS_PER_WORD * here.common_words)
    # What the quick look finds is what the whole one says.
    assert relate("\n".join(story), other.text) == here.evidence


def test_a_paragraph_counts_when_half_of_it_is_common(write_prose):
    story = write_prose(5, 4)
    wording = read_wording("\n".join(story))
    words = range(wording.paragraphs[1].word, wording.paragraphs[2].word)
    half = frozenset(list(words)[: (len(words) + 1) // 2])
    assert share_of(wording, half) == Share(len(half) / len(wording.words), 0.25)
    assert share_of(wording, half - {min(half)}).paragraphs == (0.25 if len(half) * 2 - 2 >= len(words) else 0.0)
    assert share_of(wording, frozenset()) == Share(0.0, 0.0)
    assert Share(0.2, 0.5).most == 0.35
    assert Share(0.5, 0.2).most == 0.5


def test_a_report_beside_a_live_blog_is_no_live_blog(write_prose):
    lines = write_prose(1, 8)
    entries = [f"{9 + n}:{15 + n} {line}" for n, line in enumerate(lines)]
    assert relate("\n".join(lines), "\n".join(entries)).kind is RelationKind.COPY


def test_sentences_that_speak_of_something_else_do_not_make_it_longer():
    """Teasers that read like prose, and that no site has shown often enough yet."""
    story = tell(BLAST, dead=4, hurt=17, men=60)
    strays = [
        "Growers around the lake expect a third less wine this autumn because frost killed so many early buds again.",
        "Parliament debates pensions until midnight, and nobody believes that ministers can agree before Christmas.",
        "Sculptures made from driftwood attract thousands of visitors to an island which hardly anybody knew before.",
    ]
    page = "\n".join([story, *strays])
    evidence = relate(page, story)
    assert evidence.share < COPY_SHARE
    assert evidence.kind is RelationKind.COPY


#: words that tell what a text is about
TELLING = [
    f"{first}{second}" for first in ("bridge", "harvest", "museum", "railway") for second in "abcdefghijklmnopqrst"
]


def two_stories(*, shared: int, links: bool = True) -> Wording:
    """Two stories of five sentences; they have *shared* of their 25 or so telling words in common."""
    lines = []
    for n, topic in enumerate(("ferryman", "orchard")):
        own = TELLING[20 * n : 20 * n + 20]
        own[5 : 5 + shared] = TELLING[40 : 40 + shared]
        lines += [
            " ".join(["when", "the", topic if links else f"{topic}{i}", *own[4 * i : 4 * i + 4], "and", "it", "was"])
            for i in range(5)
        ]
    return read_wording("\n".join(f"{line}." for line in lines))


@pytest.mark.parametrize(("shared", "as_first", "as_second"), [(0, True, True), (3, False, True), (6, False, False)])
def test_two_stories_in_a_page_have_hardly_a_word_in_common(shared, as_first, as_second):
    """Where the known one comes second, more may be: who shortens a story keeps its beginning."""
    page = two_stories(shared=shared)
    half = page.paragraphs[5].word
    assert is_composite(page, frozenset(range(half))) is as_first
    assert is_composite(page, frozenset(range(half, len(page.words)))) is as_second


def test_what_surrounds_a_story_is_no_second_one():
    """Its sentences have nothing to do with each other."""
    page = two_stories(shared=0, links=False)
    assert not is_composite(page, frozenset(range(page.paragraphs[5].word)))


def test_half_a_story_here_and_there_is_no_composite():
    page = two_stories(shared=0)
    words = [n for each in (0, 1, 5, 6, 9) for n in page.paragraph_of(page.paragraphs[each].word)]
    assert not is_composite(page, frozenset(words))


FORM = [
    "The annual prize for the best kept allotment of the borough has been awarded to {name} after a close vote.",
    "The judges praised the neat rows and the clever use of rainwater; the runner-up receives a voucher for seeds.",
    "Plots are inspected twice a year, and whoever wishes to join the waiting list should write to the secretary.",
    "Further information can be had from the office during opening hours or from the noticeboard at the entrance.",
    "Letters will be answered in the order in which they arrive, and callers are asked for some patience meanwhile.",
    "The organisers are grateful to the volunteers who looked after the paths during the dry weeks of the summer.",
]


def test_a_form_filled_in_with_another_name_is_no_copy_however_long():
    form = [*FORM, "Visitors are welcome at the gardens every Sunday afternoon from May until the end of September."]
    one, other = tell(form, name="Agnes Abbott"), tell(form, name="Bernard Barlow")
    judgement = judge(read_wording(one), read_wording(other))
    assert judgement.conflicts.total <= judgement.allowed_conflicts
    assert judgement.verdict is Verdict.OTHER_FACTS
    # An editor who takes another spelling of a name edits in other places too.
    edited = other.replace("praised", "liked").replace("inspected", "visited").replace("grateful", "thankful")
    assert relate(one, edited) is not None
    assert relate(one, tell(form, name="Agnes Abbot")).kind is RelationKind.COPY


def test_a_name_misread_by_a_scanner_is_the_same_name():
    one, other = tell(FORM, name="Feliciano"), tell(FORM, name="Fellcian0")
    assert relate(one, other).kind is RelationKind.COPY
