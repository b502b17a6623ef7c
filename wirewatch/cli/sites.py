"""`wirewatch sites …`: what sites.toml says about single sites, and whether it is still true."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import click

from wirewatch.cli.listing import format_options
from wirewatch.cli.options import Group
from wirewatch.cli.wiring import counted, note, pass_call
from wirewatch.errors import ExitCode
from wirewatch.site_fields import SITE, SITE_CHECK
from wirewatch.sitefile import read_sites

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call
    from wirewatch.sitecheck import SiteCheck
    from wirewatch.sitefile import Site, SitesInForce


@click.group(cls=Group)
def sites() -> None:
    """List and test what sites.toml says about single sites.

    sites.toml stands beside wirewatch.toml. It says for a site where text, title and date are on its pages (CSS
    selectors), what is no part of them, and how they are fetched. What it says wins over page and feed.
    """


@sites.command("list")
@format_options
@pass_call
def list_sites(call: Call, listing: Listing) -> None:
    """List the sites of sites.toml."""
    found = _read(call)
    listing.show(map(_row, found.sites), SITE, call, empty="")
    if not found.sites and not listing.is_for_programs:
        _tell_none(found)


@sites.command()
@click.argument("host", required=False)
@format_options
@pass_call
def check(call: Call, listing: Listing, *, host: str | None) -> None:
    """Run the test of each site, or of HOST, on its saved page; needs no network.

    Exit code 4 when a test fails, and when a site that has selectors has no test.
    """
    from wirewatch.sitecheck import check_site

    found = _read(call)
    chosen = _choose(found, host)
    checks = [(site, check_site(site)) for site in chosen]
    if listing.how == "table" and not checks:
        _tell_none(found)
    else:
        listing.show((_check_row(site, done) for site, done in checks), SITE_CHECK, call, empty="")
    if listing.how == "table" and checks:
        _tell(found, checks)
    if any(done.is_wrong for _, done in checks):
        click.get_current_context().exit(ExitCode.INVALID)


def _read(call: Call) -> SitesInForce:
    return read_sites(call.config_dir.sites_file)


def _choose(found: SitesInForce, host: str | None) -> Iterable[Site]:
    if host is None:
        return found.sites
    wanted = [site for site in found.sites if site.host == host.lower()]
    if not wanted:
        near = difflib.get_close_matches(host, [site.host for site in found.sites], n=1)
        hint = f"did you mean {near[0]}?" if near else "see: wirewatch sites list"
        raise click.UsageError(f"{found.path}: {host} is not listed; {hint}")
    return wanted


def _tell_none(found: SitesInForce) -> None:
    """Say that there is nothing, and that this is fine."""
    has_file = found.path.is_file()
    note(f"{found.path}: no site is listed" if has_file else f"there is no {found.path}; it is needed for no site yet")


def _tell(found: SitesInForce, checks: Iterable[tuple[Site, SiteCheck]]) -> None:
    """Each problem with its place, for people; a table cuts them."""
    wrong = 0
    for site, done in checks:
        wrong += done.is_wrong
        for problem in done.problems:
            note(f"{found.path}:{site.line}: {site.host}: {problem}")
    note(f"{counted(wrong, 'site')} to look after" if wrong else "all is well")


def _row(site: Site) -> dict[str, object]:
    return {
        "host": site.host,
        "body": site.rule.body,
        "title": site.rule.title,
        "date": site.rule.date,
        "remove": list(site.rule.remove),
        "pause_s": site.pause_s,
        "headers": [name for name, _ in site.headers],
        "test_page": None if site.test is None else str(site.test.page),
        "line": site.line,
    }


def _check_row(site: Site, done: SiteCheck) -> dict[str, object]:
    return {
        "host": site.host,
        "result": done.result,
        "problems": list(done.problems),
        "page": None if site.test is None else str(site.test.page),
        "line": site.line,
    }
