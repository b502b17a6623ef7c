"""Rule files: what is read, what is refused and where, and that one fault never silences the rest."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.assemble import assemble_rules
from rules.errors import RuleErrors
from rules.files import load_rules, parse_topic
from rules.layout import MAX_STRAY, RuleFile
from rules.render import render
from rules.tree import walk

GOOD = """\
# ukraine.rules
let @zelensky = Zelensky | Zelenskyy
    | Зеленський          # a line of its own

    | Зеленский

topic purl "NATO's aid scheme \\"PURL\\""
    tags  ukraine, aid
    lang  en, NL                      # a guard
    priority 3
    match =PURL AND
        # why not
        (NATO | Ukraine)
    match "Prioritised Ukraine Requirements List"
    not   "persistent URL" | knitting
    test  yes "NATO's PURL package"   # a comment
    test  no  "knit two, purl two # and so on"

topic president
\tmatch @zelensky
"""


def load(tmp_path, **files):
    for name, text in files.items():
        content = text if isinstance(text, bytes) else text.encode()
        (tmp_path / f"{name}.rules").write_bytes(content)
    return load_rules(tmp_path)


def places(loaded):
    return [(e.code, e.file, e.line, e.column) for e in loaded.errors]


def names(loaded):
    return [topic.name for topic in loaded.topics]


def test_a_good_file_is_read(tmp_path):
    loaded = load(tmp_path, ukraine=GOOD)
    assert (loaded.errors, loaded.broken, loaded.unread_files) == ((), (), ())
    purl, president = loaded.topics
    assert (purl.name, purl.title, purl.tags) == ("purl", 'NATO\'s aid scheme "PURL"', ("ukraine", "aid"))
    assert (purl.langs, purl.priority, purl.file, purl.line) == (("en", "nl"), 3, "ukraine.rules", 7)
    assert [(r.id, render(r.tree), r.line) for r in purl.rules] == [
        ("purl.1", "=PURL AND (NATO | Ukraine)", 11),
        ("purl.2", '"Prioritised Ukraine Requirements List"', 14),
    ]
    assert [(r.id, render(r.tree), r.line) for r in purl.excludes] == [
        ("purl.not.1", '"persistent URL" | knitting', 15)
    ]
    assert [(t.should_match, t.text, t.line) for t in purl.tests] == [
        (True, "NATO's PURL package", 16),
        (False, "knit two, purl two # and so on", 17),
    ]
    assert (president.title, president.langs, president.priority) == (None, (), 0)
    assert render(president.rules[0].tree) == "Zelensky | Zelenskyy | Зеленський | Зеленский"
    assert list(loaded.macros) == ["zelensky"]


@pytest.mark.parametrize(
    "change", [lambda t: "\ufeff" + t, lambda t: t.replace("\n", "\r\n"), lambda t: t.replace("\n", "\r")]
)
def test_byte_order_marks_and_line_ends_make_no_difference(tmp_path, change):
    before = load(tmp_path, a=GOOD)
    after = load(tmp_path, a=change(GOOD))
    assert after == before


def test_only_rules_files_of_the_folder_are_read(tmp_path):
    (tmp_path / "notes.txt").write_text("not a rule")
    assert load(tmp_path) == load_rules([])
    assert names(load(tmp_path, b="topic b\n match b", a="topic a\n match a")) == ["a", "b"]
    assert names(load_rules([tmp_path / "b.rules"])) == ["b"]
    assert load_rules([str(tmp_path / "b.rules")]).topics[0].file == str(tmp_path / "b.rules")


def test_a_missing_folder_is_a_clear_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no rules folder"):
        load_rules(tmp_path / "none")
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError, match="is not a folder"):
        load_rules(str(tmp_path / "file"))


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        # E301 outside topics
        ("topc a\n  match a", [("E301", 1, 1)]),
        ("  match a\n  match b", [("E301", 1, 3)]),
        ("match a", [("E301", 1, 1)]),
        # E302 unknown attribute
        ("topic a\n  match a\n  mtach b", [("E302", 3, 3)]),
        ("topic a\n  match: a", [("E302", 2, 3)]),
        ("topic a\n  match a\n  !", [("E302", 3, 3)]),
        # E303 indents
        ("topic a\n  match a\n not b", [("E303", 3, 2)]),
        ("topic a\n  match a\n\tnot b", [("E303", 3, 2)]),
        ("topic a\n \tmatch a", [("E303", 2, 3)]),
        ("topic a\n  match a\n\u00a0\u00a0not b", [("E303", 3, 3)]),
        ("topic a\n  match a\n\tnot b\n    | c", [("E303", 3, 2)]),
        # E304 topic header
        ("topic\n  match a", [("E304", 1, 6)]),
        ("topic 5a\n  match a", [("E304", 1, 7)]),
        ("topic a!\n  match a", [("E304", 1, 7)]),
        ("topic a b\n  match a", [("E304", 1, 9)]),
        ('topic a "b\n  match a', [("E304", 1, 9)]),
        ('topic a "b" c\n  match a', [("E304", 1, 13)]),
        (f"topic {'a' * 201}\n  match a", [("E304", 1, 7)]),
        # E305 let
        ("let zelensky = a", [("E305", 1, 5)]),
        ("let @m a", [("E305", 1, 8)]),
        ("let", [("E305", 1, 4)]),
        # E306 topic without match
        ("topic a\n  not b", [("E306", 1, 1)]),
        ("topic a\ntopic b\n match b", [("E306", 1, 1)]),
        # E307, E308 twice
        ("topic a\n match a\ntopic a\n match b", [("E307", 3, 1)]),
        ("let @m = a\nlet @m = b", [("E308", 2, 1)]),
        # E309 test lines
        ('topic a\n match a\n test maybe "a"', [("E309", 3, 7)]),
        ("topic a\n match a\n test yes a", [("E309", 3, 11)]),
        ("topic a\n match a\n test yes", [("E309", 3, 10)]),
        ("topic a\n match a\n test", [("E309", 3, 6)]),
        ('topic a\n match a\n test no "a" b', [("E309", 3, 14)]),
        ('topic a\n match a\n test no "a', [("E102", 3, 10)]),
        # E310 other values
        ("topic a\n match a\n tags a b", [("E310", 3, 9)]),
        ("topic a\n match a\n tags", [("E310", 3, 6)]),
        ("topic a\n match a\n tags a,", [("E310", 3, 9)]),
        ("topic a\n match a\n tags a, !", [("E310", 3, 10)]),
        ("topic a\n match a\n lang english", [("E310", 3, 7)]),
        ("topic a\n match a\n lang en\n lang nl", [("E310", 4, 2)]),
        ("topic a\n match a\n priority high", [("E310", 3, 11)]),
        ("topic a\n match a\n priority 5 6", [("E310", 3, 11)]),
        ("topic a\n match a\n priority 5\n priority 6", [("E310", 4, 2)]),
        # Expressions: columns count in the line of the file
        ("topic a\n    match =PURL | NOT knitting", [("E202", 2, 19)]),
        ("topic a\n match", [("E103", 2, 7)]),
        ("topic a\n match a # b\n   and c", [("E106", 3, 4)]),
        ("topic a\n match a AND # b", [("E104", 2, 13)]),
        ('topic a\n match "a\n   b"', [("E102", 2, 8)]),
        ("topic a\n match a\n not NOT b", [("E201", 3, 6)]),
        ("topic a\n match a & | b\n not cd* NEAR c", [("E104", 2, 12), ("E209", 3, 10)]),
        # Macros
        ("let @m = a AND\ntopic b\n match @m", [("E104", 1, 15)]),
        ("let @m = a @n", [("E206", 1, 12)]),
        ("let @m = a\n  @n", [("E206", 2, 3)]),
        ("let @m = @m | a", [("E207", 1, 10)]),
        ("let @m = a | @n\nlet @n = @m\nlet @o = @n", [("E207", 1, 14), ("E207", 2, 10)]),
        ("let @m = a | NOT b", [("E202", 1, 14)]),
        ("topic b\n match @m", [("E206", 2, 8)]),
    ],
)
def test_faults_are_told_with_their_place(tmp_path, text, faults):
    loaded = load(tmp_path, a=text)
    found = sorted((e.code, e.line, e.column) for e in loaded.errors)
    assert found == sorted(faults), "\n".join(e.render() for e in loaded.errors)
    assert all(
        e.file == "a.rules" and e.message and e.source_line == text.split("\n")[e.line - 1] for e in loaded.errors
    )


@pytest.mark.parametrize(
    ("text", "code", "stretch", "remedy"),
    [
        ("topc a\n  match a", "E301", "topc", "did you mean topic ?"),
        ("zzz a\n  match a", "E301", "zzz", "start with topic or let, or indent it below a topic"),
        ("  match a", "E301", "match a", "start it at the margin"),
        ("topic a\n  match a\n  mtach b", "E302", "mtach", "did you mean match ?"),
        ("topic a\n  match a\n  colour b", "E302", "colour", "attributes are match, not, tags, lang, priority, test"),
        ("topic a\n  match a\n\tnot b", "E303", "", "indent the whole topic with spaces"),
        ("topic a\n  match a\n not b", "E303", "", "give all attributes of a topic the same indent"),
        ("topic 5a\n  match a", "E304", "5a", 'write  topic name "title" ; a name is letters, digits, - and _'),
        ("let zelensky = a", "E305", "zelensky", "write  let @name = …"),
        ("let @zelensky a", "E305", "", "write  let @zelensky = …"),
        ("topic a\n  not b", "E306", "topic a", "add  match …"),
        ("topic a\n match a\ntopic a\n match b", "E307", "topic", "rename one of them, or join them"),
        ("let @m = a\nlet @m = b", "E308", "let @m", "rename one of them"),
        ('topic a\n match a\n test maybe "a"', "E309", "maybe", 'write  test yes "…"  or  test no "…"'),
        ("topic a\n match a\n test no a", "E309", "a", 'write it as "…"'),
        ('topic a\n match a\n test no "a" b', "E309", "b", 'write \\" for a quote inside a text'),
        ('topic a\n match a\n test no "a b', "E102", '"a b', "close it on the same line"),
        ("topic a\n match a\n tags a, b!", "E310", "b!", "a tag is letters, digits, - and _"),
        ("topic a\n match a\n tags a b", "E310", "", "separate the members of a list by commas"),
        ("topic a\n match a\n lang english", "E310", "english", "write two-letter language codes: lang en, nl"),
        ("topic a\n match a\n priority high", "E310", "high", "write a whole number: priority 5"),
        ("topic a\n match a\n lang en\n lang nl", "E310", "lang", "join the two"),
        ("let @zelensky = a\ntopic a\n match @zelenski", "E206", "@zelenski", "did you mean @zelensky ?"),
        ("let @a = b @zelenski\nlet @zelensky = a", "E206", "@zelenski", "did you mean @zelensky ?"),
        ("topic a\n match @zelenski", "E206", "@zelenski", "define it: let @zelenski = …"),
        ("let @m = (a | @m)", "E207", "@m", "break the circle"),
    ],
)
def test_an_error_underlines_what_is_wrong_and_says_what_to_do(tmp_path, text, code, stretch, remedy):
    (error,) = load(tmp_path, a=text).errors
    line = text.split("\n")[error.line - 1]
    assert error.end_line == error.line
    assert (error.code, line[error.column - 1 : error.end_column - 1]) == (code, stretch)
    assert error.remedy.startswith(remedy)
    _, shown, pointer = error.render().split("\n")
    assert shown == f"  {line}".replace("\t", " ")
    assert pointer == f"  {' ' * (error.column - 1)}^ {error.remedy}"


def test_all_errors_of_a_set_are_told_in_one_run_in_order(tmp_path):
    bad = "topic a\n  match a and b\n  not c AND\n  colour red\ntopic b\n  match b\ntopic c\n  match (c\n"
    loaded = load(tmp_path, two=bad, one="topic d\n match d & \n")
    assert places(loaded) == [
        ("E104", "one.rules", 2, 11),
        ("E106", "two.rules", 2, 11),
        ("E104", "two.rules", 3, 12),
        ("E302", "two.rules", 4, 3),
        ("E101", "two.rules", 8, 9),
    ]
    assert names(loaded) == ["b"]
    assert set(loaded.broken) == {"a", "c", "d"}
    assert loaded.unread_files == ()


def test_a_fault_outside_all_topics_marks_the_file(tmp_path):
    """Its topics cannot all be told by name, so none that was known from it may be dropped."""
    loaded = load(tmp_path, a="topic a\n match a\ntopc b\n match b\n", c="topic c\n match c\n")
    assert names(loaded) == ["a", "c"]
    assert (loaded.broken, loaded.unread_files) == ((), ("a.rules",))
    loaded = load(tmp_path, a="topic a\n match a\ntopic 1\n match b\n")
    assert loaded.unread_files == ("a.rules",)


def test_what_is_defined_twice_is_refused_and_both_places_are_named(tmp_path):
    loaded = load(tmp_path, a="let @m = a\ntopic t\n match a", b="\nlet @m = b\ntopic t\n match @m\ntopic u\n match @m")
    messages = [e.render() for e in loaded.errors]
    assert "b.rules:2:1: E308" in messages[0]
    assert "a.rules:1" in messages[0]
    assert "b.rules:3:1: E307" in messages[1]
    assert "a.rules:2" in messages[1]
    assert (names(loaded), set(loaded.broken)) == ([], {"t", "u"})


def test_macros_hold_in_every_file_and_in_each_other(tmp_path):
    loaded = load(tmp_path, z="let @two = @one | c\nlet @one = a | b", a="topic t\n match @two d")
    assert not loaded.errors
    assert render(loaded.topics[0].rules[0].tree) == "(a | b | c) AND d"


def test_topics_that_use_a_broken_macro_are_broken_without_an_error_of_their_own(tmp_path):
    loaded = load(tmp_path, a="let @m = a AND\nlet @n = @m\ntopic t\n match b @n\ntopic u\n match u")
    assert [e.code for e in loaded.errors] == ["E104"]
    assert (names(loaded), loaded.broken) == (["u"], ("t",))
    assert dict(loaded.macros) == {}


def test_a_rule_knows_where_it_stands(tmp_path):
    loaded = load(tmp_path, ukraine="\ufeff" + GOOD.replace("\n", "\r\n"))
    text = loaded.files["ukraine.rules"].text
    purl, president = loaded.topics
    first, second = purl.rules
    assert text[first.at : first.end] == " =PURL AND\n        # why not\n        (NATO | Ukraine)"
    nato = first.tree.children[1].children[0]
    assert text[first.at + nato.at :].startswith("NATO")
    assert loaded.files[first.file].place(first.at + nato.at) == (13, 10)
    assert text[second.at : second.end] == ' "Prioritised Ukraine Requirements List"'
    assert text[purl.excludes[0].at :].startswith('   "persistent URL"')
    assert text[purl.at :].startswith("topic purl")
    assert [text[test.at :].split()[0] for test in purl.tests] == ["\"NATO's", '"knit']
    # What came from a macro stands where the macro is used.
    rule = president.rules[0]
    assert {text[rule.at + node.at : rule.at + node.end] for node in walk(rule.tree)} == {"@zelensky"}


def test_macros_know_where_they_are_defined_and_whether_anything_uses_them(tmp_path):
    text = "let @one = a\nlet @two =\n  @one | b\nlet @three = c\nlet @bad = a AND\n"
    loaded = load(tmp_path, a=f'{text}topic t\n match d "@three" # @three\n', b="topic u\n match @two\n colour red")
    found = [(d.name, d.file, text[d.at : d.end], d.is_used, d.is_understood) for d in loaded.definitions.values()]
    assert found == [
        ("one", "a.rules", "@one = a", True, True),
        ("two", "a.rules", "@two =\n  @one | b", True, True),
        ("three", "a.rules", "@three = c", False, True),
        ("bad", "a.rules", "@bad = a AND", False, False),
    ]
    two = loaded.definitions["two"]
    assert text[two.start + loaded.macros["two"].at :].startswith("@one | b\n")


def test_a_let_without_an_equals_sign_is_told_once(tmp_path):
    loaded = load(tmp_path, a="let @m a\ntopic t\n match @m\n")
    assert [e.code for e in loaded.errors] == ["E305"]
    assert loaded.broken == ("t",)


def test_a_rule_of_a_megabyte_is_refused_with_its_place(tmp_path):
    large = " | ".join(f"name{i}" for i in range(100_000))
    rules = f"topic a\n match a\n not {large}\nlet @m = {large}\ntopic b\n match @m\ntopic c\n match c"
    loaded = load(tmp_path, a=rules)
    assert places(loaded) == [("E311", "a.rules", 3, 2), ("E311", "a.rules", 4, 1)]
    assert max(len(error.render()) for error in loaded.errors) < 1000
    assert [topic.name for topic in loaded.topics] == ["c"]
    assert loaded.broken == ("a", "b")


def test_ten_thousand_errors_are_all_told():
    lines = (" mutch a", "\tmatch a", " match @unknown{}", " match a AND", " tags !", " test a", " lang english{}")
    topics = "\n".join(f"topic t{i}\n match a\n{lines[i % len(lines)].format(i)}" for i in range(10_000))
    macros = "\n".join(f"let @m{i} = a" for i in range(1_000))
    loaded = assemble_rules([RuleFile("a", f"{macros}\n{topics}")])
    assert len(loaded.errors) == len({error.line for error in loaded.errors}) == 10_000
    assert len(loaded.broken) == 10_000


def test_lines_that_are_no_rules_at_all_are_told_up_to_a_number():
    loaded = assemble_rules([RuleFile("a", "1,2,3\n" * (MAX_STRAY + 7))])
    assert len(loaded.errors) == MAX_STRAY + 1
    assert loaded.errors[-1].summary == f"a:{MAX_STRAY + 1}:1: E301 7 more lines that start no statement"


def test_loaded_rules_survive_pickling(tmp_path):
    loaded = load(tmp_path, ukraine=GOOD, bad="topic x\n match")
    again = pickle.loads(pickle.dumps(loaded))
    assert again.topics == loaded.topics
    assert places(again) == places(loaded)


def test_a_stored_topic_reads_back_to_itself(tmp_path):
    for topic in load(tmp_path, ukraine=GOOD).topics:
        again = parse_topic(topic.source, file="x")
        assert (again.version, again.source, again.file) == (topic.version, topic.source, "x")
        assert [r.tree for r in again.rules] == [r.tree for r in topic.rules]
        assert [t.text for t in again.tests] == [t.text for t in topic.tests]


@pytest.mark.parametrize("source", ["", "topic a\n match a AND", "topic a\n match a\ntopic b\n match b"])
def test_a_stored_topic_that_is_none_is_refused(source):
    with pytest.raises(RuleErrors) as caught:
        parse_topic(source)
    assert "stored topic:" in caught.value.render()


@given(st.text(st.sampled_from('ab \t\n#"“”|()=@*~:,0')) | st.text())
def test_no_text_makes_the_reader_fail(text):
    for lines in (text, f"topic a\n match {text}", f"let {text}\ntopic a {text}\n tags {text}\n match b\n test {text}"):
        loaded = assemble_rules([RuleFile("a", lines)])
        for error in loaded.errors:
            assert error.render()
        for topic in loaded.topics:
            assert parse_topic(topic.source).version == topic.version
