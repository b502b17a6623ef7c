"""Runs the tests in sites.toml: each reads a saved page as it is read when it comes in. No network."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from ingest.errors import IngestError
from ingest.extract import MAX_CHARACTERS

if TYPE_CHECKING:
    from ingest.model import Article
    from wirewatch.sitefile import Site, SiteTest

Result = Literal["passed", "failed", "no test", "nothing to test"]

#: so many characters of a text are shown where it is not what was expected
_SHOWN = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteCheck:
    """What came of the test of one site."""

    host: str
    result: Result
    #: what is wrong, one line each
    problems: tuple[str, ...]

    @property
    def is_wrong(self) -> bool:
        """The test failed, or is missing."""
        return self.result in {"failed", "no test"}


def check_site(site: Site) -> SiteCheck:
    """Run the test of *site* on its saved page. A site that only says how pages are fetched needs none."""
    if site.test is None:
        if not site.has_selectors:
            return SiteCheck(host=site.host, result="nothing to test", problems=())
        fix = 'save a page of the site, and add [sites.test] with page = "saved.html" and contains = ["a sentence"]'
        return SiteCheck(host=site.host, result="no test", problems=(f"there is no test; {fix}",))
    problems = tuple(_problems(site, site.test))
    return SiteCheck(host=site.host, result="failed" if problems else "passed", problems=problems)


def _problems(site: Site, test: SiteTest) -> list[str]:
    from ingest.address import normalise_address
    from ingest.reading import take_article
    from ingest.web import Page
    from wirewatch.cli.source import stand_in_entry

    try:
        with test.page.open("rb") as file:
            body = file.read(4 * MAX_CHARACTERS)
    except OSError as e:
        return [f"{test.page}: cannot be read: {e.strerror}"]
    url = test.url or f"https://{f'[{site.host}]' if ':' in site.host else site.host}/saved-page"
    try:
        address = normalise_address(url)
        page = Page(requested_url=url, url=url, moved_to=None, status=200, headers={}, body=body)
        rule = site.rule if site.has_selectors else None
        article, missed = take_article(page, address, stand_in_entry(address), "", rule)
    except IngestError as e:
        return [f"no article: {e.reason}: {e.detail}"]
    return [*(f"the {part} selector finds nothing on the page" for part in missed), *_unmet(article, test)]


def _unmet(article: Article, test: SiteTest) -> list[str]:
    """What was expected and is not so."""
    text = _plain(article.text)
    problems = [f'the text lacks "{phrase}"' for phrase in test.contains if _plain(phrase) not in text]
    problems += [f'the text contains "{phrase}"' for phrase in test.lacks if _plain(phrase) in text]
    if test.title is not None and _plain(test.title) != _plain(article.title):
        problems.append(f'the title is "{article.title[:_SHOWN]}", not "{test.title}"')
    if test.date is not None:
        found = article.published
        is_met = found is not None and (found if isinstance(test.date, datetime) else found.date()) == test.date
        if not is_met:
            said = "no date is found" if found is None else f"the date is {found.isoformat()}"
            problems.append(f"{said}, not {test.date.isoformat()}")
    return problems


def _plain(text: str) -> str:
    return " ".join(text.split())
