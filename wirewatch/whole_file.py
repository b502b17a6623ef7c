"""A file that is there only when it is whole: written beside its place, under a name that a kill leaves behind.

That name is `.NAME.part`, and whoever writes it holds a lock on it, which the system frees however he ends. So the next
who writes NAME knows whether it was left behind, and throws it away then.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from wirewatch.errors import WirewatchError
from wirewatch.output import clean_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import BinaryIO

#: What file systems say that know no hard links (FAT, exFAT, some network and FUSE ones), or allow nobody to make them.
_NO_LINKS = frozenset({errno.EPERM, errno.EACCES, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK})


def part_of(path: Path) -> Path:
    """Return the name that the file has until it is whole."""
    return path.with_name(f".{path.name}.part")


@contextmanager
def whole_file(
    path: Path, *, is_forced: bool = False, link: Callable[[Path, Path], None] = os.link
) -> Iterator[BinaryIO]:
    """Open a file for writing that becomes *path* when the block has ended without an error.

    Else there is none, and an older one of that name stays. Raises WirewatchError when there is one and it is not
    *is_forced*, when it is a folder, a device or a pipe, when another process is writing it, and when it cannot be
    written. *link* makes a hard link, where the file system knows them.
    """
    if path.exists() and not path.is_file():
        # The new file would take the place of the device or the pipe itself, and take it away from everybody.
        raise WirewatchError(
            f"{clean_line(str(path))}: it is no ordinary file; without -o the export goes to standard output"
        )
    if os.path.lexists(path) and not is_forced:
        raise _exists(path)
    try:
        file = _begin(path)
    except OSError as error:
        raise _unwritten(path, error) from error
    try:
        # Closed only when it has its name: until then it is locked.
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            if is_forced:
                part_of(path).replace(path)
            else:
                _place(part_of(path), path, link)
    except BaseException as error:
        with suppress(OSError):
            part_of(path).unlink(missing_ok=True)
        if isinstance(error, FileExistsError):
            raise _exists(path) from error
        if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
            raise _unwritten(path, error) from error
        raise


def _exists(path: Path) -> WirewatchError:
    return WirewatchError(
        f"{clean_line(str(path))}: there is such a file; choose another name, or overwrite it with --force"
    )


def _unwritten(path: Path, error: OSError) -> WirewatchError:
    return WirewatchError(f"{clean_line(str(path))}: {error.strerror or error}; it was not written")


def _begin(path: Path) -> BinaryIO:
    """Make the file that will be *path*, and lock it; what somebody left there who was killed is thrown away."""
    part = part_of(path)
    try:
        file = part.open("xb")
    except FileExistsError:
        _throw_away(part, path)
        file = part.open("xb")
    # Where nothing can be locked, nobody can throw it away either.
    with suppress(OSError):
        fcntl.flock(file, fcntl.LOCK_EX)
    if not _is_still(file, part):
        file.close()
        raise WirewatchError(f"{clean_line(str(path))}: another process is writing it just now")
    return file


def _throw_away(part: Path, path: Path) -> None:
    """Remove what was left behind. Raises WirewatchError when its writer is at work, or nobody knows."""
    descriptor = os.open(part, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as left:
        found = os.fstat(left.fileno())
        try:
            fcntl.flock(left, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise WirewatchError(f"{clean_line(str(path))}: another process is writing it just now") from error
        except OSError as error:
            raise _not_ours(part) from error
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
            raise _not_ours(part)
        if _is_still(left, part):
            part.unlink()


def _not_ours(part: Path) -> WirewatchError:
    return WirewatchError(
        f"{clean_line(str(part))}: it may be what another process writes just now; if none does, remove it"
    )


def _is_still(file: BinaryIO, part: Path) -> bool:
    """Say whether this file has that name, and no other one has taken its place."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), part.lstat())
    except FileNotFoundError:
        return False


def _place(part: Path, path: Path, link: Callable[[Path, Path], None]) -> None:
    """Give *part* the name *path*, unless there is such a file. Raises FileExistsError then, and OSError."""
    try:
        # Unlike a rename, it takes the place of no file that came up meanwhile.
        link(part, path)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
    else:
        part.unlink()
        return
    # The name is taken with an empty file of ours, which nobody else overwrites unasked; then we do.
    with path.open("xb") as ours:
        try:
            if not _is_still(ours, path):
                raise FileExistsError(path)
            part.replace(path)
        except OSError:
            if _is_still(ours, path):
                path.unlink()
            raise
