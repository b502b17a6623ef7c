"""A rule set on its way to the worker processes: a temporary file that each of them reads once.

Sets are too large to travel with each page (10,000 rules are 1.3 MB), and which process will take a page
is not known beforehand. A file is read by those that need it, when they need it, and by those that are started
in place of others, without the main process having anything to do with it.
"""

from __future__ import annotations

import gc
import os
import pickle
import stat
import tempfile
import weakref
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from rules.collection import without_collection

if TYPE_CHECKING:
    from rules.match import RuleSet

#: 100,000 rules are 9 MB and ready for use in 1.3 s; on a machine that is ten times as busy they get the time too.
_BYTES_PER_S = 500_000


#: begins the names of the files; then comes the process id
_PREFIX = "wirewatch-rules-"


class RulesTicket(NamedTuple):
    """Where a worker finds a rule set."""

    path: str
    #: size of the file
    bytes: int

    @property
    def load_limit_s(self) -> float:
        """How long a worker may take to read the set, beside the time for its page."""
        return self.bytes / _BYTES_PER_S


class RulesLostError(Exception):
    """The file of the rule set is gone, or not ours: something cleans up among the temporary files. Pack it again."""


class Packing:
    """The rule sets that are on their way: the one in use, and the one that is prepared to follow it.

    Safe to use from several threads; only `prepare` takes long. A file is deleted when its set was followed by
    another and nobody holds its `PackedRules` any more, or when the program ends. Files are written into *folder*,
    or where the system keeps temporary ones.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._writing = Lock()
        self._lock = Lock()
        self._used: PackedRules | None = None
        self._next: PackedRules | None = None

    def prepare(self, rules: RuleSet) -> PackedRules:
        """Write the set to its file if that is not done yet. Raises OSError."""
        with self._writing:
            packed = self._find(rules)
            if packed is None:
                _sweep(Path(self._folder or tempfile.gettempdir()))
                packed = PackedRules(rules, self._folder)
                with self._lock:
                    self._next = packed
            return packed

    def take(self, rules: RuleSet) -> PackedRules | None:
        """The set in its file if it was prepared, which makes it the one in use."""
        with self._lock:
            packed = self._find(rules)
            if packed is not None and packed is self._next:
                self._used, self._next = packed, None
            return packed

    def forget(self, packed: PackedRules) -> None:
        """Have the set written again where it is wanted next, because its file is lost."""
        with self._lock:
            self._used = None if self._used is packed else self._used
            self._next = None if self._next is packed else self._next

    def close(self) -> None:
        """Let go of both."""
        with self._lock:
            self._used = self._next = None

    def _find(self, rules: RuleSet) -> PackedRules | None:
        # By identity: to compare what is in them would take long, and each reload makes a new one.
        candidates = (self._used, self._next)
        return next((packed for packed in candidates if packed is not None and packed.rules is rules), None)


class PackedRules:
    """A rule set in a file that only we may read, and that is deleted with this object. Raises OSError."""

    def __init__(self, rules: RuleSet, folder: Path | None) -> None:
        self.rules = rules
        with _sweeping:
            descriptor, path = tempfile.mkstemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=folder)
            _made.add(os.path.basename(path))  # noqa: PTH119  # as `_delete` does
        self._delete = weakref.finalize(self, _delete, path)
        # Into the file and not into memory: at each 64 kB other threads get their turn.
        with open(descriptor, "wb") as file:  # noqa: PTH123  # a descriptor, no path
            pickle.dump(rules, file, protocol=pickle.HIGHEST_PROTOCOL)
            size = file.tell()
        self.ticket = RulesTicket(path, size)


#: the names of the files that this process has made and not deleted yet
_made: set[str] = set()
_sweeping = Lock()


def _sweep(folder: Path) -> None:
    """Delete what processes left that were killed. Where one lives after all, it notices and writes the file again."""
    with _sweeping:
        for path in folder.glob(f"{_PREFIX}*"):
            with suppress(OSError, ValueError, OverflowError):
                process = int(path.name.removeprefix(_PREFIX).partition("-")[0])
                if path.name not in _made and (process == os.getpid() or not _is_alive(process)):
                    path.unlink()


def _is_alive(process: int) -> bool:
    """Raises OSError where that cannot be asked. In a container, a process mostly has the number of the last one."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def _delete(path: str) -> None:
    with suppress(OSError):
        os.unlink(path)  # noqa: PTH108  # at the end of the program less may be left of pathlib
    _made.discard(os.path.basename(path))  # noqa: PTH119  # likewise


# --- in the workers ---------------------------------------------------------------------------------

#: The last rule set that was read, by the path of its file. A worker has one at a time.
_here: dict[str, RuleSet] = {}


def unpack(ticket: RulesTicket) -> RuleSet:
    """The rule set of *ticket*, read from its file unless it was the last one that was asked for here.

    Raises RulesLostError, and RuntimeError when there is not enough memory for it.
    """
    if ticket.path not in _here:
        _here.clear()
        gc.collect()
        with without_collection():
            _here[ticket.path] = _read(ticket.path)
        # It stays, so it need not be looked through again for each few pages.
        gc.freeze()
    return _here[ticket.path]


def _read(path: str) -> RuleSet:
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:  # noqa: PTH123  # a descriptor, no path
            if not _is_ours(file.fileno()):
                raise RulesLostError
            rules: RuleSet = pickle.load(file)  # noqa: S301  # our own parent process has packed it
    except OSError as error:
        raise RulesLostError from error
    except MemoryError as error:
        # Not the page is at fault, so this must not look as if it were.
        raise RuntimeError("the rules need more memory than a worker process may have") from error
    return rules


def _is_ours(descriptor: int) -> bool:
    """Could nobody but us have written the file? A name that was cleaned away is free for everybody to take."""
    found = os.fstat(descriptor)
    return stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022
