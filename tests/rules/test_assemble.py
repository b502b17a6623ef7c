"""Reading again what has partly changed gives what reading it for the first time gives."""

from __future__ import annotations

import gc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.assemble import Memory, assemble_rules
from rules.files import RuleReader, load_rules, read_digest
from rules.layout import RuleFile

#: Pieces of rule files that get in each other's way: names come twice, macros are missing, wrong, or in circles.
PIECES = [
    "let @m = a | b\n",
    "let @m = a | c\n",
    "let @m = a AND\n",
    "let @m a\n",
    "let @n = @m | d\n",
    "let @m = @n e\n",
    "let @long = @n | @m\n  | f # @m\n",
    "let 1 = a\n",
    "topic t\n  match a\n",
    'topic t\n  match @m\n  test yes "a"\n',
    'topic u "U"\n  lang en\n  match @n\n  not @m d\n',
    "topic v\n  match @long # ok: W104\n  tags x\n",
    'topic w\n  match @mm | "@m"\n',
    "topic x\n  mutch @m\n",
    "topic y\n  not a\n",
    "topic 1\n  match a\n",
    "topic z\n  match a\n\tnot @m\n    b\n",
    "topc t\n  match a\n",
    "  match a\n",
    "\n",
    "# a comment\n",
    "\r\n",
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)
SETS = st.dictionaries(st.sampled_from(["a", "b", "c"]), TEXTS, max_size=3)


def everything(loaded):
    """All that a set says, in a form that can be compared."""
    errors = [(e.render(), e.end_line, e.end_column, e.remedy) for e in loaded.errors]
    places = [(r.id, r.file, r.line, r.at, r.end) for t in loaded.topics for r in (*t.rules, *t.excludes)]
    sources = [(t.source, t.version, t.at) for t in loaded.topics]
    known = (loaded.topics, loaded.broken, loaded.unread_files, dict(loaded.macros), dict(loaded.definitions))
    return errors, places, sources, known, dict(loaded.files)


def assemble(texts, memory=None):
    return assemble_rules([RuleFile(name, text) for name, text in sorted(texts.items())], memory=memory)


@given(st.lists(SETS, min_size=2, max_size=6))
def test_reading_again_gives_what_reading_anew_gives(sequence):
    memory = Memory()
    for texts in sequence:
        assert everything(assemble(texts, memory)) == everything(assemble(texts))


@given(SETS, st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(0, 6), st.sampled_from(["", *PIECES]))))
def test_small_edits_give_what_reading_anew_gives(texts, edits):
    """An edit puts a piece somewhere into a file, or takes a line away."""
    memory = Memory()
    for name, number, piece in edits:
        lines = texts.get(name, "").splitlines(keepends=True)
        lines[number : number + (not piece)] = [piece]
        texts = {**texts, name: "".join(lines)}
        assert everything(assemble(texts, memory)) == everything(assemble(texts))


def test_what_did_not_change_is_not_read_again():
    texts = {"a": "let @m = a\ntopic t\n match @m\n", "b": "topic u\n match b\ntopic v\n match @m\n"}
    memory = Memory()
    t, _, v = assemble(texts, memory).topics
    texts["b"] = texts["b"].replace("match b", "match b\n not c")
    after = assemble(texts, memory).topics
    assert after[0] is t
    assert after[2].rules[0].tree is v.rules[0].tree
    assert (after[2].line, after[2].rules[0].line, v.line) == (4, 5, 3)
    texts["a"] = texts["a"].replace("= a", "= a | b")
    last = assemble(texts, memory).topics
    assert last[0].version != t.version
    assert last[1].rules[0].tree is after[1].rules[0].tree


def test_what_breaks_a_reading_off_leaves_no_half_read_memory():
    texts = {"a": "let @m = a\ntopic t\n match @m\n"}
    memory = Memory()
    assemble(texts, memory)

    def files():
        yield RuleFile("a", "let @m = b\n")
        raise InterruptedError

    with pytest.raises(InterruptedError):
        assemble_rules(files(), memory=memory)
    assert everything(assemble(texts, memory)) == everything(assemble(texts))


def test_the_reader_follows_the_files_of_a_folder(tmp_path):
    reader = RuleReader()

    def check():
        loaded = reader.read(tmp_path)
        assert everything(loaded) == everything(load_rules(tmp_path))
        assert loaded.digest == read_digest(tmp_path)
        return [topic.name for topic in loaded.topics]

    assert check() == []
    (tmp_path / "a.rules").write_text("topic t\n match @m\n")
    assert check() == []
    (tmp_path / "m.rules").write_text("let @m = a\n")
    assert check() == ["t"]
    (tmp_path / "b.rules").mkdir()
    assert check() == ["t"]
    (tmp_path / "b.rules").rmdir()
    (tmp_path / "a.rules").rename(tmp_path / "b.rules")
    assert check() == ["t"]
    (tmp_path / "m.rules").write_bytes(b"let @m = \xff\n")
    assert check() == []
    (tmp_path / "m.rules").unlink()
    (tmp_path / "b.rules").unlink()
    assert check() == []


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "a.rules").write_text("topic b\n match a\n"),
        lambda folder: (folder / "a.rules").rename(folder / "b.rules"),
        lambda folder: (folder / "a.rules").unlink(),
        lambda folder: (folder / "b.rules").write_text(""),
        lambda folder: (folder / "b.rules").mkdir(),
        lambda folder: (folder / "b.rules").symlink_to("none"),
        lambda folder: folder.rename(folder.parent / "other"),
    ],
)
def test_the_digest_tells_every_change(tmp_path, change):
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "a.rules").write_text("topic a\n match a\n")
    before = read_digest(folder)
    (folder / "notes.txt").write_text("no rule")
    (folder / "a.rules").touch()
    assert read_digest(folder) == before
    change(folder)
    assert read_digest(folder) != before


def test_a_folder_that_is_gone_keeps_what_the_reader_knows(tmp_path):
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "a.rules").write_text("topic a\n match a\n")
    reader = RuleReader()
    (topic,) = reader.read(folder).topics
    folder.rename(tmp_path / "away")
    with pytest.raises(FileNotFoundError):
        reader.read(folder)
    (tmp_path / "away").rename(folder)
    assert reader.read(folder).topics[0] is topic


@pytest.mark.parametrize("is_enabled", [True, False])
def test_the_garbage_collector_is_as_it_was_after_a_reading(tmp_path, is_enabled):
    was_enabled = gc.isenabled()
    try:
        (gc.enable if is_enabled else gc.disable)()
        load_rules(tmp_path)
        assert gc.isenabled() is is_enabled
        with pytest.raises(FileNotFoundError):
            load_rules(tmp_path / "none")
        assert gc.isenabled() is is_enabled
    finally:
        (gc.enable if was_enabled else gc.disable)()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # everything a topic knows of its place moves with it
        (
            'topic t\n match a\n not b\n test yes "a"\n test no "b"\n',
            '# moved\n\ntopic t\n match a\n not b\n test yes "a"\n test no "b"\n',
        ),
        # x is also what stands in for a macro that is not understood
        ("let @m = x\ntopic t\n match @m\n", "let @m = x |\ntopic t\n match @m\n"),
        ("let @m = x |\ntopic t\n match @m\n", "let @m = x\ntopic t\n match @m\n"),
    ],
)
def test_an_edit_is_read_like_a_set_that_was_never_seen(before, after):
    memory = Memory()
    assemble({"a": before}, memory)
    assert everything(assemble({"a": after}, memory)) == everything(assemble({"a": after}))
