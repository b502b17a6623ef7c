"""Rule files as they are edited: found, locked, tried out as part of the whole set, and replaced at once.

Nothing is written but by `replace_file`, and that refuses when the file is no longer what the edit began with.
"""

from __future__ import annotations

import fcntl
import os
import re
import tempfile
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rules.assemble import Memory, assemble_rules
from rules.attributes import read_header
from rules.contents import MAX_BYTES, SUFFIX, read_contents, read_text
from rules.errors import RuleError, suggest
from rules.layout import RuleFile, read_layout
from wirewatch.errors import ConfigError, ExitCode, WirewatchError
from wirewatch.rulecheck import find_lints, find_problems

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rules.assemble import LoadedRules
    from rules.layout import TopicBlock
    from rules.topic import Topic
    from wirewatch.rulecheck import RuleProblem


#: so many files that cannot be read are told
MOST_FILES = 3


class NoSuchPlace(WirewatchError):
    """What was named is no rule file of the folder, nor a topic of one."""

    exit_code = ExitCode.USAGE


class ChangedOnDisk(WirewatchError):
    """The file is not what the edit began with, so it is left as it is now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A rule file of a folder, which may be new."""

    #: the rules folder
    folder: Path
    #: the file's name there, as errors and topics give it
    name: str

    @property
    def path(self) -> Path:
        """The file as people know it."""
        return self.folder / self.name

    @property
    def target(self) -> Path:
        """The file itself, where the name is a link."""
        return self.path.resolve()

    def read(self) -> bytes | None:
        """What the file holds; None: there is no such file. Raises ConfigError when it cannot be read."""
        try:
            if self.path.exists() and not self.path.is_file():
                raise ConfigError(f"{self.path}: is no regular file")
            return self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as e:
            raise ConfigError(f"{self.path}: cannot be read: {e.strerror}") from e


# --- finding ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A topic as it stands in a file, whether or not it is understood."""

    name: str
    place: Place
    file: RuleFile
    block: TopicBlock


def rule_files(folder: Path) -> tuple[Place, ...]:
    """The rule files of *folder*, by name. Raises ConfigError when it cannot be listed."""
    try:
        names = sorted(path.name for path in folder.iterdir() if path.suffix == SUFFIX and path.name[0] != ".")
    except OSError as e:
        raise ConfigError(f"{folder}: the rules folder cannot be read: {e.strerror}; see: wirewatch init") from e
    return tuple(Place(folder=folder, name=name) for name in names)


def _contents(folder: Path) -> Iterator[tuple[str, bytes | RuleError]]:
    """What the rule files of *folder* hold, or why they cannot be read. Raises ConfigError as `rule_files` does."""
    try:
        yield from ((name, each) for name, each in read_contents(folder) if each is not None)
    except OSError as e:
        raise ConfigError(f"{e.strerror or e}; see: wirewatch init") from e


def _texts(folder: Path) -> Iterator[RuleFile | RuleError]:
    """The rule files of *folder* as texts, or why they are none. Raises ConfigError as `rule_files` does."""
    for name, content in _contents(folder):
        yield content if isinstance(content, RuleError) else read_text(name, content)


def written_topics(folder: Path) -> Iterator[Written]:
    """The topics of all rule files that can be read as text, by file and line."""
    for file in _texts(folder):
        if isinstance(file, RuleError):
            continue
        for block in read_layout(file).topics:
            topic, _ = read_header(file.text, block.header)
            if topic:
                yield Written(name=topic, place=Place(folder=folder, name=file.name), file=file, block=block)


def find_place(folder: Path, what: str | None) -> Place:
    """The rule file that *what* means: the name of a topic or a file, or None where there is only one file.

    A name that ends in .rules need not exist yet. Raises NoSuchPlace, which lists what there is,
    and ConfigError when the name may be that of a topic in a file that cannot be read.
    """
    places = rule_files(folder)
    if what is None:
        if len(places) == 1:
            return places[0]
        raise NoSuchPlace(f"which file? {_offer(folder, places)}")
    if what.endswith(SUFFIX):
        return _named(folder, what)
    topics = list(written_topics(folder))
    for topic in topics:
        if topic.name == what:
            return topic.place
    for place in places:
        if place.name == what + SUFFIX:
            return place
    if unread := [each for each in _texts(folder) if isinstance(each, RuleError)]:
        told = "; ".join(error.summary for error in unread[:MOST_FILES])
        raise ConfigError(f"{what}: no such topic or rule file, but files that cannot be read may hold it: {told}")
    near = suggest(what, {*(topic.name for topic in topics), *(place.name for place in places)})
    hint = f"did you mean {near}?" if near else _offer(folder, places)
    raise NoSuchPlace(f"{what}: no such topic or rule file in {folder}; {hint}")


