"""Reasons to doubt a relation."""

from __future__ import annotations

import pytest

from ingest.copies.doubt import Doubt, Side, find_doubt, is_doubtful
from ingest.copies.relate import relate_wordings
from ingest.copies.wording import read_wording

APPEAL = [
    "Our reporters walk through every village of the valley and ask what people think of the railway timetable.",
    "Whoever reads the courier regularly knows which councillor slept and which bakery closed its doors for ever.",
    "Since nobody pays for that but readers, membership starts at the price of two loaves of bread each month.",
]
BRIDGE = "The bridge across the Danube at Vilshofen stays closed to lorries until engineers have examined its pylons."
FROST = "Growers around the lake expect a third less wine this autumn because the frost killed so many early buds."


def side(title: str, lines: list[str], source: str = "courier.example") -> Side:
    return Side(source, title, read_wording("\n".join(lines)))


def doubts(one: Side, other: Side) -> bool:
    evidence = relate_wordings(one.wording, other.wording)
    assert evidence is not None
    return is_doubtful(one, other, evidence)


def test_two_briefs_in_the_same_appeal_are_doubted():
    bridge = side("Danube bridge closed to lorries", [BRIDGE, *APPEAL])
    frost = side("Frost: less wine around the lake", [FROST, *APPEAL])
    assert doubts(bridge, frost)
    # What a copy at the same site shares is what its title tells.
    assert not doubts(bridge, side("Bridge at Vilshofen stays closed", [BRIDGE, *APPEAL[:1]]))


def test_other_sites_are_doubted_when_only_a_part_is_common():
    longer = [
        BRIDGE,
        *APPEAL,
        "The courier also asks its readers for letters, maps and photographs.",
    ]
    bridge = side("Danube bridge closed to lorries", longer)
    frost = side("Frost: less wine around the lake", [FROST, FROST.replace("wine", "cider"), *APPEAL], "echo.example")
    assert doubts(bridge, frost)
    assert not doubts(side("", longer), frost)


NOTICE = [
    "A lorry driver was injured on the road near {} on Monday when his vehicle left the lane and hit a tree.",
    "Firefighters freed the man from the cab; he was taken to hospital by helicopter with injuries to both legs.",
    "The road was closed for three hours, and the police ask witnesses who saw the lorry before to call the station.",
]


def notice(place: str) -> list[str]:
    return [line.format(place) for line in NOTICE]


def accidents(source: str, other_source: str) -> tuple[Side, Side]:
    """Two accidents that are told in the same words, each in a place that its title names."""
    granby = "People in Granby heard the crash and called for help at once, as a neighbour said."
    dublin = "It was the second crash near Dublin within a week, on a road that has no lights."
    return (
        side("Accident near Granby: driver injured", [granby, *NOTICE[1:]], source),
        side("Accident near Dublin: driver injured", [dublin, *NOTICE[1:]], other_source),
    )


@pytest.mark.parametrize("sites", [("a.example", "a.example"), ("a.example", "b.example")])
def test_titles_that_name_different_things(sites):
    one = side("Accident near Granby: driver injured", notice("Granby"), sites[0])
    other = Side(sites[1], "Accident near Dublin: driver injured", one.wording)
    evidence = relate_wordings(one.wording, one.wording)
    # The titles differ, but the texts do not: no doubt, whatever a headline says.
    assert not is_doubtful(one, other, evidence)
    assert doubts(*accidents(*sites))


def test_scattered_paragraphs_of_a_site_are_no_story(write_prose):
    head, tail = write_prose(1, 1), write_prose(2, 1)
    one = side("", [*head, *write_prose(3, 1), *tail])
    other = side("", [*head, *write_prose(4, 2), *tail])
    assert doubts(one, other)
    assert not doubts(one, other._replace(source="elsewhere.example"))


def test_little_of_a_page_at_the_same_site_says_nothing(write_prose):
    shared = write_prose(1, 4)
    one, other = side("", [*shared, *write_prose(2, 5)]), side("", [*shared, *write_prose(3, 7)])
    assert doubts(one, other)
    assert not doubts(one, other._replace(source="elsewhere.example"))


def test_a_title_that_its_own_text_does_not_bear_out_decides_nothing():
    one = side("Accident near Granby: driver injured", notice("Granby"), "a.example")
    other = side("Accident near Dublin: driver injured", notice("the border")[:2], "b.example")
    assert not doubts(one, other)


def test_pages_of_unknown_sites_are_not_of_one_site(write_prose):
    shared = write_prose(1, 4)
    one, other = side("", [*shared, *write_prose(2, 5)], ""), side("", [*shared, *write_prose(3, 7)], "")
    assert not doubts(one, other)


def test_every_doubt_is_told(write_prose):
    shared, scattered = write_prose(1, 4), [*write_prose(1, 1), *write_prose(3, 1), *write_prose(2, 1)]
    pairs = {
        Doubt.OTHER_TITLES: accidents("a.example", "b.example"),
        Doubt.TOO_LITTLE: (side("", [*shared, *write_prose(2, 5)]), side("", [*shared, *write_prose(3, 7)])),
        Doubt.SCATTERED: (side("", scattered), side("", [scattered[0], *write_prose(4, 2), scattered[-1]])),
        Doubt.TOLD_ELSEWHERE: (
            side("Danube bridge closed to lorries", [BRIDGE, *APPEAL]),
            side("Frost: less wine around the lake", [FROST, *APPEAL]),
        ),
        Doubt.TEASER: (
            side("Danube bridge closed to lorries", [BRIDGE, "Cars may still cross, the authority said on Monday."]),
            side("Frost: less wine around the lake", [FROST, *APPEAL, BRIDGE], "echo.example"),
        ),
        None: (side("", shared), side("", shared)),
    }
    assert set(pairs) == {*Doubt, None}
    for doubt, (one, other) in pairs.items():
        evidence = relate_wordings(one.wording, other.wording)
        assert find_doubt(one, other, evidence) is doubt
        assert find_doubt(other, one, evidence.turned()) is doubt


def test_a_teaser_of_a_brief_is_no_excerpt():
    brief = side("Danube bridge closed to lorries", [BRIDGE, "Cars may still cross, the authority said on Monday."])
    other = [
        "The letter by the painter was found between two pages of an account book, the museum said.",
        FROST,
        *APPEAL,
    ]
    page = side("Letter by the painter found in account book", [*other, "More stories", BRIDGE], "echo.example")
    assert doubts(brief, page)
    # The whole brief is more than a teaser.
    both = side(
        "Letter by the painter found in account book", [*other, *brief.wording.text.split("\n")], "echo.example"
    )
    assert not doubts(brief, both)
