"""wirewatch why-copy: why a text is a copy of another, or why not."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import fields as dataclass_fields
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.copies.doubt import Doubt
from ingest.copies.model import RelationKind
from ingest.copies.ranking import least_shared
from ingest.copies.relate import MAX_CONFLICTS_PER_WORD, MIN_COMMON_WORDS, MIN_SHARE, Verdict, relate
from wirewatch import whycopy
from wirewatch.cli.source import read_article
from wirewatch.errors import WirewatchError
from wirewatch.whycopy import explain
from wirewatch.whycopy_fields import WHY_COPY
from wirewatch.whycopy_lines import lines_for_people
from wirewatch.whycopy_records import Side, Told, ToldSide

NOTICE = (
    "KYIV, March 3 (Reuters) - A missile strike on Kharkiv killed 5 people and wounded 12 on Tuesday, officials say.\n"
    "Rescuers were searching the rubble of a storey building for survivors, and two children were among the dead.\n"
    "Sign up here\n"
    "The strike was the third in the city this month, Governor Oleh Synehubov said in a statement on Telegram.\n"
)
OTHER_NOTICE = NOTICE.replace("Kharkiv", "Odesa").replace("killed 5", "killed 7").replace("Synehubov", "Kiper")
ELSEWHERE = (
    "The council of Vellmar voted on Thursday to repair the roof of the library before the winter comes.\n"
    "Readers had complained for years that rain came through onto the shelves with the local history.\n"
    "Work begins in May, and the reading room moves into the old school for half a year, the mayor said.\n"
)
SIDES = {"one", "other"}


@pytest.fixture
def files(tmp_path):
    """Write texts to files and return their names."""

    def write(*texts: str | bytes) -> list[str]:
        names = []
        for n, text in enumerate(texts):
            path = tmp_path / f"text-{n}.txt"
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
            names.append(str(path))
        return names

    return write


@pytest.fixture
def related(wirewatch, filled):
    """A stored relation: two articles, and what the first is to the second."""
    for story in wirewatch("--config", filled, "stories", "--json").json:
        for copy in story["copies"]:
            shown = wirewatch("--config", filled, "show", copy["article"], "--json").json
            for relation in shown["relations"]:
                if relation["kind"] in {"copy", "excerpt", "extended", "revision"}:
                    return shown["id"], relation["article"], relation["kind"]
    raise AssertionError("the newsroom has copies")


def side(text: str, **known: object) -> Side:
    values: dict[str, object] = {"name": "x", "title": "", "source": "", "url": "", "repaired": None, "credit": None}
    return Side(text=text, **(values | known))


# --- files ------------------------------------------------------------------------------------------


def test_two_files_need_neither_database_nor_configuration(wirewatch, files):
    told = wirewatch("why-copy", *files(NOTICE, NOTICE), "--json").json
    assert list(told) == [column.name for column in WHY_COPY] == [field.name for field in dataclass_fields(Told)]
    assert all(list(told[name]) == [field.name for field in dataclass_fields(ToldSide)] for name in SIDES)
    assert (told["verdict"], told["kind"], told["share"], told["other_share"]) == ("related", "copy", 1.0, 1.0)
    assert (told["one"]["article"], told["one"]["credit"], told["stored"], told["window_s"]) == (
        None,
        "Reuters",
        None,
        None,
    )
    assert told["is_candidate"]


def test_the_limits_are_those_of_the_judge(wirewatch, files):
    told = wirewatch("why-copy", *files(NOTICE, OTHER_NOTICE), "--json").json
    assert (told["least_share"], told["least_words"]) == (MIN_SHARE, MIN_COMMON_WORDS)
    assert told["most_conflicts"] == pytest.approx(MAX_CONFLICTS_PER_WORD * told["common_words"], abs=0.01)


def test_other_facts_are_told_with_their_context(wirewatch, files):
    one, other = files(NOTICE, OTHER_NOTICE)
    told = wirewatch("why-copy", one, other, "--json").json
    assert (told["verdict"], told["kind"]) == ("different facts", None)
    assert told["figures"] + told["names"] > told["most_conflicts"]
    assert {slot["kind"] for slot in told["slots"]} == {"figure", "name"}
    texts = [slot["text"] for slot in told["slots"]]
    assert any("5" in text for text in texts)
    assert any("Synehubov" in text for text in texts)
    ended = wirewatch("why-copy", one, other)
    assert (ended.code, ended.err) == (0, "")
    assert "not a copy (different facts): the same words with other facts" in ended.out
    assert "Governor Oleh [Synehubov] said" in ended.out
    assert "Governor Oleh [Kiper] said" in ended.out


def test_lines_that_are_not_compared_are_named(wirewatch, files):
    told = wirewatch("why-copy", *files(NOTICE, ELSEWHERE), "--json").json
    assert told["one"]["left_out"] == [{"text": "Sign up here", "why": "no prose"}]
    assert (told["one"]["left_out_lines"], told["other"]["left_out_lines"]) == (1, 0)


def test_texts_without_a_common_passage(wirewatch, files):
    one, other = files(NOTICE, ELSEWHERE)
    told = wirewatch("why-copy", one, other, "--json").json
    assert (told["verdict"], told["kind"], told["passages"], told["is_candidate"]) == (
        "no shared passage",
        None,
        [],
        False,
    )
    assert "candidate          no: they share too little of their fingerprints" in wirewatch("why-copy", one, other).out


def test_what_the_one_is_to_the_other_depends_on_the_side(wirewatch, files):
    more = "The governor added that schools in Kharkiv would stay closed for children on Wednesday and Thursday.\n"
    one, other = files(NOTICE, NOTICE + more * 1 + more.replace("schools", "rescuers").replace("closed", "in the city"))
    told = wirewatch("why-copy", one, other, "--json").json
    assert told["share"] > told["other_share"]
    assert told["kind"] == "excerpt"
    assert wirewatch("why-copy", other, one, "--json").json["kind"] == "extended"
    assert "A is an extended version of B: " in wirewatch("why-copy", other, one).out


def test_a_page_is_read_as_a_page_and_text_as_text(wirewatch, files):
    body = "".join(f"<p>{line}</p>" for line in NOTICE.split("\n"))
    head = "\n<!-- saved --><!DOCTYPE html><html><head><title>Strike</title></head>"
    page = f"{head}<body><article>{body}</article></body></html>"
    told = wirewatch("why-copy", *files(page, NOTICE), "--json").json
    assert (told["kind"], told["one"]["title"]) == ("copy", "Strike")


def test_standard_input_can_be_one_of_them(wirewatch, files):
    (one,) = files(NOTICE)
    told = wirewatch("why-copy", one, "-", "--json", stdin=NOTICE.encode()).json
    assert (told["kind"], told["other"]["name"]) == ("copy", "-")
    ended = wirewatch("why-copy", "-", "-")
    assert ended.code == 2
    assert "only one of the two can be standard input" in ended.err


def test_a_wrong_code_page_is_undone_and_told(wirewatch, files):
    text = NOTICE.replace("officials say", "“it was late” — the governor’s word")
    told = wirewatch("why-copy", *files(text.encode().decode("cp1251", "ignore"), text), "--json").json
    assert (told["one"]["repaired"], told["other"]["repaired"], told["kind"]) == ("windows-1251", None, "copy")
    ended = wirewatch("why-copy", *files(text.encode().decode("cp1251", "ignore"), text))
    assert "repaired from windows-1251, credited to Reuters" in ended.out


def test_short_texts_are_told_to_be_too_short(wirewatch, files):
    told = wirewatch("why-copy", *files("Fire in the port.", "Fire in the port."), "--json").json
    assert (told["kind"], told["is_candidate"]) == (None, False)
    assert told["why_candidate"] == "one of them is too short to have a fingerprint"


@pytest.mark.parametrize("how", ["--json", "--jsonl", "--csv", "--format=tsv"])
def test_every_format_tells_the_same(wirewatch, files, how):
    ended = wirewatch("why-copy", *files(NOTICE, OTHER_NOTICE), how)
    if "json" in how:
        assert json.loads(ended.out)["verdict"] == "different facts"
    else:
        (row,) = csv.DictReader(io.StringIO(ended.out, newline=""), delimiter="\t" if "tsv" in how else ",")
        assert row["verdict"] == "different facts"
    assert ended.code == 0


def test_hostile_text_is_harmless(wirewatch, files):
    evil = NOTICE.replace("Kharkiv", "Khar\x1b[2J\u202ekiv\x9b31m").replace(
        "Sign up here", "Sign\x07 up\x00 [bold]here[/bold]"
    )
    for pair in ((evil, OTHER_NOTICE), (evil, evil), (b"\xff\xfe\x00" + evil.encode(), NOTICE)):
        ended = wirewatch("why-copy", *files(*pair))
        assert ended.code == 0
        assert not {"\x1b", "\x9b", "\u202e", "\x07", "\x00"} & set(ended.out)
    # the title of a page comes from outside too
    page = f"<html><head><title>A\x1b]0;x\x07</title></head><body><p>{NOTICE}</p></body></html>"
    assert not {"\x1b", "\x07"} & set(wirewatch("why-copy", *files(page, NOTICE)).out)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: str(path / "none.txt"), "cannot be read: No such file"),
        (str, "cannot be read: Is a directory"),
        (lambda _: "https://news.example/a", "save it to a file"),
    ],
)
def test_what_cannot_be_read_is_named(wirewatch, files, tmp_path, make, message):
    (one,) = files(NOTICE)
    name = make(tmp_path)
    for pair in ((one, name), (name, one)):
        ended = wirewatch("why-copy", *pair)
        assert (ended.code, ended.out) == (1, "")
        assert name in ended.err
        assert message in ended.err


def test_an_empty_file_is_named(wirewatch, files):
    one, empty = files(NOTICE, " \n")
    ended = wirewatch("why-copy", one, empty)
    assert (ended.code, ended.out) == (1, "")
    assert f"there is no text in {empty}\n" in ended.err
    ended = wirewatch("why-copy", "", one)
    assert (ended.code, ended.out) == (2, "")


def test_what_never_ends_is_refused(wirewatch, files):
    (one,) = files(NOTICE)
    for name in ("/dev/zero", "-"):
        ended = wirewatch("why-copy", one, name, stdin=b"a" * 4_000_000)
        assert (ended.code, ended.out) == (1, "")
        assert f"{'standard input' if name == '-' else name} is larger than 3,000,000 bytes" in ended.err
    assert read_article(one, most=len(NOTICE.encode())).text
    with pytest.raises(WirewatchError, match="is larger than 99 bytes"):
        read_article(one, most=99)


@pytest.mark.parametrize(("stage", "most"), [("page", "3,000,000"), ("text", "3,000,000"), ("feed", "10,000,000")])
def test_so_do_the_stages(wirewatch, stage, most):
    ended = wirewatch("try", stage, "/dev/zero")
    assert (ended.code, ended.out) == (1, "")
    assert f"/dev/zero is larger than {most} bytes" in ended.err


# --- stored articles --------------------------------------------------------------------------------


def test_stored_articles_are_judged_as_they_were_live(wirewatch, filled, related):
    one, other, kind = related
    told = wirewatch("--config", filled, "why-copy", one, other, "--json").json
    assert (told["verdict"], told["kind"], told["stored"]) == ("related", kind, kind)
    assert (told["one"]["article"], told["other"]["article"], told["one"]["version"]) == (one, other, 1)
    assert told["window_s"] == timedelta(days=14).total_seconds()
    assert told["apart_s"] is not None
    turned = wirewatch("--config", filled, "why-copy", other, one, "--json").json
    assert (turned["share"], turned["apart_s"]) == (told["other_share"], -told["apart_s"])
    assert (turned["one"], turned["other"]) == (told["other"], told["one"])


def test_a_stored_pair_for_people(wirewatch, filled, related):
    one, other, kind = related
    ended = wirewatch("--config", filled, "why-copy", one, f"{other}@1")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0].startswith(f"A  article {one}, version 1 of ")
    assert f"  stored is: {kind}; both belong to story " in ended.out
    assert "time between" in ended.out
    assert "shared stretches" in ended.out


def test_an_article_with_itself_and_with_a_file(wirewatch, filled, related, files):
    one, *_ = related
    told = wirewatch("--config", filled, "why-copy", one, one, "--json").json
    assert (told["kind"], told["share"], told["stored"], told["apart_s"]) == ("copy", 1.0, None, 0)
    text = wirewatch("--config", filled, "show", one, "--json").json["text"]
    (file,) = files(text)
    for pair in ((one, file), (file, one)):
        told = wirewatch("--config", filled, "why-copy", *pair, "--json").json
        assert (told["kind"], told["stored"], told["apart_s"]) == ("copy", None, None)


def test_the_window_is_that_of_the_settings(wirewatch, copied, related):
    one, other, _ = related
    path = copied / "wirewatch.toml"
    path.write_text(f"{path.read_text()}\n[copies]\nwindow_days = 3\n")
    told = wirewatch("--config", copied, "why-copy", one, other, "--json").json
    assert told["window_s"] == timedelta(days=3).total_seconds()


def test_time_beyond_the_window_is_told():
    day = datetime(2026, 3, 3, tzinfo=UTC)
    one, other = side(NOTICE, first_seen=day), side(NOTICE, first_seen=day - timedelta(days=3, seconds=1))
    for pair in ((one, other), (other, one)):
        told = explain(*pair, window=timedelta(days=3))
        assert (told.kind, told.is_candidate, told.why_candidate) == ("copy", False, "too much time is between them")
        assert "time between       3 d 0 h; at most 3 d 0 h" in list(lines_for_people(told))
    assert explain(one, other, window=timedelta(days=4)).is_candidate


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("999999", "no article 999999"),
        ("0", "no article 0"),
        ("1@99", "article 1 has no version 99, only 1"),
        ("9223372036854775808", "no article 9223372036854775808"),
        ("9" * 5000, "no article 999"),
        ("1@" + "9" * 5000, "no article 1@999"),
    ],
)
def test_an_unknown_article_is_named(wirewatch, filled, name, message):
    for pair in ((1, name), (name, 1)):
        ended = wirewatch("--config", filled, "why-copy", *pair)
        assert (ended.code, ended.out) == (1, "")
        assert message in ended.err
        where = "show 1" if "no version" in message else "articles"
        assert ended.err.endswith(f"see: wirewatch --config {filled} {where}\n")


def test_a_file_named_like_an_id_is_given_with_its_folder(wirewatch, elsewhere):
    (elsewhere / "7").write_text(NOTICE)
    assert wirewatch("why-copy", "./7", "./7", "--json").json["kind"] == "copy"


def test_without_a_database_an_id_ends_with_5(wirewatch, files, tmp_path):
    (one,) = files(NOTICE)
    ended = wirewatch("--db", tmp_path / "none.db", "why-copy", 1, one)
    assert (ended.code, ended.out) == (5, "")
    assert "none.db" in ended.err


@pytest.mark.parametrize("arguments", [[], ["1"], ["1", "2", "3"]])
def test_two_are_wanted(wirewatch, arguments):
    assert wirewatch("why-copy", *arguments).code == 2


# --- the work ---------------------------------------------------------------------------------------

SOME_WORDS = [
    *re.findall(r"\S+", "The mayor said on Monday that rain stopped work near Kharkiv 5 people 12 東京 都 Odesa ."),
    "\n",
]
WORDS = st.lists(st.sampled_from(SOME_WORDS), max_size=120).map(" ".join)
TEXTS = st.one_of(WORDS, st.sampled_from([NOTICE, OTHER_NOTICE, ELSEWHERE, NOTICE + ELSEWHERE]), st.text(max_size=200))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(TEXTS, TEXTS)
def test_the_verdict_is_that_of_the_judge_and_quotes_stand_where_they_say(one, other):
    told = explain(side(one), side(other))
    evidence = relate(one, other)
    assert told.kind == (evidence.kind if evidence else None)
    assert (told.verdict == Verdict.RELATED) == (evidence is not None)
    assert told.verdict in set(Verdict)
    for each in told.passages:
        text, other_text = one[each.start : each.end], other[each.other_start : each.other_end]
        assert text.startswith(each.text.removesuffix("…"))
        assert other_text.startswith(each.other_text.removesuffix("…"))
    for slot in told.slots:
        assert one[slot.start : slot.end].startswith(slot.text.removesuffix("…"))
    assert list(lines_for_people(told))


@given(TEXTS)
def test_the_bounds_of_what_is_told_hold(text):
    told = explain(side(text), side(text))
    assert len(told.passages) <= whycopy.MOST_PASSAGES
    assert len(told.one.left_out) <= min(whycopy.MOST_LEFT_OUT, told.one.left_out_lines)


def test_what_is_known_of_the_site_is_left_out():
    line = "The Example tells you every morning what matters in your town, and why it matters to you and yours."
    one, other = side(f"{NOTICE}{line}"), side(f"{ELSEWHERE}{line}")
    known = frozenset(whycopy.learned_hashes(one)) & frozenset(whycopy.learned_hashes(other))
    told = explain(one, other, furniture=known)
    assert told.verdict == "no shared passage"
    assert [(each.text, each.why) for each in told.one.left_out] == [
        ("Sign up here", "no prose"),
        (line, "repeated on the site"),
    ]
    assert [each.text for each in told.other.left_out] == [line]
    assert explain(one, other).other.left_out == ()


def test_every_kind_has_words(files):
    for kind in RelationKind:
        told = explain(side(NOTICE), side(NOTICE))
        changed = {field.name: getattr(told, field.name) for field in dataclass_fields(Told)} | {"kind": kind.value}
        assert any(kind.value in line for line in lines_for_people(Told(**changed)))


def test_a_doubt_is_told(wirewatch, files):
    """Live, the pair is not related, whatever the words say; so it must not be told that it is."""
    appeal = (
        "Our reporters walk through every village of the valley and ask what people think of the timetable.\n"
        "Whoever reads the courier regularly knows which councillor slept and which bakery closed its doors.\n"
        "Since nobody pays for that but readers, membership starts at the price of two loaves each month.\n"
    )
    bridge = "The bridge across the Danube stays closed to lorries until engineers have examined its pylons.\n"
    frost = "Growers around the lake expect a third less wine because the frost killed so many early buds.\n"
    one = side(f"{bridge}{appeal}", title="Danube bridge closed to lorries", source="courier.example")
    other = side(f"{frost}{appeal}", title="Frost: less wine around the lake", source="courier.example")
    assert relate(one.text, other.text) is not None
    told = explain(one, other)
    assert (told.verdict, told.kind, told.why) == ("doubtful", None, Doubt.TOLD_ELSEWHERE)
    assert f"not a copy (doubtful): {Doubt.TOLD_ELSEWHERE}" in list(lines_for_people(told))
    pages = [
        f"<html><head><title>{each.title}</title></head><body><p>{each.text}</p></body></html>" for each in (one, other)
    ]
    assert wirewatch("why-copy", *files(*pages), "--json").code == 0


def test_the_newer_one_looks_for_the_other():
    """What has few hashes asks for a single shared one, and what has many for more: it depends on which comes last."""
    few = side("The council of Vellmar voted, and the council of Vellmar paid for the old roof.")
    many = side(NOTICE)
    day = datetime(2026, 3, 3, tzinfo=UTC)
    for newer, older in ((few, many), (many, few)):
        newest, oldest = replace(newer, first_seen=day), replace(older, first_seen=day - timedelta(days=1))
        least = least_shared(len(whycopy.learned_hashes(newer)))
        assert explain(newest, oldest).least_hashes == explain(oldest, newest).least_hashes == least
    assert explain(few, replace(many, first_seen=day)).least_hashes == 1  # what is not stored is the newer one


def test_a_text_of_one_word_is_told_why_it_is_not_aligned():
    text = "buffalo " * 60
    told = explain(side(text), side(text))
    assert (told.share, told.kind, told.verdict) == (1.0, None, Verdict.TOO_LITTLE)
    assert told.why == "too few different runs of 3 words are in both: 1; it takes 4"


def test_numbers_agree_with_their_nouns():
    one = "A harbour of the valley opens its gate for visitors again, and the mayor will speak there at noon to them. "
    one += " ".join(
        f"Then the {word} of the town come by with flags." for word in ("bakers", "nurses", "pilots", "smiths")
    )
    one += (
        " It may rain. "
        + "The choir sings songs that everybody in the whole country knows, from the hills to the sea. " * 1
    )
    one += "Buses leave from the station every quarter of an hour, and nobody has to pay for them on that day. 7 came."
    told = explain(side(one), side(one.replace("7 came", "8 came").replace("at noon", "at dawn")))
    lines = list(lines_for_people(told))
    assert "1 figures" not in "".join(lines)
    assert "1 facts" not in told.why
    base = {field.name: getattr(told, field.name) for field in dataclass_fields(Told)}
    for shares, headline in (
        ((0.4, 1.0), "A joins two stories, B is one of them"),
        ((1.0, 0.4), "B joins two stories, A"),
    ):
        changed = base | {"kind": "composite", "share": shares[0], "other_share": shares[1], "figures": 1}
        lines = list(lines_for_people(Told(**changed)))
        assert any(line.startswith(f"composite: {headline}") for line in lines)
        assert any(" 1 figure," in line for line in lines)
    lines = list(lines_for_people(Told(**base | {"passage_count": len(told.passages) + 2})))
    assert "  and 2 more" in lines
