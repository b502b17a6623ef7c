"""Where an export goes: standard output, or a file that is there only when it is whole; compressed by its name."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, cast

from wirewatch.errors import WirewatchError
from wirewatch.whole_file import whole_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import zstandard

#: The endings of compressed files.
COMPRESSED = (".gz", ".zst")

_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
#: So much of a stream of zstd is unpacked at once: 4 bytes can be a block of 128 KiB, so that is 32 MiB at most.
_ZSTD_BYTES = 1024


def bare_name(path: Path) -> str:
    """Return the name of *path* without the ending that says that it is compressed.

    >>> from pathlib import Path
    >>> bare_name(Path("a/matches.csv.gz"))
    'matches.csv'
    """
    return path.stem if path.suffix in COMPRESSED else path.name


@contextmanager
def writing(path: Path | None, *, is_forced: bool = False) -> Iterator[BinaryIO]:
    """Open *path*, or standard output when it is None, for an export.

    A file gets its name when the block has ended without an error; see `whole_file`, also for what is raised.
    """
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with whole_file(path, is_forced=is_forced) as file, _compressing(file, path.suffix) as out:
        yield out


@contextmanager
def _compressing(file: BinaryIO, suffix: str) -> Iterator[BinaryIO]:
    if suffix == ".gz":
        # Without name and time, so that the same rows give the same file.
        with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
            yield cast(BinaryIO, packed)
    elif suffix == ".zst":
        import zstandard

        with zstandard.ZstdCompressor(level=6).stream_writer(file, closefd=False) as packing:
            yield cast(BinaryIO, packing)
    else:
        yield file


@contextmanager
def reading(path: Path | None) -> Iterator[BinaryIO]:
    """Open *path*, or standard input when it is None; what is compressed is told by how it begins.

    Raises WirewatchError when it cannot be read, also in the middle.
    """
    with readable("standard input" if path is None else str(path)):
        if path is None:
            yield _unpacked(io.BufferedReader(cast(io.RawIOBase, sys.stdin.buffer)))
            return
        with path.open("rb") as file:
            yield _unpacked(file)


@contextmanager
def readable(name: str) -> Iterator[None]:
    """Raise WirewatchError, which calls it *name*, where what is read in the block cannot be read."""
    try:
        yield
    except (OSError, EOFError, zlib.error) as error:
        if isinstance(error, BrokenPipeError):
            raise
        reason = error.strerror if isinstance(error, OSError) else None
        raise WirewatchError(f"{name}: {reason or str(error) or 'it cannot be read'}") from error


def _unpacked(file: io.BufferedReader) -> BinaryIO:
    begin = file.peek(4)
    if begin.startswith(_GZIP_MAGIC):
        return cast(BinaryIO, gzip.GzipFile(fileobj=file, mode="rb"))
    if begin.startswith(_ZSTD_MAGIC):
        return io.BufferedReader(cast(io.RawIOBase, _Unpacking(file)))
    return file


class _Unpacking(io.RawIOBase):
    """A stream of zstd, whose faults are those of any file; one of them is that it ends too early."""

    def __init__(self, packed: BinaryIO) -> None:
        self._packed = packed
        #: the frame that has begun and not ended
        self._frame: zstandard.ZstdDecompressionObj | None = None
        #: what was read and is not unpacked yet, and the other way round
        self._left = b""
        self._made = memoryview(b"")

    def readable(self) -> bool:
        """It is read."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # of what a reader hands over
        """Fill *buffer* as far as there is anything. Raises OSError where it is damaged or cut off."""
        while not self._made:
            given = self._left or self._packed.read(_ZSTD_BYTES)
            if not given:
                if self._frame is not None:
                    raise OSError(0, "the file ends too early; it was cut off")
                return 0
            self._made = memoryview(self._unpack(given))
        found = self._made[: len(buffer)]
        buffer[: len(found)] = found
        self._made = self._made[len(found) :]
        return len(found)

    def _unpack(self, given: bytes) -> bytes:
        import zstandard

        frame = self._frame or zstandard.ZstdDecompressor().decompressobj()
        try:
            made = frame.decompress(given)
        except zstandard.ZstdError as e:
            raise OSError(0, f"not zstd, or damaged: {e}") from e
        self._frame = None if frame.eof else frame
        self._left = frame.unused_data if frame.eof else b""
        return made
