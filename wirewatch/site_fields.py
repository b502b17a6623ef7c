"""The fields of the records of `wirewatch sites`; see `fields`."""

from __future__ import annotations

from wirewatch.columns import Column
from wirewatch.fields import INTEGER, NUMBER, TEXT, TEXTS

SITE = (
    Column("host", TEXT, "the site: this host and its subdomains", is_shown=True),
    Column("body", TEXT, "CSS selector of the text, or null", is_flexible=True, is_shown=True),
    Column("title", TEXT, "CSS selector of the title, or null", is_flexible=True, is_shown=True),
    Column("date", TEXT, "CSS selector of the date, or null", is_flexible=True, is_shown=True),
    Column("remove", TEXTS, "CSS selectors of what is taken out", is_flexible=True, is_shown=True),
    Column("pause_s", NUMBER, "seconds between two requests, or null", is_shown=True, is_rare=True),
    Column(
        "headers",
        TEXTS,
        "names of the headers that are sent; their values are never shown",
        is_shown=True,
        is_rare=True,
    ),
    Column("test_page", TEXT, "the saved page that it is tested on, or null", is_spare=True),
    Column("line", INTEGER, "where it begins in sites.toml"),
)

SITE_CHECK = (
    Column("host", TEXT, "the site", is_shown=True),
    Column("result", TEXT, "passed, failed, no test, or nothing to test", is_shown=True),
    Column("problems", TEXTS, "what is wrong, one line each", is_flexible=True, is_shown=True),
    Column("page", TEXT, "the saved page, or null"),
    Column("line", INTEGER, "where the site begins in sites.toml"),
)
