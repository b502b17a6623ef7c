"""Rule files are found, locked, judged as part of the whole set, and replaced at once or not at all."""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from wirewatch.errors import ConfigError, WirewatchError
from wirewatch.ruleedit import (
    ChangedOnDisk,
    Place,
    check_writable,
    find_place,
    hold,
    judge,
    replace_file,
    rule_files,
    written_topics,
)

ONE = "topic one\n    match a\n    test yes a\n".replace("yes a", 'yes "a"')
TWO = "let @m = m | n\ntopic two\n    match @m\n\ntopic broken\n    match (x\n"


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "one.rules").write_text(ONE)
    (folder / "two.rules").write_text(TWO)
    return folder


def place(folder, name="one.rules"):
    return Place(folder=folder, name=name)


# --- finding ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ("one", "one.rules"),
        ("broken", "two.rules"),
        ("two.rules", "two.rules"),
        ("new.rules", "new.rules"),
        ("only-a-file", "only-a-file.rules"),
    ],
)
def test_a_file_is_found_by_topic_or_name(folder, what, name):
    (folder / "only-a-file.rules").write_text("# nothing\n")
    assert find_place(folder, what) == place(folder, name)


def test_a_path_into_the_folder_is_a_name(folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    assert find_place(folder, "rules/one.rules") == place(folder)
    assert find_place(folder, str(folder / "new.rules")) == place(folder, "new.rules")


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("on", "did you mean one?"),
        ("xyz", "has one.rules, two.rules"),
        (None, "which file? "),
        ("elsewhere/one.rules", "is not in the rules folder"),
        ("../one.rules", "is not in the rules folder"),
        (".one.rules", "does not start with a dot"),
    ],
)
def test_what_is_not_found_is_said_with_what_there_is(folder, what, message):
    with pytest.raises(WirewatchError, match="(?s)" + message.replace("?", r"\?")):
        find_place(folder, what)


def test_the_only_file_needs_no_name(folder):
    (folder / "two.rules").unlink()
    assert find_place(folder, None) == place(folder)
    (folder / "one.rules").unlink()
    with pytest.raises(WirewatchError, match="none yet; name a new one"):
        find_place(folder, None)


def test_files_that_cannot_be_read_hide_no_topic(folder):
    (folder / "binary.rules").write_bytes(b"\xff\x00")
    (folder / "dir.rules").mkdir()
    (folder / "dangling.rules").symlink_to("nowhere")
    os.mkfifo(folder / "pipe.rules")
    (folder / ".hidden.rules").write_text("topic hidden\n    match a\n")
    assert [topic.name for topic in written_topics(folder)] == ["one", "two", "broken"]
    assert find_place(folder, "one") == place(folder)
    for name in ("dir.rules", "pipe.rules"):
        with pytest.raises(ConfigError, match="is no regular file"):
            place(folder, name).read()
    assert judge(place(folder), ONE.encode()).problems == ()


def test_a_folder_that_is_not_there_is_a_configuration_error(tmp_path):
    missing = tmp_path / "no"
    for act in (
        lambda: rule_files(missing),
        lambda: find_place(missing, "a"),
        lambda: list(written_topics(missing)),
        lambda: judge(place(missing), b""),
    ):
        with pytest.raises(ConfigError, match="rules folder"):
            act()


# --- locking ----------------------------------------------------------------------------------------


def test_two_cannot_hold_a_file(folder):
    with hold(place(folder)):
        with pytest.raises(WirewatchError, match="somebody is editing it now"), hold(place(folder)):
            pass
        with hold(place(folder, "two.rules")):
            pass
    with hold(place(folder)):
        pass


