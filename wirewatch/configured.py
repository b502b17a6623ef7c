"""What feeds.toml and sites.toml say: how each feed is asked for, what is different for single sites."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ingest.polling import FeedAccess
from wirewatch.feedaccess import read_all_access
from wirewatch.feedlist import read_feeds
from wirewatch.sitefile import SitesInForce, read_sites, tell_missing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ingest.fetch_settings import HostSettings
    from ingest.site_rules import SiteRule
    from wirewatch.feedlist import FeedLine
    from wirewatch.places import ConfigDir

log = logging.getLogger(__name__)

#: How a feed is asked for of which nothing is configured.
NO_ACCESS = FeedAccess()


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What the two files say, with the secrets that they name."""

    lines: tuple[FeedLine, ...] = ()
    #: how each feed is to be asked for, by its address
    access: Mapping[str, FeedAccess] = field(default_factory=dict)
    sites: SitesInForce
    hosts: tuple[HostSettings, ...] = ()
    #: a line for each secret of a site that cannot be had
    missing: tuple[str, ...] = ()


class Configured:
    """What is in force of both files; nothing is before the first `use`. *use_hosts* is told what differs by host."""

    def __init__(self, config: ConfigDir, use_hosts: Callable[[tuple[HostSettings, ...]], None] | None = None) -> None:
        self._config = config
        self._use_hosts = use_hosts
        self._files = Files(sites=SitesInForce(path=config.sites_file))
        #: they were told of when the fetcher was made
        self._has_told_missing = False

    @property
    def feeds(self) -> int:
        """Feeds in feeds.toml, those that are paused included."""
        return len(self._files.lines)

    def read(self) -> Files:
        """Read both files. A feed or a site whose secret cannot be had is told of, and hinders no other.

        Raises ConfigError.
        """
        sites = read_sites(self._config.sites_file)
        hosts, missing = sites.host_settings()
        lines = tuple(read_feeds(self._config.feeds_file))
        access, faults = read_all_access(lines)
        for line in faults:
            log.error("this feed is not polled: %s", line)
        return Files(lines=lines, access=access, sites=sites, hosts=hosts, missing=tuple(missing))

    def use(self, files: Files) -> None:
        """Bring *files* into force."""
        if self._has_told_missing:
            tell_missing(files.missing)
        self._has_told_missing = True
        self._files = files
        if self._use_hosts is not None:
            self._use_hosts(files.hosts)

    def access(self, url: str) -> FeedAccess:
        """How the feed with this configured address is to be asked for."""
        return self._files.access.get(url, NO_ACCESS)

    def is_configured(self, url: str) -> bool:
        """Whether *url* is the address of a feed."""
        return url in self._files.access

    def site_rule(self, host: str) -> SiteRule | None:
        """The user's rule for the pages of a host."""
        return self._files.sites.rule_for(host)
