"""From HTML to the article in it. Quality is measured on real pages where they are at hand."""

from __future__ import annotations

import gzip
import re
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trafilatura
from hypothesis import given
from hypothesis import strategies as st

from ingest.decode import decode
from ingest.errors import Permanent, Reason
from ingest.extract import MAX_CHARACTERS, MAX_ELEMENTS, Extracted, extract
from ingest.metadata import Wanted
from ingest.repair import repair
from ingest.site_rules import SiteRule

NEWSROOM = Path(__file__).parents[3] / "shared" / "newsroom"
URL = "https://news.example/a"
NOTHING = Wanted(title=False, author=False, published=False, sections=False)

PARAGRAPHS = (
    "The minister said on Monday that the bridge over the harbour will not reopen before Easter.",
    "Shopkeepers in the old town say that the delay costs them forty thousand crowns a week.",
    "A spokeswoman for the county answered that safety comes first, and that nobody had promised a date.",
)
ARTICLE = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)


def page(body: str, head: str = "", attributes: str = "") -> str:
    return f"<!doctype html>\n<html {attributes}><head>{head}</head><body>{body}</body></html>"


def refused(html: str) -> Permanent:
    with pytest.raises(Permanent) as raised:
        extract(html, URL)
    assert raised.value.subject == URL
    return raised.value


class TestText:
    def test_paragraphs_are_lines_and_furniture_is_left_out(self) -> None:
        nav = '<nav><ul><li><a href="/">Home</a><li><a href="/w">World</a></ul></nav>'
        footer = "<footer><p>© 2026 The Example, all rights reserved</p></footer>"
        html = page(f"{nav}<article><h1>Bridge stays closed</h1>{ARTICLE}</article>{footer}")
        assert extract(html, URL, NOTHING).text == "\n".join(("Bridge stays closed", *PARAGRAPHS))

    def test_only_what_is_wanted_is_looked_for(self) -> None:
        head = '<meta property="og:title" content="Bridge"><meta name="author" content="A. Writer">'
        found = extract(page(f"<article>{ARTICLE}</article>", head, 'lang="en-GB"'), URL, NOTHING)
        assert found == Extracted(
            title="", text="\n".join(PARAGRAPHS), author=None, published=None, lang="en", sections=(), address=URL
        )

    def test_second_copy_of_a_text_is_not_emptied(self) -> None:
        html = page(f"<article>{ARTICLE}</article>")
        assert len({extract(html, URL, NOTHING).text for _ in range(5)}) == 1

    def test_readers_comments_are_left_out(self) -> None:
        comments = (
            '<section id="comments"><ul><li class="comment"><p>Crimea is never mentioned here!</p></li></ul></section>'
        )
        assert "Crimea" not in extract(page(f"<article>{ARTICLE}</article>{comments}"), URL, NOTHING).text

    def test_short_articles_are_kept(self) -> None:
        assert extract(page(f"<article><h1>Closed</h1><p>{PARAGRAPHS[0]}</p></article>"), URL).text
        japanese = "市長は橋が復活祭の前に再開しないと認めた。商店主らは損失を訴えている。"
        assert extract(page(f"<article><p>{japanese}</p></article>"), URL, NOTHING).text == japanese

    @given(st.text("<>p/adiv &;\"'=!-\n\x00x é", max_size=200))
    def test_any_markup_gives_text_or_a_reason(self, html: str) -> None:
        try:
            text = extract(html, URL).text
        except Permanent:
            return
        assert text
        assert all(line.strip() == line for line in text.split("\n"))


class TestRefused:
    def test_too_many_characters(self) -> None:
        assert refused("x" * (MAX_CHARACTERS + 1)).reason is Reason.TOO_LARGE

    def test_too_many_elements(self) -> None:
        assert refused(page("<p>x" * (MAX_ELEMENTS + 1))).reason is Reason.TOO_COMPLEX

    @pytest.mark.parametrize(
        "html",
        [
            "",
            "   ",
            page(""),
            page("<script>document.write('x')</script>"),
        ],
    )
    def test_no_article(self, html: str) -> None:
        assert refused(html).reason is Reason.NOT_ARTICLE

    def test_article_about_such_pages_is_one(self) -> None:
        about = (
            f"<article><h1>404: how a number became a word</h1>{ARTICLE * 3}<p>Access denied, it said.</p></article>"
        )
        assert extract(page(about, "<title>404: how a number became a word</title>"), URL).text

    def test_long_teasers_are_kept(self) -> None:
        linked = '{"@type":"NewsArticle","headline":"H","isAccessibleForFree":false}'
        head = f'<script type="application/ld+json">{linked}</script>'
        assert extract(page(f"<article>{ARTICLE * 3}</article>", head), URL).text, "it can be read all the same"

    def test_free_text_is_no_paywall(self) -> None:
        head = '<script type="application/ld+json">{"@type":"NewsArticle","isAccessibleForFree":true}</script>'
        assert extract(page(f"<article><p>{PARAGRAPHS[0]}</p></article>", head), URL).text


