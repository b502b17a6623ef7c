"""From a page or a feed's text to a Reading, stage after stage."""

from __future__ import annotations

import dataclasses
import hashlib
import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.address import normalise_address
from ingest.copies.fingerprint import take_fingerprint
from ingest.errors import Permanent, Reason
from ingest.model import Entry, EntryState, TextFrom
from ingest.reading import read_feed_text, read_given_text, read_page
from ingest.site_rules import SiteRule
from ingest.web import Page
from rules.compile import compile_rules
from rules.files import parse_topic

RULES = compile_rules(
    [parse_topic("topic rutte\n    match Rutte\n"), parse_topic("topic harbour\n    match harbour\n")]
)
NOW = datetime(2026, 1, 12, 6, tzinfo=UTC)
URL = "http://127.0.0.11:8800/2026/01/bridge"

BODY = (
    "The minister’s office said on Monday that the bridge “will not reopen before Easter” — a delay that costs shops "
    "40,000 a week.\n"
    "Mark Rutte, who visited the town, called it “a long story … with a good end” and left in the afternoon.\n"
    "The café owners’ association in Łódź says that it had been promised another date by Andris Sprūds."
)


def entry(**changes: object) -> Entry:
    plain = Entry(
        id=7,
        feed_id=1,
        link=URL,
        page_address=URL,
        title="The bridge stays closed",
        author=None,
        published=None,
        text="",
        lang=None,
        sections=(),
        state=EntryState.NEW,
        attempts=0,
        checks=0,
        next_try_at=None,
        first_seen_at=NOW,
        article_id=None,
        is_changed=False,
    )
    return dataclasses.replace(plain, **changes)


def html(text: str, head: str = "") -> str:
    paragraphs = "".join(f"<p>{line}</p>" for line in text.split("\n"))
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body><article>{paragraphs}</article></body></html>'


def read(answer, told, title, rules):
    return read_page(answer, normalise_address(answer.url), told, title, rules)


def page(content: str | bytes, content_type: str = "text/html; charset=utf-8", url: str = URL) -> Page:
    body = content.encode() if isinstance(content, str) else content
    return Page(
        requested_url=url, url=url, moved_to=None, status=200, headers={"content-type": content_type}, body=body
    )


def mangle(text: str, codec: str) -> str:
    raw = (bytes((byte,)) for byte in text.encode())
    return "".join(byte.decode(codec, "ignore") or byte.decode("cp1252", "ignore") or chr(byte[0]) for byte in raw)


