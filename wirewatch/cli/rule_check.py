"""`wirewatch rules check`: are the rule files understood, do their tests come true, and what looks wrong?"""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from wirewatch.cli.listing import record_options
from wirewatch.cli.options import Command
from wirewatch.cli.topics import no_topic
from wirewatch.cli.wiring import counted, note, pass_call
from wirewatch.errors import ExitCode
from wirewatch.output import clean_line
from wirewatch.rule_fields import RULE_PROBLEM
from wirewatch.ruleblocks import find_fallen
from wirewatch.rulecheck import find_file, find_lints, find_problems, is_there, load, load_files, record

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from rules.files import LoadedRules
    from rules.lint_archive import Archive, Limits
    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call
    from wirewatch.ruleblocks import Fallen
    from wirewatch.rulecheck import RuleProblem, Severity

#: so many topics are named that fell because of an error elsewhere
MOST_FALLEN = 20
#: what each severity is called in the last line
WORDS: dict[Severity, str] = {"error": "error", "test": "failed test", "warning": "warning"}


@click.command(cls=Command)
@click.argument("files", metavar="[FILE]…", nargs=-1, type=click.Path())
@click.option(
    "--archive", is_flag=True, help="Also look at the stored articles: what finds too much, and what nothing?"
)
@click.option("--strict", is_flag=True, help="Exit code 4 for warnings too.")
@click.option(
    "--max-share",
    type=click.FloatRange(0, 100),
    default=5.0,
    show_default=True,
    metavar="PERCENT",
    help="With --archive: warn of rules that match more of the stored articles.",
)
@click.option(
    "--max-words",
    type=click.IntRange(1),
    default=200,
    show_default=True,
    metavar="N",
    help="With --archive: warn of wildcards that stand for more stored words.",
)
@record_options
@pass_call
def check(
    call: Call,
    listing: Listing,
    *,
    files: tuple[str, ...],
    archive: bool,
    strict: bool,
    max_share: float,
    max_words: int,
) -> None:
    """Check the rule files, run the tests in them, and warn of what looks wrong.

    With FILE, only these: files of the rules folder with the macros of all the others, any other file by itself.
    Exit code 4 when a rule is not understood or a test fails. A warning stops no rule; a comment at the end of the
    line silences it: # ok: W104
    """
    folder = call.config_dir.rules_dir
    by_folder = load_files(folder, _find(files, folder)) if files else ((folder, load(folder)),)
    sets = [loaded for _, loaded in by_folder]
    lints_of = _lint_archive(call, sets, max_share, max_words) if archive else _lint(sets)
    broken = [(where, problem) for where, loaded in by_folder for problem in find_problems(loaded)]
    lints = [(where, lint) for (where, _), found in zip(by_folder, lints_of, strict=True) for lint in found]
    # With a macro of a file that is not looked at, there may be no error among these.
    fallen = [each for loaded in sets for each in find_fallen(loaded)]
    if listing.how == "table":
        for _, problem in (*broken, *lints):
            click.echo(problem.shown)
        if fallen:
            click.echo(clean_line(_name_fallen(fallen)))
        click.echo(_summary(sets, [problem for _, problem in (*broken, *lints)], has_fallen=bool(fallen)))
    else:
        rows = (record(problem, where) for where, problem in (*broken, *lints))
        listing.show(rows, RULE_PROBLEM, call, empty="")
    if not broken and not fallen and not any(loaded.topics for loaded in sets):
        note("no topic in these files" if files else no_topic(call))
    if broken or fallen or (strict and lints):
        click.get_current_context().exit(ExitCode.INVALID)


def _find(names: Iterable[str], folder: Path) -> list[Path]:
    """The files of these *names*, from here or from the rules folder; a usage error for what is none."""
    found = [find_file(name, folder) for name in names]
    for path in found:
        if not is_there(path):
            raise click.UsageError(f"{path}: there is no such file, neither here nor in {folder}")
    return found


def _lint(
    sets: Iterable[LoadedRules], archive: Archive | None = None, limits: Limits | None = None
) -> list[tuple[RuleProblem, ...]]:
    return [find_lints(loaded, archive, limits) for loaded in sets]


def _lint_archive(
    call: Call, sets: Iterable[LoadedRules], max_share: float, max_words: int
) -> list[tuple[RuleProblem, ...]]:
    from rules.lint_archive import Limits
    from storage.vocabulary import Vocabulary
    from wirewatch.cli.progress import Progress
    from wirewatch.rulearchive import StoredArchive

    with ExitStack() as stack:
        listings = stack.enter_context(call.reading())
        vocabulary = stack.enter_context(Vocabulary(call.settings.database.url))
        progress = stack.enter_context(Progress(0, "articles"))
        archive = StoredArchive(listings, vocabulary, datetime.now(UTC), tell=progress.show)
        return _lint(sets, archive, Limits(share=max_share / 100, words=max_words))


def _name_fallen(fallen: Sequence[Fallen]) -> str:
    """The topics that no error stands in, and why they are not understood."""
    told = [
        f"{each.topic} ({'uses ' + ', '.join('@' + name for name in each.macros) if each.macros else 'defined twice'})"
        for each in fallen[:MOST_FALLEN]
    ]
    more = f" and {len(fallen) - MOST_FALLEN:,} more" if len(fallen) > MOST_FALLEN else ""
    return f"not in force by these files: {', '.join(told)}{more}"


def _summary(sets: Sequence[LoadedRules], problems: Iterable[RuleProblem], *, has_fallen: bool) -> str:
    topics = [topic for loaded in sets for topic in loaded.topics]
    found = Counter(problem.severity for problem in problems)
    told = [counted(found[severity], word) for severity, word in WORDS.items() if found[severity]]
    if has_fallen and not told:
        told = ["no error in these files"]
    if not topics and not told:
        return "no topic: nothing was checked"
    tests = sum(len(topic.tests) for topic in topics)
    looked_at = f"{counted(len(topics), 'topic')} understood, {counted(tests, 'test')} run"
    return f"{looked_at}: {', '.join(told) or 'all is well'}"
