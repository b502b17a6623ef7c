"""wirewatch rules edit: real files and real editors, which here are scripts."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from wirewatch.cli.rule_edit import find_editor
from wirewatch.errors import WirewatchError
from wirewatch.ruleedit import Place, hold

KEPT = re.compile(r"your edit is kept in (.+)\n")


@pytest.fixture
def own(copied):
    """The rule file of a configuration with a filled database."""
    return copied / "rules" / "own.rules"


@pytest.fixture
def editor(tmp_path, monkeypatch):
    """Put an editor into $EDITOR: a Python script that gets the file as `path`. It counts its runs in `log`."""
    monkeypatch.delenv("VISUAL", raising=False)
    log = tmp_path / "runs"

    def install(script, variable="EDITOR", arguments=""):
        program = tmp_path / "an editor.py"
        program.write_text(
            f"#!{sys.executable}\nimport sys, os\nfrom pathlib import Path\npath = Path(sys.argv[-1])\n"
            f"log = Path({str(log)!r})\nwith log.open('a') as f: print(*sys.argv[1:], file=f)\n"
            f"run = len(log.read_text().splitlines())\n{script}\n"
        )
        program.chmod(0o755)
        monkeypatch.setenv(variable, f"'{program}' {arguments}")
        return log

    return install


@pytest.fixture
def edit(wirewatch, copied):
    """Run `rules edit` with these lines as answers."""
    kept = []

    def run(*answers, what=("nowhere",)):
        ended = wirewatch(
            "--config", copied, "rules", "edit", *what, stdin="".join(f"{each}\n" for each in answers).encode()
        )
        kept.extend(KEPT.findall(ended.err))
        return ended

    yield run
    for path in kept:
        Path(path).unlink()
        Path(path).parent.rmdir()


def kept_in(ended):
    (path,) = KEPT.findall(ended.err)
    return Path(path)


def replaces(old, new):
    return f"path.write_text(path.read_text().replace({old!r}, {new!r}))"


def test_the_copy_is_for_nobody_else(edit, editor, tmp_path):
    seen = tmp_path / "mode"
    editor(f"Path({str(seen)!r}).write_text(oct(path.parent.stat().st_mode & 0o777))")
    edit()
    assert seen.read_text() == "0o700"


def test_an_edit_is_checked_shown_and_saved(edit, editor, own):
    editor(replaces("match quagga", "match ferry"))
    before = own.read_text()
    ended = edit("s")
    assert (ended.code, ended.out) == (0, "")
    assert own.read_text() == before.replace("quagga", "ferry")
    assert re.search(r"of \d+ stored articles \(since 7d\)\n", ended.err)
    assert re.search(r"topic nowhere: [1-9]\d* would enter, 0 leave, 0 stay\n  \+ \S.*\n", ended.err)
    assert "(s)ave, (e)dit again, (q)uit without saving" in ended.err
    assert f"saved {own}\n" in ended.err
    assert "rules apply" in ended.err
    assert not KEPT.search(ended.err)


def test_what_leaves_a_topic_is_shown(edit, editor, own):
    editor(replaces("not   knitting", "not   =PURL"))
    ended = edit("q")
    found = re.search(r"topic air-defence: 0 would enter, ([1-9]\d*) leave, (\d+) stay\n((?:  - .+\n)+)", ended.err)
    assert found
    assert len(found[3].splitlines()) == min(int(found[1]), 4)


def test_quitting_keeps_the_edit(edit, editor, own):
    before = own.read_bytes()
    editor(replaces("quagga", "okapi"))
    ended = edit("q")
    assert ended.code == 0
    assert own.read_bytes() == before
    assert kept_in(ended).read_bytes() == before.replace(b"quagga", b"okapi")
    assert kept_in(ended).name == "own.rules"


def test_the_end_of_the_input_is_quitting(edit, editor, own):
    before = own.read_bytes()
    editor(replaces("quagga", "okapi"))
    for answers in ((), ("e",), ("what",), ("",)):
        ended = edit(*answers)
        assert ended.code == 0
        assert own.read_bytes() == before
        assert kept_in(ended).exists()


def test_nothing_changed(edit, editor, own):
    before = own.stat().st_ino, own.stat().st_mtime_ns
    log = editor("pass")
    ended = edit()
    assert (ended.code, ended.err) == (0, f"nothing changed in {own}\n")
    assert (own.stat().st_ino, own.stat().st_mtime_ns) == before
    assert not Path(log.read_text().strip()).exists()


def test_edit_again_starts_from_the_edit(edit, editor, own):
    log = editor("path.write_text(path.read_text() + f'# {run}\\n')")
    before = own.read_text()
    assert edit("e", "e", "s").code == 0
    assert own.read_text() == before + "# 1\n# 2\n# 3\n"
    assert len(log.read_text().splitlines()) == 3


def test_an_edit_that_is_undone_changes_nothing(edit, editor, own):
    editor("path.write_text(path.read_text() + '# x\\n' if run == 1 else path.read_text().replace('# x\\n', ''))")
    ended = edit("e")
    assert ended.code == 0
    assert "nothing changed" in ended.err


def test_comments_change_no_topic(edit, editor, own):
    editor("path.write_text('# x\\n' + path.read_text())")
    assert "every topic matches what it did before\n" in edit("s").err


def test_errors_are_shown_with_a_caret_and_saved_only_with_a_clear_yes(edit, editor, own):
    before = own.read_text()
    editor(f"path.write_text({before.replace('match quagga', 'match quagga |')!r})")
    for answers in (["s", "no", "q"], ["s", "y", "q"], ["s", "", "q"], ["s"]):
        ended = edit(*answers)
        assert (ended.code, own.read_text()) == (0, before)
        assert "own.rules:12:19: E104 " in ended.err
        assert re.search(r"\n +match quagga \|\n +\^", ended.err)
        assert "save anyway? topic nowhere stays at its last good version (yes or no)" in ended.err
    ended = edit("s", "yes")
    assert own.read_text() == before.replace("match quagga", "match quagga |")
    assert "but topic nowhere stays at its last good version; see: wirewatch --config" in ended.err


def test_a_failing_test_is_saved_only_with_a_clear_yes(edit, editor, own):
    editor(replaces('test  no  "knitting PURL"', 'test  no "missiles for Ukraine"'))
    ended = edit("s", "no", "q")
    assert "TEST topic air-defence should not match" in ended.err
    assert "save anyway? the problems above stay" in ended.err
    assert kept_in(ended).exists()


@pytest.mark.parametrize(
    ("script", "how"), [("raise SystemExit(3)", "exit code 3"), ("os.kill(os.getpid(), 9)", "signal 9")]
)
def test_an_editor_that_fails_leaves_the_file_alone(edit, editor, own, script, how):
    before = own.read_bytes()
    editor(script)
    ended = edit("s")
    assert ended.code == 1
    assert f"the editor ended with {how}; nothing was saved\n" in ended.err
    assert not KEPT.search(ended.err)
    editor(f"path.write_text('work')\n{script}")
    ended = edit("s")
    assert ended.code == 1
    assert kept_in(ended).read_text() == "work"
    assert own.read_bytes() == before


def test_an_editor_that_removes_the_file(edit, editor, own):
    before = own.read_bytes()
    editor("path.unlink()")
    ended = edit("s")
    assert ended.code == 1
    assert "the editor left no file" in ended.err
    assert own.read_bytes() == before


@pytest.mark.parametrize(
    ("answers", "content"), [(("s", "o", "s"), "edited"), (("s", "q"), "theirs"), (("s", "e"), "theirs")]
)
def test_a_file_that_changes_meanwhile_is_not_overwritten_unasked(edit, editor, own, answers, content):
    edited = own.read_text().replace("quagga", "okapi")
    theirs = own.read_text().replace("quagga", "emu")
    editor(f"path.write_text({edited!r}); Path({str(own)!r}).write_text({theirs!r})")
    ended = edit(*answers)
    assert ended.code == 0
    assert "was changed by somebody else in the meantime" in ended.err
    assert own.read_text() == {"edited": edited, "theirs": theirs}[content]
    if content == "theirs":
        assert kept_in(ended).read_text() == edited


def test_a_file_that_is_being_edited_is_not_edited_twice(edit, editor, own):
    log = editor("pass")
    with hold(Place(folder=own.parent, name="own.rules")):
        ended = edit()
    assert (ended.code, ended.err) == (1, f"{own}: somebody is editing it now (wirewatch rules edit or add)\n")
    assert not log.exists()


def test_the_file_is_held_while_the_editor_runs(edit, editor, own, copied):
    command = [sys.executable, "-m", "wirewatch", "--config", str(copied), "rules", "add", "nowhere", "emu"]
    editor(
        "import subprocess\n"
        f"done = subprocess.run({command!r}, capture_output=True, text=True)\n"
        "path.write_text(path.read_text() + '# ' + str(done.returncode) + done.stderr)"
    )
    assert edit("s").code == 0
    assert own.read_text().endswith(f"# 1{own}: somebody is editing it now (wirewatch rules edit or add)\n")


def test_a_link_is_followed(edit, editor, own, tmp_path):
    target = tmp_path / "real.rules"
    own.rename(target)
    own.symlink_to(target)
    editor(replaces("quagga", "okapi"))
    assert edit("s").code == 0
    assert own.is_symlink()
    assert "match okapi" in target.read_text()


@pytest.mark.parametrize("content", [b"\xef\xbb\xbf# x\r\ntopic nowhere\r\n  match a\r\n", b"topic nowhere\r  match a"])
def test_bytes_stay_as_the_editor_left_them(edit, editor, own, content):
    own.write_bytes(content)
    editor("path.write_bytes(path.read_bytes() + b'\\r\\n# \\xe2\\x82\\xac')")
    assert edit("s").code == 0
    assert own.read_bytes() == content + b"\r\n# \xe2\x82\xac"


def test_a_file_that_is_no_text_can_be_mended(edit, editor, own):
    own.write_bytes(b"\xff")
    editor("path.write_bytes(b'topic nowhere\\n  match a\\n')")
    assert edit("s", what=["own.rules"]).code == 0
    assert own.read_bytes() == b"topic nowhere\n  match a\n"


def test_a_new_file_is_made(edit, editor, own):
    editor("path.write_text('topic fresh\\n    match ferry\\n')")
    assert edit("q", what=["fresh.rules"]).code == 0
    assert not (own.parent / "fresh.rules").exists()
    ended = edit("s", what=["fresh.rules"])
    assert (own.parent / "fresh.rules").read_text() == "topic fresh\n    match ferry\n"
    assert re.search(r"topic fresh: [1-9]\d* would enter, 0 leave, 0 stay\n", ended.err)


def test_without_a_database_it_says_so_and_goes_on(edit, editor, own, copied):
    for path in copied.glob("wirewatch.db*"):
        path.unlink()
    editor(replaces("quagga", "ferry"))
    ended = edit("s")
    assert ended.code == 0
    assert "the effect on stored articles cannot be told: " in ended.err
    assert "ferry" in own.read_text()


def test_with_bad_settings_it_says_so_and_goes_on(edit, editor, own, copied):
    (copied / "wirewatch.toml").write_text("nonsense = 1\n")
    editor(replaces("quagga", "ferry"))
    ended = edit("s")
    assert ended.code == 0
    assert "the effect on stored articles cannot be told: " in ended.err


def test_since_says_how_far_to_look(edit, editor, own):
    editor(replaces("quagga", "ferry"))
    assert "of 0 stored articles (since 0m)" in edit("q", what=["nowhere", "--since", "0m"]).err


def test_a_time_that_is_none_is_told_before_the_editor_starts(edit, editor):
    log = editor("pass")
    ended = edit(what=["nowhere", "--since", "1M"])
    assert ended.code == 2
    assert "--since" in ended.err
    assert not log.exists()


@pytest.mark.parametrize(
    ("what", "message"), [("nowere", "did you mean nowhere?"), ("a/b.rules", "is not in the rules folder")]
)
def test_what_is_not_there_is_said(edit, editor, what, message):
    editor("pass")
    ended = edit(what=[what])
    assert ended.code == 2
    assert message in ended.err


def test_the_built_in_rules_are_never_edited(wirewatch, editor):
    editor("pass")
    ended = wirewatch("rules", "edit", "crimea")
    assert ended.code == 4
    assert "wirewatch init" in ended.err


# --- which editor -----------------------------------------------------------------------------------


def test_visual_comes_before_editor_and_arguments_are_kept(edit, editor, own, monkeypatch):
    log = editor("pass", "VISUAL", "--wait 'two words'")
    monkeypatch.setenv("EDITOR", "false")
    assert edit().code == 0
    assert re.fullmatch(r"--wait two words /.+/own\.rules\n", log.read_text())


def test_an_editor_is_looked_for(tmp_path):
    for name in ("vi", "nano"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
        assert find_editor({"PATH": str(tmp_path), "EDITOR": " "}) == [name]


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"PATH": "/nowhere"}, "no editor was found; name one: EDITOR="),
        ({"EDITOR": "no-such-editor -w"}, r"\$EDITOR names no program: no-such-editor -w"),
        ({"VISUAL": "vi '"}, r"\$VISUAL is not a command: vi '"),
        ({"EDITOR": "''"}, r"\$EDITOR names no program"),
    ],
)
def test_an_editor_that_is_none_is_said(environ, message):
    with pytest.raises(WirewatchError, match=message):
        find_editor({"PATH": os.environ["PATH"], **environ})


def test_ctrl_c_in_the_editor_is_for_the_editor_and_at_the_question_keeps_the_edit(copied, own, tmp_path):
    """Run in a session of its own, as the group in front of a terminal."""
    script = tmp_path / "editor.sh"
    # the shell's own group gets the signal; trapped here, as editors do
    script.write_text('#!/bin/sh\ntrap "echo caught >> \\"$1\\"" INT\nkill -INT 0\n')
    script.chmod(0o755)
    environ = {**os.environ, "EDITOR": str(script), "VISUAL": ""}
    command = [sys.executable, "-m", "wirewatch", "--config", str(copied), "rules", "edit", "nowhere"]
    with subprocess.Popen(
        command, env=environ, stdin=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as program:
        told = b""
        while b"(q)uit" not in told:
            read = os.read(program.stderr.fileno(), 1000)
            assert read, told
            told += read
        os.killpg(program.pid, signal.SIGINT)
        told += program.stderr.read()
        assert program.wait() == 130
    (kept,) = KEPT.findall(told.decode())
    assert "caught" in Path(kept).read_text()
    assert "caught" not in own.read_text()
    Path(kept).unlink()
    Path(kept).parent.rmdir()


def test_a_new_topic_that_may_replace_another_is_saved_only_with_a_clear_yes(edit, editor, own):
    own.unlink()
    own.mkdir()
    editor("path.write_text('topic nowhere\\n    match ferry\\n')")
    new = own.parent / "nowhere.rules"
    for answers in (["s", "no", "q"], ["s"]):
        ended = edit(*answers, what=["nowhere.rules"])
        assert (ended.code, new.exists()) == (0, False)
        assert "topic nowhere may stand already where nothing can be read" in ended.err
        assert "save anyway? the new topic replaces one that cannot be read (yes or no)" in ended.err
    assert edit("s", "yes", what=["nowhere.rules"]).code == 0
    assert new.exists()


def test_a_topic_that_may_stand_in_a_file_that_cannot_be_read_is_no_unknown_name(edit, editor, own):
    log = editor("pass")
    own.unlink()
    own.mkdir()
    ended = edit()
    assert ended.code == 4
    assert "own.rules:1:1: E300 cannot be read: " in ended.err
    assert not log.exists()


def test_without_a_name_there_must_be_one_file(edit, editor, own):
    editor("pass")
    (own.parent / "b.rules").write_text("topic b\n    match b\n")
    ended = edit(what=[])
    assert (ended.code, "which file?" in ended.err) == (2, True)


@pytest.mark.parametrize(("answers", "code"), [(("s",), 1), (("s", "q"), 0)])
def test_nobody_to_ask_after_a_failed_save_is_a_failure(edit, editor, own, answers, code):
    editor(f"path.write_text('topic a\\n  match a\\n'); Path({str(own)!r}).unlink(); Path({str(own)!r}).mkdir()")
    ended = edit(*answers, what=["own.rules"])
    assert ended.code == code
    assert f"{own}: is no regular file\n" in ended.err
    assert ("nothing was saved" in ended.err) == bool(code)
    assert kept_in(ended).exists()
