"""Undoes the content coding of an answer while its bytes come in, and never beyond a limit.

A few kilobytes of gzip or brotli can unfold to gigabytes, so the decoders here give out their output in
pieces, and every decoded byte is counted before the next piece is asked for. Pure.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Protocol

import brotli

from ingest.errors import Permanent, Reason, Transient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: What we ask servers for. Others are refused, but for deflate, which some send unasked.
ACCEPT_ENCODING = "gzip, br"

#: Most bytes that a decoder gives out at a time (brotli may give twice as much).
_PIECE_BYTES = 256 * 1024
#: A gzip file may consist of many; empty ones would keep us busy without ever reaching the limit.
_MAX_GZIP_MEMBERS = 1_000
#: What compressed data may be longer than what it unfolds to: frames, and nothing that a real server adds.
_CODING_OVERHEAD_BYTES = 64 * 1024
#: Not codings, but seen in the field as such by servers that send the body as it is.
_NO_CODINGS = frozenset({"", "identity", "none", "binary", "8bit", "utf-8"})


class _Truncated(Exception):  # caught in this file, where it becomes a Transient
    """The compressed data stopped before its end."""


class _Decoder(Protocol):
    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        """Decode *chunk*, piece by piece. Raises zlib.error or brotli.error for corrupt data."""
        ...

    def finish(self) -> None:
        """Raises _Truncated when the data has not come to its end."""
        ...


class BodyReader:
    """Collects the body of one answer, decoded, up to *max_bytes* bytes.

    *coding* is the value of Content-Encoding ("" for none), *subject* the address that errors name.
    Raises Permanent(DECODE) when the coding is unknown or several are stacked.
    """

    def __init__(self, coding: str, *, max_bytes: int, subject: str) -> None:
        self._max_bytes = max_bytes
        self._subject = subject
        self._decoder = _decoder_for(coding, subject)
        self._parts: list[bytes] = []
        self._raw_bytes = 0
        self._bytes = 0

    def add(self, chunk: bytes) -> None:
        """Take the next bytes from the wire.

        Raises Permanent(TOO_LARGE) as soon as there is too much, Transient(DECODE) for corrupt data.
        """
        self._raw_bytes += len(chunk)
        if self._decoder is None:
            self._keep(chunk)
            return
        if self._raw_bytes > self._max_bytes + _CODING_OVERHEAD_BYTES:
            raise self._too_large()
        try:
            for piece in self._decoder.pieces(chunk):
                self._keep(piece)
        except (zlib.error, brotli.error) as error:
            raise Transient(Reason.DECODE, self._subject, f"the compressed body is corrupt: {error}") from error

    def finish(self) -> bytes:
        """Return the whole body. Raises Transient(CONNECTION) when the compressed data stopped early."""
        # An empty body is empty, whatever coding its header names.
        if self._decoder is not None and self._raw_bytes:
            try:
                self._decoder.finish()
            except _Truncated:
                raise Transient(
                    Reason.CONNECTION, self._subject, "the compressed body ended before it was whole"
                ) from None
        return self.so_far()

    def so_far(self) -> bytes:
        """Return what has come, at most *max_bytes* bytes; also after add() has refused more."""
        return b"".join(self._parts)[: self._max_bytes]

    def _keep(self, piece: bytes) -> None:
        self._bytes += len(piece)
        self._parts.append(piece)
        if self._bytes > self._max_bytes:
            raise self._too_large()

    def _too_large(self) -> Permanent:
        return too_large(self._max_bytes, self._subject)


def too_large(max_bytes: int, subject: str) -> Permanent:
    """Return the error for a body of more than *max_bytes* bytes."""
    return Permanent(Reason.TOO_LARGE, subject, f"the body is larger than {max_bytes:,} bytes")


def _decoder_for(coding: str, subject: str) -> _Decoder | None:
    codings = [name for part in coding.split(",") if (name := part.strip().lower()) not in _NO_CODINGS]
    if not codings:
        return None
    if len(codings) > 1:
        raise Permanent(Reason.DECODE, subject, f"several content codings on top of each other: {coding[:80]}")
    make = _DECODERS.get(codings[0])
    if make is None:
        raise Permanent(Reason.DECODE, subject, f"unknown content coding: {codings[0][:80]}")
    return make()


def _inflate(data: zlib._Decompress, chunk: bytes) -> Iterator[bytes]:
    while True:
        piece = data.decompress(chunk, _PIECE_BYTES)
        yield piece
        chunk = data.unconsumed_tail
        # A full piece may leave output behind inside the decoder although all input is taken.
        if data.eof or (not chunk and len(piece) < _PIECE_BYTES):
            return


class _Gzip:
    """RFC 1952: one or more members. What follows the last one is ignored, as gzip itself does."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(wbits=31)
        self._members = 1
        self._is_over = False

    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        while chunk and not self._is_over:
            if self._member.eof:
                # Padding or other rubbish after the end; a further member starts with the magic byte.
                if chunk[0] != 0x1F or self._members >= _MAX_GZIP_MEMBERS:
                    self._is_over = True
                    return
                self._member = zlib.decompressobj(wbits=31)
                self._members += 1
            yield from _inflate(self._member, chunk)
            chunk = self._member.unused_data

    def finish(self) -> None:
        if not self._member.eof:
            raise _Truncated


class _Deflate:
    """RFC 9110 means zlib's format; some servers send it without zlib's header."""

    def __init__(self) -> None:
        self._data: zlib._Decompress | None = None
        self._head = b""

    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        # Both bytes of zlib's header may come apart; until there are two, nothing is known.
        self._head += chunk
        if self._data is None:
            if len(self._head) < 2:
                return
            is_zlib = self._head[0] & 0x0F == 8 and int.from_bytes(self._head[:2]) % 31 == 0
            self._data = zlib.decompressobj(wbits=15 if is_zlib else -15)
        chunk, self._head = self._head, b""
        if not self._data.eof:
            yield from _inflate(self._data, chunk)

    def finish(self) -> None:
        if self._data is None or not self._data.eof:
            raise _Truncated


class _Brotli:
    """RFC 7932."""

    def __init__(self) -> None:
        self._data = brotli.Decompressor()

    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        while True:
            piece = self._data.process(chunk, output_buffer_limit=_PIECE_BYTES)
            yield piece
            chunk = b""
            # can_accept_more_data() is true as soon as the input is taken, though output may be left behind.
            has_more = len(piece) >= _PIECE_BYTES or not self._data.can_accept_more_data()
            if self._data.is_finished() or not has_more:
                return

    def finish(self) -> None:
        if not self._data.is_finished():
            raise _Truncated


_DECODERS: dict[str, Callable[[], _Decoder]] = {
    "gzip": _Gzip,
    "x-gzip": _Gzip,
    "deflate": _Deflate,
    "br": _Brotli,
}
