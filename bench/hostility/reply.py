"""What a hostile server says: one answer, with everything about it that can be wrong.

Text in bodies and headers may name the hosts of a case as `@A@`, `@B@` …, which stand for `http://127.x.y.z:port`;
the server puts the addresses in before it encodes and compresses.
"""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import brotli

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    #: Raw bytes for the wire, head and all.
    Stream = Callable[[], AsyncIterator[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as it came in."""

    #: letter of the host that was asked
    host: str
    path: str
    #: names in lower case, without If-None-Match's bytes being touched (Latin-1)
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer. Left as it is, it is an honest 200 with a right Content-Length."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    #: text is encoded by `charset`; a function makes what is too large to keep
    body: str | bytes | Callable[[], bytes] = b""
    charset: str = "utf-8"
    #: codings that are applied to the body, in this order
    codings: tuple[str, ...] = ()
    #: True: the right Content-Length; False: none, and the connection is closed; a text: that one
    length: bool | str = True
    #: answer 304 to a request that brings this ETag, and send it else
    etag: str | None = None
    #: answer 400 to a request that brings any validator
    fears_validators: bool = False
    #: takes the place of everything else; the connection is closed after it
    stream: Stream | None = field(default=None, repr=False)

    def content(self, names: Mapping[str, str]) -> bytes:
        """The body as it goes over the wire."""
        body = self.body() if callable(self.body) else self.body
        data = fill(body, names).encode(self.charset) if isinstance(body, str) else fill_bytes(body, names)
        for coding in self.codings:
            data = CODINGS[coding](data)
        return data

    def head(self, names: Mapping[str, str], content: bytes) -> bytes:
        """The status line and the headers."""
        lines = [f"HTTP/1.1 {self.status} Said"]
        lines += [f"{name}: {fill(value, names)}" for name, value in self.headers]
        if self.codings and not any(name == "Content-Encoding" for name, _ in self.headers):
            lines.append(f"Content-Encoding: {', '.join(self.codings)}")
        if self.etag is not None:
            lines.append(f"ETag: {self.etag}")
        if self.length is not False:
            lines.append(f"Content-Length: {len(content) if self.length is True else self.length}")
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


def fill(text: str, names: Mapping[str, str]) -> str:
    """Put the addresses of the hosts into *text*."""
    for name, address in names.items():
        text = text.replace(name, address)
    return text


def fill_bytes(data: bytes, names: Mapping[str, str]) -> bytes:
    if b"@" not in data[:1_000_000]:
        return data
    for name, address in names.items():
        data = data.replace(name.encode(), address.encode())
    return data


def _raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "br": lambda data: brotli.compress(data, quality=4),
    "deflate": zlib.compress,
    "raw deflate": _raw_deflate,
}


def html(text: str, *, status: int = 200, headers: tuple[tuple[str, str], ...] = (), charset: str = "utf-8") -> Reply:
    """A web page."""
    kind = () if any(name == "Content-Type" for name, _ in headers) else (("Content-Type", "text/html"),)
    return Reply(status=status, headers=(*kind, *headers), body=text, charset=charset)


def xml(text: str, *headers: tuple[str, str], etag: str | None = None, charset: str = "utf-8") -> Reply:
    """A feed."""
    kind = () if any(name == "Content-Type" for name, _ in headers) else (("Content-Type", "application/xml"),)
    return Reply(headers=(*kind, *headers), body=text, etag=etag, charset=charset)


def status(number: int, *headers: tuple[str, str], body: str = "") -> Reply:
    """An answer that is hardly more than its status."""
    return Reply(status=number, headers=headers, body=body)


def redirect(to: str, number: int = 302, *headers: tuple[str, str]) -> Reply:
    """A redirect."""
    return Reply(status=number, headers=(("Location", to), *headers))


def raw(*pieces: bytes) -> Reply:
    """Exactly these bytes, and then the connection is closed."""

    async def stream() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    return Reply(stream=stream)
