"""What is wrong with the rule files, what their own tests say, and what is suspicious about them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rules.check import run_tests
from rules.contents import SUFFIX
from rules.errors import Problem
from rules.files import load_rules
from rules.lexer import read_quoted
from wirewatch.errors import ConfigError, ExitCode, WirewatchError
from wirewatch.ruleblocks import TopicLines

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rules.check import TestFailure
    from rules.errors import RuleError
    from rules.files import LoadedRules
    from rules.lint import Lint
    from rules.lint_archive import Archive, Limits

#: the code of a problem that is a failed test
TEST = "TEST"

#: error: not understood; test: a test that does not come true; warning: a lint, which stops nothing
Severity = Literal["error", "test", "warning"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleProblem:
    """One thing that is wrong with the rules, or suspicious."""

    file: str | None
    line: int | None
    column: int
    #: E101 …, W101 …, or TEST for a `test` line that does not come true
    code: str
    #: what is wrong and what to do
    message: str
    #: for people alone, several lines without control characters: with the rule's line and a caret
    shown: str
    #: where it ends, exclusive
    end_line: int | None
    end_column: int
    severity: Severity
    #: what to do, also part of `message`; "" where nobody knows
    remedy: str
    #: the topic that it is in, where that is known
    topic: str | None


def load(where: Path | Iterable[Path]) -> LoadedRules:
    """Read the rule files of a folder, or the files given. Raises ConfigError when the folder cannot be read."""
    try:
        return load_rules(where)
    except OSError as e:
        raise ConfigError(f"{e.strerror or e}: {e.filename}" if e.filename else f"{e}; see: wirewatch init") from e


class NoRuleFile(WirewatchError):
    """What was named is no file."""

    exit_code = ExitCode.USAGE


def find_file(name: str, folder: Path) -> Path:
    """The rule file *name*: from here, or else in *folder*, as errors name it. It need not exist.

    Raises NoRuleFile for a folder.
    """
    path = Path(name)
    if name.endswith(SUFFIX) and not is_there(path) and is_there(folder / path):
        path = folder / path
    with suppress(OSError):
        if path.is_dir():
            raise NoRuleFile(f"{path}: is a folder; name a rule file in it")
    return path


def is_there(path: Path) -> bool:
    """Is there anything of this name? Never raises, however odd the name is."""
    try:
        path.lstat()
    except (OSError, ValueError):
        return False
    return True


def load_files(folder: Path, files: Sequence[Path]) -> tuple[tuple[Path | None, LoadedRules], ...]:
    """Read *files*, each in the set that it belongs to, and return what they alone say, a set at a time.

    A rule file of *folder* is read with all of that folder, whose macros it sees. Others are a set by themselves.
    With each set comes the folder in which its files have their names; None: they are called by their paths.
    Raises ConfigError when the folder is needed and cannot be read.
    """
    inside = {file.name for file in files if _is_in(file, folder)}
    outside = [file for file in files if not _is_in(file, folder)]
    sets: list[tuple[Path | None, LoadedRules]] = [(folder, _only(load(folder), inside))] if inside else []
    return (*sets, (None, load(outside))) if outside else tuple(sets)


def _is_in(file: Path, folder: Path) -> bool:
    return file.suffix == SUFFIX and not file.name.startswith(".") and file.resolve().parent == folder.resolve()


def _only(loaded: LoadedRules, names: set[str]) -> LoadedRules:
    """What the files of these names say."""
    return replace(
        loaded,
        topics=tuple(topic for topic in loaded.topics if topic.file in names),
        errors=tuple(error for error in loaded.errors if error.file in names),
        unread_files=tuple(name for name in loaded.unread_files if name in names),
        definitions={name: macro for name, macro in loaded.definitions.items() if macro.file in names},
        files={name: file for name, file in loaded.files.items() if name in names},
    )


def find_problems(loaded: LoadedRules) -> tuple[RuleProblem, ...]:
    """Return the errors in the order of the files, then the tests that fail."""
    failures = [failure for topic in loaded.topics for failure in run_tests(topic)]
    lines = TopicLines(loaded)
    errors = (replace(_of_error(each), topic=lines.topic_at(each.file, each.line)) for each in loaded.errors)
    return (*errors, *(_of_failure(failure, loaded) for failure in failures))


def find_lints(
    loaded: LoadedRules, archive: Archive | None = None, limits: Limits | None = None
) -> tuple[RuleProblem, ...]:
    """Return what is suspicious in the order of the files; with *archive*, also in the light of what is stored."""
    from rules.lint import in_order, lint
    from rules.lint_archive import lint_archive

    found = lint(loaded)
    if archive is not None:
        found = in_order((*found, *lint_archive(loaded, archive, limits)))
    return tuple(map(_of_lint, found))


def record(problem: RuleProblem, folder: Path | None) -> dict[str, object]:
    """The fields of `rule_fields.RULE_PROBLEM`; *folder* is what the file is named within, None: by its path."""
    known = asdict(problem)
    del known["shown"]
    path = str(folder / problem.file) if folder and problem.file else problem.file
    return {**known, "path": path}


def _with_remedy(message: str, remedy: str) -> str:
    return f"{message}; {remedy}" if remedy else message


def _of_error(error: RuleError) -> RuleProblem:
    return RuleProblem(
        file=error.file,
        line=error.line,
        column=error.column,
        code=error.code,
        message=_with_remedy(error.message, error.remedy),
        shown=error.render(),
        end_line=error.end_line,
        end_column=error.end_column,
        severity="error",
        remedy=error.remedy,
        topic=None,
    )


def _of_failure(failure: TestFailure, loaded: LoadedRules) -> RuleProblem:
    wanted = "should match" if failure.should_match else "should not match"
    message = f'topic {failure.topic} {wanted} "{failure.text}": {failure.reason}'
    file = loaded.files[failure.file]
    quoted = read_quoted(file.text, failure.at)
    end = quoted[1] if quoted else failure.at
    error = file.error(Problem(code=TEST, at=failure.at, message=message, remedy="", end=end))
    return replace(_of_error(error), severity="test", topic=failure.topic)


def _of_lint(lint: Lint) -> RuleProblem:
    return RuleProblem(
        file=lint.file,
        line=lint.line,
        column=lint.column,
        code=lint.code,
        message=_with_remedy(lint.message, lint.remedy),
        shown=lint.render(),
        end_line=lint.end_line,
        end_column=lint.end_column,
        severity="warning",
        remedy=lint.remedy,
        topic=lint.topic,
    )
