"""sites.toml: what is different for single sites. It stands beside wirewatch.toml, and need not be there.

    [[sites]]
    host = "news.example"             # and its subdomains
    body = "article .text p"          # CSS selectors: where the text is, the title, the date
    title = "h1"
    date = "time"
    remove = [".related", ".box"]     # what is no part of the article
    pause_s = 10                      # seconds between two requests
    headers = {X-Api-Key = "env:KEY"} # sent with every page that is asked for there; env:NAME or file:PATH for secrets
    [sites.test]                      # for `wirewatch sites check`
    page = "sites/news.html"          # a saved page, from this file on
    contains = ["a sentence"]

What a selector finds wins over the extractor, over what the page says of itself and over the feed; where it finds
nothing it is as if it were not there. For a page on several of the hosts the longest name counts.
"""

from __future__ import annotations

import difflib
import logging
import os
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from ingest.fetch_settings import HostSettings
from ingest.header_rules import header_fault
from ingest.site_rules import SiteRule, selector_fault
from wirewatch import tomlfile
from wirewatch.errors import ConfigError, MissingSecret
from wirewatch.secretnames import SECRET, reference_fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

log = logging.getLogger(__name__)

SELECTORS = ("body", "title", "date")
KEYS = ("host", *SELECTORS, "remove", "pause_s", "headers", "test")
TEST_KEYS = ("page", "url", "contains", "lacks", "title", "date")