def test_the_lock_is_on_the_file_that_came_in_its_place_meanwhile(folder, monkeypatch):
    """Another edit is saved, and its lock given back, between the opening of the file and the asking for the lock."""
    ask, saved = fcntl.flock, []

    def ask_late(descriptor, how):
        if not saved:
            saved.append(replace_file(place(folder), b"new", seen=ONE.encode()))
        ask(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", ask_late)
    with hold(place(folder)), pytest.raises(WirewatchError, match="somebody is editing it now"), hold(place(folder)):
        pass


def test_a_pipe_is_refused_and_not_waited_for(folder):
    os.mkfifo(folder / "pipe.rules")
    with hold(place(folder, "pipe.rules")), pytest.raises(ConfigError, match="is no regular file"):
        place(folder, "pipe.rules").read()


def test_the_lock_is_on_the_file_that_a_link_leads_to(folder):
    (folder / "link.rules").symlink_to("one.rules")
    with hold(place(folder, "link.rules")), pytest.raises(WirewatchError), hold(place(folder)):
        pass


def test_a_new_file_cannot_be_held(folder):
    with hold(place(folder, "new.rules")), hold(place(folder, "new.rules")):
        pass


# --- writing ----------------------------------------------------------------------------------------


def test_a_file_is_replaced_with_its_mode(folder):
    path = folder / "one.rules"
    path.chmod(0o640)
    inode = path.stat().st_ino
    replace_file(place(folder), b"new", seen=ONE.encode())
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert path.stat().st_ino != inode
    assert sorted(each.name for each in folder.iterdir()) == ["one.rules", "two.rules"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only the administrator gives files away")
@pytest.mark.usefixtures("other_users")
def test_a_file_is_replaced_with_its_owner(folder):
    path = folder / "one.rules"
    os.chown(path, 12345, 54321)
    path.chmod(0o604)
    replace_file(place(folder), b"new", seen=ONE.encode())
    assert (path.stat().st_uid, path.stat().st_gid, stat.S_IMODE(path.stat().st_mode)) == (12345, 54321, 0o604)


def test_a_new_file_gets_the_mode_of_new_files(folder):
    before = os.umask(0o027)
    try:
        replace_file(place(folder, "new.rules"), b"new", seen=None)
    finally:
        os.umask(before)
    assert stat.S_IMODE((folder / "new.rules").stat().st_mode) == 0o640


def test_a_link_stays_a_link(folder, tmp_path):
    target = tmp_path / "elsewhere" / "real.rules"
    target.parent.mkdir()
    target.write_text("old")
    (folder / "link.rules").symlink_to(target)
    replace_file(place(folder, "link.rules"), b"new", seen=b"old")
    assert (folder / "link.rules").is_symlink()
    assert target.read_bytes() == b"new"
    (folder / "later.rules").symlink_to(target.with_name("later.rules"))
    replace_file(place(folder, "later.rules"), b"new", seen=None)
    assert target.with_name("later.rules").read_bytes() == b"new"


def test_a_file_that_changes_while_the_new_one_is_written_is_left_alone(folder, monkeypatch):
    path = folder / "one.rules"
    sync = os.fsync

    def slow(descriptor):
        path.write_bytes(b"of somebody else")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", slow)
    with pytest.raises(ChangedOnDisk, match="changed by somebody else"):
        replace_file(place(folder), b"new", seen=ONE.encode())
    assert path.read_bytes() == b"of somebody else"
    assert sorted(each.name for each in folder.iterdir()) == ["one.rules", "two.rules"]


@pytest.mark.parametrize("now", [b"changed", None])
def test_a_file_that_somebody_else_changed_is_left_alone(folder, now):
    path = folder / "one.rules"
    path.unlink()
    if now is not None:
        path.write_bytes(now)
    with pytest.raises(ChangedOnDisk, match="changed by somebody else"):
        replace_file(place(folder), b"new", seen=ONE.encode())
    assert (path.read_bytes() if path.exists() else None) == now


def test_a_new_file_that_somebody_else_made_is_left_alone(folder):
    with pytest.raises(ChangedOnDisk):
        replace_file(place(folder), b"new", seen=None)
    assert (folder / "one.rules").read_text() == ONE


@contextmanager
def nobody():
    """Be a user who owns nothing."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def read_only(other_users):
    """A rules folder that the user `nobody` can read and not write."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "one.rules").write_text(ONE)
        (folder / "one.rules").chmod(0o444)
        folder.chmod(0o555)
        yield folder
        folder.chmod(0o755)


def test_a_folder_that_may_not_be_written_is_told_before_the_editor_starts(read_only):
    with nobody(), pytest.raises(WirewatchError, match="may not be written"):
        check_writable(place(read_only))


def test_what_cannot_be_written_leaves_all_as_it_was(read_only):
    with nobody(), pytest.raises(WirewatchError, match=r"one\.rules: cannot be written: Permission denied"):
        replace_file(place(read_only), b"new", seen=ONE.encode())
    assert (read_only / "one.rules").read_text() == ONE
    assert [each.name for each in read_only.iterdir()] == ["one.rules"]


def test_a_link_into_a_folder_that_is_not_there(folder):
    (folder / "link.rules").symlink_to(folder / "no" / "x.rules")
    with pytest.raises(WirewatchError, match="there is no folder"):
        check_writable(place(folder, "link.rules"))
    with pytest.raises(WirewatchError, match="cannot be written"):
        replace_file(place(folder, "link.rules"), b"new", seen=None)


# --- judging ----------------------------------------------------------------------------------------


def verdict_of(folder, content, name="one.rules"):
    return judge(place(folder, name), content.encode())


def names(topics):
    return [topic.name for topic in topics]


def test_comments_change_nothing(folder):
    verdict = verdict_of(folder, "# c\n" + ONE)
    assert (verdict.problems, verdict.changed, verdict.gone, verdict.other_problems) == ((), (), (), 1)


def test_what_the_edit_changes(folder):
    verdict = verdict_of(folder, ONE.replace("match a", "match a | b") + "topic new\n    match c\n")
    assert names(verdict.changed) == ["one", "new"]
    assert verdict.fresh == ()
    assert verdict.held == ("broken",)


def test_a_topic_that_is_taken_out_is_gone(folder):
    verdict = verdict_of(folder, "")
    assert (verdict.gone, verdict.changed) == (("one",), ())


def test_a_topic_that_is_not_understood_is_held(folder):
    verdict = verdict_of(folder, ONE.replace("match a", "match a |"))
    assert [(p.file, p.line, p.code) for p in verdict.problems] == [("one.rules", 2, "E104")]
    assert (verdict.held, verdict.gone) == (("broken", "one"), ())


def test_a_file_that_is_no_text_holds_all_its_topics(folder):
    verdict = judge(place(folder), b"\xff")
    assert [problem.code for problem in verdict.fresh] == ["E300"]
    assert verdict.held == ("broken", "one")
    verdict = judge(place(folder), b" " * 17 * 1024 * 1024)
    assert [problem.message for problem in verdict.fresh] == ["larger than 16 MB"]


def test_a_test_that_fails_is_a_problem(folder):
    verdict = verdict_of(folder, ONE.replace("match a", "match b"))
    assert [problem.code for problem in verdict.fresh] == ["TEST"]
    assert verdict.held == ("broken",)


def test_an_edit_answers_for_what_it_does_to_other_files(folder):
    """A macro that is taken out is missing elsewhere; one that is changed may fail tests elsewhere."""
    (folder / "two.rules").write_text(TWO.partition("\n")[2])
    (folder / "one.rules").write_text("let @m = m | n\n" + ONE)
    verdict = verdict_of(folder, ONE)
    assert [(problem.file, problem.code) for problem in verdict.problems] == [("two.rules", "E206")]
    assert verdict.fresh == verdict.problems
    assert verdict.other_problems == 1
    (folder / "two.rules").write_text('topic two\n    match @m\n    test yes "n"\n')
    verdict = verdict_of(folder, "let @m = m\n" + ONE)
    assert [(problem.file, problem.code) for problem in verdict.fresh] == [("two.rules", "TEST")]
    assert names(verdict.changed) == ["two"]


def test_old_problems_of_the_file_are_shown_and_not_fresh(folder):
    verdict = verdict_of(folder, "# moved\n" + TWO, "two.rules")
    assert [problem.line for problem in verdict.problems] == [7]
    assert verdict.fresh == ()
    verdict = verdict_of(folder, TWO + "topic more\n    match (x\n", "two.rules")
    assert len(verdict.problems) == 2
    assert [problem.line for problem in verdict.fresh] == [8]


def test_an_old_problem_whose_message_names_a_line_that_moves_is_not_fresh(folder):
    twice = "topic x\n    match a\ntopic x\n    match b\n"
    (folder / "two.rules").write_text(twice)
    verdict = verdict_of(folder, "# moved\n" + twice, "two.rules")
    assert [problem.code for problem in verdict.problems] == ["E307"]
    assert verdict.fresh == ()


def test_a_topic_of_another_file_is_no_topic_twice(folder):
    verdict = verdict_of(folder, "topic one\n    match x\n", "new.rules")
    assert [problem.code for problem in verdict.fresh] == ["E307"]


def test_new_lints_of_the_file_are_told(folder):
    verdict = verdict_of(folder, ONE + "topic untested\n    match Crimea\n")
    assert [each.code for each in verdict.lints] == ["W112"]
    assert verdict.problems == ()
