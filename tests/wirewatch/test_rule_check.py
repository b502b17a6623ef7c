"""wirewatch rules check: errors, failed tests and lints; of a folder, of files, and of what is stored."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rules.files import parse_topic
from storage.listings import Listings
from storage.vocabulary import Vocabulary
from wirewatch import rule_fields
from wirewatch.rulearchive import StoredArchive
from wirewatch.rulecheck import find_lints, find_problems, load

GOOD = 'topic fine\n    match kerch\n    test yes "kerch"\n    test no "odesa"\n'
LINTED = 'topic linted\n    match Kerch | =Kerch | US\n    test yes "kerch"\n'
BROKEN = "topic broken\n    match kerch OR\n"
FAILING = 'topic failing\n    match kerch\n    test no "the kerch bridge"\n'


@pytest.fixture
def folder(elsewhere):
    """A configuration of its own, whose rule files are still to be written."""
    (elsewhere / "feeds.toml").write_text("")
    (elsewhere / "rules").mkdir()
    return elsewhere / "rules"


def test_good_rules_need_no_words(wirewatch, folder):
    (folder / "a.rules").write_text(GOOD)
    ended = wirewatch("rules", "check")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "1 topic understood, 2 tests run: all is well\n"
    assert wirewatch("rules", "check", "--json").json == []


def test_lints_are_shown_with_a_caret_and_stop_nothing(wirewatch, folder):
    (folder / "a.rules").write_text(GOOD + LINTED)
    ended = wirewatch("rules", "check")
    assert ended.code == 0
    assert ended.out.splitlines() == [
        "a.rules:6:19: W101 =Kerch is found by Kerch already",
        "      match Kerch | =Kerch | US",
        "                    ^ leave it out",
        "a.rules:6:28: W104 US also finds us, for case makes no difference",
        "      match Kerch | =Kerch | US",
        "                             ^ write  =US  to find it in capitals only",
        "2 topics understood, 3 tests run: 2 warnings",
    ]
    assert wirewatch("rules", "check", "--strict").code == 4
    assert wirewatch("rules", "check", "--strict", "--json").code == 4


def test_strict_is_content_with_good_rules(wirewatch, folder):
    (folder / "a.rules").write_text(GOOD)
    assert wirewatch("rules", "check", "--strict").code == 0


def test_errors_come_first_then_tests_then_lints(wirewatch, folder):
    (folder / "a.rules").write_text(LINTED + FAILING + BROKEN)
    ended = wirewatch("rules", "check")
    assert ended.code == 4
    assert ended.out.splitlines()[-1] == "2 topics understood, 2 tests run: 1 error, 1 failed test, 2 warnings"
    rows = wirewatch("rules", "check", "--jsonl").jsonl
    assert [(row["severity"], row["code"]) for row in rows] == [
        ("error", "E104"),
        ("test", "TEST"),
        ("warning", "W101"),
        ("warning", "W104"),
    ]


def test_rows_have_ranges_for_editors(wirewatch, folder):
    (folder / "a.rules").write_text(LINTED + FAILING + BROKEN)
    rows = wirewatch("rules", "check", "--jsonl").jsonl
    assert all(list(row)[:5] == ["file", "line", "column", "code", "message"] for row in rows)
    assert all([column.name for column in rule_fields.RULE_PROBLEM] == list(row) for row in rows)
    places = [(row["line"], row["column"], row["end_line"], row["end_column"]) for row in rows]
    assert places[0][:2] == (8, 19)
    assert places[1:] == [(6, 13, 6, 31), (2, 19, 2, 25), (2, 28, 2, 30)]
    assert all(row["file"] == "a.rules" for row in rows)
    assert all(row["message"].endswith(row["remedy"]) for row in rows)
    assert [row["topic"] for row in rows] == ["broken", "failing", "linted", "linted"]
    assert [row["remedy"] for row in rows if row["code"] == "W101"] == ["leave it out"]


def test_a_file_of_the_folder_is_checked_with_the_macros_of_the_others(wirewatch, folder):
    (folder / "a.rules").write_text("let @m = kerch\nlet @bad = x OR\nlet @unused = y\n" + FAILING)
    (folder / "b.rules").write_text('topic b\n    match @m\n    test yes "kerch"\n')
    ended = wirewatch("rules", "check", folder / "b.rules")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "1 topic understood, 1 test run: all is well\n"
    rows = wirewatch("rules", "check", folder / "a.rules", "--jsonl").jsonl
    assert [row["code"] for row in rows] == ["E104", "TEST", "W110", "W110"]
    both = wirewatch("rules", "check", folder / "a.rules", Path("rules") / "b.rules", "--jsonl").jsonl
    assert both == rows


def test_a_file_elsewhere_is_checked_by_itself(wirewatch, folder):
    (folder / "a.rules").write_text("let @m = kerch\n" + BROKEN)
    Path("draft.rules").write_text("topic t\n    match @m\n" + LINTED)
    ended = wirewatch("rules", "check", "draft.rules", "--jsonl")
    assert ended.code == 4
    assert [(row["file"], row["code"]) for row in ended.jsonl] == [
        ("draft.rules", "E206"),
        ("draft.rules", "W101"),
        ("draft.rules", "W104"),
    ]
    Path("a.rules").write_text(LINTED)
    rows = wirewatch("rules", "check", folder / "a.rules", "a.rules", "--jsonl").jsonl
    assert [row["code"] for row in rows] == ["E104", "W110", "W101", "W104"]


def test_a_failed_test_is_shown_with_a_caret_under_its_text(wirewatch, folder):
    (folder / "a.rules").write_text('topic t\n    match kerch\n    test no  "of \\"Kerch\\" \x1b]"  # odd\n')
    ended = wirewatch("rules", "check")
    assert ended.code == 4
    assert ended.out.splitlines()[:3] == [
        'a.rules:3:14: TEST topic t should not match "of "Kerch" \ufffd]": t.1 matches: Kerch',
        '      test no  "of \\"Kerch\\" \ufffd]"  # odd',
        "               ^",
    ]
    (row,) = wirewatch("rules", "check", "--jsonl").jsonl
    assert (row["line"], row["column"], row["end_line"], row["end_column"]) == (3, 14, 3, 31)


def test_rows_name_the_file_as_an_editor_opens_it(wirewatch, folder):
    (folder / "a.rules").write_text(BROKEN)
    Path("draft.rules").write_text(BROKEN)
    rows = wirewatch("rules", "check", folder / "a.rules", "draft.rules", "--jsonl").jsonl
    assert [row["file"] for row in rows] == ["a.rules", "draft.rules"]
    assert [Path(row["path"]).resolve() for row in rows] == [folder / "a.rules", Path.cwd() / "draft.rules"]
    (row,) = wirewatch("rules", "check", "--jsonl").jsonl
    assert Path(row["path"]).samefile(folder / "a.rules")


def test_a_file_that_is_not_there_is_a_usage_error(wirewatch, folder):
    ended = wirewatch("rules", "check", "nix.rules")
    assert ended.code == 2
    assert "nix.rules" in ended.err


@pytest.mark.parametrize("content", [b"\xff\xfe", b"\x00topic", b"topic t\n match kerch\x1b[2J\n"])
def test_no_content_reaches_the_terminal_raw(wirewatch, folder, content):
    (folder / "a.rules").write_bytes(content)
    for options in ([], ["--jsonl"]):
        ended = wirewatch("rules", "check", *options)
        assert ended.code in {0, 4}
        assert "\x1b" not in ended.out
        assert "\x00" not in ended.out


def test_nothing_heavy_is_imported_without_the_archive(folder):
    import subprocess

    (folder / "a.rules").write_text(LINTED)
    code = (
        "import sys; from wirewatch.__main__ import main; main(['rules', 'check', '--json']);"
        "print(sorted({'sqlalchemy', 'httpx2', 'rich', 'trafilatura'} & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=folder.parent, capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "[]"


# --- the archive ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def url(filled):
    from wirewatch.places import ConfigDir
    from wirewatch.settings import load_settings

    return load_settings(ConfigDir(path=filled, origin="test"), db=None).database.url


@pytest.fixture
def listings(url):
    with Listings(url) as opened:
        yield opened


@pytest.fixture
def archive(url, listings):
    with Vocabulary(url) as vocabulary:
        yield lambda **given: StoredArchive(listings, vocabulary, given.pop("now", datetime.now(UTC)), **given)


def test_the_archive_is_asked_only_when_wanted(wirewatch, filled):
    plain = wirewatch("--config", filled, "rules", "check", "--jsonl").jsonl
    assert [row["code"] for row in plain] == ["W112"]
    full = wirewatch("--config", filled, "rules", "check", "--archive", "--jsonl")
    assert full.code == 0
    assert {"W107", "W112"} <= {row["code"] for row in full.jsonl}
    (dead,) = [row for row in full.jsonl if row["code"] == "W107" and row["topic"] == "nowhere"]
    assert dead["message"].startswith("nowhere.1 matches none of the ")


def test_what_is_too_much_can_be_chosen(wirewatch, copied):
    (copied / "rules" / "own.rules").write_text('topic all\n    match the | re*\n    test yes "the"\n')

    def codes(*given):
        rows = wirewatch("--config", copied, "rules", "check", "--archive", *given, "--jsonl").jsonl
        return [row["code"] for row in rows if row["topic"] == "all"]

    assert codes() == ["W106", "W111"]
    assert codes("--max-share", "100", "--max-words", "3") == ["W108"]


def test_without_a_database_the_archive_cannot_be_asked(wirewatch, folder):
    (folder / "a.rules").write_text(GOOD)
    ended = wirewatch("--db", folder.parent / "none.db", "rules", "check", "--archive")
    assert ended.code == 5


def test_hits_are_those_of_the_matcher(archive, listings):
    topics = [
        parse_topic("topic a\n match missile* AND Ukraine\n match the\n not knitting\n"),
        parse_topic("topic b\n match quagga\n"),
    ]
    asked = []
    hits = archive(tell=lambda done, total: asked.append((done, total))).count_hits(topics)
    total = listings.article_count()
    assert (hits.articles, hits.recent) == (total, total)
    assert asked[-1] == (total, total)
    assert hits.found["a.1"] == len(listings.search("missile* AND Ukraine NOT knitting").rows) > 0
    assert hits.found["a.2"] == len(listings.search("the NOT knitting").rows)
    assert hits.found_recently == {"a.1", "a.2"}
    assert archive(sample=3).count_hits(topics).articles == 3
    old = archive(now=datetime.now(UTC) + timedelta(days=91)).count_hits(topics)
    assert (old.articles, old.recent, old.found_recently) == (total, 0, frozenset())


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("match missile* AND Ukraine", True),
        ("match quagga", False),
        ("match missile*\n not missile*", False),
        ("match =MISSILE", False),
        ("match source:nowhere.example", False),
        ("match lang:en", True),
    ],
)
def test_recent_hits(archive, rule, expected):
    topic = parse_topic(f"topic a\n {rule}\n")
    assert archive().has_recent(topic, topic.rules[0]) is expected
    later = archive(now=datetime.now(UTC) + timedelta(days=91))
    assert later.has_recent(topic, topic.rules[0]) is False


def test_what_cannot_be_told_is_taken_for_a_hit(archive):
    topic = parse_topic("topic a\n match source:nowhere.example\n")
    assert archive(scan_limit=2).has_recent(topic, topic.rules[0])


def test_problems_of_the_program_as_doctor_wants_them(folder):
    (folder / "a.rules").write_text(LINTED + FAILING + BROKEN)
    loaded = load(folder)
    assert [problem.code for problem in find_problems(loaded)] == ["E104", "TEST"]
    assert [problem.code for problem in find_lints(loaded)] == ["W101", "W104"]


def test_a_file_may_be_named_as_errors_name_it(wirewatch, folder):
    (folder / "a.rules").write_text(BROKEN)
    (folder / "b.rules").write_text(GOOD)
    ended = wirewatch("rules", "check", "a.rules")
    assert (ended.code, ended.out.partition(": ")[0]) == (4, "a.rules:2:19")
    assert wirewatch("rules", "check", "b.rules").code == 0
    Path("b.rules").write_text("topic here\n    match kerch kerch\n    test no kerch\n")
    assert wirewatch("rules", "check", "b.rules", "--json").code == 4


def test_a_folder_is_no_file(wirewatch, folder):
    (folder / "c.rules").mkdir()
    for name in (str(folder), "rules", "c.rules", "."):
        ended = wirewatch("rules", "check", name)
        assert (ended.code, ended.out) == (2, "")
        assert "is a folder; name a rule file in it" in ended.err


def test_topics_that_fall_with_a_macro_are_named(wirewatch, folder):
    (folder / "a.rules").write_text(
        "let @z = (kerch\nlet @y = @z odesa\n"
        "topic first\n    match @z # not @w\ntopic second\n    match @y | @fine\n"
        "topic third\n    match kerch |\nlet @fine = x\n"
    )
    (folder / "b.rules").write_text("topic fourth\n    match @z\ntopic fifth\n    match x\n")
    lines = wirewatch("rules", "check").out.splitlines()
    assert lines[-2:] == [
        "not in force by these files: first (uses @z), second (uses @y), fourth (uses @z)",
        "1 topic understood, 0 tests run: 2 errors, 1 warning",
    ]
    ended = wirewatch("rules", "check", folder / "b.rules")
    assert (ended.code, wirewatch("rules", "check", "--json", folder / "b.rules").code) == (4, 4)
    assert "\nnot in force by these files: fourth (uses @z)\n1 topic understood, 0 tests run: 1 warning\n" in ended.out
    (folder / "b.rules").write_text("".join(f"topic t{i}\n    match @z\n" for i in range(30)))
    lines = wirewatch("rules", "check", folder / "b.rules").out.splitlines()
    assert lines[0].endswith("t19 (uses @z) and 10 more")
    assert lines[1:] == ["0 topics understood, 0 tests run: no error in these files"]


def test_each_error_names_its_topic(wirewatch, folder):
    (folder / "a.rules").write_text(
        "topic a\n    match (x\n      | y\n   match z\nlet @m = (\nstray\n"
        'topic b "\n    match x\ntopic\n    match y |\n'
        "topic c\n\n    # a note\n    mach x\n"
    )
    (folder / "b.rules").write_text("  indented\ntopic a\n    match x\n")
    (folder / "c.rules").mkdir()
    rows = wirewatch("rules", "check", "--jsonl").jsonl
    found = {(row["file"], row["line"]): row["topic"] for row in rows}
    expected = {("a.rules", line): topic for line, topic in ((2, "a"), (4, "a"), (5, None), (6, None), (7, "b"))}
    expected |= {("a.rules", 9): None, ("a.rules", 10): None, ("a.rules", 14): "c"}
    expected |= {("b.rules", 1): None, ("b.rules", 2): "a", ("c.rules", 1): None}
    assert found == expected
