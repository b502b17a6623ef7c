"""The generated sets for copy detection: the same seed gives the same rows, and labels follow from provenance alone."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "bench" / "copysets"


@pytest.fixture(scope="module")
def copysets():
    """The generator's modules; it is a program of its own, not a package."""
    sys.path.insert(0, str(FOLDER))
    try:
        import damage
        import drafts
        import plan
        import truth

        yield {"damage": damage, "drafts": drafts, "plan": plan, "truth": truth}
    finally:
        sys.path.remove(str(FOLDER))


@pytest.fixture(scope="module")
def made(copysets):
    return {half: copysets["plan"].Planner(half, 1, 400, with_pages=False).build() for half in ("dev2", "check")}


def test_the_same_seed_gives_the_same_rows(copysets, made):
    again = copysets["plan"].Planner("dev2", 1, 400, with_pages=False).build()
    other = copysets["plan"].Planner("dev2", 2, 400, with_pages=False).build()
    assert again == made["dev2"]
    assert other.docs != again.docs


@pytest.mark.parametrize("half", ["dev2", "check"])
def test_rows_are_well_formed(made, half):
    places = {row["id"]: n for n, row in enumerate(made[half].truth)}
    assert [doc["id"] for doc in made[half].docs] == list(places)
    assert all(doc["text"].strip() and doc["title"].strip() for doc in made[half].docs)
    for n, row in enumerate(made[half].truth):
        assert all(places[relation["to"]] < n for relation in row["relations"])
        assert {relation["kind"] for relation in row["relations"]} <= {
            "copy", "excerpt", "extended", "composite", "revision", "partial",
        }  # fmt: skip


@pytest.mark.parametrize("half", ["dev2", "check"])
def test_pairs_other_than_composites_are_of_one_story(made, half):
    story = {row["id"]: row["story"] for row in made[half].truth}
    for row in made[half].truth:
        for relation in row["relations"]:
            if relation["kind"] not in {"composite", "partial"}:
                assert story[relation["to"]] == row["story"]


def test_the_halves_share_no_site_and_no_long_paragraph(made):
    seen = [
        {line for doc in made[half].docs for line in doc["text"].split("\n\n") if len(line) > 80}
        for half in ("dev2", "check")
    ]
    assert not seen[0] & seen[1]
    assert not {doc["site"] for doc in made["dev2"].docs} & {doc["site"] for doc in made["check"].docs}


def draft(copysets, indexes, **more):
    part = copysets["drafts"].Part
    parts = [part(text="x" * 100, source="one" if n >= 0 else "", index=n) for n in indexes]
    return copysets["drafts"].Draft(language="en", title="t", parts=parts, story="one", **more)


@pytest.mark.parametrize(
    ("later", "earlier", "kind"),
    [
        ([0, 1, 2, 3], [0, 1, 2, 3], "copy"),
        ([0, 1, 2], [0, 1, 2, 3], "copy"),
        ([0, 1], [0, 1, 2, 3], "excerpt"),
        ([0, 1, 2, 3], [0, 1], "extended"),
        ([0, 1, 2, -1], [0, 1, 2], "copy"),
        ([0, 1, -1, -1, -1, -1, -1], [0, 1, 2, 3], "extended"),
        ([0, -1, -1], [0, 1, 2], "partial"),
        ([0, -1, -1, -1, -1], [0, 1, 2, 3, 4], None),
        ([-1, -1], [0, 1], None),
    ],
)
def test_kinds_follow_the_number_of_shared_paragraphs(copysets, later, earlier, kind):
    assert copysets["truth"].relate(draft(copysets, later), draft(copysets, earlier)) == kind


def test_versions_composites_and_teasers(copysets):
    relate = copysets["truth"].relate
    whole = draft(copysets, [0, 1])
    assert relate(draft(copysets, [0, 1], version=1), whole) == "revision"
    assert relate(draft(copysets, [0, 1, -1], is_composite=True), whole) == "composite"
    assert relate(draft(copysets, [0], is_teaser=True), whole) == "partial"


def test_a_quoted_sentence_is_no_paragraph(copysets):
    part = copysets["drafts"].Part
    quoting = draft(copysets, [-1, -1, -1, -1])
    quoting.parts.append(part(text="y" * 80, source="one", index=0, quoted=True))
    assert copysets["truth"].relate(quoting, draft(copysets, [0, 1, 2, 3])) is None


def test_misreading_can_be_undone_where_no_byte_was_lost(copysets):
    pages = sorted(set(copysets["damage"].CODE_PAGES) - {"cp874", "cp1253"})
    for text, page in itertools.product(("Fähre – „so“", "Паром", "渡轮"), pages):
        mangled = copysets["damage"].misread(text, page)
        assert mangled != text
        assert len(mangled) == len(text.encode())
