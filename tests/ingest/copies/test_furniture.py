"""Which lines are prose."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.copies.furniture import prose_spans

STORY = (
    "The harbour authority closed two of its four cranes on Monday after an inspection found cracks in the steel, "
    "and ships will have to wait for up to a week."
)
SECOND = "Dockworkers said they had warned of the damage a year ago, but nobody had come to look at it since then."


def prose(text: str) -> list[str]:
    return [text[start:end] for start, end in prose_spans(text)]


def test_prose_stays_and_furniture_goes():
    lines = [
        "The Springfield Times",
        "U.S. World Business Lifestyle",
        "Sign up for our free daily newsletter and never miss a story.",
        STORY,
        "Advertisement",
        "Read more: Harbour town votes on a new museum for its fishing fleet",
        SECOND,
        "We use cookies to personalise content and to analyse our traffic. By clicking accept you agree to this.",
        "Copyright 2025 The Springfield Times. All rights reserved.",
    ]
    assert prose("\n".join(lines)) == prose("\n\n".join(lines)) == [STORY, SECOND]


@pytest.mark.parametrize(
    "line",
    [
        "The data protection office fined the company because its cookie banner had misled thousands of users.",
        "Forecast for Granby.",
        "“We want to become a member of the alliance,” the minister said after the meeting on Tuesday evening.",
        "氣象局表示，颱風將於週三登陸，請民眾做好準備。",
        "気象庁は、台風が水曜日に上陸する見込みだと発表しました。",
        "Землетрясение произошло у побережья Камчатки.",
    ],
)
def test_a_line_that_tells_something_is_prose(line):
    assert line in prose(f"{STORY}\n{line}")


@pytest.mark.parametrize(
    ("dateline", "rest"),
    [
        ("BERLIN, March 3 (Reuters) — ", STORY),
        ("Brussels, Belgium (CNN) — ", STORY),
        ("Brussels, Belgium (CNN) ", STORY),
        ("TOKYO, Feb. 12 (CNN) — ", STORY),
        ("BRUSSELS (Bulletin) — ", STORY),
        ("KYIV — ", STORY),
        ("КИЕВ, 3 марта (Укринформ) - ", STORY),
    ],
)
def test_a_dateline_is_no_part_of_the_story(dateline, rest):
    assert prose(dateline + rest) == [rest]


@pytest.mark.parametrize(
    "text",
    [
        "The plan — drawn up in secret — was rejected by all the parties in the council on Monday after a long night.",
        "Kyiv was hit. Officials (SBU) — who asked for patience — spoke of the worst night since the war had begun.",
    ],
)
def test_a_dash_does_not_make_a_dateline(text):
    assert prose(text) == [text]


def test_broken_lines_are_one_paragraph():
    broken = (
        "The harbour authority closed two of its four cranes on\nMonday after an inspection found cracks in the "
        "steel,\nand ships will have to wait for up to a week."
    )
    assert prose(broken) == [broken]


def test_a_list_of_teasers_is_no_broken_paragraph():
    teasers = ["Harbour town votes on a new museum for its fleet", "Miners find a lost lake under the old salt works"]
    assert prose("\n".join((STORY, *teasers, *teasers))) == [STORY]


def test_a_text_without_prose_comes_back_whole():
    verse = "Roses are red\nviolets are blue"
    assert prose(verse) == verse.split("\n")
    assert prose_spans("") == ()


@given(st.text(alphabet=st.characters() | st.sampled_from("\n.!? abC(—-:的あก"), max_size=300))
def test_spans_are_ascending_and_lie_in_the_text(text):
    edge = 0
    for start, end in prose_spans(text):
        assert edge <= start < end <= len(text)
        assert text[start:end].strip()
        edge = end


def test_german_lines_that_a_machine_has_broken_are_joined():
    """Half of them go on with a capital; that makes no headlines of them."""
    text = (
        "Nach einem Blitzschlag in die Bergstation ist die\nSeilbahn am Berg am Sonntagnachmittag für drei Stunden\n"
        "ausgefallen. Rund achtzig Ausflügler mussten in den\nKabinen ausharren, bis ein Motor sie wieder\n"
        "herunterholte, wie die Polizei am Abend mitteilte. Der\nBetrieb soll am Montag wieder aufgenommen werden."
    )
    assert prose(text) == [text]