#: the key that is wrong, and what is wrong with it
_Fault = tuple[tuple[str | int, ...], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteTest:
    """What must come out of a saved page; at least one thing is expected."""

    page: Path
    #: the address that the page stands for; None: one of the host
    url: str | None = None
    contains: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    title: str | None = None
    #: in UTC, where it names a time; else a day
    date: datetime | date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A site of sites.toml."""

    #: in lower case and in punycode
    host: str
    rule: SiteRule
    pause_s: float | None = None
    #: name and value, or env:NAME or file:PATH where the value is
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    test: SiteTest | None = None
    #: where it begins in the file
    line: int = 1

    @property
    def has_selectors(self) -> bool:
        """There is something to be looked for or taken out, and so something to be tested."""
        return bool(self.rule.body or self.rule.title or self.rule.date or self.rule.remove)


@dataclass(frozen=True, slots=True, kw_only=True)
class SitesInForce:
    """The sites of a file, in its order."""

    path: Path
    sites: tuple[Site, ...] = ()

    def rule_for(self, host: str) -> SiteRule | None:
        """Return the rule for the pages of *host*, as `ingest.address.host_of` gives it; None: there is none."""
        if not self.sites:
            return None
        host = host.strip("[]")
        covering = [site.rule for site in self.sites if site.has_selectors and _covers(site.host, host)]
        return max(covering, key=lambda rule: len(rule.host), default=None)

    def host_settings(
        self, environ: Mapping[str, str] = os.environ
    ) -> tuple[tuple[HostSettings, ...], tuple[str, ...]]:
        """Return how the pages of the sites are fetched, with secrets read, and a line for each that cannot be had.

        That is where a variable is not set, a file cannot be read, or no header can hold the value; the host says so
        then (`HostSettings.missing`), and hinders no other.
        """
        hosts, faults = [], []
        for index, site in enumerate(self.sites):
            if site.pause_s is None and not site.headers:
                continue
            try:
                headers = self._headers(site, index, environ)
            except MissingSecret as error:
                hosts.append(HostSettings(host=site.host, pause_s=site.pause_s, missing=error.what))
                faults.append(str(error))
            else:
                hosts.append(HostSettings(host=site.host, pause_s=site.pause_s, headers=headers))
        return tuple(hosts), tuple(faults)

    def _headers(self, site: Site, index: int, environ: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        """Raises MissingSecret, with the line."""
        from wirewatch.feedaccess import read_access
        from wirewatch.feedlist import FeedLine

        if not site.headers:
            return ()
        try:
            folder = self.path.resolve().parent
            return read_access(FeedLine(url=site.host, headers=site.headers), environ, folder=folder).headers
        except MissingSecret as e:
            line = tomlfile.line_of(tomlfile.read_text(self.path), ["sites", index, "headers"])
            raise MissingSecret(f"{self.path}:{line}", e.what) from e


def tell_missing(faults: Iterable[str]) -> None:
    """Log which sites lack a secret."""
    for line in faults:
        log.error("no page of this site is fetched: %s", line)


def read_sites(path: Path) -> SitesInForce:
    """Return the sites of *path*; none where there is no such file.

    Raises ConfigError, with a line for each fault, when it is not TOML, has an unknown key, a value of the wrong kind,
    a selector that is not understood, or names a host twice.
    """
    return parse_sites(tomlfile.read_text(path), path) if path.is_file() else SitesInForce(path=path)


def parse_sites(text: str, path: Path) -> SitesInForce:
    """Return the sites that *text* lists; *path* is what errors call it. Raises ConfigError as `read_sites` does."""
    document = tomlfile.parse(text, path)
    faults = [
        f"{path}:{tomlfile.line_of(text, [key])}: unknown key {key}; each site begins with [[sites]]"
        for key in document
        if key != "sites"
    ]
    listed = document.get("sites", [])
    if not isinstance(listed, list) or not all(isinstance(site, dict) for site in listed):
        raise ConfigError(f"{path}:{tomlfile.line_of(text, ['sites'])}: sites must be tables; write [[sites]]")
    sites: list[Site] = []
    lines: dict[str, int] = {}
    for index, table in enumerate(listed):
        line = tomlfile.line_of(text, ["sites", index])
        found = list(_faults(table))
        if not found:
            site = _site(table, path, line)
            if site.host not in lines:
                lines[site.host] = tomlfile.line_of(text, ["sites", index, "host"])
                sites.append(site)
                continue
            found = [(("host",), f"{site.host} is listed already in line {lines[site.host]}; join the two")]
        for key, message in found:
            place = _line_of(text, ["sites", index, *key]) or line
            faults.append(f"{path}:{place}: {message}")
    if faults:
        raise ConfigError("\n".join(faults))
    return SitesInForce(path=path, sites=tuple(sites))


def _line_of(text: str, key: list[str | int]) -> int | None:
    """The line of *key*, or of the nearest table around it that there is."""
    while len(key) > 2:
        line = tomlfile.line_of(text, key)
        if line > 1:
            return line
        key = key[:-1]
    return None


def _covers(host: str, asked: str) -> bool:
    return asked == host or asked.endswith(f".{host}")


def _site(table: Mapping[str, object], path: Path, line: int) -> Site:
    host = HostSettings(host=_text(table["host"])).host
    pause_s, headers, test = table.get("pause_s"), table.get("headers", {}), table.get("test")
    assert isinstance(headers, dict)
    rule = SiteRule(
        host=host,
        body=_optional(table.get("body")),
        title=_optional(table.get("title")),
        date=_optional(table.get("date")),
        remove=_texts(table.get("remove")),
    )
    return Site(
        host=host,
        rule=rule,
        pause_s=float(pause_s) if isinstance(pause_s, int | float) else None,
        headers=tuple((name, _text(value)) for name, value in headers.items()),
        test=_test(test, path) if isinstance(test, dict) else None,
        line=line,
    )


def _test(table: Mapping[str, object], path: Path) -> SiteTest:
    return SiteTest(
        page=path.parent / _text(table["page"]),
        url=_optional(table.get("url")),
        contains=_texts(table.get("contains")),
        lacks=_texts(table.get("lacks")),
        title=_optional(table.get("title")),
        date=_day_or_moment(table["date"]) if "date" in table else None,
    )


# --- what can be wrong ------------------------------------------------------------------------------


def _faults(table: Mapping[str, object]) -> Iterator[_Fault]:
    for key in table:
        if key not in KEYS:
            yield (key,), _unknown(key, KEYS)
    yield from _host_faults(table)
    for key in SELECTORS:
        if key in table:
            yield from _selector_faults(table[key], (key,))
    if "remove" in table:
        yield from _list_faults(table["remove"], ("remove",), 'remove = [".related"]')
        for selector in _texts(table["remove"]):
            yield from _selector_faults(selector, ("remove",))
    yield from _fetch_faults(table)
    if "test" in table:
        yield from _test_faults(table["test"])
    if not any(key in table for key in KEYS[1:-1]):
        yield (), "the site says nothing; give it body, title, date, remove, pause_s or headers"


def _host_faults(table: Mapping[str, object]) -> Iterator[_Fault]:
    host = table.get("host")
    if host is None:
        yield ("host",), 'the site has no host; add host = "news.example"'
        return
    if not isinstance(host, str):
        yield ("host",), "host: expected text in quotes"
        return
    try:
        HostSettings(host=host)
    except ValueError as e:
        yield ("host",), str(e)


def _selector_faults(selector: object, key: tuple[str, ...]) -> Iterator[_Fault]:
    if not isinstance(selector, str):
        yield key, f'{key[-1]}: expected a CSS selector in quotes, such as "article p"'
    elif fault := selector_fault(selector):
        yield key, f'{key[-1]}: "{selector}" is no CSS selector: {fault}'


def _fetch_faults(table: Mapping[str, object]) -> Iterator[_Fault]:
    pause_s = table.get("pause_s", 0)
    if isinstance(pause_s, bool) or not isinstance(pause_s, int | float):
        yield ("pause_s",), "pause_s: expected a number of seconds"
    else:
        try:
            HostSettings(host="host.example", pause_s=pause_s)
        except ValueError as e:
            yield ("pause_s",), str(e).removeprefix("host.example: ")
    headers = table.get("headers", {})
    if not isinstance(headers, dict):
        yield ("headers",), 'headers: expected names and values: headers = {X-Api-Key = "env:KEY"}'
        return
    for name, value in headers.items():
        if not isinstance(value, str):
            fault: str | None = "expected text in quotes"
        elif SECRET.fullmatch(value):
            fault = reference_fault(value) or header_fault(name, "secret")
        else:
            fault = header_fault(name, value)
        if fault:
            yield ("headers", name), f"headers: {name}: {fault}"


def _test_faults(table: object) -> Iterator[_Fault]:
    if not isinstance(table, dict):
        yield ("test",), "test: expected a table; write [sites.test] below the site"
        return
    for key in table:
        if key not in TEST_KEYS:
            yield ("test", key), f"test: {_unknown(key, TEST_KEYS)}"
    given = [key for key in TEST_KEYS if key in table]
    for key in given:
        if key in {"contains", "lacks"}:
            yield from _list_faults(table[key], ("test", key), f'{key} = ["a sentence"]')
        elif key != "date" and not (isinstance(table[key], str) and table[key].strip()):
            yield ("test", key), f"test: {key}: expected text in quotes"
    if "page" not in table:
        yield ("test",), 'test: no page; add page = "saved.html", the name of a page saved beside this file'
    if "date" in table and _day_or_moment(table["date"]) is None:
        yield ("test", "date"), 'test: date: expected a day or a moment, such as "2026-01-12" or "2026-01-12T08:30:00Z"'
    if not set(given) & set(TEST_KEYS[2:]):
        yield ("test",), "test: nothing is expected of the page; add contains, lacks, title or date"


def _list_faults(value: object, key: tuple[str, ...], example: str) -> Iterator[_Fault]:
    if not isinstance(value, list) or not all(isinstance(text, str) and text.strip() for text in value):
        yield key, f"{': '.join(key)}: expected a list of texts: {example}"


def _unknown(key: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    return f"unknown key {key}; {f'did you mean {near[0]}?' if near else 'known are: ' + ', '.join(known)}"


# --- values that were found to be right -------------------------------------------------------------


def _text(value: object) -> str:
    assert isinstance(value, str)
    return value


def _optional(value: object) -> str | None:
    return None if value is None else _text(value)


def _texts(value: object) -> tuple[str, ...]:
    return tuple(text for text in value if isinstance(text, str)) if isinstance(value, list) else ()


def _day_or_moment(value: object) -> datetime | date | None:
    """A day, or a moment in UTC; a moment without a zone is one in UTC. None when it is neither."""
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value)
        except ValueError:
            try:
                value = datetime.fromisoformat(str(value))
            except ValueError:
                return None
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return value if isinstance(value, date) else None
