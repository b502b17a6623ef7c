"""The bytes of rule files, with an eye on what may lie in a folder instead of a file of a few kilobytes.

Only regular files are opened, and none above `MAX_BYTES` is read: a pipe would block for ever, a device may do
anything, and a large file is no rule file.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from rules.errors import Problem, RuleError
from rules.layout import RuleFile

if TYPE_CHECKING:
    from collections.abc import Iterator

#: 100,000 topics of one rule each take 10 MB; larger is a data file with a wrong name.
MAX_BYTES = 16 * 1024 * 1024

#: As many, with five lines each.
MAX_LINES = 1_000_000

SUFFIX = ".rules"


#: A folder of rules, or rule files.
Where = str | Path | Iterable[str | Path]


def read_contents(where: Where) -> Iterator[tuple[str, bytes | RuleError | None]]:
    """The rule files of a folder by name, or the files given: what each holds, or why it cannot be read.

    Each is read when it is asked for. None stands for a file of the folder that has vanished since the folder was
    listed. Hidden files are not looked at: editors put their locks and copies there. Raises OSError
    (FileNotFoundError, NotADirectoryError) when the folder cannot be listed.
    """
    if isinstance(where, str | Path):
        for path in _list(Path(where)):
            yield (name := _printable(path.name)), _read(name, path)
        return
    for path in map(Path, dict.fromkeys(where)):
        name = _printable(str(path))
        content = _read(name, path)
        yield name, _refuse(name, "there is no such file") if content is None else content


def hash_content(content: bytes | RuleError) -> bytes:
    """A hash that no two contents share, and no two reasons to have none."""
    said = b"?" + content.message.encode() if isinstance(content, RuleError) else b"=" + content
    return hashlib.blake2b(said, digest_size=16).digest()


def digest_of(hashes: Iterable[tuple[str, bytes]]) -> str:
    """32 hexadecimal digits that change with the names of files and the hashes of their contents."""
    digest = hashlib.blake2b(digest_size=16)
    for name, content in hashes:
        digest.update(hashlib.blake2b(name.encode(), digest_size=16).digest() + content)
    return digest.hexdigest()


def read_text(name: str, content: bytes) -> RuleFile | RuleError:
    """The content of a file as text, or the place of the first byte that is none."""
    if max(content.count(b"\n"), content.count(b"\r")) > MAX_LINES:
        return _refuse(name, f"more than {MAX_LINES:,} lines", "split the file, if it is one of rules")
    nul = content.find(b"\0")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        if nul == -1 or error.start < nul:
            message = f"not UTF-8: byte {content[error.start]:#04x}"
            return _refuse_at(name, content[: error.start], message, "save the file as UTF-8")
    else:
        if nul == -1:
            return RuleFile(name, text)
    return _refuse_at(name, content[:nul], "NUL byte: not a text file", "save the file as UTF-8 text, or move it away")


def _list(folder: Path) -> list[Path]:
    if not folder.exists():
        raise FileNotFoundError(f"there is no rules folder {folder}")
    if not folder.is_dir():
        raise NotADirectoryError(f"the rules folder {folder} is not a folder")
    return sorted(path for path in folder.iterdir() if path.suffix == SUFFIX and not path.name.startswith("."))


def _read(name: str, path: Path) -> bytes | RuleError | None:
    try:
        return _read_regular(path)
    except FileNotFoundError:
        if path.is_symlink():
            return _refuse(name, "a link that leads nowhere", "remove it, or let it lead to a rule file")
        return None
    except OSError as error:
        return _refuse(name, f"cannot be read: {error.strerror or error}")
    except ValueError as error:  # a name with a NUL
        return _refuse(name, f"cannot be read: {error}")


def _read_regular(path: Path) -> bytes:
    # Looked at before it is opened, for to open a device can do something, and once more afterwards.
    _check(path.stat())
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    with os.fdopen(descriptor, "rb") as file:
        _check(os.fstat(descriptor))
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise OSError(errno.EFBIG, _TOO_LARGE)
    return content


def _check(status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file")
    if status.st_size > MAX_BYTES:
        raise OSError(errno.EFBIG, _TOO_LARGE)


_TOO_LARGE = f"larger than {MAX_BYTES // 1024 // 1024} MB"


def _refuse(name: str, message: str, remedy: str = "") -> RuleError:
    return RuleError(code="E300", column=1, message=message, remedy=remedy, file=name, line=1)


def _refuse_at(name: str, before: bytes, message: str, remedy: str) -> RuleError:
    # What stands before the bad byte is good, so the place can be told in characters.
    shown = RuleFile(name, before.decode("utf-8") + "\ufffd")
    return shown.error(Problem("E300", len(shown.text) - 1, message, remedy))


def _printable(name: str) -> str:
    """A name that can be encoded, which the name of a file need not be."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
