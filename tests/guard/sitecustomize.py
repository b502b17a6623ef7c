"""The network guard of the tests, for every Python process that they start.

`tests/conftest.py` puts this folder on PYTHONPATH, and Python imports `sitecustomize` by itself when it
starts. From then on the process reaches loopback addresses and Unix sockets, and nothing else: a
connection elsewhere raises NetworkRefused, and the name of another host is not found, as on a machine
without a network. In the test process itself pytest-socket does the same for connections.
"""

from __future__ import annotations

import ipaddress
import socket

_INTERNET = (socket.AF_INET, socket.AF_INET6)
_LOCAL_NAMES = ("localhost", "localhost.localdomain", "ip6-localhost")


class NetworkRefused(RuntimeError):
    """A process started by a test wanted to leave this machine. No OSError: nobody may take it for bad luck."""


def is_loopback(host: object) -> bool:
    """Whether *host*, an address or a name as given to the socket module, is this machine for certain."""
    if host is None:
        return True
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    if name in ("", *_LOCAL_NAMES):
        return True
    try:
        return ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _is_address(host: object) -> bool:
    try:
        ipaddress.ip_address(str(host).partition("%")[0])
    except ValueError:
        return False
    return True


def _check(sock: socket.socket, address: object) -> None:
    if sock.family in _INTERNET and isinstance(address, tuple) and not is_loopback(address[0]):
        raise NetworkRefused(f"no test may reach {address[0]}:{address[1]}")


def install() -> None:
    """Put the guard into this process."""
    connect, connect_ex, sendto = socket.socket.connect, socket.socket.connect_ex, socket.socket.sendto

    def guarded_connect(self, address):
        _check(self, address)
        return connect(self, address)

    def guarded_connect_ex(self, address):
        _check(self, address)
        return connect_ex(self, address)

    def guarded_sendto(self, data, *flags_and_address):
        _check(self, flags_and_address[-1])
        return sendto(self, data, *flags_and_address)

    socket.socket.connect = guarded_connect
    socket.socket.connect_ex = guarded_connect_ex
    socket.socket.sendto = guarded_sendto
    refuse_names()


def refuse_names() -> None:
    """Let no name of another host be looked up: the question itself would leave this machine."""
    getaddrinfo = socket.getaddrinfo

    def guarded_getaddrinfo(host, *arguments, **options):
        if not is_loopback(host) and not _is_address(host):
            raise socket.gaierror(socket.EAI_NONAME, "refused by the network guard of the tests")
        return getaddrinfo(host, *arguments, **options)

    socket.getaddrinfo = guarded_getaddrinfo


if __name__ == "sitecustomize":
    install()
