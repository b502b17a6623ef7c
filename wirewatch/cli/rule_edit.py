"""`wirewatch rules edit`: a rule file in an editor, checked and tried out before it takes the place of the old one."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Self

import click

from wirewatch.cli.options import Command
from wirewatch.cli.rule_effect import SINCE, check_since, show_effect, tell_held, tell_next
from wirewatch.cli.topics import stored_topics
from wirewatch.cli.wiring import counted, note, pass_call
from wirewatch.errors import WirewatchError
from wirewatch.ruleedit import ChangedOnDisk, check_writable, find_place, hold, judge, replace_file
from wirewatch.rulehidden import tell_replaced

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType

    from wirewatch.cli.wiring import Call
    from wirewatch.rulecheck import RuleProblem
    from wirewatch.ruleedit import Place, Verdict

#: tried in this order where neither VISUAL nor EDITOR is set
EDITORS = ("nano", "vim", "vi", "micro", "emacs", "mg", "ed")


@click.command(cls=Command)
@click.argument("what", required=False, metavar="[FILE|TOPIC]")
@click.option(
    "--since", default=SINCE, show_default=True, metavar="WHEN", help="Show the effect on articles from then."
)
@pass_call
def edit(call: Call, what: str | None, *, since: str) -> None:
    """Edit a rule file, as visudo does: nothing is saved unseen.

    A copy is opened in $VISUAL or $EDITOR (which must wait until the file is closed). What it says is checked
    together with all other files, and the stored articles that would enter or leave each topic are shown. Then it
    is saved, edited again, or left; an edit that is not saved is kept. NAME.rules may be a new file.
    """
    check_since(call, since)
    place = find_place(call.own_config_dir.rules_dir, what)
    check_writable(place)
    editor = find_editor(os.environ)
    with hold(place), _Copy(place) as copy:
        _edit_until_settled(call, copy, editor, since)


class _Copy:
    """The copy that the editor gets; it stays behind where it holds changes that were not saved."""

    def __init__(self, place: Place) -> None:
        self.place = place
        #: what is on disk as far as we know; None: no file
        self.seen = place.read()
        #: an edit that comes to this needs no keeping
        self.settled = self.seen or b""
        #: it could not be saved, for example on a full disk
        self.has_failed = False
        self._folder = Path(tempfile.mkdtemp(prefix="wirewatch-edit-"))
        self.path = self._folder / place.name
        self.path.write_bytes(self.settled)

    def read(self) -> bytes:
        try:
            return self.path.read_bytes()
        except OSError as e:
            raise WirewatchError(f"{self.path}: the editor left no file: {e.strerror}") from e

    def save(self, content: bytes, *, seen: bytes | None) -> None:
        replace_file(self.place, content, seen=seen)
        self.seen = self.settled = content
        self.has_failed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._holds_work():
            note(f"{self.place.path} is as it was; your edit is kept in {self.path}")
        else:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _holds_work(self) -> bool:
        try:
            return self.path.read_bytes() != self.settled
        except FileNotFoundError:
            return False
        except OSError:
            return True


def _edit_until_settled(call: Call, copy: _Copy, editor: list[str], since: str) -> None:
    while True:
        run_editor(editor, copy.path)
        content = copy.read()
        if content == copy.settled:
            note(f"nothing changed in {copy.place.path}")
            return
        verdict = judge(copy.place, content)
        show_problems(call, (*verdict.lints, *verdict.problems), verdict.other_problems)
        show_effect(call, verdict, since)
        replaced = tell_replaced(verdict.added, verdict.after, lambda: stored_topics(call))
        if replaced:
            note(replaced)
        if _settle(copy, content, verdict, replaces=bool(replaced)):
            if copy.settled == content:
                note(f"saved {copy.place.path}")
                tell_next(call, verdict)
            return


def show_problems(call: Call, problems: Iterable[RuleProblem], others: int) -> None:
    """Say what is wrong or suspicious, with carets, and that there are *others* that are none of this edit's."""
    for problem in problems:
        note(problem.shown)
    if others:
        note(f"{counted(others, 'problem')} besides, as before; see: wirewatch{call.repeated} rules check")


