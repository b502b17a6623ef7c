"""How pages are fetched: the bounds and manners of `ingest.fetch`, checked. Pure, and cheap to import."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from ingest.address_guard import AddressGuard

_HEADER_TEXT = re.compile(r"[\x20-\x7e]*")
#: RFC 9309: the name by which a robots.txt may speak of a program.
_PRODUCT = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")

#: The client's work per request grows with the connections that are open at once; beyond this it is felt.
MAX_CONNECTIONS = 100


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
    #: seconds for one exchange with all its redirects; waiting for a turn does not count
    timeout_s: float = 30.0
    #: largest body of a feed, decoded
    max_feed_bytes: int = 10_000_000
    #: largest body of a page, decoded; longer ones keep the extractor busy for minutes
    max_page_bytes: int = 3_000_000
    max_redirects: int = 10
    #: requests under way at once, over all hosts
    max_connections: int = MAX_CONNECTIONS

    def __post_init__(self) -> None:
        AddressGuard(self.allow)
        for name in ("version", "user_agent", "contact"):
            if not _HEADER_TEXT.fullmatch(getattr(self, name)):
                raise ValueError(f"fetch.{name}: only printable ASCII characters can be sent in a header")
        if _PRODUCT.match(self.full_user_agent) is None:
            raise ValueError(f"fetch.user_agent: it must begin with a name, as in wirewatch/1.0: {self.user_agent!r}")
        if not (math.isfinite(self.pause_s) and self.pause_s >= 0):
            raise ValueError(f"fetch.pause_s: must be 0 or more, not {self.pause_s}")
        if not (math.isfinite(self.timeout_s) and self.timeout_s > 0):
            raise ValueError(f"fetch.timeout_s: must be more than 0, not {self.timeout_s}")
        for name in ("max_feed_bytes", "max_page_bytes"):
            if getattr(self, name) < 1:
                raise ValueError(f"fetch.{name}: must be 1 or more, not {getattr(self, name)}")
        if self.max_redirects < 0:
            raise ValueError(f"fetch.max_redirects: must be 0 or more, not {self.max_redirects}")
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
