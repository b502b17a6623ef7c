"""`wirewatch try …`: one stage on a file or an address; nothing is stored."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from wirewatch.cli.listing import format_options, record_options
from wirewatch.cli.options import Group
from wirewatch.cli.trial_copies import copies
from wirewatch.cli.trial_repair import repair
from wirewatch.cli.trial_rules import rules
from wirewatch.cli.wiring import note, pass_call
from wirewatch.fields import TRIED_ENTRY, TRIED_PAGE

if TYPE_CHECKING:
    from ingest.model import Article, Reading
    from rules.match import RuleSet, TopicMatch
    from wirewatch.cli.listing import Listing
    from wirewatch.cli.wiring import Call

_URL = click.option("--url", metavar="ADDRESS", help="The address that a file stands for; relative links start there.")


@click.group("try", cls=Group)
def trial() -> None:
    """Run one stage on a file or address; store nothing."""


trial.add_command(rules)
trial.add_command(repair)
trial.add_command(copies)


@trial.command()
@click.argument("source", metavar="FILE|URL|-")
@_URL
@format_options
@pass_call
def feed(call: Call, listing: Listing, *, source: str, url: str | None) -> None:
    """Read a feed and list its entries."""
    from ingest.workers import InlineWorkers
    from wirewatch.cli.source import blaming, read_source

    with blaming(source):
        page = read_source(call, source, url=url, is_feed=True)
        document = asyncio.run(InlineWorkers().parse_feed(page, call.app.trackers))
    note(f"{document.feed_format} · {document.title or 'no title'} · {len(document.entries)} entries")
    listing.show(map(asdict, document.entries), TRIED_ENTRY, call, empty="the feed has no entries")


@trial.command()
@click.argument("source", metavar="FILE|URL|-")
@_URL
@record_options
@pass_call
def page(call: Call, listing: Listing, *, source: str, url: str | None) -> None:
    """Extract the article of a page, as sites.toml says for its site, repair it and match the rules."""
    from ingest.address import host_of, normalise_address
    from ingest.site_rules import missed_in_words
    from ingest.workers import InlineWorkers
    from wirewatch.cli.source import blaming, read_source, stand_in_entry
    from wirewatch.sitefile import read_sites

    rules = _rules(call)
    with blaming(source):
        fetched = read_source(call, source, url=url)
        address = normalise_address(fetched.url, call.app.trackers)
        site = read_sites(call.config_dir.sites_file).rule_for(host_of(address))
        entry = stand_in_entry(fetched.url)
        reading = asyncio.run(InlineWorkers().read_page(fetched, address, entry, "", rules, site=site))
    if site is not None:
        for part in reading.missed:
            note(missed_in_words(site.host, part, address))
    listing.show_one(_row(reading), TRIED_PAGE, call)


@trial.command()
@click.argument("source", metavar="FILE|URL|-")
@click.option("--title", default="", help="A title for the text.")
@record_options
@pass_call
def text(call: Call, listing: Listing, *, source: str, title: str) -> None:
    """Repair a plain text and match the rules."""
    from ingest.workers import InlineWorkers
    from wirewatch.cli.source import NOWHERE, blaming, read_source, stand_in_entry

    rules = _rules(call)
    with blaming(source):
        body = read_source(call, source).body.decode("utf-8", "replace")
        entry = stand_in_entry(NOWHERE, title=title, text=body)
        reading = asyncio.run(InlineWorkers().read_feed_text(entry, title, rules))
    listing.show_one(_row(reading), TRIED_PAGE, call)


def _rules(call: Call) -> RuleSet:
    """The rules that are understood; the others are named on standard error."""
    from rules.compile import compile_rules
    from wirewatch.rulecheck import load

    loaded = load(call.config_dir.rules_dir)
    for error in loaded.errors:
        note(error.render())
    return compile_rules(loaded.topics)


def _row(reading: Reading) -> dict[str, object]:
    from rules.text import tokenize

    article = reading.article
    return {
        "url": article.url,
        "source": article.source,
        "title": article.title,
        "author": article.author,
        "published": article.published,
        "lang": article.lang,
        "words": len(tokenize(article.text)),
        "repaired": article.repaired,
        "fingerprint": len(reading.fingerprint.hashes),
        "matches": [_match(match, article) for match in reading.matches],
        "text": article.text,
    }


def _match(match: TopicMatch, article: Article) -> dict[str, object]:
    from storage.matches import document_of, spans_with_text

    spans = spans_with_text(match.spans, document_of(article))
    matched = list(dict.fromkeys(span.text for span in spans))
    return {"topic": match.topic, "rules": list(match.rules), "matched": matched, "spans": spans}
