"""How pages are fetched: the bounds and manners of `ingest.fetch`, checked. Pure, and cheap to import."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from ipaddress import IPv6Address

from ingest.address_guard import AddressGuard
from ingest.header_rules import header_fault
from ingest.proxy import parse_proxy

_HEADER_TEXT = re.compile(r"[\x20-\x7e]*")
#: RFC 9309: the name by which a robots.txt may speak of a program.
_PRODUCT = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_HOST_NAME = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*", re.ASCII)

#: The client's work per request grows with the connections that are open at once; beyond this it is felt.
MAX_CONNECTIONS = 100
#: The longest pause that can be set: beyond it a site is better polled less often.
MAX_SET_PAUSE_S = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSettings:
    """What is different for one host and its subdomains. Raises ValueError naming what cannot be."""

    #: a name (international ones as they are written, or in punycode) or an address (IPv6 without brackets)
    host: str
    #: seconds between two starts; None: as everywhere
    pause_s: float | None = None
    #: sent with every page that is asked for there, also after a redirect to there; not with feeds
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    #: why a secret of the headers cannot be had: as long as it is so, no page is asked for there
    missing: str | None = None

    def __post_init__(self) -> None:
        host = _plain_host(self.host)
        if _HOST_NAME.fullmatch(host) is None and not _is_ipv6(host):
            raise ValueError(f'host: "{ascii(self.host)[1:-1][:100]}" is no host; write news.example, without https://')
        object.__setattr__(self, "host", host)
        if self.pause_s is not None and not 0 <= self.pause_s <= MAX_SET_PAUSE_S:
            raise ValueError(f"{self.host}: pause_s: must be 0 to {MAX_SET_PAUSE_S:g}, not {self.pause_s}")
        for name, value in self.headers:
            why = header_fault(name, value)
            if why is not None:
                raise ValueError(f"{self.host}: headers: {ascii(name)[1:-1][:100]}: {why}")

    def covers(self, host: str) -> bool:
        """Whether *host* is this one, or under it."""
        return host == self.host or host.endswith(f".{self.host}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchSettings:
    """Raises ValueError, naming the setting, for a value that cannot be."""

    #: version of the program, for the User-Agent
    version: str = "0"
    #: what we call ourselves; empty: wirewatch/VERSION (+CONTACT)
    user_agent: str = ""
    #: page or mail address where a publisher can reach the user; empty: none is given
    contact: str = ""
    #: addresses that may be reached although they are not public; see `address_guard.AddressGuard`
    allow: tuple[str, ...] = ()
    #: seconds between two starts on one host
    pause_s: float = 2.0
    #: where it is otherwise; of those that cover a host, the longest name counts
    hosts: tuple[HostSettings, ...] = ()
    #: seconds for one exchange with all its redirects; waiting for a turn does not count
    timeout_s: float = 30.0
    #: seconds until a connection stands, TLS included; counts towards `timeout_s`
    connect_timeout_s: float = 10.0
    #: largest body of a feed, decoded
    max_feed_bytes: int = 10_000_000
    #: largest body of a page, decoded; longer ones keep the extractor busy for minutes
    max_page_bytes: int = 3_000_000
    max_redirects: int = 10
    #: requests under way at once, over all hosts
    max_connections: int = MAX_CONNECTIONS
    #: all requests go through it, see `proxy.parse_proxy`; empty: none. Those of the environment are never used
    proxy: str = field(default="", repr=False)
    #: leave names that cannot be resolved here to the proxy, unchecked; otherwise they are refused
    proxy_resolves: bool = False

    def __post_init__(self) -> None:
        AddressGuard(self.allow)
        for name in ("version", "user_agent", "contact"):
            if not _HEADER_TEXT.fullmatch(getattr(self, name)):
                raise ValueError(f"fetch.{name}: only printable ASCII characters can be sent in a header")
        if _PRODUCT.match(self.full_user_agent) is None:
            raise ValueError(f"fetch.user_agent: it must begin with a name, as in wirewatch/1.0: {self.user_agent!r}")
        self._check_numbers()
        if self.proxy and (why := proxy_fault(self.proxy)) is not None:
            raise ValueError(f"fetch.proxy: {why}")
        hosts = [settings.host for settings in self.hosts]
        twice = next((host for host in hosts if hosts.count(host) > 1), None)
        if twice is not None:
            raise ValueError(f"fetch.hosts: {twice} is there twice")

    def _check_numbers(self) -> None:
        if not (math.isfinite(self.pause_s) and self.pause_s >= 0):
            raise ValueError(f"fetch.pause_s: must be 0 or more, not {self.pause_s}")
        for name in ("timeout_s", "connect_timeout_s"):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise ValueError(f"fetch.{name}: must be more than 0, not {getattr(self, name)}")
        for name, least in (("max_feed_bytes", 1), ("max_page_bytes", 1), ("max_redirects", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"fetch.{name}: must be {least} or more, not {getattr(self, name)}")
        if not 1 <= self.max_connections <= MAX_CONNECTIONS:
            raise ValueError(f"fetch.max_connections: must be 1 to {MAX_CONNECTIONS}, not {self.max_connections}")

    @property
    def full_user_agent(self) -> str:
        """The User-Agent header."""
        if self.user_agent:
            return self.user_agent
        return f"wirewatch/{self.version} (+{self.contact})" if self.contact else f"wirewatch/{self.version}"

    @property
    def product(self) -> str:
        """The name in the User-Agent to which a robots.txt may speak."""
        match = _PRODUCT.match(self.full_user_agent)
        return match[0] if match else ""

    def for_host(self, host: str) -> HostSettings | None:
        """Return the settings of the nearest name that covers *host*, lower case and in punycode; None: no own ones."""
        if not self.hosts:
            return None
        covering = [settings for settings in self.hosts if settings.covers(host)]
        return max(covering, key=lambda settings: len(settings.host), default=None)

    def pause_for(self, host: str) -> float:
        """Return the seconds between two starts on *host*.

        >>> settings = FetchSettings(hosts=(HostSettings(host="slow.example", pause_s=20.0),))
        >>> settings.pause_for("www.slow.example"), settings.pause_for("news.example")
        (20.0, 2.0)
        """
        settings = self.for_host(host)
        return self.pause_s if settings is None or settings.pause_s is None else settings.pause_s


def proxy_fault(text: str) -> str | None:
    """Return why *text* cannot be the setting `fetch.proxy`, without quoting it; None when it can."""
    try:
        parse_proxy(text)
    except ValueError as error:
        return str(error)
    return None


def _is_ipv6(host: str) -> bool:
    try:
        IPv6Address(host)
    except ValueError:
        return False
    return True


def _plain_host(host: str) -> str:
    """Lower case, in punycode, without brackets and final dot."""
    host = host.strip().lower().removesuffix(".")
    if host.isascii():
        return host.strip("[]")
    # Only now: it takes 15 ms to load, and most configurations do not need it.
    from ingest.target import parse_target

    try:
        return parse_target(f"http://{host}/").host
    except ValueError:
        return host