def _offer(folder: Path, places: Iterable[Place]) -> str:
    names = ", ".join(place.name for place in places)
    return f"{folder} has {names}" if names else f"{folder} has none yet; name a new one: NAME{SUFFIX}"


def _named(folder: Path, what: str) -> Place:
    """The file of a name, or of a path that leads into *folder*."""
    given = Path(what)
    if given.name != what and given.parent.resolve() != folder.resolve():
        raise NoSuchPlace(f"{what}: is not in the rules folder {folder}; only files there are rules")
    if given.name.startswith("."):
        raise NoSuchPlace(f"{what}: the name of a rule file does not start with a dot")
    return Place(folder=folder, name=given.name)


# --- locking and writing ----------------------------------------------------------------------------


@contextmanager
def hold(place: Place) -> Iterator[None]:
    """Keep others from editing the file as long as the block runs; it is theirs to ask for the lock.

    Raises WirewatchError at once when somebody else holds it. A file that does not exist yet cannot be held.
    The system frees the lock when its holder dies.
    """
    descriptor = _lock(place)
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _lock(place: Place) -> int | None:
    while True:
        try:
            # Without waiting: a pipe, which is refused when it is read, would have us wait for somebody who writes.
            descriptor = os.open(place.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as e:
            raise ConfigError(f"{place.path}: cannot be read: {e.strerror}") from e
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(descriptor), place.path.stat()):
                return descriptor
        except BlockingIOError as e:
            os.close(descriptor)
            raise WirewatchError(f"{place.path}: somebody is editing it now (wirewatch rules edit or add)") from e
        except OSError:
            # gone in this moment, or on a file system without locks
            os.close(descriptor)
            return None
        # Another one was put in its place while we waited for the lock: that is the one to hold.
        os.close(descriptor)


def check_writable(place: Place) -> None:
    """Raise WirewatchError when it is known beforehand that the file cannot be replaced."""
    target = place.target
    if not target.parent.is_dir():
        raise WirewatchError(f"{place.path}: leads to {target}, and there is no folder {target.parent}")
    for path in (target.parent, target):
        if path.exists() and not os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
            raise WirewatchError(f"{path}: may not be written; check its permissions")


def replace_file(place: Place, content: bytes, *, seen: bytes | None) -> None:
    """Put *content* in the place of the file at once: whoever reads it finds the old one or the new one.

    *seen* is what the edit began with. A link stays a link; mode and owner stay, the owner where we may give
    files away. Raises ChangedOnDisk when the file is not *seen* any more, WirewatchError when it cannot be written.
    """
    _check_unchanged(place, seen)
    target = place.target
    temporary: Path | None = None
    try:
        # The name does not end in .rules, so that a daemon that looks now does not take it for one.
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".wirewatch-", suffix=".new")
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            _take_over(file.fileno(), target)
            os.fsync(file.fileno())
        # Once more, for to write took its time.
        _check_unchanged(place, seen)
        temporary.replace(target)
        temporary = None
    except OSError as e:
        raise WirewatchError(f"{place.path}: cannot be written: {e.strerror}") from e
    finally:
        if temporary:
            with suppress(OSError):
                temporary.unlink()
    _sync_folder(target.parent)


def _check_unchanged(place: Place, seen: bytes | None) -> None:
    if place.read() != seen:
        raise ChangedOnDisk(f"{place.path}: was changed by somebody else in the meantime")


def _take_over(descriptor: int, target: Path) -> None:
    """Give the open file the mode and owner of *target*, or what a new file gets."""
    try:
        now = target.stat()
    except FileNotFoundError:
        mask = os.umask(0o077)
        os.umask(mask)
        os.fchmod(descriptor, 0o666 & ~mask)
        return
    ours = os.fstat(descriptor)
    if (now.st_uid, now.st_gid) != (ours.st_uid, ours.st_gid):
        try:
            os.fchown(descriptor, now.st_uid, now.st_gid)
        except PermissionError:
            # only the administrator gives files away; the group may be one of ours
            with suppress(PermissionError):
                os.fchown(descriptor, -1, now.st_gid)
    # after the owner, whose change takes set-id bits away
    os.fchmod(descriptor, now.st_mode & 0o7777)


