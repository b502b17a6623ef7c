"""wirewatch rules add: one line more, or nothing at all."""

from __future__ import annotations

import re

import pytest

from wirewatch.ruleedit import Place, hold


@pytest.fixture
def own(copied):
    """The rule file of a configuration with a filled database."""
    return copied / "rules" / "own.rules"


@pytest.fixture
def add(wirewatch, copied):
    def run(*arguments):
        return wirewatch("--config", copied, "rules", "add", *arguments)

    return run


def test_a_match_line_is_added_and_its_effect_told(add, own, wirewatch, copied):
    before = own.read_text()
    ended = add("nowhere", "ferry | quay*")
    assert (ended.code, ended.out) == (0, "nowhere.2\n")
    assert own.read_text() == before + "    match ferry | quay*\n"
    assert f"added to topic nowhere in {own}\n" in ended.err
    assert re.search(r"topic nowhere: [1-9]\d* would enter, 0 leave, 0 stay\n  \+ ", ended.err)
    assert "rules apply" in ended.err
    (row,) = [r for r in wirewatch("--config", copied, "rules", "list", "--json").json if r["topic"] == "nowhere"]
    assert row["rules"] == 2


def test_a_not_line_is_added(add, own):
    before = own.read_text()
    ended = add("air-defence", '"PURL stitch" | =Purl', "--not")
    assert (ended.code, ended.out) == (0, "air-defence.not.2\n")
    line = "    not   knitting\n"
    assert own.read_text() == before.replace(line, line + '    not   "PURL stitch" | =Purl\n')
    assert add("nowhere", "emu", "--not").out == "nowhere.not.1\n"


@pytest.mark.parametrize(
    ("content", "after"),
    [
        (b"\xef\xbb\xbftopic a\r\n\tmatch x\r\n# end", b"\xef\xbb\xbftopic a\r\n\tmatch x\r\n\tmatch y\r\n# end"),
        (b"topic a\n  match x", b"topic a\n  match x\n  match y"),
    ],
)
def test_every_other_byte_stays(add, own, content, after):
    (own.parent / "a.rules").write_bytes(content)
    assert add("a", "y").out == "a.2\n"
    assert (own.parent / "a.rules").read_bytes() == after


def test_a_new_topic_gets_a_file_of_its_name(add, own):
    ended = add("ferries", "ferry", "--title", 'The "ferries"', "--tags", "sea, ports")
    assert (ended.code, ended.out) == (0, "ferries.1\n")
    assert (own.parent / "ferries.rules").read_text() == (
        'topic ferries "The \\"ferries\\""\n    tags  sea, ports\n    match ferry\n'
    )
    assert add("ferries", "ship").out == "ferries.2\n"


def test_a_new_topic_goes_to_the_file_that_is_named(add, own):
    before = own.read_text()
    assert add("ferries", "ferry", "--file", "own.rules").out == "ferries.1\n"
    assert own.read_text() == before + "\ntopic ferries\n    match ferry\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere", "emu OR"], r"own\.rules:13:17: E104 "),
        (["nowhere", ""], r"own\.rules:13:\d+: E103 "),
        (["nowhere", "# nothing"], r"own\.rules:13:\d+: E103 "),
        (["nowhere", "@nix"], r"own\.rules:13:11: E206 "),
        (["fresh", "(emu"], r"fresh\.rules:2:11: E101 "),
        (["air-defence", "missiles", "--not"], r"TEST topic air-defence should match"),
    ],
)
def test_what_makes_an_error_is_not_written(add, own, arguments, message):
    before = {path.name: path.read_bytes() for path in own.parent.iterdir()}
    ended = add(*arguments)
    assert (ended.code, ended.out) == (4, "")
    assert re.search(message, ended.err), ended.err
    assert "is as it was: nothing was added" in ended.err
    assert {path.name: path.read_bytes() for path in own.parent.iterdir()} == before


def test_an_expression_may_start_with_a_minus(add, own):
    assert add("--", "nowhere", "-emu okapi").out == "nowhere.2\n"
    assert own.read_text().endswith("    match -emu okapi\n")


def test_the_caret_is_drawn(add):
    lines = add("nowhere", "emu | NOT okapi").err.splitlines()
    assert lines[1] == "      match emu | NOT okapi"
    assert lines[2].index("^") == lines[1].index("NOT")


