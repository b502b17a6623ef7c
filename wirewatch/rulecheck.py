"""What is wrong with the rule files, and what their own tests say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.check import run_tests
from rules.files import load_rules
from wirewatch.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from rules.check import TestFailure
    from rules.errors import RuleError
    from rules.files import LoadedRules

#: the code of a problem that is a failed test
TEST = "TEST"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleProblem:
    """One thing that is wrong with the rules."""

    file: str | None
    line: int | None
    column: int
    #: E101 …, or TEST for a `test` line that does not come true
    code: str
    message: str
    #: as people see it, of several lines: with the rule's line and a caret
    shown: str


def load(where: Path | Iterable[Path]) -> LoadedRules:
    """Read the rule files of a folder, or the files given. Raises ConfigError when the folder cannot be read."""
    try:
        return load_rules(where)
    except OSError as e:
        raise ConfigError(f"{e.strerror or e}: {e.filename}" if e.filename else f"{e}; see: wirewatch init") from e


def find_problems(loaded: LoadedRules) -> tuple[RuleProblem, ...]:
    """Return the errors in the order of the files, then the tests that fail."""
    failures = [failure for topic in loaded.topics for failure in run_tests(topic)]
    return (*map(_of_error, loaded.errors), *map(_of_failure, failures))


def _of_error(error: RuleError) -> RuleProblem:
    message = f"{error.message}; {error.remedy}" if error.remedy else error.message
    return RuleProblem(
        file=error.file,
        line=error.line,
        column=error.column,
        code=error.code,
        message=message,
        shown=error.render(),
    )


def _of_failure(failure: TestFailure) -> RuleProblem:
    wanted = "should match" if failure.should_match else "should not match"
    message = f'topic {failure.topic} {wanted} "{failure.text}": {failure.reason}'
    shown = f"{failure.file}:{failure.line}: {TEST} {message}"
    return RuleProblem(file=failure.file, line=failure.line, column=1, code=TEST, message=message, shown=shown)