def _settle(copy: _Copy, content: bytes, verdict: Verdict, *, replaces: bool) -> bool:
    """Ask what is to become of the edit. False: edit it again. Raises WirewatchError when it was not to be saved.

    *replaces*: a new topic of it may replace one that cannot be read.
    """
    seen = copy.seen
    question = "(s)ave, (e)dit again, (q)uit without saving"
    doubt = counted(len(verdict.problems), "problem") if verdict.problems else "see above" if replaces else ""
    if doubt:
        question = f"{doubt}: (e)dit again, (q)uit without saving, (s)ave anyway"
    while True:
        answer = _ask(question, "seq")
        if answer != "s":
            return _is_left(copy, answer)
        if doubt and not _confirm(_consequence(verdict, replaces=replaces)):
            continue
        try:
            copy.save(content, seen=seen)
        except ChangedOnDisk as e:
            note(str(e))
            answer = _ask("(e)dit again, (o)verwrite what is there now, (q)uit without saving", "eoq")
            if answer != "o":
                copy.has_failed = answer == ""
                return _is_left(copy, answer)
            seen = copy.place.read()
            note("to overwrite it, save now")
        except WirewatchError as e:
            note(str(e))
            copy.has_failed = True
        else:
            return True


def _is_left(copy: _Copy, answer: str) -> bool:
    """Is the edit left, with *answer*? False: edit it again. Raises WirewatchError where nobody quit a failed save."""
    if not answer and copy.has_failed:
        raise WirewatchError("nothing was saved")
    return answer != "e"


def _consequence(verdict: Verdict, *, replaces: bool) -> str:
    told = ["the new topic replaces one that cannot be read"] if replaces else []
    if verdict.held:
        told.append(tell_held(verdict))
    return "; ".join(told) or "the problems above stay"


# --- questions --------------------------------------------------------------------------------------


def _ask(question: str, letters: str) -> str:
    """Ask until the answer begins with one of *letters*, which is returned; "" at the end of the input."""
    while True:
        answer = _read_answer(f"{question}: ")
        if answer is None:
            return ""
        if answer[:1] and answer[:1] in letters:
            return answer[:1]


def _confirm(consequence: str) -> bool:
    return _read_answer(f"save anyway? {consequence} (yes or no): ") == "yes"


def _read_answer(question: str) -> str | None:
    sys.stdout.flush()
    click.echo(question, err=True, nl=False)
    line = sys.stdin.buffer.readline()
    if not sys.stdin.isatty() or not line:
        # nobody's return key ended the line
        click.echo(err=True)
    return line.decode("utf-8", "replace").strip().lower() if line else None


# --- editors ----------------------------------------------------------------------------------------


def find_editor(environ: Mapping[str, str]) -> list[str]:
    """The command of the editor with its arguments: $VISUAL, $EDITOR, or what there is. Raises WirewatchError."""
    for name in ("VISUAL", "EDITOR"):
        written = environ.get(name, "").strip()
        if not written:
            continue
        try:
            words = shlex.split(written)
        except ValueError as e:
            raise WirewatchError(f"${name} is not a command: {written} ({e}); for example: {name}=nano") from e
        if not words or shutil.which(words[0], path=environ.get("PATH")) is None:
            raise WirewatchError(f"${name} names no program: {written}; for example: {name}=nano")
        return words
    for name in EDITORS:
        if shutil.which(name, path=environ.get("PATH")):
            return [name]
    raise WirewatchError("no editor was found; name one: EDITOR=/path/to/editor wirewatch rules edit")


def run_editor(editor: list[str], path: Path) -> None:
    """Run *editor* on *path* until it ends. Raises WirewatchError when it cannot run or does not end well."""
    # Ctrl-C is for the editor; it must not end us while the editor has the terminal. A handler of ours is not
    # inherited, as SIG_IGN would be.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        ended = subprocess.run([*editor, str(path)], check=False)  # noqa: S603  # the user's own editor
    except OSError as e:
        raise WirewatchError(f"{editor[0]}: the editor cannot be run: {e.strerror}") from e
    finally:
        signal.signal(signal.SIGINT, before)
    if ended.returncode:
        how = f"signal {-ended.returncode}" if ended.returncode < 0 else f"exit code {ended.returncode}"
        raise WirewatchError(f"{editor[0]}: the editor ended with {how}; nothing was saved")