class TestPage:
    def test_plain_page(self) -> None:
        head = (
            '<meta property="og:title" content="From the page"><meta name="author" content="By A. Writer">'
            '<meta property="article:published_time" content="2026-01-12T08:00:00+02:00">'
            '<meta property="article:section" content="Europe">'
        )
        answer = page(html(BODY, head), url=f"{URL}?utm_source=rss#top")
        reading = read(answer, entry(), "", RULES)
        article = reading.article
        assert (article.url, article.source, article.title) == (URL, "127.0.0.11", "From the page")
        assert (article.text, article.author, article.published) == (BODY, "A. Writer", NOW)
        assert (article.lang, article.sections, article.text_from) == ("en", ("Europe",), TextFrom.PAGE)
        assert (article.repaired, article.raw_hash) == (None, hashlib.sha256(answer.body).hexdigest())
        assert reading.fingerprint.hashes
        (match,) = reading.matches
        (span,) = match.spans
        assert (match.topic, span.field, BODY[span.start : span.end]) == ("rutte", "body", "Rutte")

    def test_what_the_feed_says_wins(self) -> None:
        head = (
            '<meta property="og:title" content="T"><meta name="author" content="A."><meta name="date" content="2020">'
        )
        told = entry(author="B. Reporter", published=NOW, sections=("World",), lang="en")
        article = read(page(html(BODY, head)), told, "The harbour", RULES).article
        assert (article.title, article.author, article.published) == ("The harbour", "B. Reporter", NOW)
        assert article.sections == ("World",)

    @pytest.mark.parametrize(
        ("said", "told", "is_enough"),
        [
            ("Video", "x" * 200, False),
            ("Video", "Video", True),
            ("Video", "", True),
            ("Video", "x" * 16, False),
            ("Video", "x" * 15, True),
            ("word " * 60, "x" * 897, True),
            ("word " * 60, "x" * 950, False),
            ("word " * 90, "x" * 100_000, True),
        ],
    )
    def test_a_page_that_says_next_to_nothing_is_none_where_the_feed_says_more(
        self, said: str, told: str, is_enough: bool
    ) -> None:
        if is_enough:
            assert read(page(html(said)), entry(text=told), "", RULES).article.text == said.strip()
            return
        with pytest.raises(Permanent) as caught:
            read(page(html(said)), entry(text=told), "", RULES)
        assert caught.value.reason is Reason.NOT_ARTICLE
        assert "what the feed itself says is longer" in caught.value.detail

    def test_what_the_users_rule_finds_is_enough(self) -> None:
        rule = SiteRule(host="127.0.0.11", body="article")
        reading = read_page(page(html("Video")), URL, entry(text="x" * 200), "", RULES, site=rule)
        assert reading.article.text == "Video"

    def test_the_trackers_are_those_of_the_settings(self) -> None:
        head = '<link rel="canonical" href="https://wire.example/story/1?mine=2&amp;id=3">'
        reading = read_page(page(html(BODY, head)), URL, entry(), "", RULES, trackers=("mine",))
        assert reading.article.canonical == "https://wire.example/story/1?id=3"

    def test_title_is_matched_too(self) -> None:
        (harbour, _) = read(page(html(BODY)), entry(), "The harbour", RULES).matches
        assert [(span.field, span.start, span.end) for span in harbour.spans] == [("title", 4, 11)]

    @pytest.mark.parametrize(("name", "codec"), [("windows-874", "cp874"), ("windows-1252", "cp1252")])
    def test_mangled_page_is_read_as_the_clean_one(self, name: str, codec: str) -> None:
        clean = read(page(html(BODY)), entry(), "Łódź’s café", RULES)
        mangled = read(page(html(mangle(BODY, codec))), entry(), mangle("Łódź’s café", codec), RULES)
        assert (mangled.article.title, mangled.article.text) == (clean.article.title, clean.article.text)
        assert (clean.article.repaired, mangled.article.repaired) == (None, name)
        assert (mangled.fingerprint, mangled.matches) == (clean.fingerprint, clean.matches)

    def test_mojibake_behind_references_is_repaired(self) -> None:
        text = (
            "It&acirc;&euro;&trade;s &acirc;&euro;&oelig;done&acirc;&euro;&#157; said Mark Rutte on Monday in the town."
        )
        article = read(page(html(text)), entry(), "T", RULES).article
        assert article.text.startswith("It’s “done” said")
        assert article.repaired == "windows-1252"

    def test_accents_are_composed(self) -> None:
        reading = read(page(html(unicodedata.normalize("NFD", BODY))), entry(), "Cafe\u0301", RULES)
        assert (reading.article.title, reading.article.text) == ("Café", BODY)

    def test_no_control_or_bidi_characters_come_through(self) -> None:
        article = read(page(html(f"\u202e{BODY}\u200f &#27;[31m")), entry(), "A\x1b[1m\u202etitle", RULES).article
        assert article.title == "A[1mtitle"
        assert not {"\u202e", "\u200f", "\x1b"} & set(article.text)

    @pytest.mark.parametrize(
        ("content", "content_type", "reason"),
        [
            (b"%PDF-1.7", "application/pdf", Reason.NOT_HTML),
            (html(""), "text/html", Reason.NOT_ARTICLE),
            (html("\u202e\u200b \x1b"), "text/html", Reason.NOT_ARTICLE),
        ],
    )
    def test_what_is_no_article_says_why(self, content: str | bytes, content_type: str, reason: Reason) -> None:
        with pytest.raises(Permanent) as raised:
            read(page(content, content_type), entry(), "T", RULES)
        assert (raised.value.reason, raised.value.subject) == (reason, URL)

    def test_credit_and_canonical_address_are_read(self) -> None:
        head = '<link rel="canonical" href="https://wire.example/a?utm_source=x">'
        article = read(
            page(html(f"BERLIN (dpa) - {BODY}", head), url="https://p.example/1"), entry(), "T", RULES
        ).article
        assert (article.credit, article.canonical) == ("dpa", "https://wire.example/a")
        plain = read(page(html(BODY, f'<link rel="canonical" href="{URL}">')), entry(), "T", RULES).article
        assert (plain.credit, plain.canonical) == (None, None)

    def test_the_author_of_the_feed_may_be_the_credit(self) -> None:
        assert read(page(html(BODY)), entry(author="By Reuters staff"), "T", RULES).article.credit == "Reuters"

    def test_a_credit_is_read_from_the_repaired_text(self) -> None:
        text = f"{BODY}\n© 2026 Česká tisková kancelář"
        article = read(page(html(mangle(text, "cp1252"))), entry(), "T", RULES).article
        assert (article.repaired, article.credit) == ("windows-1252", "ČTK")

    @given(st.binary(max_size=200), st.text(max_size=20))
    def test_any_bytes_give_a_reading_or_a_reason(self, body: bytes, title: str) -> None:
        try:
            article = read(page(b"<html><body><p>" + body), entry(), title, RULES).article
        except Permanent:
            return
        assert article.text.strip()

    def test_reading_twice_is_reading_once(self) -> None:
        answer = page(html(mangle(BODY, "cp874")))
        assert read(answer, entry(), "", RULES) == read(answer, entry(), "", RULES)


