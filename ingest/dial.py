"""Opens connections, to checked addresses only.

A name is resolved once, all its addresses are checked, and one of those very addresses is connected to: a
name that changes its mind between the check and the connection (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import asyncio
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from ingest.address_guard import AddressGuard

    #: Returns the addresses of a host for connections to a port. Raises OSError (gaierror) when there are none.
    Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

#: Bytes that a connection reads ahead (twice that at most).
_READ_AHEAD_BYTES = 64 * 1024
#: How long an address is tried when there is another one; the last one has the whole time that is left.
_FIRST_TRY_S = 3.0
#: More than this no honest name needs.
_MAX_TRIES = 4
#: Look-ups at a time. They are threads of our own: slow name servers must not take those of the store.
_RESOLVER_THREADS = 8


class Resolver:
    """The system's name resolution, in a few threads of its own."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_RESOLVER_THREADS, thread_name_prefix="resolve")

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of *host*, the best first. Raises OSError, or UnicodeError for an impossible name."""
        loop = asyncio.get_running_loop()
        answers = await loop.run_in_executor(self._threads, _resolve, host, port)
        return [str(address[0]) for *_, address in answers]

    def close(self) -> None:
        """Let go of the threads; look-ups that are under way end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)


async def dial(
    host: str, port: int, *, guard: AddressGuard, resolve: Resolve
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to *host*, a name or an address.

    Raises AddressRefused before any packet is sent, OSError when there is no connection (socket.gaierror: no
    such name), UnicodeError for an impossible name. Has no time limit of its own.
    """
    return await _connect_to_one(await check_name(host, port, guard=guard, resolve=resolve), port)


async def dial_unchecked(
    host: str, port: int, *, resolve: Resolve
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """The same for the proxy, which the user has named: it may stand anywhere."""
    return await _connect_to_one(await _addresses(host, port, resolve), port)


async def check_name(host: str, port: int, *, guard: AddressGuard, resolve: Resolve) -> Sequence[str]:
    """Return the addresses of *host*, a name or an address, all of them checked. Raises as `dial` does."""
    addresses = await _addresses(host, port, resolve)
    guard.check(host, port, addresses)
    return addresses


async def _addresses(host: str, port: int, resolve: Resolve) -> Sequence[str]:
    addresses = [host] if _is_address(host) else list(dict.fromkeys(await resolve(host, port)))
    if not addresses:
        raise socket.gaierror(socket.EAI_NONAME, "the name has no address")
    return addresses


async def _connect_to_one(addresses: Sequence[str], port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    tries = addresses[:_MAX_TRIES]
    for address in tries[:-1]:
        try:
            async with asyncio.timeout(_FIRST_TRY_S):
                return await _connect(address, port)
        except OSError:
            continue
    return await _connect(tries[-1], port)


async def _connect(address: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        return await asyncio.open_connection(address, port, limit=_READ_AHEAD_BYTES)
    except OSError as error:
        if error.errno is None or isinstance(error, (socket.gaierror, TimeoutError)):
            raise
        # asyncio's own words quote a tuple of Python. The number alone decides on the kind of an OSError.
        raise OSError(error.errno, f"{address} port {port}: {os.strerror(error.errno)}") from error


def _resolve(host: str, port: int) -> list[tuple[object, object, object, str, tuple[str | int | bytes, ...]]]:
    return [*socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
