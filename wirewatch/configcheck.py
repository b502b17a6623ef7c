"""What `wirewatch doctor` says of the configuration beyond feeds and rules: what would stop the start, what is unwise.

Nothing of a secret is ever quoted.
"""

from __future__ import annotations

import re
import shlex
import stat
from contextlib import suppress
from importlib.util import find_spec
from ipaddress import IPv4Network, collapse_addresses, ip_network
from typing import TYPE_CHECKING

from wirewatch import tomlfile
from wirewatch.check import fail, ok, warn
from wirewatch.errors import ConfigError, ExitCode
from wirewatch.feedaccess import SECRETS_DIR, is_readable_by_others, secret_files
from wirewatch.feedlist import FeedLine, Place
from wirewatch.secretnames import SECRET
from wirewatch.sitefile import read_sites

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from ipaddress import IPv6Network
    from pathlib import Path

    from wirewatch.check import Check
    from wirewatch.places import ConfigDir
    from wirewatch.settings import Settings
    from wirewatch.sitefile import SitesInForce

#: of many sites with the same trouble, so many are named
MOST_TOLD = 10
#: what the extra `websub` installs
WEBSUB_PACKAGES = ("starlette", "uvicorn")
#: headers by which one gets in
_SECRET_HEADER = re.compile(r"auth|token|key|secret|passw|cookie|session|credential", re.IGNORECASE)


def check_sites(config: ConfigDir) -> Iterator[Check]:
    """sites.toml must be right where it is there, with the secrets that it names, and its tests should come true."""
    try:
        found = read_sites(config.sites_file)
    except ConfigError as e:
        yield from (fail("sites.toml", line, ExitCode.INVALID) for line in str(e).splitlines())
        return
    if not found.sites:
        return
    is_well = True
    for check in (*_site_secrets(found), *_site_tests(found)):
        is_well = False
        yield check
    if is_well:
        told = "1 site" if len(found.sites) == 1 else f"{len(found.sites)} sites"
        yield ok("sites.toml", f"{told} in {found.path}, tests come true")


def _site_secrets(found: SitesInForce) -> Iterator[Check]:
    _, faults = found.host_settings()
    for line in faults:
        yield fail("sites.toml", f"{line}; no page of it is fetched until then", ExitCode.INVALID)
    for path in secret_files(_as_feeds(found)):
        if is_readable_by_others(path):
            fix = f"keep it to yourself: chmod 600 {shlex.quote(str(path))}"
            yield warn("sites.toml", f"{path} can be read by others; {fix}")


def _as_feeds(found: SitesInForce) -> list[FeedLine]:
    """The headers of the sites, as those of feeds: file names are relative to the file in both."""
    place = Place(path=found.path, index=0)
    return [FeedLine(url=site.host, headers=site.headers, place=place) for site in found.sites]


def _site_tests(found: SitesInForce) -> Iterator[Check]:
    from wirewatch.sitecheck import check_site

    problems = [
        f"{found.path}:{site.line}: {site.host}: {problem}"
        for site in found.sites
        for problem in check_site(site).problems
    ]
    for problem in problems[:MOST_TOLD]:
        yield warn("sites.toml", f"{problem}; see", "sites check")
    if len(problems) > MOST_TOLD:
        yield warn("sites.toml", f"… and {len(problems) - MOST_TOLD:,} more; see", "sites check")


def check_proxy(settings: Settings) -> Iterator[Check]:
    """The variable that holds the proxy must be set, and hold one."""
    try:
        address = settings.fetch.proxy_address()
    except ConfigError as e:
        yield fail("proxy", str(e), ExitCode.INVALID)
        return
    if address and settings.fetch.proxy_resolves:
        fix = "see to it that the proxy refuses private addresses"
        yield warn("proxy", f"fetch.proxy_resolves: names that cannot be resolved here are not checked here; {fix}")
    elif address:
        yield ok("proxy", "all requests go through the proxy of fetch.proxy")


def check_websub(settings: Settings, find: Callable[[str], object | None] = find_spec) -> Iterator[Check]:
    """Where hubs are to call us, what listens for them must be installed; *find* finds packages."""
    if not settings.websub.callback:
        return
    if any(find(name) is None for name in WEBSUB_PACKAGES):
        what = "websub.callback is set, but what listens for hubs is not installed"
        yield fail("websub", f'{what}; install it with: pip install "wirewatch[websub]"', ExitCode.INVALID)
    else:
        yield ok("websub", f"hubs call {settings.websub.callback}; run listens at {settings.websub.listen}")


