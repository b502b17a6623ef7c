"""Stories, pages and feeds of our own making. The same number gives the same story."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from xml.sax.saxutils import escape

_WHO = (
    "harbour council", "ferry company", "school board", "weather service", "fishing union", "county court",
    "water works", "city orchestra", "health office", "rail operator", "farmers' market", "power station",
)  # fmt: skip
_DID = (
    "announced", "delayed", "approved", "rejected", "examined", "published", "reviewed", "defended", "withdrew",
    "extended", "questioned", "completed",
)  # fmt: skip
_WHAT = (
    "a new timetable", "the repair of the old bridge", "its yearly report", "a plan for the winter",
    "the sale of two buildings", "an offer from abroad", "tests of drinking water", "the budget for the stadium",
    "rules for small boats", "a contract with the neighbours", "the closing of a tunnel", "measures against noise",
)  # fmt: skip
_WHERE = (
    "in Norrvik", "near Lund Bay", "on the eastern shore", "at the central station", "in the upper valley",
    "behind the town hall", "along the canal", "in three villages", "outside Port Ellery", "at the border",
)  # fmt: skip
_ADDED = (
    "Residents said they had not been asked", "A spokeswoman gave no figures", "Work begins in the spring",
    "The opposition wants a vote", "Two earlier attempts had failed", "Traffic was slow all morning",
    "Experts called the step overdue", "Nobody was hurt", "The costs are shared by four towns",
    "An independent report is due in a month",
)  # fmt: skip


def headline(number: int) -> str:
    """The title of story *number*."""
    draw = random.Random(f"headline {number}")
    return f"{draw.choice(_WHO).capitalize()} {draw.choice(_DID)} {draw.choice(_WHAT)} ({number})"


def paragraphs(number: int, count: int = 6) -> list[str]:
    """The text of story *number*; no two numbers share a paragraph."""
    draw = random.Random(f"story {number}")
    return [
        " ".join(
            f"The {draw.choice(_WHO)} {draw.choice(_DID)} {draw.choice(_WHAT)} {draw.choice(_WHERE)} on day"
            f" {draw.randrange(1, 400)}. {draw.choice(_ADDED)}, as the file {draw.randrange(10_000, 99_999)} shows."
            for _ in range(3)
        )
        for _ in range(count)
    ]


def summary(number: int) -> str:
    """What the feed itself says of story *number*; its page says something else."""
    return f"In short, number {number}: {paragraphs(-number - 1, 1)[0]}"


def story(number: int, *, head: str = "", text: str | None = None, title: str | None = None) -> str:
    """The page of story *number*; *head* goes into its head, *text* takes the place of its paragraphs."""
    body = "\n".join(f"<p>{part}</p>" for part in paragraphs(number)) if text is None else text
    name = headline(number) if title is None else title
    return (
        f'<!DOCTYPE html><html lang="en"><head><title>{escape(name)}</title>{head}</head><body>'
        f"<header><nav><a href='/'>Home</a> <a href='/sport'>Sport</a></nav></header>"
        f"<main><article><h1>{escape(name)}</h1>\n{body}\n</article></main>"
        f"<footer><p>Contact and imprint</p></footer></body></html>"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An item of a feed. None: it has no such element. Link and text are markup already."""

    title: str | None
    link: str | None
    guid: str | None = None
    date: str | None = "Mon, 05 Oct 2026 08:00:00 GMT"
    text: str | None = None
    extra: str = ""


def listed(number: int, **changes: object) -> Listed:
    """Story *number* as a feed lists it: it leads to `/story/NUMBER` on host A."""
    given = {
        "title": headline(number),
        "link": f"@A@/story/{number}",
        "guid": f"tag:wire,{number}",
        "text": summary(number),
    }
    return Listed(**(given | changes))


def rss_item(item: Listed) -> str:
    parts = [
        ("title", item.title),
        ("link", item.link),
        ("description", item.text),
        ("pubDate", item.date),
    ]
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in parts if value is not None)
    guid = "" if item.guid is None else f'<guid isPermaLink="false">{item.guid}</guid>'
    return f"<item>{inner}{guid}{item.extra}</item>"


def rss(*items: Listed | int, channel: str = "", prolog: str = '<?xml version="1.0"?>', title: str = "Wire") -> str:
    """An RSS 2.0 feed; a number stands for that story."""
    inner = "".join(rss_item(listed(item) if isinstance(item, int) else item) for item in items)
    return (
        f'{prolog}<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
        f' xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        f' xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>{title}</title><link>@A@/</link>'
        f"<description>d</description>{channel}{inner}</channel></rss>"
    )


def atom(*items: Listed | int, head: str = "") -> str:
    """An Atom feed."""
    entries = [
        f"<entry><title>{item.title}</title><link href='{item.link}'/><id>{item.guid}</id>"
        f"<published>{item.date}</published><updated>{item.date}</updated>"
        f"<summary>{item.text}</summary>{item.extra}</entry>"
        for item in (listed(item, date="2026-10-05T08:00:00Z") if isinstance(item, int) else item for item in items)
    ]
    return (
        f'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>Wire</title><id>urn:wire</id>'
        f"<updated>2026-10-05T08:00:00Z</updated>{head}{''.join(entries)}</feed>"
    )


def rdf(*numbers: int) -> str:
    """An RSS 1.0 feed."""
    items = "".join(
        f'<item rdf:about="@A@/story/{n}"><title>{headline(n)}</title><link>@A@/story/{n}</link>'
        f"<description>{summary(n)}</description><dc:date>2026-10-05T08:00:00Z</dc:date></item>"
        for n in numbers
    )
    return (
        '<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
        ' xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f'<channel rdf:about="@A@/"><title>Wire</title><link>@A@/</link></channel>{items}</rdf:RDF>'
    )


def json_feed(*numbers: int, **changes: object) -> str:
    """A JSON Feed; *changes* replace fields of the document."""
    items = [
        {
            "id": f"tag:wire,{n}",
            "url": f"@A@/story/{n}",
            "title": headline(n),
            "content_text": summary(n),
            "date_published": "2026-10-05T08:00:00Z",
        }
        for n in numbers
    ]
    document = {"version": "https://jsonfeed.org/version/1.1", "title": "Wire", "items": items} | changes
    return json.dumps(document)


def news_sitemap(*numbers: int, date: str = "2026-10-05T08:00:00Z") -> str:
    """A news sitemap, as https://www.google.com/schemas/sitemap-news/0.9 describes it."""
    urls = "".join(
        f"<url><loc>@A@/story/{n}</loc><news:news><news:publication><news:name>Wire</news:name>"
        f"<news:language>en</news:language></news:publication><news:publication_date>{date}</news:publication_date>"
        f"<news:title>{headline(n)}</news:title></news:news></url>"
        for n in numbers
    )
    return (
        '<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
        f' xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">{urls}</urlset>'
    )


def sitemap_index(*links: str, date: str = "2026-10-05T08:00:00Z") -> str:
    """A list of sitemaps."""
    maps = "".join(f"<sitemap><loc>{link}</loc><lastmod>{date}</lastmod></sitemap>" for link in links)
    return (
        f'<?xml version="1.0"?><sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{maps}</sitemapindex>'
    )
