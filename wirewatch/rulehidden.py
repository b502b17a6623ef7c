"""Topics that may stand where nothing can be read: they are not made anew, nor is their name read as something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wirewatch.rulestate import is_held

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from rules.errors import RuleError
    from rules.files import LoadedRules
    from storage.records import TopicRecord

    #: what the database knows of topics, by name; None where there is no database
    Stored = Mapping[str, TopicRecord] | None

#: the code of a file that cannot be read as text
UNREADABLE = "E300"
#: so many files are told by name
MOST_FILES = 3


def unreadable(loaded: LoadedRules) -> tuple[RuleError, ...]:
    """The errors of the files that cannot be read at all."""
    return tuple(error for error in loaded.errors if error.code == UNREADABLE)


def find_hiding(name: str, loaded: LoadedRules, stored: Callable[[], Stored]) -> tuple[RuleError, ...]:
    """The errors behind which the topic *name*, which *loaded* does not give, stands or may stand; or nothing.

    It does where it is in force and came from a file of which not all is understood. It may where it is known, or
    nobody knows, and some file cannot be read at all. *stored* is asked only when it matters.
    """
    if not loaded.unread_files:
        return ()
    known = stored()
    if known is None:
        return unreadable(loaded)
    record = known.get(name)
    if record is None:
        return ()
    if record.is_active and is_held(record, loaded):
        return tuple(error for error in loaded.errors if error.file == record.file)
    return unreadable(loaded)


def tell_replaced(names: Iterable[str], loaded: LoadedRules, stored: Callable[[], Stored]) -> str:
    """What new topics with *names* would replace, as a line for people; "" where nothing stands in their way.

    A topic that is new to the database too may stand in a file that cannot be read: somebody wrote it just now.
    """
    found = {name: unreadable(loaded) or find_hiding(name, loaded, stored) for name in names}
    hidden = [name for name, errors in found.items() if errors]
    if not hidden:
        return ""
    errors = {error.file: error for each in found.values() for error in each}
    told = "; ".join(error.summary for error in list(errors.values())[:MOST_FILES])
    more = f"; and {len(errors) - MOST_FILES} more files" if len(errors) > MOST_FILES else ""
    others = f" (and {len(hidden) - 1} more)" if len(hidden) > 1 else ""
    return (
        f"topic {hidden[0]}{others} may stand already where nothing can be read, and a new one would replace it: "
        f"{told}{more}"
    )