# --- what works, and is unwise ----------------------------------------------------------------------


def check_cautions(config: ConfigDir, settings: Settings) -> Iterator[Check]:
    """Secrets should stand in no file that is shown around, and not everything private be within reach."""
    yield from _proxy_in_the_clear(config)
    yield from _headers_in_the_clear(config)
    secrets = config.path / SECRETS_DIR
    if _is_writable_by_others(secrets):
        yield warn("secrets", f"others can write into {secrets}: chmod 700 {shlex.quote(str(secrets))}")
    for what in _wholly_allowed(settings.fetch.allow):
        fix = "name only what is to be reached, as in 127.0.0.1:8080"
        yield warn("allow", f"fetch.allow lets every page reach all of {what}, private networks included; {fix}")


def _proxy_in_the_clear(config: ConfigDir) -> Iterator[Check]:
    from ingest.proxy import parse_proxy

    path = config.settings_file
    if not path.is_file():
        return
    text = tomlfile.read_text(path)
    fetch = tomlfile.parse(text, path).get("fetch")
    written = fetch.get("proxy") if isinstance(fetch, dict) else None
    if not isinstance(written, str) or not written or written.startswith("env:"):
        return
    credentials = parse_proxy(written).credentials
    if credentials and credentials[1]:
        place = f"{path}:{tomlfile.line_of(text, ['fetch', 'proxy'])}"
        fix = 'put the address into a variable and write proxy = "env:NAME"'
        yield warn("proxy", f"{place}: fetch.proxy: its password stands here for all to read; {fix}")


def _headers_in_the_clear(config: ConfigDir) -> Iterator[Check]:
    from wirewatch.feedlist import read_feeds

    # a file that is invalid is told of where it is looked at
    with suppress(ConfigError):
        yield from _told("feeds.toml", list(_clear_of_feeds(read_feeds(config.feeds_file))))
    with suppress(ConfigError):
        yield from _told("sites.toml", list(_clear_of_sites(read_sites(config.sites_file))))


def _told(check: str, clear: Sequence[tuple[str, str]]) -> Iterator[Check]:
    fix = 'put it into a file that only you can read and write "file:secrets/NAME", or into a variable and "env:NAME"'
    for place, name in clear[:MOST_TOLD]:
        yield warn(check, f"{place}: headers: {name}: it looks like a secret, for all to read; {fix}")
    if len(clear) > MOST_TOLD:
        yield warn(check, f"headers: … and {len(clear) - MOST_TOLD:,} more that look like secrets")


def _clear_of_feeds(feeds: Iterable[FeedLine]) -> Iterator[tuple[str, str]]:
    for feed in feeds:
        for name in _clear(feed.headers):
            yield (feed.place.line("headers", name) if feed.place else feed.url), name


def _clear_of_sites(found: SitesInForce) -> Iterator[tuple[str, str]]:
    for site in found.sites:
        for name in _clear(site.headers):
            yield f"{found.path}:{site.line}: {site.host}", name


def _clear(headers: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, value in headers:
        if value and _SECRET_HEADER.search(name) and not SECRET.fullmatch(value):
            yield name


def _is_writable_by_others(folder: Path) -> bool:
    try:
        return folder.is_dir() and bool(stat.S_IMODE(folder.stat().st_mode) & (stat.S_IWGRP | stat.S_IWOTH))
    except OSError:
        return False


def _wholly_allowed(allow: Iterable[str]) -> Iterator[str]:
    """Which of the two families of addresses *allow* covers, by one network or by several, on whatever ports."""
    v4: list[IPv4Network] = []
    v6: list[IPv6Network] = []
    for item in allow:
        network = _network(item.strip())
        if isinstance(network, IPv4Network):
            v4.append(network)
        elif network is not None:
            v6.append(network)
    if any(network.prefixlen == 0 for network in collapse_addresses(v4)):
        yield "IPv4"
    if any(network.prefixlen == 0 for network in collapse_addresses(v6)):
        yield "IPv6"


def _network(item: str) -> IPv4Network | IPv6Network | None:
    """The network of an item of fetch.allow, as `AddressGuard` reads it; None where it names a host."""
    for text in (item, item.rpartition(":")[0].strip("[]"), item.strip("[]")):
        try:
            return ip_network(text, strict=False)
        except ValueError:
            continue
    return None
