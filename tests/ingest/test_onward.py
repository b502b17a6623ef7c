"""Pages that only lead on: where to, and what is none."""

from __future__ import annotations

import pickle
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import Permanent, Reason
from ingest.extract import extract, parse_html
from ingest.metadata import Wanted
from ingest.onward import LeadsOn, Onward, find_consent, find_refresh, is_consent_address, without_validators
from ingest.web import Page

URL = "https://news.example/go/1"
TARGET = "https://news.example/a/story"


def html(content: str, body: str = "<p>One moment.</p>", head: str = "") -> str:
    refresh = f'<meta http-equiv="Refresh" content="{content}">'
    return f"<!doctype html><html><head>{head}{refresh}<title>One moment</title></head><body>{body}</body></html>"


def refresh_of(content: str, head: str = "") -> str | None:
    found = find_refresh(parse_html(html(content, head=head), URL), URL)
    if found is not None:
        assert found.why is Reason.REDIRECT
    return None if found is None else found.url


def page(url: str, asked: str = TARGET) -> Page:
    headers = {"etag": '"1"', "last-modified": "Mon, 12 Jan 2026 06:00:00 GMT", "content-type": "text/html"}
    return Page(requested_url=asked, url=url, moved_to=None, status=200, headers=headers, body=b"")


class TestRefresh:
    def test_thousands_of_them_are_read_in_passing(self) -> None:
        """Each takes its own time and no more: squared, either of these would take minutes."""
        digits = f"<meta http-equiv=refresh content='{'1' * 4000}'>" * 600
        home = "<base>" * 14_000 + "<meta http-equiv=refresh content='0;url=/'>" * 14_000
        for head in (digits, home):
            assert find_refresh(parse_html(f"<html><head>{head}</head><body></body></html>", URL), URL) is None

    @pytest.mark.parametrize(
        "content",
        [
            f"0; url={TARGET}",
            f"0;URL='{TARGET}'",
            "5; url=/a/story",
            " 0.5 , url = ../a/story ",
            f"10; {TARGET}",
            f"0;url=&quot;{TARGET}&quot;",
        ],
    )
    def test_leads_on(self, content: str) -> None:
        assert refresh_of(content) == TARGET

    @pytest.mark.parametrize(
        "content",
        [
            *("300", "5", "", "x", "11; url=/a/story", "0; url=", "0; url=/", "0; url=javascript:x()"),
            *("0; url=ftp://news.example/a", f"0; url={URL}", f"0; url={URL}#top", f"0; url={URL}?utm_source=x"),
        ],
    )
    def test_leads_nowhere(self, content: str) -> None:
        assert refresh_of(content) is None

    def test_starts_from_the_base(self) -> None:
        assert refresh_of("0; url=story", '<base href="/a/">') == TARGET

    def test_only_a_page_without_article_leads_on(self) -> None:
        nothing = Wanted(title=False, author=False, published=False, sections=False)
        with pytest.raises(LeadsOn) as raised:
            extract(html("0; url=/a/story"), URL, nothing)
        assert raised.value.onward == Onward(url=TARGET, why=Reason.REDIRECT)
        assert raised.value.detail == f"the page only leads on to {TARGET}"
        long = "".join(f"<p>Sentence {number} of an article that can be read here and now.</p>" for number in range(20))
        assert extract(html("5; url=/a/story", long), URL, nothing).text
        gone = html("5; url=/a/story", "<h1>Page not found</h1>")
        with pytest.raises(Permanent) as refused:
            extract(gone, URL, nothing)
        assert refused.value.reason is Reason.SOFT_404

    @given(st.text(max_size=100))
    def test_any_content_is_read(self, content: str) -> None:
        refresh_of(content.replace('"', ""))


class TestConsent:
    @pytest.mark.parametrize(
        ("url", "target"),
        [
            (f"https://consent.example/collect?continue={TARGET}", TARGET),
            (f"https://guce.news.example/copyConsent?id=1&done={quote(TARGET, safe='')}%3Fc%3D1", f"{TARGET}?c=1"),
            (f"https://news.example/zustimmung?url={quote(quote(TARGET, safe=''))}", TARGET),
            ("https://news.example/cookie-consent?return=/a/story", TARGET),
            ("https://consent.example/?continue=https://news.example/", ""),
            ("https://consent.example/?continue=https://evil.example/a/story", ""),
            ("https://consent.example/", ""),
        ],
    )
    def test_leads_back_to_what_was_asked_for(self, url: str, target: str) -> None:
        assert find_consent(page(url)) == Onward(url=target, why=Reason.CONSENT)

    @pytest.mark.parametrize(
        "url",
        [TARGET, "https://news.example/a/consent-law?ref=1", "https://news.example/consent", "https://x.example/"],
    )
    def test_other_pages_are_none(self, url: str) -> None:
        assert find_consent(page(url)) is None

    def test_who_asks_for_such_a_page_gets_it(self) -> None:
        asked = "https://consent.example/?a=https://b.example/"
        assert find_consent(page("https://consent.example/b?a=https://b.example/", asked)) is None

    def test_one_that_leads_nowhere_ends_there(self) -> None:
        with pytest.raises(Permanent) as raised:
            extract(
                "<html><body><p>Hello</p></body></html>",
                "https://consent.example/",
                page=page("https://consent.example/"),
            )
        assert (raised.value.reason, isinstance(raised.value, LeadsOn)) == (Reason.CONSENT, False)

    @given(st.text())
    def test_any_address_is_judged(self, text: str) -> None:
        is_consent_address(f"https://news.example/{text}")


def test_it_crosses_processes() -> None:
    error = LeadsOn(URL, Onward(url=TARGET, why=Reason.REDIRECT))
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.onward, copy.reason, copy.detail, str(copy)) == (error.onward, error.reason, error.detail, str(error))


def test_validators_of_the_second_page_are_forgotten() -> None:
    answer = without_validators(page(TARGET))
    assert (answer.etag, answer.last_modified, answer.headers) == (None, None, {"content-type": "text/html"})