def _sync_folder(folder: Path) -> None:
    """See to it that the new name survives a power cut; where the file system cannot, it is as good as elsewhere."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


# --- trying out -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the whole set would be with the edited file in its place."""

    #: what is wrong with the edited file, and with others because of the edit
    problems: tuple[RuleProblem, ...]
    #: those of them that are there because of the edit
    fresh: tuple[RuleProblem, ...]
    #: how many problems other files had already
    other_problems: int
    #: what is suspicious in the edited file now and was not before; never keeps a rule from working
    lints: tuple[RuleProblem, ...]
    #: topics that are new or would match otherwise than what the files say now
    changed: tuple[Topic, ...]
    #: names of topics that the files hold now and would hold no longer
    gone: tuple[str, ...]
    #: names of topics that are not understood, or cannot be, because of the problems: they stay as they were
    held: tuple[str, ...]
    #: names of topics that no file names now, as far as files can be read
    added: tuple[str, ...]
    #: the whole set with the edited file
    after: LoadedRules


def judge(place: Place, content: bytes) -> Verdict:
    """Check the whole set with *content* in the place of the file, against what it is now.

    Raises ConfigError when the folder cannot be read.
    """
    memory = Memory()
    said = dict(_contents(place.folder))
    before = _assemble(said, memory)
    said[place.name] = content
    if len(content) > MAX_BYTES:
        message = f"larger than {MAX_BYTES // 1024 // 1024} MB"
        said[place.name] = RuleError(code="E300", column=1, message=message, file=place.name, line=1)
    after = _assemble(said, memory)
    versions = {topic.name: topic.version for topic in before.topics}
    changed = tuple(topic for topic in after.topics if versions.get(topic.name) != topic.version)
    concerned = {topic.name for topic in (*after.topics, *before.topics) if topic.file == place.name}
    concerned |= {topic.name for topic in changed}
    were = Counter(map(_same, _problems_of(before, concerned)))
    problems: list[RuleProblem] = []
    fresh: list[RuleProblem] = []
    other_problems = 0
    for problem in _problems_of(after, concerned):
        is_known = were[_same(problem)] > 0
        were[_same(problem)] -= 1
        if is_known and problem.file != place.name:
            other_problems += 1
        else:
            problems.append(problem)
            fresh += [] if is_known else [problem]
    given = {topic.name for topic in after.topics}
    unread = set(after.unread_files)
    held = {*after.broken, *(t.name for t in before.topics if t.file in unread and t.name not in given)}
    still = {topic.name for topic in before.topics} | set(before.broken)
    return Verdict(
        problems=tuple(problems),
        fresh=tuple(fresh),
        other_problems=other_problems,
        lints=_find_lints(before, after, place.name),
        changed=changed,
        gone=tuple(sorted(still - given - held)),
        held=tuple(sorted(held)),
        added=tuple(sorted({*given, *after.broken} - still)),
        after=after,
    )


def _assemble(said: Mapping[str, bytes | RuleError], memory: Memory) -> LoadedRules:
    """Read files by name as one set; what *memory* has from the last time is not read again."""
    read = [each if isinstance(each, RuleError) else read_text(name, each) for name, each in sorted(said.items())]
    files = (each for each in read if isinstance(each, RuleFile))
    return assemble_rules(files, (each for each in read if isinstance(each, RuleError)), memory)


def _problems_of(loaded: LoadedRules, names: set[str]) -> tuple[RuleProblem, ...]:
    """The errors of the set; the tests of the topics with *names* only, because a set may have thousands."""
    return find_problems(replace(loaded, topics=tuple(topic for topic in loaded.topics if topic.name in names)))


def _find_lints(before: LoadedRules, after: LoadedRules, name: str) -> tuple[RuleProblem, ...]:
    """The lints of the file *name* that come with the edit."""
    known, found = (
        find_lints(
            replace(
                loaded,
                topics=tuple(topic for topic in loaded.topics if topic.file == name),
                definitions={macro: each for macro, each in loaded.definitions.items() if each.file == name},
            )
        )
        for loaded in (before, after)
    )
    were = set(map(_same, known))
    return tuple(each for each in found if _same(each) not in were)


def _same(problem: RuleProblem) -> tuple[object, ...]:
    """What a problem is recognised by after lines were added above it, whose numbers stand in some messages."""
    return problem.file, problem.code, re.sub(r"[0-9]+", "", problem.message)