class TestFeedText:
    def test_text_of_the_feed(self) -> None:
        told = entry(text=BODY, author="B. Reporter", published=NOW, lang="de", sections=("World",))
        reading = read_feed_text(told, "The bridge", RULES)
        article = reading.article
        assert (article.url, article.source, article.title, article.text) == (URL, "127.0.0.11", "The bridge", BODY)
        assert (article.author, article.published, article.sections) == ("B. Reporter", NOW, ("World",))
        assert (article.lang, article.text_from, article.raw_hash) == ("en", TextFrom.FEED, None)
        assert [match.topic for match in reading.matches] == ["rutte"]

    def test_title_stands_in_for_the_text(self) -> None:
        reading = read_feed_text(entry(title="Rutte leaves"), "", RULES)
        assert (reading.article.title, reading.article.text) == ("Rutte leaves", "Rutte leaves")
        assert [match.topic for match in reading.matches] == ["rutte"]

    def test_neither_text_nor_title(self) -> None:
        with pytest.raises(Permanent) as raised:
            read_feed_text(entry(title="", text=" \n"), "", RULES)
        assert raised.value.reason is Reason.NOT_ARTICLE

    def test_entry_without_an_address_has_one_of_its_own(self) -> None:
        article = read_feed_text(entry(link=None, page_address=None, text=BODY), "T", RULES).article
        assert (article.url, article.source) == ("urn:wirewatch:entry:7", "")

    def test_same_text_from_page_and_feed_has_the_same_fingerprint(self) -> None:
        from_feed = read_feed_text(entry(text=BODY), "T", RULES)
        assert from_feed.fingerprint == read(page(html(BODY)), entry(), "T", RULES).fingerprint


def test_the_hash_is_that_of_the_bytes() -> None:
    """Whatever they were decoded to, so that anybody can tell that this is what was served."""
    body = html("Der Bürgermeister eröffnet die Brücke über die Elbe am Montag um neun Uhr. " * 4).encode("latin-1")
    article = read(page(body, "text/html; charset=iso-8859-1"), entry(), "", RULES).article
    assert "Bürgermeister" in article.text
    assert article.raw_hash == hashlib.sha256(body).hexdigest()


class TestGivenText:
    """Texts of another program."""

    def test_leftovers_are_undone_in_title_and_text(self) -> None:
        reading = read_given_text(
            url="https://a.example/1",
            source=None,
            title="Fish &amp;amp; <b>chips</b>",
            text="Rain&#32;fell.<br/>5 < 6, &quot;yes&quot;",
        )
        assert reading.article.title == "Fish & chips"
        assert reading.article.text == 'Rain fell.\n5 < 6, "yes"'
        assert (reading.article.source, reading.matches) == ("a.example", ())
        assert reading.fingerprint == take_fingerprint(reading.article.text, "Fish & chips")

    def test_the_site_is_as_given(self) -> None:
        given = {"url": "https://a.example/1", "title": "", "text": "Rain fell."}
        assert read_given_text(source="b.example", **given).article.source == "b.example"
        assert read_given_text(source="", **given).article.source == ""