def test_old_errors_do_not_stop_a_good_line(add, own):
    (own.parent / "bad.rules").write_text("topic bad\n    match (x\n")
    ended = add("nowhere", "emu")
    assert (ended.code, ended.out) == (0, "nowhere.2\n")
    assert "1 problem besides, as before" in ended.err
    assert "but topic bad stays at its last good version" in ended.err
    assert add("bad", "emu").out == "bad.2\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no where", "a"], "a topic's name is letters"),
        (["1st", "a"], "a topic's name is letters"),
        (["../evil", "a"], "a topic's name is letters"),
        (["", "a"], "a topic's name is letters"),
        (["nowhere", "a\nb"], "EXPR: must be one line"),
        (["nowhere", "a\rb"], "EXPR: must be one line"),
        (["nowhere", "a\x00b"], "EXPR: must be one line"),
        (["nowhere", "a\udcffb"], "EXPR: must be one line"),
        (["fresh", "a", "--title", "a\nb"], "--title: must be one line"),
        (["fresh", "a", "--tags", "a,,b"], "--tags: nothing: a tag is"),
        (["fresh", "a", "--tags", "a b"], "--tags: a b: a tag is"),
        (["fresh", "a", "--not"], "there is no topic fresh yet"),
        (["fresh", "a", "--file", "fresh.txt"], "ends in .rules"),
        (["nowhere", "a", "--file", "fresh.rules"], "topic nowhere is in own.rules"),
        (["nowhere", "a", "--title", "x"], "topic nowhere exists already"),
        (["nowhere", "a", "--tags", "x"], "topic nowhere exists already"),
        (["nowhere", "a", "--since", "1M"], "--since"),
    ],
)
def test_what_cannot_be_meant_is_refused(add, own, arguments, message):
    before = {path.name: path.read_bytes() for path in own.parent.iterdir()}
    ended = add(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err
    assert {path.name: path.read_bytes() for path in own.parent.iterdir()} == before


@pytest.mark.parametrize("name", ["../x.rules", "a/x.rules", ".x.rules"])
def test_a_file_outside_the_folder_is_refused(add, own, name):
    ended = add("fresh", "a", "--file", name)
    assert (ended.code, ended.out) == (2, "")
    assert name in ended.err


def test_a_topic_that_is_defined_twice_is_not_added_to(add, own):
    (own.parent / "more.rules").write_text("topic nowhere\n    match a\n")
    ended = add("nowhere", "b")
    assert ended.code == 4
    assert "defined twice, in more.rules and own.rules" in ended.err


def test_a_file_that_is_no_text_is_not_appended_to(add, own):
    (own.parent / "fresh.rules").write_bytes(b"# ok\n# \xff\n")
    ended = add("fresh", "a")
    assert ended.code == 4
    assert "fresh.rules:2: not UTF-8 (byte 0xFF)" in ended.err


def test_a_file_that_is_being_edited_is_left_alone(add, own):
    before = own.read_bytes()
    with hold(Place(folder=own.parent, name="own.rules")):
        ended = add("nowhere", "emu")
    assert (ended.code, own.read_bytes()) == (1, before)
    assert "somebody is editing it now" in ended.err


def test_without_a_database_it_says_so(add, own, copied):
    for path in copied.glob("wirewatch.db*"):
        path.unlink()
    ended = add("nowhere", "emu")
    assert (ended.code, ended.out) == (0, "nowhere.2\n")
    assert "the effect on stored articles cannot be told: " in ended.err


def test_the_built_in_rules_are_never_edited(wirewatch):
    ended = wirewatch("rules", "add", "crimea", "Krim")
    assert ended.code == 4
    assert "wirewatch init" in ended.err


@pytest.mark.parametrize("how", ["folder", "link", "bytes"])
def test_no_topic_is_made_that_may_stand_in_a_file_that_cannot_be_read(add, own, how):
    own.unlink()
    if how == "folder":
        own.mkdir()
    elif how == "link":
        own.symlink_to("nowhere-else")
    else:
        own.write_bytes(b"topic nowhere\n    match quagga\n# \xff\n")
    for name in ("nowhere", "fresh"):
        ended = add(name, "emu")
        assert (ended.code, ended.out) == (4, "")
        assert f"topic {name} may stand already where nothing can be read" in ended.err
        assert "own.rules:" in ended.err
        assert not (own.parent / f"{name}.rules").exists()


def test_a_topic_in_force_behind_something_not_understood_is_not_made_anew(add, own):
    own.write_text(own.read_text().replace("topic nowhere", "topik nowhere"))
    ended = add("nowhere", "emu")
    assert (ended.code, ended.out) == (4, "")
    assert "E301 unknown statement topik" in ended.err
    assert not (own.parent / "nowhere.rules").exists()
    assert add("fresh", "emu").code == 0


def test_long_titles_are_cut(capsys):
    from wirewatch.cli.rule_effect import MOST_TITLE, _show_titles

    _show_titles("+", ["word " * 1000])
    assert len(capsys.readouterr().err) == MOST_TITLE + len("  + \n")
