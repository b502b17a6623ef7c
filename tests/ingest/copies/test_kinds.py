"""Kinds of relations, and judgements with all that led to them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.copies.kinds import Share, share_of
from ingest.copies.model import RelationKind
from ingest.copies.relate import MAX_CONFLICTS_PER_WORD, MIN_COMMON_WORDS, MIN_SHARE, Verdict, judge, relate
from ingest.copies.wording import read_wording

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
