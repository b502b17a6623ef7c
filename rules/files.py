"""Rule files → topics."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rules.assemble import LoadedRules, Memory, assemble_rules
from rules.collection import without_collection
from rules.contents import digest_of, hash_content, read_contents, read_text
from rules.errors import RuleError, RuleErrors
from rules.layout import RuleFile

if TYPE_CHECKING:
    from rules.contents import Where
    from rules.topic import Topic

__all__ = ["LoadedRules", "RuleReader", "load_rules", "parse_topic", "read_digest"]

#: Times that a folder is listed when files vanish while it is read: editors replace files by others.
_MAX_LISTINGS = 3


class RuleReader:
    """Reads a folder of rules again and again; what has not changed since is not read anew.

    Every reading gives what `load_rules` would give. Holds the last one; not for several threads at once.
    """

    def __init__(self) -> None:
        self._memory = Memory()
        #: hash of the bytes of each file, and what they say
        self._texts: dict[str, tuple[bytes, RuleFile | RuleError]] = {}

    def read(self, where: Where) -> LoadedRules:
        """Read all `*.rules` files of a folder, or the files given; see `load_rules`."""
        where = where if isinstance(where, str | Path) else tuple(where)
        is_whole = False
        for _ in range(_MAX_LISTINGS):
            if not is_whole:
                is_whole = self._read_texts(where)
        said = [said for _, said in self._texts.values()]
        with without_collection():
            loaded = assemble_rules(
                [file for file in said if isinstance(file, RuleFile)],
                [error for error in said if isinstance(error, RuleError)],
                self._memory,
            )
        return replace(loaded, digest=digest_of((name, key) for name, (key, _) in self._texts.items()))

    def _read_texts(self, where: Where) -> bool:
        """Read all files; False when one has vanished since the folder was listed."""
        texts: dict[str, tuple[bytes, RuleFile | RuleError]] = {}
        is_whole = True
        for name, content in read_contents(where):
            if content is None:
                is_whole = False
                continue
            key = hash_content(content)
            before = self._texts.get(name)
            if before and before[0] == key:
                texts[name] = before
            else:
                texts[name] = key, content if isinstance(content, RuleError) else read_text(name, content)
        self._texts = texts
        return is_whole


def load_rules(where: Where) -> LoadedRules:
    """Read all `*.rules` files of a folder, or the files given.

    In errors and topics a file bears its name within the folder, or the path given. Raises OSError
    (FileNotFoundError, NotADirectoryError) when the folder cannot be listed; a file that cannot be read is an
    error of the set (E300). A file that vanishes while the folder is read is not there.
    """
    return RuleReader().read(where)


def read_digest(where: Where) -> str:
    """32 hexadecimal digits that change when a file comes, goes or changes; `LoadedRules.digest` for what was read.

    Reads the files, but not what is too large for a rule file. Never raises OSError: a folder that cannot be listed
    has a digest too.
    """
    try:
        return digest_of((name, hash_content(content)) for name, content in read_contents(where) if content is not None)
    except OSError as error:
        return digest_of([(str(error), b"")])


def parse_topic(source: str, *, file: str = "stored topic") -> Topic:
    """Read one topic that stands by itself, as in `Topic.source`; its version comes out the same.

    *file* is what errors and the topic give as their file; places count in *source*. Raises RuleErrors.
    """
    loaded = assemble_rules([RuleFile(file, source)])
    if loaded.errors:
        raise RuleErrors(loaded.errors)
    if len(loaded.topics) != 1:
        message = f"one topic is wanted here, not {len(loaded.topics)}"
        raise RuleErrors([RuleError(code="E301", column=1, message=message, file=file, line=1)])
    return loaded.topics[0]