class TestAddress:
    def test_the_site_may_keep_it_elsewhere(self) -> None:
        story = "https://news.example/a/bridge-stays-closed"
        html = page(f"<article>{ARTICLE}</article>", f'<link rel="canonical" href="{story}">')
        found = extract(html, f"{story}/amp", NOTHING)
        assert (found.address, found.canonical) == (story, None)

    def test_what_it_is_a_copy_of_is_another_matter(self) -> None:
        original = "https://wire.example/a/bridge-stays-closed"
        html = page(f"<article>{ARTICLE}</article>", f'<link rel="canonical" href="{original}">')
        found = extract(html, URL, NOTHING)
        assert (found.address, found.canonical) == (URL, original)


class TestSiteRule:
    HTML = page(
        '<h1>Site name</h1><div class="head">Bridge  stays <b>closed</b></div><span class="when">12 January 2026</span>'
        f'<div class="story"><p>{PARAGRAPHS[0]}</p><p class="ad">Buy now</p><p>{PARAGRAPHS[1]}<br>{PARAGRAPHS[2]}</p>'
        "</div><div class=story>The end.</div>",
        '<meta property="article:published_time" content="2026-01-10T08:00:00Z">',
    )

    def test_what_it_finds_is_the_article(self) -> None:
        rule = SiteRule(host="news.example", body=".story", title=".head", date=".when", remove=(".ad",))
        found = extract(self.HTML, URL, NOTHING, site=rule)
        assert found.text == "\n".join((*PARAGRAPHS, "The end."))
        assert (found.ruled.title, found.ruled.missed) == ("Bridge stays closed", ())
        assert found.ruled.published == datetime(2026, 1, 12, tzinfo=UTC)

    def test_no_wall_is_looked_for_then(self) -> None:
        html = page("<p class=t>Please enable JavaScript, says the mayor.</p>", "<title>Page not found</title>")
        assert extract(html, URL, NOTHING, site=SiteRule(host="news.example", body=".t")).text

    def test_what_it_does_not_find_is_as_without_it_and_told(self) -> None:
        rule = SiteRule(host="news.example", body=".gone", title=".gone", date="h1")
        found = extract(self.HTML, URL, site=rule)
        assert PARAGRAPHS[0] in found.text
        assert (found.ruled.text, found.ruled.title, found.ruled.missed) == ("", "", ("title", "date", "body"))
        assert found.published == datetime(2026, 1, 10, 8, tzinfo=UTC)

    def test_what_is_within_another_hit_is_said_once(self) -> None:
        html = page(f"<div class=t>One<div class=t>Two</div></div>{ARTICLE}")
        assert extract(html, URL, NOTHING, site=SiteRule(host="news.example", body=".t")).text == "One\nTwo"

    @pytest.mark.parametrize(
        "element",
        [
            '<time class="when" datetime="2026-01-12T08:30:00+02:00">yesterday</time>',
            '<meta class="when" content="2026-01-12T06:30:00Z">',
        ],
    )
    def test_dates_for_programs_go_first(self, element: str) -> None:
        found = extract(page(element + ARTICLE), URL, site=SiteRule(host="news.example", date=".when"))
        assert found.ruled.published == datetime(2026, 1, 12, 6, 30, tzinfo=UTC)


@pytest.mark.skipif(not NEWSROOM.is_dir(), reason="the shared newsroom is not here")
class TestNewsroom:
    @pytest.fixture(autouse=True)
    def _press(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "path", [str(NEWSROOM), *sys.path])

    def test_texts_hold_and_lack_what_is_expected(self) -> None:
        from press.edition import DEFAULT_START, LAST_BATCH, Edition
        from press.expect import expectations

        edition = Edition(articles_folder=NEWSROOM / "articles", pages=(), outlet_count=8, start=DEFAULT_START)
        articles = {article.url("{port}"): article for article in edition.articles}
        wishes = expectations(edition)["texts"]
        assert wishes
        for wish in wishes:
            document = edition.print_article(articles[wish["url"]], LAST_BATCH, 80)
            html = decode(document.body, document.content_type).text
            text = repair(extract(html, URL, NOTHING).text).text
            missing = [phrase for phrase in wish["contains"] if phrase not in text]
            unwanted = [phrase for phrase in wish["lacks"] if phrase in text]
            assert (missing, unwanted) == ([], []), wish["url"]

    def test_text_is_at_least_as_good_as_that_of_bare_trafilatura(self) -> None:
        """Precision and recall of 4-word sequences, on real pages whose text a person has marked."""
        from press.stories import load_real_pages

        ours, bare = [], []
        for real in load_real_pages(NEWSROOM / "pages"):
            body = gzip.decompress(real.path.read_bytes())
            ours.append((extract(decode(body).text, URL, NOTHING).text, real.text))
            bare.append((trafilatura.extract(body.decode(), include_comments=False) or "", real.text))
        assert len(ours) > 50
        assert f1(ours) >= f1(bare)


def f1(pairs: list[tuple[str, str]]) -> float:
    precision = recall = 0.0
    for found, truth in pairs:
        found_runs, true_runs = runs(found), runs(truth)
        common = (found_runs & true_runs).total()
        precision += common / max(1, found_runs.total()) / len(pairs)
        recall += common / max(1, true_runs.total()) / len(pairs)
    return 2 * precision * recall / (precision + recall)


def runs(text: str, length: int = 4) -> Counter[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return Counter(tuple(words[i : i + length]) for i in range(max(1, len(words) - length + 1)))
