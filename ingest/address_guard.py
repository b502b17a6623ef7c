"""Decides which network addresses may be connected to. Pure.

A feed or page is somebody else's text: its links and redirects must not make us talk to this machine's own
services, the local network or a cloud's metadata service. So only public addresses are allowed, and those
that the setting `fetch.allow` names. The check is made on the very addresses that are then connected to.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

#: IANA's special-purpose registry and what `is_global` lets through: in Python 3.11 it is true for
#: multicast, 6to4 relays and more, and it differs between versions, so the ranges are named here.
_NOT_PUBLIC_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this host
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, with the metadata services of clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
#: Global unicast is 2000::/3; everything else of IPv6 is loopback, local, mapped, translated or unassigned.
_UNICAST_V6 = IPv6Network("2000::/3")
_NOT_PUBLIC_V6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, with Teredo (2001::/32), which carries any IPv4 address
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which carries any IPv4 address
        "3fff::/20",  # documentation
    )
)
_HOST_AND_PORT = re.compile(r"(?P<host>\[[^\]]+\]|[^:\[\]]+)(?::(?P<port>\d{1,5}))?", re.ASCII)
_HOST_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*", re.ASCII)


class AddressRefused(Exception):  # named as the reason that it becomes
    """The address is not public and not allowed. The message says which setting would allow it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Allowed:
    """One item of the list: a network or a host name; None as the port means all ports."""

    network: IPv4Network | IPv6Network | None
    host: str
    port: int | None

    def covers(self, host: str, port: int, address: IPv4Address | IPv6Address) -> bool:
        if self.port is not None and self.port != port:
            return False
        return self.host == host if self.network is None else address in self.network


class AddressGuard:
    """Lets public addresses pass, and those of *allow*, the value of the setting `fetch.allow`.

    Its items are `CIDR` or `CIDR:port` (an address alone is a network of one; IPv6 with a port stands in
    brackets: `[::1]:8080`), or `host:port`, which allows whatever that name resolves to.
    Raises ValueError naming the item that is none of these.
    """

    def __init__(self, allow: Iterable[str] = ()) -> None:
        self._allowed = tuple(_parse_item(item) for item in allow)

    def check(self, host: str, port: int, addresses: Iterable[str]) -> None:
        """Raise AddressRefused unless every one of *addresses*, to which *host* resolves, is allowed.

        One that is not spoils all: a name that also points inside was made to do so, or leaks.
        """
        for text in addresses:
            if not is_public(text) and not self._allows(host, port, text):
                raise AddressRefused(_refusal(host, port, text))

    def _allows(self, host: str, port: int, text: str) -> bool:
        if not self._allowed:
            return False
        address = _read_address(text)
        return address is not None and any(item.covers(host, port, address) for item in self._allowed)


@lru_cache(maxsize=4096)
def is_public(text: str) -> bool:
    """Whether *text* is an address on the public Internet; what is no address is not.

    >>> is_public("8.8.8.8"), is_public("::ffff:10.0.0.1"), is_public("64:ff9b::7f00:1")
    (True, False, False)
    """
    address = _read_address(text)
    if address is None:
        return False
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_V4)
    return address in _UNICAST_V6 and not any(address in network for network in _NOT_PUBLIC_V6)


def _read_address(text: str) -> IPv4Address | IPv6Address | None:
    """Read an address; an IPv4 address in IPv6's clothes (::ffff:127.0.0.1) is that IPv4 address."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _refusal(host: str, port: int, text: str) -> str:
    item = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    what = text if text == host else f"{host} resolves to {text}, which"
    return f'{what} is not a public address; if it may be reached, add "{item}" to the setting fetch.allow'


def _parse_item(item: str) -> _Allowed:
    text = item.strip().lower()
    if (network := _read_network(text)) is not None:
        return _Allowed(network=network, host="", port=None)
    parts = _HOST_AND_PORT.fullmatch(text)
    if parts is None:
        # "::1/128:80" or "fd00::/8:443": a port behind bare IPv6 cannot be told from a part of the address.
        raise _bad_item(item, "write CIDR, CIDR:port, host:port or [::1]:port")
    host, port = parts["host"].strip("[]"), None if parts["port"] is None else int(parts["port"])
    if port is not None and not 1 <= port <= 65535:
        raise _bad_item(item, "ports go from 1 to 65535")
    network = _read_network(host)
    if network is None and "/" in host:
        raise _bad_item(item, _why_no_network(host))
    if network is None and _HOST_NAME.fullmatch(host) is None:
        raise _bad_item(item, "this is neither a network nor a host name")
    if network is None and port is None:
        raise _bad_item(item, f"a host name needs a port, as in {host}:80")
    return _Allowed(network=network, host=host, port=port)


def _read_network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        network = ip_network(text)
    except ValueError:
        return None
    # Addresses are unwrapped before they are compared, so networks must be as well.
    if isinstance(network, IPv6Network) and network.prefixlen >= 96:
        mapped = network.network_address.ipv4_mapped
        if mapped is not None:
            return IPv4Network((mapped, network.prefixlen - 96))
    return network


def _why_no_network(text: str) -> str:
    try:
        ip_network(text)
    except ValueError as error:
        return str(error)
    return "this is no network"


def _bad_item(item: str, why: str) -> ValueError:
    return ValueError(f'fetch.allow: "{item}": {why}')
